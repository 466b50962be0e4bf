"""HTML of a document's text around a quote: running text, the rows of a table, the headers of an e-mail.

Pure functions. Every character comes from the document and is escaped; offsets are those of the extracted text, so
that exactly the quote is lit up wherever its words end up. The page around it is `documents.py`'s.
"""

from collections import Counter
from html import escape

from index.types import Span

from .render import visible

AROUND = 1_500
"""Characters that are shown before and after the quote."""
TABLES = (".xlsx", ".xlsm", ".csv", ".tsv")
MAIL = (".eml",)
_LONG = 400
_MOST_HEADERS = 4_000
Cell = tuple[str, Span]
"""A column's name and where the cell's words are."""


def text_html(text: str, quote: Span, around: int, source: str) -> str:
    """Show the text around an offset, the quote lit up, in the way that suits the file."""
    lower = source.lower().removesuffix(" (uploaded)")
    first, last = window(text, quote, around)
    if lower.endswith(TABLES):
        shown = _tables(text, (first, last), quote)
    elif lower.endswith(MAIL):
        shown = _mail(text, (first, last), quote)
    else:
        shown = _running(text, (first, last), quote)
    return shown.replace("<mark>", '<mark id="quote">', 1)


def window(text: str, quote: Span, around: int) -> Span:
    """Return the part of the text to show: the quote or another place with what is around it, in whole lines."""
    low, high = quote if quote[0] <= around <= quote[1] else (around, around)
    first, last = max(0, low - AROUND), min(len(text), high + AROUND)
    if first:
        first = text.rfind("\n", max(0, first - _LONG), first) + 1 or first
    end = text.find("\n", last, last + _LONG)
    return first, end if end >= 0 else last


def lit(text: str, span: Span, quote: Span) -> str:
    """Return a part of the text as HTML, with what the quote has of it marked."""
    start, end = span
    a, b = min(max(quote[0], start), end), min(max(quote[1], start), end)
    marked = f"<mark>{_shown(text[a:b])}</mark>" if b > a else ""
    return f"{_shown(text[start:a])}{marked}{_shown(text[b:end])}"


def _shown(text: str) -> str:
    return escape(visible(text))


def _running(text: str, span: Span, quote: Span) -> str:
    return f'<div class="cw-running" dir="auto">{lit(text, span, quote)}</div>' if span[1] > span[0] else ""


def _mail(text: str, span: Span, quote: Span) -> str:
    """Show the headers as a table wherever the quote is, then the body around it."""
    end = text.find("\n\n", 0, _MOST_HEADERS)
    if end < 0:
        return _running(text, span, quote)
    return _pairs(text, _lines(text, (0, end)), quote) + _running(text, (max(span[0], end + 2), span[1]), quote)


def _pairs(text: str, lines: list[Span], quote: Span) -> str:
    """Show lines of "name: value" as a table of two columns."""
    rows = ""
    for start, end in lines:
        name = text.find(": ", start, end)
        value = name + 2 if name >= 0 else start
        label = _shown(text[start:name]) if name >= 0 else ""
        rows += f'<tr><th scope="row">{label}</th><td dir="auto">{lit(text, (value, end), quote)}</td></tr>'
    return f'<table class="cw-pairs">{rows}</table>'


def _tables(text: str, span: Span, quote: Span) -> str:
    """Show each block of rows as a table."""
    shown, block = "", list[Span]()
    for line in [*_lines(text, span), (span[1], span[1])]:
        if line[1] > line[0]:
            block.append(line)
        elif block:
            shown += _table(text, block, quote)
            block = []
    return shown


def _table(text: str, lines: list[Span], quote: Span) -> str:
    names = _columns(text, lines)
    if not names:
        named = len(lines) > 1 and all(": " in text[a:b] for a, b in lines)
        plain = (f'<p class="cw-row" dir="auto">{lit(text, line, quote)}</p>' for line in lines)
        return _pairs(text, lines, quote) if named else "".join(plain)
    rows = [_cells(text, line, names) for line in lines]
    columns = [""] * any(len(row) > 1 and not row[0][0] for row in rows) + names
    head = "".join(f'<th scope="col">{_shown(name)}</th>' for name in columns)
    body = "".join(_row(text, line, row, columns, quote) for line, row in zip(lines, rows, strict=True))
    return f'<div class="cw-table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(text: str, line: Span, cells: list[Cell], columns: list[str], quote: Span) -> str:
    hit = ' class="cw-hit"' if quote[0] < line[1] and quote[1] > line[0] else ""
    if len(cells) == 1 and not cells[0][0]:
        return f'<tr{hit}><td colspan="{len(columns)}" dir="auto">{lit(text, cells[0][1], quote)}</td></tr>'
    spans = dict(cells)
    empty = (line[0], line[0])
    shown = "".join(f'<td dir="auto">{lit(text, spans.get(name, empty), quote)}</td>' for name in columns)
    return f"<tr{hit}>{shown}</tr>"


def _columns(text: str, lines: list[Span]) -> list[str]:
    """Return the names that stand before values in the rows, as `readers_tables` writes them: "name: value; ..."."""
    seen = Counter[str]()
    for line in lines:
        fields = [text[a:b].split(": ") for a, b in _fields(text, line)]
        names = [parts[0] for parts in fields[1:] if len(parts) > 1]
        first = fields[0] if fields else [""]
        if len(first) > 2:  # a label before it
            names.insert(0, first[-2])
        elif len(first) == 2 and len(fields) > 1:
            names.insert(0, first[0])
        seen.update(list(dict.fromkeys(names)))
    usual = max(seen.values(), default=0) * 0.2
    return [name for name, times in seen.items() if times >= usual and len(name) <= 120]


def _cells(text: str, line: Span, names: list[str]) -> list[Cell]:
    """Return a row's cells; words that belong to no column stay with the cell before, or are the row's label."""
    cells: list[Cell] = []
    known = set(names)
    for start, end in _fields(text, line):
        at = start
        parts = text[start:end].split(": ")
        for i, part in enumerate(parts[:-1]):
            if part in known and part not in {name for name, _ in cells}:
                if i:
                    cells.append(("", (start, at - 2)))
                cells.append((part, (at + len(part) + 2, end)))
                break
            at += len(part) + 2
        else:
            name, (begin, _) = cells.pop() if cells else ("", (start, end))
            cells.append((name, (begin, end)))
    return cells


def _fields(text: str, line: Span) -> list[Span]:
    return _parted(text, line, "; ")


def _lines(text: str, span: Span) -> list[Span]:
    return _parted(text, span, "\n")


def _parted(text: str, span: Span, mark: str) -> list[Span]:
    """Return the spans between the marks."""
    spans, start = list[Span](), span[0]
    for part in text[slice(*span)].split(mark):
        spans.append((start, start + len(part)))
        start += len(part) + len(mark)
    return spans
