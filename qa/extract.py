"""Answers without a language model: the sentences that answer, quoted word for word, or `not_found`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from index.questions import asks_for_several, is_survey, kind_of
from index.types import SearchResult

from .confidence import is_covered, is_doubtful, probability
from .core import core_of
from .definitions import DEFINES, definition, term_asked_for
from .exact import exact_answer, is_told_by_one_row
from .lists import announces, is_headline, list_around, with_what_follows
from .parts import Part
from .quotes import Quote, cite, sentences_of, without_marks
from .reading import Found
from .types import Answer

NOT_FOUND = "I could not find this in your documents."
MAX_QUOTES = 3
BROAD_QUOTES, BROAD_MARGIN = 6, 4.0
"""The same where a reason, a list or a summary is asked for, and no few words answer."""
QUOTES_A_PART = 2
MAY_NOT_ANSWER = "Your documents may not answer this. These are the words that come nearest."
MARGIN = 3.5
"""How far behind the best sentence's score another may be and still be quoted."""


def answer_by_quotes(question: str, found: Found, parts: Sequence[Part] = ()) -> Answer:
    """Return the answer that the evidence gives in its own words, to each part of a question that has several."""
    results = tuple(SearchResult(c.passage, c.score) for c in found.evidence.candidates)
    asked = core_of(question)
    by_part = [(part, best_quotes(part.found)[:QUOTES_A_PART]) for part in parts if is_covered(part.found)]
    quotes = _distinct(quote for _, some in by_part for quote in some)
    if not quotes and is_covered(found):
        quotes = best_quotes(found)
        if not exact_answer(asked, quotes, found) and (is_survey(asked) or kind_of(asked) == "reason"):
            quotes = in_reading_order(best_quotes(found, BROAD_QUOTES, BROAD_MARGIN))
        elif is_told_by_one_row(found.evidence.question, quotes):
            quotes = quotes[:1]  # the rows beside it say nothing more
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


def not_covered(parts: Iterable[str]) -> str:
    """Say which parts of a question the documents do not answer."""
    return f"Not in your documents: {'; '.join(part.strip() for part in parts)}"


def _distinct(quotes: Iterable[Quote]) -> list[Quote]:
    return list({(quote.passage.id, quote.span): quote for quote in quotes}.values())


def _merged(results: tuple[SearchResult, ...], parts: Sequence[Part]) -> tuple[SearchResult, ...]:
    """Return the passages of the whole question and of its parts, each once."""
    found = [SearchResult(c.passage, c.score) for part in parts for c in part.found.evidence.candidates]
    return tuple({result.passage.id: result for result in (*found, *results)}.values()) if parts else results


def in_reading_order(quotes: Sequence[Quote]) -> list[Quote]:
    """Return the quotes as they stand in their documents, the document of the first one first."""
    documents = list(dict.fromkeys(quote.passage.source for quote in quotes))
    return sorted(quotes, key=lambda q: (documents.index(q.passage.source), q.passage.start + q.span[0]))


def best_quotes(found: Found, most: int = MAX_QUOTES, margin: float = MARGIN) -> list[Quote]:
    """Return up to `most` sentences, best first, that answer about as well as the best one.

    One that announces a list is quoted with it; so is an item, where several things are asked for. A headline or a unit
    ("BALANCE SHEETS", "(In millions)") is quoted where nothing else is.
    """
    asked = core_of(found.evidence.question.text)
    term = term_asked_for(asked)
    scored = [
        (float(score) + DEFINES * _defines(term, quote), quote)
        for candidate, scores in zip(found.evidence.candidates, found.evidence.scores, strict=True)
        for quote, score in zip(sentences_of(candidate.passage), scores, strict=True)
    ]
    scored.sort(key=lambda pair: -pair[0])
    good = [quote for score, quote in scored if score >= scored[0][0] - margin]
    telling = [quote for quote in good if _tells(quote)] or good
    several = asks_for_several(asked) or kind_of(asked) == "reason"
    chosen: list[Quote] = []
    for quote in telling:
        if len(chosen) == most:
            break
        whole = _with_its_list(quote, several)
        if all(quote.text != o.text and not _covers(o, quote) and not _covers(whole, o) for o in chosen):
            chosen.append(whole)
    return chosen


def _defines(term: str | None, quote: Quote) -> bool:
    return term is not None and definition(term, quote.text) is not None


def _with_its_list(quote: Quote, several: bool) -> Quote:
    passage, span = quote.passage, quote.span
    if announces(passage, span) or is_headline(passage, span):
        found = with_what_follows(passage, span)
    else:
        found = list_around(passage, span) if several else None
    return replace(quote, span=found) if found else quote


def _covers(one: Quote, other: Quote) -> bool:
    return one.passage.id == other.passage.id and one.span[0] <= other.span[0] and other.span[1] <= one.span[1]


def _tells(quote: Quote) -> bool:
    """Tell whether a sentence says something by itself, or with what follows it."""
    if announces(quote.passage, quote.span):
        return with_what_follows(quote.passage, quote.span) is not None
    return not is_headline(quote.passage, quote.span)
