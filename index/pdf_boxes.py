"""Where on a PDF's pages a quote stands: from a span of the extracted text to rectangles on pages.

The page's text is read again as the reader reads it, found in the document's text around a passage that is known to be
on the page, and each character of the span taken to its box. White space and hyphens do not count, because the reader
changes them. Painting the page is `pdf_painter.py`'s.
"""

import ctypes
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import NoOriginal
from .readers_pdf import PDFIUM, pdf_page_text
from .types import Reading, Span

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

MOST_PAGES = 5
"""Pages on which one quote is looked for."""
_MOST_CHARACTERS = 20_000
_FINE = 1 << 20  # the grid on which pdfium places a point
_AROUND = (200, 40, 0)  # characters beside a quote that tell it from its like

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as parts of a page's width and height, from its upper left corner."""


@dataclass(frozen=True, slots=True)
class QuotePage:
    """A page, its size in points, and the rectangles of what the quote has on it."""

    page: int
    width: float
    height: float
    boxes: tuple[Box, ...]


def quote_pages(path: Path, reading: Reading, span: Span, only: int | None = None) -> list[QuotePage]:
    """Return the pages that a span of a document's text stands on, with its rectangles; or the page `only`.

    A page where the span can't be found again comes without rectangles. Raise NoOriginal where the file is no PDF
    that can be read any more.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    with PDFIUM:
        try:
            document = PdfDocument(path)
        except (PdfiumError, OSError) as error:
            raise NoOriginal(f"its pages can't be read ({error}): get another copy and add it again") from error
        try:
            numbers = [only] if only else _numbers(reading, span)
            return [_quote_page(document, n, reading, span) for n in numbers if n <= len(document)]
        except PdfiumError as error:
            raise NoOriginal(f"the page can't be read ({error}): its text is all there is") from error
        finally:
            document.close()


def page_at(reading: Reading, offset: int) -> int | None:
    """Return the page that an offset into a document's text is on."""
    return _passage_at(reading, offset)[1]


def _passage_at(reading: Reading, offset: int) -> tuple[int, int | None]:
    """Return the start and the page of the passage at an offset."""
    at = bisect_right(reading.pages, offset, key=lambda passage: passage[0])
    return reading.pages[max(at - 1, 0)] if reading.pages else (0, None)


def _numbers(reading: Reading, span: Span) -> Iterable[int]:
    """Return the pages that a span of the text is on."""
    first, last = page_at(reading, span[0]), page_at(reading, max(span[0], span[1] - 1))
    return range(first, min(last, first + MOST_PAGES - 1) + 1) if first and last else ()


def _quote_page(document: "PdfDocument", number: int, reading: Reading, span: Span) -> QuotePage:
    anchor = next((start for start, page in reading.pages if page == number), span[0])
    span = span[0], min(span[1], span[0] + _MOST_CHARACTERS)
    page = document[number - 1]
    try:
        places = _places(page, reading.text, anchor, span) if number in _numbers(reading, span) else []
        return QuotePage(number, *page.get_size(), tuple(_boxes(page, places)))
    finally:
        page.close()


def _places(page: "PdfPage", text: str, anchor: int, span: Span) -> list[int]:
    """Return which of the page's characters a span of the document's text is."""
    page_text, places = pdf_page_text(page)
    words, at = _squeezed(page_text, 0, len(page_text))
    reach = 2 * len(page_text) + 1_000
    around, offsets = _squeezed(text, anchor - reach, max(anchor, span[1]) + reach)
    begin, end = (bisect_right(offsets, edge - 1) for edge in span)
    shift = _shift(words, around, bisect_right(offsets, anchor - 1), (begin, end))
    if shift is None:
        return []
    begin, end = max(begin - shift, 0), min(end - shift, len(words))
    if begin >= end:
        return []
    first, last = at[begin], at[end - 1]
    while first and page_text[first - 1] == "-" and text[span[0]] == "-":
        first -= 1
    return places[first : last + 1]


def _squeezed(text: str, start: int, end: int) -> tuple[str, list[int]]:
    """Return a part of a text without what the reader may have changed, and the offset of each character left."""
    kept = [i for i in range(max(start, 0), min(end, len(text))) if not text[i].isspace() and text[i] != "-"]
    return "".join(text[i] for i in kept), kept


def _shift(words: str, around: str, anchor: int, quote: Span) -> int | None:
    """Return where in `around` the page's words begin: last before the anchor; else as the quote alone says."""
    found = around.rfind(words, max(0, anchor - len(words) + 1), anchor + len(words)) if words else -1
    if found >= 0:
        return found
    for more in _AROUND:  # the file was read by another version of the reader
        start, end = max(0, quote[0] - more), quote[1] + more
        needle = around[start:end]
        if needle and words.count(needle) == 1:
            return start - words.index(needle)
    return None


def _boxes(page: "PdfPage", places: Iterable[int]) -> Iterator[Box]:
    """Yield one rectangle for each run of characters on a line."""
    textpage = page.get_textpage()
    try:
        run: Box | None = None
        for place in places:
            box = _box(page, textpage, place)
            if box is None:
                continue
            if run and _continues(run, box):
                run = (min(run[0], box[0]), min(run[1], box[1]), max(run[2], box[2]), max(run[3], box[3]))
                continue
            if run:
                yield run
            run = box
        if run:
            yield run
    finally:
        textpage.close()


def _box(page: "PdfPage", textpage: "PdfTextPage", place: int) -> Box | None:
    """Return the box of a character, as high as its line; None for white space and what is off the page."""
    from pypdfium2 import raw as pdfium

    loose = pdfium.FS_RECTF()
    if chr(pdfium.FPDFText_GetUnicode(textpage, place)).isspace() or not pdfium.FPDFText_GetLooseCharBox(
        textpage, place, loose
    ):
        return None
    x, y = (ctypes.c_int(), ctypes.c_int()), (ctypes.c_int(), ctypes.c_int())
    corners = ((loose.left, loose.top), (loose.right, loose.bottom))
    for i, (left, top) in enumerate(corners):
        pdfium.FPDF_PageToDevice(page, 0, 0, _FINE, _FINE, 0, left, top, x[i], y[i])
    left, right = sorted(min(max(one.value / _FINE, 0.0), 1.0) for one in x)
    top, bottom = sorted(min(max(one.value / _FINE, 0.0), 1.0) for one in y)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _continues(run: Box, box: Box) -> bool:
    """Tell whether a character goes on with a run: on its line, and no column away."""
    height = min(run[3] - run[1], box[3] - box[1])
    same_line = min(run[3], box[3]) - max(run[1], box[1]) > 0.5 * height
    gap = max(box[0] - run[2], run[0] - box[2])
    return same_line and gap < 2 * max(run[3] - run[1], box[3] - box[1])
