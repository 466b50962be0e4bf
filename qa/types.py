"""A question in, an Answer out: the one evidence object that every front end shows."""

from dataclasses import dataclass, field

from index.types import SearchResult

EXTRACTIVE = "extractive"
"""What wrote an answer that is made of quotes alone."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and its answer's text."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and where it stands: `document_text[start:end] == quote`; `page` counts from 1."""

    number: int
    source: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    passage_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its evidence.

    `text` carries marks `[1]`, `[2]` that number `citations` in reading order; every mark has a citation and every
    citation a mark. `short` holds the exact words that answer, a part of a quote, where they can be told. `results`
    are the passages considered, best first; for `not_found` the nearest ones. `model` names what wrote the text
    ("extractive" without a language model); `confidence` is the probability, from 0 to 1, that the documents answer the
    question; `note` says in a line what a person should know beside it: why the model did not answer, which part is not
    covered, that the quotes may be no answer, which versions of a document say different things. `standalone` is what
    was searched for, where a follow-up was made to stand alone or leans on what was said before. `stopped` says that it
    was broken off: its text is what was checked until then. `timings` maps a stage to milliseconds, and `..._tokens` to
    tokens.
    `done` is False for the snapshots of a stream before the last.
    """

    question: str
    text: str
    short: str | None = None
    citations: tuple[Citation, ...] = ()
    results: tuple[SearchResult, ...] = ()
    status: str = "answered"
    confidence: float | None = None
    model: str = EXTRACTIVE
    note: str | None = None
    standalone: str | None = None
    stopped: bool = False
    timings: dict[str, float] = field(default_factory=dict[str, float])
    done: bool = True
