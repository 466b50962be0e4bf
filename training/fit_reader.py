"""Learn what the reader's scores count beside the search's, and when a question is not answered: `qa/reading.py`.

    python -m training.fit_reader --data ../shared/evaldata

Asked are only questions on documents that the reader was not trained on, and questions on other subjects. Printed is,
for several weights of the reader's votes, what comes first; then the weights of a logistic regression on whether a
question is answered, and what it refuses.
"""

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.rerank import Evidence
from qa import Chatbot, Settings
from qa.choosing import best_quotes
from qa.evaluate import read_questions, resolve
from qa.reader import MODEL, Reading, read
from qa.reading import READ, voted
from qa.scoring import Question, holds, relevance
from training.apart import is_apart

SETS = {
    "wikipedia": (("squad2", "squad1_extra"), False),
    "papers": (("covidqa",), True),
    "reports": (("tatqa",), True),
    "passages": (("clapnq",), False),
    "filings": (("financebench",), False),
}
OTHERS = {
    "wikipedia": ("covidqa", "clapnq", "tatqa", "financebench", "hotpotqa_100", "bipia"),
    "papers": ("squad2", "clapnq", "tatqa"),
    "passages": ("covidqa", "tatqa", "musique_100"),
}
UNSEEN = ("clapnq", "financebench")  # sets of which the reader has seen nothing
ASKED = 200
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what search and reader make of it."""

    library: str
    kind: str  # "answerable", "near miss", "other subject"
    question: Question
    evidence: Evidence
    readings: list[Reading]
    relevant: list[bool]  # of each passage


def gather(data: Path, model: Path, root: Path) -> Iterator[Asked]:
    """Ask and read."""
    for library, (names, scope) in SETS.items():
        with Chatbot.open(root / library, Settings()) as bot:
            bot.add([data / name / "docs" for name in names])
            for name in names:
                for question in resolve(bot, read_questions(data / name, scope=True)):
                    if name in UNSEEN or any(is_apart(s) for s in question.sources):
                        yield from _asked(bot, library, question, scope, model)
            for name in OTHERS.get(library, ()):
                questions = read_questions(data / name)
                for question in random.Random(1).sample(questions, min(ASKED, len(questions))):
                    foreign = Question(question.question, answerable=False)
                    yield from _asked(bot, library, foreign, False, model, "other subject")


def _asked(bot: Chatbot, library: str, question: Question, scope: bool, model: Path, kind: str = "") -> Iterator[Asked]:
    evidence = bot.index.evidence(question.question, list(question.sources) if scope else None)
    kind = kind or ("answerable" if question.answerable else "near miss")
    is_relevant = relevance(question, bot.index.text) if question.answerable else None
    if kind == "answerable" and not is_relevant:
        return
    passages = [candidate.passage for candidate in evidence.candidates]
    relevant = [bool(is_relevant and is_relevant(passage)) for passage in passages]
    readings = read(question.question, passages, model) if evidence.question.meaning == 1.0 else []
    yield Asked(library, kind, question, evidence, readings, relevant)


def main() -> None:
    """Gather, try weights of the votes, fit the probability, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/evaldata"))
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--libraries", type=Path, help="keep the libraries here, to be quicker the next time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        everything = list(gather(options.data, options.model, options.libraries or Path(folder)))
    for library in SETS:
        known = [a for a in everything if (a.library, a.kind) == (library, "answerable")]
        print(f"{library}, {len(known)} questions: right passage first, one sentence holds the answer")
        for weights in VOTES:
            print("  votes", weights, *(f"{share:.3f}" for share in _first(known, *weights)))
    asked = [a for a in everything if a.library == "wikipedia" and a.kind != "other subject"]
    print("probability: answerable, span, bias", *(f"{weight:.3f}" for weight in _logistic(asked)))


VOTES = ((0.0, 0.0), (0.3, 0.2), (0.5, 0.3), (0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 0.5))


def _first(known: Sequence[Asked], answerable: float, span: float) -> tuple[float, float]:
    """Return how often the right passage, and a sentence with the answer, come first by these weights."""
    passages, sentences = list[bool](), list[bool]()
    for a in known:
        found = voted(a.evidence, a.readings[:READ], answerable, span)
        first = found.evidence.candidates[0].passage if found.evidence.candidates else None
        ids = [candidate.passage.id for candidate in a.evidence.candidates]
        passages.append(first is not None and a.relevant[ids.index(first.id)])
        best = best_quotes(found)[:1]
        sentences.append(bool(best) and holds(best[0].text, a.question.answers))
    return float(np.mean(passages)), float(np.mean(sentences))


def _logistic(asked: Sequence[Asked], steps: int = 5000) -> Array:
    """Fit whether the reader's scores mean an answer; both kinds of questions count alike."""
    found = [voted(a.evidence, a.readings[:READ]) for a in asked if a.readings]
    rows = np.array([[f.answerable, f.span, 1.0] for f in found])
    answered = np.array([a.kind == "answerable" for a in asked if a.readings], float)
    share = np.where(answered > 0, 0.5 / answered.sum(), 0.5 / (1 - answered).sum())
    weights = np.zeros(3)
    for _ in range(steps):
        weights += 0.05 * rows.T @ (share * (answered - 1 / (1 + np.exp(-rows @ weights))))
    return weights


if __name__ == "__main__":
    main()
