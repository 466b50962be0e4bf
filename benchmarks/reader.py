"""Measure answers and search with and without the reader, on documents that it was not trained on.

    python -m benchmarks.reader [--data DIR] [--limit N] [--json]

Of the sets that the reader learnt from, only the documents kept apart are asked about (`training/apart.py`); of
clapnq, financebench and sec10q it has seen nothing. Near misses are SQuAD 2.0's unanswerable questions.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.data import is_there
from benchmarks.quality import Bench, Table, bench_parser, code_key, show
from qa.chatbot import Chatbot
from qa.evaluate import depths, resolve, search_as_asked
from qa.scoring import Question, claim, f1, holds, mean, quantile, recall
from qa.types import Answer
from training.apart import is_apart

SETS = (
    ("wikipedia", ("squad2", "squad1_extra"), False),
    ("covidqa", ("covidqa",), True),
    ("tatqa", ("tatqa",), True),
    ("clapnq", ("clapnq",), False),
    ("financebench (page)", ("financebench",), False),
    ("sec10q (document)", ("sec10q",), False),
)
SEEN = ("squad2", "squad1_extra", "covidqa", "tatqa")
OTHER_SUBJECTS = ("covidqa", "tatqa", "financebench")
OFF_TOPIC = 200


def search_and_answers(bench: Bench) -> Iterator[Table]:
    """Ask every set with the reader and without."""
    rows: list[tuple[str | float | int | None, ...]] = []
    for label, names, scope in SETS:
        with bench.library(*names) as bot:
            questions = [q for name in names for q in _unseen(bench, bot, name, scope)]
            rows += [(f"{label}, {_called(reader)}", *_figures(bot, questions, reader)) for reader in (False, True)]
    header = ("", "questions", "passage @1", "@5", "one sentence", "F1", "false refusals", "ms")
    yield Table("With and without the reader", header, rows)


def refusals(bench: Bench) -> Iterator[Table]:
    """Tell answerable questions from near misses and from other subjects by the answer's own probability.

    One article has answerable questions alone (SQuAD 1.1's): "same articles" is without it.
    """
    rows: list[tuple[str | float | int | None, ...]] = []
    with bench.library("squad2", "squad1_extra") as bot:
        asked = [q for name in ("squad2", "squad1_extra") for q in _unseen(bench, bot, name, True)]
        known, near = [q for q in asked if q.answerable], [q for q in asked if not q.answerable]
        missed = {source for q in near for source in q.sources}
        others = [q for name in OTHER_SUBJECTS for q in bench.questions(name, limit=OFF_TOPIC)]
        for reader in (False, True):
            yes, no, far = (_probabilities(bot, some, reader) for some in (known, near, others))
            same = [p for q, p in zip(known, yes, strict=True) if missed.intersection(q.sources)]
            bar = quantile(yes, 0.05) or 0.0
            refused = mean([float(p < bar) for p in far])
            areas = _auroc(yes, no), _auroc(same, no), _auroc(yes, far)
            rows.append((_called(reader), len(yes), *areas, refused, _calibration(yes, no)))
    header = ("", "answerable", "AUROC near misses", "same articles", "AUROC other subjects", "refused at 5 %")
    header = (*header, "calibration error")
    yield Table("Knowing when there is no answer (Wikipedia articles)", header, rows)


def _called(reader: bool) -> str:
    return "with the reader" if reader else "without"


def _unseen(bench: Bench, bot: Chatbot, name: str, scope: bool) -> list[Question]:
    found = resolve(bot, bench.questions(name, scope=True))
    if name in SEEN:
        found = [q for q in found if any(is_apart(source) for source in q.sources)]
    return found if scope else [replace(q, sources=()) for q in found]


def _figures(bot: Chatbot, questions: Sequence[Question], reader: bool) -> tuple[float | int | None, ...]:
    known, asking = [q for q in questions if q.answerable], _asking(bot, reader)
    ranks = depths(asking, known, lambda q, k: search_as_asked(asking, q, k))
    answers = [(q, asking.ask(q.question, sources=list(q.sources) or None)) for q in known]
    hits = [float(bool(a.citations) and holds(a.citations[0].quote, q.answers, q.lang)) for q, a in answers]
    scores = [f1(claim(a), q.answers, q.lang) if a.citations else 0.0 for q, a in answers]
    refused = mean([float(a.status == "not_found") for _, a in answers])
    ms = quantile([sum(v for k, v in a.timings.items() if not k.endswith("tokens")) for _, a in answers], 0.5)
    return len(known), recall(ranks, 1), recall(ranks, 5), mean(hits), mean(scores), refused, round(ms or 0)


def _asking(bot: Chatbot, reader: bool) -> Chatbot:
    return Chatbot(bot.index, replace(bot.settings, reader=reader))


def _probabilities(bot: Chatbot, questions: Sequence[Question], reader: bool) -> list[float]:
    answers: list[Answer] = [_asking(bot, reader).ask(q.question) for q in questions]
    return [answer.confidence or 0.0 for answer in answers]


def _auroc(high: Sequence[float], low: Sequence[float]) -> float | None:
    """Return how often one of the first is over one of the second; a tie counts half."""
    return mean([(a > b) + (a == b) / 2 for a in high for b in low])


def _calibration(yes: Sequence[float], no: Sequence[float], bins: int = 10) -> float:
    """Return the expected calibration error, answerable questions and near misses counting alike."""
    total = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        some = [[p for p in group if low <= p < high or p == high == 1.0] for group in (yes, no)]
        shares = [len(found) / max(1, len(group)) / 2 for found, group in zip(some, (yes, no), strict=True)]
        told = [sum(found) / max(1, len(group)) / 2 for found, group in zip(some, (yes, no), strict=True)]
        total += abs(shares[0] - sum(told))
    return total


def main() -> int:
    """Print the tables."""
    arguments = bench_parser("python -m benchmarks.reader", __doc__).parse_args()
    if not is_there(arguments.data):
        return 1
    bench = Bench(arguments.data, arguments.cache, arguments.limit, code_key())
    show((table for part in (search_and_answers, refusals) for table in part(bench)), as_json=arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
