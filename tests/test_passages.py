"""Passages: exact offsets, whole sentences, and no page, heading or row torn, whatever the text is like."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.minilm import MiniLM
from index.passages import MAX_TOKENS, ROW_LIMIT, header, split
from index.readers_blocks import Blocks
from index.types import Extracted, Passage

MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PARAGRAPH = "The lamp of the lighthouse was lit with whale oil until 1902, and then with petroleum. "
PIECES = [
    *(
        "Dr. Holm built it in 1874. ",
        "the same boilerplate line\n",
        "no punctuation at all ",
        "你好世界。",
        "长句没有结尾",
    ),
    *(
        "كان البرج عاليا. ",
        "👨‍👩‍👧‍👦",
        "e\u0301",
        "\r\n",
        "\t",
        "\n\n",
        " ",
        "\u00a0",
        "- item\n",
        "1. ",
        "x" * 600,
        "?! ",
    ),
]
HOSTILE = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(max_size=15), st.tuples(st.sampled_from(PIECES), st.integers(2, 300))),
    max_size=15,
).map(lambda parts: "".join(p if isinstance(p, str) else p[0] * p[1] for p in parts))
BLOCKS = st.lists(
    st.one_of(
        st.tuples(st.just("heading"), st.sampled_from(["Overview", "2. Methods", "结果", "A " + "long " * 30, "Ende"])),
        st.tuples(
            st.just("row"), st.sampled_from(["Year: 1874; Height: 41. m. Tall.", "k: v", "word. " * 500, "y" * 900])
        ),
        st.tuples(st.just("paragraph"), HOSTILE),
        st.tuples(st.just("item"), HOSTILE),
        st.tuples(st.just("page"), st.just("")),
    ),
    max_size=20,
)


def built(blocks: list[tuple[str, str]]) -> Extracted:
    """Gather blocks as the readers do; where there are pages, the first begins the document."""
    document = Blocks()
    if ("page", "") in blocks:
        document.page()
    for kind, text in blocks:
        document.page() if kind == "page" else getattr(document, kind)(text)
    return document.extracted("Title")


def passages_of(extracted: Extracted) -> list[Passage]:
    return split(extracted, "notes.txt", "0123456789abcdef.0123456789ab")


def of_text(text: str) -> list[Passage]:
    return passages_of(Extracted("Title", text))


def check(extracted: Extracted) -> list[Passage]:
    """Check what holds for every document, and return its passages."""
    text, passages, at = extracted.text, passages_of(extracted), 0
    for number, passage in enumerate(passages):
        assert passage.text == text[passage.start : passage.end]
        assert at <= passage.start < passage.end
        assert not text[at : passage.start].strip(), "something was left out"
        assert passage.id.endswith(f".{number:06d}")
        inside = 0
        for start, end in passage.sentences:
            assert inside <= start < end <= len(passage.text)
            assert not passage.text[inside:start].strip(), "something between sentences"
            inside = end
        assert inside == len(passage.text)
        at = passage.end
    assert not text[at:].strip(), "something was left out at the end"
    return passages


@MANY
@given(HOSTILE)
def test_passages_of_hostile_text_are_exact_in_order_and_leave_nothing_out(text: str) -> None:
    check(Extracted("Title", text))


@MANY
@given(BLOCKS)
def test_passages_of_any_document_tear_no_row_and_cross_no_page(blocks: list[tuple[str, str]]) -> None:
    extracted = built(blocks)
    passages = check(extracted)
    names = {" ".join(extracted.text[a:b].split()) for a, b in extracted.headings}
    for passage in passages:
        assert not any(passage.start < page < passage.end for page in extracted.pages)
        before = sum(page <= passage.start for page in extracted.pages)
        assert passage.page == (max(1, before) if extracted.pages else None)
        if names:
            assert passage.heading in names | {""}
    sentences = {(p.start + a, p.start + b) for p in passages for a, b in p.sentences}
    for row in extracted.rows:
        if row[1] - row[0] <= ROW_LIMIT:
            assert row in sentences


@pytest.mark.parametrize(
    "text",
    [
        "Confidential. Do not copy.\n" * 2_000,
        "word " * 40_000,
        "x" * 200_000,
        "这是一个没有空格的长句子" * 5_000,
        "👨‍👩‍👧‍👦" * 10_000,
        "A short sentence. " * 11_000,
        "كلمة " * 40_000,
        "a\r\n" * 30_000,
    ],
    ids=["boilerplate", "words", "letters", "chinese", "emoji", "sentences", "arabic", "lines"],
)
def test_a_very_long_text_is_split_exactly_and_soon(text: str) -> None:
    began = time.perf_counter()
    passages = check(Extracted("Title", text))
    assert len(passages) >= 10
    assert max(len(passage.text) for passage in passages) <= 5_000
    assert time.perf_counter() - began < 10


def test_a_heading_before_a_row_of_any_length_is_kept() -> None:
    row = "name: " + "word " * 500
    passages = check(built([("heading", "Sheet one"), ("row", row), ("row", "k: v")]))
    assert passages[0].text.startswith("Sheet one")
    assert {passage.heading for passage in passages} == {"Sheet one"}


def test_a_long_paragraph_is_divided_between_sentences_into_parts_that_fit() -> None:
    passages = of_text(PARAGRAPH * 60)
    tokens = MiniLM().count_tokens([passage.text for passage in passages])
    assert len(passages) > 2
    assert max(tokens) <= MAX_TOKENS
    assert min(tokens) > MAX_TOKENS / 3
    assert all(passage.text.startswith("The lamp") and passage.text.endswith(".") for passage in passages)


def test_paragraphs_that_can_stand_alone_do_and_short_ones_join() -> None:
    whole = PARAGRAPH * 5
    assert len(of_text(f"{whole}\n\n{whole}\n\n{whole}")) == 3
    assert len(of_text("It is short.\n\nSo is this.\n\nAnd this one.")) == 1


def test_every_passage_stands_under_its_own_heading() -> None:
    blocks = [
        ("paragraph", PARAGRAPH * 4),
        ("heading", "Storms"),
        ("paragraph", PARAGRAPH * 4),
        ("paragraph", PARAGRAPH * 4),
        ("heading", "Keepers"),
        ("heading", "The first keeper"),
        ("paragraph", PARAGRAPH * 6),
    ]
    passages = check(built(blocks))
    assert [passage.heading for passage in passages][:3] == ["", "Storms", "Storms"]
    assert {passage.heading for passage in passages[3:]} == {"The first keeper"}
    assert passages[1].text.startswith("Storms\n")
    assert passages[3].text.startswith("Keepers\n\nThe first keeper\n")


def test_headings_of_plain_text_are_seen_by_their_shape() -> None:
    passages = of_text(f"{PARAGRAPH * 4}\nA Strategic Operation\n{PARAGRAPH * 4}\n{PARAGRAPH * 4}")
    assert [passage.heading for passage in passages] == ["", "A Strategic Operation", "A Strategic Operation"]


def test_lines_are_known_as_wrapped_by_the_whole_text() -> None:
    clause = "7.1 All of the inventions that are made in the course of work belong to the\nCompany."
    text = f"6. Secrets\n{PARAGRAPH.strip()}\n{PARAGRAPH.strip()}\n\n7. Inventions\n{clause}\n\n8. Law\n{PARAGRAPH}"
    passage = next(p for p in split(Extracted("", text), "a.txt", "k.v") if p.heading == "7. Inventions")
    assert [passage.text[a:b] for a, b in passage.sentences] == ["7. Inventions", clause]


def test_the_last_line_of_a_list_is_no_heading() -> None:
    hours = "Opening hours:\nMonday to Thursday 11:30 to 14:00\nFriday 11:30 to 13:00\nSaturday closed"
    after = "\n\nGuests pay eight euros for a meal, and children half of that."
    assert {passage.heading for passage in split(Extracted("", hours + after), "a.txt", "k.v")} == {""}
    assert {passage.heading for passage in split(Extracted("", "Opening hours" + after), "a.txt", "k.v")} != {""}


CLAUSES = """EMPLOYMENT AGREEMENT

