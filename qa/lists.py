"""A list in a passage: the line that announces it and its items, which are known by their marks."""

import re

from index.sentences import BULLET
from index.types import Passage, Span

_COLON = re.compile(r"[:：]\s*(?:\n|$)")
MOST_SENTENCES = 16
MOST_CHARACTERS = 1_000
"""Beyond which the rest of a list is left to whoever looks at the quote in its place."""


def announces(text: str) -> bool:
    """Tell whether a sentence is about what follows it, or a line of it is."""
    return _COLON.search(text) is not None


def list_of(passage: Passage, span: Span) -> Span | None:
    """Return where the list stands that a sentence of a passage announces, or is an item of: with what announces it.

    What is announced and has no marks ends with its paragraph.
    """
    first = _first(passage, passage.sentences.index(span))
    if first is None:
        return None
    last = _last(passage, first)
    return (passage.sentences[first][0], passage.sentences[last][1]) if last > first else None


def _first(passage: Passage, at: int) -> int | None:
    if announces(_text(passage, at)):
        return at
    first = None
    for number in range(at, -1, -1):
        if announces(_text(passage, number)):
            return number if first == number + 1 else first
        if _is_item(passage, number):
            first = number
        elif _opens_a_line(passage, number):
            break
    return first


def _last(passage: Passage, first: int) -> int:
    begin = first + announces(_text(passage, first))
    start, count = passage.sentences[first][0], len(passage.sentences)
    marked = begin < count and _is_item(passage, begin)
    last = first
    for number in range(first + 1, min(count, first + MOST_SENTENCES)):
        goes_on = _is_item(passage, number) if marked else _gap(passage, number).count("\n") == 1
        if not (goes_on or number == begin or not _opens_a_line(passage, number)):
            break
        if passage.sentences[number][1] - start > MOST_CHARACTERS:
            break
        last = number
    return last


def _is_item(passage: Passage, number: int) -> bool:
    return _opens_a_line(passage, number) and BULLET.match(_text(passage, number)) is not None


def _opens_a_line(passage: Passage, number: int) -> bool:
    return not number or "\n" in _gap(passage, number)


def _gap(passage: Passage, number: int) -> str:
    return passage.text[passage.sentences[number - 1][1] : passage.sentences[number][0]]


def _text(passage: Passage, number: int) -> str:
    return passage.text[slice(*passage.sentences[number])]
