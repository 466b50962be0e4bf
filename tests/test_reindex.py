"""A library moves to another encoder: questions are answered meanwhile, changes are followed, nothing is lost."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from test_commits import Other, other  # noqa: F401  a fixture: another process that has the library open
from word_encoder import Vectors, WordEncoder

from benchmarks.chroma import chroma_server
from index.encoders import Encoder, Encoders
from index.errors import EncoderError, EncoderMismatch, LibraryBusy, LibraryError, LibraryMoved
from index.index import Index
from index.minilm import MiniLM
from index.types import Progress

QUESTION = "How many targets were struck?"
KEEPER = "The keeper number {} lit the lamp of the granite tower in the year {}."
Found = list[tuple[str, float]]


def dense(index: Index, question: str = QUESTION) -> Found:
    """Return what the search by meaning finds, best first."""
    found = [(r.passage.id, round(r.score, 4)) for r in index.search_dense(question, 50)]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def texts(index: Index) -> dict[str, str]:
    """Return the text of every document, by source."""
    return {document.source: index.text(document.source) for document in index.documents()}


def collections(library: Path) -> dict[str, int]:
    """Return how many rows each collection of passages has."""
    found = chromadb.PersistentClient(str(library / "chroma"), chromadb.Settings(anonymized_telemetry=False))
    try:
        return {c.name: c.count() for c in found.list_collections() if c.name.startswith("citewise-passages")}
    finally:
        found.close()


def keepers(folder: Path, numbers: Sequence[int], year: int = 1874) -> Path:
    """Write a small document for each number."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{number}.txt").write_text(KEEPER.format(number, year))
    return folder


def built(library: Path, folder: Path) -> Found:
    """Return what a library finds that had the second encoder from the beginning."""
    with Index(library, encoder=WordEncoder()) as fresh:
        fresh.add(folder)
        return dense(fresh, "granite tower")


# What a move does


def test_a_moved_library_holds_the_same_and_searches_by_the_new_vectors(own_library: Path, tmp_path: Path) -> None:
    encoder = WordEncoder()
    with Index(own_library) as index:
        before, held, quoted = dense(index), texts(index), index.evidence(QUESTION)
        passages = sum(document.passages for document in index.documents())
        assert index.reindex(encoder) == encoder.embedded == passages
        assert (index.encoder, texts(index)) == (encoder, held)
        moved = dense(index)
        assert [score for _, score in moved] != [score for _, score in before]
        best = index.evidence(QUESTION)
        assert best.candidates[0].passage == quoted.candidates[0].passage
        assert best.similarity == pytest.approx(quoted.similarity, abs=0.1), "refusals keep their scale"
    assert list(collections(own_library).values()) == [passages]
    with Index(own_library, encoder=WordEncoder()) as again:
        assert dense(again) == moved
        assert again.reindex() == 0
        assert again.reindex(MiniLM()) == passages
        assert dense(again) == before
    with Index(own_library) as back:
        assert dense(back) == before


