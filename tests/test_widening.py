"""Exact words keep their sense: with the "not" they stand under, the rest of their list, the whole of a cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.widening import is_numbering, whole_cell, with_date, with_enumeration, with_negation, without_next_number


def place(text: str, words: str) -> tuple[int, int]:
    return text.index(words), text.index(words) + len(words)


@pytest.mark.parametrize(
    ("question", "sentence", "read", "told"),
    [
        ("How should it be stored?", "Do not store above 25 °C.", "above 25 °C", "Do not store above 25 °C"),
        ("How many may I take?", "Do not take more than 3 a day.", "more than 3", "Do not take more than 3"),
        ("When must it be paid?", "It must be paid no later than 5 May.", "later than 5 May", "no later than 5 May"),
        ("Who may enter?", "Staff can't bring guests.", "guests", "can't bring guests"),
        ("What must not be stored?", "Do not store food here.", "food", "food"),  # the question says it
        ("Where did they go?", "Those who did not convert were expelled to Spain.", "Spain", "Spain"),
        ("Who won?", "It did not rain, and Anna won.", "Anna", "Anna"),
        ("Who won?", "It did not rain when Anna won.", "Anna", "Anna"),
        ("Where is it?", "It is in Leeds.", "Leeds", "Leeds"),
    ],
)
def test_words_are_told_with_the_negation_that_they_stand_under(
    question: str, sentence: str, read: str, told: str
) -> None:
    start, end = with_negation(question, sentence, place(sentence, read))
    assert sentence[start:end] == told


@pytest.mark.parametrize(
    ("sentence", "read", "told"),
    [
        ("It holds maize starch, talc (E553) and salt.", "maize starch", "maize starch, talc (E553) and salt"),
        ("They are Anna and Bill.", "Anna", "Anna and Bill"),
        ("They were $3,800 and $6,690, net.", "$3,800", "$3,800 and $6,690"),
        ("English (native), Yoruba (fluent), French", "English", "English (native), Yoruba (fluent), French"),
        ("Anna, who was late, left.", "Anna", "Anna"),
        ("Anna signed. Bill and Chidi did not.", "Anna", "Anna"),
    ],
)
def test_a_list_of_things_is_told_to_its_end(sentence: str, read: str, told: str) -> None:
    start, end = with_enumeration(sentence, place(sentence, read))
    assert sentence[start:end] == told


@pytest.mark.parametrize(
    ("sentence", "read", "told"),
    [
        ("It is on 4 June at 10:30.", "10:30", "4 June at 10:30"),
        ("At 7 p.m., 4 June, it began.", "7 p.m.", "7 p.m., 4 June"),
        ("We left on 4 June. The train goes at 10:30.", "10:30", "10:30"),
        ("On 4 June at Anna's.", "Anna", "Anna"),
    ],
)
def test_a_time_of_day_is_told_with_its_date(sentence: str, read: str, told: str) -> None:
    start, end = with_date(sentence, place(sentence, read), place(sentence, "4 June"))
    assert sentence[start:end] == told


@pytest.mark.parametrize(
    ("read", "told"),
    [("1150.00", "-1150.00"), ("Rent", "Rent May"), ("Amount", "Amount"), ("2024", "2024-05-02"), ("70", "3970.40")],
)
def test_of_a_row_the_whole_value_is_told(read: str, told: str) -> None:
    row = "Date: 2024-05-02; Description: Rent May; Amount: -1150.00; Balance: 3970.40"
    at = row.rindex(read) if read == "70" else row.index(read)
    start, end = whole_cell(row, (at, at + len(read)))
    assert row[start:end] == told


def test_a_number_that_opens_the_next_thing_is_left_out() -> None:
    text = "Nine of them were radar sites, five were depots."
    assert without_next_number(text, (0, text.index(" were dep"))) == (0, text.index(","))
    assert without_next_number("$510 million, and more", (0, 12)) == (0, 12)
    assert without_next_number("1,200 mg", (0, 5)) == (0, 5)
    assert without_next_number("About forty", (0, 11)) == (0, 11)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("3.1 The salary is paid.", "3.1", True),
        ("2. Term and probation", "2", True),
        ("2. Term and probation", "Term", False),
        ("12 people came.", "12", False),
        ("3.5 million people came.", "3.5", False),
        ("(a) The receipt", "(a)", True),
        ("In 1902 it was lit.", "1902", False),
    ],
)
def test_the_number_of_a_clause_is_known(text: str, words: str, expected: bool) -> None:
    assert is_numbering(text, place(text, words)) is expected


@given(st.text(max_size=120), st.integers(0, 120), st.integers(0, 120))
def test_what_is_widened_holds_what_was_read(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    for a, b in (
        with_negation("What is it?", text, (start, end)),
        with_enumeration(text, (start, end)),
        whole_cell(text, (start, end)),
    ):
        assert 0 <= a <= start <= end <= b <= len(text)
    a, b = without_next_number(text, (start, end))
    assert (a, b) == (start, end) or (a == start and a < b < end)
