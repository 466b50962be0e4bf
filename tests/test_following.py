"""Folders are followed: the plan says what a sync does, the sync does it, and a watching server does it by itself."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from served import served

from index.index import Index
from index.planning import Plan
from ui.cli import main

LIGHTHOUSE = "The lighthouse at Skerrow was built in 1874 by Ada Holm.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with four files."""
    made = tmp_path / "reports"
    made.mkdir()
    for name in ("same", "changed", "old", "gone"):
        (made / f"{name}.txt").write_text(f"This is the {name} report.\n", "utf-8")
    return made


def change(folder: Path) -> None:
    """Do everything that can happen to a folder."""
    (folder / "changed.txt").write_text("It says something else now.\n", "utf-8")
    (folder / "old.txt").rename(folder / "renamed.txt")
    (folder / "gone.txt").unlink()
    (folder / "new.txt").write_text(LIGHTHOUSE, "utf-8")
    (folder / "bad.pdf").write_bytes(b"no pdf")


def names(sources: tuple[str, ...]) -> list[str]:
    return sorted(Path(source).name for source in sources)


def test_a_plan_says_what_a_sync_then_does(folder: Path, tmp_path: Path) -> None:
    with Index(tmp_path / "library") as index:
        index.add([folder])
        assert index.plan([folder]) == Plan(unchanged=tuple(d.source for d in index.documents()))
        change(folder)
        before, generation = index.documents(), index.generation
        plan = index.plan([folder])
        assert (index.documents(), index.generation) == (before, generation)
        assert (names(plan.new), names(plan.changed)) == (["bad.pdf", "new.txt"], ["changed.txt"])
        assert [names(pair) for pair in plan.renamed] == [["old.txt", "renamed.txt"]]
        assert (names(plan.removed), names(plan.unchanged)) == (["gone.txt"], ["same.txt"])
        added = index.add([folder])
        assert names(tuple(d.source for d in added.documents)) == ["changed.txt", "new.txt", "renamed.txt"]
        assert names(added.removed) == ["gone.txt", "old.txt"]
        assert index.plan([folder]).is_nothing is False  # the file that fails is tried again each time
        (folder / "bad.pdf").unlink()
        assert index.plan([folder]).is_nothing


def test_uploads_and_files_named_by_themselves_are_never_removed(folder: Path, tmp_path: Path) -> None:
    with Index(tmp_path / "library") as index:
        index.upload("mine.txt", folder / "same.txt")
        index.add([folder / "old.txt"])
        (folder / "old.txt").unlink()
        plan = index.plan([folder])
        assert plan.removed == ()
        assert len(plan.new) == 3


def test_a_folder_that_is_not_there_loses_nothing(folder: Path, tmp_path: Path) -> None:
    """Its disk may not be mounted."""
    with Index(tmp_path / "library") as index:
        index.add([folder])
        folder.rename(tmp_path / "elsewhere")
        plan = index.plan(index.folders())
        assert (plan.removed, len(plan.failed)) == ((), 1)
        assert index.add(index.folders()).removed == ()
        assert len(index.documents()) == 4


def test_a_folder_that_is_empty_all_at_once_loses_nothing(folder: Path, tmp_path: Path) -> None:
    """It may be where a disk was mounted, or a container may have been given another path."""
    with Index(tmp_path / "library") as index:
        index.add([folder])
        folder.rename(tmp_path / "elsewhere")
        folder.mkdir()
        plan = index.plan(index.folders())
        assert (plan.removed, [failure.source for failure in plan.failed]) == ((), [str(folder)])
        added = index.add(index.folders())
        assert (added.removed, len(added.failed)) == ((), 1)
        assert f"citewise remove {folder}" in added.failed[0].reason
        assert len(index.documents()) == 4
        assert index.remove([folder]) == 4
        assert index.add([folder]).failed == ()


def test_the_last_file_of_a_folder_may_go(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "only.txt").write_text(LIGHTHOUSE, "utf-8")
    with Index(tmp_path / "library") as index:
        index.add([tmp_path / "reports"])
        (tmp_path / "reports" / "only.txt").unlink()
        assert len(index.add([tmp_path / "reports"]).removed) == 1
        assert index.documents() == []


def test_folders_inside_others_are_followed_once(folder: Path, tmp_path: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "a.txt").write_text(LIGHTHOUSE, "utf-8")
    (tmp_path / "reports2").mkdir()
    (tmp_path / "reports2" / "b.txt").write_text("Another one.\n", "utf-8")
    with Index(tmp_path / "library") as index:
        index.add([folder / "deep"])
        index.add([folder, tmp_path / "reports2"])
        assert index.folders() == [str(folder), str(tmp_path / "reports2")]


def test_the_command_shows_the_plan_and_then_follows(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = ["--library", str(tmp_path / "library")]
    assert main(["sync", *library]) == 1
    assert "no folder was added yet" in capsys.readouterr().err
    assert main(["sync", *library, str(folder)]) == 0
    assert "added 4 documents" in capsys.readouterr().out
    change(folder)
    (folder / "bad.pdf").unlink()
    assert main(["sync", *library, "--dry-run"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown[:-1]] == ["new", "changed", "removed", "renamed"]
    assert shown[-1] == "1 new, 1 changed, 1 renamed, 1 removed, 1 unchanged; nothing was done"
    assert main(["sync", *library, "--dry-run", "--json"]) == 0
    assert names(tuple(json.loads(capsys.readouterr().out)["removed"])) == ["gone.txt"]
    assert main(["sync", *library]) == 0
    assert "added 3 documents" in capsys.readouterr().out


def wait_for(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_a_watching_server_follows_by_itself(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        served(tmp_path / "library", folder, watch=True) as address,
        httpx.Client(base_url=address, timeout=30) as http,
    ):

        def listed() -> list[str]:
            return names(tuple(d["source"] for d in http.get("/api/documents").json()))

        assert listed() == ["changed.txt", "gone.txt", "old.txt", "same.txt"]
        change(folder)
        assert wait_for(lambda: listed() == ["changed.txt", "new.txt", "renamed.txt", "same.txt"])
        answer = http.post("/api/ask", json={"question": "Who built the lighthouse at Skerrow?"}).json()
        assert "Ada Holm" in answer["text"]
    assert "bad.pdf" in capsys.readouterr().err
