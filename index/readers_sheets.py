"""Reads spreadsheets: Excel workbooks, comma- and tab-separated files.

Finds the cells and writes each as the program shows it; what a row says is left to readers_tables.py.
"""

import csv
import datetime
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from .errors import ReadError
from .hidden import Hidden
from .readers_blocks import Blocks, name_of, title_of
from .readers_characters import clean, decode
from .readers_sheets_hidden import Area, column, hidden_lines, hidden_styles, is_hidden, unsure_areas
from .readers_tables import has_header, rows_of
from .types import Extracted

_MAX_CELLS = 20_000_000
_MOST_NAMED = 5
_MERGE = re.compile(rb"mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_NO_RESULT = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^>]*/>)\s*+(?:<(?:\w+:)?v\s*+/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*+</(?:\w+:)?c>"
)


def read_xlsx(path: Path) -> Extracted:
    """Read every sheet of a workbook with the values as Excel shows them; each sheet's name is a heading."""
    import openpyxl

    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    blocks, hidden = Blocks(), list[str]()
    try:
        styles = hidden_styles(workbook)
        with zipfile.ZipFile(path) as archive:
            for sheet in workbook.worksheets:
                lines = _add_sheet(blocks, sheet, archive, styles)
                hidden += [f"{lines} of sheet {sheet.title!r}"] if lines else []
        if hidden:
            blocks.warn(f"hidden rows and columns were read too: {'; '.join(hidden[:_MOST_NAMED])}")
        return blocks.extracted(title_of(workbook.properties.title, path))
    finally:
        workbook.close()


def _add_sheet(blocks: Blocks, sheet: Any, archive: zipfile.ZipFile, styles: dict[int, str]) -> str:
    """Add a sheet, and return which rows and columns of it are hidden."""
    xml = archive.read(getattr(sheet, "_worksheet_path").removeprefix("/"))  # noqa: B009  openpyxl does not say it openly
    merged = list(_merged_areas(xml))
    lost = len(_NO_RESULT.findall(xml))
    grid, unseen = _grid(sheet, merged, styles, unsure_areas(xml, archive) if styles else [])
    lines = hidden_lines(xml, grid)
    del xml
    blocks.hide(*(Hidden(kind, "; ".join(texts)) for kind, texts in unseen.items()))
    if not any(map(any, grid)) and not lost:
        return ""
    blocks.heading(sheet.title)
    if sheet.sheet_state != "visible":
        blocks.warn(f"the hidden sheet {sheet.title!r} was read too")
    if lost:
        blocks.warn(f"{lost} formulas in sheet {sheet.title!r} have no saved result: open the file and save it")
    for part in _parts(grid):
        blocks.rows(rows_of(part, expect_header=True))
    return lines


def _merged_areas(xml: bytes) -> Iterator[Area]:
    """Yield the areas of merged cells."""
    for left, top, right, bottom in _MERGE.findall(xml):
        yield int(top), column(left), int(bottom), column(right)


def _grid(
    sheet: Any, merged: list[Area], styles: dict[int, str], unsure: list[Area]
) -> tuple[list[list[str]], dict[str, list[str]]]:
    """Return a sheet's cells as text, a merged cell repeated in every place that it covers, and hidden cells apart."""
    sheet.reset_dimensions()  # many programs write wrong ones
    grid, count, unseen = list[list[str]](), 0, dict[str, list[str]]()
    for row in sheet.rows:
        count += len(row)
        if count > _MAX_CELLS:
            raise ReadError(f"it has more than {_MAX_CELLS:,} cells: split it into smaller files")
        cells = [_shown(cell) if cell.value is not None else "" for cell in row]
        for at, cell in enumerate(row) if styles else ():
            kind = styles.get(getattr(cell, "_style_id", 0)) if cells[at] else None
            if kind and is_hidden(kind, len(grid) + 1, at + 1, unsure):
                unseen.setdefault(kind, []).append(cells[at])
                cells[at] = ""
        while cells and not cells[-1]:
            cells.pop()
        grid.append(cells)
    first = min((i for row in grid for i, cell in enumerate(row, 1) if cell), default=1)
    for top, left, bottom, right in merged:
        if left == first and right > left:
            continue  # a title over the table
        if (bottom - top + 1) * (right - left + 1) <= 10_000 and bottom <= len(grid):
            _fill(grid[top - 1 : bottom], left, right)
    return grid, unseen


