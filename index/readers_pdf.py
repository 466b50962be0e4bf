"""Reads PDF through pdfium: the text of each page, and which character of the page each of its characters is.

Rendering pages and drawing boxes is left to whoever shows them; `pdf_page_text` gives the map for that.
"""

import ctypes
import re
import threading
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ReadError
from .hidden import Hidden, hidden_warnings, numbers
from .readers_blocks import MAX_CHARACTERS, TooLongError, name_of, title_of
from .readers_characters import clean
from .readers_pdf_hidden import visible
from .readers_pdf_lines import JOINT, Clean, Line, Raw, clean_page, is_figures, stands_out, words_of
from .types import Extracted, Span

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

PDFIUM = threading.RLock()
"""pdfium can serve one thread at a time: hold this lock around every use of it, here and elsewhere."""

_PASSWORD = 4
# pdfium puts U+FFFE (older versions: U+0002) where a word was hyphenated at the end of a line.
_JOINTS = {0xFFFE: JOINT, 0x0002: JOINT}
_A_SPACE = re.compile(r"(?<!\r)\n")
"""What some fonts call a space: pdfium ends a line with two characters."""
_BOLD = re.compile(rb"bold|black|heavy", re.I)


def read_pdf(path: Path) -> Extracted:
    """Read a PDF page by page; pages without text are named in a warning."""
    with PDFIUM:
        document = _open(path)
        try:
            raws, unreadable = _raw_pages(document)
            title = _title(document, path)
        finally:
            document.close()
    words = words_of(raws)
    pages = [clean_page(raw, words) for raw in raws]
    hidden = [replace(one, page=number) for number, raw in enumerate(raws, 1) for one in raw.hidden]
    told = hidden_warnings(hidden)
    recognised = [number for number, raw in enumerate(raws, 1) if raw.recognised]
    if recognised:
        told += (f"recognised text (OCR), which may hold mistakes, on {numbers(recognised)}",)
    return _join(pages, unreadable, title, told)


def pdf_page_text(page: "PdfPage", words: Container[str] | None = None) -> tuple[str, list[int]]:
    """Return a page's text and, for each character of it, its number in pdfium's text page.

    `words` are the lower-case words of the whole document (`pdf_words`): they tell whether a hyphen at a
    line's end belongs to the word. With them the text is the one that `read_pdf` gives for this page.
    """
    with PDFIUM:
        raw = _raw_page(page)
    cleaned = clean_page(raw, words_of([raw]) if words is None else words)
    return cleaned.text, cleaned.places


def pdf_words(document: "PdfDocument") -> Container[str]:
    """Return the words of a document that `pdf_page_text` needs."""
    with PDFIUM:
        return words_of(_raw_pages(document)[0])


def _open(path: Path) -> "PdfDocument":
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        return PdfDocument(path)
    except PdfiumError as error:
        if error.err_code == _PASSWORD:
            raise ReadError("it is encrypted: remove the password and add it again") from error
        raise


def _title(document: "PdfDocument", path: Path) -> str:
    title = str(document.get_metadata_dict().get("Title") or "")
    return title_of(title, path) if len(re.findall(r"[^\W\d_]{2,}", title)) >= 2 else name_of(path)


def _raw_pages(document: "PdfDocument") -> tuple[list[Raw], list[int]]:
    """Return the pages and the numbers of those that pdfium cannot load."""
    from pypdfium2 import PdfiumError

    raws, unreadable, characters = list[Raw](), list[int](), 0
    for number in range(len(document)):
        try:
            page = document[number]
            raws.append(_raw_page(page))
            page.close()
        except PdfiumError:
            unreadable.append(number + 1)
            raws.append(Raw("", [], ()))
        characters += len(raws[-1].text)
        if characters > MAX_CHARACTERS:
            raise TooLongError
    return raws, unreadable


def _raw_page(page: "PdfPage") -> Raw:
    textpage = page.get_textpage()
    try:
        text, places = _characters(textpage)
        seen = visible(page, textpage, text, places)
        text, places, smuggled = _without_invisible(seen.text, seen.places)
        lines = tuple(_lines(textpage, text, places))
        return Raw(text, places, lines, seen.hidden + smuggled, seen.recognised)
    finally:
        textpage.close()


def _characters(textpage: "PdfTextPage") -> tuple[str, list[int]]:
    """Return the page's characters, line ends as "\\n", and the number that pdfium gives each."""
    from pypdfium2 import raw as pdfium

    count = textpage.count_chars()
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    units = pdfium.FPDFText_GetText(textpage, 0, count, buffer) - 1 if count else 0
    data = bytes(memoryview(buffer).cast("B")[: 2 * max(units, 0)])
    places: list[int] | range = range(count)
    if units != count:  # pdfium leaves some characters out of the text: ask for each
        codes = [pdfium.FPDFText_GetUnicode(textpage, i) for i in range(count)]
        places = [i for i, code in enumerate(codes) if 0 < code < 0x10000]
        data = b"".join(codes[i].to_bytes(2, "little") for i in places)
    text = data.decode("utf-16-le", "surrogatepass")
    if len(text) != len(places):  # some of ours are two of pdfium's
        starts = accumulate((1 + (character > "\uffff") for character in text), initial=0)
        places = [places[start] for start, _ in zip(starts, text, strict=False)]
    text = text.translate(_JOINTS) if "\ufffe" in text or "\x02" in text else text
    text = _A_SPACE.sub(" ", text)
    kept, start = list[int](), 0
    for part in text.split("\r"):
        kept += places[start : start + len(part)]
        start += len(part) + 1
    return text.replace("\r", ""), kept


