"""Compare the bundled int8 encoder with the float32 network it was made from: search quality and speed.

    python -m benchmarks.encoder --float FILE [--data DIR] [--rounds 5]

FILE is what `training/export_encoder.py --float FILE` writes. Each question looks for its paragraph among all
paragraphs of its data set, by the vectors alone; differences come with a paired bootstrap 95 % interval. The
two are timed in turns, so that a busy machine slows both alike, and the best of the rounds counts.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import add_data_option, is_there
from index.minilm import FOLDER, MiniLM, cores
from qa.evaluate import read_questions
from qa.scoring import Question

SETS = {"XQuAD English": ("xquad/en", None), "SQuAD 2.0": ("squad2", 1000)}  # folder, how many questions
SHORTEST = 80  # characters of a paragraph; what is shorter is a title
PASSAGES, PASSAGE_TOKENS, QUERIES = 60, 200, 100

Numbers = NDArray[np.float64]
Encoders = dict[str, MiniLM]


def paragraphs(folder: Path) -> list[tuple[str, str]]:
    """Return each paragraph of each document after the name of its file."""
    files = sorted((folder / "docs").iterdir())
    texts = [(file.name, part.strip()) for file in files for part in file.read_text("utf-8").split("\n\n")]
    return [(name, text) for name, text in texts if len(text) >= SHORTEST]


def right_ones(question: Question, passages: list[tuple[str, str]]) -> list[int]:
    """Return the places of the paragraphs that hold a question's evidence."""
    found = [(part.doc, part.text.strip()) for part in question.evidence]
    return [
        place
        for place, (name, text) in enumerate(passages)
        if any(doc == name and words and (words in text or text in words) for doc, words in found)
    ]


def ranks(
    encoder: MiniLM,
    questions: list[Question],
    passages: list[tuple[str, str]],
    right: list[list[int]],
) -> Numbers:
    """Return the rank, from 1, of each question's first right paragraph."""
    vectors = encoder.embed([text for _, text in passages])
    scores = encoder.embed([question.question for question in questions]) @ vectors.T
    return np.array([1 + (row > row[places].max()).sum() for row, places in zip(scores, right, strict=True)])


def measures(rank: Numbers) -> dict[str, Numbers]:
    """Turn ranks into each question's share of every figure."""
    return {
        "recall@1": (rank <= 1).astype(float),
        "recall@5": (rank <= 5).astype(float),
        "MRR": 1.0 / rank,
    }


def interval(differences: Numbers, rounds: int = 10_000) -> tuple[float, float]:
    """Return the 95 % interval of a mean, by drawing the questions again with replacement."""
    chance = np.random.default_rng(0)
    means = [chance.choice(differences, len(differences)).mean() for _ in range(rounds)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def compare_quality(encoders: Encoders, data: Path) -> None:
    """Print one line per data set and figure."""
    print("| set | figure | int8 | float32 | difference | 95 % interval |")
    print("| --- | --- | --- | --- | --- | --- |")
    for title, (folder, limit) in SETS.items():
        passages = paragraphs(data / folder)
        asked = [question for question in read_questions(data / folder) if question.answerable]
        count = min(limit or len(asked), len(asked))
        asked = [asked[i * len(asked) // count] for i in range(count)]
        pairs = [(question, places) for question in asked if (places := right_ones(question, passages))]
        questions, right = [question for question, _ in pairs], [places for _, places in pairs]
        int8, whole = (measures(ranks(e, questions, passages, right)) for e in encoders.values())
        label = f"{title}, {len(questions)} questions, {len(passages)} paragraphs"
        for name in int8:
            low, high = interval(int8[name] - whole[name])
            ours, theirs = int8[name].mean(), whole[name].mean()
            difference = f"{ours - theirs:+.3f} | {low:+.3f} to {high:+.3f}"
            print(f"| {label} | {name} | {ours:.3f} | {theirs:.3f} | {difference} |")


def passages_of(encoder: MiniLM, text: str) -> list[str]:
    """Cut text into passages of PASSAGE_TOKENS tokens, special ones included."""
    passages: list[str] = []
    words, size = list[str](), 2
    for word, tokens in zip(text.split(), encoder.count_tokens(text.split()), strict=True):
        if size + tokens > PASSAGE_TOKENS:
            passages.append(" ".join(words))
            words, size = [], 2
        words.append(word)
        size += tokens
    return passages


def seconds(task: Callable[[], object]) -> float:
    """Time a call."""
    began = perf_counter()
    task()
    return perf_counter() - began


def compare_speed(encoders: Encoders, data: Path, rounds: int) -> None:
    """Print passages a second and the time of a query."""
    whole = " ".join(text for _, text in paragraphs(data / "squad2"))
    passages = passages_of(encoders["int8"], whole)[:PASSAGES]
    queries = [question.question for question in read_questions(data / "squad2", QUERIES)]
    batch: dict[str, list[float]] = {name: [] for name in encoders}
    single: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(rounds):
        for name, encoder in encoders.items():
            batch[name].append(seconds(lambda e=encoder: e.embed(passages)))
            single[name].append(median(seconds(lambda e=encoder, q=query: e.embed([q])) for query in queries))
    print(f"\n| {cores()} cores | int8 | float32 |\n| --- | --- | --- |")
    speeds = " | ".join(f"{len(passages) / min(times):.0f}" for times in batch.values())
    print(f"| passages of {PASSAGE_TOKENS} tokens a second | {speeds} |")
    print("| a query, ms | " + " | ".join(f"{1000 * min(times):.1f}" for times in single.values()) + " |")


def main() -> int:
    """Print both comparisons in Markdown."""
    parser = argparse.ArgumentParser(description="Compare the bundled encoder with its float32 original.")
    parser.add_argument("--float", type=Path, required=True, dest="unquantised", help="the float32 network")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    add_data_option(parser)
    options = parser.parse_args()
    if not options.unquantised.is_file():
        print(
            f"{options.unquantised} does not exist; training/export_encoder.py --float writes it",
            file=sys.stderr,
        )
        return 1
    if not is_there(options.data):
        return 1
    with TemporaryDirectory(prefix="citewise-float-") as work:
        (Path(work) / "model.onnx").symlink_to(options.unquantised.resolve())
        (Path(work) / "tokenizer.json").symlink_to(FOLDER / "tokenizer.json")
        encoders = {"int8": MiniLM(), "float32": MiniLM(folder=Path(work))}
        compare_quality(encoders, options.data)
        compare_speed(encoders, options.data, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
