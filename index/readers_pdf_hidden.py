"""Finds the characters of a PDF page that nobody sees: white, invisible, transparent, tiny, covered, off the page.

Which may be hidden is found by readers_pdf_suspects.py; of those, the page's picture decides (readers_pdf_picture.py):
white letters on a dark ground are seen, and a scan's recognised text is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .hidden import Hidden, is_news
from .readers_pdf_ground import is_scan
from .readers_pdf_picture import picture_of
from .readers_pdf_suspects import CONCEALED, INVISIBLE, MISPLACED, TRANSPARENT, Eyes, Run, stretches

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage


@dataclass(frozen=True, slots=True)
class Visible:
    """The characters of a page that can be seen, their places, what was left out, and whether they are a scan's."""

    text: str
    places: list[int]
    hidden: tuple[Hidden, ...] = ()
    recognised: bool = False


def visible(page: "PdfPage", textpage: "PdfTextPage", text: str, places: list[int]) -> Visible:
    """Leave out of a page's text what nobody sees; `places` are the characters' numbers in pdfium's text page."""
    eyes = Eyes(page, textpage, len(text))
    suspicions = eyes.suspicions(text, places)
    kinds, recognised = dict[int, str](), False
    if suspicions - MISPLACED:
        runs = list(eyes.runs(places, concealed=bool(suspicions & CONCEALED)))
        kinds, recognised = _judged(page, eyes, runs, text, places)
    if suspicions & MISPLACED:
        kinds |= eyes.misplaced(text, places)
    hidden, dropped = _left_out(text, kinds)
    if not is_news(" ".join(one.text for one in hidden)):
        return Visible(text, places, (), recognised)
    kept = [at for at in range(len(text)) if at not in dropped]
    return Visible("".join(text[at] for at in kept), [places[at] for at in kept], hidden, recognised)


def _left_out(text: str, kinds: Mapping[int, str]) -> tuple[tuple[Hidden, ...], set[int]]:
    """Return the hidden pieces of a text, and the numbers of their characters and of the blanks that go with them."""
    hidden, dropped = list[Hidden](), set[int]()
    for numbers in stretches(kinds, text):
        first, last = numbers[0], numbers[-1] + 1
        hidden.append(Hidden(kinds[first], text[first:last]))
        dropped.update(range(first, last))
        if text[last : last + 1] == " " and text[max(first - 1, 0) : first].isspace():
            dropped.add(last)
    return tuple(hidden), dropped


def _judged(
    page: "PdfPage", eyes: Eyes, runs: Sequence[Run], text: str, places: Sequence[int]
) -> tuple[dict[int, str], bool]:
    """Return what the page's picture says of suspicious text, and whether it is the recognised text of a scan."""
    picture = picture_of(page, [run.object for run in runs if run.kind != INVISIBLE])
    hidden, traced = dict[int, str](), dict[int, str]()
    for run in runs:
        for numbers in [run.numbers] if run.kind in (INVISIBLE, TRANSPARENT) else _words(run.numbers, text):
            box = eyes.box(places[at] for at in numbers)
            if not picture.adds(box):
                over_ink = run.kind in (INVISIBLE, TRANSPARENT) and picture.shows(box)
                (traced if over_ink else hidden).update(dict.fromkeys(numbers, run.kind))
    recognised = is_news("".join(text[at] for at in traced))
    if recognised and len(traced) < 0.8 * len(text) and not is_scan(page):  # some text over some picture
        return hidden | traced, False
    return hidden, recognised


def _words(numbers: Sequence[int], text: str) -> Iterator[list[int]]:
    word = list[int]()
    for at in numbers:
        if not text[at].isspace():
            word.append(at)
        elif word:
            yield word
            word = []
    if word:
        yield word
