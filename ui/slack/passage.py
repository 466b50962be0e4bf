"""The modal that a citation's button opens: the quote lit up in its surroundings, read from the library anew."""

from typing import TYPE_CHECKING, Any

from index.errors import CitewiseError, UnknownSource
from index.types import Document

from ..render import place
from .blocks import Spot, actions, button, context, told
from .desk import Desk
from .rich import Block
from .text import escaped

if TYPE_CHECKING:
    from slack_sdk import WebClient

_AROUND = 700
_QUOTE = 2_400
_CHANGED = (
    "This document has changed since the answer was given, so the passage may stand elsewhere now. Ask again to see it."
)
_GONE = "This document is not in the library any more."


def open_passage(desk: Desk, client: "WebClient", trigger: str, spot: Spot, number: str) -> None:
    """Open the modal of a passage for the person who pressed its button."""
    try:
        index = desk.service.bot.index
        document = index.document(spot.document)
        changed = not document.version.startswith(spot.version)
        shown = [*told(_CHANGED)] if changed else _passage(index.text(document.source), document, spot)
        blocks = [*shown, *_links(desk.settings.public_url, spot)]
    except UnknownSource:
        blocks = told(_GONE)
    except CitewiseError as error:
        blocks = told(str(error))
    client.views_open(trigger_id=trigger, view=modal(f"Passage {number}".strip(), blocks))


def _passage(text: str, document: Document, spot: Spot) -> list[Block]:
    start, end = min(spot.start, len(text)), min(spot.end, len(text))
    quote = text[start:end]
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    if start > _AROUND:
        before = "… " + before.partition(" ")[2]
    if end + _AROUND < len(text):
        after = after.rpartition(" ")[0] + " …"
    if len(quote) > _QUOTE:
        quote = quote[:_QUOTE].rpartition(" ")[0] + " …"
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": before},
        {"type": "text", "text": quote, "style": {"bold": True}},
        {"type": "text", "text": after},
    ]
    section = {"type": "rich_text_section", "elements": [part for part in parts if part["text"]]}
    where = [context(f"*{escaped(place(document.source, spot.page), 400)}*")]
    return [*where, {"type": "rich_text", "elements": [section]}] if section["elements"] else where


def _links(public_url: str | None, spot: Spot) -> list[Block]:
    if not public_url:
        return []
    return [actions([button("Open the document", "open_document", spot.value(), url=spot.link(public_url))])]


def modal(title: str, blocks: list[Block], **more: Any) -> dict[str, Any]:
    """Return a modal; `title` is short and ours."""
    close = {"type": "plain_text", "text": "Close"}
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "close": close, "blocks": blocks, **more}
