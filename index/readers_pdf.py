"""Reads PDF through pdfium: the text of each page, and which character of the page each of its characters is.

Rendering pages and drawing boxes is left to whoever shows them; `pdf_page_text` gives the map for that.
"""

import ctypes
import re
import threading
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from .errors import ReadError
from .hidden import Hidden, hidden_warnings, numbers
from .readers_blocks import MAX_CHARACTERS, TooLongError, name_of, title_of
from .readers_characters import clean
from .readers_pdf_hidden import visible
from .types import Extracted, Span

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

PDFIUM = threading.RLock()
"""pdfium can serve one thread at a time: hold this lock around every use of it, here and elsewhere."""

_PASSWORD = 4
_JOINT = "\ufffc"
# pdfium puts U+FFFE (older versions: U+0002) where a word was hyphenated at the end of a line.
_JOINTS = {0xFFFE: _JOINT, 0x0002: _JOINT}
_LIGATURES = dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_EDIT = re.compile(r"(?<! ) *\n\s*|(?<=\w)\xad\n(?=\w)|\xad|(?<=[^\W\d_])-\n(?=\d)|(?<=\d)-\n(?=\w)|\ufffc\n?|[ﬀ-ﬆ]")
_BOLD = re.compile(rb"bold|black|heavy", re.I)
_BROKEN = re.compile(r"(?<!\w)\w*(?:\ufffc\n?|\xad\n)\w*")
_WORD = re.compile(r"\w+(?:-\w+)*")
_FIGURE = re.compile(r"[$€£(\-–—−]*\d[\d.,]*[)%]*|[$€£%)—–-]+")


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    top: float
    bottom: float
    height: float
    weight: int


@dataclass(frozen=True, slots=True)
class _Raw:
    """A page as pdfium gives it: its characters, their numbers on the page, its lines, and what was left out.

    `recognised` says that the page is a scan, and its text the words that a program saw in it.
    """

    text: str
    places: list[int]
    lines: tuple[_Line, ...]
    hidden: tuple[Hidden, ...] = ()
    recognised: bool = False


@dataclass(frozen=True, slots=True)
class _Clean:
    """A page as people read it, and each line's span and look."""

    text: str
    places: list[int]
    lines: tuple[tuple[Span, _Line], ...]


def read_pdf(path: Path) -> Extracted:
    """Read a PDF page by page; pages without text are named in a warning."""
    with PDFIUM:
        document = _open(path)
        try:
            raws, unreadable = _raw_pages(document)
            title = _title(document, path)
        finally:
            document.close()
    words = _words(raws)
    pages = [_clean_page(raw, words) for raw in raws]
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
    cleaned = _clean_page(raw, _words([raw]) if words is None else words)
    return cleaned.text, cleaned.places


def pdf_words(document: "PdfDocument") -> Container[str]:
    """Return the words of a document that `pdf_page_text` needs."""
    with PDFIUM:
        return _words(_raw_pages(document)[0])


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


def _raw_pages(document: "PdfDocument") -> tuple[list[_Raw], list[int]]:
    """Return the pages and the numbers of those that pdfium cannot load."""
    from pypdfium2 import PdfiumError

    raws, unreadable, characters = list[_Raw](), list[int](), 0
    for number in range(len(document)):
        try:
            page = document[number]
            raws.append(_raw_page(page))
            page.close()
        except PdfiumError:
            unreadable.append(number + 1)
            raws.append(_Raw("", [], ()))
        characters += len(raws[-1].text)
        if characters > MAX_CHARACTERS:
            raise TooLongError
    return raws, unreadable


def _raw_page(page: "PdfPage") -> _Raw:
    textpage = page.get_textpage()
    try:
        text, places = _characters(textpage)
        seen = visible(page, textpage, text, places)
        text, places, smuggled = _without_invisible(seen.text, seen.places)
        lines = tuple(_lines(textpage, text, places))
        return _Raw(text, places, lines, seen.hidden + smuggled, seen.recognised)
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


def _lines(textpage: "PdfTextPage", text: str, places: list[int]) -> Iterable[_Line]:
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
            yield _Line(head, first.value, last.value, abs(box.top - box.bottom), weight)
        start += len(line) + 1


def _weight(textpage: "PdfTextPage", place: int) -> int:
    """Return how bold a character is (400 is usual); many fonts say so by their name only."""
    from pypdfium2 import raw as pdfium

    name = ctypes.create_string_buffer(120)
    pdfium.FPDFText_GetFontInfo(textpage.raw, place, name, 120, ctypes.c_int())
    weight = pdfium.FPDFText_GetFontWeight(textpage.raw, place)
    return max(weight, 700) if _BOLD.search(name.value) else weight


def _words(raws: list[_Raw]) -> Container[str]:
    """Return the document's words where a broken word asks for them."""
    if not any(_JOINT in raw.text or "\xad\n" in raw.text for raw in raws):
        return frozenset()
    words = set[str]()
    for raw in raws:
        for compound in set(_WORD.findall(_BROKEN.sub(" ", raw.text.lower()))):
            words.add(compound)
            words.update(compound.split("-"))
    return words


