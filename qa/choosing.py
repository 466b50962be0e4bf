"""Which sentences are quoted, and how much around them: a list with its head, an item, what stands under a headline."""

import re
from collections.abc import Sequence
from dataclasses import replace

from index.questions import asks_for_several, is_yes_or_no, kind_of
from index.rerank import Candidate, Evidence, Question, share
from index.words import is_common, words

from .cells import is_of_that_day, is_row
from .core import core_of
from .definitions import DEFINES, definition, term_asked_for
from .lists import announces, is_headline, list_around, section, whole_item, with_what_follows
from .quotes import Quote, sentences_of
from .reading import Found

MAX_QUOTES = 3
BROAD_QUOTES, BROAD_MARGIN = 6, 4.0
"""The same where a reason, a list or a summary is asked for, and no few words answer."""
MARGIN = 3.5
"""How far behind the best sentence's score another may be and still be quoted."""
SAME_DAY = 5.0
"""What it counts that a table's row is of the day asked about."""
_HOW = re.compile(r"\bhow\b", re.IGNORECASE)


def broad_quotes(found: Found) -> list[Quote]:
    """Return more quotes, as they stand in their documents; what stands under a headline that was asked for first."""
    quotes = best_quotes(found, BROAD_QUOTES, BROAD_MARGIN)
    first = len(_sections(found.evidence, core_of(found.evidence.question.text))[:1])
    told = [*quotes[:first], *in_reading_order(quotes[first:])]
    return with_what_is_above(told, found.evidence)[:BROAD_QUOTES]


def in_reading_order(quotes: Sequence[Quote]) -> list[Quote]:
    """Return the quotes as they stand in their documents, the document of the first one first."""
    documents = list(dict.fromkeys(quote.passage.source for quote in quotes))
    return sorted(quotes, key=lambda q: (documents.index(q.passage.source), q.passage.start + q.span[0]))


def best_quotes(found: Found, most: int = MAX_QUOTES, margin: float = MARGIN) -> list[Quote]:
    """Return up to `most` sentences, best first, that answer about as well as the best one.

    One that announces a list is quoted with it; so is an item, where several things are asked for or whether something
    is so. What stands under a headline that names several things comes first, where they are asked for. A headline or a
    unit ("BALANCE SHEETS", "(In millions)") is quoted where nothing else is.
    """
    asked = core_of(found.evidence.question.text)
    term = term_asked_for(asked)
    scored = [
        (float(score) + DEFINES * _defines(term, quote) + SAME_DAY * _is_of_that_day(asked, quote), quote)
        for candidate, scores in zip(found.evidence.candidates, found.evidence.scores, strict=True)
        for quote, score in zip(sentences_of(candidate.passage), scores, strict=True)
    ]
    scored.sort(key=lambda pair: -pair[0])
    good = _near_the_best(scored, margin)
    telling = [quote for quote in good if _tells(quote)] or _under(good)
    telling = telling or _near_the_best([pair for pair in scored if _tells(pair[1])], margin) or good
    several = asks_for_several(asked) or kind_of(asked) == "reason"
    chosen = _sections(found.evidence, asked)[:1]
    for quote in telling:
        if len(chosen) == most:
            break
        whole = _with_its_list(quote, several or is_yes_or_no(asked))
        if all(quote.text != o.text and not _covers(o, quote) and not _covers(whole, o) for o in chosen):
            chosen.append(whole)
    return chosen


def _near_the_best(scored: Sequence[tuple[float, Quote]], margin: float) -> list[Quote]:
    return [quote for score, quote in scored if score >= scored[0][0] - margin]


def _under(headlines: Sequence[Quote]) -> list[Quote]:
    """Return what stands under the first of these headlines that has something under it, if any has."""
    found = ((quote.passage, section(quote.passage)) for quote in headlines)
    return [Quote(passage, span) for passage, span in found if span][:1]


def with_what_is_above(chosen: list[Quote], evidence: Evidence) -> list[Quote]:
    """Put behind the first quote the sentence of its document's opening that says whose contract, which day it is.

    Where that sentence came first, for the names in it, the quote that says what is asked about them goes before it.
    """
    if not chosen:
        return []
    candidates = {candidate.passage.id: candidate for candidate in evidence.candidates}
    above = {quote: [Quote(*place) for place in candidates[quote.passage.id].above[:1]] for quote in chosen}
    first = next(
        (
            quote
            for quote in chosen[1:]
            if chosen[0] in above[quote]
            and _says_more(quote, chosen[0], candidates[quote.passage.id], evidence.question)
        ),
        *chosen[:1],
    )
    others = (o for o in chosen if o != first and not any(_covers(a, o) for a in above[first]))
    return [first, *above[first], *others]


def _says_more(one: Quote, other: Quote, candidate: Candidate, question: Question) -> bool:
    """Tell whether a quote has more of what is asked, beside the names that are known, than another."""
    asked = {word for word in question.words if not is_common(word)} - candidate.known
    return len(asked & set(words(one.text, question.language))) > len(asked & set(words(other.text, question.language)))


def _sections(evidence: Evidence, asked: str) -> list[Quote]:
    """Return what stands under a headline that names what is asked for: "Side effects", "How to store it"."""
    question, several = evidence.question, asks_for_several(asked)
    telling = {word for word in words(asked, question.language) if not is_common(word)}
    found: list[Quote] = []
    for candidate in evidence.candidates:
        passage = candidate.passage
        if not several and not (_HOW.search(asked) and _HOW.search(passage.heading)):
            continue
        named = telling & set(words(passage.heading, question.language))
        known = set(words(f"{passage.title} {candidate.text_above} {passage.text}", question.language))
        most = 2 * share(question, named) >= share(question, telling) > 0.0
        if most and telling <= named | known and (span := section(passage)):
            found.append(Quote(passage, span))
    return found


def _defines(term: str | None, quote: Quote) -> bool:
    return term is not None and definition(term, quote.text) is not None


def _is_of_that_day(asked: str, quote: Quote) -> bool:
    return is_row(quote.text) and is_of_that_day(asked, quote.text) is True


def _with_its_list(quote: Quote, several: bool) -> Quote:
    passage, span = quote.passage, quote.span
    if span not in passage.sentences:
        return quote
    if announces(passage, span) or is_headline(passage, span):
        found = with_what_follows(passage, span)
    else:
        found, item = list_around(passage, span) if several else None, whole_item(passage, span)
        if found in (None, item) and item != span:
            return Quote(passage, item, telling=span)
    return replace(quote, span=found) if found else quote


def _covers(one: Quote, other: Quote) -> bool:
    return one.passage.id == other.passage.id and one.span[0] <= other.span[0] and other.span[1] <= one.span[1]


def _tells(quote: Quote) -> bool:
    """Tell whether a sentence says something by itself, or with what follows it."""
    if announces(quote.passage, quote.span):
        return with_what_follows(quote.passage, quote.span) is not None
    return not is_headline(quote.passage, quote.span)
