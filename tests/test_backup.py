"""A library into one file and back: nothing is lost, nobody has to wait, and a bad file is told in one line."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from benchmarks.serving import environment
from index.errors import LibraryError
from index.index import Index
from qa import Chatbot, Settings
from ui.cli import main

QUESTION = "How many targets were struck?"


@pytest.fixture(scope="module")
def saved(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("saved") / "library.backup"
    with Index(library) as index:
        index.backup(target)
    return target


def test_a_restored_library_is_the_same(library: Path, saved: Path, tmp_path: Path) -> None:
    with Chatbot.open(library, Settings()) as old, Chatbot.open(tmp_path / "new", Settings()) as new:
        assert new.index.restore(saved) == len(old.index.documents())
        assert new.index.documents() == old.index.documents()
        for document in old.index.documents():
            assert new.index.text(document.source) == old.index.text(document.source)
        assert [r.passage for r in new.search(QUESTION)] == [r.passage for r in old.search(QUESTION)]
        assert new.ask(QUESTION).citations == old.ask(QUESTION).citations
        assert new.index.search_keywords("roses planted") == old.index.search_keywords("roses planted")
        scores = [[r.score for r in bot.index.search_dense(QUESTION)] for bot in (old, new)]
        assert len(scores[0]) == 10
        np.testing.assert_allclose(*scores, atol=1e-6)


def test_a_restored_folder_is_followed_without_reading_it_again(notes: Path, saved: Path, tmp_path: Path) -> None:
    with Index(tmp_path / "new") as index:
        index.restore(saved)
        added = index.add([notes])
        assert not added.documents
        assert len(added.unchanged) == 2


def test_what_others_change_during_a_backup_is_in_it(own_library: Path, tmp_path: Path) -> None:
    """Each document comes back whole, in the version before or after; what was done before the end is there."""
    folder = tmp_path / "changing"
    folder.mkdir()
    stop = threading.Event()
    with Index(own_library) as index, Index(own_library) as other:

        def change() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                (folder / f"{number % 3}.txt").write_text(f"The ferry number {number} sails at noon.\n" * 5, "utf-8")
                other.add([folder])
                stop.wait(0.05)  # what is changed without a pause only takes the processor from the backups

        writer = threading.Thread(target=change)
        writer.start()
        try:
            for at in range(5):
                index.backup(tmp_path / f"backup{at}")
        finally:
            stop.set()
            writer.join()
    for at in range(5):
        with Index(tmp_path / f"new{at}") as restored:
            restored.restore(tmp_path / f"backup{at}")
            assert len(restored.documents()) >= 3
            for document in restored.documents():
                assert len(restored.text(document.source)) == document.characters


def test_what_the_front_ends_keep_comes_along_and_is_private(own_library: Path, tmp_path: Path) -> None:
    with sqlite3.connect(own_library / "talk.sqlite") as talk:
        talk.execute("pragma journal_mode=wal")
        talk.execute("create table said (words)")
        talk.execute("insert into said values ('hello')")
        talk.commit()
        (own_library / "originals").mkdir()
        (own_library / "originals" / "a.pdf").write_bytes(b"%PDF")
        with Index(own_library) as index:
            index.backup(tmp_path / "backup")
    with Index(tmp_path / "new") as index:
        index.restore(tmp_path / "backup")
    with sqlite3.connect(tmp_path / "new" / "talk.sqlite") as talk:
        assert talk.execute("select * from said").fetchall() == [("hello",)]
    assert (tmp_path / "new" / "originals" / "a.pdf").read_bytes() == b"%PDF"
    if os.name == "posix":
        for path in (tmp_path / "backup", tmp_path / "new" / "talk.sqlite"):
            assert path.stat().st_mode & 0o077 == 0


def test_a_restore_that_was_killed_goes_on(saved: Path, tmp_path: Path) -> None:
    killed = (
        "import os, sys\n"
        "from index.index import Index\n"
        "def stop(step):\n"
        "    if step.file == 2: os._exit(9)\n"
        "Index(sys.argv[1]).restore(sys.argv[2], stop)\n"
    )
    command = [sys.executable, "-c", killed, str(tmp_path / "new"), str(saved)]
    assert subprocess.run(command, env=environment(), cwd=ROOT, check=False).returncode == 9
    with Index(tmp_path / "new") as index:
        assert len(index.documents()) == 1
        assert index.restore(saved) == len(index.documents()) == 3


@pytest.mark.skipif(os.name != "posix", reason="a limit on files stands for a full disk")
def test_a_file_that_was_restored_half_is_restored_whole(own_library: Path, tmp_path: Path) -> None:
    import resource

    content = os.urandom(1000) * 24_000
    (own_library / "feedback.jsonl").write_bytes(content)
    with Index(own_library) as index:
        index.backup(tmp_path / "backup")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Index(tmp_path / "new") as index:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, most))
        try:
            with pytest.raises(LibraryError, match="too large"):
                index.restore(tmp_path / "backup")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        index.restore(tmp_path / "backup")
    assert (tmp_path / "new" / "feedback.jsonl").read_bytes() == content


def test_a_damaged_document_is_named_and_the_rest_is_in_the_backup(
    own_library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Index(own_library) as index:
        documents = index.documents()
        record = index._store.records([documents[0].id])[documents[0].id]
        index._store.view.shelf.delete(record.passage_ids[:1])
    assert main(["backup", "--library", str(own_library), str(tmp_path / "kept")]) == 1
    told = capsys.readouterr().err
    assert f"holds {len(documents) - 1} documents, but not 1" in told
    assert documents[0].source in told
    with Index(tmp_path / "new") as index:
        index.restore(tmp_path / "kept")
        assert index.documents() == documents[1:]


def test_a_library_with_other_documents_is_left_as_it_is(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("My own words.\n", "utf-8")
    with Index(tmp_path / "new") as index:
        index.add([tmp_path / "mine.txt"])
        with pytest.raises(LibraryError, match="other documents"):
            index.restore(saved)
        assert [Path(d.source).name for d in index.documents()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["files/../../x", "files/chroma/x", "files/a\\..\\x"])
def test_a_hostile_backup_writes_nothing_outside(saved: Path, tmp_path: Path, name: str) -> None:
    hostile = tmp_path / "hostile"
    hostile.write_bytes(saved.read_bytes())
    with zipfile.ZipFile(hostile, "a") as archive:
        archive.writestr(name, "x")
    with Index(tmp_path / "deep" / "new") as index, pytest.raises(LibraryError, match="outside"):
        index.restore(hostile)
    assert not list(tmp_path.rglob("x"))


def test_what_is_no_backup_is_told_in_one_line(saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    for number, content in enumerate((b"", b"no zip", whole[: len(whole) // 2])):
        bad = tmp_path / f"bad{number}"
        bad.write_bytes(content)
        with Index(tmp_path / "new") as index, pytest.raises(LibraryError, match="not a whole backup"):
            index.restore(bad)
    with zipfile.ZipFile(tmp_path / "other", "w") as archive:
        archive.writestr("about.json", json.dumps({"format": 99}))
    with Index(tmp_path / "new") as index, pytest.raises(LibraryError, match="format is 99"):
        index.restore(tmp_path / "other")


def test_the_commands(own_library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "kept"
    assert main(["backup", "--library", str(own_library), str(target)]) == 0
    assert "3 documents" in capsys.readouterr().out
    assert main(["backup", "--library", str(own_library), str(target)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["backup", "--library", str(own_library), str(own_library / "kept")]) == 1
    assert "outside" in capsys.readouterr().err
    assert main(["restore", "--library", str(tmp_path / "new"), str(target)]) == 0
    assert "3 documents restored" in capsys.readouterr().out
    assert main(["ask", "--library", str(tmp_path / "new"), QUESTION]) == 0
    assert "over 85 targets" in capsys.readouterr().out