def test_the_sentences_are_not_embedded_again(own_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Index(own_library) as index:
        expected = similarities(index)
        monkeypatch.setattr(MiniLM, "embed_passages", None)
        index.reindex(WordEncoder())
        found = similarities(index)
    assert len(expected.keys() & found.keys()) > 5
    assert all(found[i] == expected[i] for i in expected.keys() & found.keys())


def similarities(index: Index) -> dict[str, list[float]]:
    """Return how near the sentences of the foremost passages are to the question."""
    return {c.passage.id: list(c.similarities) for c in index.evidence(QUESTION).candidates}


def test_a_library_of_another_encoder_is_refused_with_the_remedy(own_library: Path) -> None:
    with pytest.raises(EncoderMismatch, match=r"has the encoder all-MiniLM-L6-v2-int8, not words: .*citewise reindex"):
        Index(own_library, encoder=WordEncoder())
    with Index(own_library, encoder=WordEncoder(), moving=True) as index:
        with pytest.raises(EncoderMismatch):
            index.search(QUESTION)
        index.reindex()
        assert index.search(QUESTION)
    with pytest.raises(EncoderMismatch, match=r"has the encoder words, not all-MiniLM.*: .*CITEWISE_EMBEDDING"):
        Index(own_library)


def test_a_model_whose_vectors_have_another_length_now_is_told_and_can_be_moved_to(own_library: Path) -> None:
    with Index(own_library) as index:
        index.reindex(WordEncoder())
    changed = WordEncoder()
    changed.dimension = 48
    with Index(own_library, encoder=changed) as index:
        assert index.documents()
        with pytest.raises(
            EncoderMismatch, match=r"vectors of 48 numbers where this library has 96: .*citewise reindex"
        ):
            index.search(QUESTION)
        assert index.reindex() == changed.embedded > 0
        assert index.search(QUESTION)


def test_an_empty_library_moves_too(tmp_path: Path) -> None:
    with Index(tmp_path / "library") as index:
        assert index.reindex(WordEncoder()) == 0
        index.add(keepers(tmp_path / "docs", [1]))
        assert dense(index, "granite tower")[0][1] < 1


def test_a_library_made_before_there_were_moves_opens_and_moves(tmp_path: Path) -> None:
    """Rows as the first version wrote them: no word on which passages are in use or what made the sketches."""
    with Index(tmp_path / "made") as index:
        index.add(keepers(tmp_path / "docs", [1, 2]))
        expected = dense(index, "granite tower")
    client = chromadb.PersistentClient(str(tmp_path / "made" / "chroma"), chromadb.Settings(anonymized_telemetry=False))
    passages, records = (client.get_collection(name) for name in ("citewise-passages", "citewise-documents"))
    assert {row["kind"] for row in records.get()["metadatas"] or []} == {"document", "generation"}
    assert passages.metadata.pop("sentences")
    passages.modify(metadata=passages.metadata)
    client.close()
    with Index(tmp_path / "made") as index:
        assert dense(index, "granite tower") == expected
        assert index.reindex(WordEncoder()) == 2
        assert dense(index, "granite tower") == built(tmp_path / "fresh", tmp_path / "docs")


# Questions meanwhile


def test_questions_are_answered_at_all_times_by_the_old_vectors_or_the_new(
    own_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.moving.GROUP", 2)
    answers: list[tuple[Found, int]] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            answers.append((dense(index), len(index.search(QUESTION, 5))))

    def wait(step: Progress) -> None:
        asked = len(answers)
        while len(answers) <= asked and threads[0].is_alive():
            time.sleep(0.001)

    with Index(own_library) as index:
        expected = [dense(index)]
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for encoder in (WordEncoder(), WordEncoder("other words"), MiniLM()):
            index.reindex(encoder, wait)
            expected.append(dense(index))
        wait(Progress("", 0, 0, "", 0))
        over.set()
        for thread in threads:
            thread.join()
    assert expected[0] == expected[3] != expected[1] == expected[2]
    assert all(found in expected and whole == 5 for found, whole in answers)
    assert {len(found) for found, _ in answers} == {len(expected[0])}
    assert len({tuple(found) for found, _ in answers}) == 2


def test_another_process_is_answered_until_the_switch_and_then_told(
    index: Index,
    tmp_path: Path,
    other: Callable[[], Other],  # noqa: F811  the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("index.moving.GROUP", 2)
    index.add(keepers(tmp_path / "docs", range(6)))
    there = other()
    answers: list[Any] = [there.ask("search", "granite")]
    index.reindex(WordEncoder(), lambda step: answers.append(there.ask("search", "granite")))
    assert len(answers) == 4
    assert all(sorted(answer) == sorted(answers[0]) for answer in answers)
    assert len(answers[0]) == 6
    for method, argument in (("search", "granite"), ("add", tmp_path / "docs"), ("text", str(tmp_path / "docs/1.txt"))):
        assert there.ask(method, argument).startswith("EncoderMismatch: this library has the encoder words"), method
    index.reindex(MiniLM())
    assert sorted(there.ask("search", "granite")) == sorted(answers[0])


def test_what_others_add_change_and_remove_meanwhile_is_in_the_moved_library(
    index: Index,
    tmp_path: Path,
    other: Callable[[], Other],  # noqa: F811  the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("index.moving.GROUP", 1)
    folder = keepers(tmp_path / "docs", range(6))
    index.add(folder)
    there = other()

    def change(step: Progress) -> None:
        done.append(step)
        if len(done) == 3:  # when half of the passages were copied
            (folder / "0.txt").unlink()
            (folder / "5.txt").unlink()
            keepers(folder, [1, 4], 1950)
            keepers(folder, [7])
            assert there.ask("add", folder) == 3

    done: list[Progress] = []
    index.reindex(WordEncoder(), change)
    assert [step.file for step in done[:6]] == [1, 2, 3, 4, 5, 6][: len(done[:6])]
    assert {Path(source).name for source in texts(index)} == {"1.txt", "2.txt", "3.txt", "4.txt", "7.txt"}
    assert "1950" in index.text(str(folder / "1.txt"))
    assert dense(index, "granite tower") == built(tmp_path / "fresh", folder)
    assert list(collections(tmp_path / "library").values()) == [5]


def test_a_second_move_at_the_same_time_is_told_who_is_at_it(index: Index, tmp_path: Path) -> None:
    index.add(keepers(tmp_path / "docs", [1]))

    def move_too(step: Progress) -> None:
        with Index(tmp_path / "library") as second, pytest.raises(LibraryBusy):
            second.reindex(WordEncoder("other"))
        seen.append(step)

    seen: list[Progress] = []
    index.reindex(WordEncoder(), move_too)
    assert seen


def test_a_move_that_another_one_took_over_changes_nothing(index: Index, tmp_path: Path) -> None:
    """One that stood still for so long that its turn went to another, which deleted the shelf it had filled."""
    index.add(keepers(tmp_path / "docs", [1]))
    encoders = Encoders.of(WordEncoder())
    with Index(tmp_path / "library") as there:
        shelf, _ = index._store.begin_move(encoders)
        there._store.begin_move(Encoders.of(WordEncoder("other words")))
        with pytest.raises(LibraryMoved):
            index._store.switch(shelf, encoders)
        assert dense(there, "granite tower") == dense(index, "granite tower") != []


def test_threads_add_and_remove_while_the_library_moves(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.moving.GROUP", 1)
    folder = keepers(tmp_path / "docs", range(4))
    index.add(folder)

    def write(number: int) -> None:
        index.add([keepers(folder, [number]) / f"{number}.txt"])
        (folder / f"{number - 10}.txt").unlink()
        index.remove([folder / f"{number - 10}.txt"])

    with ThreadPoolExecutor(2) as pool:
        written = [pool.submit(write, number) for number in range(10, 14)]
        index.reindex(WordEncoder())
        for each in written:
            each.result()
    assert {Path(source).name for source in texts(index)} == {"10.txt", "11.txt", "12.txt", "13.txt"}
    assert dense(index, "granite tower") == built(tmp_path / "fresh", folder)


# What goes wrong


class Stopping(WordEncoder):
    """An encoder that stops for good after some texts."""

    left = 5

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.left -= len(texts)
        if self.left < 0:
            raise EncoderError("the server is gone: start it")
        return super().embed(texts, progress)


def test_a_move_that_was_stopped_goes_on_where_it_was(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.moving.GROUP", 2)
    folder = keepers(tmp_path / "docs", range(9))
    index.add(folder)
    before = dense(index, "granite tower")
    stopping = Stopping()
    with pytest.raises(EncoderError, match="is gone"):
        index.reindex(stopping)
    assert dense(index, "granite tower") == before
    keepers(folder, [0], 1950)  # one of those that were copied; added again and again it keeps its id
    index.add(folder)
    with Index(tmp_path / "library", encoder=WordEncoder(), moving=True) as again:
        assert again.reindex() == 9 - stopping.embedded + 1
        assert dense(again, "granite tower") == built(tmp_path / "fresh", folder)
    assert list(collections(tmp_path / "library").values()) == [9]


def test_a_move_that_was_stopped_can_be_given_up(index: Index, tmp_path: Path) -> None:
    index.add(keepers(tmp_path / "docs", [1, 2]))
    stopping = Stopping()
    stopping.left = 0
    with pytest.raises(EncoderError):
        index.reindex(stopping)
    assert index.reindex(MiniLM()) == 0
    index.close()
    assert list(collections(tmp_path / "library")) == ["citewise-passages"]


class Lying(WordEncoder):
    """An encoder whose vectors are spoilt, once it is told how."""

    spoil: Callable[[Vectors], Vectors] = staticmethod(lambda vectors: vectors)

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        return self.spoil(super().embed(texts, progress))


LIES: dict[str, tuple[Callable[[Vectors], Vectors], str]] = {
    "too few": (lambda v: v[1:], "gave 0 vectors for 1 texts"),
    "too many": (lambda v: np.concatenate([v, v]), "gave 2 vectors for 1 texts"),
    "no rows": (lambda v: v[0], "gave no vectors for 1 texts"),
    "no number": (lambda v: v * np.float32("nan"), "zeros or of no numbers"),
    "infinite": (lambda v: v + np.float32("inf"), "zeros or of no numbers"),
    "zeros": (lambda v: v * 0, "zeros or of no numbers"),
    "shorter": (lambda v: v[:, :50], r"vectors of 50 numbers where this library has 96: .*citewise reindex"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_encoder_that_lies_loses_nothing(tmp_path: Path, lie: str) -> None:
    encoder: Encoder = Lying()
    spoil, told = LIES[lie]
    with Index(tmp_path / "library", encoder=encoder) as index:
        folder = keepers(tmp_path / "docs", [1])
        index.add(folder)
        before = dense(index, "granite tower"), texts(index)
        keepers(folder, [1], 1950)
        encoder.spoil = spoil  # type: ignore[attr-defined]  # made for it
        for _ in range(2):
            with pytest.raises((EncoderError, EncoderMismatch), match=told):
                index.add(folder)
            assert (dense(index, "granite tower"), texts(index)) == before
            assert not index._store.is_interrupted()
            assert index._store.view.shelf.count() == 1
        encoder.spoil = lambda vectors: vectors  # type: ignore[attr-defined]  # made for it
        assert len(index.add(folder).documents) == 1
        assert "1950" in index.text(str(folder / "1.txt"))


def test_passages_that_are_missing_are_an_error_and_not_an_empty_library(own_library: Path) -> None:
    with Index(own_library) as index:
        index.reindex(WordEncoder())
    client = chromadb.PersistentClient(str(own_library / "chroma"), chromadb.Settings(anonymized_telemetry=False))
    for name in collections(own_library):
        client.delete_collection(name)
    client.close()
    with pytest.raises(LibraryError, match="are missing: restore it"):
        Index(own_library, encoder=WordEncoder())


# A Chroma server


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[str]:
    """The address of a running Chroma server."""
    with chroma_server(tmp_path / "served") as url:
        yield url


def test_a_library_on_a_chroma_server_moves_under_the_eyes_of_another_machine(
    chroma: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.moving.GROUP", 2)
    folder = keepers(tmp_path / "docs", range(4))
    answers: list[Found] = []
    with Index(tmp_path / "here", chroma) as here, Index(tmp_path / "there", chroma) as there:
        here.add(folder)
        before = dense(here, "granite tower")
        here.reindex(WordEncoder(), lambda step: answers.append(dense(there, "granite tower")))
        expected = built(tmp_path / "fresh", folder)
        assert dense(here, "granite tower") == expected
        with pytest.raises(EncoderMismatch, match="has the encoder words"):
            there.search("granite")
        with Index(tmp_path / "third", chroma, WordEncoder()) as third:
            assert dense(third, "granite tower") == expected
            assert len(third.search("granite", 10)) == 4
            third.add(keepers(folder, [9]))
            assert len(dense(here, "granite tower")) == 5
    assert len(answers) == 2
    assert all(answer == before for answer in answers)
