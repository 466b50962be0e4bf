"""What a person looking at a file would not see: readers leave it out, and say so in a line for each way of hiding.

How something is hidden is the formats' matter (`readers_*_hidden.py`); here it is only gathered and told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEAST = 20
"""Fewer bytes of text than this, hidden in one way, are no news: labels for screen readers, stray letters."""
_LINES = 5
_EXCERPT = 80

Colour = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text that was left out: how it was hidden ("white text"), its words, and its page where there are pages.

    Without words (`text` is empty) it is told as what was left out by itself ("invisible characters").
    """

    kind: str
    text: str = ""
    page: int | None = None


def hidden_warnings(found: Iterable[Hidden], noun: str = "page") -> tuple[str, ...]:
    """Say what was hidden: one line for each kind with a count, the pages and the beginning of its longest piece."""
    kinds: dict[str, list[Hidden]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    told = [_line(kind, pieces, noun) for kind, pieces in kinds.items() if _is_news(pieces)]
    if len(told) > _LINES:
        told[_LINES:] = [f"hidden text was left out: {len(told) - _LINES} more kinds of it"]
    return tuple(told)


def is_news(text: str) -> bool:
    """Tell whether hidden text is long enough to be told."""
    return len(_plain(text).encode()) >= LEAST


def _is_news(pieces: Sequence[Hidden]) -> bool:
    return not any(piece.text for piece in pieces) or is_news(" ".join(piece.text for piece in pieces))


def _line(kind: str, pieces: Sequence[Hidden], noun: str) -> str:
    texts = [_plain(piece.text) for piece in pieces]
    if not any(texts):
        return f"{kind} were left out"
    words = sum(len(text.split()) for text in texts)
    pages = sorted({piece.page for piece in pieces if piece.page})
    where = f" on {numbers(pages, noun)}" if pages else ""
    plural = "" if words == 1 else "s"
    return f'hidden text was left out: {words:,} word{plural} of {kind}{where}: "{_excerpt(max(texts, key=len))}"'


def _plain(text: str) -> str:
    """Return text on one line, without what cannot be printed: a line of a warning is kept and shown as a line."""
    return " ".join("".join(c if c.isprintable() else " " if c.isspace() else "" for c in text).split())


def _excerpt(text: str) -> str:
    if len(text) <= _EXCERPT:
        return text
    return (text[:_EXCERPT].rsplit(" ", 1)[0] or text[:_EXCERPT]) + " …"


def numbers(pages: Sequence[int], noun: str = "page") -> str:
    """Write page numbers as people do: "pages 3-5, 9"."""
    runs = list[list[int]]()
    for page in pages:
        if runs and runs[-1][-1] == page - 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    text = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"{noun} {text}" if len(pages) == 1 else f"{noun}s {text}"


def alike(one: Colour, other: Colour) -> bool:
    """Tell whether text of one colour on the other cannot be seen: #F0F0F0 on white can't, #E0E0E0 can."""
    return all(abs(a - b) <= 16 for a, b in zip(one, other, strict=True))
