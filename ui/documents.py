"""The page that a citation's link opens, `/documents/<id>?start=..&end=..`: the quote lit up in its surroundings.

A PDF shows the painted page with the quote's rectangles, anything else its text (`reading.py`). Plain HTML without a
script, so that it opens from Slack or an exported answer too; the chat's pane shows its `main` beside the answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from index.errors import NoOriginal, UnknownSource
from index.pdf_boxes import QuotePage, page_at, quote_pages
from index.types import Document, Reading

from .reading import AROUND, text_html, window
from .render import one_line, visible
from .service import Service

_STYLE = Path(__file__).parent / "page" / "assets" / "evidence.css"
_CHANGED = "This document has changed since the answer was given, so the passage may stand elsewhere now. Ask again."
_PLACELESS = "Where the quote stands on this page can't be told; its text says it."
_WIDTH = 1200
_LONG_QUOTE = 300
_NO_STEP = "<i></i>"
Offset = Annotated[int, Query(ge=0)]
View = Literal["page", "text"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a link asks for: a quote, another page or place, and how to show it; `version` is what was quoted."""

    start: int
    end: int
    view: View | None
    page: int | None
    at: int | None
    version: str
    changed: bool

    def link(self, **changes: object) -> str:
        """Return a link to the same quote, shown in another way."""
        wanted: dict[str, object] = {"start": self.start, "end": self.end}
        if self.version:
            wanted["version"] = self.version
        return escape(f"?{urlencode(wanted | changes)}#quote")


def router(service: Service) -> APIRouter:
    """Return the route of the page."""
    routes = APIRouter()

    @routes.get("/documents/{document_id}", response_class=HTMLResponse, include_in_schema=False)
    def document(
        document_id: str,
        start: Offset = 0,
        end: Offset = 0,
        view: View | None = None,
        page: Annotated[int | None, Query(ge=1)] = None,
        at: Offset | None = None,
        version: Annotated[str, Query(max_length=64)] = "",
    ) -> HTMLResponse:
        index = service.bot.index
        try:
            reading = index.reading(document_id)
            changed = not reading.document.version.startswith(version)
            start = min(start, len(reading.text))
            end = start if changed else min(max(start, end), len(reading.text))
            asked = _Asked(start, end, view, page, at, version, changed)
            return HTMLResponse(_page(reading, asked, _painted(service, reading, asked)))
        except UnknownSource:
            gone = "<h1>This document is not in the library any more.</h1>"
            return HTMLResponse(_framed("Not in the library", gone), 404)

    return routes


def _painted(service: Service, reading: Reading, asked: _Asked) -> list[QuotePage] | str:
    """Return the pages to paint, none where the document has text alone; a text says why they can't be painted."""
    document = reading.document
    if not document.pages or not document.source.lower().removesuffix(" (uploaded)").endswith(".pdf"):
        return []
    try:
        path = service.bot.index.original(document.id)
        return quote_pages(path, reading, (asked.start, asked.end), min(asked.page or 0, document.pages) or None)
    except NoOriginal as error:
        return f"Only its text can be shown: {error}."


def _page(reading: Reading, asked: _Asked, painted: list[QuotePage] | str) -> str:
    pages = [] if isinstance(painted, str) or asked.view == "text" else painted
    told = [painted] if isinstance(painted, str) else []
    if asked.changed:
        told.insert(0, _CHANGED)
    elif pages and asked.page is None and asked.end > asked.start and not any(page.boxes for page in pages):
        told.append(_PLACELESS)
    shown = _pages(reading.document, asked, pages) if pages else _text(reading, asked)
    notes = "".join(f'<p class="cw-told">{escape(visible(one))}</p>' for one in told)
    words = _quote(reading.text[asked.start : asked.end]) if pages else ""
    return _framed(one_line(reading.document.title), f"{_heading(reading, asked, painted)}{notes}{words}{shown}")


