"""The page that a citation's link opens, `/documents/<id>?start=..&end=..`: the quote lit up in its surroundings.

Plain HTML without a script, so that it opens from Slack or an exported answer too. Document text is text here.
"""

from html import escape
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from index.errors import UnknownSource
from index.types import Document

from .render import one_line, visible
from .service import Service

AROUND = 1_500
"""Characters that are shown before and after the quote."""
_STYLE = """:root{color-scheme:light dark}body{font:1.05rem/1.65 ui-serif,Georgia,serif;max-width:44rem;margin:2rem
auto;padding:0 1.2rem;overflow-wrap:anywhere}h1{font:650 1.15rem/1.4 system-ui,sans-serif}p.place,nav{font:.85rem/1.5
system-ui,sans-serif;opacity:.8}pre{white-space:pre-wrap;font:inherit}mark{background:#fdeeb5;color:#1c1917}
a{color:#0f766e}@media(prefers-color-scheme:dark){a{color:#5eead4}}"""


def router(service: Service) -> APIRouter:
    """Return the route of the page."""
    routes = APIRouter()

    @routes.get("/documents/{document_id}", response_class=HTMLResponse, include_in_schema=False)
    def document(
        document_id: str,
        start: Annotated[int, Query(ge=0)] = 0,
        end: Annotated[int, Query(ge=0)] = 0,
    ) -> HTMLResponse:
        index = service.bot.index
        try:
            found = index.document(document_id)
            return HTMLResponse(_page(found, index.text(found.source), start, end))
        except UnknownSource:
            gone = "<h1>This document is not in the library any more.</h1>"
            return HTMLResponse(_framed("Not in the library", gone), 404)

    return routes


def _page(document: Document, text: str, start: int, end: int) -> str:
    start = min(start, len(text))
    end = min(max(start, end), len(text))
    first, last = max(0, start - AROUND), min(len(text), end + AROUND)
    quote = f"<mark>{_shown(text[start:end])}</mark>" if end > start else ""
    body = (
        f"<h1>{escape(one_line(document.title))}</h1>"
        f'<p class="place"><bdi>{escape(one_line(document.source))}</bdi>, characters {start:,} to {end:,} of '
        f"{len(text):,}</p>{_step(document, first - AROUND, first, 'Earlier') if first else ''}"
        f'<pre dir="auto">{_shown(text[first:start])}{quote}{_shown(text[end:last])}</pre>'
        f"{_step(document, last, last + AROUND, 'Later') if last < len(text) else ''}"
    )
    return _framed(one_line(document.title), body)


def _step(document: Document, start: int, end: int, name: str) -> str:
    at = max(0, (start + end) // 2)
    return f'<nav><a href="/documents/{escape(document.id)}?start={at}&amp;end={at}">{name}</a></nav>'


def _shown(text: str) -> str:
    return escape(visible(text))


def _framed(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - citewise</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )
