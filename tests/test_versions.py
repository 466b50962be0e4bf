"""Several versions of one document: they are found, told, and an answer quotes what an older one says otherwise."""

import os
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai_replies import says
from openai_server import OpenAIServer
from promises import sound

from index.index import Index
from index.likeness import are_versions, bands, likeness, same_share, stem
from index.types import Added, Document
from qa import Chatbot, Settings
from qa.versions import at_odds
from ui.versions import version_notes

DAY = 86_400
POLICY = (
    "The travel policy of Skerrow Ltd applies to every employee who travels for the company. Hotel rooms may cost up to"
    " {hotel} euros a night. Meals are paid up to 45 euros a day. Receipts are handed in within 30 days of the return."
    " {boss} approves all trips outside of Europe. The policy was adopted on {day}. Employees may {deny}fly business"
    " class on long flights. Trains are booked in second class, with a reservation wherever one can be had. A rented"
    " car is returned with a full tank."
)
OLD = POLICY.format(hotel=120, boss="Ada Holm", day="3 May 2021", deny="")
NEW = POLICY.format(hotel=150, boss="Tobias Renn", day="9 June 2023", deny="not ").replace(
    "30 days of", "30 days after"
)
FILING = (
    "{name} designs and sells {goods} through retail stores and online. The following discussion of {name} should be"
    " read together with the consolidated financial statements. Forward-looking statements involve risks and"
    " uncertainties that may cause results to differ. Revenue of {name} was {revenue} million dollars in 2023. {name}"
    " had {people} employees at the end of the year. The board declared a dividend of {cents} cents a share. The"
    " auditor issued an unqualified opinion on the financial statements."
)
ACME = FILING.format(name="Acme", goods="pumps", revenue=512, people=2100, cents=30)
GLOBEX = FILING.format(name="Globex", goods="valves", revenue=731, people=3400, cents=12)
NIGHT = "How much may hotel rooms cost?"


def write(path: Path, text: str, days: float = 1) -> Path:
    """Write a file that was last changed some days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def related(documents: Sequence[Document]) -> dict[str, list[str]]:
    """Return the names of documents that have other versions, with those of these."""
    found = {Path(d.source).name: [Path(other.source).name for other in d.versions] for d in documents}
    return {name: others for name, others in found.items() if others}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy in two versions, the older one named as if it were newer, and two companies' filings of one form."""
    folder = tmp_path_factory.mktemp("versions")
    write(folder / "travel" / "policy-v2.md", NEW, days=2)
    write(folder / "travel" / "policy-v1.md", OLD, days=400)
    write(folder / "filings" / "acme.txt", ACME)
    write(folder / "filings" / "globex.txt", GLOBEX)
    return folder


@pytest.fixture(scope="module")
def bot(folder: Path) -> Iterator[Chatbot]:
    """A chatbot over these; tests leave the documents as they are."""
    with Chatbot.open(folder / "library", Settings()) as opened:
        assert not opened.add([folder / "travel", folder / "filings"]).failed
        yield opened


# finding them


def test_texts_are_compared_by_what_they_share() -> None:
    words = [f"word{n}" for n in range(3000)]
    whole, half = likeness([" ".join(words)]), likeness([" ".join([*words[:1500], *(f"{w}x" for w in words[1500:])])])
    in_pieces = likeness([" ".join(words[at : at + 7]) + " " for at in range(0, 3000, 7)])
    assert whole
    assert half
    assert in_pieces
    assert same_share(whole.words, in_pieces.words) == 1
    assert same_share(whole.words, half.words) == pytest.approx(0.5, abs=0.1)
    assert set(bands(whole.words)) & set(bands(half.words))
    assert likeness(["too short to tell"]) is None


def test_a_few_changed_figures_make_a_version_and_other_figures_everywhere_another_report() -> None:
    chance = random.Random(7)
    words = [chance.choice(["the", "net", "sales", "of", "region", "grew", "cost", "north", "tax"]) for _ in range(900)]

    def report(seed: int, changed: int) -> str:
        first, other = random.Random(1), random.Random(seed)
        figures = (str(first.randrange(1000, 9999)) for _ in count())
        return " ".join(
            f"{word} {figure if n >= changed else other.randrange(1000, 9999)}" if n % 9 == 0 else word
            for n, (word, figure) in enumerate(zip(words, figures, strict=False))
        )

    one, revised, next_quarter = (likeness([report(2, changed)]) for changed in (0, 60, 900))
    assert one
    assert revised
    assert next_quarter
    names = ("2023 Q1 Acme.pdf", "2023 Q2 Acme.pdf")
    assert are_versions(one, revised, names) > 0.8
    assert same_share(one.words, next_quarter.words) > 0.5
    assert are_versions(one, next_quarter, names) == 0


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("policy-v1.md", "docs/Policy FINAL.docx"),
        ("policy (1).md", "policy_2024-03-01.md"),
        ("Copy of policy.md", "policy.md (uploaded)"),
        ("Policy_v2.1-rev3.pdf", "policy old.txt"),
    ],
)
def test_names_are_alike_but_for_version_date_and_copy(name: str, same: str) -> None:
    assert stem(name) == stem(same) == "policy"


