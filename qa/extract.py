"""Answers without a language model: the sentences that answer, quoted word for word, or `not_found`."""

from collections.abc import Iterable, Sequence

from index.questions import is_survey, kind_of
from index.rerank import Evidence
from index.types import SearchResult

from .choosing import MAX_QUOTES, best_quotes, broad_quotes, with_what_is_above
from .confidence import is_covered, is_doubtful, probability
from .core import core_of
from .exact import exact_answer, is_told_by_one_row
from .parts import Part
from .quotes import Quote, cite, without_marks
from .reading import Found
from .types import Answer

NOT_FOUND = "I could not find this in your documents."
QUOTES_A_PART = 2
MAY_NOT_ANSWER = "Your documents may not answer this. These are the words that come nearest."


def answer_by_quotes(question: str, found: Found, parts: Sequence[Part] = ()) -> Answer:
    """Return the answer that the evidence gives in its own words, to each part of a question that has several."""
    results = _results(found.evidence)
    asked = core_of(question)
    by_part = [(part, best_quotes(part.found)[:QUOTES_A_PART]) for part in parts if is_covered(part.found)]
    quotes = _distinct(quote for _, some in by_part for quote in some)
    if not quotes and is_covered(found):
        quotes = with_what_is_above(best_quotes(found), found.evidence)[:MAX_QUOTES]
        if not exact_answer(asked, quotes, found) and (is_survey(asked) or kind_of(asked) == "reason"):
            quotes = broad_quotes(found)
        elif is_told_by_one_row(found.evidence.question, quotes):  # the rows beside it say nothing more
            quotes = with_what_is_above(quotes[:1], found.evidence)
    likely = max([probability(found), *(probability(part.found) for part, _ in by_part)])
    if not quotes:
        return Answer(question, NOT_FOUND, results=results, status="not_found", confidence=likely)
    covered = [part for part, _ in by_part]
    told_of = (covered[0].question, quotes, covered[0].found) if covered else (asked, quotes, found)
    missing = [part.question for part in parts if covered and part not in covered]
    return Answer(
        question=question,
        text="\n\n".join(f"{without_marks(quote.text)} [{number}]" for number, quote in enumerate(quotes, 1)),
        short=exact_answer(*told_of),
        citations=tuple(cite(quote, number) for number, quote in enumerate(quotes, 1)),
        results=_merged(results, parts),
        status="partial" if missing else "answered",
        confidence=likely,
        note=not_covered(missing) if missing else MAY_NOT_ANSWER if not covered and is_doubtful(found) else None,
    )


def _results(evidence: Evidence) -> tuple[SearchResult, ...]:
    """Return the passages that were found, and last the openings that say whose contract, which day they are about."""
    found = {c.passage.id: SearchResult(c.passage, c.score) for c in evidence.candidates}
    last = min((c.score for c in evidence.candidates), default=0.0)
    for passage in (passage for c in evidence.candidates for passage, _ in c.above):
        found.setdefault(passage.id, SearchResult(passage, last - 1))
    return tuple(found.values())


def not_covered(parts: Iterable[str]) -> str:
    """Say which parts of a question the documents do not answer."""
    return f"Not in your documents: {'; '.join(part.strip() for part in parts)}"


def _distinct(quotes: Iterable[Quote]) -> list[Quote]:
    return list({(quote.passage.id, quote.span): quote for quote in quotes}.values())


def _merged(results: tuple[SearchResult, ...], parts: Sequence[Part]) -> tuple[SearchResult, ...]:
    """Return the passages of the whole question and of its parts, each once."""
    found = [SearchResult(c.passage, c.score) for part in parts for c in part.found.evidence.candidates]
    return tuple({result.passage.id: result for result in (*found, *results)}.values()) if parts else results
