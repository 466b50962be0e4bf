"""Finds what a workbook hides: cells in their own ground's colour or with a format that shows nothing, rows, columns.

Cells whose look a table's style or a condition may change are not judged by their colour.
"""

import re
import zipfile
from collections.abc import Sequence
from typing import Any

from .hidden import WHITE, Colour, alike, numbers

_SILENT, _PALE = "text in cells whose format shows nothing", "white text"
_ALIKE, _TINY = "text in the colour of its background", "tiny text"
_COLOURED = frozenset({_PALE, _ALIKE})
_SMALL = 2  # points
_DEFAULT_FORMATS = 164  # numbers below stand for Excel's own formats, all of which show something
_INDEXED = {0: (0, 0, 0), 1: WHITE, 8: (0, 0, 0), 9: WHITE}
_THEME = {0: WHITE, 1: (0, 0, 0)}  # every theme for reading on screen begins so
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_COLUMN = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_CONDITION = re.compile(rb"<(?:\w+:)?conditionalFormatting\b[^>]*?sqref=[\"']([^\"']*)")
_TABLE = re.compile(rb"<(?:\w+:)?table\b[^>]*?\bref=[\"']([^\"']*)")
_IS_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)")
_BOX = re.compile(rb"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")

Area = tuple[int, int, int, int]
"""First row, first column, last row and last column of some cells."""


def hidden_styles(workbook: Any) -> dict[int, str]:
    """Return how cells are hidden by their style, by the style's number."""
    found = dict[int, str]()
    for number, style in enumerate(getattr(workbook, "_cell_styles")):  # noqa: B009  openpyxl does not say it openly
        kind = _kind(workbook, style)
        if kind:
            found[number] = kind
    return found


def _kind(workbook: Any, style: Any) -> str:
    # openpyxl keeps its tables of styles private, and gives them no other name
    formats = getattr(workbook, "_number_formats")  # noqa: B009 - openpyxl offers no public name
    at = style.numFmtId - _DEFAULT_FORMATS
    if 0 <= at < len(formats) and re.fullmatch(r"\s*;\s*;\s*;\s*", formats[at]):
        return _SILENT
    font, fill = getattr(workbook, "_fonts")[style.fontId], getattr(workbook, "_fills")[style.fillId]  # noqa: B009  openpyxl does not say it openly
    if font.sz is not None and font.sz <= _SMALL:
        return _TINY
    colour = _colour(font.color)
    ground = WHITE if getattr(fill, "fill_type", "gradient") is None else _ground(fill)
    if colour is None or ground is None or not alike(colour, ground):
        return ""
    return _PALE if alike(colour, WHITE) else _ALIKE


def _ground(fill: Any) -> Colour | None:
    return _colour(fill.fgColor) if getattr(fill, "fill_type", "") == "solid" else None


def _colour(colour: Any) -> Colour | None:
    """Return a colour, None for one that a program chooses or that is made from another."""
    if colour is None or colour.tint or colour.type not in ("rgb", "theme", "indexed"):
        return None
    if colour.type == "rgb":
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", str(colour.rgb)):
            return None
        red, green, blue = bytes.fromhex(colour.rgb[2:])
        return red, green, blue
    return _THEME.get(colour.theme) if colour.type == "theme" else _INDEXED.get(colour.indexed)


def is_hidden(kind: str, row: int, column: int, unsure: Sequence[Area]) -> bool:
    """Tell whether a cell is hidden by its style, for all that is known."""
    inside = (top <= row <= bottom and left <= column <= right for top, left, bottom, right in unsure)
    return kind not in _COLOURED or not any(inside)


def unsure_areas(sheet: bytes, archive: zipfile.ZipFile) -> list[Area]:
    """Return the cells of a sheet whose look depends on conditions or on a table's style."""
    found = [area for ranges in _CONDITION.findall(sheet) for area in _areas(ranges)]
    if b"tablePart" in sheet:
        tables = [name for name in archive.namelist() if name.startswith("xl/tables/")]
        heads = [_TABLE.search(archive.read(name)) for name in tables[:100]]
        found += [area for head in heads if head for area in _areas(head[1])]
    return found[:1000]


def _areas(ranges: bytes) -> list[Area]:
    boxes = _BOX.findall(ranges)
    return [(int(top), column(left), int(bottom or top), column(right or left)) for left, top, right, bottom in boxes]


def column(letters: bytes) -> int:
    """Return a column's number, from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def hidden_lines(sheet: bytes, grid: Sequence[Sequence[str]]) -> str:
    """Name the rows and columns that are hidden and hold something: "rows 3-5, column B"; "" for none."""
    if not _IS_HIDDEN.search(sheet):
        return ""
    rows = [_number(said, b"r") for said in _ROW.findall(sheet) if _IS_HIDDEN.search(said)]
    rows = [row for row in rows if 0 < row <= len(grid) and any(grid[row - 1])]
    spans = [
        (_number(said, b"min"), _number(said, b"max")) for said in _COLUMN.findall(sheet) if _IS_HIDDEN.search(said)
    ]
    width = max(map(len, grid), default=0)
    columns = [at for first, last in spans for at in range(first, min(last, width) + 1)]
    columns = [at for at in columns if any(len(row) >= at > 0 and row[at - 1] for row in grid)]
    named = ", ".join(map(_letters, columns[:10])) + (" …" if len(columns) > 10 else "")
    told = [numbers(rows, "row")] if rows else []
    return ", ".join([*told, f"column{'s' if len(columns) > 1 else ''} {named}"] if columns else told)


def _number(said: bytes, name: bytes) -> int:
    found = re.search(rb"(?<![\w:])" + name + rb"=[\"'](\d{1,7})", said)
    return int(found[1]) if found else 0


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
