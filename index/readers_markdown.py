"""Reads Markdown as a person sees it rendered: without marks, with headings, lists, code and tables."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .hidden import Hidden
from .readers_blocks import Blocks, title_of
from .readers_characters import decode
from .readers_html import add_html
from .readers_markdown_hidden import OpenTags
from .readers_tables import rows_of
from .types import Extracted

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.M | re.I)


def read_markdown(path: Path) -> Extracted:
    """Read Markdown as a person sees it rendered."""
    from markdown_it import MarkdownIt

    text, warnings = decode(path.read_bytes())
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = Blocks()
    blocks.warn(*warnings)
    title = ""
    front = _FRONT_MATTER.match(text)
    if front:
        found = _FRONT_TITLE.search(front[1])
        title = found[1] if found else ""
        blocks.paragraph(front[1])
        text = text[front.end() :]
    parser = MarkdownIt("commonmark", {"maxNesting": 50}).enable(["table", "strikethrough"])
    walk, definitions = _Markdown(blocks, parser), dict[str, object]()
    for part in _parts(text):
        walk.add(parser.parse(part, definitions))
    return blocks.extracted(title_of(title or walk.title, path))


_PART = 300_000
_FENCE = re.compile(r" {0,3}(```|~~~)")


def _parts(text: str) -> Iterator[str]:
    """Cut a long text before headings, since the parser takes a hundred times its size in memory."""
    if len(text) <= _PART:
        yield text
        return
    start, at, fence = 0, 0, ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        if at - start > _PART and not fence and line.startswith("#") and text.endswith("\n\n", start, at):
            yield text[start:at]
            start = at
        at += len(line)
    yield text[start:]


class _Markdown:
    """Where the walk through Markdown's tokens stands."""

    def __init__(self, blocks: Blocks, parser: "MarkdownIt") -> None:
        self.blocks = blocks
        self.parser = parser
        self.lists: list[int] = []
        self.bullet = ""
        self.title = ""
        self.tags = OpenTags()

    def add(self, tokens: "list[Token]") -> None:
        """Add a document or a part of it; `title` is its first heading of the first level."""
        at = 0
        while at < len(tokens):
            if tokens[at].type == "table_open":
                at = self.table(tokens, at)
            else:
                self.token(tokens[at], tokens[at - 1] if at else tokens[at])
            at += 1

    def token(self, token: "Token", before: "Token") -> None:
        if token.type == "inline":
            self.inline(token, before)
        elif token.type in ("fence", "code_block"):
            self.blocks.paragraph(self.shown(token.content.rstrip("\n"), self.tags))
        elif token.type == "html_block":
            if self.tags.kind:
                self.shown(_TAG.sub(" ", token.content), self.tags)
            else:
                add_html(self.blocks, token.content)
            self.tags.feed(token.content)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            self.lists.append(int(token.attrGet("start") or 1) if token.type.startswith("o") else 0)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self.lists.pop()
            if not self.lists:
                self.blocks.end()
        elif token.type == "list_item_open":
            self.bullet = f"{self.lists[-1]}. " if self.lists[-1] else "- "
            self.lists[-1] += bool(self.lists[-1])

    def shown(self, text: str, tags: OpenTags) -> str:
        """Return a piece of text if it is shown where these tags are open."""
        if not tags.kind:
            return text
        if text.strip():
            self.blocks.hide(Hidden(tags.kind, text))
        return ""

    def inline(self, token: "Token", before: "Token") -> None:
        text = self.inline_text(token)
        if before.type == "heading_open":
            self.blocks.heading(text)
            self.title = self.title or (text if before.tag == "h1" else "")
        elif self.bullet:
            self.blocks.item(text, self.bullet)
            self.bullet = ""
        else:
            self.paragraph(token.content, text)

    def paragraph(self, source: str, text: str) -> None:
        """Add a paragraph; lines between bars are a table, even without a line of dashes below the first."""
        lines = source.split("\n")
        first = next((i for i, line in enumerate(lines) if _is_bar_row(line)), len(lines))
        grid = [self.bar_cells(line) for line in lines[first:]]
        if len(grid) < 2 or not all(map(_is_bar_row, lines[first:])):
            self.blocks.paragraph(text)
            return
        above = self.parser.parseInline("\n".join(lines[:first]))
        self.blocks.paragraph("\n".join(self.inline_text(t) for t in above))
        self.blocks.rows(rows_of(grid, merged=False, expect_header=True))

    def bar_cells(self, line: str) -> list[str]:
        cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
        return ["".join(self.inline_text(t) for t in self.parser.parseInline(cell.strip())) for cell in cells]

    def table(self, tokens: "list[Token]", at: int) -> int:
        """Add a table and return where it ends."""
        grid, headers = list[list[str]](), 0
        while tokens[at].type != "table_close":
            if tokens[at].type == "tr_open":
                grid.append([])
            elif tokens[at].type == "inline":
                grid[-1].append(self.inline_text(tokens[at]))
            elif tokens[at].type == "thead_close":
                headers = len(grid)
            at += 1
        self.blocks.end()
        self.blocks.rows(rows_of(grid, headers, merged=False))
        return at

    def inline_text(self, token: "Token") -> str:
        """Return the text of a line or a paragraph as it is rendered."""
        parts, tags = list[str](), OpenTags(self.tags)
        for child in token.children or []:
            if child.type in ("softbreak", "hardbreak"):
                parts.append("\n")
            elif child.type in ("text", "code_inline", "text_special") or child.type == "image":
                parts.append(self.shown(child.content, tags))
            elif child.type == "html_inline":
                parts.append("\n" if re.match(r"<br\b", child.content, re.I) else "")
                tags.feed(child.content)
        return "".join(parts)


_TAG = re.compile(r"<[^<>]*>")


def _is_bar_row(line: str) -> bool:
    line = line.strip()
    return len(line) > 2 and line[0] == line[-1] == "|"
