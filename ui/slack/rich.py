"""An answer's text as rich text: paragraphs, lists, code, tables and marks; pure functions.

Rich text is data, not markup: a document's `<!channel>` or link stays letters. A text is cut between words where it
is too long for one block, never inside a mark.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..render import MARK, UNSUPPORTED, visible

if TYPE_CHECKING:
    from markdown_it.token import Token

Block = dict[str, Any]
Element = dict[str, Any]
ROOM = 2_500
"""Characters of one rich-text block."""
_PIECE = 1_500
_ROWS, _COLUMNS, _CELLS = 100, 20, 8_000
_NOT_BORNE_OUT = "(not borne out by the quotes)"
_PARTS = re.compile(rf"({MARK.pattern.replace('(', '(?:')}|{re.escape(UNSUPPORTED)})")
_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}


def plain_blocks(text: str, numbers: Collection[int]) -> list[Block]:
    """Return a text that is no Markdown, such as quotes, as it stands."""
    paragraphs = [p for p in re.split(r"\n{2,}", visible(text).strip("\n")) if p.strip()]
    return _packed([_section(_marked(p, numbers, {})) for p in paragraphs])


def markdown_blocks(text: str, numbers: Collection[int]) -> list[Block]:
    """Return a text in Markdown; links and images in it stay text, only the answer's own marks are marks."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.disable(["reference", "link", "image", "autolink", "html_block", "html_inline"])
    return _packed(list(_Writer(parser.parse(visible(text)), numbers).elements()))


class _Writer:
    """Walks over the parser's tokens and writes rich-text elements, or a table block."""

    def __init__(self, tokens: Sequence["Token"], numbers: Collection[int]) -> None:
        self._tokens = tokens
        self._numbers = numbers
        self._at = 0

    def elements(self) -> Iterator[Element]:
        """Yield everything in order."""
        while self._at < len(self._tokens):
            yield from self._next(0)

    def _next(self, depth: int) -> Iterator[Element]:
        token = self._tokens[self._at]
        self._at += 1
        if token.type in ("bullet_list_open", "ordered_list_open"):
            yield from self._list(token, depth)
        elif token.type == "table_open":
            yield from self._table()
        elif token.type == "blockquote_open":
            yield from self._quote()
        elif token.type in ("fence", "code_block"):
            yield from (_code(piece) for piece in _pieces(token.content.rstrip("\n")))
        elif token.type == "hr":
            yield {"type": "divider"}
        elif token.type == "inline":
            before = self._tokens[self._at - 2].type
            yield _section(self._inline(token, {"bold": True} if before == "heading_open" else {}))

    def _inline(self, token: "Token", style: dict[str, bool]) -> list[Element]:
        styles, found = dict(style), list[Element]()
        for child in token.children or []:
            kind, _, side = child.type.rpartition("_")
            if kind in _STYLES and side == "open":
                styles[_STYLES[kind]] = True
            elif kind in _STYLES and side == "close":
                styles.pop(_STYLES[kind], None)
            elif child.type == "code_inline":
                found.append(_text(child.content, {**styles, "code": True}))
            elif child.type in ("softbreak", "hardbreak"):
                found.append(_text("\n", {}))
            else:
                found += _marked(child.content, self._numbers, styles)
        return _joined(found)

    def _list(self, opened: "Token", depth: int) -> Iterator[Element]:
        """Yield a list as Slack has it: nested lists stand beside their parent, further in."""
        style = "ordered" if opened.type.startswith("ordered") else "bullet"
        offset = int(opened.attrGet("start") or 1) - 1
        items = list[Element]()

        def flush() -> Iterator[Element]:
            nonlocal offset
            if items:
                block: Element = {"type": "rich_text_list", "style": style, "indent": depth, "elements": list(items)}
                yield {**block, "offset": offset} if style == "ordered" and offset else block
                offset += len(items)
                items.clear()

        while (token := self._tokens[self._at]).type not in ("bullet_list_close", "ordered_list_close"):
            if token.type == "inline":
                self._at += 1
                items.append(_section(self._inline(token, {})))
            elif token.type in ("bullet_list_open", "ordered_list_open", "fence", "code_block", "table_open"):
                yield from flush()
                yield from self._next(min(depth + 1, 8))
            else:
                self._at += 1
        self._at += 1
        yield from flush()

    def _quote(self) -> Iterator[Element]:
        parts, open_quotes = list[Element](), 1
        while open_quotes:
            token = self._tokens[self._at]
            self._at += 1
            open_quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
            if token.type in ("inline", "fence", "code_block"):
                more = self._inline(token, {}) if token.type == "inline" else [_text(token.content, {})]
                parts += [_text("\n", {}), *more] if parts else more
        for some in _portions(_joined(parts)):
            yield {"type": "rich_text_quote", "elements": some}

    def _table(self) -> Iterator[Element]:
        rows = list[list[str]]()
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append("".join(element["text"] for element in self._inline(token, {})).replace("\n", " "))
        self._at += 1
        yield from table(rows)


