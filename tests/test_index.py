"""Documents in the index: added, followed when they change, told about when they fail, and removed."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make_documents as make
import pytest

from index.errors import UnknownSource
from index.index import Index
from index.readers import READERS, read
from index.types import Added

PARAGRAPH = "The lighthouse at Skerrow was built in 1874 by Ada Holm. Its lamp burned whale oil until 1902."


def write(folder: Path, **texts: str) -> Path:
    """Write `name.txt` for each text, old enough for its time to be relied on."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = folder / f"{name}.txt"
        path.write_text(text, "utf-8")
        os.utime(path, (time.time() - 60, time.time() - 60))
    return folder


def names(added: Added) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the file names of what was added, unchanged, removed and failed."""
    groups = ([d.source for d in added.documents], added.unchanged, added.removed, [f.source for f in added.failed])
    added_, unchanged, removed, failed = ([Path(source).name for source in group] for group in groups)
    return added_, unchanged, removed, failed


def found(index: Index, word: str) -> set[str]:
    """Return the file names of the passages that hold a word."""
    results = index.search(word, k=50)
    return {Path(r.passage.source).name for r in results if word in r.passage.text}


# Adding


def test_a_file_is_called_what_it_was_added_as(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "papers" / "old", one="One fish.", two="Two fish.", three="Red fish.")
    monkeypatch.chdir(tmp_path / "papers")
    index.add(["old/one.txt", tmp_path / "papers" / "old" / "two.txt", "../papers/old/three.txt"])
    sources = [document.source for document in index.documents()]
    assert sources == sorted(["old/one.txt", f"{tmp_path}/papers/old/two.txt", "../papers/old/three.txt"])


def test_a_folder_is_added_with_all_below_it_under_the_name_it_was_given(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "docs" / "deep" / "er", b="B.")
    write(tmp_path / "docs", a="A.")
    (tmp_path / "docs" / "picture.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "docs" / ".hidden.txt").write_text("H.")
    monkeypatch.chdir(tmp_path)
    assert names(index.add("docs/")) == (["a.txt", "b.txt"], [], [], [])
    assert [d.source for d in index.documents()] == ["docs/a.txt", "docs/deep/er/b.txt"]


def test_one_file_by_several_paths_is_one_document(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a=PARAGRAPH)
    monkeypatch.chdir(tmp_path)
    assert names(index.add(["a.txt", "./a.txt", tmp_path / "a.txt"]))[0] == ["a.txt"]
    assert names(index.add([tmp_path / "a.txt"])) == ([], ["a.txt"], [], [])
    assert len(index.documents()) == 1


def test_a_document_tells_what_is_known_of_it(index: Index, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "report.pdf", ["First page.", "", "Third page."], title="The Report of 1874")
    (document,) = index.add(path).documents
    assert document == index.documents()[0] == index.document(document.id)
    assert (document.title, document.pages, document.bytes) == ("The Report of 1874", 3, path.stat().st_size)
    assert document.characters == len(index.text(str(path)))
    assert document.passages == len(index.search("page", k=99)) == 2
    assert len(document.version) == 64
    assert document.added.startswith("20")
    assert document.warnings, "the page without text is worth a warning"


def test_a_path_that_does_not_exist_fails_by_name_and_the_rest_goes_in(index: Index, tmp_path: Path) -> None:
    write(tmp_path, a=PARAGRAPH)
    added = index.add([tmp_path / "nowhere.txt", tmp_path / "a.txt"])
    assert names(added) == (["a.txt"], [], [], ["nowhere.txt"])
    assert "no such file" in added.failed[0].reason


def test_the_same_bytes_at_two_paths_are_two_documents(index: Index, tmp_path: Path) -> None:
    write(tmp_path, a=PARAGRAPH, b=PARAGRAPH)
    index.add([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert found(index, "lighthouse") == {"a.txt", "b.txt"}
    index.remove([tmp_path / "a.txt"])
    assert found(index, "lighthouse") == {"b.txt"}
    assert index.text(str(tmp_path / "b.txt")) == PARAGRAPH


def test_the_same_name_from_two_folders_names_two_documents(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("east", "west"):
        write(tmp_path / folder, notes=f"These notes are about the {folder}.")
        monkeypatch.chdir(tmp_path / folder)
        index.add("notes.txt")
    sources = [document.source for document in index.documents()]
    assert sources == sorted(["notes.txt", f"{tmp_path}/west/notes.txt"])
    assert [index.text(source) for source in sources] == [
        "These notes are about the west.",
        "These notes are about the east.",
    ]
    monkeypatch.chdir(tmp_path / "east")
    write(tmp_path / "east", notes="Changed.")
    assert [d.source for d in index.add("notes.txt").documents] == ["notes.txt"]
    assert len(index.documents()) == 2


# Uploads


def test_an_upload_is_called_by_its_name_and_its_file_is_not_needed_again(index: Index, tmp_path: Path) -> None:
    write(tmp_path, upload=PARAGRAPH)
    (document,) = index.upload("My_notes.txt", tmp_path / "upload.txt").documents
    (tmp_path / "upload.txt").unlink()
    assert (document.source, document.title) == ("My_notes.txt", "My notes")
    assert index.text("My_notes.txt") == PARAGRAPH


def test_an_upload_with_the_same_name_is_its_new_version(index: Index, tmp_path: Path) -> None:
    write(tmp_path, first=PARAGRAPH, second="The tower fell in 1950.")
    index.upload("notes.txt", tmp_path / "first.txt")
    index.upload("notes.txt", tmp_path / "second.txt")
    assert names(index.upload("notes.txt", tmp_path / "second.txt")) == ([], ["notes.txt"], [], [])
    assert index.text("notes.txt") == "The tower fell in 1950."
    assert found(index, "whale") == set()


@pytest.mark.parametrize("upload_first", [True, False])
def test_an_upload_and_a_file_of_one_name_are_told_apart(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upload_first: bool
) -> None:
    write(tmp_path, notes="Written here.", other="Sent from there.")
    monkeypatch.chdir(tmp_path)
    steps: list[Callable[[], Any]] = [
        lambda: index.add("notes.txt"),
        lambda: index.upload("notes.txt", tmp_path / "other.txt"),
    ]
    for step in reversed(steps) if upload_first else steps:
        step()
    sources = [document.source for document in index.documents()]
    assert len(set(sources)) == 2
    assert {index.text(source) for source in sources} == {"Written here.", "Sent from there."}
    for source in sources:
        (result,) = index.search("here there", sources=[source])
        assert result.passage.text == index.text(source)


# The text that offsets refer to


def test_the_text_of_every_format_is_kept_to_the_character_and_passages_point_into_it(
    index: Index, formats: Path
) -> None:
    paths = sorted(formats.iterdir())
    assert {path.suffix for path in paths} == set(READERS)
    added = index.add(formats)
    assert not added.failed
    for path in paths:
        extracted = read(path)
        assert index.text(str(path)) == extracted.text
        results = index.search("tower lighthouse year", k=500, sources=[str(path)])
        assert len(results) == next(d.passages for d in added.documents if d.source == str(path))
        for result in results:
            passage = result.passage
            assert passage.text == extracted.text[passage.start : passage.end]
            assert passage.title == extracted.title
            assert (passage.page is None) == (not extracted.pages)


# Removing


def test_documents_are_removed_by_source_and_by_path(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a="Apples.", b="Bananas.", c="Cherries.")
    monkeypatch.chdir(tmp_path)
    index.add(["a.txt", "b.txt", "c.txt"])
    assert index.remove(["a.txt", tmp_path / "b.txt"]) == 2
    assert [d.source for d in index.documents()] == ["c.txt"]
    assert found(index, "Apples") == found(index, "Bananas") == set()
    assert names(index.add("a.txt")) == (["a.txt"], [], [], [])
    assert found(index, "Apples") == {"a.txt"}


def test_a_source_that_is_not_there_is_an_error_that_names_it_and_nothing_is_removed(
    index: Index, tmp_path: Path
) -> None:
    write(tmp_path, a="Apples.")
    index.add(tmp_path / "a.txt")
    with pytest.raises(UnknownSource, match=r"nowhere\.txt"):
        index.remove([tmp_path / "a.txt", "nowhere.txt"])
    for ask in (index.text, index.document, lambda source: index.search("apples", sources=[source])):
        with pytest.raises(UnknownSource, match=r"nowhere\.txt"):
            ask("nowhere.txt")
    assert len(index.documents()) == 1
