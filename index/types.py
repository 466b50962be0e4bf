"""What goes into the index and what comes out of it: plain values, no behaviour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
"""Start and end offsets into a document's extracted text, end exclusive."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of one file and what its reader knows about it; every offset refers to `text`.

    `pages` holds the start offset of each page or slide (empty where the format has none), `headings` the spans
    of headings in order, `rows` the spans of table rows, which are never torn apart, and `warnings` one line each
    for what a person should know (a page without text, hidden text).
    """

    title: str
    text: str
    pages: tuple[int, ...] = ()
    headings: tuple[Span, ...] = ()
    rows: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """Another version of a document: `same` is how much of both texts is the same, 1 where every byte is."""

    id: str
    source: str
    same: float
    added: str
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One document in the library; `version` is the sha256 of its bytes, `added` an ISO 8601 time in UTC.

    `owner` is the person whose own it is, empty where it is everybody's; `modified` is when its file was last changed,
    empty where that is not known; `versions` are others that are versions of it, the one most like it first.
    """

    source: str
    title: str
    version: str
    passages: int
    added: str
    id: str = ""
    pages: int | None = None
    characters: int = 0
    bytes: int = 0
    warnings: tuple[str, ...] = ()
    owner: str = ""
    modified: str = ""
    versions: tuple[OtherVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole sentences of one document: `text == document_text[start:end]`; `page` counts from 1.

    `sentences` are spans within `text`.
    """

    id: str
    source: str
    text: str
    start: int
    end: int
    page: int | None
    heading: str
    title: str = ""
    sentences: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A document with its whole text; `pages` holds each passage's start and page, in order."""

    document: Document
    text: str
    pages: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A passage and how well it matches; scores compare within one search only, higher is better."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Trace:
    """Both rank lists of one search and what they make together, each best first, with its own scores."""

    meaning: tuple[SearchResult, ...]
    words: tuple[SearchResult, ...]
    fused: tuple[SearchResult, ...]


Context = Sequence[tuple[str, float]]
"""Texts that a question leaves unsaid, each with what its words count beside the question's own, which count 1."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be added, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """What `add` did: documents added or changed, sources unchanged or removed, and the files that failed."""

    documents: tuple[Document, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a long `add` stands: file `file` of `files` (from 1), its stage, and how much of it is done (0 to 1).

    `passages` is how many are embedded together, once that is known.
    """

    source: str
    file: int
    files: int
    stage: str
    done: float
    passages: int = 0


OnProgress = Callable[[Progress], None]
