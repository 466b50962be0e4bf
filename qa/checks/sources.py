"""What a statement is compared with: passages read sentence by sentence, and the candidate quotes in them."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from index.types import Passage, Span
from index.words import language

from ..quotes import Quote
from ..types import Citation
from .claims import Claim, read_claim
from .names import word_set

_NOT = frozenset("un in im il ir dis non".split())  # before a word, what makes it its opposite
LONGEST = 3
"""Sentences of a quote, and quotes of a statement."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a passage, read once."""

    span: Span
    claim: Claim
    names: frozenset[str]
    answers: bool = False  # search and reader take it for an answer to the question


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that the model was shown under `number`, its sentences read; `around` is its title and heading."""

    number: int
    passage: Passage
    lines: tuple[Line, ...]
    around: Claim
    around_names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Window:
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
    def answers(self) -> bool:
        return any(line.answers for line in self.lines)

    @property
    def quote(self) -> Quote:
        return Quote(self.source.passage, self.span)


def read_sources(numbered: Iterable[tuple[int, Passage]], answers: Iterable[Citation] = ()) -> list[Source]:
    """Read numbered passages for comparison, all as of the language that most of them are in.

    `answers` are the quotes that search and reader take for an answer.
    """
    shown = list(numbered)
    places = {(citation.source, citation.start) for citation in answers}
    spoken = language(" ".join(passage.text[:400] for _, passage in shown))
    return [_source(number, passage, spoken, places) for number, passage in shown]


def _source(number: int, passage: Passage, spoken: str, answers: Set[tuple[str, int]]) -> Source:
    around = f"{passage.title}\n{passage.heading}"
    lines = tuple(_line(passage, span, spoken, answers) for span in passage.sentences)
    return Source(number, passage, lines, read_claim(around, spoken), word_set(around))


def _line(passage: Passage, span: Span, spoken: str, answers: Set[tuple[str, int]]) -> Line:
    sentence = passage.text[span[0] : span[1]]
    answering = (passage.source, passage.start + span[0]) in answers
    return Line(span, read_claim(sentence, spoken), word_set(sentence), answering)


def windows(claim: Claim, source: Source) -> Iterator[Window]:
    """Yield every candidate quote of a source, with its share of the claim's telling words."""
    for first in range(len(source.lines)):
        stems = source.around.telling
        for last in range(first, min(first + LONGEST, len(source.lines))):
            stems |= source.lines[last].claim.telling
            yield Window(source, first, last, share_of(claim, stems))


def share_of(claim: Claim, stems: frozenset[str]) -> float:
    """Return the share of a claim's telling words that are among the stems given."""
    if not claim.telling:
        return 1.0
    return sum(stem in stems or _kin(stem, stems) for stem in claim.telling) / len(claim.telling)


def _kin(stem: str, stems: frozenset[str]) -> bool:
    """Tell whether a word of the same family is there: prosecut, prosecutor; strike, airstrik."""
    return len(stem) >= 5 and any(stem[:5] in s and s.partition(stem[:5])[0] not in _NOT for s in stems)


def stems(window: Window) -> frozenset[str]:
    """Return the stems of a candidate quote's telling words, its title's and heading's too."""
    return window.source.around.telling.union(*(line.claim.telling for line in window.lines))
