"""What is derived from the store, the keywords and the pairs of versions, is made again where it is lost or damaged."""

import json
import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread, Timer
from threading import enumerate as threads

import pytest
from test_versions import ACME, NEW, OLD, POLICY, related, write

from index.index import Index
from index.keywords import Keywords
from index.likeness import Likeness, likeness
from index.types import Passage, SearchResult

GRANITE = "The lighthouse at Skerrow was built of granite in 1874."
CONCRETE = "The beacon at Skerrow was rebuilt of concrete in 1950."


# an older store


def test_a_store_put_back_from_before_is_not_searched_by_later_words(tmp_path: Path) -> None:
    """Of a library whose Chroma is kept in another place, an operator may restore that alone."""
    one = write(tmp_path / "one.txt", GRANITE)
    library = tmp_path / "library"
    with Index(library) as index:
        index.add(one)
    shutil.copytree(library / "chroma", tmp_path / "before")
    with Index(library) as index:
        index.add(write(tmp_path / "one.txt", CONCRETE))
    shutil.rmtree(library / "chroma")
    (tmp_path / "before").rename(library / "chroma")
    with Index(library) as index:
        assert [r.passage.text for r in index.search_keywords("granite")] == [GRANITE]
        assert index.search_keywords("concrete") == []


# keywords


def lose(folder: Path) -> None:
    shutil.rmtree(folder)


def cut(folder: Path) -> None:
    for file in files(folder):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def scramble(folder: Path) -> None:
    for file in files(folder):
        file.write_bytes(random.Random(file.name).randbytes(file.stat().st_size))


def zeros(folder: Path) -> None:
    for file in files(folder):
        file.write_bytes(bytes(file.stat().st_size))


def lose_segments(folder: Path) -> None:
    for file in segments(folder):
        file.unlink()


def lose_one_file(folder: Path) -> None:
    next(file for file in segments(folder) if file.suffix == ".idx").unlink()


def scramble_segments(folder: Path) -> None:
    for file in segments(folder):
        file.write_bytes(random.Random(file.name).randbytes(file.stat().st_size))


def flip_bits(folder: Path) -> None:
    """Change what a file says and leave how it ends, which is what tantivy looks at."""
    for file in segments(folder):
        with file.open("r+b") as opened:
            opened.write(bytes(255 - byte for byte in opened.read(8)))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def segments(folder: Path) -> list[Path]:
    return [file for file in files(folder) if not file.name.endswith((".json", ".lock"))]


DAMAGED_FOLDERS = [lose, cut, scramble, zeros, lose_segments, lose_one_file, scramble_segments]


@pytest.mark.parametrize("damage", DAMAGED_FOLDERS)
def test_a_keyword_mirror_that_is_lost_or_damaged_is_made_again(
    own_library: Path, damage: Callable[[Path], None]
) -> None:
    with Index(own_library) as index:
        expected = found(index)
    damage(own_library / "keywords")
    with Index(own_library) as index:
        assert found(index) == expected
        assert index.check().is_good


@pytest.mark.parametrize("damage", [*DAMAGED_FOLDERS, flip_bits])
def test_a_keyword_mirror_that_is_lost_or_damaged_between_two_questions_is_made_again(
    own_library: Path, damage: Callable[[Path], None]
) -> None:
    with Index(own_library) as index:
        expected = found(index)
        damage(own_library / "keywords")
        assert found(index) == expected
        assert index.check().is_good
        made = stamps(own_library / "keywords")
    with Index(own_library) as index:
        assert found(index) == expected
    assert made
    assert stamps(own_library / "keywords") == made, "what was made is on disk, and whole"


