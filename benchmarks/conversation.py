"""Measure questions that follow others, asked without a language model: search, refusals and time.

    python -m benchmarks.conversation [--data DIR] [--limit N] [--json]

Of MTRAG's two sets those answerable questions are taken that have evidence and turns before them, each set in a
library of its own. They are asked alone (*raw*), as citewise asks them (*condensed*), and with the data's own full
context: the sets hold no rewritten question, so that context is all earlier questions, or all earlier turns with their
answers, put before the question, or searched for beside it at a lower weight (*weighed*).

What is *lost raw* is measured against two things, at five passages: the *best full context*, the one of those four ways
that finds most; and *any way*, the questions that raw or at least one of the four finds: a bound that no single way
reaches. *recovered* is (condensed - raw) / (that - raw), net of what condensing loses; nothing where nothing was lost.

The halves divide the conversations by their first question: the words and weights of `qa/followup.py` were chosen on
one half, and the other was kept apart. *Made* follow-ups (`benchmarks/followed.py`) have a known question that stands
alone: with them, what is lost raw is measured against that.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import md5
from statistics import median
from time import perf_counter

from benchmarks.data import is_there
from benchmarks.followed import LIBRARY, Followed, changes_of_subject, on_answers, on_subjects
from benchmarks.quality import Bench, Table, bench_parser, code_key, recalls, show
from index.types import Context
from qa.chatbot import Chatbot
from qa.evaluate import Search, depths, resolve, search_as_asked
from qa.followup import QUESTION, leaning_of
from qa.scoring import DEPTHS, Question, recall, relevance
from qa.types import Turn

SETS = ("mtrag_human", "mtrag_un")
RAW, CONDENSED, OWN = "raw", "condensed", "condensed, after citewise's own answers"
DEEP = 5  # passages, at which loss is measured
LEANING = {0.0: "stands alone", 0.5: "may lean", 1.0: "leans"}

Found = Sequence[int | None]
Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A set's questions, and at which rank each way of asking finds their evidence."""

    questions: Sequence[Question]
    found: dict[str, Found]

    def where(self, wanted: Callable[[Question], bool]) -> "Asked":
        kept = [n for n, question in enumerate(self.questions) if wanted(question)]
        found = {way: [ranks[n] for n in kept] for way, ranks in self.found.items()}
        return Asked([self.questions[n] for n in kept], found)

    def full(self) -> dict[str, Found]:
        return {way: ranks for way, ranks in self.found.items() if way not in (RAW, CONDENSED, OWN)}

    def any_way(self) -> Found:
        ways = [self.found[RAW], *self.full().values()]
        return [min((r for r in ranks if r is not None), default=None) for ranks in zip(*ways, strict=True)]

    def best(self) -> Found:
        return max(self.full().values(), key=lambda ranks: recall(ranks, DEEP) or 0.0)


def searches(bot: Chatbot) -> dict[str, Search]:
    """Return the ways of asking, by name."""

    def joined(texts: Callable[[Turn], str]) -> Search:
        return lambda q, k: bot.index.search(" ".join([*map(texts, q.history), q.question]), k)

    def weighed(texts: Callable[[Turn], str]) -> Search:
        return lambda q, k: bot.index.search(q.question, k, context=_fading([texts(turn) for turn in q.history]))

    return {
        RAW: lambda q, k: bot.index.search(q.question, k),
        CONDENSED: lambda q, k: search_as_asked(bot, q, k),
        OWN: lambda q, k: search_as_asked(bot, replace(q, history=_replayed(bot, q.history)), k),
        "all questions": joined(lambda turn: turn.question),
        "all questions and answers": joined(lambda turn: f"{turn.question} {turn.answer}"),
        "all questions, weighed": weighed(lambda turn: turn.question),
        "all questions and answers, weighed": weighed(lambda turn: f"{turn.question} {turn.answer}"),
    }


def _fading(texts: Sequence[str]) -> Context:
    return [(text, QUESTION * 0.8**age) for age, text in enumerate(reversed(texts))]


def _replayed(bot: Chatbot, history: Iterable[Turn]) -> tuple[Turn, ...]:
    """Return the same questions with the answers that the chatbot gives to them, one after another."""
    turns: tuple[Turn, ...] = ()
    for turn in history:
        turns += (Turn(turn.question, bot.ask(turn.question, turns).text),)
    return turns


def asked(bot: Chatbot, questions: Sequence[Question]) -> Asked:
    """Ask every answerable question that follows others in every way."""
    usable = [q for q in questions if q.answerable and q.history and relevance(q, lambda _: "")]
    return Asked(usable, {way: depths(bot, usable, search) for way, search in searches(bot).items()})


def recovered(raw: Found, condensed: Found, ceiling: Found) -> float | None:
    """Return the share of what is lost raw that condensing recovers, or None where nothing is lost."""
    lost = (recall(ceiling, DEEP) or 0.0) - (recall(raw, DEEP) or 0.0)
    return ((recall(condensed, DEEP) or 0.0) - (recall(raw, DEEP) or 0.0)) / lost if lost > 0 else None


def ways(name: str, result: Asked) -> Table:
    """Compare the ways of asking."""
    rows = [(way, len(ranks), *recalls(ranks, *DEPTHS)) for way, ranks in result.found.items()]
    rows.append(("any way", len(result.questions), *recalls(result.any_way(), *DEPTHS)))
    return Table(f"Follow-ups: search, {name}", ("", "questions", *(f"recall@{k}" for k in DEPTHS)), rows)