def _heading(reading: Reading, asked: _Asked, painted: list[QuotePage] | str) -> str:
    document = reading.document
    number = page_at(reading, asked.start)
    where = f", page {number:,} of {document.pages:,}" if number and document.pages else ""
    views = ""
    if painted and not isinstance(painted, str):
        for name, view in (("Page", "page"), ("Text", "text")):
            current = ' aria-current="true"' if view == (asked.view or "page") else ""
            views += f'<a href="{asked.link(view=view)}"{current}>{name}</a>'
        views = f'<nav class="cw-views" aria-label="Show as">{views}</nav>'
    return (
        f'<header class="cw-about"><div><h1 dir="auto">{escape(one_line(document.title))}</h1>'
        f'<p class="cw-where"><bdi>{escape(one_line(document.source))}</bdi>{where}</p></div>{views}</header>'
    )


def _quote(words: str) -> str:
    cut = words if len(words) <= _LONG_QUOTE else words[:_LONG_QUOTE].rsplit(" ", 1)[0] + " …"
    return f'<blockquote class="cw-words" dir="auto">{escape(visible(cut))}</blockquote>' if cut.strip() else ""


def _pages(document: Document, asked: _Asked, pages: list[QuotePage]) -> str:
    figures = "".join(_figure(document, page) for page in pages).replace("<rect", '<rect id="quote"', 1)
    first, last, total = pages[0].page, pages[-1].page, document.pages or 0
    before = _step(asked.link(page=first - 1), f"← Page {first - 1:,}", "prev") if first > 1 else _NO_STEP
    after = _step(asked.link(page=last + 1), f"Page {last + 1:,} →", "next") if last < total else _NO_STEP
    lost = asked.page is not None and not any(page.boxes for page in pages)
    return figures + _steps([before, _step(asked.link(), "To the quote") if lost else "", after])


def _figure(document: Document, page: QuotePage) -> str:
    """Return a page's picture with its rectangles over it."""
    boxes = "".join(
        f'<rect x="{left:.5f}" y="{top:.5f}" width="{right - left:.5f}" height="{bottom - top:.5f}"/>'
        for left, top, right, bottom in page.boxes
    )
    said = f"Page {page.page:,} of {document.pages or 0:,}"
    size = f'width="{_WIDTH}" height="{max(1, round(_WIDTH * page.height / page.width))}"'
    drawn = f'<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">{boxes}</svg>' if boxes else ""
    return (
        f'<figure class="cw-sheet"><div><img src="../api/documents/{escape(document.id)}/pages/{page.page}.png'
        f'?width={_WIDTH}" alt="{said}" {size}>{drawn}</div><figcaption>{said}</figcaption></figure>'
    )


def _text(reading: Reading, asked: _Asked) -> str:
    text, quote, at = (
        reading.text,
        (asked.start, asked.end),
        min(asked.start if asked.at is None else asked.at, len(reading.text)),
    )
    first, last = window(text, quote, at)
    shown = text_html(text, quote, at, reading.document.source)
    view = {"view": "text"} if asked.view else {}
    before = _step(asked.link(**view, at=max(0, first - AROUND)), "← Earlier", "prev") if first else _NO_STEP
    after = _step(asked.link(**view, at=last + AROUND), "Later →", "next") if last < len(text) else _NO_STEP
    lost = asked.end > asked.start and (first >= asked.end or last <= asked.start)
    steps = _steps([before, _step(asked.link(**view), "To the quote") if lost else "", after])
    return f'<div class="cw-reading">{shown}</div>{steps}'


def _step(link: str, name: str, relation: str = "") -> str:
    return f'<a href="{link}"{f" rel={relation}" if relation else ""}>{name}</a>'


def _steps(steps: Iterable[str]) -> str:
    return f'<nav class="cw-steps" aria-label="Elsewhere in the document">{"".join(steps)}</nav>'


@cache
def _style() -> str:
    return _STYLE.read_text("utf-8")


def _framed(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - citewise</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_style()}</style></head>'
        f'<body class="cw-alone"><main class="cw-evidence">{body}</main></body></html>'
    )
