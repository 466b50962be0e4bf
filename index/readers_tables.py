"""Turns a grid of cells into rows that can be read alone: "Net sales: 2019: 1,200; 2018: 1,100".

Finds the header rows and the column of labels. Getting cells out of a file is left to the formats.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Grid = Sequence[Sequence[str]]

_NUMBER = re.compile(
    r"[\s$€£¥₹(\-–—−+~<>≈*]*(?:US|RMB|USD|EUR|GBP|CHF|HK|[AC](?=\$))?[\s$€£¥(\-–—−+]*\d"
    r"[\d.,'’ \u00a0\u202f/:-]*(?:[eE][+-]?\d+)?\s*(?:%|bps?|[kKmMxX]|million|billion|pts?|pp|[€£$])?"
    r"[\s)*†‡%]*(?:\(\w{1,3}\))?"
)
_DASH = re.compile(r"[\s$€£(]*[-–—−]+[\s-]*[\s)%]*|n/?a|nm|n\.m\.", re.I)
_PERIOD = re.compile(r"(?:fy|[qh][1-4])?[ '’]*(?:1[89]|20|21)\d\d ?[a-z]{0,3}(?:\(\w{1,2}\))?[*†]?|[qh][1-4]", re.I)
_UNIT = re.compile(
    r"\(.*\)|[^.]*\b(?:in|of) (?:thousands|millions|billions)\b.*"
    r"|[€£$¥%#]{1,2} ?(?:m|mn|bn|k|'?000s?)?|notes?",
    re.I,
)
_TIMES = re.compile(
    r"\b(?:years?|months?|weeks?|quarters?|fiscal|ended|ending|as (?:of|at)|january|february|march|april|may"
    r"|june|july|august|september|october|november|december)\b",
    re.I,
)
_TOTAL = re.compile(r"\W*(?:(?:sub|grand)?[ -]?total|sum)\b", re.I)


@dataclass(frozen=True, slots=True)
class Table:
    """A grid that was understood: lines above it, a header for each column, the body, and whether its first
    column names the rows."""

    caption: tuple[str, ...]
    headers: tuple[str, ...]
    body: Sequence[Sequence[str]]
    labelled: bool


def rows_of(
    grid: Grid,
    headers: int | None = None,
    *,
    merged: bool = True,
    expect_header: bool = False,
    levels: int = 6,
) -> list[str]:
    """Return one line for each row of a table.

    `headers` is the number of header rows where the format says so; None finds it out. `expect_header` says
    that tables of this format nearly always have one. `merged` says whether a cell that spans columns was
    repeated in each; if not, how far a header reaches is guessed from its place. `levels` is the largest
    number of header rows.
    """
    cells, headers = _tidy(grid, headers)
    if not cells or len(cells[0]) == 1:
        return [row[0] for row in cells]
    skipped, headers = (0, headers) if headers else _find_header(cells, expect_header)
    lines = [_plain(row) for row in cells[:skipped]]
    if not headers:
        return [*lines, *_without_header(cells[skipped:])]
    if headers >= len(cells):
        return [_plain(row) for row in cells]
    table = _understand(cells[skipped:], headers, levels, merged)
    return [*lines, *table.caption, *(_labelled(table) if table.labelled else _records(table))]


def _tidy(grid: Grid, headers: int | None) -> tuple[list[list[str]], int | None]:
    """Return the cells as single lines without empty rows and columns, and how many header rows are left."""
    width = max((len(row) for row in grid), default=0)
    rows = [_join_signs([" ".join(c.split()) for c in row] + [""] * (width - len(row))) for row in grid]
    if headers is not None:
        headers = sum(any(row) for row in rows[:headers])
    rows = [row for row in rows if any(row)]
    # Below headers that the format marks, a column is empty even where a header that spans it is repeated.
    body = rows[headers or 0 :] or rows
    keep = [i for i in range(width) if any(row[i] for row in body)]
    return rows if len(keep) == width else [[row[i] for i in keep] for row in rows], headers


_BEFORE = frozenset({"$", "€", "£", "¥", "$("})
_AFTER = frozenset({")", "%", ")%"})


def _join_signs(row: list[str]) -> list[str]:
    """Put a currency sign, bracket or percent sign that stands in a cell of its own to its number."""
    if not any(cell in _BEFORE or cell in _AFTER for cell in row):
        return row
    row = list(row)
    for i, cell in enumerate(row):
        if cell in _BEFORE:
            after = next((j for j in range(i + 1, len(row)) if row[j]), i)
            if is_value(row[after] + ")"):
                row[after], row[i] = cell + row[after], ""
        elif cell in _AFTER:
            before = next((j for j in range(i - 1, -1, -1) if row[j]), i)
            if re.search(r"[\d–—-]", row[before]):
                row[before], row[i] = row[before] + cell, ""
    return row


def is_value(cell: str) -> bool:
    """Tell whether a cell holds a quantity: a number, an amount, a percentage, or a dash in its place."""
    return 0 < len(cell) <= 40 and bool(_NUMBER.fullmatch(cell) or _DASH.fullmatch(cell))


def _is_quantity(cell: str) -> bool:
    return is_value(cell) and not _PERIOD.fullmatch(cell)


def _is_unit(cell: str) -> bool:
    return 0 < len(cell) <= 80 and bool(_UNIT.fullmatch(cell))


def has_header(grid: Grid) -> bool:
    """Tell whether a grid begins with names over columns of quantities."""
    cells, _ = _tidy(grid, None)
    return len(cells) > 1 and len(cells[0]) > 1 and cells[0][-1] != "" and _has_contrast(cells[0], cells[1:])


def _has_contrast(row: list[str], below: list[list[str]]) -> bool:
    """Tell whether a row of names stands over a column that holds mostly quantities."""
    columns = [[r[i] for r in below[:200] if r[i]] for i in range(1, len(row))]
    named = not any(map(_is_quantity, row))
    return named and any(column and sum(map(is_value, column)) * 2 > len(column) for column in columns)


def _find_header(cells: list[list[str]], expect: bool) -> tuple[int, int]:
    """Return how many lines stand above the header and how many rows it has (0: the table has none)."""
    for at, row in enumerate(cells[:-1][:30]):
        filled = sum(map(bool, row))
        if any(map(_is_quantity, row)):
            return 0, 0
        if filled >= max(2, len(row) * 0.6) or not row[0]:
            return (at, 1) if _looks_like_header(row, cells[at + 1 :], expect) else (0, 0)
        if filled > 1 or _TIMES.search(row[0]):
            return 0, 0  # neither a header nor a title over the table
    return 0, 0


def _looks_like_header(row: list[str], below: list[list[str]], expect: bool) -> bool:
    """Tell names from values: by quantities below them, else by being short, unlike and seen only once."""
    if _has_contrast(row, below):
        return True
    columns = [{r[i] for r in below[:200]} for i in range(len(row))]
    if len(row) == 2 and not expect and not all(map(is_value, columns[0])):
        return False  # two columns of words are as often names and values as a table with a header
    unlike = len(set(row)) == len(row) and all(row)
    short = all(len(cell) <= 40 and cell[-1] not in ".!?" and not _is_quantity(cell) for cell in row if cell)
    return unlike and short and all(cell not in column for cell, column in zip(row, columns, strict=True))


def _understand(cells: list[list[str]], headers: int, levels: int, merged: bool) -> Table:
    headers = _more_header_rows(cells, headers, levels)
    top, body = cells[:headers], cells[headers:]
    corner = list(dict.fromkeys(row[0] for row in top if row[0]))
    reach = top if merged else [_spread(row, top) for row in top]
    if len(corner) == 1 and _TIMES.search(corner[0]) and all(_PERIOD.fullmatch(c) for c in top[-1][1:] if c):
        reach.insert(0, ["", *corner * (len(cells[0]) - 1)])  # "Years ended May 31," beside 2019 and 2018
        corner = list[str]()
    units = {row[1] for row in reach if headers > 1 and _is_shared_unit(row)}
    names = [_join(row[i] for row in reach if row[i] not in units) for i in range(len(cells[0]))]
    labelled = not corner or headers > 1 or all(map(_is_unit, corner))
    unsaid = [c for row in top for c in row[1:] if c and not any(c in name for name in names)]
    caption = _join([*(corner if labelled else []), *unsaid])
    names[0] = "" if labelled else names[0]
    return Table((caption,) if caption else (), tuple(names), body, labelled)


def _is_shared_unit(row: list[str]) -> bool:
    """Tell a unit that holds for all columns, such as "(in thousands)": once above the table is enough."""
    return len(row) > 2 and len(row[1]) > 3 and len(set(row[1:])) == 1 and _is_unit(row[1])


def _more_header_rows(cells: list[list[str]], headers: int, levels: int) -> int:
    """Count header rows beyond those that the format marks: years and units under a spanning title."""
    if not any(_is_quantity(cell) for row in cells for cell in row[1:]):
        return headers
    at = headers
    while at < min(len(cells) - 1, levels) and _continues_header(cells[at], cells[:at]):
        at += 1
    return at


def _continues_header(row: list[str], above: list[list[str]]) -> bool:
    rest = [cell for cell in row[1:] if cell]
    title_only = all(len({cell for cell in header if cell}) <= 1 for header in above)
    unnamed = not row[0] or _is_unit(row[0]) or (title_only and len(rest) == len(row) - 1)
    return bool(rest) and unnamed and not any(map(_is_quantity, rest))


def _spread(row: list[str], top: list[list[str]]) -> list[str]:
    """Repeat a header over the columns that it seems to span, where the format does not say which."""
    filled = [i for i in range(1, len(row)) if row[i]]
    last = row is top[-1]
    if len(filled) == 1 and len(row) > 2:
        return _spread_title(row, filled[0], alone=not any(r[filled[0]] for r in top if r is not row), last=last)
    if last:
        return row
    spread = list(row)
    for i in range(2, len(row)):
        spread[i] = spread[i] or spread[i - 1]
    return spread


def _spread_title(row: list[str], at: int, *, alone: bool, last: bool) -> list[str]:
    """Repeat a row's only header over all columns, leave it over its own, or over none if nobody can tell."""
    text = row[at]
    if len(text) > 3 and (_is_unit(text) or (not last and (at == 1 or _TIMES.search(text)))):
        return [row[0], *[text] * (len(row) - 1)]
    return row if alone or last else [row[0], *[""] * (len(row) - 1)]


def _join(parts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(part for part in parts if part))


def _records(table: Table) -> list[str]:
    return [_record(table.headers, row) for row in table.body]


def _record(names: Sequence[str], row: Sequence[str]) -> str:
    if len(row) > 2 and row[0] and not any(row[1:]):
        return row[0]  # a note or a section, no record
    return "; ".join(_named(name, cell) for name, cell in zip(names, row, strict=True) if cell)


def _named(name: str, cell: str) -> str:
    return f"{name.removesuffix(':')}: {cell}" if name else cell


def _labelled(table: Table) -> list[str]:
    """Write rows that begin with a label, below the section they belong to until its total."""
    lines, section = list[str](), ""
    for label, *cells in table.body:
        values = "; ".join(_named(n, c) for n, c in zip(table.headers[1:], cells, strict=True) if c)
        if not values:
            section = label.removesuffix(":")
            lines.append(label)
            continue
        ends = not label or bool(_TOTAL.match(label))
        parts = (section if not _TOTAL.match(label) else "", label.removesuffix(":"), values)
        lines.append(": ".join(part for part in parts if part))
        section = "" if ends else section
    return lines


def _without_header(cells: list[list[str]]) -> list[str]:
    """Write rows of a table that has no header; two columns of names and values read as "name: value"."""
    names = [row[0] for row in cells]
    paired = len(cells[0]) == 2 and len(set(names)) == len(names)
    if paired and all(name and len(name) <= 60 and not is_value(name) for name in names):
        return [_named(name, value) if value else name for name, value in cells]
    return [_plain(row) for row in cells]


def _plain(row: Sequence[str]) -> str:
    return "; ".join(cell for cell in row if cell)
