"""The text of a PDF's page as people read it: broken words mended, paragraphs parted by a blank line."""

import re
from collections.abc import Container
from dataclasses import dataclass
from statistics import median

from .hidden import Hidden
from .types import Span

JOINT = "\ufffc"
"""Stands for a hyphen at the end of a line."""
_LIGATURES = dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_EDIT = re.compile(r"(?<! ) *\n\s*|(?<=\w)\xad\n(?=\w)|\xad|(?<=[^\W\d_])-\n(?=\d)|(?<=\d)-\n(?=\w)|\ufffc\n?|[ﬀ-ﬆ]")
_BROKEN = re.compile(r"(?<!\w)\w*(?:\ufffc\n?|\xad\n)\w*")
_WORD = re.compile(r"\w+(?:-\w+)*")
_FEW = 3  # lines that tell how far lines stand apart
_FIGURE = re.compile(r"[$€£(\-–—−]*\d[\d.,]*[)%]*|[$€£%)—–-]+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line: where it starts in the text, its baseline at both ends and its height in points, how bold it is."""

    start: int
    top: float
    bottom: float
    height: float
    weight: int


@dataclass(frozen=True, slots=True)
class Raw:
    """A page as pdfium gives it: its characters, their numbers on the page, its lines, and what was left out.

    `recognised` says that the page is a scan, and its text the words that a program saw in it.
    """

    text: str
    places: list[int]
    lines: tuple[Line, ...]
    hidden: tuple[Hidden, ...] = ()
    recognised: bool = False


@dataclass(frozen=True, slots=True)
class Clean:
    """A page as people read it, and each line's span and look."""

    text: str
    places: list[int]
    lines: tuple[tuple[Span, Line], ...]


def words_of(raws: list[Raw]) -> Container[str]:
    """Return the document's words where a broken word asks for them."""
    if not any(JOINT in raw.text or "\xad\n" in raw.text for raw in raws):
        return frozenset()
    words = set[str]()
    for raw in raws:
        for compound in set(_WORD.findall(_BROKEN.sub(" ", raw.text.lower()))):
            words.add(compound)
            words.update(compound.split("-"))
    return words


def clean_page(raw: Raw, words: Container[str]) -> Clean:
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


def _trimmed(text: str, places: list[int], raw: Raw, starts: dict[int, int]) -> Clean:
    end = len(text.rstrip())
    begin = len(text) - len(text.lstrip())
    text, places = text[begin:end], places[begin:end]
    lines = list[tuple[Span, Line]]()
    for line in raw.lines:
        start = starts.get(line.start, -1) - begin
        if 0 <= start < len(text):
            stop = text.find("\n", start)
            lines.append(((start, stop if stop >= 0 else len(text)), line))
    return Clean(text, places, tuple(lines))


def _replacement(text: str, edit: re.Match[str], gaps: Container[int], words: Container[str]) -> str:
    found = edit[0]
    if found in _LIGATURES:
        return _LIGATURES[found]
    if found == "\xad" or found.startswith("-"):
        return "-"
    if found[0] in (JOINT, "\xad"):
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


def _paragraph_starts(raw: Raw) -> set[int]:
    """Return where a line stands clearly lower than lines of one paragraph do, or in another column."""
    pairs = list(zip(raw.lines, raw.lines[1:], strict=False))
    steps = [above.bottom - below.top for above, below in pairs]
    usual = _line_step([step for step in steps if step > 1])
    starts = {line.start for line in raw.lines[:1]}
    for (above, below), step in zip(pairs, steps, strict=True):
        far = step > 1.3 * usual or step < -below.height
        titled = above.start in starts and step > 1 and stands_out(above, below.height, below.weight)
        if (far or titled) and _may_part(raw.text, above, below):
            starts.add(below.start)
    return starts


def _line_step(steps: list[float]) -> float:
    """Return how far lines of one paragraph stand apart: as most do, or clearly less where most are a paragraph."""
    most = median(steps or [0.0])
    less = [step for step in steps if step < 0.75 * most]
    return median(less) if len(less) >= max(_FEW, len(steps) / 8) else most


def stands_out(line: Line, height: float, weight: int) -> bool:
    """Tell whether a line is clearly larger or bolder than others are."""
    return line.height > 1.15 * height + 0.5 or line.weight >= weight + 100


def _may_part(text: str, above: Line, below: Line) -> bool:
    """Tell whether two lines can be two paragraphs: not within a sentence, nor rows of a table."""
    one = text[above.start : text.find("\n", above.start)].strip()
    end = text.find("\n", below.start)
    two = text[below.start : end if end >= 0 else len(text)].strip()
    if two[0].islower() and one[-1] not in ".!?:;":
        return False
    return not (is_figures(one) and is_figures(two))


def is_figures(line: str) -> bool:
    """Tell a row of a table by the number at its end."""
    return bool(_FIGURE.fullmatch(line.split()[-1]))