def _clean_page(raw: _Raw, words: Container[str]) -> _Clean:
    """Mend broken words, part paragraphs by a blank line, and keep every character's place."""
    gaps = _paragraph_starts(raw)
    text, places, starts = list[str](), list[int](), dict[int, int]()
    begins, length, at = iter([*(line.start for line in raw.lines), len(raw.text) + 1]), 0, 0
    begin = next(begins)
    for edit in [*_EDIT.finditer(raw.text), None]:
        stop = edit.start() if edit else len(raw.text)
        while begin < stop or (not edit and begin <= stop):
            starts[begin] = length + begin - at
            begin = next(begins)
        if stop > at:
            text.append(raw.text[at:stop])
            places += raw.places[at:stop]
            length += stop - at
        if edit:
            new = _replacement(raw.text, edit, gaps, words)
            text.append(new)
            places += [raw.places[stop]] * len(new)
            length += len(new)
            at = edit.end()
    return _trimmed("".join(text), places, raw, starts)


def _trimmed(text: str, places: list[int], raw: _Raw, starts: dict[int, int]) -> _Clean:
    end = len(text.rstrip())
    begin = len(text) - len(text.lstrip())
    text, places = text[begin:end], places[begin:end]
    lines = list[tuple[Span, _Line]]()
    for line in raw.lines:
        start = starts.get(line.start, -1) - begin
        if 0 <= start < len(text):
            stop = text.find("\n", start)
            lines.append(((start, stop if stop >= 0 else len(text)), line))
    return _Clean(text, places, tuple(lines))


def _replacement(text: str, edit: re.Match[str], gaps: Container[int], words: Container[str]) -> str:
    found = edit[0]
    if found in _LIGATURES:
        return _LIGATURES[found]
    if found == "\xad" or found.startswith("-"):
        return "-"
    if found[0] in (_JOINT, "\xad"):
        return _hyphen(text, edit, words)
    return "\n\n" if edit.end() in gaps else "\n"


def _hyphen(text: str, joint: re.Match[str], words: Container[str]) -> str:
    """Tell whether the hyphen between two lines is part of the word, by the document's other words."""
    left = re.findall(r"[^\W_]*\Z", text[max(0, joint.start() - 40) : joint.start()])[0]
    right = re.findall(r"\A[^\W_]*", text[joint.end() : joint.end() + 40])[0]
    if right[:1].isupper() and not left.isupper():
        return "-"  # Wal-Mart
    left, right = left.lower(), right.lower()
    if left + right in words:
        return ""
    if f"{left}-{right}" in words or (left in words and right in words) or not (left and right):
        return "-"
    return ""


def _paragraph_starts(raw: _Raw) -> set[int]:
    """Return where a line stands clearly lower than lines of one paragraph do, or in another column."""
    pairs = list(zip(raw.lines, raw.lines[1:], strict=False))
    steps = [above.bottom - below.top for above, below in pairs]
    usual = median([step for step in steps if step > 1] or [0.0])
    starts = {line.start for line in raw.lines[:1]}
    for (above, below), step in zip(pairs, steps, strict=True):
        far = step > 1.3 * usual or step < -below.height
        titled = above.start in starts and step > 1 and _stands_out(above, below.height, below.weight)
        if (far or titled) and _may_part(raw.text, above, below):
            starts.add(below.start)
    return starts


def _stands_out(line: _Line, height: float, weight: int) -> bool:
    """Tell whether a line is clearly larger or bolder than others are."""
    return line.height > 1.15 * height + 0.5 or line.weight >= weight + 100


def _may_part(text: str, above: _Line, below: _Line) -> bool:
    """Tell whether two lines can be two paragraphs: not within a sentence, nor rows of a table."""
    one = text[above.start : text.find("\n", above.start)].strip()
    end = text.find("\n", below.start)
    two = text[below.start : end if end >= 0 else len(text)].strip()
    if two[0].islower() and one[-1] not in ".!?:;":
        return False
    return not (_is_figures(one) and _is_figures(two))


def _is_figures(line: str) -> bool:
    """Tell a row of a table by the number at its end."""
    return bool(_FIGURE.fullmatch(line.split()[-1]))


def _join(pages: list[_Clean], unreadable: list[int], title: str, told: tuple[str, ...]) -> Extracted:
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


def _heading_rule(pages: list[_Clean]):
    """Return a test for headings: short lines of their own, larger or bolder than most of the document."""
    looks, seen = Counter[tuple[int, int]](), Counter[str]()
    for page in pages:
        lines = [(page.text[a:b], line) for (a, b), line in page.lines]
        seen.update({words for words, _ in lines})
        for words, line in lines:
            looks[round(line.height), line.weight] += len(words)
    height, weight = looks.most_common(1)[0][0] if looks else (0, 0)

    def is_heading(page: _Clean, span: Span, line: _Line) -> bool:
        words = page.text[slice(*span)]
        alone = page.text[: span[0]].endswith("\n\n") or not span[0]
        alone = alone and (page.text.startswith("\n\n", span[1]) or span[1] == len(page.text))
        stands_out = _stands_out(line, height, weight)
        usual = seen[words] > 2 and seen[words] > len(pages) // 10  # running titles
        plain = len(words) <= 120 and words[-1] not in ".,;:" and bool(re.search(r"[^\W\d_]{2}", words))
        return alone and stands_out and plain and not usual and not _is_figures(words)

    return is_heading
