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

GRANITE = "The lighthouse at Skerrow was built of granite in 1874."


def keeper(folder: Path, number: int, year: int = 1800) -> Path:
    """Write a document of some 20 kB."""
    path = folder / f"{number}.txt"
    path.write_text("".join(f"Keeper {number} of lamp {n} lit the granite tower in {year + n}. " for n in range(400)))
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of a few MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=10m", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("to mount a small disk takes rights that this user has not")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_told_and_nothing_is_lost(small_disk: Path, tmp_path: Path) -> None:
    library, put = small_disk / "library", list[Path]()
    told = rf"^the disk of the library at {library} is full: make room there and try again; what is in it is safe$"
    with Index(library) as index:

        def fill() -> None:
            for number in range(30):
                index.add([keeper(tmp_path, number)])
                put.append(tmp_path / f"{number}.txt")

        index.add([keeper(tmp_path, 99)])
        (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free - 1_500_000))
        with pytest.raises(LibraryError, match=told):
            fill()
        assert put
        held = {path: index.text(str(path)) for path in put}
        assert all(held[path] == path.read_text().strip() or held[path] == path.read_text() for path in put)
        assert index.search("keeper granite tower", 3), "questions are answered"
        with pytest.raises(LibraryError, match="is full"):
            index.remove([put[0]])
    with pytest.raises(LibraryError, match="is full"):
        Index(library)
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    with Index(library) as index:
        present = {path: index.text(str(path)) for path in put if path in map(Path, sources(index))}
        assert {path: held[path] for path in present} == present
        assert set(put) - {put[0]} <= present.keys(), "all but, perhaps, the one that was to be removed"
        index.add([*put, keeper(tmp_path, len(put))])
        assert index.check().is_good
        assert len(index.documents()) == len(put) + 2


def sources(index: Index) -> list[str]:
    return [document.source for document in index.documents()]


def test_a_library_on_a_disk_that_can_only_be_read_is_told(small_disk: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text(GRANITE)
    library = small_disk / "library"
    with Index(library) as index:
        index.add([path])
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(LibraryError, match=r"can't be written: give this user the right to, or use another \(--lib"):
        Index(library)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
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
