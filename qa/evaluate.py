"""Measure answers and search on a folder of documents and questions whose answers are known.

The folder holds `docs/` (or `docs.jsonl`: a `{doc, text}` a line) and `questions.jsonl`, one question a
line: `question`, `answers` (accepted alternatives), `evidence` (`[{doc, text?, page?}]`, the page from 0;
or just `doc`), `answerable` (true, false, or null where nobody decided), `history` (`[{role, text}]`),
`scope_doc` with `scope: true` where the question only makes sense about that document, and `lang`.
Everything but `question` may be left out. `scoring.py` says how answers and passages are judged.
"""

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from index.errors import CitewiseError
from index.types import SearchResult

from .chatbot import Chatbot
from .followup import context_of
from .scoring import DEPTHS, Evidence, Question, Reply, relevance, same_document, summarise
from .settings import Settings
from .types import Turn

OnQuestion = Callable[[int, int], None]
Search = Callable[[Question, int], Sequence[SearchResult]]


def evaluate(
    folder: Path,
    settings: Settings | None = None,
    limit: int | None = None,
    progress: OnQuestion | None = None,
    *,
    scope: bool = False,
    compare: bool = False,
) -> dict[str, object]:
    """Ask every question of a folder in a library of its own and return the figures; README explains each.

    `limit` takes that many questions, evenly spread. `scope` limits every question to its `scope_doc`. `compare` asks
    all again without the reader, whose figures are then in "without_reader".

    Raises:
        CitewiseError: the folder or a line of `questions.jsonl` is not as described above.
    """
    questions = read_questions(folder, limit, scope=scope)
    with TemporaryDirectory(prefix="citewise-eval-", ignore_cleanup_errors=True) as work:
        alone = replace(settings or Settings.from_env(), chroma_url=None)  # never among a server's own documents
        bot = Chatbot.open(Path(work) / "library", alone)
        try:
            with documents(folder) as docs:
                added = bot.add([docs])
            figures = measure(bot, questions, progress)
            if compare:
                without = Chatbot(bot.index, replace(alone, reader=False), bot.model)
                figures["without_reader"] = measure(without, questions, progress)
        finally:
            bot.close()
    return {**figures, "documents": len(added.documents), "failed": [f.source for f in added.failed]}


def measure(bot: Chatbot, questions: Sequence[Question], progress: OnQuestion | None = None) -> dict[str, object]:
    """Ask the questions of an open library and return the figures."""
    questions = resolve(bot, questions)
    found = depths(bot, questions, lambda q, k: search_as_asked(bot, q, k))
    text_of, replies = _texts(bot), list[Reply]()
    for question in questions:
        began = perf_counter()
        answer = bot.ask(question.question, question.history, _scope(question))
        ms = (perf_counter() - began) * 1000
        verbatim = sum(text_of(c.source)[c.start : c.end] == c.quote for c in answer.citations)
        replies.append(Reply(question, answer, ms, verbatim))
        if progress:
            progress(len(replies), len(questions))
    return summarise(replies, found)


def search_as_asked(bot: Chatbot, question: Question, k: int) -> Sequence[SearchResult]:
    """Return the passages that the chatbot finds for a question, given the turns before it."""
    context = context_of(question.question, question.history)
    return bot.search(question.question, k, _scope(question), context)


def depths(bot: Chatbot, questions: Sequence[Question], search: Search) -> list[int | None]:
    """Return at which rank, from 1, each answerable question's evidence is found; None where it is not.

    Questions without usable evidence are left out.
    """
    text_of, found = _texts(bot), list[int | None]()
    for question in questions:
        is_relevant = relevance(question, text_of) if question.answerable else None
        if is_relevant:
            results = search(question, max(DEPTHS))
            ranks = (i for i, result in enumerate(results, 1) if is_relevant(result.passage))
            found.append(next(ranks, None))
    return found


