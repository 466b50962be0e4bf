"""Which words of the passages bear out a statement, if any do: the heart of what a citation promises.

A quote is one to three sentences in a row of one passage. It bears out a statement if it has the statement's figures,
dates, quoted words and names, each beside words that it stands beside in the statement, enough of the statement's
other words, and is not at odds with it. What one quote lacks, another cited one may add. Pure functions; no model
judges here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from index.types import Passage, Span
from index.words import language

from ..quotes import Quote
from .claims import Claim, read_claim, telling_words
from .contrary import contrary
from .dates import states_moment
from .figures import Figure, states_figure
from .names import Name, fold, has_name, word_set

LONGEST = 3
"""Sentences of a quote, and quotes of a statement."""
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
_REFERS = re.compile(
    r"\b(?:he|she|it|they|his|her|hers|its|their|him|them|this|these|such|the [a-z]+)\b", re.IGNORECASE
)
_NEAR = 4
_TABULAR = re.compile(r"\|.*\||\t|: [^;\n]*(?:;|$)|\d\)? +\(?[$\d]")


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a passage, read once."""

    span: Span
    claim: Claim
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that the model was shown under `number`, its sentences read; `around` is its title and heading."""

    number: int
    passage: Passage
    lines: tuple[Line, ...]
    around: Claim
    around_names: frozenset[str]


def read_sources(numbered: Iterable[tuple[int, Passage]]) -> list[Source]:
    """Read numbered passages for comparison, all as of the language that most of them are in."""
    shown = list(numbered)
    spoken = language(" ".join(passage.text[:400] for _, passage in shown))
    return [_source(number, passage, spoken) for number, passage in shown]


def _source(number: int, passage: Passage, spoken: str) -> Source:
    around = f"{passage.title}\n{passage.heading}"
    lines = tuple(_line(passage.text, span, spoken) for span in passage.sentences)
    return Source(number, passage, lines, read_claim(around, spoken), word_set(around))


def _line(text: str, span: Span, spoken: str) -> Line:
    sentence = text[span[0] : span[1]]
    return Line(span, read_claim(sentence, spoken), word_set(sentence))


@dataclass(frozen=True, slots=True)
class _Window:
    """A candidate quote: lines `first` to `last` of a source, and the share of the claim's words that it has."""

    source: Source
    first: int
    last: int
    share: float

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.source.lines[self.first : self.last + 1]

    @property
    def span(self) -> Span:
        return self.source.lines[self.first].span[0], self.source.lines[self.last].span[1]

    @property
    def text(self) -> str:
        return self.source.passage.text[self.span[0] : self.span[1]]

    @property
    def quote(self) -> Quote:
        return Quote(self.source.passage, self.span)


def answering(claim: Claim, sources: Sequence[Source], cited: Sequence[int], asked: frozenset[str]) -> list[Quote]:
    """Return the sentence that bears out a claim of a word or two, which means something only as an answer: "85."

    The sentence has to have the claim's words and half of these and the question's, `asked`, together.
    """
    whole = replace(claim, telling=claim.telling | asked)
    mine = [source for source in sources if source.number in cited]
    for some in (mine, sources):
        for window in _best(whole, some):
            alone = window.first == window.last and window.share >= ENOUGH_AS_ANSWER
            if alone and claim.telling <= _stems(window) and not _missing(claim, window):
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
        (_share(claim, line.claim.telling | source.around.telling), line) for source in sources for line in source.lines
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
    said = _flat(claim.text)
    if said.count(" ") < _WORDS - 1:
        return []
    found = [w for source in sources for w in _windows(claim, source) if w.share > 0.9 and said in _flat(w.text)]
    return [min(found, key=lambda w: len(w.text)).quote] if found else []


def _single(claim: Claim, sources: Sequence[Source], enough: float, asked: frozenset[str]) -> list[Quote]:
    """Return the best quote that bears out the claim by itself, or with the sentence that names whom it speaks of."""
    for window in _best(claim, sources, asked):
        if window.share >= enough and not _at_odds(claim, window):
            missing = _missing(claim, window)
            if not missing:
                return [window.quote]
            named = _antecedent(missing, window)
            if named:
                return [named, window.quote]
    return []


def _antecedent(missing: Sequence[object], window: _Window) -> Quote | None:
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
    chosen: list[_Window] = []
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
        lacks = _missing(claim, window)
        stated = [fact for fact in missing if fact not in lacks and _beside(claim, fact, window)]
        if stated:
            missing = [fact for fact in missing if fact not in stated]
            has |= claim.telling & _stems(window)
            chosen.append(window)
    return [w.quote for w in chosen] if not missing and len(has) >= enough * len(claim.telling) else []


def _beside(claim: Claim, fact: object, window: _Window) -> bool:
    """Tell whether a window has words that stand beside a fact in the claim, names not counted."""
    if isinstance(fact, str):
        return True
    names = telling_words(" ".join(name.text for name in claim.names), claim.spoken)
    near = _near(claim, fact.span) - set(names)  # type: ignore[attr-defined]
    return len(near & _stems(window)) >= min(2, len(near))


