"""What only the opening of a document tells, whose contract or of which day, counts for every passage of it."""

from collections.abc import Iterator

import pytest

from index.openings import names_in
from index.words import language
from qa import Chatbot, Settings

REPORT = """# Operation Granite, situation report {number}

Period: {day} June 0600 to {next} June 0600

## Summary

Aircraft flew {sorties} sorties and struck {struck} targets.

## Ground

The 4th Brigade held its positions near the river and was resupplied at night.
"""
CONTRACT = """EMPLOYMENT AGREEMENT

This agreement is made on 1 February {year} between Halden Robotics Ltd and {name} (the "Employee").

1. Position
1.1 The Employee is engaged as {position} and reports to the head of the department.

2. Pay
2.1 The annual salary is {salary}, paid in arrears on the last day of each month.

3. Holidays
3.1 The Employee is entitled to {days} days' paid holiday in each calendar year.
"""


@pytest.fixture(scope="module", params=[True, False], ids=["reader", "no reader"])
def bot(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Chatbot]:
    folder = tmp_path_factory.mktemp("openings")
    for number, day, sorties, struck in ((13, 2, 48, 11), (14, 3, 62, 17), (15, 4, 30, 6)):
        text = REPORT.format(number=number, day=day, next=day + 1, sorties=sorties, struck=struck)
        (folder / f"{number}.md").write_text(text, "utf-8")
    for name, position, salary, days in (
        ("Maria Okafor", "engineer", "£62,000", 28),
        ("Tomas Lindqvist", "accountant", "£48,500", 25),
        ("Aiko Sato", "designer", "£51,200", 30),
    ):
        text = CONTRACT.format(year=2024, name=name, position=position, salary=salary, days=days)
        (folder / f"{position}.txt").write_text(text, "utf-8")
    with Chatbot.open(folder / "library", Settings(reader=request.param)) as opened:
        assert not opened.add(sorted(folder.glob("*.*"))).failed
        yield opened


@pytest.mark.parametrize(
    ("question", "short", "above"),
    [
        ("What is Maria Okafor's salary?", "£62,000", "Maria Okafor"),
        ("What is the salary of Tomas Lindqvist?", "£48,500", "Tomas Lindqvist"),
        ("what does aiko sato earn, what is the salary", "£51,200", "Aiko Sato"),
        ("How many days of holiday does Aiko Sato get?", "30 days", "Aiko Sato"),
    ],
)
def test_the_contract_is_the_one_of_the_person_asked_about(bot: Chatbot, question: str, short: str, above: str) -> None:
    answer = bot.ask(question)
    assert short in answer.citations[0].quote
    assert above in answer.citations[1].quote, "beside it stands whose contract it is"
    assert answer.citations[0].source == answer.citations[1].source
    assert all(bot.index.text(c.source)[c.start : c.end] == c.quote for c in answer.citations)


@pytest.mark.parametrize(("day", "struck"), [(2, "11 targets"), (3, "17 targets")])
def test_the_report_is_the_one_of_the_day_asked_about(bot: Chatbot, day: int, struck: str) -> None:
    answer = bot.ask(f"How many targets were struck on {day} June?")
    assert struck in answer.citations[0].quote


def test_words_that_are_no_names_are_not_looked_for_in_an_opening(bot: Chatbot) -> None:
    for candidate in bot.index.evidence("How many days of holiday does the employee get?").candidates:
        assert not candidate.above
    named = bot.index.evidence("How many days of holiday does Aiko Sato get?").candidates
    assert any("Aiko Sato" in candidate.text_above for candidate in named)
    for candidate in named:
        assert all(passage.source == candidate.passage.source for passage, _ in candidate.above)
        assert "Sato" not in candidate.passage.text or not candidate.above


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("What does Maria Okafor earn in 2024?", {"maria", "okafor", "2024"}),
        ("Über wen wird in Österreich geredet, über Émile?", {"osterreich", "emil"}),
        ("कितने लक्ष्य 2 जून को", {"2"}),
        ("2 月有多少目标", {"2"}),
    ],
)
def test_names_are_known_by_their_capitals(text: str, names: set[str]) -> None:
    assert names_in(text, language(text)) == names


def test_a_page_of_text_is_asked_without_looking_for_each_word_of_it(bot: Chatbot) -> None:
    long = "what is the salary of aiko sato " + " ".join(f"word{n}" for n in range(40))
    assert not any(candidate.known for candidate in bot.index.evidence(long).candidates)


def test_a_model_is_shown_the_opening_too(bot: Chatbot) -> None:
    answer = bot.ask("What is the salary of Tomas Lindqvist?")
    assert any("Tomas Lindqvist" in result.passage.text for result in answer.results)
    assert len({result.passage.id for result in answer.results}) == len(answer.results)