def _without_invisible(text: str, places: list[int]) -> tuple[str, list[int], tuple[Hidden, ...]]:
    """Take out what `clean` takes out, and the same places."""
    marked = text.replace("\xad", "\ue0ad")  # a visible hyphen in many PDFs
    cleaned, hidden = clean(marked)
    if cleaned == marked:
        return text, places, ()
    kept, at = list[int](), 0
    for character in cleaned:
        while at < len(marked) - 1 and marked[at] != character and character != "\ufffd":
            at += 1
        kept.append(places[at])
        at = min(at + 1, len(marked) - 1)
    return cleaned.replace("\ue0ad", "\xad"), kept, hidden


def _lines(textpage: "PdfTextPage", text: str, places: list[int]) -> Iterable[Line]:
    """Yield each line's place on the page and the size and weight of its letters."""
    from pypdfium2 import raw as pdfium

    x, first, last, box = ctypes.c_double(), ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    start = 0
    for line in text.split("\n"):
        body = line.strip()
        if body:
            head = start + line.index(body[0])
            tail = head + len(body) - 1
            pdfium.FPDFText_GetCharOrigin(textpage, places[head], x, first)
            pdfium.FPDFText_GetCharOrigin(textpage, places[tail], x, last)
            pdfium.FPDFText_GetLooseCharBox(textpage, places[head], box)
            weight = min(_weight(textpage, places[head]), _weight(textpage, places[tail]))
            yield Line(head, first.value, last.value, abs(box.top - box.bottom), weight)
        start += len(line) + 1


def _weight(textpage: "PdfTextPage", place: int) -> int:
    """Return how bold a character is (400 is usual); many fonts say so by their name only."""
    from pypdfium2 import raw as pdfium

    name = ctypes.create_string_buffer(120)
    pdfium.FPDFText_GetFontInfo(textpage.raw, place, name, 120, ctypes.c_int())
    weight = pdfium.FPDFText_GetFontWeight(textpage.raw, place)
    return max(weight, 700) if _BOLD.search(name.value) else weight


def _join(pages: list[Clean], unreadable: list[int], title: str, told: tuple[str, ...]) -> Extracted:
    text, starts, headings, length = list[str](), list[int](), list[Span](), 0
    is_heading = _heading_rule(pages)
    for page in pages:
        if page.text and length:
            text.append("\n\n")
            length += 2
        starts.append(length)
        headings += [(length + a, length + b) for (a, b), line in page.lines if is_heading(page, (a, b), line)]
        text.append(page.text)
        length += len(page.text)
    if not length and len(unreadable) == len(pages):
        raise ReadError("it is damaged: none of its pages can be read; get another copy")
    if not length and told:
        raise ReadError(f"it has no text that can be seen: {told[0]}")
    if not length:
        raise ReadError("it has no text: it looks like a scan; run OCR first and add it again")
    empty = [number for number, page in enumerate(pages, 1) if not page.text and number not in unreadable]
    found = ((unreadable, "damaged and left out: "), (empty, "no text on "))
    warnings = tuple(f"{said}{numbers(some)}" for some, said in found if some)
    return Extracted(title, "".join(text), tuple(starts), tuple(headings), (), told + warnings)


def _heading_rule(pages: list[Clean]):
    """Return a test for headings: short lines of their own, larger or bolder than most of the document."""
    looks, seen = Counter[tuple[int, int]](), Counter[str]()
    for page in pages:
        lines = [(page.text[a:b], line) for (a, b), line in page.lines]
        seen.update({words for words, _ in lines})
        for words, line in lines:
            looks[round(line.height), line.weight] += len(words)
    height, weight = looks.most_common(1)[0][0] if looks else (0, 0)

    def is_heading(page: Clean, span: Span, line: Line) -> bool:
        words = page.text[slice(*span)]
        alone = page.text[: span[0]].endswith("\n\n") or not span[0]
        alone = alone and (page.text.startswith("\n\n", span[1]) or span[1] == len(page.text))
        bold = stands_out(line, height, weight)
        usual = seen[words] > 2 and seen[words] > len(pages) // 10  # running titles
        plain = len(words) <= 120 and words[-1] not in ".,;:" and bool(re.search(r"[^\W\d_]{2}", words))
        return alone and bold and plain and not usual and not is_figures(words)

    return is_heading
