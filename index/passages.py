"""Extracted text to passages: whole sentences with exact offsets, sized for the encoder.

A passage never crosses a page, a heading or (unless one side is too short to stand alone) a paragraph, and never
tears a table row. What is embedded carries title and heading; what is quoted never does.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .sentences import paragraphs, sentences, wrap_width
from .types import Extracted, Passage, Span
from .words import UNSPACED

MAX_TOKENS = 400
"""Tokens of the longest passage, which the encoder reads in two windows; longer paragraphs are divided."""
JOINED_TOKENS = 200
"""Tokens up to which short paragraphs are put together, which the encoder reads in one window."""
SHORT = 64
"""Tokens under which a paragraph does not stand alone but joins its neighbour."""
ROW_LIMIT = 4_000
"""Characters up to which a table row is kept whole, however many tokens it has."""
_NUMBERED = re.compile(
    r"(\d{1,2}(?:\.\d{1,2})*(?=[.)])|\d{1,2}(?:\.\d{1,2})+|§ ?\d{1,3}[a-z]?|\d{1,2}(?=\D+$))[.)]?[ \t]+(?=[^\W\d_])"
)
_OPENS_A_LIST = re.compile(r"[-*•–]\s|\d")


@dataclass(slots=True)
class _Block:
    """A paragraph, heading or table row: its sentences and their tokens."""

    sentences: list[Span]
    tokens: list[int]
    heading: bool
    page: int


def split(extracted: Extracted, source: str, key: str) -> list[Passage]:
    """Split a document into passages whose ids start with `key`; in order, without overlap."""
    blocks = _blocks(extracted)
    names = _headings(extracted)
    passages: list[Passage] = []
    for group in _packed(blocks):
        start, end = group[0][0], group[-1][1]
        passages.append(
            Passage(
                id=f"{key}.{len(passages):06d}",
                source=source,
                text=extracted.text[start:end],
                start=start,
                end=end,
                page=_page(extracted.pages, start),
                heading=_heading(names, start, end),
                title=extracted.title,
                sentences=tuple((a - start, b - start) for a, b in group),
            )
        )
    return passages


def header(passage: Passage) -> str:
    """Return what search sees of a passage beside its text: title and heading."""
    heading = "" if passage.heading in passage.text else passage.heading
    return "\n".join(part for part in (passage.title[:200], heading[:200]) if part)


def _page(pages: tuple[int, ...], offset: int) -> int | None:
    return bisect_right(pages, offset) or 1 if pages else None


def _headings(extracted: Extracted) -> list[tuple[int, str]]:
    spans = extracted.headings or _plain_headings(extracted)
    return [(start, " ".join(extracted.text[start:end].split())) for start, end in spans]


def _heading(names: list[tuple[int, str]], start: int, end: int) -> str:
    """Return the heading that a passage stands under: the last one before its end that starts no later than it."""
    place = bisect_right(names, start, key=lambda name: name[0])
    while place < len(names) and names[place][0] < end:  # a passage that opens with headings stands under the last
        place += 1
    return names[place - 1][1] if place else ""


def _plain_headings(extracted: Extracted) -> list[Span]:
    """Guess headings in plain text: a short line without an end, above more text; its length and number tell."""
    if extracted.pages or extracted.rows:
        return []
    text, found, block, before, listed = extracted.text, list[Span](), 0, 0, -1
    for line, below in pairwise(paragraphs(text)):
        opens = text.count("\n", before, line[0]) != 1  # no line stands right above it
        block = line[0] if opens else block
        of_a_list = text.count("\n", block, line[0]) > 1 and text[before - 1] not in ".!?…:;"
        before = line[1]
        words, following = text[slice(*line)], text[slice(*below)]
        depth = _depth(words)
        if depth < 0:
            stands_over = opens and text.count("\n", line[1], below[0]) == 1
            is_heading = _is_over(words, following, stands_over)
        else:
            is_heading = listed != depth != _depth(following) and not following[0].islower()
        is_heading = is_heading and not of_a_list and _is_like_a_heading(words)
        listed = -1 if is_heading else depth
        if is_heading:
            found.append(line)
    return found


def _depth(line: str) -> int:
    """Return how many points a line's number has: 1 for "2.1 Pay"; -1 where it has no number."""
    number = _NUMBERED.match(line)
    return number[1].count(".") if number else -1


