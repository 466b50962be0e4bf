"""What may happen to a library from outside: a full disk, a folder that can't be written, a clock that goes back."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.stress_kills import problems
from index.errors import LibraryError
from index.index import Index
from index.remote import ROOM

GRANITE = "The lighthouse at Skerrow was built of granite in 1874."


def keeper(folder: Path, number: int, year: int = 1800) -> Path:
    """Write a document of some 20 kB."""
    path = folder / f"{number}.txt"
    path.write_text("".join(f"Keeper {number} of lamp {n} lit the granite tower in {year + n}. " for n in range(400)))
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of some MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("to mount a small disk takes rights that this user has not")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def remount(disk: Path, options: str) -> None:
    """Mount it anew, once Chroma has shut its files: its core does so a moment after it was closed."""
    command = ["mount", "-o", f"remount,{options}", str(disk)]
    until = time.monotonic() + 30
    while (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        assert time.monotonic() < until, done.stderr
        time.sleep(0.05)


def ballast(disk: Path, free: int) -> None:
    """Fill the disk but for `free` bytes."""
    (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - free))


@pytest.mark.parametrize("again", ["same index", "new index"])
def test_a_full_disk_is_told_and_nothing_is_lost(small_disk: Path, tmp_path: Path, again: str) -> None:
    library, put = small_disk / "library", list[Path]()
    told = rf"^the disk of the library at {library} is full: make room there and try again; what is in it is safe$"

    def fill(index: Index) -> None:
        for number in range(30):
            put.append(keeper(tmp_path, number))
            index.add(put[-1:])

    def holds_what_it_held(index: Index) -> None:
        assert {path: index.text(str(path)) for path in held} == held
        assert len(index.documents()) == len(held) + 1
        assert index.search("keeper granite tower", 3), "questions are answered"

    index = Index(library)
    index.add([keeper(tmp_path, 99)])
    ballast(small_disk, ROOM + 1_000_000)
    with pytest.raises(LibraryError, match=told):
        fill(index)
    assert len(put) > 1
    held = {path: path.read_text() for path in put[:-1]}
    holds_what_it_held(index)
    with pytest.raises(LibraryError, match=told):
        index.remove([put[0]])
    if again == "new index":
        index.close()
        index = Index(library)
        holds_what_it_held(index)
    (small_disk / "ballast").unlink()
    assert index.add([put[-1]]).documents
    held[put[-1]] = put[-1].read_text()
    holds_what_it_held(index)
    assert index.check().is_good
    assert index.remove([put[0]]) == 1
    index.close()


def test_a_disk_that_is_full_to_the_last_byte_is_told(small_disk: Path, tmp_path: Path) -> None:
    library = small_disk / "library"
    with Index(library) as index:
        index.add([keeper(tmp_path, 1)])
    ballast(small_disk, 0)
    with pytest.raises(LibraryError, match="is full"):
        Index(library)
    (small_disk / "ballast").unlink()
    with Index(library) as index:
        index.add([keeper(tmp_path, 2)])
        assert index.check().is_good


def sources(index: Index) -> list[str]:
    return [document.source for document in index.documents()]


def test_a_library_on_a_disk_that_can_only_be_read_is_told(small_disk: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text(GRANITE)
    library = small_disk / "library"
    with Index(library) as index:
        index.add([path])
    remount(small_disk, "ro")
    with pytest.raises(LibraryError, match=r"can't be written: give this user the right to, or use another \(--lib"):
        Index(library)
    remount(small_disk, "rw")
    with Index(library) as index:
        assert list(problems(index, {"one.txt": {GRANITE}})) == []


def test_a_clock_that_goes_back_loses_no_change(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.txt"
    path.write_text(GRANITE)
    index.add([path])
    past = time.time() - 10 * 365 * 86400
    monkeypatch.setattr("time.time", lambda: past)
    path.write_text(GRANITE.replace("1874", "1990"))
    os.utime(path, (past, past))
    assert len(index.add([path]).documents) == 1
    assert list(problems(index, {"one.txt": {GRANITE.replace("1874", "1990")}})) == []
    (tmp_path / "two.txt").write_text(GRANITE)
    with Index(tmp_path / "library") as again:
        again.add([tmp_path / "two.txt"])
        assert len(again.search("granite")) == 2
