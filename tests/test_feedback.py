"""Ratings of answers: kept whole, the last word counts, and exported as an evaluation that runs."""

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ARTICLE

from benchmarks.serving import environment
from index.errors import CitewiseError
from qa import Chatbot, Settings, Turn
from qa.evaluate import evaluate
from qa.feedback import DOWN, FILE, UP, Considered, export, keep, plain_name, questions, rate, ratings
from qa.types import Answer, Citation
from ui.cli import main

QUESTION = "How many targets were struck?"
QUOTED = Citation(1, "notes/tea.txt", "tea", None, 0, 23, "Tea is picked in April.", "a.b.000000")
ANSWER = Answer("When is tea picked?", "Tea is picked in April. [1]", short="April", citations=(QUOTED,))


def test_a_rating_holds_all_that_there_was(own_library: Path) -> None:
    with Chatbot.open(own_library, Settings()) as bot:
        answer = bot.ask(QUESTION)
        history = (Turn("Who struck?", "The United States [1]."),)
        given = rate(
            answer, DOWN, " wrong number ", history=history, generation=bot.index.generation, who="U1", where="slack"
        )
    keep(own_library, given)
    (found,) = ratings(own_library)
    assert found == given
    assert (found.rating, found.reason, found.who, found.where) == (DOWN, "wrong number", "U1", "slack")
    assert (found.question, found.text, found.short, found.status) == (QUESTION, answer.text, answer.short, "answered")
    assert found.citations == answer.citations
    assert found.results[0] == Considered(answer.results[0].passage.id, ARTICLE)
    assert found.generation == 1
    assert found.history == history


def test_the_last_word_of_a_person_on_an_answer_counts(tmp_path: Path) -> None:
    for rating, reason, who in ((DOWN, "", "U1"), (UP, "", "U2"), (DOWN, "out of date", "U1")):
        keep(tmp_path, rate(ANSWER, rating, reason, who=who, where="slack", of="C1:1.0"))
    assert [(r.who, r.rating, r.reason) for r in ratings(tmp_path)] == [("U1", DOWN, "out of date"), ("U2", UP, "")]
    assert len((tmp_path / FILE).read_text().splitlines()) == 3  # nothing is lost
    keep(tmp_path, rate(ANSWER, UP, who="U1", where="slack", of="C1:2.0"))  # the same words, another answer
    assert len(ratings(tmp_path)) == 3


@pytest.mark.parametrize("torn", [b'{"id": "half', b"\xff\xfe", b"x" * 200_000])
def test_a_line_that_a_killed_process_left_half_written_hurts_nobody(tmp_path: Path, torn: bytes) -> None:
    keep(tmp_path, rate(ANSWER, UP, who="U1"))
    with (tmp_path / FILE).open("ab") as file:
        file.write(torn)
    assert [r.who for r in ratings(tmp_path)] == ["U1"]
    keep(tmp_path, rate(ANSWER, UP, who="U2"))
    assert [r.who for r in ratings(tmp_path)] == ["U1", "U2"]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    keep(tmp_path, rate(ANSWER, UP))
    with (tmp_path / FILE).open("a") as file:
        file.write('{"id": "x"}\n')
    with pytest.raises(CitewiseError, match="line 2"):
        ratings(tmp_path)


def _rate_many(library: Path, who: str) -> None:
    for number in range(20):
        keep(library, rate(ANSWER, UP, who=who, of=str(number)))


def test_processes_that_rate_at_once_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_rate_many, args=(tmp_path, f"U{n}")) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert len(ratings(tmp_path)) == 60


def test_ratings_become_questions_with_known_answers_or_open_ones() -> None:
    nothing = Answer("Who sells tea?", "I could not find this in your documents.", status="not_found")
    history = [Turn("What is tea?", "A leaf [1].")]
    liked, quoted, refused, disliked = questions(
        [
            rate(ANSWER, UP, history=history),
            rate(Answer("When?", "Tea is picked in April. [1]", citations=(QUOTED,)), UP),
            rate(nothing, UP),
            rate(ANSWER, DOWN, "too short"),
        ]
    )
    assert liked["answers"] == ["April"]
    assert liked["evidence"] == [{"doc": "notes/tea.txt", "text": "Tea is picked in April."}]
    assert liked["history"] == [{"role": "user", "text": "What is tea?"}, {"role": "assistant", "text": "A leaf [1]."}]
    assert quoted["answers"] == ["Tea is picked in April."]
    assert [q["answerable"] for q in (liked, quoted, refused, disliked)] == [True, True, False, None]
    assert (disliked["answers"], disliked["evidence"], disliked["meta"]["reason"]) == ([], [], "too short")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/home/ada/a.pdf", "home/ada/a.pdf"),
        ("../../etc/passwd", "etc/passwd"),
        ("C:\\docs\\a.pdf", "C_/docs/a.pdf"),
        ("..", "document"),
    ],
)
def test_names_in_an_export_stay_inside_its_folder(source: str, name: str) -> None:
    assert plain_name(source) == name


def test_an_export_is_an_evaluation_that_runs(own_library: Path, tmp_path: Path) -> None:
    with Chatbot.open(own_library, Settings()) as bot:
        for question, rating in ((QUESTION, UP), ("Who planted the roses?", UP), ("When were they planted?", DOWN)):
            keep(own_library, rate(bot.ask(question), rating))
        assert export(bot.index, tmp_path / "cases") == 3
    figures = evaluate(tmp_path / "cases", Settings())
    assert (figures["questions"], figures["answerable"], figures["failed"]) == (3, 2, [])
    assert (figures["answer_hit"], figures["recall_at"]["1"]) == (1.0, 1.0)


def test_an_export_does_not_write_into_another_evaluation(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    with Chatbot.open(tmp_path / "library", Settings()) as bot, pytest.raises(CitewiseError, match="docs/"):
        export(bot.index, tmp_path)


def test_the_command_shows_and_exports(
    own_library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(("CITEWISE_", "OPENAI_", "SLACK_")):
            monkeypatch.delenv(name)
    command = ["feedback", "--library", str(own_library)]
    keep(own_library, rate(ANSWER, DOWN, "out of\ndate"))
    keep(own_library, rate(ANSWER, UP, who="U2"))
    assert main(command) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "2 ratings: 1 up, 1 down"
    assert shown[1].endswith("When is tea picked? (out of␊date)")
    assert main([*command, "--export", "-"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["answerable"] for line in lines] == [None, True]
    cases = tmp_path / "cases"
    assert main([*command, "--export", str(cases)]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"citewise eval {cases}" in printed.err
    assert {path.name for path in cases.iterdir()} == {"questions.jsonl", "docs.jsonl"}


def test_a_chatbot_is_not_needed_to_rate() -> None:
    script = "import sys, qa.feedback; print(*(m for m in ('chromadb', 'gradio', 'slack_bolt') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
