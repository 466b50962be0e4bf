"""How a library grows: adding, size, opening, questions and memory at 1,000, 100,000 and a million passages.

    python -m benchmarks.scale [--data DIR] [--passages 1000 100000] [--questions 200] [--keep DIR]
    python -m benchmarks.scale [--data DIR] --files 1000 10000 [--suffix .docx]

Everything is what runs for a user but one thing: at a million passages the encoder alone would take hours, so a
passage's vector is a sum of its words' random vectors, which is near other passages of the same words. Each size is
asked by a process of its own, which gives its opening and its memory. `--keep` builds libraries once, to measure again.

With `--files`, libraries of so many short files instead: adding them again unchanged beside reading them, and what it
takes to find which documents are versions of one another.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import docx

from benchmarks.data import REPOSITORY, add_data_option, is_there
from benchmarks.speed import peak_memory, texts
from benchmarks.word_sums import WordSums
from index.index import Index
from index.readers import read
from qa.chatbot import Chatbot
from qa.evaluate import read_questions
from qa.scoring import quantile
from qa.settings import Settings

CHARACTERS = 650  # of text that make a passage, about
FILE, SHORT = 60_000, 2_000  # characters of a document
SAMPLE = 1_000  # files that are read


def documents(data: Path, folder: Path, passages: int) -> None:
    """Write documents of about a hundred passages each."""
    folder.mkdir(exist_ok=True)
    source = texts(data)
    for number in range(max(1, passages * CHARACTERS // FILE)):
        text = "\n\n".join(_until(source, FILE))[:FILE]
        (folder / f"{number:06d}.txt").write_text(text, encoding="utf-8")


def _until(source: Iterator[str], characters: int) -> Iterator[str]:
    while characters > 0:
        text = next(source)
        characters -= len(text)
        yield text


def built(data: Path, folder: Path, passages: int) -> dict[str, float]:
    """Make the library of a size, unless it is there; return how fast that went."""
    if (folder / "library").exists():
        return {}
    documents(data, folder / "docs", passages)
    with Index(folder / "library", encoder=WordSums()) as index:
        began = perf_counter()
        added = sum(document.passages for document in index.add([folder / "docs"]).documents)
        seconds = perf_counter() - began
        began = perf_counter()
        index.add([folder / "docs"])
        again = perf_counter() - began
    return {"added, passages a second": added / seconds, "added again unchanged, s": again}


def asked(library: Path, questions: Sequence[str]) -> dict[str, float]:
    """Open a library and ask each question; milliseconds, seconds, megabytes of this process."""
    began = perf_counter()
    with Chatbot(Index(library, encoder=WordSums()), Settings()) as bot:
        opened = perf_counter() - began
        began = perf_counter()
        bot.ask(questions[0])
        first = perf_counter() - began
        took = [_took(bot, question) for question in questions]
        passages = sum(document.passages for document in bot.index.documents())
    size = sum(file.stat().st_size for file in library.rglob("*") if file.is_file())
    return {
        "passages": passages,
        "opened, s": opened,
        "first question, s": first,
        "question, median ms": median(took),
        "question, p95 ms": quantile(took, 0.95) or 0.0,
        "memory, MB": peak_memory(),
        "on disk, MB": size / 1e6,
    }


def _took(bot: Chatbot, question: str) -> float:
    began = perf_counter()
    bot.ask(question)
    return (perf_counter() - began) * 1000


def of_files(data: Path, folder: Path, count: int, suffix: str) -> dict[str, float]:
    """Add so many short files; return milliseconds a file of adding them again unchanged and, in turns, of reading
    them, and what it takes to find which are versions of one another."""
    paths = _short_files(data, folder, count, suffix)
    sample = paths[:: max(1, count // SAMPLE)]
    both: list[tuple[float, float]] = []
    with Index(folder.with_suffix(".library"), encoder=WordSums()) as index:
        index.add([folder])
        for _ in range(3):
            again = _seconds(lambda: index.add([folder])) / count
            both.append((again * 1000, _seconds(lambda: [read(path) for path in sample]) / len(sample) * 1000))
        index._mirrors.versions.clear()
        compared = _seconds(index._mirrors.follow) / count * 1000
    return {
        "files": count,
        "added again unchanged, ms a file": median(again for again, _ in both),
        "read, ms a file": median(reading for _, reading in both),
        "added again / read": median(again / reading for again, reading in both),
        "compared with all others, ms a file": compared,
    }


def _short_files(data: Path, folder: Path, count: int, suffix: str) -> list[Path]:
    folder.mkdir()
    source = texts(data)
    paths = [folder / f"{number:06d}{suffix}" for number in range(count)]
    for path in paths:
        text = "\n\n".join(_until(source, SHORT))[:SHORT]
        if suffix == ".docx":
            document = docx.Document()
            for paragraph in text.split("\n\n"):
                document.add_paragraph(paragraph)
            document.save(str(path))
        else:
            path.write_text(text, encoding="utf-8")
        os.utime(path, (0, 0))  # as old as files mostly are, so that their time can be relied on
    return paths


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def main() -> int:
    """Build and ask each size; print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description="Measure how a library grows.")
    add_data_option(parser)
    parser.add_argument("--passages", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--files", type=int, nargs="+", help="libraries of so many short files")
    parser.add_argument("--suffix", choices=[".docx", ".txt"], default=".docx", help="what those are")
    parser.add_argument("--keep", type=Path, help="where libraries stay")
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)  # in a process of its own
    given = parser.parse_args()
    if not is_there(given.data):
        return 1
    if given.ask:
        questions = [q.question for q in read_questions(given.data / "squad2", given.questions)]
        print(json.dumps(asked(given.ask, questions)))
        return 0
    with TemporaryDirectory(prefix="citewise-scale-", ignore_cleanup_errors=True) as work:
        if given.files:
            folders = [(count, Path(work, str(count))) for count in given.files]
            print(_table_of([of_files(given.data, folder, count, given.suffix) for count, folder in folders]))
            return 0
        rows = [_of_size(given.data, (given.keep or Path(work)) / str(n), n, given.questions) for n in given.passages]
    print(_table_of(rows))
    return 0


def _of_size(data: Path, folder: Path, passages: int, questions: int) -> dict[str, float]:
    folder.mkdir(parents=True, exist_ok=True)
    made = built(data, folder, passages)
    command = [sys.executable, "-m", "benchmarks.scale", "--data", str(data.resolve()), "--questions", str(questions)]
    command += ["--ask", str((folder / "library").resolve())]
    done = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout) | made


def _table_of(rows: Sequence[dict[str, float]]) -> str:
    head, *others = dict.fromkeys(name for row in rows for name in row)
    lines = [[head, *(f"{row[head]:,.0f}" for row in rows)], ["---", *("---:" for _ in rows)]]
    lines += [[name, *(f"{row[name]:,.2f}" if name in row else "" for row in rows)] for name in others]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())
