"""A follow-up is put into the words of a question that stands alone, where there is little doubt."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Chatbot, Settings, Turn
from qa.explain import explain
from qa.rewording import reworded

CONTRACT = """EMPLOYMENT AGREEMENT

This agreement is made between Halden Robotics Ltd and Maria Okafor (the "Employee").

1. Pay
1.1 The annual salary is £62,000, paid in arrears on the last day of each month.

2. Holidays
2.1 The Employee is entitled to 28 days' paid holiday in each calendar year.

3. Notice
3.1 The notice period is three months.
3.2 During probation the notice period is two weeks.
"""
FERRY = """A ferry with 214 people on board ran aground near Skarholm on Wednesday. Four people were hurt.

The captain, Liv Aasen, ordered the evacuation at once. The ferry was on its way from Bodvik to Lunde.
"""


@pytest.mark.parametrize(
    ("questions", "whole"),
    [
        (["How many targets were struck on 2 June?", "And on 3 June?"], "How many targets were struck on 3 June?"),
        (["What was the revenue in 2019?", "And 2018?"], "What was the revenue in 2018?"),
        (["What was the revenue in 2019?", "And in 2018?", "2017?"], "What was the revenue in 2017?"),
        (["What is the limit for baggage?", "And the excess?"], "What is the excess for baggage?"),
        (["What is the limit for baggage?", "What about cancellation?"], "What is the limit for cancellation?"),
        (["What is the notice period?", "And during probation?"], "What is the notice period during probation?"),
        (["Who planted the roses in the garden?", "And the tulips?"], "Who planted the tulips in the garden?"),
        (["Who is the head of Acme?", "And of Globex?"], "Who is the head of Globex?"),
        (["What is Ada Holm's salary?", "And Ben Ruiz?"], "What is Ben Ruiz's salary?"),
        (["What is Ada Holm's salary?", "When did she start?"], "When did Ada Holm start?"),
        (["What does Ada Holm earn?", "And what is her role?"], "What is Ada Holm's role?"),
        (["What is Dolorex used for?", "What are its side effects?"], "What are Dolorex's side effects?"),
        (["When is the launch of Heron?", "Who plans it?"], "Who plans the launch?"),
        (["What happened to the ferry?", "Where was it going?"], "Where was the ferry going?"),
        (["How many sorties were flown?", "And how many aircraft were lost?"], "How many aircraft were lost?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_follow_up_is_made_whole(questions: list[str], whole: str) -> None:
    assert reworded(questions[-1], [Turn(question, "") for question in questions[:-1]]) == whole


@pytest.mark.parametrize(
    "questions",
    [
        ["How many targets were struck?", "When?"],
        ["How many targets were struck?", "How many of them were destroyed?"],
        ["What does Ada Holm tell Ben Ruiz?", "When did she start?"],  # which of them?
        ["Who is the captain?", "Where was it going?"],
        ["What happened in Paris?", "When did she leave?"],
        ["How much of Dolorex can I take?", "And children?"],
        ["Who planted the roses?", "What is the capital city of Peru in South America?"],
        ["¿Quién plantó las rosas?", "¿Y los tulipanes?"],
        ["When?"],
    ],
    ids=" ".join,
)
def test_what_is_in_doubt_is_left_as_it_is(questions: list[str]) -> None:
    assert reworded(questions[-1], [Turn(question, "") for question in questions[:-1]]) is None


def test_a_name_is_taken_from_the_answer_where_the_question_has_none() -> None:
    history = [Turn("Who is the captain?", "The captain is Liv Aasen. [1]")]
    assert reworded("How old is she?", history) == "How old is Liv Aasen?"
    history = [Turn("Who signed?", "It was signed by Liv Aasen and by Tor Hansen. [1]")]
    assert reworded("How old is she?", history) is None


@given(st.lists(st.text(max_size=60), max_size=6), st.text(max_size=60))
def test_no_conversation_breaks_it(asked: list[str], question: str) -> None:
    whole = reworded(question, [Turn(text, text) for text in asked])
    assert whole is None or whole.strip()


def test_a_conversation_is_answered_turn_by_turn(tmp_path: Path) -> None:
    for name, text in (("contract.txt", CONTRACT), ("ferry.txt", FERRY)):
        (tmp_path / name).write_text(text, "utf-8")
    with Chatbot.open(tmp_path / "library", Settings()) as bot:
        assert not bot.add(sorted(tmp_path.glob("*.txt"))).failed
        history: list[Turn] = []
        told: list[str | None] = []
        for question in (
            "What is Maria Okafor's salary?",
            "And how many days of holiday does she get?",
            "What is the notice period?",
            "And during probation?",
        ):
            answer = bot.ask(question, history)
            assert answer.question == question
            assert (answer.confidence or 0) < 0.9, "it was read, so that it is told how sure it is"
            history.append(Turn(question, answer.text))
            told.append(answer.short)
        assert [told[0], told[1], told[3]] == ["£62,000", "28 days", "two weeks"]
        assert answer.standalone == "What is the notice period during probation?"
        explained = explain(bot, "And during probation?", history[:-1], answer=answer)
        assert explained.question == answer.standalone
        ferry = [Turn("How many people were on the ferry?", "214 people. [1]")]
        assert bot.ask("Who was the captain?", ferry).short == "Liv Aasen"
        leaning = bot.ask("Where was that?", ferry)
        assert (leaning.confidence or 0) <= 0.7
        assert leaning.short is None