def test_two_companies_forms_are_no_versions_unless_their_names_say_so() -> None:
    acme, globex = likeness([ACME]), likeness([GLOBEX])
    assert acme
    assert globex
    assert are_versions(acme, globex, ("filing 1.txt", "filing 2.txt")) == 0
    assert are_versions(acme, globex, ("filing v1.txt", "filing v2.txt")) == same_share(acme.words, globex.words) > 0.5


def test_versions_are_told_with_how_much_is_the_same(bot: Chatbot) -> None:
    documents = bot.index.documents()
    assert related(documents) == {"policy-v1.md": ["policy-v2.md"], "policy-v2.md": ["policy-v1.md"]}
    old = next(d for d in documents if d.source.endswith("v1.md"))
    assert 0.6 < old.versions[0].same < 1
    assert bot.index.document(old.id) == old
    assert old.modified < old.versions[0].modified < old.added
    (note,) = version_notes(documents)
    assert re.fullmatch(r"\S+policy-v1.md is another version of \S+policy-v2.md \(\d\d % the same\)", note)


def test_a_document_is_compared_when_it_comes_in_changes_and_goes(index: Index, tmp_path: Path) -> None:
    write(tmp_path / "f" / "rules.md", OLD)
    assert related(index.add(tmp_path / "f").documents) == {}
    write(tmp_path / "f" / "other.md", NEW)
    write(tmp_path / "f" / "twin.md", NEW)
    added = index.add(tmp_path / "f")
    assert {name: set(others) for name, others in related(added.documents).items()} == {
        "other.md": {"rules.md", "twin.md"},
        "twin.md": {"rules.md", "other.md"},
    }
    assert "other.md is the same as" in "; ".join(version_notes(added.documents))
    write(tmp_path / "f" / "twin.md", ACME)
    index.add(tmp_path / "f")
    index.remove([str(tmp_path / "f" / "rules.md")])
    assert related(index.documents()) == {}


def test_nobody_learns_of_another_persons_version(index: Index, tmp_path: Path) -> None:
    def take(person: str, name: str, text: str) -> Added:
        return index.seen_by(person).upload(name, write(tmp_path / "sent.md", text))

    take("ada", "policy.md", OLD)
    assert related(take("bo", "policy-new.md", NEW).documents) == {}
    assert related(take("ada", "policy-new.md", NEW).documents) == {"policy-new.md": ["policy.md"]}
    assert index.documents() == []
    bo = index.seen_by("bo").documents()
    assert related(bo) == {}
    assert index.seen_by("bo").having_versions([document.id for document in bo]) == {}


def test_copies_that_others_have_do_not_push_out_a_persons_own(index: Index, tmp_path: Path) -> None:
    sent = write(tmp_path / "sent.md", OLD)
    for number in range(12):
        index.seen_by(f"p{number}").upload("policy.md", sent)
    index.add(write(tmp_path / "everybody.md", OLD))
    added = index.seen_by("p0").upload("policy-new.md", write(tmp_path / "new.md", NEW))
    assert {n: set(others) for n, others in related(added.documents).items()} == {
        "policy-new.md": {"policy.md", "everybody.md"}
    }


# answers


@pytest.mark.parametrize(
    ("question", "new", "old"),
    [
        (NIGHT, "up to 150 euros", "up to 120 euros"),
        ("Who approves trips outside of Europe?", "Tobias Renn", "Ada Holm"),
        ("When was the policy adopted?", "9 June 2023", "3 May 2021"),
        ("May employees fly business class?", "may not fly business", "may fly business"),
    ],
)
def test_versions_that_differ_are_both_quoted_with_their_dates_the_newest_first(
    bot: Chatbot, question: str, new: str, old: str
) -> None:
    answer = sound(bot, bot.ask(question))
    first, second = answer.citations
    assert (new in first.quote, old in second.quote) == (True, True)
    assert (Path(first.source).name, Path(second.source).name) == ("policy-v2.md", "policy-v1.md")
    assert not answer.short or answer.short in first.quote
    days = (time.strftime("%Y-%m-%d", time.localtime(time.time() - n * DAY)) for n in (2, 400))
    told = "[1] in policy-v2.md, changed {}; [2] in policy-v1.md, changed {}".format(*days)
    assert (answer.status, answer.note) == ("answered", f"Versions of one document differ, the newest first: {told}")


def test_versions_that_agree_are_not_warned_of(bot: Chatbot) -> None:
    for question in ("How many euros a day are paid for meals?", "Within how many days are receipts handed in?"):
        answer = sound(bot, bot.ask(question))
        assert answer.note is None
        assert {Path(c.source).name for c in answer.citations} == {"policy-v2.md"}


