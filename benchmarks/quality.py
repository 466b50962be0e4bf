"""Measure search, answers and refusals on public data sets and print the README's tables.

    python -m benchmarks.quality [--data DIR] [--sets wikipedia languages documents hops] [--limit N] [--json]

CITEWISE_READER and CITEWISE_EMBEDDING choose what is measured.

Libraries are kept in `--cache` under a key of the code that makes them, so that a second run only asks.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.data import REPOSITORY, add_data_option, is_there
from index.types import Passage, SearchResult
from qa.chatbot import Chatbot
from qa.evaluate import Search, depths, measure, read_questions, resolve
from qa.scoring import Question, recall, relevance, squeeze
from qa.settings import Settings

ASKING = {
    "consistency.py",
    "errors.py",
    "index.py",
    "openings.py",
    "questions.py",
    "rerank.py",
    "search.py",
    "searcher.py",
    "sight.py",
}  # code that stores nothing
OFF_TOPIC = 300  # questions of each other set
LANGUAGES = ("en", "es", "de", "ru", "ar", "hi", "zh")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the README."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str | float | int | None, ...]]

    def markdown(self) -> str:
        lines = [self.header, ("---",) + ("---:",) * (len(self.header) - 1), *self.rows]
        return f"### {self.title}\n\n" + "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)

    def record(self) -> dict[str, Any]:
        return {"title": self.title, "rows": [dict(zip(self.header, row, strict=True)) for row in self.rows]}


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the data sets and the libraries are, and how many questions of a set are asked (None: all).

    `code` is a key of the code that makes the libraries.
    """

    data: Path
    cache: Path
    limit: int | None
    code: str

    def questions(self, name: str, *, scope: bool = False, limit: int | None = None) -> list[Question]:
        """Read a set's questions, evenly spread where there is a limit."""
        limits = [n for n in (self.limit, limit) if n is not None]
        return read_questions(self.data / name, min(limits, default=None), scope=scope)

    @contextmanager
    def library(self, *names: str) -> Iterator[Chatbot]:
        """Open the library with the documents of these sets, built where it is not in the cache."""
        name = "+".join(names).replace("/", "-")
        print(f"{name} ...", file=sys.stderr)
        chosen = Settings.from_env()
        encoder = "" if chosen.embedding == "bundled" else f"-{chosen.embedding.replace(':', '-')}"
        settings = Settings(reader=chosen.reader, embedding=chosen.embedding)
        bot = Chatbot.open(self.cache / f"{name}{encoder}-{self.code}", settings)
        try:
            added = bot.add([self.data / name / "docs" for name in names])
            for failure in added.failed:
                print(f"{failure.source}: {failure.reason}", file=sys.stderr)
            yield bot
        finally:
            bot.close()


def wikipedia(bench: Bench) -> Iterator[Table]:
    """Ask about twelve articles among seventeen: search, answers, near misses, other topics."""
    with bench.library("squad2", "squad1_extra") as bot:
        asked = resolve(bot, bench.questions("squad2"))
        known = [q for q in asked if q.answerable]
        rows = [
            (name, len(known), *recalls(depths(bot, known, search), 1, 3, 5, 10))
            for name, search in _searches(bot).items()
        ]
        yield Table("Wikipedia articles: search", ("", "questions", "recall@1", "@3", "@5", "@10"), rows)
        answers = [
            _answers(bot, "squad2", known),
            _answers(bot, "squad2, near misses", [q for q in asked if not q.answerable]),
        ]
        answers += [_answers(bot, f"off topic: {name}", foreign) for name, foreign in _foreign(bench, bot)]
        yield _answer_table("Wikipedia articles: answers without a language model", answers)
    with bench.library("covidqa", "financebench") as bot:
        answers = [
            _answers(bot, f"off topic: {name}", _unanswerable(bench.questions(name, limit=OFF_TOPIC)))
            for name in ("squad2", "squad1_extra")
        ]
        answers += [_answers(bot, name, bench.questions(name, scope=True)) for name in ("covidqa", "financebench")]
        yield _answer_table("Research papers and filings together: answers without a language model", answers)


def languages(bench: Bench) -> Iterator[Table]:
    """Compare fused search with its halves in seven languages."""
    rows: list[tuple[str | float | int | None, ...]] = []
    for language in LANGUAGES:
        name = f"xquad/{language}"
        with bench.library(name) as bot:
            questions = bench.questions(name)
            found = [depths(bot, resolve(bot, questions), search) for search in _searches(bot).values()]
            rows.append((language, len(questions), *(recall(f, k) for k in (1, 5) for f in found)))
    halves = ("keywords", "dense", "fused")
    yield Table("Languages (XQuAD)", ("", "questions", *(f"{h} @{k}" for k in (1, 5) for h in halves)), rows)


def documents(bench: Bench) -> Iterator[Table]:
    """Compare fused search with its halves on long papers, passages, tables and filings."""
    sets = (("covidqa", True), ("clapnq", False), ("tatqa", True), ("financebench", False), ("sec10q", False))
    rows: list[tuple[str | float | int | None, ...]] = []
    for name, scope in sets:
        with bench.library(name) as bot:
            questions = resolve(bot, bench.questions(name, scope=scope))
            found = [depths(bot, questions, search) for search in _searches(bot).values()]
            label = name + {"financebench": " (page)", "sec10q": " (document)"}.get(name, " (scope)" if scope else "")
            rows.append((label, len(found[0]), *(recall(f, k) for k in (1, 5) for f in found)))
    header = ("", "questions", *(f"{h} @{k}" for k in (1, 5) for h in ("BM25", "dense", "fused")))
    yield Table("Papers, tables and filings: search", header, rows)


