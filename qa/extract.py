"""Answers without a language model: the sentences that answer, quoted word for word, or `not_found`."""

import math
from collections.abc import Iterable, Mapping, Sequence

from index.rerank import Evidence
from index.types import SearchResult

from .parts import Part
from .quotes import Quote, cite, without_marks
from .short import exact_words
from .types import Answer

NOT_FOUND = "I could not find this in your documents."
MAX_QUOTES = 3
QUOTES_A_PART = 2
MARGIN = 3.5
"""How far behind the best sentence's score another may be and still be quoted."""

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
}
"""Weights learnt by `training/fit_refusal.py` from questions on the documents' topics and on others; "few" was set on
e-mails, papers and reports asked one by one, which were refused too often."""
UNSAID = 1.4
"""What makes up for a follow-up's context, of which no passage holds all; found on conversations with and without
answers (`python -m benchmarks.conversation`)."""


def answer_by_quotes(question: str, evidence: Evidence, parts: Sequence[Part] = ()) -> Answer:
    """Return the answer that the evidence gives in its own words, to each part of a question that has several."""
    results = tuple(SearchResult(c.passage, c.score) for c in evidence.candidates)
    by_part = [(part, best_quotes(part.evidence)[:QUOTES_A_PART]) for part in parts if is_covered(part.evidence)]
    quotes = _distinct(quote for _, found in by_part for quote in found)
    if not quotes and is_covered(evidence):
        quotes = best_quotes(evidence)
    if not quotes:
        return Answer(question, NOT_FOUND, results=results, status="not_found")
    missing = [part.question for part in parts if part not in [p for p, _ in by_part]]
    return Answer(
        question=question,
        text="\n\n".join(f"{without_marks(quote.text)} [{number}]" for number, quote in enumerate(quotes, 1)),
        short=_short(parts[0].question if parts else question, quotes),
        citations=tuple(cite(quote, number) for number, quote in enumerate(quotes, 1)),
        results=_merged(results, parts),
        status="partial" if missing else "answered",
        note=not_covered(missing) if missing else None,
    )


def is_covered(evidence: Evidence) -> bool:
    """Tell whether the evidence is enough to answer its question."""
    return bool(evidence.candidates) and confidence(evidence) >= 0


def not_covered(parts: Iterable[str]) -> str:
    """Say which parts of a question the documents do not answer."""
    return f"Not in your documents: {'; '.join(part.strip() for part in parts)}"


def _distinct(quotes: Iterable[Quote]) -> list[Quote]:
    return list({(quote.passage.id, quote.span): quote for quote in quotes}.values())


def _merged(results: tuple[SearchResult, ...], parts: Sequence[Part]) -> tuple[SearchResult, ...]:
    """Return the passages of the whole question and of its parts, each once."""
    found = [SearchResult(c.passage, c.score) for part in parts for c in part.evidence.candidates]
    return tuple({result.passage.id: result for result in (*found, *results)}.values()) if parts else results


def _short(question: str, quotes: Sequence[Quote]) -> str | None:
    """Return the exact words that answer from the first quote that has them."""
    for quote in quotes:
        found = exact_words(question, quote.text)
        if found:
            return quote.text[found[0] : found[1]]
    return None


def best_quotes(evidence: Evidence) -> list[Quote]:
    """Return up to three sentences, best first, that answer about as well as the best one."""
    scored = [
        (float(score), Quote(candidate.passage, span))
        for candidate, scores in zip(evidence.candidates, evidence.scores, strict=True)
        for span, score in zip(candidate.passage.sentences, scores, strict=True)
    ]
    scored.sort(key=lambda pair: -pair[0])
    chosen: list[Quote] = []
    for score, quote in scored:
        if len(chosen) == MAX_QUOTES or (chosen and score < scored[0][0] - MARGIN):
            break
        if all(quote.text != other.text for other in chosen):
            chosen.append(quote)
    return chosen


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
        "few": min(1.0, max(0.0, FEW - math.log10(1 + evidence.among))),
        "foreign": foreign,
        "foreign_share": foreign * share,
    }