def _fill(rows: list[list[str]], left: int, right: int) -> None:
    text = rows[0][left - 1] if len(rows[0]) >= left else ""
    for row in rows if text else []:
        row += [""] * (right - len(row))
        row[left - 1 : right] = [text] * (right - left + 1)


def _parts(grid: list[list[str]]) -> Iterator[list[list[str]]]:
    """Yield the tables of a sheet: parted by an empty row, if the next part has a header of its own."""
    part, block = list[list[str]](), list[list[str]]()
    for row in [*grid, []]:
        if any(row):
            block.append(row)
        elif block:
            if part and (has_header(block) or all(sum(map(bool, r)) == 1 for r in part)):
                yield part
                part = []
            part += block
            block = []
    if part:
        yield part


def _shown(cell: Any) -> str:
    """Return a cell's value as a person sees it: ISO dates, 12.5%, 3 for 3.0, TRUE."""
    value = cell.value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format or "General"))
    if isinstance(value, datetime.datetime):
        return _moment(value)
    if isinstance(value, datetime.time):
        return value.isoformat("seconds" if value.second else "minutes")
    return str(value)


def _moment(value: datetime.datetime) -> str:
    value = value.replace(microsecond=0)
    if value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat(" ", "seconds" if value.second else "minutes")


_DIGITS = re.compile(r"[#0?][#0?,.]*")
_QUOTED = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.')


def _number(value: float, number_format: str) -> str:
    """Write a number with the decimals, currency and unit that its format shows, thousands unparted."""
    sections = number_format.split(";")
    section = sections[1] if value < 0 and len(sections) > 1 and sections[1].strip() else sections[0]
    literal = _QUOTED.sub(lambda m: m[1] or m[2] or m[3] or "", section)
    digits = _DIGITS.search(_QUOTED.sub("", section))
    if not digits or re.search(r"[eE][+-]|/|@|General", section) or len(_DIGITS.findall(literal)) != 1:
        return _plain(value)
    percent = "%" in section
    decimals = len(digits[0].partition(".")[2].rstrip(",")) if "." in digits[0] else 0
    scaled = abs(value) * (100 if percent else 1)
    shown = f"{scaled:.{min(decimals, 15)}f}"
    if "#" in digits[0].partition(".")[2]:
        shown = shown.rstrip("0").rstrip(".")
    if digits[0].rstrip(".").endswith(","):  # shown in thousands: the true value serves better
        return _plain(value)
    before, after = _DIGITS.split(literal, maxsplit=1)
    negative = value < 0 and "(" not in before and "-" not in before
    return (("-" if negative else "") + before.strip() + shown + after.rstrip()).strip()


def _plain(value: float) -> str:
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.15g}"


_DELIMITERS = ",;\t|"


def read_csv(path: Path) -> Extracted:
    """Read a file of separated values; the separator and the encoding are found out."""
    text, warnings = decode(path.read_bytes())
    text, hidden = clean(text)
    text = re.sub(r"\Asep=(.)\n", "", text)
    blocks = Blocks()
    blocks.warn(*warnings)
    blocks.hide(*hidden)
    grid = _separated(text, _delimiter(text[:100_000], path))
    del text
    blocks.rows(rows_of(grid, expect_header=True, levels=1))
    return blocks.extracted(name_of(path))


def _delimiter(sample: str, path: Path) -> str:
    """Return the separator that cuts most lines into the same number of cells, more than one."""
    lines = sample.split("\n")
    sample = "\n".join(lines[:-1] if len(lines) > 1 else lines)
    likely = "\t" if path.suffix.lower() == ".tsv" else ","
    return max(_DELIMITERS, key=lambda d: (_evenness(sample, d), d == likely))


def _evenness(sample: str, delimiter: str) -> float:
    widths = Counter(len(row) for row in _separated(sample, delimiter) if row)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return count / widths.total() * min(width, 8) ** 0.25 if width > 1 else 0.0


def _separated(text: str, delimiter: str) -> list[list[str]]:
    lines = text.split("\n")
    csv.field_size_limit(1 << 30)
    rows = _csv_rows(lines, delimiter, csv.QUOTE_MINIMAL)
    if any(cell.count("\n") > 200 for row in rows for cell in row):  # a quote that nobody closed
        rows = _csv_rows(lines, delimiter, csv.QUOTE_NONE)
    return rows


def _csv_rows(lines: Iterable[str], delimiter: str, quoting: Literal[0, 3]) -> list[list[str]]:
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, quoting=quoting, skipinitialspace=True)
    return list(reader)
