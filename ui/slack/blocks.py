"""An Answer as Slack's blocks, in messages that Slack takes; pure functions.

A quote is shown once: where the text is nothing but its quotes, they stand as compact context under the short answer,
or, without one, as the text itself. Buttons carry a passage's id and offsets, so that any copy of the bot can open it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from index.types import SearchResult
from qa.types import Answer, Citation

from ..render import NEAREST, excerpt, flowing, is_quotes_only, one_line, place, public_link
from .rich import Block, length_of, markdown_blocks, plain_blocks
from .text import cut, escape, escaped, label, unlinked

MAX_BLOCKS = 45
"""Blocks of one message; Slack takes 50."""
MAX_CHARACTERS = 9_000
"""Characters of one message's blocks; Slack refuses at about 12,000, counted in its own way."""
MAX_TEXT = 3_500
"""Characters of a message's `text`, which notifications show and which later turns are read from."""
_QUOTE = 900
_BUTTONS = 20
_PARTIAL = "Only part of this is in the documents."
_NEAREST = "The nearest passages, which may not answer it:"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a quote or passage stands: enough to open it again."""

    passage_id: str
    start: int
    end: int
    page: int | None = None

    @property
    def document(self) -> str:
        """The id of the document."""
        return self.passage_id.split(".")[0]

    @property
    def version(self) -> str:
        """The beginning of the document's version."""
        return self.passage_id.split(".")[1] if "." in self.passage_id else ""

    def link(self, public_url: str) -> str:
        """Return where the browser shows it."""
        return public_link(public_url, self.passage_id, self.start, self.end)

    def value(self) -> str:
        """Write it as the value of a button."""
        return f"{self.passage_id}:{self.start}:{self.end}:{self.page or ''}"

    @classmethod
    def of(cls, value: str) -> "Spot":
        """Read the value of a button."""
        passage_id, start, end, page = value.split(":")
        return cls(passage_id, int(start), int(end), int(page) if page else None)


def answer_blocks(answer: Answer, key: str, public_url: str | None = None) -> list[Block]:
    """Return an answer with its evidence, and buttons to open each passage and to rate it."""
    shown = not_found_blocks(answer, public_url) if answer.status == "not_found" else _found_blocks(answer, public_url)
    note = answer.note
    return [*shown, *([context(escaped(note, 600))] if note else []), rating_block(key)]


def _found_blocks(answer: Answer, public_url: str | None) -> list[Block]:
    numbers = {citation.number for citation in answer.citations}
    quotes_only = is_quotes_only(answer)
    blocks = [context(_PARTIAL)] if answer.status == "partial" else []
    if answer.short:
        blocks.append(bold(answer.short))
    if not quotes_only:
        blocks += markdown_blocks(answer.text, numbers)
    elif not answer.short:
        blocks += plain_blocks(flowing(answer.text), numbers)
    as_text = quotes_only and not answer.short
    blocks += [_citation(citation, public_url, quoted=not as_text) for citation in answer.citations]
    return blocks + list(_passage_buttons(answer.citations))


def text_blocks(answer: Answer) -> list[Block]:
    """Return the text of an answer that is still being written."""
    return markdown_blocks(answer.text, {citation.number for citation in answer.citations}) or [section("…")]


def not_found_blocks(answer: Answer, public_url: str | None) -> list[Block]:
    """Say that the documents do not hold the answer, and show what is nearest."""
    nearest = answer.results[:NEAREST]
    blocks = plain_blocks(answer.text, ())
    if nearest:
        blocks.append(context(f"_{_NEAREST}_"))
    blocks += [_nearest(result, public_url) for result in nearest]
    buttons = [_open_button(f"{_name(r.passage.source, r.passage.page)}", _spot(r), n) for n, r in enumerate(nearest)]
    return blocks + ([actions(buttons)] if buttons else [])


def _citation(citation: Citation, public_url: str | None, quoted: bool) -> Block:
    spot = Spot(citation.passage_id, citation.start, citation.end, citation.page)
    where = f"*[{citation.number}]* {_linked(place(citation.source, citation.page), spot, public_url)}"
    return context(where, f"“{cut(flowing(citation.quote), _QUOTE)}”") if quoted else context(where)


def _nearest(result: SearchResult, public_url: str | None) -> Block:
    passage = result.passage
    return context(_linked(place(passage.source, passage.page), _spot(result), public_url), excerpt(passage.text))


def _spot(result: SearchResult) -> Spot:
    passage = result.passage
    return Spot(passage.id, passage.start, passage.end, passage.page)


def _linked(shown: str, spot: Spot, public_url: str | None) -> str:
    text = escaped(shown, 400)
    if not public_url:
        return text
    return f"<{escape(spot.link(public_url))}|{text.replace('|', '¦')}>"


def _passage_buttons(citations: Iterable[Citation]) -> Iterator[Block]:
    spots = [(c.number, Spot(c.passage_id, c.start, c.end, c.page)) for c in citations]
    buttons = [_open_button(f"Passage [{number}]", spot, number) for number, spot in spots]
    for first in range(0, len(buttons), _BUTTONS):
        yield actions(buttons[first : first + _BUTTONS])


def _name(source: str, page: int | None) -> str:
    name = one_line(source).rpartition("/")[2]
    return f"{cut(name, 40)}" + (f", p. {page}" if page is not None else "")


def _open_button(text: str, spot: Spot, number: int) -> Block:
    return button(text, f"passage_{number}", spot.value())


def rating_block(key: str) -> Block:
    """Return the thumbs under an answer."""
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "rating",
                "positive_button": _thumb("Good answer", f"up:{key}"),
                "negative_button": _thumb("Bad answer", f"down:{key}"),
            }
        ],
    }


def _thumb(text: str, value: str) -> Block:
    return {"text": {"type": "plain_text", "text": text}, "value": value, "accessibility_label": text}


def section(text: str) -> Block:
    """Return a paragraph of our own words, in Slack's markup."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def bold(text: str) -> Block:
    """Return foreign words in bold."""
    element = {"type": "text", "text": one_line(text), "style": {"bold": True}}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}


def context(markup: str, quote: str = "") -> Block:
    """Return a small line in Slack's markup, and foreign words after it exactly as they are."""
    elements: list[Block] = [{"type": "mrkdwn", "text": markup or "…", "verbatim": True}]
    if quote.strip():
        elements.append({"type": "plain_text", "text": escaped(quote, 2_900), "emoji": False})
    return {"type": "context", "elements": elements}


def actions(elements: list[Block]) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": elements}


def button(text: str, action: str, value: str, **more: Any) -> Block:
    """Return a button; its text may be foreign."""
    shown = {"type": "plain_text", "text": label(text), "emoji": False}
    return {"type": "button", "text": shown, "action_id": action, "value": value, **more}


def fallback(answer: Answer) -> str:
    """Return the answer's text for notifications and for later turns."""
    return unlinked(cut(answer.text, MAX_TEXT)) or "…"


def pages(blocks: Iterable[Block]) -> list[list[Block]]:
    """Divide blocks into messages that Slack takes: not too many, not too long, one table in each."""
    found: list[list[Block]] = []
    size = 0
    for block in blocks:
        more = length_of(block)
        full = not found or len(found[-1]) == MAX_BLOCKS or size + more > MAX_CHARACTERS
        if full or (block["type"] == "table" and any(other["type"] == "table" for other in found[-1])):
            found.append([])
            size = 0
        found[-1].append(block)
        size += more
    return found


def told(text: str) -> list[Block]:
    """Return a notice: foreign or our own words, as they are."""
    return [section(escape(cut(text, 2_000)))]
