"""Why an answer is as it is: what was searched for, what both searches found, what was read and what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from index.types import SearchResult

from .chatbot import Chatbot
from .confidence import DOUBTFUL, probability
from .followup import standalone
from .reading import looked_at
from .rewording import taken_as
from .types import Answer, Turn
from .versions import evidence_of

LISTED = 10
"""Passages of each rank list."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the library's evidence on a question came about; each list is best first, with scores of its own kind.

    `meaning` is ranked by cosine similarity, `words` by BM25, `fused` by both, `read` as sentences and reader order
    them. `cut` holds what the searches found and was not read. `probability` is how likely the documents answer, which
    a question for a fact needs to be over `threshold`. `timings` maps a stage to milliseconds.
    """

    question: str
    meaning: tuple[SearchResult, ...]
    words: tuple[SearchResult, ...]
    fused: tuple[SearchResult, ...]
    read: tuple[SearchResult, ...]
    cut: tuple[SearchResult, ...]
    probability: float
    threshold: float = DOUBTFUL
    timings: dict[str, float] = field(default_factory=dict[str, float])


def explain(
    bot: Chatbot,
    question: str,
    history: Sequence[Turn] = (),
    sources: Sequence[str] | None = None,
    answer: Answer | None = None,
) -> Explanation:
    """Explain a question's answer; the one that was given says what was searched for, so that no model is asked."""
    question, context = taken_as(question, history)
    whole = standalone(question, history) if context else question
    if answer and answer.standalone and answer.standalone != whole:  # a model made it stand alone
        question, whole, context = answer.standalone, answer.standalone, ()
    found = looked_at(evidence_of(bot.index, question, sources, context), reader=bot.settings.reader)
    trace = bot.index.trace(question, LISTED, sources, context)
    read = tuple(SearchResult(c.passage, c.score) for c in found.evidence.candidates)
    ids = {result.passage.id for result in read}
    listed = {r.passage.id: r for r in (*trace.words, *trace.meaning, *trace.fused)}
    return Explanation(
        question=whole,
        meaning=trace.meaning,
        words=trace.words,
        fused=trace.fused,
        read=read,
        cut=tuple(result for i, result in listed.items() if i not in ids),
        probability=probability(found) if answer is None or answer.confidence is None else answer.confidence,
        timings=answer.timings if answer else {},
    )