def table(rows: Sequence[Sequence[str]]) -> Iterator[Element]:
    """Yield rows as a table block, or as lined-up text where they are too many for one."""
    size = sum(len(cell) for row in rows for cell in row)
    if len(rows) <= _ROWS and size <= _CELLS and max(map(len, rows), default=0) <= _COLUMNS:
        yield {"type": "table", "rows": [[{"type": "raw_text", "text": cell or " "} for cell in row] for row in rows]}
        return
    yield from (_code(piece) for piece in _pieces(lined_up(rows)))


def lined_up(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as text in columns."""
    widths = [max(len(row[n]) if n < len(row) else 0 for row in rows) for n in range(max(map(len, rows), default=0))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows)
    return "\n".join(lines)


def _marked(text: str, numbers: Collection[int], style: dict[str, bool]) -> list[Element]:
    """Return a text with the answer's marks in bold and its flags told; a `[7]` without a citation stays text."""
    found = list[Element]()
    for piece in _PARTS.split(text):
        mark = MARK.fullmatch(piece)
        if mark and int(mark.group(1)) in numbers:
            found.append(_text(piece, {**style, "bold": True}))
        elif piece == UNSUPPORTED:
            found.append(_text(_NOT_BORNE_OUT, {**style, "italic": True}))
        else:
            found += [_text(part, style) for part in _pieces(piece)]
    return found


def _text(text: str, style: dict[str, bool]) -> Element:
    return {"type": "text", "text": text, "style": dict(style)} if style else {"type": "text", "text": text}


def _section(elements: list[Element]) -> Element:
    return {"type": "rich_text_section", "elements": elements or [_text(" ", {})]}


def _code(text: str) -> Element:
    return {"type": "rich_text_preformatted", "elements": [_text(text, {})]}


def _joined(elements: list[Element]) -> list[Element]:
    """Join neighbours of the same style; a line break of its own is two elements otherwise."""
    joined = list[Element]()
    for element in elements:
        last = joined[-1] if joined else None
        short = last is not None and len(last["text"]) + len(element["text"]) <= _PIECE
        if last is not None and short and last.get("style") == element.get("style"):
            joined[-1] = {**last, "text": last["text"] + element["text"]}
        elif element["text"]:
            joined.append(element)
    return joined


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that fit, cut after white space where there is any."""
    while len(text) > _PIECE:
        space = max(text.rfind(" ", 0, _PIECE), text.rfind("\n", 0, _PIECE))
        end = space + 1 if space > 0 else _PIECE
        yield text[:end]
        text = text[end:]
    if text:
        yield text


def _portions(elements: Sequence[Element]) -> Iterator[list[Element]]:
    """Yield elements in groups that fit into one block."""
    some, size = list[Element](), 0
    for element in elements:
        if some and size + len(element["text"]) > ROOM:
            yield some
            some, size = [], 0
        some.append(element)
        size += len(element["text"])
    if some:
        yield some


def _packed(elements: list[Element]) -> list[Block]:
    """Return elements as blocks: rich text as much as fits into each, tables and dividers by themselves."""
    blocks, size = list[Block](), ROOM + 1
    elements = [element for element in elements if length_of(element) > 0 or element["type"] == "divider"]
    for element in (fitting for whole in elements for fitting in _fitting(whole)):
        if not element["type"].startswith("rich_text"):
            blocks.append(element)
            size = ROOM + 1
            continue
        more = length_of(element)
        if size + more > ROOM:
            blocks.append({"type": "rich_text", "elements": []})
            size = 0
        kept = blocks[-1]["elements"]
        if kept and kept[-1]["type"] == element["type"] == "rich_text_section":
            kept[-1]["elements"].append(_text("\n\n", {}))
        kept.append(element)
        size += more
    return blocks


def _fitting(element: Element) -> Iterator[Element]:
    """Yield an element in parts that each fit into a block."""
    if length_of(element) <= ROOM or element["type"] not in ("rich_text_section", "rich_text_list"):
        yield element
    elif element["type"] == "rich_text_section":
        yield from (_section(some) for some in _portions(element["elements"]))
    else:
        number = element.get("offset", 0)
        for item in element["elements"]:
            for part in _fitting(item):
                yield {**element, "elements": [part], **({"offset": number} if element["style"] == "ordered" else {})}
            number += 1


def length_of(part: Any) -> int:
    """Return how many characters of text a block or element holds."""
    if isinstance(part, dict):
        return sum(len(v) if k in ("text", "url") and isinstance(v, str) else length_of(v) for k, v in part.items())
    return sum(map(length_of, part)) if isinstance(part, list) else 0
