"""How likely it is that the documents answer a question: what search and reader say of it, as one probability."""

import math
import re
from collections.abc import Mapping

from index.questions import is_survey, kind_of
from index.rerank import Evidence, figures, own_scores
from index.words import is_common, words

from .core import core_of
from .reading import Found

_NAMED = re.compile(r"(?<=\s)[A-Z][\w&'’.-]*|(?<=\s)\d\w*[A-Z]\w*")
"""A word with a capital that does not open the question, and one like 3M."""
_SEPARATORS = re.compile(r"[\W_]+")
FEW = 2.3
"""The logarithm of passages (200) under which fewer of them are less likely to hold something near by chance."""
BIAS = -9.8
CONFIDENCE: Mapping[str, float] = {
    "similarity": 7.4,
    "nearest": 10.7,
    "score": 0.93,
    "size": -1.3,
    "few": 2.0,
    "foreign": 6.9,
    "foreign_share": 5.6,
    "named": 1.5,
}
"""Weights learnt by `training/fit_refusal.py` from questions on the documents' topics and on others; "few" was set on
e-mails, papers and reports asked one by one, and "named" on company filings, which were refused too often: of questions
on other subjects one in a hundred names a document."""
READER: Mapping[str, float] = {"answerable": 0.204, "span": 0.068}
READER_BIAS = -0.152
"""What the reader's scores say of whether the words answer, learnt by `training/fit_reader.py` from questions on the
same subjects, half of which nothing answers."""
TABLE = 1.5
"""What stands in for that where the best passage is a table, which the reader knows little of."""
ON_TOPIC = 0.25
"""What is added to the search's own confidence, which refuses by itself, before it is multiplied by the reader's."""
DOUBTFUL = 0.12
"""The probability under which a question for a fact is not answered; of reasons the reader knows less."""
UNSURE = 0.3
"""The probability under which an answer says of itself that it may be none: of Wikipedia's questions that the articles
answer one in twelve is under it, of near misses two in five."""
UNREAD_FOLLOW_UP = 0.7
"""The most that is told of a question that leans on others and was not read: of MTRAG's that are not refused, five in
six have an answer, and its passage comes first for four in five (`python -m benchmarks.conversation`)."""
UNSAID = 1.4
"""What makes up for a follow-up's context, of which no passage holds all; found on conversations with and without
answers (`python -m benchmarks.conversation`)."""


def is_covered(found: Found) -> bool:
    """Tell whether the evidence is enough to answer its question."""
    if not found.evidence.candidates or on_topic(found) < 0:
        return False
    return _is_unread(found) or probability(found) >= DOUBTFUL


def is_doubtful(found: Found) -> bool:
    """Tell whether the evidence is more likely to be near the answer than to hold it, as far as the reader knows."""
    return bool(found.readings) and not _is_unread(found) and probability(found) < UNSURE


def _is_unread(found: Found) -> bool:
    question = core_of(found.evidence.question.text)
    return is_survey(question) or kind_of(question) in ("reason", "statement")


def probability(found: Found) -> float:
    """Return how likely it is that the evidence answers its question, from 0 to 1.

    Two things must hold: the documents are about what is asked, which the search tells; and they say it, which the
    reader tells where it has read.
    """
    if not found.evidence.candidates:
        return 0.0
    if not found.readings:
        unsure = UNREAD_FOLLOW_UP if found.evidence.question.unsaid else 1.0
        return unsure * _chance(on_topic(found))
    told = READER_BIAS + READER["answerable"] * found.answerable + READER["span"] * found.span
    table = figures(found.evidence.candidates[0].passage.text)
    return _chance(on_topic(found) + ON_TOPIC) * _chance((1.0 - table) * told + table * TABLE)


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))


def on_topic(found: Found) -> float:
    """Return how far the search's evidence is from too little: under 0, the question is on something else.

    What is said around a question makes the passages less alike to it: the better of both evidences counts.
    """
    told = [_told(evidence) for evidence in (found.evidence, found.alone) if evidence]
    return BIAS + max(told) + UNSAID * found.evidence.question.unsaid


def _told(evidence: Evidence) -> float:
    return sum(CONFIDENCE[name] * value for name, value in signals(evidence).items())


def signals(evidence: Evidence) -> dict[str, float]:
    """Return what tells a question that the documents answer from one that they don't.

    In a language that the encoder does not know, the share of the question's words that a passage holds stands in.
    """
    question = evidence.question
    foreign = 1.0 - question.meaning
    share = float(evidence.feature("share_passage").max(initial=0.0))
    best = max((float(own_scores(rows).max(initial=0.0)) for rows in evidence.rows), default=0.0)  # before any vote
    return {
        "similarity": question.meaning * evidence.similarity,
        "nearest": float(evidence.feature("similarity").max(initial=0.0)),
        "score": best,
        "size": math.log10(1 + evidence.among),
        "few": min(1.0, max(0.0, FEW - math.log10(1 + evidence.among))),
        "foreign": foreign,
        "foreign_share": foreign * share,
        "named": float(_names_a_document(evidence)),
    }


def _names_a_document(evidence: Evidence) -> bool:
    """Tell whether a name in the question stands in the title or file name of a passage that was found."""
    named = {w for name in _NAMED.findall(evidence.question.text) for w in words(name) if not is_common(w)}
    passages = [candidate.passage for candidate in evidence.candidates] if named else []
    names = (f"{p.title} {_SEPARATORS.sub(' ', p.source.rpartition('/')[2])}" for p in passages)
    return any(not named.isdisjoint(words(name)) for name in names)
