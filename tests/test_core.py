"""What a text asks is told from what is said around it, for refusing and for reading."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Chatbot, Settings
from qa.confidence import signals
from qa.core import core_of


@pytest.mark.parametrize(
    ("text", "core"),
    [
        ("What were the costs of sales? Answer in USD millions.", "What were the costs of sales?"),
        ("We need a figure. Please answer this: what is the net debt of Acme?", "what is the net debt of Acme?"),
        (
            "I am going to Rome. Is it open on Mondays? What is its fee?",
            "I am going to Rome. Is it open on Mondays? What is its fee?",
        ),
        ("We have an hour. Is the museum open on Mondays?", "Is the museum open on Mondays?"),
        ("Who is Dr. Smith?", "Who is Dr. Smith?"),
        ("Tom Smith founded Acme. When was he born?", "Tom Smith founded Acme. When was he born?"),
        ("How did it end. Who won the war of 1812?", "How did it end. Who won the war of 1812?"),
        ("costs of goods sold Acme 2016", "costs of goods sold Acme 2016"),
        ("Summarise the report.", "Summarise the report."),
        ("请用中文回答。灯塔是谁在哪一年建造的？", "灯塔是谁在哪一年建造的？"),
        ("", ""),
    ],
)
def test_the_sentences_that_ask(text: str, core: str) -> None:
    assert core_of(text) == core


@given(st.text("ab?.: \nWhat", max_size=80))
def test_the_core_is_made_of_the_text(text: str) -> None:
    assert set(core_of(text).split()) <= set(text.split())


AROUND = (
    "We want to calculate a financial metric. Please help us compute it by basing your answer off of the statements "
    "that are plainly provided. Here's the question: {} Give a response in millions, round it to two decimals, "
    "explain each step of the calculation, and if the metric is not useful for such a business, then please state that."
)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    folder = tmp_path_factory.mktemp("core")
    (folder / "keepers.txt").write_text(
        "The lighthouse at Skerrow was built in 1874 by Ada Holm. Its lamp burned whale oil until 1902.\n\n"
        "The keepers of Skerrow were paid 41 crowns a month. They had two cows and a boat.\n"
    )
    with Chatbot.open(folder / "library", Settings()) as opened:
        opened.add(folder / "keepers.txt")
        yield opened


def test_what_is_said_around_a_question_does_not_keep_it_from_its_answer(bot: Chatbot, tmp_path: Path) -> None:
    bare = "How much were the keepers of Skerrow paid?"
    answer = bot.ask(AROUND.format(bare))
    assert (answer.status, answer.short) == ("answered", bot.ask(bare).short)
    assert "41 crowns" in answer.citations[0].quote


def test_what_is_said_around_a_question_on_something_else_does_not_make_it_answered(bot: Chatbot) -> None:
    assert bot.ask(AROUND.format("At which temperature does mercury boil?")).status == "not_found"


def test_a_question_that_names_a_document_is_on_its_topic(tmp_path: Path) -> None:
    for folder, name in (("named", "Keldale 2019.txt"), ("unnamed", "report.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("The works made 312 looms and sold 290 of them abroad.")
    asked = "Which product drove the topline performance of Keldale?"
    told = {}
    for folder in ("named", "unnamed"):
        with Chatbot.open(tmp_path / f"library of {folder}", Settings()) as other:
            other.add(tmp_path / folder)
            told[folder] = signals(other.index.evidence(asked))["named"]
    assert told == {"named": 1.0, "unnamed": 0.0}