1. Position
1.1 The employee is engaged as an engineer and reports to the head of engineering.
1.2 The place of work is Leeds.

2. Pay
2.1 The annual salary is 62,000 pounds, paid on the last day of each month.

3 Holidays
The employee is entitled to 28 days of paid holiday in each calendar year.
"""
RECIPE = """Apple Cake

Ingredients
200 g butter
180 g sugar

Method
Beat butter and sugar until creamy, then add the eggs one at a time.
"""


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        (CLAUSES, ["", "1. Position", "2. Pay", "3 Holidays"]),
        (RECIPE, ["", "Ingredients", "Method"]),
        ("Buy:\n\n1. Apples\n2. Pears\n3. Lemons\n\nCut all of the fruit into pieces of about a centimetre.", [""]),
        ("1. Apples\n\n2. Pears\n\n3. Lemons\n\nCut all of the fruit into pieces of about a centimetre.", [""]),
        ("1. The tenant pays the rent of this flat\nand the heating, by standing order, to the landlord.", [""]),
        ("By Ingrid Moen\n12 October 2023\n\nA ferry with 214 people on board ran aground on Wednesday.", [""]),
    ],
)
def test_numbered_titles_are_headings_of_plain_text_and_lists_are_not(text: str, headings: list[str]) -> None:
    found = split(Extracted("", text), "a.txt", "k.v")
    assert list(dict.fromkeys(passage.heading for passage in found)) == headings


def test_a_page_ends_a_passage_however_short_it_is() -> None:
    passages = check(built([("paragraph", "One."), ("page", ""), ("page", ""), ("paragraph", "Three.")]))
    assert [(passage.page, passage.text) for passage in passages] == [(1, "One."), (3, "Three.")]


def test_what_is_embedded_carries_title_and_heading_and_what_is_quoted_does_not() -> None:
    first, second = passages_of(
        built([("heading", "Storms"), ("paragraph", PARAGRAPH * 5), ("paragraph", PARAGRAPH * 5)])
    )
    assert header(second) == "Title\nStorms"
    assert "Storms" not in second.text
    assert "Title" not in second.text
    assert header(first) == "Title"  # its text begins with the heading already


def test_a_document_of_white_space_has_no_passages() -> None:
    assert of_text("") == of_text(" \n\n\t\r\n") == []
