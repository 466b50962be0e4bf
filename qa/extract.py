"""Answers without a language model: the sentences that answer, quoted word for word, or `not_found`."""

import math
from collections.abc import Iterable, Mapping, Sequence

from index.questions import is_survey, kind_of
from index.rerank import Evidence, figures, own_scores
from index.types import SearchResult, Span

from .core import core_of
from .parts import Part
from .quotes import Quote, cite, without_marks
from .reading import Found
from .short import exact_words
from .types import Answer

NOT_FOUND = "I could not find this in your documents."
MAX_QUOTES = 3
BROAD_QUOTES, BROAD_MARGIN = 6, 4.0
"""The same where a reason, a list or a summary is asked for, and no few words answer."""
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
READER: Mapping[str, float] = {"answerable": 0.331, "span": 0.064}
READER_BIAS = -0.357
"""What the reader's scores say of whether the words answer, learnt by `training/fit_reader.py` from questions on the
same subjects, half of which nothing answers."""
TABLE = 1.5
"""What stands in for that where the best passage is a table, which the reader knows little of."""
ON_TOPIC = 1.0
"""What is added to the search's own confidence, which refuses by itself, before it is multiplied by the reader's."""
DOUBTFUL = 0.12
"""The probability under which a question for a fact is not answered; of reasons the reader knows less."""
UNSAID = 1.4
"""What makes up for a follow-up's context, of which no passage holds all; found on conversations with and without
answers (`python -m benchmarks.conversation`)."""


def answer_by_quotes(question: str, found: Found, parts: Sequence[Part] = ()) -> Answer:
    """Return the answer that the evidence gives in its own words, to each part of a question that has several."""
    results = tuple(SearchResult(c.passage, c.score) for c in found.evidence.candidates)
    asked = core_of(question)
    by_part = [(part, best_quotes(part.found)[:QUOTES_A_PART]) for part in parts if is_covered(part.found)]
    quotes = _distinct(quote for _, some in by_part for quote in some)
    if not quotes and is_covered(found):
        quotes = best_quotes(found)
        if not _short(asked, quotes, found) and (is_survey(asked) or kind_of(asked) == "reason"):
            quotes = in_reading_order(best_quotes(found, BROAD_QUOTES, BROAD_MARGIN))
    likely = max([probability(found), *(probability(part.found) for part, _ in by_part)])
    if not quotes:
        return Answer(question, NOT_FOUND, results=results, status="not_found", confidence=likely)
    missing = [part.question for part in parts if part not in [p for p, _ in by_part]]
    return Answer(
        question=question,
        text="\n\n".join(f"{without_marks(quote.text)} [{number}]" for number, quote in enumerate(quotes, 1)),
        short=_short(parts[0].question if parts else asked, quotes, parts[0].found if parts else found),
        citations=tuple(cite(quote, number) for number, quote in enumerate(quotes, 1)),
        results=_merged(results, parts),
        status="partial" if missing else "answered",
        confidence=likely,
        note=not_covered(missing) if missing else None,
    )


def is_covered(found: Found) -> bool:
    """Tell whether the evidence is enough to answer its question."""
    if not found.evidence.candidates or on_topic(found) < 0:
        return False
    question = core_of(found.evidence.question.text)
    unread = is_survey(question) or kind_of(question) in ("reason", "statement")
    return unread or probability(found) >= DOUBTFUL


def not_covered(parts: Iterable[str]) -> str:
    """Say which parts of a question the documents do not answer."""
    return f"Not in your documents: {'; '.join(part.strip() for part in parts)}"


def _distinct(quotes: Iterable[Quote]) -> list[Quote]:
    return list({(quote.passage.id, quote.span): quote for quote in quotes}.values())


def _merged(results: tuple[SearchResult, ...], parts: Sequence[Part]) -> tuple[SearchResult, ...]:
    """Return the passages of the whole question and of its parts, each once."""
    found = [SearchResult(c.passage, c.score) for part in parts for c in part.found.evidence.candidates]
    return tuple({result.passage.id: result for result in (*found, *results)}.values()) if parts else results


def _short(question: str, quotes: Sequence[Quote], found: Found) -> str | None:
    """Return the exact words that answer, from the first quote that has them; what somebody said from any of them."""
    if is_survey(question):
        return None
    if kind_of(question) == "statement" or not found.readings:
        told = ((quote, exact_words(question, quote.text)) for quote in quotes)
        said = next((quote.text[slice(*span)] for quote, span in told if span), None)
        if said or not found.readings:
            return said
    for quote in quotes:
        if read := found.exact(quote.passage, quote.span):
            start, end = _whole(question, quote, (read[0] - quote.span[0], read[1] - quote.span[0]))
            return quote.text[start:end]
    return None


def _whole(question: str, quote: Quote, read: Span) -> Span:
    """Return what was read, a number or a date with the words around that belong to it: "over 85 targets"."""
    told = exact_words(question, quote.text) if kind_of(question) in ("count", "date") else None
    return told if told and told[0] <= read[0] and read[1] <= told[1] else read


def in_reading_order(quotes: Sequence[Quote]) -> list[Quote]:
    """Return the quotes as they stand in their documents, the document of the first one first."""
    documents = list(dict.fromkeys(quote.passage.source for quote in quotes))
    return sorted(quotes, key=lambda q: (documents.index(q.passage.source), q.passage.start + q.span[0]))


def best_quotes(found: Found, most: int = MAX_QUOTES, margin: float = MARGIN) -> list[Quote]:
    """Return up to `most` sentences, best first, that answer about as well as the best one."""
    scored = [
        (float(score), Quote(candidate.passage, span))
        for candidate, scores in zip(found.evidence.candidates, found.evidence.scores, strict=True)
        for span, score in zip(candidate.passage.sentences, scores, strict=True)
    ]
    scored.sort(key=lambda pair: -pair[0])
    chosen: list[Quote] = []
    for score, quote in scored:
        if len(chosen) == most or (chosen and score < scored[0][0] - margin):
            break
        if all(quote.text != other.text for other in chosen):
            chosen.append(quote)
    return chosen


def probability(found: Found) -> float:
    """Return how likely it is that the evidence answers its question, from 0 to 1.

    Two things must hold: the documents are about what is asked, which the search tells; and they say it, which the
    reader tells where it has read.
    """
    if not found.evidence.candidates:
        return 0.0
    if not found.readings:
        return _chance(on_topic(found))
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
    }
