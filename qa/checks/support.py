"""Which words of the passages bear out a statement, if any do: the heart of what a citation promises.

A quote is one to three sentences in a row of one passage. It bears out a statement if it has the statement's figures,
dates, quoted words and names, each beside words that it stands beside in the statement, enough of the statement's
other words, and is not at odds with it. What one quote lacks, another cited one may add. Pure functions; no model
judges here.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from ..quotes import Quote
from .claims import Claim
from .contrary import contrary, lacks_denial
from .names import Name, has_name
from .sources import LONGEST, Source, Window, share_of, stems, windows
from .stated import flat, missing_from, stands_beside

ENOUGH = 0.55
"""Share of a statement's telling words that a quote must have where it has the statement's figures or names."""
ENOUGH_ALONE = 0.66
"""The same where the statement has neither."""
ENOUGH_AS_ANSWER = 0.5
"""Share of the words of a question and its answer of a word or two that the quote must have."""
CERTAIN = 0.8
"""The same for a passage that the statement does not cite."""
_WORDS = 5
"""Words in a row from which the same words are no chance."""
_LOOKED_AT = 16
_REACH = 8
"""Sentences before a quote in which whom it speaks of may be named."""
_ANSWERS = 0.1
"""What it counts, in shares of words, that search and reader take a sentence for an answer to the question."""
_REFERS = re.compile(
    r"\b(?:he|she|it|they|his|her|hers|its|their|him|them|this|these|such|the [a-z]+)\b", re.IGNORECASE
)


def answering(claim: Claim, sources: Sequence[Source], cited: Sequence[int], asked: frozenset[str]) -> list[Quote]:
    """Return the sentence that bears out a claim of a word or two, which means something only as an answer: "85."

    The sentence has to have the claim's words and half of these and the question's, `asked`, together.
    """
    whole = replace(claim, telling=claim.telling | asked)
    mine = [source for source in sources if source.number in cited]
    for some in (mine, sources):
        for window in _best(whole, some):
            alone = window.first == window.last and window.share >= ENOUGH_AS_ANSWER
            stated = alone and claim.telling <= stems(window) and not missing_from(claim, window)
            if stated and not _at_odds(claim, window):
                return [window.quote]
    return []


def supporting(
    claim: Claim, sources: Sequence[Source], cited: Sequence[int], asked: frozenset[str] = frozenset()
) -> list[Quote]:
    """Return the quotes that bear out a claim, in the order in which they are cited; none if they don't.

    A passage among `cited` is preferred; another one has to agree more closely. Among equals, the quote that has more
    of the question's words, `asked`, is chosen.
    """
    at_least = max(_threshold(claim), _denied(claim, sources))
    mine = [source for source in sources if source.number in cited]
    others = [source for source in sources if source.number not in cited]
    found = (
        _verbatim(claim, mine)
        or _verbatim(claim, others)
        or _single(claim, mine, at_least, asked)
        or _together(claim, mine, at_least)
    )
    if not found:
        found = _single(claim, others, max(CERTAIN, at_least), asked) or (
            _together(claim, sources, at_least) if cited else []
        )
    return found


def _denied(claim: Claim, sources: Sequence[Source]) -> float:
    """Return how closely a sentence agrees that is at odds with the claim: what bears it out has to agree as much."""
    lines = [
        (share_of(claim, line.claim.telling | source.around.telling), line)
        for source in sources
        for line in source.lines
    ]
    foremost = sorted(lines, key=lambda pair: -pair[0])[:_LOOKED_AT]
    return max((share for share, line in foremost if share > ENOUGH and contrary(claim, line.claim)), default=0.0)


def _threshold(claim: Claim) -> float:
    """Return the share of a claim's words that a cited quote has to have; of two or three, one may be another word."""
    if not claim.factual:
        return ENOUGH_ALONE
    count = len(claim.telling)
    return min(ENOUGH, (count - 1) / count) if count > 1 else ENOUGH


def _verbatim(claim: Claim, sources: Sequence[Source]) -> list[Quote]:
    """Return the shortest quote that has the claim's own words in a row: nothing bears it out better."""
    said = flat(claim.text)
    if said.count(" ") < _WORDS - 1:
        return []
    near = (w for source in sources for w in windows(claim, source) if w.share > 0.9 and said in flat(w.text))
    found = [window for window in near if not _at_odds(claim, window)]
    return [min(found, key=lambda w: len(w.text)).quote] if found else []


def _single(claim: Claim, sources: Sequence[Source], enough: float, asked: frozenset[str]) -> list[Quote]:
    """Return the best quote that bears out the claim by itself, or with the sentence that names whom it speaks of."""
    for window in _best(claim, sources, asked):
        if window.share >= enough and not _at_odds(claim, window):
            missing = missing_from(claim, window)
            if not missing:
                return [window.quote]
            named = _antecedent(missing, window)
            if named:
                return [named, window.quote]
    return []


def _antecedent(missing: Sequence[object], window: Window) -> Quote | None:
    """Return the sentence before a window that has the names which the window only refers to ("he", "the company")."""
    lacking = [name for name in missing if isinstance(name, Name)]
    if len(lacking) < len(missing) or not any(_REFERS.search(line.claim.text) for line in window.lines):
        return None
    for line in reversed(window.source.lines[max(0, window.first - _REACH) : window.first]):
        if all(has_name(name, line.names, line.claim.text) for name in lacking):
            return Quote(window.source.passage, line.span)
    return None


def _together(claim: Claim, sources: Sequence[Source], enough: float) -> list[Quote]:
    """Return two or three quotes that bear out the claim between them, each a part of what it says.

    Each states a fact that the others lack, beside words that stand beside it in the claim.
    """
    if not claim.factual:
        return []
    chosen: list[Window] = []
    missing: list[object] = [
        *claim.figures,
        *claim.moments,
        *claim.quoted,
        *claim.digits,
        *(n for n in claim.names if n.certain),
    ]
    has: set[str] = set()
    for window in _best(claim, sources):
        if len(chosen) == LONGEST or _at_odds(claim, window):
            continue
        lacks = missing_from(claim, window)
        stated = [fact for fact in missing if fact not in lacks and stands_beside(claim, fact, window)]
        if stated:
            missing = [fact for fact in missing if fact not in stated]
            has |= claim.telling & stems(window)
            chosen.append(window)
    return [w.quote for w in chosen] if not missing and len(has) >= enough * len(claim.telling) else []


def _best(claim: Claim, sources: Sequence[Source], asked: frozenset[str] = frozenset()) -> list[Window]:
    """Return the candidate quotes that share most words with the claim; among equals those that search and reader take
    for an answer, and the shorter, first."""
    found = [window for source in sources for window in windows(claim, source)]
    known = {id(w): len(asked & stems(w)) / len(asked) if asked else 0.0 for w in found}

    def order(w: Window) -> tuple[float, int, int]:
        short = 0.04 * (w.first - w.last)
        return -(w.share + short + 0.2 * known[id(w)] + _ANSWERS * w.answers), w.source.number, w.first

    return sorted(found, key=order)[:_LOOKED_AT]


def _at_odds(claim: Claim, window: Window) -> bool:
    lines = [line.claim for line in window.lines]
    return lacks_denial(claim, lines) or any(contrary(claim, line) for line in lines)
