"""Gathers a document's text block by block and remembers where its headings, table rows and pages are.

Knows no format: readers call `paragraph`, `heading`, `item`, `row` and `page`, then `extracted`.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from .hidden import Hidden, hidden_warnings
from .readers_characters import clean
from .types import Extracted, Span

MAX_CHARACTERS = 100_000_000


class TooLongError(Exception):
    """Say that a document holds more characters than citewise takes."""


class Blocks:
    """The text so far, as blocks with a blank line between them; rows and list items follow line by line."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._last = ""
        self._pages: list[int] = []
        self._page_waits = False
        self._headings: list[Span] = []
        self._rows: list[Span] = []
        self._warnings: dict[str, None] = {}
        self._hidden: list[Hidden] = []

    def paragraph(self, text: str) -> None:
        """Add a block of text; its own line breaks stay."""
        self._add(text, "paragraph")

    def heading(self, text: str) -> None:
        """Add a heading as one line."""
        span = self._add(" ".join(text.split()), "heading")
        if span:
            self._headings.append(span)

    def item(self, text: str, bullet: str = "- ") -> None:
        """Add a list item; neighbouring items stand on lines of their own without a blank one between."""
        if text.strip():
            self._add(bullet + text.strip(), "item")

    def row(self, text: str) -> None:
        """Add a table row as one line."""
        span = self._add(" ".join(text.split()), "row")
        if span:
            self._rows.append(span)

    def rows(self, rows: Iterable[str]) -> None:
        """Add the rows of one table; what follows is another block."""
        for row in rows:
            self.row(row)
        self.end()

    def end(self) -> None:
        """End a list or a table, so that the next one does not run on from it."""
        self._last = ""

    def page(self) -> None:
        """Start a page or slide; it begins where its first block does."""
        self._settle_page()
        self._page_waits = True
        self.end()

    def warn(self, *warnings: str) -> None:
        """Keep warnings, each once."""
        self._warnings.update(dict.fromkeys(warnings))

    def hide(self, *hidden: Hidden) -> None:
        """Keep what was left out because nobody sees it; it is told with the warnings."""
        page = len(self._pages) + self._page_waits or None
        self._hidden += [replace(one, page=one.page or page) for one in hidden]

    @property
    def empty(self) -> bool:
        """Whether nothing has been added yet."""
        return not self._parts

    def extracted(self, title: str, noun: str = "page") -> Extracted:
        """Return what was gathered; `noun` is what the format calls its pages."""
        self._settle_page()
        return Extracted(
            title=title,
            text="".join(self._parts),
            pages=tuple(self._pages),
            headings=tuple(self._headings),
            rows=tuple(self._rows),
            warnings=(*self._warnings, *hidden_warnings(self._hidden, noun)),
        )

    def _add(self, text: str, kind: str) -> Span | None:
        text, hidden = clean(text)
        self.hide(*hidden)
        text = text.strip() if kind != "paragraph" else text.strip("\n").rstrip()
        if not text.strip():
            return None
        if self._parts:
            tight = kind == self._last and kind in ("row", "item")
            self._append("\n" if tight else "\n\n")
        if self._page_waits:
            self._settle_page()
        start = self._length
        self._append(text)
        self._last = kind
        return start, self._length

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            raise TooLongError

    def _settle_page(self) -> None:
        if self._page_waits:
            self._pages.append(self._length)
            self._page_waits = False


def name_of(path: Path) -> str:
    """Return a file's name as a title."""
    return " ".join(re.sub(r"[_\-]+", " ", path.stem).split()) or path.name


def title_of(candidate: str | None, path: Path) -> str:
    """Return a format's own title where it says something, else the file's name."""
    title = " ".join(clean(candidate or "")[0].split())
    junk = re.search(
        r"\.(docx?|indd|pptx?|xlsx?|rtf|tex|qxd|pdf)$|^(microsoft \w+ -|untitled|powerpoint pr)", title, re.I
    )
    return name_of(path) if junk or len(title) < 2 else title[:300]
