"""Answers without a language model: the sentences that answer, quoted word for word, or `not_found`."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.rerank import Evidence
from index.types import Passage, SearchResult, Span

from .short import exact_words
from .types import Answer, Citation

NOT_FOUND = "I could not find this in your documents."
MAX_QUOTES = 3
MARGIN = 3.5
"""How far behind the best sentence's score another may be and still be quoted."""

BIAS = -9.8
CONFIDENCE: Mapping[str, float] = {
    "similarity": 7.4,
    "nearest": 10.7,
    "score": 0.93,
    "size": -1.3,
    "foreign": 6.9,
    "foreign_share": 5.6,
}
"""Weights learnt by `training/fit_refusal.py` from questions on the documents' topics and on others."""
UNSAID = 1.4
"""What makes up for a follow-up's context, of which no passage holds all; found on conversations with and without
answers (`python -m benchmarks.conversation`)."""

_LIKE_MARKS = re.compile(r"\[(?:\d{1,4}|unsupported)\]")
"""What a document's own footnote numbers look like; left in the text, they would be taken for marks."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage, and how well it answers."""

    passage: Passage
    span: Span  # within the passage
    score: float

    @property
    def text(self) -> str:
        """The quoted words."""
        return self.passage.text[self.span[0] : self.span[1]]


def answer_by_quotes(question: str, evidence: Evidence) -> Answer:
    """Return the answer that the evidence gives in its own words."""
    results = [SearchResult(c.passage, c.score) for c in evidence.candidates]
    quotes = best_quotes(evidence)
    if not quotes or confidence(evidence) < 0:
        return Answer(question, NOT_FOUND, results=tuple(results), status="not_found")
    return Answer(
        question=question,
        text="\n\n".join(f"{_LIKE_MARKS.sub('', quote.text)} [{number}]" for number, quote in enumerate(quotes, 1)),
        short=_short(question, quotes),
        citations=tuple(cite(quote, number) for number, quote in enumerate(quotes, 1)),
        results=tuple(results),
    )


def _short(question: str, quotes: Sequence[Quote]) -> str | None:
    """Return the exact words that answer from the first quote that has them."""
    for quote in quotes:
        found = exact_words(question, quote.text)
        if found:
            return quote.text[found[0] : found[1]]
    return None


def best_quotes(evidence: Evidence) -> list[Quote]:
    """Return up to three sentences, best first, that answer about as well as the best one."""
    quotes = [
        Quote(candidate.passage, span, float(score))
        for candidate, scores in zip(evidence.candidates, evidence.scores, strict=True)
        for span, score in zip(candidate.passage.sentences, scores, strict=True)
    ]
    quotes.sort(key=lambda quote: -quote.score)
    chosen: list[Quote] = []
    for quote in quotes:
        if len(chosen) == MAX_QUOTES or (chosen and quote.score < chosen[0].score - MARGIN):
            break
        if all(quote.text != other.text for other in chosen):
            chosen.append(quote)
    return chosen


def cite(quote: Quote, number: int) -> Citation:
    """Return the citation of a quote, its offsets within the document."""
    passage = quote.passage
    return Citation(
        number=number,
        source=passage.source,
        title=passage.title,
        page=passage.page,
        start=passage.start + quote.span[0],
        end=passage.start + quote.span[1],
        quote=quote.text,
        passage_id=passage.id,
    )


def confidence(evidence: Evidence) -> float:
    """Return how far the evidence is from too little: under 0, the question is not answered."""
    told = sum(CONFIDENCE[name] * value for name, value in signals(evidence).items())
    return BIAS + told + UNSAID * evidence.question.unsaid


def signals(evidence: Evidence) -> dict[str, float]:
    """Return what tells a question that the documents answer from one that they don't.

    In a language that the encoder does not know, the share of the question's words that a passage holds stands in.
    """
    question = evidence.question
    foreign = 1.0 - question.meaning
    share = float(evidence.feature("share_passage").max(initial=0.0))
    best = max((float(scores.max(initial=0.0)) for scores in evidence.scores), default=0.0)
    return {
        "similarity": question.meaning * evidence.similarity,
        "nearest": float(evidence.feature("similarity").max(initial=0.0)),
        "score": best,
        "size": math.log10(1 + evidence.among),
        "foreign": foreign,
        "foreign_share": foreign * share,
    }
