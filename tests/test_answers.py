"""Answers without a language model: quoted word for word, marked, short where it can be told, or not found."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ARTICLE, SEEDS

from benchmarks.serving import environment
from qa import Answer, Chatbot, Settings

NOTES = {
    "harbour.txt": "The harbour of Skerrow was opened on 12 June 1826. It cost £45,300 and took 140 workers six years."
    "\n\nThe first harbour master was Tobias Renn, a retired pilot from Oban.",
    "bakery.txt": "The bakery sells about 300 loaves a day. “Bread is patience,” says its owner, Ines Calloway.",
}
OFF_TOPIC = [
    "How do I train a puppy to sit?",
    "What is the capital of Peru?",
    "Who painted the Mona Lisa?",
    "When was Mozart born?",
    "What is the boiling point of ethanol?",
    "How many players are in a cricket team?",
    "Wie hoch ist die Zugspitze?",
    "日本の首都はどこですか？",
    "asdf qwer zxcv",
]
NEWS = Path(ARTICLE).name
ON_TOPIC = [
    "How many targets were struck?",
    "Who praised the Pentagon's decision?",
    "When was the harbour opened?",
    "When was the lighthouse at Skerrow built?",
    "How many loaves does the bakery sell?",
]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, formats: Path) -> Iterator[Chatbot]:
    """A chatbot over the seed article, a document of every format and two notes; tests only read it."""
    folder = tmp_path_factory.mktemp("asked") / "notes"
    folder.mkdir()
    for name, text in NOTES.items():
        (folder / name).write_text(text, "utf-8")
    with Chatbot.open(tmp_path_factory.mktemp("asked") / "library", Settings()) as opened:
        assert not opened.add([SEEDS, formats, folder]).failed
        yield opened


def check(bot: Chatbot, answer: Answer) -> Answer:
    """Check what every answer promises, and return it."""
    marks = [int(mark) for mark in re.findall(r"\[(\d+)\]", answer.text)]
    assert marks == [citation.number for citation in answer.citations] == list(range(1, len(marks) + 1))
    assert len(marks) <= 3
    assert (answer.status == "not_found") == (not answer.citations)
    assert answer.done
    at = 0
    for citation in answer.citations:
        assert bot.index.text(citation.source)[citation.start : citation.end] == citation.quote
        passage = next(r.passage for r in answer.results if r.passage.id == citation.passage_id)
        assert (citation.source, citation.title, citation.page) == (passage.source, passage.title, passage.page)
        shown = re.sub(r"\[\d+\]", "", citation.quote)  # a document's own footnote numbers would read as marks
        at = answer.text.index(shown, at) + len(shown)
        assert answer.text[at:].lstrip().startswith(f"[{citation.number}]")
    if answer.short is not None:
        assert any(answer.short in citation.quote for citation in answer.citations)
    return answer


def file_of(answer: Answer) -> str:
    return Path(answer.citations[0].source).name


@pytest.mark.parametrize("question", [*ON_TOPIC, *OFF_TOPIC, "", " ", "?", "\ud800", "Tower", "Year: 1874"])
def test_quotes_are_verbatim_and_marks_and_citations_match(bot: Chatbot, question: str) -> None:
    check(bot, bot.ask(question))


def test_an_answer_from_any_format_is_verbatim_and_names_its_file_and_page(bot: Chatbot) -> None:
    pages: dict[str, set[int | None]] = {}
    for document in bot.index.documents():
        suffix = Path(document.source).suffix
        if Path(document.source).stem == "a" and suffix not in (".log", ".csv", ".tsv", ".xlsx", ".xlsm"):
            answer = check(bot, bot.ask("When was the lighthouse at Skerrow built?", sources=[document.source]))
            assert answer.short == "1874", suffix
            assert {citation.source for citation in answer.citations} == {document.source}
            pages[suffix] = {citation.page for citation in answer.citations}
    assert len(pages) == 12
    assert pages.pop(".pdf") == pages.pop(".pptx") == {2}
    assert set().union(*pages.values()) == {None}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".xlsx"])
def test_a_row_of_a_table_is_quoted_whole(bot: Chatbot, suffix: str) -> None:
    source = next(d.source for d in bot.index.documents() if d.source.endswith(suffix))
    answer = check(bot, bot.ask("What was the height in the year 1874?", sources=[source]))
    assert re.fullmatch(r"Year: 1874; Height: 41( m)?", answer.citations[0].quote)


@pytest.mark.parametrize(
    ("question", "short", "file"),
    [
        ("How many targets were struck?", "over 85 targets", NEWS),
        ("How many service members were killed?", "three", NEWS),
        ("When did the airstrikes take place?", "February 1 to 2, 2024", NEWS),
        ("Who praised the Pentagon's decision?", "Graham", NEWS),
        ("Where was the drone attack?", "Jordan", NEWS),
        ("What did Senator Graham say?", "This is a strong, necessary message", NEWS),
        ("When was the harbour opened?", "12 June 1826", "harbour.txt"),
        ("How much did the harbour cost?", "£45,300", "harbour.txt"),
        ("How many workers built the harbour?", "140 workers", "harbour.txt"),
        ("Who was the first harbour master?", "Tobias Renn", "harbour.txt"),
        ("How many loaves does the bakery sell?", "about 300 loaves", "bakery.txt"),
        ("What does the owner of the bakery say?", "Bread is patience", "bakery.txt"),
    ],
)
def test_the_exact_words_that_answer_are_told(bot: Chatbot, question: str, short: str, file: str) -> None:
    answer = check(bot, bot.ask(question))
    assert answer.status == "answered"
    assert short in (answer.short or "")
    assert len(answer.short or "") < len(short) + 60
    assert file_of(answer) == file


def test_the_seed_question_is_answered_as_the_readme_shows_it(bot: Chatbot) -> None:
    answer = bot.ask("How many targets were struck?")
    assert answer.short == "over 85 targets"
    assert answer.citations[0].quote.startswith("In an escalation of military tensions, the United States launched")
    assert (answer.model, answer.status) == ("extractive", "answered")


@pytest.mark.parametrize("question", OFF_TOPIC)
def test_what_the_documents_do_not_hold_is_not_found_with_the_nearest_passages(bot: Chatbot, question: str) -> None:
    answer = check(bot, bot.ask(question))
    assert answer.status == "not_found"
    assert (answer.citations, answer.short) == ((), None)
    assert answer.results
    assert "[" not in answer.text
    assert not any(result.passage.text in answer.text for result in answer.results)


def test_a_question_to_an_empty_library_is_not_found(tmp_path: Path) -> None:
    with Chatbot.open(tmp_path / "library", Settings()) as empty:
        answer = check(empty, empty.ask("How many targets were struck?"))
    assert (answer.status, answer.results) == ("not_found", ())


@pytest.mark.parametrize("question", [ON_TOPIC[0], OFF_TOPIC[0]])
def test_ask_is_the_last_of_stream_and_the_same_every_time(bot: Chatbot, question: str) -> None:
    *earlier, last = bot.stream(question)
    assert last.done
    assert not any(snapshot.done for snapshot in earlier)
    assert last.timings.keys() == bot.ask(question).timings.keys() > set()
    assert all(value >= 0 for value in last.timings.values())
    assert replace(bot.ask(question), timings={}) == replace(last, timings={}) == replace(bot.ask(question), timings={})


def test_only_the_sources_given_are_considered(bot: Chatbot) -> None:
    bakery = next(d.source for d in bot.index.documents() if d.source.endswith("bakery.txt"))
    for question in ON_TOPIC:
        answer = check(bot, bot.ask(question, sources=[bakery]))
        assert {result.passage.source for result in answer.results} == {bakery}
        assert {citation.source for citation in answer.citations} <= {bakery}
    assert bot.ask(ON_TOPIC[0], sources=[bakery]).status == "not_found"
    assert bot.ask(ON_TOPIC[4], sources=[bakery]).status == "answered"
    assert bot.ask(ON_TOPIC[0], sources=[]).results == ()


def test_a_sentence_that_stands_in_several_documents_is_quoted_once(bot: Chatbot) -> None:
    quotes = [citation.quote for citation in bot.ask("When was the lighthouse at Skerrow built?").citations]
    assert len(quotes) == len(set(quotes)) > 0


def test_a_survey_gets_more_sentences_in_reading_order_and_no_few_words(tmp_path: Path) -> None:
    """What a summary or a list asks for stands in several sentences."""
    bridge = tmp_path / "bridge.txt"
    bridge.write_text(
        "The bridge over the Tarn was closed in 2011.\n\nRust had weakened the cables of the bridge. The town council "
        "met on Tuesdays. Floods had washed away one of the bridge's piers. The bridge could no longer carry lorries. "
        "Visitors liked the view.\n\nThe insurance of the bridge was cancelled after the flood.\n",
        "utf-8",
    )
    with Chatbot.open(tmp_path / "library", Settings()) as bot:
        bot.add(bridge)
        answer = bot.ask("Explain what happened to the bridge")
        starts = [citation.start for citation in answer.citations]
        assert len(starts) > 3
        assert starts == sorted(starts)
        assert answer.short is None
        assert [f"[{number}]" for number in range(1, len(starts) + 1)] == re.findall(r"\[\d\]", answer.text)
        assert len(bot.ask("When was the bridge closed?").citations) <= 3


def test_footnote_numbers_in_a_document_are_not_taken_for_marks(tmp_path: Path) -> None:
    (tmp_path / "rome.txt").write_text("Rome was founded in 753 BC.[3] It became a republic in 509 BC.[4][12]")
    with Chatbot.open(tmp_path / "library", Settings()) as opened:
        opened.add(tmp_path / "rome.txt")
        answer = check(opened, opened.ask("When was Rome founded?"))
    assert answer.short == "753 BC"


LONELY = """
import sys
def lonely(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto", "socket.sendmsg"):
        host = arguments[0] if event.startswith("socket.get") else arguments[1][0]
        if host not in ("localhost", "127.0.0.1", "::1", None):
            open("called", "a").write(f"{event} {host}\\n")
            raise OSError("there is no network here")
sys.addaudithook(lonely)
from qa import Chatbot
bot = Chatbot.open("library")
assert not bot.add(sys.argv[1]).failed
print(bot.ask("How many targets were struck?").short)
bot.close()
"""


def test_adding_and_asking_work_without_a_network_and_call_nobody(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LONELY, str(SEEDS)],
        env=environment(HOME=str(tmp_path)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.stdout.strip(), run.returncode) == ("over 85 targets", 0), run.stderr
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("reader", [True, False])
@pytest.mark.parametrize(
    "question",
    [
        "Who painted the Mona Lisa and how many targets were struck?",
        "How many targets were struck and who painted the Mona Lisa?",
    ],
)
def test_the_exact_words_answer_a_part_that_is_in_the_documents(bot: Chatbot, question: str, reader: bool) -> None:
    answer = check(bot, Chatbot(bot.index, Settings(reader=reader)).ask(question))
    assert (answer.status, answer.short) == ("partial", "over 85 targets")
    assert (answer.note or "").lower() == "not in your documents: who painted the mona lisa?"
