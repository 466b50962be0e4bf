"""A list is found around each of its items and after what announces it, and is quoted whole where that is asked for."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.passages import split
from index.questions import asks_for_several
from index.types import Extracted, Passage
from qa import Answer, Chatbot, Settings
from qa.extract import MAY_NOT_ANSWER, answer_by_quotes
from qa.lists import MOST_CHARACTERS, announces, list_around, with_what_follows
from qa.reader import Reading
from qa.reading import Found

CHARTER = """# Audit Committee Charter

The committee meets four times a year and reports to the board of Halden Freight.

## Members

The members of the audit committee are:

- Ingrid Sollie (chair)
- Peter Okafor
- Marta Lindqvist

## Duties

The committee shall:

1. review the annual accounts,
2. appoint the external auditor. It changes every seven years,
3. approve dealings with relatives above 50,000 euros.

Its minutes are kept for ten years.

Before an expense is paid, the following documents must be handed in:

* the original receipt
* the approval of the line manager

## Passwords

A password is reset in three steps:

1. Open the page Sign in and choose Forgotten.
2. Type the address that you signed up with.
3. Follow the link in the e-mail within an hour.
"""
STEPS = CHARTER[CHARTER.index("A password is") :].strip()
CANTEEN = """Opening hours of the canteen of Halden Freight:
Monday to Thursday 11:30 to 14:00
Friday 11:30 to 13:00
Saturday closed

Guests pay eight euros for a meal.
"""
REPORT = """# BALANCE SHEETS

(In millions)

Long-term debt of Halden Freight at the end of 2018: 41,990
"""
DEBT = "Long-term debt of Halden Freight at the end of 2018: 41,990"
LEASE = """COMMERCIAL LEASE AGREEMENT

3. Rent. The Tenant of 27 Quay Street shall pay a monthly rent of £2,850.

4. Termination. Either party may end this lease with six months' notice. The Landlord may do so at once if rent is late.

5. Pets. No animals are allowed on the premises, except guide dogs.

6. Insurance. The Landlord insures the building.
"""
CLAUSE = LEASE[LEASE.index("4. Term") : LEASE.index("\n\n5.")]
ROUTER = """<html><head><title>Router X200</title></head><body><h1>Router X200</h1>
<h2>How is the router set back?</h2><p>Hold the button for ten seconds until the light turns red. It restarts.</p>
<h2>What does a blinking orange light mean?</h2><p>The router has no connection. Check the cable.</p>
<h2>Does it get wet?</h2><p>Water damage is not covered.</p></body></html>"""
ORANGE = "What does a blinking orange light mean?\n\nThe router has no connection. Check the cable."
LEAFLET = """Dolorex, 400 mg tablets

2. Before you take Dolorex

Do not take Dolorex
- if you are allergic to ibuprofen
- if you are in the last 3 months of pregnancy

4. Possible side effects
Like all medicines, Dolorex can cause side effects.
Common: heartburn, nausea.
Rare: ringing in the ears.

5. How to store it
Keep out of the reach of children. Do not store above 25 °C.

6. Settings
The settings of the dispenser:

- volume: how loud it speaks. Default: 40.
- quiet_hours: when it keeps silent. Default: 22 to 6. Set it to 0 for never.
"""
MANUAL = """AQUAFIX 300 WASHER
User manual

TECHNICAL DATA
Capacity: 8 kg
Weight: 71 kg