def _is_over(line: str, following: str, stands_over: bool) -> bool:
    """Tell whether a line without a number is short beside the next; a single word must stand right above it.

    In capitals it is a headline wherever it stands right above something.
    """
    if stands_over and line.isupper():
        return True
    if " " in line:
        return len(following) > 2 * len(line)
    return stands_over and (len(following) > 2 * len(line) or _OPENS_A_LIST.match(following) is not None)


def _is_like_a_heading(line: str) -> bool:
    number = _NUMBERED.match(line)
    told = line[number.end() :] if number else line
    return len(line) <= 90 and len(line.split()) <= 12 and told[:1].isupper() and told[-1:].isalnum()


def _blocks(extracted: Extracted) -> list[_Block]:
    return [
        _Block(
            spans,
            [_length(extracted.text[a:b]) for a, b in spans],
            heading,
            _page(extracted.pages, start) or 0,
        )
        for start, _, spans, heading in _units(extracted)
        if spans
    ]


def _length(text: str) -> int:
    """Return about how many tokens a text has: one for four letters, two for three signs of a script without spaces."""
    wide = 0 if text.isascii() else sum(map(len, UNSPACED.findall(text)))
    return 1 + (len(text) - wide) // 4 + 2 * wide // 3


def _units(extracted: Extracted) -> Iterator[tuple[int, int, list[Span], bool]]:
    """Yield every paragraph, heading and row in order, with its sentences and whether it is a heading."""
    text = extracted.text
    headings = set(extracted.headings or _plain_headings(extracted))
    fixed = sorted(headings | set(extracted.rows))
    cuts = sorted({0, len(text), *extracted.pages, *(offset for span in fixed for offset in span)})
    whole, width = dict.fromkeys(fixed), wrap_width(text)
    for start, end in pairwise(cuts):
        if (start, end) in whole:
            spans = [(start, end)] if end - start <= ROW_LIMIT else _shifted(sentences(text[start:end]), start)
            yield start, end, spans, (start, end) in headings
            continue
        for a, b in paragraphs(text, start, end, width):
            yield a, b, _shifted(sentences(text[a:b]), a), False


def _shifted(spans: list[Span], by: int) -> list[Span]:
    return [(start + by, end + by) for start, end in spans]


def _packed(blocks: list[_Block]) -> Iterator[list[Span]]:
    """Yield the sentences of each passage: a paragraph, or short neighbours together, or a part of a long one."""
    current: list[Span] = []
    size, page, only_headings, short = 0, 0, False, False
    for block in blocks:
        total = sum(block.tokens)
        limit = MAX_TOKENS if only_headings else JOINED_TOKENS
        fits = size + total <= limit and block.page == page
        joins = fits and (only_headings or (not block.heading and (short or total < SHORT)))
        if total > MAX_TOKENS:
            opening = current if only_headings and block.page == page else []
            if current and not opening:
                yield current
            first, *rest = _portions(block)
            *full, current = [opening + first, *rest]
            yield from full
            size, only_headings = MAX_TOKENS, False  # what is left of a long paragraph stands alone
            page, short = block.page, False
            continue
        if current and not joins:
            yield current
            current, size = [], 0
        only_headings = block.heading and (only_headings or not current)
        current = current + block.sentences
        size += total
        page, short = block.page, size < SHORT
    if current:
        yield current


def _portions(block: _Block) -> Iterator[list[Span]]:
    """Divide a long paragraph into parts of about equal length that each fit."""
    target = sum(block.tokens) / -(-sum(block.tokens) // MAX_TOKENS)
    part: list[Span] = []
    size = 0
    for span, tokens in zip(block.sentences, block.tokens, strict=True):
        if part and (size + tokens > MAX_TOKENS or size + tokens / 2 > target):
            yield part
            part, size = [], 0
        part.append(span)
        size += tokens
    yield part
