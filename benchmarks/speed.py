"""Measure how long an answer takes, what adding spends its time on, and memory; print the README's table.

    python -m benchmarks.speed [--data DIR] [--passages 10000] [--rounds 3] [--questions 200] [--json]

The whole ask is timed beside its parts (the encoder on the question, one Chroma query, one keyword query), and adding
beside the bare encoder on the same passages in the same batches, in turns, so that a busy machine slows both alike.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, NamedTuple

from benchmarks.data import REPOSITORY, add_data_option, is_there
from index.index import Index
from index.minilm import MiniLM
from index.search import CANDIDATES
from index.words import words
from qa.chatbot import Chatbot
from qa.evaluate import read_questions
from qa.scoring import quantile
from qa.settings import Settings

SETS = ("squad2", "squad1_extra", "covidqa", "clapnq", "hotpotqa_100", "musique_100")
CHARACTERS = 650  # of text that make a passage, about
LIMITS = {
    "ask / its parts, median": ("at most", 3.0),
    "adding / the bare encoder, passages a second": ("at least", 0.9),
    "peak memory, MB": ("at most", 1500.0),
    "citewise ask, second time, s": ("at most", 4.0),
}


class Listening(MiniLM):
    """The encoder, keeping what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Sequence[tuple[str, Sequence[str]]]] = []

    def embed_passages(self, passages: Sequence[tuple[str, Sequence[str]]], *progress: Any) -> Any:
        """Embed passages, and keep them."""
        self.batches.append(passages)
        return super().embed_passages(passages, *progress)


def texts(data: Path) -> Iterator[str]:
    """Yield the sets' documents, and then again and again with their paragraphs in another order."""
    originals = [p.read_text(encoding="utf-8") for name in SETS for p in sorted((data / name / "docs").iterdir())]
    shuffle = random.Random(0)
    yield from originals
    while True:
        for text in originals:
            paragraphs = text.split("\n\n")
            shuffle.shuffle(paragraphs)
            yield "\n\n".join(paragraphs)


def write_documents(data: Path, folder: Path, passages: int) -> None:
    """Write files that make about so many passages."""
    written = 0
    for number, text in enumerate(texts(data)):
        if written >= passages * CHARACTERS:
            return
        (folder / f"{number:05d}.txt").write_text(text, encoding="utf-8")
        written += len(text)


class Times(NamedTuple):
    """Seconds that something took."""

    clock: float
    processor: float


def spent(work: Callable[[], object]) -> Times:
    """Do something and return what it took."""
    clock, processor = perf_counter(), process_time()
    work()
    return Times(perf_counter() - clock, process_time() - processor)


def adding(work: Path, documents: Path, rounds: int) -> dict[str, float]:
    """Add the documents to libraries in `work`, each time with the bare encoder after it; return the median seconds of
    both, and of what one round makes of them, by the clock and in processor time, which others hardly disturb."""
    took: list[tuple[Times, Times]] = []
    encoder = Listening()
    for number in range(rounds):
        encoder.batches.clear()
        with Index(work / f"library{number}", encoder=encoder) as index:
            whole = spent(lambda index=index: index.add([documents]))
            passages = sum(document.passages for document in index.documents())
        took.append((whole, spent(lambda: [MiniLM().embed_passages(batch) for batch in encoder.batches])))
    return {
        "passages": passages,
        "added, s": median(whole.clock for whole, _ in took),
        "the bare encoder, s": median(bare.clock for _, bare in took),
        "adding / the bare encoder, passages a second": median(bare.clock / whole.clock for whole, bare in took),
        "the same of processor time": median(bare.processor / whole.processor for whole, bare in took),
    }


def asking(library: Path, questions: Sequence[str]) -> dict[str, float]:
    """Ask each question, and take its parts by themselves in between; return milliseconds and their ratio."""
    bot = Chatbot.open(library, Settings(reader=Settings.from_env().reader))
    index = bot.index
    store, keywords = index._store, index._mirrors.keywords  # the parts by themselves, as search calls them

    def parts(question: str) -> None:
        store.view.shelf.query(index.encoder.embed_question(question), CANDIDATES)
        keywords.search(words(question), CANDIDATES)

    def timed(run: Any, question: str) -> float:
        began = perf_counter()
        run(question)
        return (perf_counter() - began) * 1000

    try:
        for question in questions[:5]:  # first calls load what later ones use
            timed(bot.ask, question), timed(parts, question)
        both = [(timed(bot.ask, question), timed(parts, question)) for question in questions]
    finally:
        bot.close()
    whole, alone = [ask for ask, _ in both], [part for _, part in both]
    return {
        "ask, median ms": median(whole),
        "ask, p95 ms": quantile(whole, 0.95) or 0.0,
        "its parts, median ms": median(alone),
        "its parts, p95 ms": quantile(alone, 0.95) or 0.0,
        "ask / its parts, median": median(whole) / median(alone),
        "ask / its parts, p95": (quantile(whole, 0.95) or 0.0) / (quantile(alone, 0.95) or 1.0),
    }


def command_line(library: Path) -> dict[str, float]:
    """Ask the seed documents twice, each time in a process of its own; return the seconds of the second."""
    run = [
        sys.executable,
        "-c",
        "import sys; from ui.cli import main; sys.exit(main(sys.argv[1:]))",
        "--library",
        str(library),
    ]

    def timed(*arguments: str) -> float:
        began = perf_counter()
        subprocess.run([*run, *arguments], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
        return perf_counter() - began

    timed("add", str(REPOSITORY / "seeds"))
    timed("ask", "How many targets were struck?")
    return {"citewise ask, second time, s": timed("ask", "How many targets were struck?")}


def peak_memory() -> float:
    """Return the most memory this process ever held, in megabytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def report(figures: dict[str, float]) -> str:
    """Return the figures as a Markdown table, beside what they must be."""
    lines = ["| | measured | must be |", "| --- | ---: | --- |"]
    for name, value in figures.items():
        bound, limit = LIMITS.get(name, ("", None))
        kept = limit is None or (value <= limit if bound == "at most" else value >= limit)
        wanted = "" if limit is None else f"{bound} {limit:g}" + ("" if kept else ": **missed**")
        lines.append(f"| {name} | {value:,.2f} | {wanted} |")
    return "\n".join(lines)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often they are added; figures are medians")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    arguments = parser.parse_args()
    if not is_there(arguments.data):
        return 1
    questions = [q.question for q in read_questions(arguments.data / "squad2", arguments.questions)]
    with TemporaryDirectory(prefix="citewise-speed-", ignore_cleanup_errors=True) as work:
        documents = Path(work, "docs")
        documents.mkdir()
        write_documents(arguments.data, documents, arguments.passages)
        figures = adding(Path(work), documents, arguments.rounds)
        figures |= asking(Path(work, "library0"), questions)
        figures |= {"peak memory, MB": peak_memory()}
        figures |= command_line(Path(work, "seeds"))
    print(json.dumps(figures, indent=2) if arguments.json else report(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