WHAT THE DISPLAY SAYS
E02 No water. Open the tap and check the inlet filter.
E03 The water does not drain. Clean the pump filter.
Wool: for woollens that can be washed. Duration 45 min.
"""
CALL = """Weekly call, 14 March
Anna: Who approved the test rig of Heron?
Dolores: Erik did, in February.
Anna: OK. The website of Heron goes online on Friday.
"""
AVOID = LEAFLET[LEAFLET.index("Do not take") : LEAFLET.index("\n\n4.")]
EFFECTS = LEAFLET[LEAFLET.index("4. Poss") : LEAFLET.index("\n\n5.")]
MEMBERS = "The members of the audit committee are:\n\n- Ingrid Sollie (chair)\n- Peter Okafor\n- Marta Lindqvist"
MARKS = st.sampled_from(["- ", "* ", "• ", "– ", "1. ", "(a) ", "iv) "])
WORDS = st.from_regex(r"[a-z]{3,9}( [a-z]{3,9}){0,4}[,;]?", fullmatch=True)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    folder = tmp_path_factory.mktemp("lists")
    for name, text in {
        "charter.md": CHARTER,
        "canteen.txt": CANTEEN,
        "report.md": REPORT,
        "lease.txt": LEASE,
        "router.html": ROUTER,
        "leaflet.txt": LEAFLET,
        "call.txt": CALL,
        "manual.txt": MANUAL,
    }.items():
        (folder / name).write_text(text, "utf-8")
    with Chatbot.open(folder / "library", Settings()) as opened:
        assert not opened.add(sorted(folder.glob("*.*"))).failed
        yield opened


def quotes(bot: Chatbot, answer: Answer) -> list[str]:
    assert all(bot.index.text(c.source)[c.start : c.end] == c.quote for c in answer.citations)
    return [citation.quote for citation in answer.citations]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Who are the members of the audit committee?", MEMBERS),
        (
            "What are the duties of the committee?",
            "The committee shall:\n\n1. review the annual accounts,\n2. appoint the external auditor. It changes every"
            " seven years,\n3. approve dealings with relatives above 50,000 euros.",
        ),
        (
            "Which documents must be handed in before an expense is paid?",
            "Before an expense is paid, the following documents must be handed in:\n\n- the original receipt\n"
            "- the approval of the line manager",
        ),
        ("How do I reset my password?", STEPS),
        ("What does the orange light of the router mean?", ORANGE),
        ("How is a password reset?", STEPS),
        ("Who should not take Dolorex?", AVOID),
        ("Is Dolorex allowed in pregnancy?", AVOID),
        ("What are the side effects of Dolorex?", EFFECTS),
        (
            "How should Dolorex be stored?",
            "5. How to store it\nKeep out of the reach of children. Do not store above 25 °C.",
        ),
        ("Who approved the test rig of Heron?", CALL[CALL.index("Anna") : CALL.index("\nAnna: OK")]),
        (
            "What are the opening hours of the canteen?",
            CANTEEN[: CANTEEN.index("\n\n")],
        ),
    ],
)
def test_a_list_that_is_asked_for_is_quoted_whole(bot: Chatbot, question: str, first: str) -> None:
    answer = bot.ask(question)
    assert quotes(bot, answer)[0] == first
    assert answer.short is None
    assert not any(other in first for other in quotes(bot, answer)[1:]), "no item is quoted twice"


def test_one_item_is_quoted_where_one_is_asked_for(bot: Chatbot) -> None:
    answer = bot.ask("Who chairs the audit committee?")
    assert quotes(bot, answer)[0] == "- Ingrid Sollie (chair)"
    assert answer.short == "Ingrid Sollie"


def test_a_headline_and_a_unit_are_no_answer(bot: Chatbot) -> None:
    answer = bot.ask("Does the report have balance sheets, in millions?")
    assert quotes(bot, answer) == [DEBT]


def test_a_year_that_the_question_names_is_no_answer(bot: Chatbot) -> None:
    question = "What was the long-term debt of Halden Freight in FY2018?"
    evidence = bot.index.evidence(question)

    def read_as(words: str) -> str | None:
        """Return the exact words, where the reader points at these in every sentence."""
        readings = []
        for passage in (candidate.passage for candidate in evidence.candidates):
            spans = [(a, passage.text.find(words, a, b)) for a, b in passage.sentences]
            answers = tuple((at, at + len(words)) if at >= a else None for a, at in spans)
            readings.append(Reading(5.0, np.full(len(answers), 5.0, np.float32), answers))
        return answer_by_quotes(question, Found(evidence, tuple(readings))).short

    assert read_as("2018") is None
    assert read_as("41,990") == "41,990"
    assert read_as("at the end") == "at the end"
    assert read_as("Halden Freight") is None


def test_the_title_of_a_clause_is_no_answer(bot: Chatbot) -> None:
    for question in ("Are pets allowed on the premises?", "Who has the insurance of the building?"):
        assert not {"5. Pets.", "6. Insurance.", "4. Termination."} & set(quotes(bot, bot.ask(question)))


def test_an_answer_that_may_be_none_says_so(bot: Chatbot) -> None:
    assert bot.ask("Is smoking allowed on the premises?").note == MAY_NOT_ANSWER
    assert bot.ask("What is the colour of the building?").note == MAY_NOT_ANSWER
    assert bot.ask("How much is the monthly rent?").note is None


def test_of_what_is_so_or_not_a_word_or_two_are_no_answer(bot: Chatbot) -> None:
    answer = bot.ask("Is water damage covered?")
    assert quotes(bot, answer)[0] == "Water damage is not covered."
    assert answer.short is None


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("Who are the members of the audit committee?", True),
        ("What are the duties?", True),
        ("Which documents must be handed in?", True),
        ("What benefits do employees receive?", True),
        ("Which people were invited?", True),
        ("List the suppliers", True),
        ("Who is the chair of the committee?", False),
        ("What is the business of Halden?", False),
        ("Which bus goes to the harbour?", False),
        ("What was the basis of the decision?", False),
        ("How many members are there?", False),
        ("When was the status changed?", False),
    ],
)
def test_whether_several_things_are_asked_for(question: str, several: bool) -> None:
    assert asks_for_several(question) is several


def passage_of(text: str) -> Passage:
    passages = split(Extracted("", text), "a.txt", "key.version")
    assert len(passages) == 1
    return passages[0]


def around(passage: Passage, words: str) -> str | None:
    """Return the list around the sentence with these words."""
    span = next(span for span in passage.sentences if words in passage.text[slice(*span)])
    found = (with_what_follows if announces(passage, span) else list_around)(passage, span)
    return passage.text[slice(*found)] if found else None


@given(st.lists(st.tuples(MARKS, WORDS), min_size=2, max_size=6), st.booleans(), st.booleans())
def test_every_item_and_what_announces_it_tell_the_same_list(
    items: list[tuple[str, str]], announced: bool, apart: bool
) -> None:
    lines = [f"{mark}zq{number} {words}" for number, (mark, words) in enumerate(items)]
    listed = "\n".join(lines)
    whole = ("What follows was decided here:" + ("\n\n" if apart else "\n") if announced else "") + listed
    passage = passage_of(
        f"The board met in Oslo. It was cold there.\n\n{whole}\n\nThe meeting ended early. All went home."
    )
    for number in range(len(lines)):
        assert around(passage, f"zq{number}") == whole
    if announced:
        assert around(passage, "What follows") == whole
    assert around(passage, "It was cold") is None
    assert around(passage, "The meeting ended") is None


def test_a_list_without_an_end_is_cut(bot: Chatbot) -> None:
    text = "The rooms are:\n" + "\n".join(f"- room {n} in the east wing of the house" for n in range(12))
    found = around(passage_of(text), "The rooms")
    assert found
    assert found.startswith("The rooms are:\n- room 0")
    assert len(found) <= MOST_CHARACTERS


@pytest.mark.parametrize("text", ["Nothing follows this:", "Prose alone. And more of it.", "- a single item"])
def test_where_there_is_no_list_none_is_found(text: str) -> None:
    passage = passage_of(text)
    assert all(around(passage, passage.text[slice(*span)]) is None for span in passage.sentences)


@pytest.mark.parametrize(
    ("question", "quote", "short"),
    [
        (
            "When is the dispenser silent in quiet_hours?",
            "- quiet_hours: when it keeps silent. Default: 22 to 6. Set it to 0 for never.",
            None,
        ),
        ("What does E02 mean?", "E02 No water. Open the tap and check the inlet filter.", None),
        (
            "What should I do if the water does not drain?",
            "E03 The water does not drain. Clean the pump filter.",
            "Clean the pump filter",
        ),
        (
            "How long does the wool programme take?",
            "Wool: for woollens that can be washed. Duration 45 min.",
            "45 min",
        ),
        ("What is the capacity of the washer?", "Capacity: 8 kg", "8 kg"),
        ("How can the lease be terminated?", CLAUSE, "with six months' notice"),
        ("Are animals allowed?", "5. Pets. No animals are allowed on the premises, except guide dogs.", None),
    ],
)
def test_an_item_or_a_line_with_a_label_is_quoted_whole(
    bot: Chatbot, question: str, quote: str, short: str | None
) -> None:
    answer = bot.ask(question)
    assert quotes(bot, answer)[0] == quote
    if short:
        assert answer.short == short


def test_what_a_document_is_called_is_no_answer(bot: Chatbot) -> None:
    for question in ("Who is Aquafix 300 washer?", "What is the aquafix washer user manual?"):
        assert not quotes(bot, bot.ask(question))[0].startswith("AQUAFIX")
    weight = bot.ask("How heavy is the Aquafix washer?")
    assert weight.short == "71 kg"
    assert quotes(bot, weight)[:2] == ["Weight: 71 kg", "AQUAFIX 300 WASHER"], "beside it stands what weighs that"