def test_a_keyword_mirror_damaged_between_two_writes_is_made_again(index: Index, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(GRANITE)
    (tmp_path / "two.txt").write_text(CONCRETE)
    index.add([tmp_path / "one.txt"])
    zeros(index.library / "keywords")
    index.add([tmp_path / "two.txt"])
    assert texts(index, "granite or concrete") == [CONCRETE, GRANITE]


def test_what_goes_wrong_in_the_middle_of_a_question_begins_it_again(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.txt").write_text(GRANITE)
    index.add([tmp_path / "one.txt"])
    plain, left = Keywords.rarity, ["once"]

    def damaged_first(keywords: Keywords, query: Sequence[str]) -> dict[str, float]:
        if left:
            left.pop()
            zeros(index.library / "keywords")
        return plain(keywords, query)

    monkeypatch.setattr(Keywords, "rarity", damaged_first)
    assert [result.passage.text for result in index.search("granite")] == [GRANITE]
    assert not left


def test_a_mirror_that_another_process_put_together_anew_is_no_damage(index: Index, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(GRANITE)
    index.add([tmp_path / "one.txt"])
    with Index(index.library) as there:
        assert texts(there, "granite") == [GRANITE]
        for n in range(12):  # more pieces than tantivy leaves apart
            (tmp_path / f"{n}.txt").write_text(f"Keeper number {n} went up the stairs.")
            index.add([tmp_path / f"{n}.txt"])
        made = stamps(index.library / "keywords")
        assert texts(there, "granite") == [GRANITE]
    assert stamps(index.library / "keywords") == made


def test_a_file_left_by_a_killed_writer_is_not_in_the_way_of_the_next_one(index: Index, tmp_path: Path) -> None:
    tower, rest = tmp_path / "tower.txt", tmp_path / "rest.txt"
    tower.write_text(GRANITE)
    rest.write_text("Keepers went up the stairs.")
    index.add([tower, rest])
    index.close()
    tower.write_text(CONCRETE)
    shutil.copytree(index.library, tmp_path / "copy")
    with Index(tmp_path / "copy") as copy:
        copy.add([tower])
    (made,) = (tmp_path / "copy" / "keywords").rglob("*.del")
    (mirror,) = (index.library / "keywords").iterdir()
    shutil.copy(made, mirror)  # as of a writer that was killed before it had written down that it is there
    managed = json.loads((mirror / ".managed.json").read_text())
    (mirror / ".managed.json").write_text(json.dumps([*managed, made.name]))
    written = (mirror / made.name).stat().st_mtime_ns
    with Index(index.library) as again:
        again.add([tower])
        assert texts(again, "granite or concrete") == [CONCRETE]
    assert (mirror / made.name).stat().st_mtime_ns > written, "the next writer wrote a file of that very name"


def test_a_writer_that_failed_leaves_the_mirror_to_the_next_one(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[str, list[Passage]]]:
        yield "one", []
        raise RuntimeError("in the middle")

    keywords = Keywords(tmp_path / "keywords")
    with pytest.raises(RuntimeError, match="in the middle") as failed:
        keywords.apply(broken(), 1)
    keywords.apply([], 2)
    assert keywords.generation == 2
    assert failed.traceback, "the error is still there, with all that it holds"


def found(index: Index) -> tuple[list[SearchResult], list[SearchResult]]:
    question = "How many targets were struck?"
    results = index.search_keywords(question), index.search(question)
    assert results[0]
    return results


def texts(index: Index, query: str) -> list[str]:
    return sorted(result.passage.text for result in index.search_keywords(query))


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in segments(folder)}


# versions


def delete(file: Path) -> None:
    file.unlink()


def delete_folder(file: Path) -> None:
    shutil.rmtree(file.parent)


def overwrite(file: Path) -> None:
    file.write_bytes(b"not a database at all" * 100)


def zero(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def empty(file: Path) -> None:
    file.write_bytes(b"")


DAMAGED_FILES = [delete, delete_folder, overwrite, zero, empty]


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A library with two versions of the policy."""
    write(tmp_path / "a.md", OLD)
    write(tmp_path / "b.md", NEW)
    with Index(tmp_path / "library") as index:
        assert len(related(index.add([tmp_path / "a.md", tmp_path / "b.md"]).documents)) == 2
    return tmp_path / "library"


@pytest.mark.parametrize("damage", DAMAGED_FILES)
def test_pairs_are_found_again_where_their_file_is_gone_or_damaged(two: Path, damage: Callable[[Path], None]) -> None:
    (kept,) = (two / "versions").glob("*.sqlite")
    damage(kept)
    with Index(two) as index:
        index.search("hotel")
        assert len(paired(index)) == 2
    damage(kept)
    with Index(two) as index:
        assert index.add([two.parent / "a.md"]).unchanged
        assert len(related(index.documents())) == 2


@pytest.mark.parametrize("damage", DAMAGED_FILES)
def test_pairs_are_found_again_where_their_file_is_damaged_while_it_is_in_use(
    two: Path, damage: Callable[[Path], None]
) -> None:
    (kept,) = (two / "versions").glob("*.sqlite")
    with Index(two) as index:
        damage(kept)
        index.documents()
        assert len(paired(index)) == 2
        damage(kept)
        index.having_versions([result.passage.id.partition(".")[0] for result in index.search("hotel")])
        assert len(paired(index)) == 2
        damage(kept)
        write(two.parent / "b.md", ACME)
        index.add([two.parent / "b.md"])
        assert related(index.documents()) == {}
        write(two.parent / "b.md", NEW)
        index.add([two.parent / "b.md"])
        assert len(related(index.documents())) == 2


def paired(index: Index) -> dict[str, list[str]]:
    """Return what is paired once nothing is being compared any more."""
    for thread in comparing():
        thread.join()
    return related(index.documents())


def comparing() -> list[Thread]:
    return [thread for thread in threads() if thread.name == "citewise-versions"]


# versions beside questions


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A library of six documents, one a commit, whose pairs were never found."""
    with Index(tmp_path / "library") as index:
        for n in range(6):
            index.add([write(tmp_path / f"{n}.md", POLICY.format(hotel=n, boss="Ada Holm", day="1 May", deny=""))])
    shutil.rmtree(tmp_path / "library" / "versions")
    return tmp_path / "library"


class Compared:
    """What is compared while this stands in for `likeness`: from document number `at` on it waits for `go`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.documents, self.waits, self.go, self._at = 0, Event(), Event(), at
        monkeypatch.setattr("index.versions.likeness", self)

    def __call__(self, texts: Iterable[str]) -> Likeness | None:
        def slowly() -> Iterator[str]:
            for text in texts:
                if self.documents > self._at:
                    self.waits.set()
                    assert self.go.wait(60)
                yield text

        self.documents += 1
        return likeness(slowly())


def test_a_question_does_not_wait_for_pairs_that_were_never_found(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = Compared(monkeypatch, at=2)
    with Index(older) as index, Index(older) as other:
        assert index.search("hotel")
        assert compared.waits.wait(60)
        assert index.search("hotel"), "nor does a second one"
        assert other.search("hotel"), "nor another process"
        assert other.documents()
        assert len(comparing()) == 1
        compared.go.set()
        assert len(paired(index)) == len(paired(other)) == 6
        assert compared.documents == 6, "each is compared once"
    assert not comparing()


def test_closing_stops_what_looks_for_pairs_and_the_next_process_goes_on_from_there(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = Compared(monkeypatch, at=3)
    with Index(older) as index:
        index.search("hotel")
        assert compared.waits.wait(60)
        Timer(0.1, compared.go.set).start()  # in the middle of the fourth document, which is given up
    assert not comparing()
    begun = compared.documents
    with Index(older) as index:
        index.search("hotel")
        assert len(paired(index)) == 6
    assert begun < 6
    assert compared.documents - begun < 6, "those that were compared are not compared again"


def test_the_next_writer_finds_pairs_that_are_missing(older: Path) -> None:
    with Index(older) as index:
        assert index.add([older.parent / "0.md"]).unchanged
        assert len(related(index.documents())) == 6
        assert not comparing()
