"""Whether a quote says something else than a statement does: it denies it, or has another name or number in its place.

A statement and a sentence of the quote are laid side by side, word by word. Where they agree beside a spot and one has
a name or figure there and the other another one, or one of them a "not", they are at odds.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from functools import lru_cache

from index.types import Span

from .claims import Claim
from .figures import Figure
from .names import Name, fold, has_name, word_set

_DENIALS = frozenset("not no never none nobody nothing neither nor without cannot unable fails failed lacks".split())
_LONGEST = 6
"""Words of a spot where two sentences differ; in longer ones, what stands for what can't be told."""
_OPPOSITES = [
    tuple(frozenset(side.split()) for side in pair.split("/"))
    for pair in (
        "increase increased increases increasing rise rose risen rises grew grow grows growth gain gained up higher"
        "/decrease decreased decreases decreasing decline declined fall fell fallen falls drop dropped down lower"
        " reduced",
        "more/less fewer",
        "above over exceeding exceeded/below under",
        "before/after",
        "first/last",
        "largest biggest highest greatest most/smallest lowest least",
        "win won wins winning/lose lost loses losing",
        "profit/loss",
        "accept accepted approve approved approves/reject rejected rejects",
        "allowed permitted/prohibited forbidden banned",
        "began begin started opened/ended end finished closed",
        "north northern/south southern",
        "east eastern/west western",
        "older/younger",
        "early earlier earliest/late later latest",
        "minimum/maximum",
        "born/died",
        "import imports imported/export exports exported",
        "always/never",
        "include includes included/exclude excludes excluded",
        "success successful succeeded/failure failed unsuccessful",
        "positive/negative",
        "male men man/female women woman",
    )
]


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a sentence, and what kind of fact it belongs to ("" for none)."""

    text: str
    span: Span
    fact: bool


@dataclass(frozen=True, slots=True)
class _Spot:
    """Neighbouring words of a sentence."""

    claim: Claim
    words: list[_Word]

    @property
    def span(self) -> Span:
        return self.words[0].span[0], self.words[-1].span[1]

    @property
    def text(self) -> str:
        return self.claim.text[slice(*self.span)]

    def names(self) -> list[Name]:
        return [name for name in self.claim.names if self._holds(name.span)]

    def figures(self) -> list[Figure]:
        dates = [Figure(frozenset({Fraction(n) for n in (m.year, m.day) if n}), "", m.span) for m in self.claim.moments]
        return [figure for figure in (*self.claim.figures, *dates) if self._holds(figure.span)]

    def _holds(self, span: Span) -> bool:
        return span[0] < self.span[1] and self.span[0] < span[1]


def contrary(claim: Claim, sentence: Claim) -> bool:
    """Tell whether a sentence of a document is at odds with a claim."""
    return _opposed(claim.text, sentence.text) or _differs(claim, sentence)


def _differs(claim: Claim, sentence: Claim) -> bool:
    """Tell whether the two differ in a name, a figure or a denial between words that they share."""
    ours, theirs = _words(claim), _words(sentence)
    matcher = SequenceMatcher(None, [w.text for w in ours], [w.text for w in theirs], autojunk=False)
    blocks = matcher.get_opcodes()
    for number, (what, a, b, c, d) in enumerate(blocks):
        if what == "equal":
            continue
        left = number > 0 and _agrees(ours[blocks[number - 1][1] : a])
        right = number + 1 < len(blocks) and _agrees(ours[b : blocks[number + 1][2]])
        if left and right and _denies(ours[a:b]) != _denies(theirs[c:d]) and max(b - a, d - c) <= 3:
            return True
        if what == "replace" and (left or right) and max(b - a, d - c) <= _LONGEST:
            mine, yours = _Spot(claim, ours[a:b]), _Spot(sentence, theirs[c:d])
            if _replaced(mine, yours):
                return True
    return False


def _replaced(mine: "_Spot", yours: "_Spot") -> bool:
    """Tell whether two spots hold different names, or different figures."""
    names = [n for n in mine.names() if not has_name(n, word_set(yours.text), yours.text)]
    others = [n for n in yours.names() if not has_name(n, word_set(mine.text), mine.text)]
    if names and others:
        return True
    values = [figure.values for figure in yours.figures()]
    return bool(values) and any(all(f.values.isdisjoint(value) for value in values) for f in mine.figures())


def _agrees(words: list[_Word]) -> bool:
    """Tell whether a run of shared words is more than chance."""
    return any(len(word.text) > 3 or word.fact for word in words) or len(words) > 1


def _denies(words: list[_Word]) -> bool:
    return any(word.text in _DENIALS for word in words)


@lru_cache(maxsize=4096)
def _words(claim: Claim) -> list[_Word]:
    facts = {at for start, end in claim.facts() for at in range(start, end)}
    found: list[_Word] = []
    for match in re.finditer(r"\w+(?:[.,’'-]\w+)*", claim.text):
        word = fold(match[0])
        if word.endswith("n't"):
            found.append(_Word(word[:-3], match.span(), fact=False))
            word = "not"
        found.append(_Word(word, match.span(), match.start() in facts))
    return found


def _opposed(ours: str, theirs: str) -> bool:
    """Tell whether one has a word and the other, in its stead, the opposite one."""
    mine, yours = _plain(ours), _plain(theirs)
    return any(
        mine & here and not mine & there and yours & there and not yours & here
        for one, other in _OPPOSITES
        for here, there in ((one, other), (other, one))
    )


@lru_cache(maxsize=4096)
def _plain(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", text.lower()))
