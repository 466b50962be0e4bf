"""What becomes of documents whose files change, move, break or go; and that a failure leaves the old version."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import make_documents as make
import numpy as np
import pytest
from numpy.typing import NDArray

from index.index import Index
from index.minilm import MiniLM
from index.types import Added, Progress

OLD = "The lighthouse at Skerrow was built of granite in 1874. "
NEW = "The beacon at Skerrow was rebuilt of concrete in 1950. "


def write(path: Path, text: str, age: float = 60) -> Path:
    """Write a file that was last changed `age` seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def names(added: Added) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the file names of what was added, unchanged, removed and failed."""
    groups = ([d.source for d in added.documents], added.unchanged, added.removed, [f.source for f in added.failed])
    added_, unchanged, removed, failed = ([Path(source).name for source in group] for group in groups)
    return added_, unchanged, removed, failed


def texts(index: Index) -> dict[str, str]:
    """Return the text of every document, by file name."""
    return {Path(document.source).name: index.text(document.source) for document in index.documents()}


def holding(index: Index, word: str) -> set[str]:
    """Return the file names of the passages found that hold a word, by either search."""
    results = [*index.search(word, 50), *index.search_dense(word, 50), *index.search_keywords(word, 50)]
    return {Path(r.passage.source).name for r in results if word in r.passage.text}


def test_an_unchanged_file_is_not_added_again_even_if_it_was_touched(index: Index, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", OLD)
    before = index.add(path).documents
    for age in (60, 30, 0, 90):
        write(path, OLD, age)
        assert names(index.add(path)) == ([], ["a.txt"], [], [])
    assert tuple(index.documents()) == before


def test_a_changed_file_is_replaced_whole(index: Index, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", OLD * 40)
    index.add(path)
    write(path, NEW, 30)
    assert names(index.add(path)) == (["a.txt"], [], [], [])
    assert texts(index) == {"a.txt": NEW}
    assert holding(index, "granite") == set()
    assert holding(index, "concrete") == {"a.txt"}


def test_a_change_right_after_an_add_is_seen_even_if_size_and_time_stay_the_same(index: Index, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "Version 1.", age=0)
    now = path.stat().st_mtime_ns
    index.add(path)
    path.write_text("Version 2.")
    os.utime(path, ns=(now, now))  # the clock of some file systems stands still for two seconds
    assert names(index.add(path))[0] == ["a.txt"]
    assert texts(index) == {"a.txt": "Version 2."}


def test_a_renamed_file_keeps_answering_under_its_new_name(index: Index, tmp_path: Path) -> None:
    folder = write(tmp_path / "docs" / "old.txt", OLD).parent
    index.add(folder)
    (folder / "old.txt").rename(folder / "new.txt")
    assert names(index.add(folder)) == (["new.txt"], [], ["old.txt"], [])
    assert holding(index, "granite") == {"new.txt"}


def test_a_file_deleted_from_an_added_folder_is_removed_and_others_are_not(index: Index, tmp_path: Path) -> None:
    folder = write(tmp_path / "docs" / "deep" / "a.txt", OLD).parent.parent
    write(folder / "b.txt", NEW)
    outside = [write(tmp_path / "docs2" / "c.txt", OLD), write(tmp_path / "d.txt", OLD)]
    index.add([folder, *outside])
    index.upload("e.txt", write(folder / "e.txt", OLD))
    for path in (folder / "deep" / "a.txt", folder / "e.txt", *outside):
        path.unlink()
    assert names(index.add(folder / "b.txt"))[2] == []  # only a folder says what is gone from it
    assert names(index.add(folder)) == ([], ["b.txt"], ["a.txt"], [])
    assert set(texts(index)) == {"b.txt", "c.txt", "d.txt", "e.txt"}
    assert names(index.add(folder))[2] == []


@pytest.mark.parametrize("order", [["a.txt", "", ""], ["", "a.txt", ""]], ids=["file first", "folder first"])
def test_a_file_added_by_itself_too_is_still_followed_in_its_folder(
    index: Index, tmp_path: Path, order: Sequence[str]
) -> None:
    folder = write(tmp_path / "docs" / "b.txt", NEW).parent
    for step, name in enumerate(order[:2]):
        write(folder / "a.txt", OLD * (step + 1 if order[0] == "" else 1))
        index.add(folder / name)
    (folder / "a.txt").unlink()
    assert names(index.add(folder))[2] == ["a.txt"]


def test_a_folder_that_can_not_be_found_any_more_loses_nothing(index: Index, tmp_path: Path) -> None:
    folder = write(tmp_path / "docs" / "a.txt", OLD).parent
    index.add(folder)
    shutil.rmtree(folder)  # a disk that is not plugged in looks the same
    assert names(index.add(folder)) == ([], [], [], ["docs"])
    assert holding(index, "granite") == {"a.txt"}


def test_a_file_that_breaks_is_named_and_its_old_version_answers(index: Index, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "a.pdf", [OLD])
    index.add(path)
    path.write_bytes(path.read_bytes()[:200])
    assert names(index.add(path)) == ([], [], [], ["a.pdf"])
    assert holding(index, "granite") == {"a.pdf"}


def test_warnings_are_kept_with_the_document(index: Index, tmp_path: Path) -> None:
    index.add(write(tmp_path / "a.txt", "Reads \u202ebackwards\u202c, they say."))
    (document,) = index.documents()
    assert any("direction" in warning for warning in document.warnings)
    with Index(tmp_path / "library") as again:
        assert again.documents() == [document]


BROKEN: dict[str, Callable[[Path], object]] = {
    "empty.txt": lambda p: p.write_bytes(b""),
    "blank.md": lambda p: p.write_bytes(b" \n\n"),
    "binary.txt": lambda p: p.write_bytes(bytes(range(256)) * 20),
    "picture.txt": lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
    "notes.pdf": lambda p: p.write_bytes(b"only text"),
    "half.pdf": lambda p: make.pdf(p, [OLD]) and p.write_bytes(p.read_bytes()[:300]),
    "locked.pdf": lambda p: make.pdf(p, [OLD], password="secret"),
    "scan.pdf": lambda p: make.pdf(p, ["", ""]),
    "text.docx": lambda p: p.write_bytes(b"only text"),
    "half.docx": lambda p: make.word(p, lambda d: d.add_paragraph(OLD)) and p.write_bytes(p.read_bytes()[:2000]),
    "nothing.docx": lambda p: make.word(p, lambda d: None),
    "old.docx": lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "slides.pptx": lambda p: make.word(p, lambda d: d.add_paragraph(OLD)),
    "half.xlsx": lambda p: make.workbook(p, {"S": [["a"]]}) and p.write_bytes(p.read_bytes()[:-300]),
    "zip.xlsx": lambda p: p.write_bytes(b"PK\x03\x04" + b"\0" * 50),
    "book.epub": lambda p: p.write_bytes(b"PK\x05\x06" + b"\0" * 18),
    "nobody.html": lambda p: p.write_bytes(b"<html><body></body></html>"),
    "gone.txt": lambda p: p.symlink_to("nowhere.txt"),
    "blank.csv": lambda p: p.write_bytes(b"\n\n\n"),
    "program.log": lambda p: p.write_bytes(b"\x7fELF" + bytes(range(200)) * 9),
}


def test_twenty_broken_files_are_each_named_with_a_reason_and_twenty_good_ones_answer(
    index: Index, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name, build in BROKEN.items():
        build(folder / name)
    towns = [f"Town{chr(65 + n)}{chr(75 + n)}burg" for n in range(20)]
    for n, town in enumerate(towns):
        write(folder / f"good {n}.txt", f"The mayor of {town} is called number {n}.")
    added = index.add(folder)
    assert sorted(names(added)[3]) == sorted(BROKEN)
    assert all(len(failure.reason) > 9 and "Traceback" not in failure.reason for failure in added.failed)
    assert len(added.documents) == len(towns) == len(BROKEN) == 20
    for n, town in enumerate(towns):
        assert index.search(f"Who is the mayor of {town}?")[0].passage.source.endswith(f"good {n}.txt")
    assert sorted(names(index.add(folder))[3]) == sorted(BROKEN), "the second time they are named again"


class Failing(MiniLM):
    """The real encoder, which stops after some calls as if the machine had run out of memory."""

    calls = 0

    def embed_passages(
        self, passages: Sequence[tuple[str, Sequence[str]]], progress: Callable[[int], None] | None = None
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        self.calls -= 1
        if self.calls < 0:
            raise MemoryError("no more")
        return super().embed_passages(passages, progress)


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_an_encoder_that_fails_in_the_middle_leaves_the_old_version_answering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    monkeypatch.setattr("index.adding.GROUP", 3)
    folder = write(tmp_path / "docs" / "a.txt", OLD * 60).parent
    encoder = Failing()
    with Index(tmp_path / "library", encoder=encoder) as index:
        encoder.calls = 99
        index.add(folder)
        write(folder / "a.txt", NEW * 240, 30)
        write(folder / "b.txt", NEW, 30)
        encoder.calls = calls
        with pytest.raises(MemoryError):
            index.add(folder)
        for again in (False, True):
            with Index(tmp_path / "library") if again else nullcontext(index) as opened:
                assert texts(opened) == {"a.txt": OLD * 60}
                assert holding(opened, "concrete") == set()
                assert holding(opened, "granite") == {"a.txt"}
        encoder.calls = 99
        assert names(index.add(folder))[0] == ["a.txt", "b.txt"]
        assert texts(index) == {"a.txt": NEW * 240, "b.txt": NEW}
        assert holding(index, "granite") == set()


def test_progress_goes_through_the_files_in_order_and_to_the_end(index: Index, tmp_path: Path) -> None:
    for name, times in (("a", 240), ("b", 1), ("c", 6)):
        write(tmp_path / "docs" / f"{name}.txt", OLD * times)
    (tmp_path / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4 no more")
    told: list[Progress] = []
    index.add(tmp_path / "docs", told.append)
    assert {step.files for step in told} == {4}
    assert [step.file for step in told if step.stage == "reading"] == [1, 2, 3, 4]
    assert [step.file for step in told] == sorted(step.file for step in told)
    embedding = [step.done for step in told if step.stage == "embedding"]
    assert embedding == sorted(embedding)
    assert 0 < embedding[0] < 1
    assert embedding[-1] == 1
    assert all(step.source.startswith(str(tmp_path / "docs")) for step in told)
