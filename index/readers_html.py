"""Reads HTML: markup goes; words, headings, lists, preformatted text and tables stay.

Also used for the bodies of e-mails, the chapters of e-books and the HTML inside Markdown.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ReadError
from .readers_blocks import Blocks, title_of
from .readers_characters import decode
from .readers_html_hidden import take_hidden
from .readers_tables import rows_of
from .types import Extracted

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]+)|<\?xml[^>]{0,100}encoding=["']([\w-]+)""", re.I
)
_EMPTY_TAG = re.compile(
    r"<((?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)\w+)\b([^<>]*)/>", re.I
)
_DROPPED = frozenset(
    "audio|canvas|datalist|head|iframe|math|noscript|object|script|select|style|svg|template|video".split("|")
)
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_OF_HEAD = frozenset("base link meta noscript script style template title".split())
_BLOCKS = _HEADINGS.union(
    *(names.split("|") for names in (
        "address|article|aside|blockquote|body|caption|center|dd|details|dialog|div|dl|dt|fieldset|figcaption",
        "figure|footer|form|header|hgroup|hr|legend|li|main|nav|ol|p|pre|section|summary|table|tbody|td|tfoot",
        "th|thead|tr|ul",
    ))
)  # fmt: skip
_STYLING = re.compile(r"</?(?:b|big|em|font|i|s|small|strong|tt|u)(?:\s[^<>]*)?>", re.I)
_MAY_HIDE = re.compile(r"<style|<font|<dialog|[\s\"'](?:style|hidden|bgcolor|text)\b", re.I)


def read_html(path: Path) -> Extracted:
    """Read a web page; scripts, styles and what the page hides are left out."""
    data = path.read_bytes()
    found = _META_CHARSET.search(data[:4096])
    text, warnings = decode(data, (found[1] or found[2]).decode() if found else None)
    del data
    blocks = Blocks()
    blocks.warn(*warnings)
    title = add_html(blocks, text)
    return blocks.extracted(title_of(title, path))


def add_html(blocks: Blocks, source: str, css: str | None = None) -> str:
    """Add the visible text of an HTML document to `blocks` and return its <title>.

    `css` is what the style sheets say that it links to, None where they are not at hand.
    """
    source = _EMPTY_TAG.sub(r"<\1\2></\1>", source).replace("\0", "")
    root = _parsed(source)
    if root is None:
        return ""
    if css or _MAY_HIDE.search(source):
        _take_hidden(blocks, root, css)
    _Page(blocks).walk(root)
    blocks.end()
    return (root.findtext(".//title") or "").strip()


def _take_hidden(blocks: Blocks, root: "Element", css: str | None) -> None:
    own = "\n".join(node.text or "" for node in root.iter("style") if _is_for_screens(node))
    linked = any("stylesheet" in (node.get("rel") or "").lower() for node in root.iter("link")) or "@import" in own
    blocks.hide(*take_hidden(root, f"{css or ''}\n{own}", _DROPPED, unread=linked and css is None))


def _parsed(source: str) -> "Element | None":
    """Return the tree of a page; one too deep for the parser is tried again without letter styles."""
    import lxml.etree as etree

    for text in (source, _STYLING.sub("", source)):
        parser = etree.HTMLParser(
            encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True
        )
        data = text.encode("utf-8", "replace")
        if not data.strip():
            return None
        root = etree.fromstring(data, parser)
        if root is None or not any(e.type_name == "ERR_RESOURCE_LIMIT" for e in parser.error_log):
            return root if root is None else _with_body(root)
    raise ReadError("it is too deeply nested: open it in a browser and save it as text")


def _with_body(root: "Element") -> "Element":
    """Return a page with what the parser took for a part of its head, <main> and what came after it, in its body."""
    head = root.find("head")
    strays = [node for node in head if node.tag not in _OF_HEAD] if head is not None else []
    if strays:
        body = root.find("body")
        if body is None:
            body = root.makeelement("body")
            root.append(body)
        body[:0] = strays
    return root