def read_questions(
    folder: Path, limit: int | None = None, *, scope: bool = False, listing: str = "questions.jsonl"
) -> list[Question]:
    """Read the questions of a folder's listing, or `limit` of them, evenly spread."""
    path = folder / listing
    if not path.is_file():
        raise CitewiseError(
            f"{path} does not exist; an evaluation needs docs/ and questions.jsonl (one JSON object a line)"
        )
    suffix = "" if (folder / "docs").is_dir() else ".txt"
    questions = [_question(record, suffix, scope, where) for where, record in _records(path)]
    count = len(questions) if limit is None else min(limit, len(questions))
    return [questions[i * len(questions) // count] for i in range(count)]


@contextmanager
def documents(folder: Path) -> Generator[Path]:
    """Give the folder with the documents; `docs.jsonl` is written to files for the time being."""
    if (folder / "docs").is_dir():
        yield folder / "docs"
        return
    listing = folder / "docs.jsonl"
    if not listing.is_file():
        raise CitewiseError(f"{folder} has neither docs/ nor docs.jsonl; put the documents into {folder / 'docs'}")
    with TemporaryDirectory(prefix="citewise-docs-") as work:
        for where, record in _records(listing):
            name, text = record.get("doc"), record.get("text")
            if not isinstance(name, str) or not isinstance(text, str):
                raise CitewiseError(f"{where}: a document needs doc and text, both strings")
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
                raise CitewiseError(f"{where}: doc {name!r} must be a plain relative name")
            path = Path(work, "docs", name + ".txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield Path(work, "docs")


def resolve(bot: Chatbot, questions: Sequence[Question]) -> list[Question]:
    """Replace the names of files by the library's sources; a document that it does not hold is no scope."""
    sources = [d.source for d in bot.index.documents()]
    names = {e.doc for q in questions for e in q.evidence} | {s for q in questions for s in q.sources}
    held = {name: next((s for s in sources if same_document(s, name)), name) for name in names}
    return [
        replace(
            q,
            evidence=tuple(replace(e, doc=held[e.doc]) for e in q.evidence),
            sources=tuple(held[s] for s in q.sources if held[s] in sources),
        )
        for q in questions
    ]


def _scope(question: Question) -> list[str] | None:
    return list(question.sources) or None


def _texts(bot: Chatbot) -> Callable[[str], str]:
    """Return a function that gives a document's text, empty where the library does not hold it."""
    held = {document.source for document in bot.index.documents()}

    @lru_cache(maxsize=64)
    def text_of(source: str) -> str:
        return bot.index.text(source) if source in held else ""

    return text_of


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise CitewiseError(f"{where}: not JSON ({error.msg}); write one JSON object a line") from error
        if not isinstance(record, dict):
            raise CitewiseError(f"{where}: expected a JSON object, found {type(record).__name__}")
        yield where, record


def _question(record: dict[str, Any], suffix: str, scope: bool, where: str) -> Question:
    try:
        answers = record.get("answers") or []
        answers = [answers] if isinstance(answers, str) else answers
        evidence = record.get("evidence") or ([{"doc": record["doc"]}] if record.get("doc") else [])
        limited = record.get("scope_doc") if scope or record.get("scope") else None
        answerable = record.get("answerable", bool(answers))
        if not isinstance(record["question"], str) or not isinstance(answerable, bool | None):
            raise TypeError
        return Question(
            question=record["question"],
            answers=tuple("" + answer for answer in answers),
            evidence=tuple(_evidence(e, suffix) for e in evidence),
            answerable=answerable,
            history=_turns(record.get("history") or []),
            sources=(limited + suffix,) if limited else (),
            lang=record.get("lang") or "en",
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CitewiseError(
            f"{where}: not a question; it needs question (a string) and may have answers (a list of "
            "strings), evidence ([{doc, text?, page?}]), answerable and history ([{role, text}])"
        ) from error


def _evidence(record: dict[str, Any], suffix: str) -> Evidence:
    page = record.get("page")
    return Evidence(record["doc"] + suffix, record.get("text") or "", None if page is None else int(page) + 1)


def _turns(messages: list[dict[str, str]]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for message in messages:
        if message["role"] == "user":
            turns.append(Turn(message["text"], ""))
        elif turns:
            turns[-1] = Turn(turns[-1].question, f"{turns[-1].answer} {message['text']}".strip())
    return tuple(turns)
