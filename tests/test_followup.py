"""Follow-ups lean on the turns before them; a question that stands alone does not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SEEDS
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Answer, Chatbot, Settings, Turn
from qa.extract import NOT_FOUND
from qa.followup import context_of, leaning_of, new_names, standalone

GARDEN = (
    "The roses in the garden of Skerrow were planted on 3 May 2019 by Maria Lindqvist. She chose red ones because the "
    "soil is poor.\n\nThe tulips in the garden were planted on 9 October 2020 by Jonas Weil."
)
PEOPLE = {
    "lindqvist.txt": "Maria Lindqvist was born in the town of Visby. Her first book is on lichens.",
    "weil.txt": "Jonas Weil was born in the town of Graz. His first book is on bridges.",
}
LEANS = {
    2.0: ["When?", "Why?", "By whom?", "And where was that?", "Tell me more.", "Thank you!", ""],
    1.0: [
        "And the tulips?",
        "¿Cuándo?",
        "What about Jordan?",
        "Where was she born?",
        "Who paid for that?",
        "How do I use them in a long report?",
        "any awards",
        "Which one is cheaper in the long run?",
        "Can you tell me more about the budget of the city?",
        "How many people work there?",
        "What types of orders are there?",
    ],
    0.5: ["Library parking", "How do I reset a verification method?"],
    0.0: [
        "Who planted the roses in the garden of Skerrow?",
        "How many lakes are there in the north of Finland and Sweden?",
        "Did the minister say that taxes would rise in January?",
        "Does the Prince of Wales have his own source of income?",
        "How long does it take to get a new Polish passport?",
        "Other than Poland, which countries border Lithuania?",
        "¿Quién plantó las rosas en el jardín de Skerrow?",
    ],
}
QUESTIONS = st.text(max_size=40) | st.sampled_from([question for listed in LEANS.values() for question in listed])
ANSWERS = st.text(max_size=40) | st.sampled_from([GARDEN, *PEOPLE.values(), NOT_FOUND])
HISTORIES = st.lists(st.builds(Turn, QUESTIONS, ANSWERS), max_size=5)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    """A chatbot over the seed article and notes on a garden and two people; tests only read it."""
    folder = tmp_path_factory.mktemp("followed")
    (folder / "garden.txt").write_text(GARDEN)
    for name, text in PEOPLE.items():
        (folder / name).write_text(text)
    with Chatbot.open(folder / "library", Settings()) as opened:
        opened.add([SEEDS, *folder.glob("*.txt")])
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
        (["When were the roses planted?", "By whom?", "Why?"], "the soil is poor"),
        (["Who planted the roses?", "Where was she born?"], "Visby"),
        (["Who planted the tulips?", "Where was he born?"], "Graz"),
        (["Who planted the roses?", "And the tulips?", "What is his first book on?"], "bridges"),
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


def test_the_it_department_is_not_it() -> None:
    assert leaning_of("What does the IT policy say about passwords?") < 1
    assert leaning_of("What does it say about passwords?") == 1


@pytest.mark.parametrize(("question", "leaning"), [(q, leaning) for leaning, listed in LEANS.items() for q in listed])
def test_it_is_seen_how_far_a_question_leans_on_what_was_said_before(question: str, leaning: float) -> None:
    assert leaning_of(question) == leaning


@pytest.mark.parametrize(
    ("question", "answer", "names"),
    [
        ("Who wrote it?", "It was written by Andre Gunder Frank in Berlin. [1]", ["Andre Gunder Frank", "Berlin"]),
        ("Which state is it in?", "Tennessee", ["Tennessee"]),
        ("Which state is it in?", "Tennessee is a state of the South. [1]", ["Tennessee", "South"]),
        ("Who is Maria Lindqvist?", "Maria Lindqvist has a house in Visby. However that is small.", ["Visby"]),
        ("Is it open?", "Yes, it is. I think so.", []),
        ("Is it open?", NOT_FOUND, []),
        ("Кто посадил розы?", "Розы посадила Мария Иванова в Москве. [1]", ["Мария Иванова", "Москве"]),
    ],
)
def test_names_that_an_answer_brings_up_are_found(question: str, answer: str, names: list[str]) -> None:
    assert new_names(Turn(question, answer)) == names


def test_what_a_follow_up_is_searched_for_can_be_read() -> None:
    history = [Turn("Who planted the roses?", "Maria Lindqvist planted them. [1]")]
    assert standalone("Where was she born?", history) == (
        "Where was she born? (after: Who planted the roses? · Maria Lindqvist)"
    )


@pytest.mark.parametrize("question", ["When?", "Where?", "By whom?", "Why?"])
def test_a_question_without_words_of_its_own_is_answered_though_the_answer_before_is_not_known(
    bot: Chatbot, question: str
) -> None:
    assert bot.ask(question, [Turn("How many targets were struck?", "")]).status == "answered"


def test_the_question_counts_more_than_a_long_history(bot: Chatbot) -> None:
    talk = "How many targets were struck in Iraq and Syria, and by how many bombers of the United States? " * 200
    answer = bot.ask("And who planted the tulips?", [Turn(talk, talk)] * 20)
    assert "Jonas Weil" in answer.text


def test_a_context_decides_between_passages_but_the_query_counts_more(bot: Chatbot) -> None:
    def first(query: str, *context: tuple[str, float]) -> str:
        return Path(bot.index.search(query, 1, context=context)[0].passage.source).name

    assert first("first book", ("Maria Lindqvist", 0.4)) == "lindqvist.txt"
    assert first("first book", ("Jonas Weil", 0.4)) == "weil.txt"
    assert first("Jonas Weil's first book", ("Maria Lindqvist", 0.4)) == "weil.txt"


@settings(max_examples=60, deadline=None)
@given(question=QUESTIONS, history=HISTORIES)
def test_any_question_after_anything_can_be_searched_for(question: str, history: list[Turn]) -> None:
    assert standalone(question, history).startswith(question)
    context = context_of(question, history)
    assert all(text and 0 < count < 1 for text, count in context)
    assert len(context) <= 3
    if not history or leaning_of(question) == 0:
        assert not context
        assert standalone(question, history) == question


@settings(max_examples=25, deadline=None)
@given(question=st.sampled_from([*LEANS[2.0], *LEANS[1.0], *LEANS[0.5]]), history=HISTORIES)
def test_any_history_gives_a_whole_answer(bot: Chatbot, question: str, history: list[Turn]) -> None:
    answer = bot.ask(question, history)
    assert answer.done
    assert answer.question == question
    assert all(bot.index.text(c.source)[c.start : c.end] == c.quote for c in answer.citations)


@given(st.permutations(["Who planted roses?", "Who planted tulips?", "How many targets were struck?"]))
def test_the_latest_question_counts_most(order: list[str]) -> None:
    counts = dict(context_of("When?", [Turn(question, "") for question in order]))
    assert counts[order[2]] > counts[order[1]]
    assert order[0] not in counts


def test_a_question_of_few_words_goes_back_to_the_one_that_it_leans_on() -> None:
    history = [
        Turn("Who planted the roses in the garden of Skerrow?", ""),
        Turn("Why red ones?", ""),
        Turn("When?", ""),
    ]
    assert [text for text, _ in context_of("And where?", history)] == [history[0].question, history[1].question]
