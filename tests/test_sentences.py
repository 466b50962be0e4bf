"""Where sentences and paragraphs end, in any script, and that no cut tears a character apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.sentences import MAX_SENTENCE, paragraphs, sentences

MANY = settings(max_examples=150, deadline=None)

# Each of these is one character to a reader, and several to Python.
CHARACTERS = [
    "e\u0301",  # é as two
    "a\u0323\u0308\u0301",  # a stack of marks
    "👨‍👩‍👧‍👦",  # joined by ZWJ
    "👍🏽",  # with a skin tone
    "🇩🇪",  # a flag: two letters
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England's flag, with tags
    "1\ufe0f\u20e3",  # a keycap
    "❤\ufe0f",
    "क्षि",  # a conjunct with its vowel sign
    "\u1112\u1161\u11ab",  # 한 in jamo
    "กี่",
]
PIECES = [
    *CHARACTERS,
    *("Dr. Smith left. ", "See p. 4, e.g. this. ", "U.S. ", "the same line\n", "1. ", "- ", "3.14", "...", "?!"),
    *("你好世界", "。", "終わり！", "مرحبا ", "؟ ", "है। ", "\u200f", "\r\n", "\t", "\n\n", " ", "\u00a0", "\u2028"),
    *("“No.” ", "(a) ", "word ", "x" * 700, "\ufffd", "\x1f", "\u3000"),
]
HOSTILE = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(max_size=12), st.tuples(st.sampled_from(PIECES), st.integers(2, 400))),
    max_size=25,
).map(lambda parts: "".join(p if isinstance(p, str) else p[0] * p[1] for p in parts))


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def lines(text: str) -> list[str]:
    return [text[start:end] for start, end in paragraphs(text)]


def outside(text: str, spans: list[tuple[int, int]]) -> str:
    """Return what lies between spans, which must be in order and not overlap."""
    left, at = "", 0
    for start, end in spans:
        assert at <= start < end
        left, at = left + text[at:start], end
    return left + text[at:]


@MANY
@given(HOSTILE)
def test_sentences_hold_all_that_is_not_white_space_and_none_is_too_long(text: str) -> None:
    spans = sentences(text)
    assert not outside(text, spans).strip()
    for start, end in spans:
        assert end - start <= MAX_SENTENCE
        assert text[start:end] == text[start:end].strip()


@MANY
@given(HOSTILE)
def test_paragraphs_hold_all_that_is_not_white_space(text: str) -> None:
    spans = paragraphs(text)
    assert not outside(text, spans).strip()
    assert all("\n\n" not in text[start:end] for start, end in spans)


@MANY
@given(HOSTILE, st.integers(0, 50), st.integers(0, 50))
def test_paragraphs_of_a_part_stay_in_it(text: str, skipped: int, dropped: int) -> None:
    start, end = skipped, max(skipped, len(text) - dropped)
    spans = paragraphs(text, start, end)
    assert all(start <= a < b <= end for a, b in spans)
    assert not outside(text[start:end], [(a - start, b - start) for a, b in spans]).strip()


@MANY
@given(st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=6), st.sampled_from(["", "x", "xy", "ab c"]))
def test_a_run_without_an_end_is_cut_between_characters_only(cycle: list[str], opening: str) -> None:
    run = cycle * (3 * MAX_SENTENCE // len("".join(cycle)))
    text, edges = opening, set(range(len(opening) + 1))
    for character in run:
        text += character
        edges.add(len(text))
    spans = sentences(text)
    assert len(spans) >= 3
    assert {offset for span in spans for offset in span} <= edges


def test_a_long_run_is_cut_at_white_space_where_there_is_some() -> None:
    text = "seven words of the same long line " * 6_000
    assert all(part[0] != " " and text.count(part.split()[-1]) >= 6_000 for part in split(text))


@pytest.mark.parametrize(
    "text",
    [
        "The U.S. Army landed at dawn|.",
        "Troops of the U.S. left in 2011|. They came back.",
        "It was made in the U.S.| They sold it abroad.",
        "Dr. Ada Holm met Mr. J. R. Smith and Prof. Lee|. Nobody else came.",
        "Take a fruit, e.g. an apple, i.e. something sweet|. Then wait.",
        "See No. 5 and Fig. 3 on p. 12|. It helps.",
        "He said no.| The talks ended.",
        "Pi is 3.14159, not 3.15|. It never ends.",
        "It cost $1.50 in Jan. 1990|. Now it costs more.",
        "What is it?| Nobody knows!| Really…| Yes.",
        "“It is over.”| She left (at last).| He stayed.",
        "The tower was built in 1874.[3]| It stands.",
        "Version 2.0.1 of node.js is out|. Get it.",
        "Acme Inc. and Bolt Co. Ltd. merged|. It was quick.",
        "Vitamin C.| The dose is small.",
        "1. Open the box|. 2 screws are inside.",
        "Wait... what?| Yes.",
        "这是第一句。|这是第二句！|真的吗？|是。",
        "これは一つ目です。|「二つ目です。」|終わり",
        "هل وصل القطار؟| نعم وصل.| ثم غادر.",
        "राम घर गया।| सीता भी गई।| क्यों?| पता नहीं।",
        "یہ پہلا جملہ ہے۔| یہ دوسرا ہے۔",
        "Das war z.B. Zufall|. Es kostet ca. 5 Euro|. Gut.",
        "Это первое.| Это второе!",
        "El Sr. Ruiz llegó.| ¿Quién?| ¡Nadie!",
    ],
)
def test_a_sentence_ends_where_a_reader_would_end_it(text: str) -> None:
    parts = text.replace("|.", ".|").split("|")
    expected = [part.strip() for part in parts if part.strip()]
    assert split("".join(parts)) == expected


def test_wrapped_lines_are_one_paragraph() -> None:
    text = (
        "The harbour was built between 1820 and 1826 by convicts who had been brought\n"
        "from the capital, and it was paid for with a tax on salt that nobody had asked\n"
        "the fishermen about.\n"
    )
    assert lines(text) == [text.strip()]


def test_lines_of_very_different_lengths_are_paragraphs_of_their_own() -> None:
    text = "A Deadly Storm\n" + "The storm came in the night. " * 12 + "\nThe Path Ahead\n" + "Nobody knows. " * 20
    assert len(lines(text)) == 4


def test_a_blank_line_always_parts_paragraphs() -> None:
    text = "a line that is wrapped at about fifty characters\n\nand goes on in lower case after a blank line here"
    assert len(lines(text)) == 2


def test_bullets_and_numbers_begin_paragraphs_of_their_own() -> None:
    items = [f"{mark} the item number {n} is about as long as a wrapped line" for n, mark in enumerate("-*•–—")]
    items += [f"{n}. the item number {n} is about as long as a wrapped line" for n in (1, 12)]
    items += ["(a) the item of a letter is about as long as a wrapped line"]
    assert lines("\n".join(items)) == items


def test_a_sentence_goes_on_over_a_wrapped_line() -> None:
    text = "The keeper lit the lamp every evening at six o'clock and\nput it out at dawn. He was paid for it in\ncoal."
    (paragraph,) = lines(text)
    assert split(paragraph)[0] == "The keeper lit the lamp every evening at six o'clock and\nput it out at dawn."


def test_windows_line_ends_do_not_change_the_paragraphs() -> None:
    text = "First line here.\n\nSecond one, which is a good deal longer than the first.\nThird."
    assert lines(text.replace("\n", "\r\n")) == lines(text)


def test_nothing_has_no_sentences() -> None:
    assert sentences("") == sentences(" \n\t\u3000") == paragraphs("") == paragraphs("\n \n") == []


def test_lines_with_labels_stand_for_themselves() -> None:
    text = "Dimensions (height x width): 85 x 60 cm\nWeight: 71 kg\nVoltage: 220 to 240 V, 50 Hz, single phase"
    assert [text[a:b] for a, b in paragraphs(text)] == text.splitlines()
