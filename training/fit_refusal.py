"""Learn when to say "not in your documents": the weights of `qa/confidence.py`.

    python -m training.fit_refusal --data ../shared/evaldata

Every library is asked the questions that were written for its documents, and questions on other subjects. A logistic
regression, each library and kind of question counting alike, learns from `signals()` which is which. Small libraries
made of a few paragraphs are among them: there, every word on the subject is common. Printed are the shares refused of
both kinds at confidence 0, by weights fitted without the library, and then the weights.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa import Chatbot, Settings
from qa.confidence import CONFIDENCE, signals
from qa.evaluate import read_questions, resolve
from qa.scoring import relevance

Array = NDArray[np.float64]
ENGLISH = {
    "wikipedia": (
        ("squad2", "squad1_extra"),
        ("covidqa", "clapnq", "tatqa", "financebench", "hotpotqa_100", "bipia"),
    ),
    "papers": (("covidqa",), ("squad2", "clapnq", "tatqa", "hotpotqa_100")),
    "passages": (("clapnq",), ("squad2", "covidqa", "tatqa", "musique_100")),
    "xquad": (("xquad/en",), ("clapnq", "covidqa", "tatqa", "hotpotqa_100")),
}
LANGUAGES = ("es", "de", "zh", "ar", "ru", "hi")
SMALL = ("Ctenophora", "European_Union_law", "Force", "Geology", "Huguenot", "Pharmacy", "Warsaw", "Normans")
ASKED = 250


@dataclass(frozen=True, slots=True)
class Example:
    """A question's signals in a library, and whether the library answers it."""

    library: str
    answered: bool
    values: dict[str, float]


def main() -> None:
    """Gather examples, measure with each library kept apart, fit on all, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/evaldata"))
    parser.add_argument("--libraries", type=Path, help="keep the libraries here, to be quicker the next time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        examples = list(_examples(options.data, options.libraries or Path(folder)))
    for library in dict.fromkeys(example.library for example in examples):
        weights = fit([e for e in examples if e.library != library])
        apart = [e for e in examples if e.library == library]
        print(
            f"{library:12} refused: other subjects {_refused(weights, apart, False):.3f},"
            f" its own {_refused(weights, apart, True):.3f}"
        )
    print(json.dumps({name: round(float(w), 2) for name, w in zip([*CONFIDENCE, "BIAS"], fit(examples), strict=True)}))


def _examples(data: Path, root: Path) -> Iterator[Example]:
    for name, (own, others) in ENGLISH.items():
        with Chatbot.open(root / name, Settings()) as bot:
            bot.add([data / s / "docs" for s in own])
            yield from _asked(bot, name, [q for s in own for q in _questions(bot, data / s, True)], True)
            yield from _asked(bot, name, [q for s in others for q in _questions(bot, data / s, False)], False)
    for name in SMALL:
        yield from _small(data, root, name)
    for language in LANGUAGES:
        yield from _half(data, root, language)


def _small(data: Path, root: Path, name: str) -> Iterator[Example]:
    """Make a library of an article's first paragraphs; what is asked of other articles is on another subject."""
    folder = root / f"small-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    paragraphs = [p for p in (data / "squad2/docs" / f"{name}.txt").read_text("utf-8").splitlines() if p.strip()]
    (folder / f"{name}.txt").write_text("\n".join(paragraphs[:10]), "utf-8")
    with Chatbot.open(folder / "library", Settings()) as bot:
        bot.add([folder / f"{name}.txt"])
        held = [r for d in bot.index.documents() for r in bot.index.search(d.title, 50)]
        questions = resolve(bot, read_questions(data / "squad2"))
        own, others = list[str](), list[str]()
        for question in questions:
            is_relevant = relevance(question, lambda source: "") if question.answerable else None
            if question.evidence and not question.evidence[0].doc.endswith(f"{name}.txt"):
                others.append(question.question)
            elif is_relevant and any(is_relevant(r.passage) for r in held):
                own.append(question.question)
        yield from _asked(bot, "small", own, True, 60)
        yield from _asked(bot, "small", others, False, 60)


def _half(data: Path, root: Path, language: str) -> Iterator[Example]:
    """Make a library of every other article; the questions on the rest are on other subjects."""
    documents = sorted((data / "xquad" / language / "docs").iterdir())[::2]
    with Chatbot.open(root / f"half-{language}", Settings()) as bot:
        bot.add(documents)
        names = {path.name for path in documents}
        questions = read_questions(data / "xquad" / language)
        for answered in (True, False):
            asked = [q.question for q in questions if (q.evidence[0].doc in names) is answered]
            yield from _asked(bot, language, asked, answered)


def _questions(bot: Chatbot, folder: Path, own: bool) -> list[str]:
    return [q.question for q in read_questions(folder) if q.answerable or not own]


def _asked(
    bot: Chatbot, library: str, questions: Sequence[str], answered: bool, most: int = 4 * ASKED
) -> Iterator[Example]:
    for question in random.Random(1).sample(list(questions), min(len(questions), most)):
        yield Example(library, answered, signals(bot.index.evidence(question)))


def fit(examples: Sequence[Example], steps: int = 4000) -> Array:
    """Return the weights of the signals, then the bias."""
    rows, answered = _rows(examples), np.array([float(e.answered) for e in examples])
    kinds = [(e.library, e.answered) for e in examples]
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    share = np.array([1 / counts[kind] for kind in kinds]) / len(counts)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    mean[-1], deviation[-1] = 0.0, 1.0
    scaled = (rows - mean) / deviation
    weights = np.zeros(rows.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-scaled @ weights))
        weights += 2 * (scaled.T @ (share * (answered - chance)) - 1e-4 * weights)
    weights /= deviation
    weights[-1] -= float((weights[:-1] * mean[:-1]).sum())
    return weights


def _rows(examples: Sequence[Example]) -> Array:
    return np.array([[*(e.values[name] for name in CONFIDENCE), 1.0] for e in examples])


def _refused(weights: Array, examples: Sequence[Example], answered: bool) -> float:
    return float(np.mean(_rows([e for e in examples if e.answered is answered]) @ weights < 0))


if __name__ == "__main__":
    main()