def parts(results: dict[str, Asked]) -> Table:
    """Compare raw and condensed in each half of the data, and by how far a question leans."""
    both = {**results, "both": _together(results.values())}
    divided = dict(both)
    divided |= {f"{name}, kept apart": r.where(lambda q: not _chosen_on(q)) for name, r in both.items()}
    divided |= {f"{name}, chosen on": r.where(_chosen_on) for name, r in both.items()}
    divided |= {
        f"{name}, {label}": result.where(lambda q, leaning=leaning: min(1.0, leaning_of(q.question)) == leaning)
        for name, result in results.items()
        for leaning, label in LEANING.items()
    }
    header = ("recall@5", "questions", RAW, CONDENSED, "best full context", "any way", "recovered", "of any way")
    return Table("Follow-ups: what is recovered", header, [_part(label, r) for label, r in divided.items()])


def _part(label: str, result: Asked) -> tuple[Cell, ...]:
    raw, condensed = result.found[RAW], result.found[CONDENSED]
    ceilings = (result.best(), result.any_way())
    shares = (recovered(raw, condensed, ceiling) for ceiling in ceilings)
    return (label, len(raw), *(recall(found, DEEP) for found in (raw, condensed, *ceilings)), *shares)


def _together(results: Iterable[Asked]) -> Asked:
    listed = list(results)
    names = listed[0].found
    return Asked(
        [q for r in listed for q in r.questions], {way: [n for r in listed for n in r.found[way]] for way in names}
    )


def _chosen_on(question: Question) -> bool:
    return md5(question.history[0].question.encode(), usedforsecurity=False).digest()[-1] % 2 == 0


def refusals(bot: Chatbot, name: str, questions: Sequence[Question]) -> Iterator[tuple[Cell, ...]]:
    """Yield which share of the questions that follow others is refused, raw and condensed."""
    kinds = {True: "answerable", False: "unanswerable", None: "undecided or to be clarified"}
    for answerable, kind in kinds.items():
        some = [q for q in questions if q.history and q.answerable is answerable]
        raw = [bot.ask(q.question).status == "not_found" for q in some]
        condensed = [bot.ask(q.question, q.history).status == "not_found" for q in some]
        if some:
            yield f"{name}, {kind}", len(some), sum(raw) / len(some), sum(condensed) / len(some)


def made(bench: Bench) -> Table:
    """Compare follow-ups raw and condensed with the questions that they were made of."""
    subjects = on_subjects(bench.data)
    kinds = {
        "a pronoun for the subject (SQuAD)": subjects,
        "a pronoun for the answer before (MuSiQue)": on_answers(bench.data),
        "another subject than before (SQuAD)": changes_of_subject(subjects),
    }
    rows: list[tuple[Cell, ...]] = []
    with bench.library(*LIBRARY) as bot:
        for kind, followed in kinds.items():
            for label, chosen in (("kept apart", False), ("chosen on", True)):
                rows.append(
                    _made(bot, f"{kind}, {label}", [f for f in followed if f.chosen_on is chosen][: bench.limit])
                )
    return Table("Made follow-ups", ("recall@5", "questions", RAW, CONDENSED, "whole question", "recovered"), rows)


def _made(bot: Chatbot, label: str, followed: Sequence[Followed]) -> tuple[Cell, ...]:
    search = searches(bot)
    whole = depths(bot, [f.whole for f in followed], search[RAW])
    raw, condensed = (depths(bot, [f.follow_up for f in followed], search[way]) for way in (RAW, CONDENSED))
    shares = (recall(found, DEEP) for found in (raw, condensed, whole))
    return (label, len(raw), *shares, recovered(raw, condensed, whole))


def times(bot: Chatbot, questions: Sequence[Question]) -> Table:
    """Time follow-ups that lean with the turns before them and without, in turns."""
    leaning = [q for q in questions if q.history and leaning_of(q.question)]
    for question in leaning[:5]:  # first calls load what later ones use
        bot.ask(question.question, question.history)
    both = [(_milliseconds(bot, q, ()), _milliseconds(bot, q, q.history)) for q in leaning]
    alone, followed = (median(ms) for ms in zip(*both, strict=True))
    row = ("an ask, median ms", len(both), alone, followed, followed / alone)
    return Table("Follow-ups: time", ("", "questions", RAW, CONDENSED, "ratio"), [row])


def _milliseconds(bot: Chatbot, question: Question, history: Sequence[Turn]) -> float:
    began = perf_counter()
    bot.ask(question.question, history)
    return (perf_counter() - began) * 1000


def tables(bench: Bench) -> Iterator[Table]:
    """Measure both sets, then the made follow-ups."""
    results, refused, timed = dict[str, Asked](), list[tuple[Cell, ...]](), list[Table]()
    for name in SETS:
        with bench.library(name) as bot:
            questions = resolve(bot, bench.questions(name))
            results[name] = asked(bot, questions)
            yield ways(name, results[name])
            refused += refusals(bot, name, questions)
            timed = [times(bot, questions)]
    yield parts(results)
    yield Table("Follow-ups: refused", ("", "questions", RAW, CONDENSED), refused)
    yield made(bench)
    yield from timed


def main() -> int:
    """Print the tables."""
    arguments = bench_parser("python -m benchmarks.conversation", __doc__).parse_args()
    if not is_there(arguments.data):
        return 1
    bench = Bench(arguments.data, arguments.cache, arguments.limit, code_key())
    show(tables(bench), as_json=arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
