"""What the library holds on a question once the reader has looked at it: the search's evidence, in the reader's order.

The reader has a vote beside the search, and none where it has not learnt the language or where lines are no sentences:
`training/fit_reader.py` finds the weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.questions import kind_of
from index.rerank import Evidence, figures
from index.types import Passage, Span

from .core import core_of
from .followup import points_back
from .reader import Reading, Vector, read

READ = 6
"""Passages that are read: the first of the search."""
ANSWERABLE, SPAN = 0.5, 0.3
"""What the reader's two scores count beside a sentence's own."""
CLIP = 10.0
"""Beyond this a span's score tells no more."""
LIKELY = -6.0
"""The score from which an exact answer is shown."""
UNREAD = -6.0
"""The reader's vote for a passage that it has not read."""


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, with scores for their sentences, and what was read of each: empty where nothing was.

    `alone` is the evidence on the question's core, where more is said around it.
    """

    evidence: Evidence
    readings: tuple[Reading, ...] = ()
    alone: Evidence | None = None

    @property
    def answerable(self) -> float:
        """How surely the best passage answers, a logit."""
        return max((reading.answerable for reading in self.readings), default=0.0)

    @property
    def span(self) -> float:
        """How much better the best exact answer is than none, a logit."""
        return max((float(reading.scores.max(initial=-CLIP)) for reading in self.readings), default=0.0)

    def exact(self, passage: Passage, span: Span) -> Span | None:
        """Return where the exact answer stands in a sentence of a passage, if the reader finds one likely."""
        for candidate, reading in zip(self.evidence.candidates, self.readings, strict=False):
            if candidate.passage.id == passage.id and reading.answers and span in passage.sentences:
                number = passage.sentences.index(span)
                answer = reading.answers[number]
                return _whole_words(passage.text, *answer) if answer and reading.scores[number] >= LIKELY else None
        return None


def _whole_words(text: str, start: int, end: int) -> Span:
    """Widen a span to whole words: the reader knows rare words only in pieces."""
    while 0 < start < end and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while start < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end


def looked_at(evidence: Evidence, *, reader: bool = True) -> Found:
    """Read the foremost passages and order them, and their sentences' scores, by what search and reader say.

    A question that leans on others ("When?") is not read: the reader would not know what it is about.
    """
    question = evidence.question
    asked = core_of(question.text)
    leans = question.unsaid > 0.0 and points_back(asked)
    if not reader or not evidence.candidates or question.meaning < 1.0 or leans:
        return Found(evidence)
    passages = [candidate.passage for candidate in evidence.candidates[:READ]]
    above = [candidate.text_above for candidate in evidence.candidates[:READ]]
    span = 0.0 if kind_of(asked) == "statement" else SPAN  # it looks for a few words, not for what somebody said
    return voted(evidence, read(asked, passages, above=above), span=span)


def voted(evidence: Evidence, readings: Sequence[Reading], answerable: float = ANSWERABLE, span: float = SPAN) -> Found:
    """Order what was found by the votes of search and reader; one that was not read gets a poor vote."""
    read_of, scored = evidence.candidates[: len(readings)], evidence.scores[: len(readings)]
    scores = [own + _votes(r, c.passage, answerable, span) for own, r, c in zip(scored, readings, read_of, strict=True)]
    rest = range(len(readings), len(evidence.candidates))
    scores += [evidence.scores[i] + np.float32(UNREAD) for i in rest]
    merits = [
        candidate.score + float(new.max(initial=-99.0)) - float(old.max(initial=-99.0))
        for candidate, new, old in zip(evidence.candidates, scores, evidence.scores, strict=True)
    ]
    order = sorted(range(len(merits)), key=lambda i: -merits[i])
    ordered = replace(
        evidence,
        candidates=tuple(replace(evidence.candidates[i], score=merits[i]) for i in order),
        scores=tuple(scores[i] for i in order),
        rows=tuple(evidence.rows[i] for i in order),
    )
    unread = [Reading(UNREAD, np.full(len(evidence.scores[i]), UNREAD, np.float32), ()) for i in rest]
    return Found(ordered, tuple([*readings, *unread][i] for i in order))


def _votes(reading: Reading, passage: Passage, answerable: float, span: float) -> Vector:
    """Return what the reader gives to each sentence; it knows little of a table of figures, and holds back there."""
    spans = np.clip(reading.scores, -CLIP, CLIP)
    return (answerable * reading.answerable + span * spans) * np.float32(1.0 - figures(passage.text))
