"""Finds what is painted on a PDF page besides text, and what of it lies under or over a piece of text."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .hidden import Colour

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points."""
TEXT, PATH, IMAGE, FORM = 1, 2, 3, 5
"""pdfium's numbers for what can be on a page."""

_MOST_OBJECTS = 50_000
_THIN = 4.0  # points: letters are higher than what is thinner
_BANDS = 40
_ENDS = 40
_MOST_CORNERS = 100
_NOWHERE: Box = (-1e9, -1e9, -1e9, -1e9)

LAYER, CLIPPED = "text in a hidden layer", "text that is cut off"


@dataclass(frozen=True, slots=True)
class Area:
    """Something painted: its place in the order of painting, its box and colour (None: an image).

    `plain` says that it is dark and that its colour fills the box, which a round shape's does not.
    """

    order: int
    box: Box
    colour: Colour | None
    plain: bool


class Ground:
    """The filled areas and images of one page; where it has more than `most` objects, of the first and last of them."""

    def __init__(self, page: "PdfPage", most: int) -> None:
        from pypdfium2 import raw as pdfium

        count = pdfium.FPDFPage_CountObjects(page.raw)
        self.whole = self.known = count <= most
        self._orders = dict[int, int]()
        self._bands = dict[int, list[Area]]()
        _, bottom, _, top = page.get_bbox()
        self._height = max(1.0, (top - bottom) / _BANDS)
        for order in range(count) if self.whole else (*range(_ENDS), *range(max(_ENDS, count - _ENDS), count)):
            one = pdfium.FPDFPage_GetObject(page.raw, order)
            kind = pdfium.FPDFPageObj_GetType(one)
            if kind == TEXT:
                self._orders[ctypes.addressof(one.contents)] = order
            elif kind not in (PATH, IMAGE):
                self.known = False  # what is inside forms is not looked at
            elif area := _area(one, kind, order):
                low, high = max(area.box[1], bottom), min(area.box[3], top)
                for band in range(int(low // self._height), int(high // self._height) + 1):
                    self._bands.setdefault(band, []).append(area)

    def __bool__(self) -> bool:
        return bool(self._bands)

    def at(self, text: Any, x: float, y: float) -> tuple[Area | None, bool]:
        """Return the area that a text object lies on at a point, or else lies under, and whether it lies under it."""
        under, order = None, self._orders.get(ctypes.addressof(text.contents), _ENDS)
        for area in self._bands.get(int(y // self._height), ()):
            if area.box[0] <= x <= area.box[2] and area.box[1] <= y <= area.box[3]:
                if area.order > order:
                    return area, True
                under = area
        return under, False


def _area(one: Any, kind: int, order: int) -> Area | None:
    from pypdfium2 import raw as pdfium

    box = bounds_of(one)
    if not box or min(box[2] - box[0], box[3] - box[1]) < _THIN:
        return None
    if kind == IMAGE:
        return Area(order, box, None, False)
    fill, *numbers = ctypes.c_int(), *(ctypes.c_uint() for _ in range(4))
    pdfium.FPDFPath_GetDrawMode(one, fill, ctypes.c_int())
    pdfium.FPDFPageObj_GetFillColor(one, *numbers)
    red, green, blue, opaque = (number.value for number in numbers)
    if not fill.value or opaque < 250:
        return None
    dark = min(red, green, blue) < 200  # enough to read white letters on it
    return Area(order, box, (red, green, blue), dark and _is_plain(one, box))


def _is_plain(path: Any, box: Box) -> bool:
    """Tell whether a path fills its whole box: it is a rectangle, of which nothing is cut off."""
    from pypdfium2 import raw as pdfium

    matrix, clip = pdfium.FS_MATRIX(), pdfium.FPDFPageObj_GetClipPath(path)
    pdfium.FPDFPageObj_GetMatrix(path, matrix)
    shapes = [[pdfium.FPDFPath_GetPathSegment(path, i) for i in range(min(pdfium.FPDFPath_CountSegments(path), 6))]]
    for i in range(max(pdfium.FPDFClipPath_CountPaths(clip), 0) if clip else 0):
        count = min(pdfium.FPDFClipPath_CountPathSegments(clip, i), 6)
        shapes.append([pdfium.FPDFClipPath_GetPathSegment(clip, i, k) for k in range(count)])
    upright = not matrix.b and not matrix.c
    return upright and all(map(_is_rectangle, shapes)) and all(_holds(window, box) for window in _windows(path))


def _holds(outer: Box, inner: Box) -> bool:
    edges = (inner[0] - outer[0], inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3])
    return min(edges) > -1


def _is_rectangle(segments: Sequence[Any]) -> bool:
    """Tell whether a path goes through the corners of its box and nowhere else."""
    points = _points(segments)
    across, up = {x for x, _ in points}, {y for _, y in points}
    return len(points) in (4, 5) and len(set(points)) == 4 and (len(across), len(up)) == (2, 2)


def bounds_of(one: Any) -> Box | None:
    """Return the box that holds an object of the page itself, None where pdfium cannot tell."""
    from pypdfium2 import raw as pdfium

    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    known = pdfium.FPDFPageObj_GetBounds(one, left, bottom, right, top)
    return (left.value, bottom.value, right.value, top.value) if known else None


def objects_of(page: "PdfPage") -> Iterator[tuple[Any, int, Any]]:
    """Yield what is on a page, also inside forms: the object, its kind, and the page's own object that it is in."""
    from pypdfium2 import raw as pdfium

    count = 0
    todo = [(pdfium.FPDFPage_GetObject(page, i), None) for i in range(pdfium.FPDFPage_CountObjects(page))][::-1]
    while todo and count < _MOST_OBJECTS:
        one, top = todo.pop()
        kind, count = pdfium.FPDFPageObj_GetType(one), count + 1
        yield one, kind, top or one
        if kind == FORM:
            inner = range(pdfium.FPDFFormObj_CountObjects(one))
            todo += [(pdfium.FPDFFormObj_GetObject(one, i), top or one) for i in inner][::-1]


def is_scan(page: "PdfPage") -> bool:
    """Tell whether images cover at least half of a page."""
    width, height = page.get_size()
    boxes = {box for _, kind, top in objects_of(page) if kind == IMAGE and (box := bounds_of(top))}
    return 2 * sum((right - left) * (top - bottom) for left, bottom, right, top in boxes) >= width * height


def concealed_as(text: Any) -> str:
    """Tell whether a text object may be in a hidden layer, or is outside the part of the page that is painted."""
    from pypdfium2 import raw as pdfium

    name, length = (ctypes.c_ushort * 4)(), ctypes.c_ulong()
    for i in range(pdfium.FPDFPageObj_CountMarks(text)):
        pdfium.FPDFPageObjMark_GetName(pdfium.FPDFPageObj_GetMark(text, i), name, 8, length)
        if length.value == 6 and bytes(name)[:4] == b"O\0C\0":
            return LAYER
    windows = _windows(text)
    box = bounds_of(text) if windows else None
    apart = any(not _meet(box, window) for window in windows) if box else False
    return CLIPPED if apart else ""


def _meet(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _windows(one: Any) -> list[Box]:
    """Return the boxes of the paths outside of which nothing of an object is painted."""
    from pypdfium2 import raw as pdfium

    clip, boxes = pdfium.FPDFPageObj_GetClipPath(one), list[Box]()
    for i in range(pdfium.FPDFClipPath_CountPaths(clip) if clip else 0):
        count = pdfium.FPDFClipPath_CountPathSegments(clip, i)
        if count <= _MOST_CORNERS:
            points = _points([pdfium.FPDFClipPath_GetPathSegment(clip, i, k) for k in range(count)])
            xs, ys = [x for x, _ in points], [y for _, y in points]
            boxes.append((min(xs), min(ys), max(xs), max(ys)) if points else _NOWHERE)
    return boxes


def _points(segments: Sequence[Any]) -> list[tuple[float, float]]:
    from pypdfium2 import raw as pdfium

    x, y, points = ctypes.c_float(), ctypes.c_float(), list[tuple[float, float]]()
    for segment in segments:
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        points.append((round(x.value, 1), round(y.value, 1)))
    return points


def marks_of(one: Any) -> list[int]:
    """Return the addresses of an object's marks, outermost first: objects within one mark share it."""
    from pypdfium2 import raw as pdfium

    marks = range(pdfium.FPDFPageObj_CountMarks(one))
    return [ctypes.addressof(pdfium.FPDFPageObj_GetMark(one, i).contents) for i in marks]


def width_of_marked(page: "PdfPage", mark: int) -> float:
    """Return the width of all text objects within a mark together."""
    boxes = [bounds_of(one) for one, kind, _ in objects_of(page) if kind == TEXT and mark in marks_of(one)]
    return sum(max(box[2] - box[0], box[3] - box[1]) for box in boxes if box)
