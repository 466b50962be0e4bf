"""What a person wants to know of a document before reading it: how long it is, its headings, how it begins."""

from collections.abc import Iterable
from dataclasses import dataclass

from index.types import Document, OtherVersion, Passage

from .render import one_line, visible

_HEADINGS = 30
_OPENING = 400


@dataclass(frozen=True, slots=True)
class Summary:
    """A document in short: `headings` are its first ones of `headings_in_all`, in order, `opening` its first lines,
    `versions` the documents that are other versions of it."""

    id: str
    source: str
    title: str
    added: str
    bytes: int
    pages: int | None
    characters: int
    words: int
    headings: tuple[str, ...]
    headings_in_all: int
    opening: str
    versions: tuple[OtherVersion, ...] = ()


def summary(document: Document, passages: Iterable[Passage]) -> Summary:
    """Sum up a document from all its passages."""
    words, opening, headings = 0, "", dict[str, None]()
    for passage in passages:
        words += len(passage.text.split())
        if passage.heading:
            headings[one_line(passage.heading)] = None
        if len(opening) < _OPENING:
            opening += passage.text + "\n"
    return Summary(
        id=document.id,
        source=document.source,
        title=document.title,
        added=document.added,
        bytes=document.bytes,
        pages=document.pages,
        characters=document.characters,
        words=words,
        headings=tuple(headings)[:_HEADINGS],
        headings_in_all=len(headings),
        opening=_cut(visible(opening)),
        versions=document.versions,
    )


def _cut(text: str) -> str:
    """Return the beginning of a text with its lines, cut after a word."""
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip())
    if len(lines) <= _OPENING:
        return lines
    start = lines[:_OPENING]
    return (start[: max(start.rfind(" "), start.rfind("\n"))] if " " in start else start) + " …"