def _best(claim: Claim, sources: Sequence[Source], asked: frozenset[str] = frozenset()) -> list[_Window]:
    """Return the candidate quotes that share most words with the claim, the shorter first among equals."""
    found = [window for source in sources for window in _windows(claim, source)]
    known = {id(w): len(asked & _stems(w)) / len(asked) if asked else 0.0 for w in found}
    found.sort(key=lambda w: (0.04 * (w.last - w.first) - w.share - 0.2 * known[id(w)], w.source.number, w.first))
    return found[:_LOOKED_AT]


def _windows(claim: Claim, source: Source) -> Iterator[_Window]:
    for first in range(len(source.lines)):
        stems = source.around.telling
        for last in range(first, min(first + LONGEST, len(source.lines))):
            stems |= source.lines[last].claim.telling
            yield _Window(source, first, last, _share(claim, stems))


def _share(claim: Claim, stems: frozenset[str]) -> float:
    if not claim.telling:
        return 1.0
    return sum(stem in stems or _kin(stem, stems) for stem in claim.telling) / len(claim.telling)


def _kin(stem: str, stems: frozenset[str]) -> bool:
    """Tell whether a word of the same family is there: prosecut, prosecutor; strike, airstrik."""
    return len(stem) >= 5 and any(stem[:5] in s for s in stems)


def _stems(window: _Window) -> frozenset[str]:
    return window.source.around.telling.union(*(line.claim.telling for line in window.lines))


def _missing(claim: Claim, window: _Window) -> list[object]:
    """Return the figures, dates, quoted words and names of the claim that a window does not state."""
    text, around = window.text, window.source.around.text
    lacking: list[object] = [f for f in claim.figures if not _has_figure(claim, f, window)]
    lacking += [m for m in claim.moments if not states_moment(m, text, around)]
    lacking += [q for q in claim.quoted if not _has_words(q, text)]
    lacking += [d for d in claim.digits if not re.search(rf"(?<!\d){d}(?!\d)", text)]
    known = window.source.around_names.union(*(line.names for line in window.lines))
    whole = f"{text}\n{window.source.around.text}"
    lacking += [n for n in claim.names if not has_name(n, known, whole) and (n.certain or _displaces(claim, n, window))]
    return lacking


def _has_figure(claim: Claim, figure: Figure, window: _Window) -> bool:
    """Tell whether a window states a figure, and of the same thing as the claim."""
    near = _near(claim, figure.span)
    best = max((len(near & line.claim.telling) for line in window.source.lines), default=0)
    return any(
        states_figure(figure, line.claim.text, _header(window.source, line))
        and len(near & line.claim.telling) >= min(1, best)
        and not _counts_another(claim, figure, line.claim)
        for line in window.lines
    )


def _header(source: Source, line: Line) -> str:
    """Return where the unit of a line's bare numbers may be told: title and heading, and a table's first lines."""
    tabular = _TABULAR.search(line.claim.text) is not None
    return f"{source.around.text}\n{source.passage.text[:300] if tabular else ''}"


def _near(claim: Claim, span: Span) -> frozenset[str]:
    """Return the telling words nearest to a place in the claim."""
    before = " ".join(re.findall(r"\w+", claim.text[: span[0]])[-2 * _NEAR :])
    after = " ".join(re.findall(r"\w+", claim.text[span[1] :])[: 2 * _NEAR])
    return frozenset(telling_words(before, claim.spoken)[-_NEAR:] + telling_words(after, claim.spoken)[:_NEAR])


def _counts_another(claim: Claim, figure: Figure, line: Claim) -> bool:
    """Tell whether the line gives another number of what the claim counts: "7 bases" is not "7 targets", of 85."""
    noun = _noun_after(claim.text, figure.span[1])
    if noun is None:
        return False
    counted = [f for f in line.figures if _noun_after(line.text, f.span[1]) == noun]
    return bool(counted) and not any(f.values & figure.values for f in counted)


def _noun_after(text: str, end: int) -> str | None:
    following = re.match(r"[ -]([^\W\d_]{3,})", text[end:])
    found = telling_words(following[1], "english") if following else []
    return found[0] if found else None


def _has_words(words: str, text: str) -> bool:
    """Tell whether a text has words put in quotation marks; an ellipsis stands for anything."""
    parts = [_flat(part) for part in re.split(r"…|\.\.\.|\[[^\]]*\]", words)]
    return all(part in _flat(text) for part in parts if part)


def _flat(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", "", text.casefold()).split())


def _displaces(claim: Claim, name: Name, window: _Window) -> bool:
    """Tell whether a word that opens the claim stands where the quote has a name that the claim lacks."""
    following = re.match(r"\W+(\w+)", claim.text[name.span[1] :])
    if not following:
        return False
    own = word_set(claim.text)
    theirs = {n.text for line in window.lines for n in line.claim.names}
    pattern = rf"([^\W\d_][\w’'-]*)\W+{re.escape(following[1])}\b"
    return any(m[1] in theirs and fold(m[1]) not in own for m in re.finditer(pattern, window.text))


def _at_odds(claim: Claim, window: _Window) -> bool:
    return any(contrary(claim, line.claim) for line in window.lines)
