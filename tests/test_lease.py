"""One writer at a time on a Chroma server, where writers are on machines of their own."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chroma import chroma_server
from index.errors import LibraryBusy
from index.index import Index
from index.types import Progress

KEEPER = "The keeper {} lit the lamp of the granite tower."


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Chroma server."""
    with chroma_server(tmp_path_factory.mktemp("chroma") / "served") as url:
        yield url


@pytest.fixture
def machines(chroma: str, tmp_path: Path) -> Iterator[list[Index]]:
    """The library on the server, opened on two machines that have no folder in common; it is empty at first."""
    opened = [Index(tmp_path / name, chroma) for name in ("here", "there")]
    opened[0].remove([document.source for document in opened[0].documents()])
    yield opened
    for index in opened:
        index.close()


def keeper(folder: Path, name: str) -> Path:
    path = folder / f"{name}.txt"
    path.write_text(KEEPER.format(name))
    return path


def names(index: Index) -> set[str]:
    """Return the documents that are listed, if both searches find each of them."""
    listed = {Path(document.source).stem for document in index.documents()}
    for search in (index.search_dense, index.search_keywords):
        assert {Path(r.passage.source).stem for r in search("granite tower", 50)} == listed
    return listed


def test_writers_on_several_machines_take_turns(machines: list[Index], tmp_path: Path) -> None:
    before = machines[0].generation

    def write(index: Index, name: str) -> None:
        for number in range(5):
            index.add(keeper(tmp_path, f"{name}{number}"))

    threads = [threading.Thread(target=write, args=pair) for pair in zip(machines, "ab", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert machines[0].generation == before + 10, "no two commits have one number"
    assert names(machines[0]) == names(machines[1]) == {f"{name}{number}" for name in "ab" for number in range(5)}


def test_a_writer_that_waits_in_vain_is_told_who_is_writing_and_where(
    machines: list[Index], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    monkeypatch.setattr("index.index.PATIENCE", 0.3)
    with here._writer.held(1), pytest.raises(LibraryBusy, match=rf"^process {os.getpid()} on {socket.gethostname()} "):
        there.add(keeper(tmp_path, "a"))
    there.add(keeper(tmp_path, "a"))
    assert names(here) == {"a"}


def test_one_that_works_on_is_waited_for_however_long(
    machines: list[Index], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    monkeypatch.setattr("index.lease.GONE", 1.2)
    monkeypatch.setattr("index.lease.BEAT", 0.1)
    monkeypatch.setattr("index.index.PATIENCE", 2.5)
    with here._writer.held(1), pytest.raises(LibraryBusy):
        there.add(keeper(tmp_path, "a"))


def test_the_turn_of_a_writer_that_died_goes_on_and_one_that_only_slept_changes_nothing(
    machines: list[Index], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    monkeypatch.setattr("index.lease.GONE", 0.3)
    monkeypatch.setattr("index.lease.BEAT", 60.0)
    here.add(keeper(tmp_path, "a"))
    (tmp_path / "a.txt").write_text("The keeper of the granite tower has left.")

    def meanwhile(step: Progress) -> None:
        if step.stage == "embedding":
            there.add(keeper(tmp_path, "b"))

    with pytest.raises(LibraryBusy, match="took over writing while this one stood still: try again"):
        here.add(tmp_path / "a.txt", meanwhile)
    assert there.check().is_good, "no passage was put there after its turn"
    assert names(here) == names(there) == {"a", "b"}
    assert here.text(str(tmp_path / "a.txt")) == KEEPER.format("a")
    here.add(tmp_path / "a.txt")
    assert "has left" in there.text(str(tmp_path / "a.txt"))
    assert there.check().is_good


def test_one_that_slept_in_the_middle_of_a_document_puts_no_more_of_it(
    machines: list[Index], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    monkeypatch.setattr("index.lease.GONE", 0.3)
    monkeypatch.setattr("index.lease.BEAT", 60.0)
    monkeypatch.setattr("index.adding.GROUP", 1)
    monkeypatch.setattr("index.adding.ahead", lambda batches, over: (batch for batch in batches))  # one after the other
    asked: list[Progress] = []

    def meanwhile(step: Progress) -> None:
        if step.stage == "embedding" and step.done > 0.5 and not asked:
            asked.append(step)
            there.add(keeper(tmp_path, "b"))

    long = tmp_path / "long.txt"
    long.write_text(" ".join(KEEPER.format(number) for number in range(80)))
    with pytest.raises(LibraryBusy, match="took over writing"):
        here.add(long, meanwhile)
    assert asked
    assert there.check().is_good, "no passage was put there after its turn"
    assert names(here) == names(there) == {"b"}