def hops(bench: Bench) -> Iterator[Table]:
    """Measure questions that need several documents."""
    rows: list[tuple[str | float | int | None, ...]] = []
    for name in ("hotpotqa_100", "musique_100"):
        with bench.library(name) as bot:
            questions = resolve(bot, bench.questions(name))
            fused = _searches(bot)["fused"]
            rows.append((f"{name}, the answer", len(questions), *recalls(depths(bot, questions, fused), 5, 10)))
            rows.append((f"{name}, all evidence", len(questions), *recalls(_complete(questions, fused), 5, 10)))
    yield Table("Several documents: search", ("", "questions", "recall@5", "@10"), rows)


SETS: dict[str, Callable[[Bench], Iterator[Table]]] = {
    "wikipedia": wikipedia,
    "languages": languages,
    "documents": documents,
    "hops": hops,
}


def _searches(bot: Chatbot) -> dict[str, Search]:
    def limited(find: Callable[..., list[SearchResult]]) -> Search:
        return lambda q, k: find(q.question, k, list(q.sources) or None)

    index = bot.index
    return {
        "keywords": limited(index.search_keywords),
        "dense": limited(index.search_dense),
        "fused": limited(bot.search),
    }


def recalls(found: Sequence[int | None], *depths: int) -> list[float | None]:
    return [recall(found, k) for k in depths]


def _complete(questions: Sequence[Question], search: Search) -> list[int | None]:
    """Return the rank at which the last of a question's evidence is found."""
    found: list[int | None] = []
    for question in questions:
        passages = [result.passage for result in search(question, 10)]
        ranks = [_first(passages, replace(question, answers=(), evidence=(e,))) for e in question.evidence]
        found.append(None if None in ranks else max(rank for rank in ranks if rank is not None))
    return found


def _first(passages: Sequence[Passage], question: Question) -> int | None:
    shows = relevance(question, lambda _: "")
    return next((n for n, passage in enumerate(passages, 1) if shows and shows(passage)), None)


def _foreign(bench: Bench, bot: Chatbot) -> Iterator[tuple[str, list[Question]]]:
    """Yield other sets' questions, but none about a document whose title the library mentions."""
    held = squeeze(" ".join(bot.index.text(d.source) for d in bot.index.documents())).lower()
    for name in ("covidqa", "clapnq", "tatqa", "financebench"):
        questions = bench.questions(name, scope=True, limit=OFF_TOPIC)
        titles = [Path(q.sources[0]).stem.replace("_", " ").strip().lower() for q in questions]
        yield name, _unanswerable([q for q, t in zip(questions, titles, strict=True) if t not in held])


def _unanswerable(questions: Sequence[Question]) -> list[Question]:
    return [Question(q.question, answerable=False, lang=q.lang) for q in questions]


def _answers(bot: Chatbot, name: str, questions: Sequence[Question]) -> tuple[str | float | int | None, ...]:
    figures: dict[str, Any] = measure(bot, questions)
    keys = ("answer_hit", "quotes_mean", "quotes_max", "f1_answerable", "false_refusals", "refusal_recall")
    latency = figures["latency_ms"]["p50"]
    return (
        name,
        len(questions),
        *(figures[key] for key in keys),
        figures["citations_verbatim"],
        rounded(latency),
    )


def _answer_table(title: str, rows: list[tuple[str | float | int | None, ...]]) -> Table:
    header = (
        "",
        "questions",
        "answer in a quote",
        "quotes",
        "most",
        "F1",
        "false refusals",
        "rightly refused",
        "verbatim",
        "ms",
    )
    return Table(title, header, rows)


def rounded(ms: float | None) -> int | None:
    return None if ms is None else round(ms)


def _cell(value: str | float | None) -> str:
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def code_key() -> str:
    """Return a key of the code and the encoder that decide what a library holds."""
    files = sorted(path for path in (REPOSITORY / "index").rglob("*") if path.suffix in (".py", ".onnx", ".json"))
    made = hashlib.sha256()
    for path in files:
        if path.name not in ASKING:
            made.update(path.read_bytes())
    return made.hexdigest()[:12]


def bench_parser(prog: str, about: str) -> argparse.ArgumentParser:
    """Return a parser of the options that every such benchmark takes."""
    parser = argparse.ArgumentParser(prog=prog, description=about.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--limit", type=int, help="questions of each set, evenly spread (default: all)")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "citewise-quality"))
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    return parser


def show(tables: Iterable[Table], *, as_json: bool) -> None:
    """Print tables, in Markdown each as soon as it is there."""
    if as_json:
        print(json.dumps([table.record() for table in tables], indent=2))
    else:
        for table in tables:
            print(table.markdown(), end="\n\n", flush=True)


def main() -> int:
    """Print the tables of the sets asked for."""
    parser = bench_parser("python -m benchmarks.quality", __doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), help="which tables (default: all)")
    arguments = parser.parse_args()
    if not is_there(arguments.data):
        return 1
    bench = Bench(arguments.data, arguments.cache, arguments.limit, code_key())
    show((table for name in arguments.sets for table in SETS[name](bench)), as_json=arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
