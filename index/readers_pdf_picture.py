"""Paints a PDF page with and without some of its text: what the text adds to the picture is what people see of it.

Only pages with suspicious text are painted (readers_pdf_hidden.py), small and without their largest images.
"""

import ctypes
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .readers_pdf_ground import IMAGE, Box, objects_of

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_PIXELS = 3_000_000
_MOST_IMAGE_PIXELS = 80_000_000
_SEEN = 12  # of 255: less is no difference to the eye (the threshold of `alike`, blurred by small letters)
_LOUD = (255, 0, 255, 255)
_INK = 40  # of 255: lighter marks on a scan are paper


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as it is painted, as it is without some text objects, and with them in a loud colour."""

    page: "PdfPage"
    whole: NDArray[np.uint8]
    bare: NDArray[np.uint8]
    loud: NDArray[np.uint8]

    def adds(self, box: Box) -> bool:
        """Tell whether what was taken away can be seen in a box: most strokes, not only where they cross others."""
        ink, seen = self._change(self.loud, box), self._change(self.whole, box)
        strokes = ink > max(_SEEN, 0.6 * ink.max(initial=0))
        return int(np.count_nonzero(seen[strokes] > _SEEN)) > 0.5 * int(np.count_nonzero(strokes))

    def _change(self, picture: NDArray[np.uint8], box: Box) -> NDArray[np.int16]:
        with_it, without = self._cut(picture, box), self._cut(self.bare, box)
        return np.abs(with_it.astype(np.int16) - without).max(axis=2, initial=0)

    def shows(self, box: Box) -> bool:
        """Tell whether something else can be seen in a box."""
        light = self._cut(self.bare, box).mean(axis=2)
        return bool(light.size) and float(light.max() - light.min()) > _INK

    def _cut(self, picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
        from pypdfium2 import raw as pdfium

        height, width = picture.shape[:2]
        x, y = (ctypes.c_int(), ctypes.c_int()), (ctypes.c_int(), ctypes.c_int())
        for i in (0, 1):
            pdfium.FPDF_PageToDevice(self.page, 0, 0, width, height, 0, box[2 * i], box[2 * i + 1], x[i], y[i])
        left, right = sorted(max(0, one.value) for one in x)
        top, bottom = sorted(max(0, one.value) for one in y)
        return picture[top : bottom + 1, left : right + 1]


def picture_of(page: "PdfPage", texts: Sequence[Any]) -> Picture:
    """Paint a page with and without some of its text objects."""
    width, height = page.get_size()
    scale = min(1.5, (_PIXELS / max(width * height, 1)) ** 0.5)

    def painted() -> NDArray[np.uint8]:
        bitmap = page.render(scale=scale, draw_annots=False, may_draw_forms=False)  # pyright: ignore[reportArgumentType]  # pypdfium2's own types say int
        return bitmap.to_numpy().copy()

    with _without(_too_large(page)):
        whole = painted()
        if not texts:
            return Picture(page, whole, whole, whole)
        with _recoloured(texts):
            loud = painted()
        with _without(texts):
            return Picture(page, whole, painted(), loud)


@contextmanager
def _without(objects: Sequence[Any]) -> Generator[None]:
    from pypdfium2 import raw as pdfium

    for one in objects:
        pdfium.FPDFPageObj_SetIsActive(one, False)
    try:
        yield
    finally:
        for one in objects:
            pdfium.FPDFPageObj_SetIsActive(one, True)


@contextmanager
def _recoloured(texts: Sequence[Any]) -> Generator[None]:
    """Paint text in magenta for a while, but for text in a pattern."""
    from pypdfium2 import raw as pdfium

    before = list[tuple[Any, Any, list[int]]]()
    for one in texts:
        for ask, paint in (
            (pdfium.FPDFPageObj_GetFillColor, pdfium.FPDFPageObj_SetFillColor),
            (pdfium.FPDFPageObj_GetStrokeColor, pdfium.FPDFPageObj_SetStrokeColor),
        ):
            numbers = [ctypes.c_uint() for _ in range(4)]
            if ask(one, *numbers):
                before.append((paint, one, [number.value for number in numbers]))
                paint(one, *_LOUD)
    try:
        yield
    finally:
        for paint, one, colour in before:
            paint(one, *colour)


def _too_large(page: "PdfPage") -> list[Any]:
    """Return the images that would take too much memory: those beyond a sum of pixels."""
    from pypdfium2 import raw as pdfium

    found, total = list[Any](), 0
    width, height = ctypes.c_uint(), ctypes.c_uint()
    for one, kind, _ in objects_of(page):
        if kind == IMAGE:
            pdfium.FPDFImageObj_GetImagePixelSize(one, width, height)
            total += width.value * height.value
            if total > _MOST_IMAGE_PIXELS:
                found.append(one)
    return found