def test_two_companies_filings_are_no_versions(bot: Chatbot) -> None:
    for question in ("What was the revenue of Acme in 2023?", "How many cents a share was the dividend?"):
        assert sound(bot, bot.ask(question)).note is None


def test_a_version_that_the_question_names_answers_alone(bot: Chatbot, folder: Path) -> None:
    for question, sources in (
        ("How much may hotel rooms cost in v1?", None),
        (NIGHT, [str(folder / "travel" / "policy-v1.md")]),
    ):
        answer = sound(bot, bot.ask(question, sources=sources))
        assert answer.note is None
        assert "120 euros" in answer.citations[0].quote
        assert {Path(c.source).name for c in answer.citations} == {"policy-v1.md"}


def test_without_the_other_version_there_is_no_warning(tmp_path: Path) -> None:
    old, new = write(tmp_path / "a.md", OLD, days=9), write(tmp_path / "b.md", NEW, days=1)
    with Chatbot.open(tmp_path / "library", Settings()) as bot:
        bot.add([old, new])
        assert "differ" in (sound(bot, bot.ask(NIGHT)).note or "")
        bot.index.remove([str(new)])
        answer = sound(bot, bot.ask(NIGHT))
        assert answer.note is None
        assert ["120 euros" in c.quote for c in answer.citations] == [True]


def test_a_sentence_that_both_versions_have_stands_for_itself(tmp_path: Path) -> None:
    rides = f"{OLD} The fee for long rides is 6 euros a day."
    old = write(tmp_path / "a.md", f"{rides} The fee for long tours is 5 euros a day.", days=9)
    new = write(tmp_path / "b.md", rides)
    with Chatbot.open(tmp_path / "library", Settings()) as bot:
        assert related(bot.add([old, new]).documents)
        answer = sound(bot, bot.ask("What is the fee for long tours?"))
    assert "5 euros" in answer.text
    assert answer.note is None


def test_what_a_model_writes_is_held_against_other_versions_too(bot: Chatbot) -> None:
    with OpenAIServer(key="sk-test") as model:
        chosen = replace(Settings(api_key="sk-test", base_url=model.url, model="test-model", model_timeout=20))
        with Chatbot.open(bot.index.library, chosen) as writing:
            model.will(says("Hotel rooms may cost up to 150 euros a night [1]."))
            answer = sound(writing, writing.ask(NIGHT))
            prompt = str(model.requests[-1].body["messages"])
            model.will(says("Meals are paid up to 45 euros a day [1]."))
            agreed = sound(writing, writing.ask("How many euros a day are paid for meals?"))
    assert ("150 euros" in prompt, "120 euros" in prompt) == (True, False)
    assert answer.text.endswith("\n\nAnother version says: Hotel rooms may cost up to 120 euros a night. [2]")
    assert answer.note
    assert "[2] in policy-v1.md" in answer.note
    assert (agreed.note, len(agreed.citations)) == (None, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The fee is 5 euros.", "The fee is 6 euros."),
        ("Applications close on 1 May.", "Applications close on 1 June."),
        ("Fee: $1,200", "Fee: $1,300"),
        ("| Hotel | 120 |", "| Hotel | 150 |"),
        ("The term is five years.", "The term is seven years."),
        ("Claims are paid at once.", "Claims are not paid at once."),
        ("The contract was signed by Ada Holm.", "The contract was signed by Tobias Renn."),
    ],
)
def test_sentences_at_odds(one: str, other: str) -> None:
    assert at_odds(one, other)
    assert at_odds(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The fee is 5 euros.", "The fee is 5 euros!"),
        ("The fee is five euros.", "The fee is 5 euros."),
        ("It was signed on 2 February 2024.", "It was signed on Feb 2, 2024."),
        ("3. Meals are paid.", "4. Meals are paid."),
        ("Staff hand in receipts soon.", "Employees hand in receipts soon."),
    ],
)
def test_sentences_that_say_the_same(one: str, other: str) -> None:
    assert not at_odds(one, other)


NAMES = st.from_regex(r"[A-Z][a-z]{4,9} [A-Z][a-z]{4,9}", fullmatch=True)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(50, 999), st.integers(50, 999), NAMES, st.sampled_from(["\n", " ", "\n\n", " [7] ", "\r\n"]))
def test_whatever_the_versions_say_quotes_are_word_for_word(
    index: Index, tmp_path: Path, one: int, other: int, boss: str, gap: str
) -> None:
    with_gaps = POLICY.replace(". ", f".{gap}")
    old = write(tmp_path / "old.md", with_gaps.format(hotel=one, boss="Ada Holm", day="3 May 2021", deny=""), days=9)
    new = write(tmp_path / "new.md", with_gaps.format(hotel=other, boss=boss, day="3 May 2021", deny=""))
    index.add([old, new])
    answer = sound(Chatbot(index, Settings()), Chatbot(index, Settings()).ask(NIGHT))
    assert ("differ" in (answer.note or "")) == (one != other)
