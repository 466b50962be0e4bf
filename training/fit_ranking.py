"""Learn the weights of `index/rerank.py` from which sentence holds the answer.

    python -m training.fit_ranking --data ../shared/evaldata

For every answerable question the foremost passages are found as a search finds them, and their sentences become rows
of features; a linear model is fitted so that the softmax over all of them falls on those that hold an accepted answer
in the evidence's own passage. Whole documents are kept apart in turn, and the figures printed are those of the
documents kept apart. The weights are then fitted on everything and printed, to be put into `index/rerank.py`.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.rerank import FEATURES, Evidence, features
from index.types import Passage
from qa import Chatbot, Settings
from qa.evaluate import read_questions, resolve
from qa.scoring import Question, holds, relevance

SETS = {
    "squad2": False,
    "squad1_extra": False,
    "covidqa": True,
    "tatqa": True,
}  # and whether a question is scoped
TOGETHER = (("squad2", "squad1_extra"), ("covidqa",), ("tatqa",))
FOLDS = 4
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A question's sentences: features (n, features), which hold the answer (n,), and the document it is about."""

    rows: Array
    right: NDArray[np.bool_]
    document: str


def main() -> None:
    """Gather examples, measure by documents kept apart, fit on all, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/evaldata"))
    parser.add_argument("--libraries", type=Path, help="keep the libraries here, to be quicker the next time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.libraries or Path(folder)
        groups = [list(_examples(options.data, names, root)) for names in TOGETHER]
    examples = [example for group in groups for example in group]
    mean, deviation = _moments(examples)
    for names, group in zip(TOGETHER, groups, strict=True):
        print("+".join(names), len(group), "questions")
        found = _cross_validated(examples, group, mean, deviation)
        print("  answer in the best 1, 2, 3 sentences:", *(f"{share:.3f}" for share in found))
    weights = _fit(examples, mean, deviation) / deviation
    print(json.dumps({name: round(float(weight), 3) for name, weight in zip(FEATURES, weights, strict=True)}, indent=4))


def _examples(data: Path, names: Sequence[str], root: Path) -> Iterator[Example]:
    with Chatbot.open(root / "-".join(names), Settings()) as bot:
        bot.add([data / name / "docs" for name in names])
        for name in names:
            for question in resolve(bot, read_questions(data / name, scope=SETS[name])):
                is_relevant = relevance(question, bot.index.text) if question.answerable else None
                if is_relevant:
                    evidence = bot.index.evidence(question.question, list(question.sources) or None)
                    yield _example(evidence, question, is_relevant)


def _example(evidence: Evidence, question: Question, is_relevant: Callable[[Passage], bool]) -> Example:
    right: list[bool] = []
    for candidate in evidence.candidates:
        passage = candidate.passage
        relevant = is_relevant(passage)
        right += [relevant and holds(passage.text[a:b], question.answers) for a, b in passage.sentences]
    rows = features(evidence.question, evidence.candidates)
    stacked = np.concatenate(rows) if rows else np.zeros((0, len(FEATURES)))
    return Example(stacked.astype(np.float64), np.array(right, bool), question.evidence[0].doc)


def _moments(examples: Sequence[Example]) -> tuple[Array, Array]:
    rows = np.concatenate([example.rows for example in examples])
    return rows.mean(axis=0), rows.std(axis=0) + 1e-9


def _fit(examples: Sequence[Example], mean: Array, deviation: Array, steps: int = 250) -> Array:
    """Return weights of standardised features that maximise the softmax's mass on the right sentences."""
    usable = [e for e in examples if e.right.any()]
    rows = (np.concatenate([e.rows for e in usable]) - mean) / deviation
    right = np.concatenate([e.right for e in usable]).astype(np.float64)
    sizes = np.array([len(e.right) for e in usable])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def spread(values: Array) -> Array:
        """Return each row's share of its question's total."""
        return values / np.repeat(np.add.reduceat(values, starts), sizes)

    weights, momentum = np.zeros(len(FEATURES)), np.zeros(len(FEATURES))
    for _ in range(steps):
        scores = rows @ weights
        scores = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        gradient = rows.T @ (spread(scores * right) - spread(scores)) / len(usable) - 1e-3 * weights
        momentum = 0.8 * momentum + gradient
        weights += 0.1 * momentum
    return weights


def _cross_validated(
    examples: Sequence[Example], group: Sequence[Example], mean: Array, deviation: Array
) -> list[float]:
    """Return how often the best sentences hold the answer, each document's questions by weights fitted without it."""
    documents = sorted({example.document for example in group})
    hits: list[list[bool]] = []
    for fold in range(FOLDS):
        apart = set(documents[fold::FOLDS])
        weights = _fit([e for e in examples if e.document not in apart], mean, deviation)
        for example in group:
            if example.document in apart:
                order = np.argsort(-((example.rows - mean) / deviation @ weights))
                hits.append([bool(example.right[order[: k + 1]].any()) for k in range(3)])
    return [float(share) for share in np.mean(np.array(hits), axis=0)]


if __name__ == "__main__":
    main()
