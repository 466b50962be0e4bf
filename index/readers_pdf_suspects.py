"""Looks for characters of a PDF page that may be hidden: by how they are painted, or by where and how small they are.

Some characters are looked at of every page, all of a page where one is suspicious. What is only suspicious is left to
readers_pdf_hidden.py to judge.
"""

import ctypes
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unicodedata import category

from .hidden import Colour, alike
from .readers_pdf_ground import CLIPPED, LAYER, Box, Ground, concealed_as, marks_of, width_of_marked

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

INVISIBLE, TRANSPARENT, OUTSIDE = "invisible text", "transparent text", "text beyond the page's edges"
WHITE, ALIKE, COVERED = "white text", "text in the colour of its background", "text covered by something else"
TINY, NARROW, OTHER = "tiny text", "narrow text", "text other than what is shown in its place"
MISPLACED = frozenset({OUTSIDE, TINY, NARROW})
"""What is certain without a look at the page's picture."""
CONCEALED = frozenset({LAYER, CLIPPED})

_STRIDE = 18  # fewer than are news
_MANY = 10_000
_SMALL = 1.5  # points
_NARROW, _LONG = 0.06, 8  # no font has so many letters in a row that are so narrow for their height
_STROKED, _UNPAINTED, _CLIPPING = (1, 5), 3, 7  # ways of painting text
_GAPS = " \t\r\n\ufffc"  # what pdfium puts between characters: blanks, line ends, hyphens (as the reader marks them)


@dataclass(frozen=True, slots=True)
class Run:
    """A text object that may be hidden, and its characters' numbers in the text."""

    object: Any
    kind: str
    numbers: list[int] = field(default_factory=list[int])


