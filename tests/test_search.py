"""Search: what it finds, in which documents, for which questions, and as a llama-index retriever."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.schema import QueryBundle

from index.index import Index
from index.retriever import PassageRetriever
from index.types import SearchResult

TEXTS = {
    "garden.txt": "The roses were planted on 3 May 2019 by Maria Lindqvist. They are watered every evening in summer.",
    "tower.md": "# The tower\n\nThe lighthouse was built of granite in 1874 and stands 41 metres above the sea.",
    "café.txt": "Das Café in der Straße öffnet um sieben Uhr. Die Häuser daneben sind aus Holz.",
    "東京.txt": "東京タワーは1958年に完成した。高さは333メートルである。京都には古い寺が多い。",
    "москва.txt": "Книги стоят в большой библиотеке. Ёлка стоит во дворе.",
    "bread.txt": "Knead the dough for ten minutes, let it rise and bake it at 230 degrees for half an hour.",
    "thai.txt": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "hindi.txt": "राम हर दिन विद्यालय जाता है। वह हिंदी पढ़ता है।",
}
PADDING = "Nothing in this line is about anything that anybody would ask for. "


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index with a few subjects and languages; tests only read it."""
    folder = tmp_path_factory.mktemp("subjects")
    for name, text in TEXTS.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "padding.txt").write_text("\n\n".join(PADDING * n for n in range(5, 20)), "utf-8")
    opened = Index(tmp_path_factory.mktemp("small") / "library")
    assert not opened.add(folder).failed
    return opened


def name(result: SearchResult) -> str:
    return Path(result.passage.source).name


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When were the roses planted?", "garden.txt"),
        ("How tall is the lighthouse?", "tower.md"),
        ("Which flowers did somebody put into the earth?", "garden.txt"),  # no word in common but small ones
        ("How do I make a loaf?", "bread.txt"),
        ("wann offnet das cafe", "café.txt"),
        ("Haus", "café.txt"),
        ("東京タワーの高さは？", "東京.txt"),
        ("書かれた寺", "東京.txt"),
        ("книга", "москва.txt"),
        ("елки", "москва.txt"),
        ("เมืองหลวง", "thai.txt"),
        ("विद्यालय कौन जाता है?", "hindi.txt"),
        ("LIGHTHOUSE GRANITE", "tower.md"),
    ],
)
def test_the_passage_that_answers_comes_first(small: Index, question: str, expected: str) -> None:
    assert name(small.search(question)[0]) == expected


def test_results_are_distinct_and_best_first_in_every_search(small: Index) -> None:
    for search in (small.search, small.search_dense, small.search_keywords):
        results = search("the lighthouse of granite in this line", k=15)
        assert len(results) == len({r.passage.id for r in results}) > 3
        scores = [result.score for result in results]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("k", [0, 1, 3, 10, 10_000])
def test_at_most_k_results_and_the_first_of_more(small: Index, k: int) -> None:
    everything = small.search("roses", k=10_000)
    assert len(everything) == sum(document.passages for document in small.documents())
    assert small.search("roses", k=k) == everything[:k]


def test_search_looks_only_into_the_sources_given(small: Index) -> None:
    sources = {Path(document.source).name: document.source for document in small.documents()}
    some = [sources["bread.txt"], sources["thai.txt"]]
    for search in (small.search, small.search_dense, small.search_keywords):
        found = {name(result) for result in search("roses and dough", sources=some)}
        assert found <= {"bread.txt", "thai.txt"}
        assert "bread.txt" in found
        assert search("roses and dough", sources=[]) == []


def test_a_source_may_be_given_as_a_relative_path(small: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    source = next(d.source for d in small.documents() if d.source.endswith("bread.txt"))
    monkeypatch.chdir(Path(source).parent)
    assert {name(result) for result in small.search("roses", sources=["bread.txt"])} == {"bread.txt"}


def test_an_empty_library_finds_nothing(index: Index) -> None:
    assert index.documents() == []
    for search in (index.search, index.search_dense, index.search_keywords):
        assert search("anything") == search("") == []


@pytest.mark.parametrize(
    "question",
    [
        *("", " ", "\n\t\u3000", "?", "...", "a", "the", "\0", "\ud800", "\u200d", "\u202e", "👨‍👩‍👧", "e\u0301"),
        *('"', "roses AND (", "title:roses^2", "*", "~", "[1 TO 2]", "-roses", "'; DROP TABLE passages; --", "{}$in"),
        *("x" * 50_000, "rose " * 5_000, " ".join(f"w{n}" for n in range(5_000)), "薔薇" * 5_000),
    ],
    ids=lambda question: ascii(question[:12]),
)
def test_a_strange_question_is_a_question_like_any_other(small: Index, question: str) -> None:
    for search in (small.search, small.search_dense, small.search_keywords):
        assert len(search(question)) <= 10
    assert small.search(question) == small.search(question)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), max_size=60))
def test_no_question_raises(small: Index, question: str) -> None:
    assert all(result.passage.text for result in small.search(question))


def test_a_blank_question_finds_nothing(small: Index) -> None:
    for search in (small.search, small.search_dense, small.search_keywords):
        assert search(" \n") == []


def test_an_index_is_a_llama_index_retriever(small: Index) -> None:
    (first, *rest) = PassageRetriever(small, k=4).retrieve("When were the roses planted?")
    expected = small.search("When were the roses planted?", k=4)
    assert len(rest) == 3
    assert (first.node_id, first.text, first.score) == (
        expected[0].passage.id,
        TEXTS["garden.txt"],
        expected[0].score,
    )
    assert first.metadata["source"].endswith("garden.txt")
    assert first.metadata["title"] == "garden"
    assert (first.node.start_char_idx, first.node.end_char_idx) == (0, len(TEXTS["garden.txt"]))


def test_the_retriever_keeps_to_its_sources_and_gives_headings(small: Index) -> None:
    source = next(d.source for d in small.documents() if d.source.endswith("tower.md"))
    (only,) = PassageRetriever(small, sources=[source]).retrieve(QueryBundle("roses"))
    assert only.metadata == {"source": source, "title": "The tower", "page": None, "heading": "The tower"}


@pytest.mark.parametrize("question", ["東京の寺と高さ", "книги и ёлка во дворе", "राम हर दिन"])
def test_in_a_script_that_the_encoder_does_not_know_the_keywords_decide(small: Index, question: str) -> None:
    by_words = [result.passage.id for result in small.search_keywords(question, 5)]
    assert by_words
    assert [result.passage.id for result in small.search(question, 5)][: len(by_words)] == by_words
