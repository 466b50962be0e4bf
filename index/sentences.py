"""Where sentences and paragraphs end in extracted text, by rules that hold offline and for any script.

Offsets are exact: every span is cut from the text it was given, with white space at its ends left out.
"""

import re
import unicodedata
from collections.abc import Iterator

from .types import Span

MAX_SENTENCE = 1_000
"""Characters after which a run of text without an end is cut, so that nothing quoted is longer."""

_END = re.compile(
    r"""(?P<mark>[.!?…]+|[。！？｡．؟۔।॥]+)      # what ends a sentence, in Latin, CJK, Arabic and Indic scripts
        (?P<close>["'”’»›)\]」』）】]*          # closing quotes and brackets belong to it
        (?:\[\d{1,3}\])*)                      # and so do footnote numbers
        (?P<gap>\s*)""",
    re.VERBOSE,
)
_WIDE_END = frozenset("。！？｡．॥।")
_ABBREVIATIONS = frozenset(
    """adm al approx apr art assn aug ave bd bldg bros ca capt cf ch chap co col comdr corp cpl cm dec dept dist
    dr ed eds eg e.g est et etc ext feb fig figs fr ft gen gov hon hr i.e ie inc incl jan jr jul jun km lb lt ltd maj
    mar max mfg mg min ml mm mr mrs ms mt mts mtg nat no nos nov oct op p para pp ph.d phd pl pres prof pt pvt rd ref
    rep res rev sec sen sens sep sept ser sgt sq sr st ste tel trans univ viz vol vols vs yr yrs z.b bzw usw d.h nr
    bspw ggf vgl s.a ej p.ej sra av m.e aprox núm pág""".split()
)
_STARTERS = frozenset(
    """a according after all although an and another as at because before both but by despite during each even
    first for from he her here his how however i if in it its like many more most my no not of on once one only
    other our she since so some such that the their then there these they this those though through to today
    under unlike until we what when where which while who why with you your""".split()
)
BULLET = re.compile(r"\s*(?:[-*•‣▪●◦–—·]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])\s+")
_LABEL = re.compile(r"[^\W\d_][^:\n.!?]{0,30}:[ \t]+\S")
_ENOUGH = 5  # lines that tell at which width they are wrapped
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_VIRAMA = 9  # the class of the sign that joins Indic consonants
_TERMINAL = tuple('.!?…:;。！？؟।"”’»)')


def sentences(text: str) -> list[Span]:
    """Return the spans of the sentences of one paragraph, in order; together they hold all that is not white space."""
    return [piece for span in _ends(text) for piece in _bounded(text, span)]


def paragraphs(text: str, start: int = 0, end: int | None = None, width: int | None = None) -> list[Span]:
    """Return the spans of the paragraphs in `text[start:end]`, telling wrapped lines from lines of their own.

    `width` is the `wrap_width` of the whole text, for a part that has too few lines to tell its own.
    """
    lines = list(_lines(text, start, len(text) if end is None else end))
    width = _wrap_width(lines) if width is None or len(lines) >= _ENOUGH else width
    spans: list[Span] = []
    previous: Span | None = None
    for line in lines:
        if previous is not None and _continues(text, previous, line, width):
            spans[-1] = (spans[-1][0], line[1])
        else:
            spans.append(line)
        previous = line
    return spans


def _ends(text: str) -> Iterator[Span]:
    start = 0
    for match in _END.finditer(text):
        if _is_end(text, start, match):
            yield from _stripped(text, start, match.end("close"))
            start = match.end("close")
    yield from _stripped(text, start, len(text))


def _is_end(text: str, start: int, match: re.Match[str]) -> bool:
    after = match.end()
    if after >= len(text):
        return True
    if match["mark"][0] in _WIDE_END:
        return True
    if not match["gap"]:
        return False
    following = text[after]
    if following.islower():
        return False
    return match["mark"] != "." or not _is_abbreviation(text, start, match, after)


def _is_abbreviation(text: str, start: int, match: re.Match[str], after: int) -> bool:
    """Tell whether the full stop belongs to an abbreviation, an initial or a numbered item."""
    if match["close"]:
        return False
    before = text[max(start, match.start() - 24) : match.start()].split()
    word = before[-1].lstrip("(\"'“‘[") if before else ""
    lowered = word.lower()
    following = re.match(r"[\"'“‘(\[]*(\w+)", text[after : after + 40])
    next_word = following[1].lower() if following else ""
    if len(word) == 1 and word.isalpha():  # an initial: "J. Smith"; but "vitamin C. The ..." ends
        return next_word not in _STARTERS
    if re.fullmatch(r"(?:\w\.)+\w", word):  # U.S., e.g.
        return lowered in _ABBREVIATIONS or next_word not in _STARTERS
    if word.isdigit() and len(before) == 1 and text[start : match.start()].strip() == word:
        return True  # "1. First item": the number stays with its item
    return lowered in _ABBREVIATIONS and not (lowered == "no" and next_word in _STARTERS)


def _bounded(text: str, span: Span) -> Iterator[Span]:
    """Cut a span that is too long at white space, or anywhere that does not tear a character apart."""
    start, end = span
    while end - start > MAX_SENTENCE:
        cut = _cut(text, start, start + MAX_SENTENCE)
        yield from _stripped(text, start, cut)
        start = cut
    yield from _stripped(text, start, end)


def _cut(text: str, start: int, limit: int) -> int:
    for i in range(limit, start + MAX_SENTENCE // 2, -1):
        if text[i - 1].isspace():
            return i
    for i in range(limit, start + MAX_SENTENCE // 2, -1):
        if not _tears(text, start, i):
            return i
    return limit


def _tears(text: str, start: int, at: int) -> bool:
    """Tell whether a cut parts what people see as one character; `start` is known to part none."""
    before, after = text[at - 1], text[at]
    if after in _FLAG_LETTERS:  # two make a flag
        whole = text[start:at]
        return (len(whole) - len(whole.rstrip(_FLAG_LETTERS))) % 2 == 1
    return before == "\u200d" or unicodedata.combining(before) == _VIRAMA or _joins(after)


def _joins(char: str) -> bool:
    """Tell marks, joiners, selectors, emoji modifiers and inner parts of Korean syllables."""
    return unicodedata.category(char) in ("Mn", "Me", "Mc", "Cf", "Sk") or "\u1160" <= char <= "\u11ff"


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield from _stripped(text, start, stop)
        start = stop + 1


def wrap_width(text: str) -> int:
    """Return the width at which the lines of a text are wrapped, in characters, or 0 where each stands for itself."""
    return _wrap_width(list(_lines(text, 0, len(text))))


def _wrap_width(lines: list[Span]) -> int:
    """Return the width at which lines are wrapped, or 0 where each line stands for itself."""
    lengths = sorted(end - start for start, end in lines)
    width = lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0
    return width if len(lengths) > 1 and 30 <= width <= 160 else 0


def _continues(text: str, previous: Span, line: Span, width: int) -> bool:
    """Tell whether a line goes on the paragraph of the one before it."""
    gap = text[previous[1] : line[0]]
    if gap.count("\n") > 1 or not width or BULLET.match(text, line[0], line[1]):
        return False
    if _LABEL.match(text, *line) and _LABEL.match(text, *previous):  # "Height: 85 cm", "Weight: 71 kg"
        return False
    if text[line[0]].islower() and not text[previous[1] - 1 : previous[1]].endswith(_TERMINAL):
        return True
    return previous[1] - previous[0] >= 0.75 * width
