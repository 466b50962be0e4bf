"""Whether a quote says something else than a statement does: it denies it, or has another name or number in its place.

A statement and a sentence of the quote are laid side by side, word by word. Where they agree beside a spot and one has
a name or figure there and the other another one, or one of them a "not", they are at odds.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from functools import lru_cache

from index.types import Span

from .claims import Claim, telling_words
from .figures import Figure
from .names import Name, fold, has_name, word_set

_DENIALS = frozenset("not no never none nobody nothing neither nor without cannot unable fails failed lacks".split())
_DENYING = re.compile(
    r"\b(?:not (?!only\b)|no\b(?! (?:doubt|more|less|fewer|later)\b)|never\b|none\b|nobody\b|nothing\b|neither\b|nor\b"
    r"|cannot\b)|n['’]t\b",
    re.IGNORECASE,
)
_MAY_DENY = re.compile(
    r"\b(?:(?:non|un|dis)[a-z]{4,}|(?:in|im|il|ir)[a-z]{2,}(?:[ai]ble|al|ate|ive|[ae]nt|ect|ete)(?:ly)?|without"
    r"|fail\w*|lack\w*|only|except|until|few|little|hardly|barely|rarely|free|den(?:y|ies|ied)|refus\w+|reject\w*"
    r"|absen\w+|missing|stopp?\w*|ceas\w+|avoid\w*|prevent\w*|zero|\w+less)\b",
    re.IGNORECASE,
)
_RANKS = frozenset("first second third fourth fifth last".split())
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
        "open/closed shut",
        "guilty/innocent acquitted",
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
    return (
        _opposed(claim.text, sentence.text)
        or _negated(claim.text, sentence.text)
        or _bounded(claim, sentence)
        or _reordered(claim.text, sentence.text)
        or _denied_that(claim, sentence)
        or _differs(claim, sentence)
    )


def lacks_denial(claim: Claim, sentences: Iterable[Claim]) -> bool:
    """Tell whether a claim says "not" of something, and none of the sentences of a quote does in any way."""
    if not _DENYING.search(claim.text):
        return False
    return not any(_DENYING.search(s.text) or _MAY_DENY.search(s.text) for s in sentences)


_NEGATED = re.compile(
    r"un(\w{4,})|(?:in|im|il|ir)(\w{2,}(?:[ai]ble|al|ant|ent|ar|ive|ous|ate|ect|ete|ure)(?:ly)?)"
    r"|dis((?:agre|allow|appro|continu|honest|loyal|appear|connect|qualif|satisf|prov|similar)\w*)"
)


def _negated(ours: str, theirs: str) -> bool:
    """Tell whether one has a word and the other, in its stead, the same with un-, in- or dis- before it."""
    mine, yours = _plain(ours), _plain(theirs)
    return any(
        (match := _NEGATED.fullmatch(word)) is not None
        and (match[1] or match[2] or match[3]) in there - here
        and len(word) > 6
        for here, there in ((mine, yours), (yours, mine))
        for word in here - there
    )


_AT_LEAST = re.compile(r"\b(?:at least|minimum of|not? (?:less|fewer) than)\W*$", re.IGNORECASE)
_AT_MOST = re.compile(r"\b(?:up to|at (?:the )?most|maximum of|not? more than)\W*$", re.IGNORECASE)


def _bounded(claim: Claim, sentence: Claim) -> bool:
    """Tell whether one says "at least" of a number and the other "at most"."""
    return any(
        figure.values & other.values and {_bound(claim, figure), _bound(sentence, other)} == {_AT_LEAST, _AT_MOST}
        for figure in claim.figures
        for other in sentence.figures
    )


def _bound(claim: Claim, figure: Figure) -> re.Pattern[str] | None:
    before = claim.text[: figure.span[0]]
    return next((bound for bound in (_AT_LEAST, _AT_MOST) if bound.search(before)), None)


_NUMERIC_DATE = re.compile(r"(?<![\d/.])(\d{1,4})([/.])(\d{1,2})\2(\d{1,4})(?![\d/])")


def _reordered(ours: str, theirs: str) -> bool:
    """Tell whether a date in figures has its parts in another order, which is another day."""
    mine, yours = ({(m[1], m[3], m[4]) for m in _NUMERIC_DATE.finditer(text)} for text in (ours, theirs))
    return any(date not in yours and sorted(date) in [sorted(other) for other in yours] for date in mine)


_DENIED_THAT = re.compile(
    r"\b(?:no (?:\w+ )?(?:evidence|proof|indication|sign)"
    r"|(?:not|n['’]t|un)(?: been| yet)? ?(?:true|the case|shown|proven?|proved|established|confirmed|clear|likely)"
    r"|false(?:ly)?|myth|den(?:y|ies|ied)|disput\w+|reject(?:s|ed)?|refut\w+|(?<!no )doubt(?:s|ed)?)"
    r"(?: \w+){0,3}? that\b",
    re.IGNORECASE,
)
_MOST_OF_IT = 0.66


def _denied_that(claim: Claim, sentence: Claim) -> bool:
    """Tell whether a sentence says of the claim that it is not so: "there is no evidence that ..."."""
    match = _DENIED_THAT.search(sentence.text)
    if not match or _DENIED_THAT.search(claim.text) or not claim.telling:
        return False
    denied = set(telling_words(sentence.text[match.end() :], sentence.spoken))
    return len(claim.telling & denied) >= _MOST_OF_IT * len(claim.telling)


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
        if (left or number == 0) and right and _denies(ours[a:b]) != _denies(theirs[c:d]) and max(b - a, d - c) <= 3:
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
    ranks, other_ranks = ({word.text for word in spot.words} & _RANKS for spot in (mine, yours))
    if ranks and other_ranks and ranks.isdisjoint(other_ranks):
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
