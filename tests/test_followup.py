"""Follow-ups lean on the turns before them; a question that stands alone does not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SEEDS

from qa import Answer, Chatbot, Settings, Turn

GARDEN = (
    "The roses in the garden of Skerrow were planted on 3 May 2019 by Maria Lindqvist. She chose red ones because the "
    "soil is poor.\n\nThe tulips in the garden were planted on 9 October 2020 by Jonas Weil."
)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    """A chatbot over the seed article and a note on a garden; tests only read it."""
    folder = tmp_path_factory.mktemp("followed")
    (folder / "garden.txt").write_text(GARDEN)
    with Chatbot.open(folder / "library", Settings()) as opened:
        opened.add([SEEDS, folder / "garden.txt"])
        yield opened


def asked(bot: Chatbot, *questions: str) -> Answer:
    """Ask questions one after another as one conversation; return the last answer."""
    history: list[Turn] = []
    for question in questions[:-1]:
        history.append(Turn(question, bot.ask(question, history).text))
    return bot.ask(questions[-1], history)


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        (["How many targets were struck?", "When?"], "February 1 to 2, 2024"),
        (["How many targets were struck?", "When was that?"], "February 1 to 2, 2024"),
        (["How many targets were struck?", "In which countries?"], "Iraq and Syria"),
        (["What happened in Iraq and Syria?", "and in Jordan?"], "Jordan"),
        (["What did Graham praise?", "What did he say?"], "Graham"),
        (["Who planted the roses?", "When?"], "3 May 2019"),
        (["Who planted the roses?", "And the tulips?"], "Jonas Weil"),
        (["When were the roses planted?", "Who planted them?"], "Maria Lindqvist"),
        (["When were the roses planted?", "By whom?", "Why red ones?"], "the soil is poor"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_follow_up_is_answered_about_what_was_asked_before(bot: Chatbot, questions: list[str], words: str) -> None:
    answer = asked(bot, *questions)
    assert answer.question == questions[-1]
    assert answer.status == "answered"
    assert words in answer.text


@pytest.mark.parametrize("question", ["When?", "and there?"])
def test_a_follow_up_without_anything_before_it_is_not_found(bot: Chatbot, question: str) -> None:
    assert bot.ask(question).status == "not_found"


def test_the_same_follow_up_means_something_else_after_another_question(bot: Chatbot) -> None:
    after_war = asked(bot, "How many targets were struck?", "When?")
    after_roses = asked(bot, "Who planted the roses?", "When?")
    assert "2024" in (after_war.short or "")
    assert "2019" in (after_roses.short or "")


@pytest.mark.parametrize(
    "question",
    [
        "Who planted the roses in the garden of Skerrow?",
        "How many targets were struck by the United States?",
        "How do I train a puppy to sit on command?",
        "What is the capital city of Peru in South America?",
    ],
)
def test_a_question_that_stands_alone_is_answered_as_if_nothing_was_said_before(bot: Chatbot, question: str) -> None:
    history = [Turn("How many targets were struck?", "Over 85."), Turn("When were the tulips planted?", "In 2020.")]
    assert replace(bot.ask(question, history), timings={}) == replace(bot.ask(question), timings={})


def test_a_conversation_is_not_kept_by_the_chatbot(bot: Chatbot) -> None:
    before = bot.ask("When?")
    asked(bot, "How many targets were struck?", "When?")
    assert replace(bot.ask("When?"), timings={}) == replace(before, timings={})


def test_quotes_of_a_follow_up_are_verbatim_and_keep_to_its_sources(bot: Chatbot) -> None:
    garden = next(d.source for d in bot.index.documents() if d.source.endswith("garden.txt"))
    history = [Turn("How many targets were struck?", "Over 85 [1]"), Turn("Who planted the roses?", "Maria.")]
    answer = bot.ask("When?", history, sources=[garden])
    assert answer.citations
    for citation in answer.citations:
        assert citation.source == garden
        assert Path(garden).read_text()[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize(
    "history",
    [[Turn("", "")], [Turn("x" * 20_000, "y" * 20_000)] * 5, [Turn("\ud800", "\0")], [Turn("When?", "?")] * 50],
    ids=["empty", "long", "broken", "many"],
)
def test_no_history_makes_a_question_fail(bot: Chatbot, history: list[Turn]) -> None:
    for question in ("When?", "And there?", ""):
        assert bot.ask(question, history).done