class Eyes:
    """Looks at the characters of one page, without painting it."""

    def __init__(self, page: "PdfPage", textpage: "PdfTextPage", length: int) -> None:
        from pypdfium2 import raw as pdfium

        self._pdfium, self._page, self._text_page = pdfium, page, textpage.raw
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._ground = Ground(page, length // 8 + 40)  # costs little beside reading the text
        self._loose, self._numbers = pdfium.FS_RECTF(), tuple(ctypes.c_uint() for _ in range(4))

    def suspicions(self, text: str, places: Sequence[int]) -> set[str]:
        """Return how text of the page may be hidden, as some of its characters tell."""
        found = self._sampled(text, places)
        if found & {WHITE, ALIKE} and not self._ground.whole:  # often white letters on a dark ground
            self._ground = Ground(self._page, _MANY)
            found = self._sampled(text, places)
        return found

    def _sampled(self, text: str, places: Sequence[int]) -> set[str]:
        object_of, box_of, box = self._pdfium.FPDFText_GetTextObject, self._pdfium.FPDFText_GetLooseCharBox, self._loose
        left, bottom, right, top = self._left, self._bottom, self._right, self._top
        found, seen, objects, at = set[str](), 0, 0, 0
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            place = places[at]
            one = object_of(self._text_page, place)
            if one:
                box_of(self._text_page, place, box)
                inside = left < box.left and box.right < right and bottom < box.bottom and box.top < top
                if not inside or box.right - box.left < 2 or box.top - box.bottom < 2:
                    found.add(self._misplaced_as(place, text[at]))
                address = ctypes.addressof(one.contents)
                if address != seen:
                    found.add(self._painted_as(one))
                    if objects < 9 or not objects % 4:  # this takes longer
                        found.add(concealed_as(one))
                    seen, objects = address, objects + 1
            at += _STRIDE
        return found - {""}

    def _misplaced_as(self, place: int, character: str) -> str:
        """Tell whether a character is off the page, or too small or too narrow to be read."""
        box = self._loose
        if not self._pdfium.FPDFText_GetLooseCharBox(self._text_page, place, box):
            return ""
        if box.right <= self._left or box.left >= self._right or box.top <= self._bottom or box.bottom >= self._top:
            return OUTSIDE
        width, height = box.right - box.left, box.top - box.bottom
        size, advance = (width, height) if width > height else (height, width)
        if size >= _SMALL and (advance >= _NARROW * size or category(character)[0] == "M"):
            return ""
        left, bottom, right, top = self.box([place])  # some fonts do not tell their height, or lie about it
        if size < _SMALL:
            return TINY if max(right - left, top - bottom) < _SMALL else ""
        return NARROW if min(right - left, top - bottom) < _NARROW * size else ""

    def _painted_as(self, one: Any) -> str:
        """Tell how an object's text may be hidden by the way in which it is painted, where the last box was."""
        mode = self._pdfium.FPDFTextObj_GetTextRenderMode(one)
        if mode in (_UNPAINTED, _CLIPPING):
            return INVISIBLE
        stroked = mode in _STROKED
        ask = self._pdfium.FPDFPageObj_GetStrokeColor if stroked else self._pdfium.FPDFPageObj_GetFillColor
        red, green, blue, opaque = self._numbers
        if not ask(one, red, green, blue, opaque):
            return ALIKE  # a pattern
        if opaque.value < 40:
            return TRANSPARENT
        return self._coloured_as(one, (red.value, green.value, blue.value))

    def _coloured_as(self, one: Any, colour: Colour) -> str:
        """Tell whether something lies over an object's text, or something of its colour may lie under it."""
        light = min(colour)
        kind = WHITE if light >= 240 else ALIKE
        box, area, covered = self._loose, None, False
        if self._ground:
            area, covered = self._ground.at(one, (box.left + box.right) / 2, (box.bottom + box.top) / 2)
        if covered:
            return COVERED
        if area is None:
            return kind if light >= 200 else ""
        if area.colour is None or alike(area.colour, colour):
            return kind
        return "" if light < 200 or (area.plain and self._ground.known) else kind

    def misplaced(self, text: str, places: Sequence[int]) -> dict[int, str]:
        """Return how each character that is off the page, too small or too narrow is hidden."""
        kinds = dict[int, str]()
        for at, place in enumerate(places):
            if not text[at].isspace() and self._pdfium.FPDFText_GetTextObject(self._text_page, place):
                kind = self._misplaced_as(place, text[at])
                if kind:
                    kinds[at] = kind
        for numbers in list(stretches(kinds, text)):
            kind = self._confirmed(
                [places[at] for at in numbers], kinds[numbers[0]], text[numbers[0] : numbers[-1] + 1]
            )
            kinds.update(dict.fromkeys(numbers, kind))
        return {at: kind for at, kind in kinds.items() if kind}

    def _confirmed(self, places: Sequence[int], kind: str, text: str) -> str:
        """Tell whether characters in a row are hidden: stops and bars may be small, a single letter narrow.

        pdfium puts a text that stands for others into the place of the first of them.
        """
        if kind == OUTSIDE:
            return kind
        if not any(map(str.isalnum, text)) or (kind == NARROW and len(places) < _LONG):
            return ""
        marks = marks_of(self._pdfium.FPDFText_GetTextObject(self._text_page, places[0])) if kind == NARROW else []
        if not marks:
            return kind
        left, bottom, right, top = self.box(places[:1])
        size = max(right - left, top - bottom)
        return OTHER if width_of_marked(self._page, marks[-1]) < _NARROW * size * len(places) else ""

    def runs(self, places: Sequence[int], *, concealed: bool) -> Iterator[Run]:
        """Yield the text objects of the page that may be hidden by how they are painted, or else `concealed`."""
        address, run = 0, Run(None, "")
        for at, place in enumerate(places):
            one = self._pdfium.FPDFText_GetTextObject(self._text_page, place)
            if not one:
                continue
            if ctypes.addressof(one.contents) != address:
                if run.kind:
                    yield run
                address = ctypes.addressof(one.contents)
                self._pdfium.FPDFText_GetLooseCharBox(self._text_page, place, self._loose)
                run = Run(one, self._painted_as(one) or (concealed_as(one) if concealed else ""))
            run.numbers.append(at)
        if run.kind:
            yield run

    def box(self, places: Iterable[int]) -> Box:
        """Return the box that holds what is painted of characters."""
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        boxes = list[Box]()
        for place in places:
            self._pdfium.FPDFText_GetCharBox(self._text_page, place, left, right, bottom, top)
            boxes.append((left.value, bottom.value, right.value, top.value))
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        return min(lefts), min(bottoms), max(rights), max(tops)


def stretches(kinds: Mapping[int, str], text: str) -> Iterator[list[int]]:
    """Yield numbers of characters of one kind that follow each other, but for blanks."""
    stretch = list[int]()
    for at in sorted(kinds):
        if stretch and (kinds[at] != kinds[stretch[-1]] or text[stretch[-1] + 1 : at].strip(_GAPS)):
            yield stretch
            stretch = []
        stretch.append(at)
    if stretch:
        yield stretch