class _Page:
    """Where the walk through one page stands: the text of the open block and what it will become."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.text: list[str] = []
        self.heading = False
        self.pre = 0
        self.lists: list[int] = []
        self.bullet = ""

    def walk(self, root: "Element") -> None:
        import lxml.etree as etree

        walker = etree.iterwalk(root, events=("start", "end"))
        skipped = None
        for event, node in walker:
            if event == "end" and node is skipped:
                self.text.append(node.tail or "")
            elif event == "end":
                self.leave(node, node is root)
            elif self.skipped(node):
                skipped = node
                walker.skip_subtree()
            else:
                self.enter(node)
        self.flush()

    def skipped(self, node: "Element") -> bool:
        """Tell whether a subtree is not to be walked: it has no text for people, or is a table that was added here."""
        if node.tag in _DROPPED:
            return True
        if node.tag != "table" or not _is_data_table(node):
            return False
        self.flush()
        self.add_table(node)
        return True

    def enter(self, node: "Element") -> None:
        if node.tag in _BLOCKS:
            self.flush()
        if node.tag in _HEADINGS:
            self.heading = True
        elif node.tag == "pre":
            self.pre += 1
        elif node.tag in ("ul", "ol"):
            self.lists.append(_first_number(node) if node.tag == "ol" else 0)
        elif node.tag == "li":
            self.start_item()
        elif node.tag == "br":
            self.text.append("\n" if self.pre else "\0")
        elif node.tag in ("td", "th"):
            self.text.append(" ")
        self.text.append(node.text or "")

    def leave(self, node: "Element", is_root: bool) -> None:
        if node.tag in _BLOCKS:
            self.flush()
        if node.tag in _HEADINGS:
            self.heading = False
        elif node.tag == "pre":
            self.pre -= 1
        elif node.tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            if not self.lists:
                self.blocks.end()
        elif node.tag == "li":
            self.bullet = ""
        if not is_root:
            self.text.append(node.tail or "")

    def start_item(self) -> None:
        number = self.lists[-1] if self.lists else 0
        self.bullet = f"{number}. " if number else "- "
        if number:
            self.lists[-1] += 1

    def flush(self) -> None:
        """End the open block."""
        text = "".join(self.text)
        self.text.clear()
        if not self.pre:
            lines = (" ".join(line.split(" ")) for line in re.sub(r"[ \t\n\r\f\xa0]+", " ", text).split("\0"))
            text = "\n".join(line.strip(" ") for line in lines).strip()
        if not text.strip("\0 \t\r\n\xa0"):
            return
        if self.heading:
            self.blocks.heading(text)
        elif self.bullet:
            self.blocks.item(text, self.bullet)
            self.bullet = ""
        else:
            self.blocks.paragraph(text)

    def add_table(self, table: "Element") -> None:
        caption = table.find("caption")
        if caption is not None:
            self.blocks.paragraph(_cell_text(caption))
        grid, headers = _grid_of(table)
        self.blocks.end()
        self.blocks.rows(rows_of(grid, headers or None))


def _is_for_screens(style: "Element") -> bool:
    return (style.get("media") or "all").strip().lower() in ("all", "screen")


def _first_number(node: "Element") -> int:
    start = node.get("start") or ""
    return int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 1


def _is_data_table(table: "Element") -> bool:
    """Tell a table of data from one that only lays a page out."""
    if next(table.iterdescendants("table", "h1", "h2", "h3", "h4", "ul", "ol", "pre"), None) is not None:
        return False
    rows = list(table.iterdescendants("tr"))
    if not rows or max(sum(1 for _ in row.iterchildren("td", "th")) for row in rows) < 2:
        return False
    if next(table.iterdescendants("th"), None) is not None:
        return True
    return len(rows) > 1 and all(
        len(list(cell.iterdescendants("p", "div"))) < 4 for cell in table.iterdescendants("td")
    )


_MAX_SPAN = 200


def _grid_of(table: "Element") -> tuple[list[list[str]], int]:
    """Return a table's cells, spanning ones repeated, and the number of rows that are only headers."""
    grid, headers = list[list[str]](), 0
    below: dict[int, tuple[int, str]] = {}
    for tr in table.iterdescendants("tr"):
        cells = list(tr.iterchildren("td", "th"))
        is_header = bool(cells) and all(c.tag == "th" for c in cells)
        is_header = is_header or next(tr.iterancestors("thead", "table")).tag == "thead"
        if is_header and headers == len(grid):
            headers += 1
        grid.append(_grid_row(cells, below, repeat=len(cells) > 1 and (is_header or len(grid) < 3)))
    return grid, headers


def _grid_row(cells: "list[Element]", below: dict[int, tuple[int, str]], *, repeat: bool) -> list[str]:
    row = list[str]()
    for cell in cells:
        _take_from_above(row, below)
        text = _cell_text(cell)
        across = _span(cell.get("colspan"))
        repeat_here = repeat and bool(text)
        for i in range(across):
            down = _span(cell.get("rowspan")) - 1
            value = text if i == 0 or repeat_here else ""
            if down:
                below[len(row)] = (down, value)
            row.append(value)
    _take_from_above(row, below)
    return row


def _take_from_above(row: list[str], below: dict[int, tuple[int, str]]) -> None:
    while len(row) in below:
        left, value = below.pop(len(row))
        if left > 1:
            below[len(row)] = (left - 1, value)
        row.append(value)


def _span(value: str | None) -> int:
    return min(max(int(value), 1), _MAX_SPAN) if value and value.isascii() and value.isdigit() and len(value) < 9 else 1


def _cell_text(cell: "Element") -> str:
    """Return a cell's visible text on one line."""
    import lxml.etree as etree

    parts, walker = list[str](), etree.iterwalk(cell, events=("start", "end"))
    for event, node in walker:
        if event == "end":
            parts.append(" " if node.tag in _BLOCKS else "")
            parts.append((node.tail or "") if node is not cell else "")
        elif node.tag in _DROPPED:
            walker.skip_subtree()
        else:
            parts += [" " if node.tag == "br" or node.tag in _BLOCKS else "", node.text or ""]
    return " ".join("".join(parts).split())
