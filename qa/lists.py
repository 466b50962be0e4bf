"""Lists and headlines in a passage: what announces something, what it announces, and what only stands above it."""

import re

from index.sentences import BULLET
from index.types import Passage, Span

MOST_SENTENCES = 16
MOST_CHARACTERS = 1_000
"""Beyond which the rest of a list is left to whoever looks at the quote in its place."""
_AN_ITEM = 200  # characters: what is longer, and numbered, is a clause of its own
_A_LINE = 100  # characters of a line with a label that is quoted whole
_WORDS = 8  # of a headline, at most
_TITLE_WORDS = 12  # of a document's title, at most
_COLON = re.compile(r"[:：]\s*(?:\n|$)")
_QUESTION = re.compile(r"[?？؟]$")
_LABELLED = re.compile(r"\w[^:.\n]{0,30}:\s|[A-Z]{1,4}-?\d{1,4}\s")  # "Wool: wash by hand.", "E02 No water."
_TURN = re.compile(r"[A-Z][\w.'’ -]{0,30}:\s")  # who speaks, in a transcript
_UNIT = re.compile(r"\([^()]*\)")


def announces(passage: Passage, span: Span) -> bool:
    """Tell whether a sentence is about what follows it: one that ends in a colon, a question above its answer."""
    return _announces(passage, passage.sentences.index(span))


def with_what_follows(passage: Passage, span: Span) -> Span | None:
    """Return where a sentence and the list or paragraph under it stand; None where nothing follows in the passage."""
    return _whole(passage, passage.sentences.index(span))


def list_around(passage: Passage, span: Span) -> Span | None:
    """Return where the list stands that a sentence is an item of, with what announces it."""
    first = None
    for number in range(passage.sentences.index(span), -1, -1):
        if _announces(passage, number):
            return _whole(passage, number if first == number + 1 else first)
        if _is_item(passage, number):
            first = number
        parted = _blank_lines(passage, number) if first == number else _opens_a_line(passage, number)
        if parted and not (first == number and number and _announces(passage, number - 1)):
            break
    return _whole(passage, first)


def whole_item(passage: Passage, span: Span) -> Span:
    """Return where the item or the labelled line stands that a sentence is a part of; the sentence where none does."""
    first = last = passage.sentences.index(span)
    while first and not _opens_a_line(passage, first):
        first -= 1
    while last + 1 < len(passage.sentences) and not _opens_a_line(passage, last + 1):
        last += 1
    start, end = passage.sentences[first][0], passage.sentences[last][1]
    if _is_item(passage, first):
        most = _AN_ITEM
    else:
        most = _A_LINE if _opens_a_line(passage, first) and _LABELLED.match(passage.text, start) else 0
    return (start, end) if end - start <= most else span


def section(passage: Passage) -> Span | None:
    """Return where a headline and the text under it stand, or the list there, as far as a quote may go."""
    under = [span for span in passage.sentences if not is_headline(passage, span)]
    if not under:
        return None
    if announces(passage, under[0]):
        return with_what_follows(passage, under[0])
    above = passage.sentences[max(0, passage.sentences.index(under[0]) - 1)]
    told = [span for span in under if span[1] - above[0] <= MOST_CHARACTERS]
    return (above[0], told[-1][1]) if told else None


def is_headline(passage: Passage, span: Span) -> bool:
    """Tell whether a sentence only stands above what it is about: a headline, a unit, the title of a clause."""
    number = passage.sentences.index(span)
    text = _text(passage, number)
    if text in (passage.heading, passage.title) or _UNIT.fullmatch(text):
        return True
    last = number + 1 == len(passage.sentences)
    words = text.split()
    if not passage.start and _names_a_document(passage, number):
        return True
    if last or len(words) > _WORDS:
        return False
    if BULLET.match(text) and len(words) < 6 and not _opens_a_line(passage, number + 1):
        return True
    alone = (not number or _blank_lines(passage, number)) and _blank_lines(passage, number + 1)
    return alone and text[-1].isalpha() and not any(map(str.isdigit, text))


def _names_a_document(passage: Passage, number: int) -> bool:
    """Tell whether one of a document's first lines is what it is called, by its shape or by the blank line after it."""
    text, after = _text(passage, number), number + 1
    words = text.split()
    last = after == len(passage.sentences)
    if not text[-1].isalnum() or len(words) > _TITLE_WORDS or not (last or _opens_a_line(passage, after)):
        return False
    if number:
        return number == 1 and last and text.replace(" ", "").isalpha() and _names_a_document(passage, 0)
    called = ":" not in text and all(word[0].isupper() or not word.isalpha() for word in words)
    return called or last or _blank_lines(passage, after)


def _whole(passage: Passage, first: int | None) -> Span | None:
    if first is None:
        return None
    announced = not _is_item(passage, first)
    begin = first + announced
    marked = begin < len(passage.sentences) and _is_item(passage, begin)
    last = first
    for number in range(first + 1, min(len(passage.sentences), first + MOST_SENTENCES)):
        if marked:
            near = (announced and _length(passage, number) <= _AN_ITEM) or not _blank_lines(passage, number)
            goes_on = (_is_item(passage, number) and near) or not _opens_a_line(passage, number)
        else:
            next_turn = _opens_a_line(passage, number) and _TURN.match(_text(passage, number)) is not None
            goes_on = number == begin or not (_blank_lines(passage, number) or next_turn)
        if not goes_on or passage.sentences[number][1] - passage.sentences[first][0] > MOST_CHARACTERS:
            break
        last = number
    return (passage.sentences[first][0], passage.sentences[last][1]) if last > first else None


def _announces(passage: Passage, number: int) -> bool:
    text = _text(passage, number)
    if _COLON.search(text):
        return True
    follows = number + 1 < len(passage.sentences) and _opens_a_line(passage, number + 1)
    return follows and (_QUESTION.search(text) is not None or _stands_over_items(passage, number))


def _stands_over_items(passage: Passage, number: int) -> bool:
    """Tell whether a line without an end stands right above the first item of a list: "Do not take this medicine"."""
    above, text = _opens_a_line(passage, number), _text(passage, number)
    return above and text[-1].isalnum() and not _is_item(passage, number) and _is_item(passage, number + 1)


def _is_item(passage: Passage, number: int) -> bool:
    return _opens_a_line(passage, number) and BULLET.match(_text(passage, number)) is not None


def _length(passage: Passage, number: int) -> int:
    """Return the characters of an item, up to the next line."""
    text = passage.text[passage.sentences[number][0] :]
    return len(text.partition("\n")[0])


def _opens_a_line(passage: Passage, number: int) -> bool:
    return not number or "\n" in _gap(passage, number)


def _blank_lines(passage: Passage, number: int) -> bool:
    """Tell whether a blank line stands before a sentence."""
    return number > 0 and _gap(passage, number).count("\n") > 1


def _gap(passage: Passage, number: int) -> str:
    return passage.text[passage.sentences[number - 1][1] : passage.sentences[number][0]]


def _text(passage: Passage, number: int) -> str:
    return passage.text[slice(*passage.sentences[number])]
