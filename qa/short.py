"""The exact words that answer, cut from a quote: a count, a date, a name or a quoted statement, or nothing."""

import re

from index.questions import QUOTED, kind_of
from index.types import Span

_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?"
    r"|Sep(?:t(?:ember|\.)?|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_DATES = re.compile(
    rf"(?:from |between )?{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?"
    rf"(?: (?:to|and|until|through) (?:{_MONTH} )?\d{{1,2}}(?:st|nd|rd|th)?"
    rf"|[-–]\d{{1,2}})?(?:,? \d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?"
    rf"|{_MONTH},? \d{{4}}"
    r"|\d{4}-\d\d-\d\d"
    r"|(?:(?:early|mid|late)[- ])?(?:the )?"
    r"\d{1,2}(?:st|nd|rd|th)(?:[- ]| and \d{1,2}(?:st|nd|rd|th) )centur(?:y|ies)(?: (?:BCE?|AD|CE))?"
    r"|\b(?:\d{1,4} (?:BCE?|CE)|AD \d{1,4})\b"
    r"|\b(?:1\d{3}|20\d\d)s?(?:[-–](?:\d{4}|\d\d))?\b"
)
_WORD_NUMBER = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one|two|three|four|five|six"
    r"|seven|eight|nine))?|dozens?|several (?:hundred|thousand)|a (?:dozen|hundred|thousand|million)|half|twice)"
)
_COUNTS = re.compile(
    r"(?P<about>(?:more than|less than|fewer than|greater than|at least|at most|up to|over|under|about|around|nearly"
    r"|almost|approximately|roughly|some|only|an estimated|an average of) )?"
    rf"(?P<number>(?:US|[A-Z]{{1,3}})?[$€£¥]?\d[\d,]*(?:\.\d+)?(?:[-–]\d[\d,.]*\d)?|\b{_WORD_NUMBER}\b)"
    r"(?P<scale>[ -](?:hundred|thousand|million|billion|trillion|dozen))*"
    r"(?P<unit> ?(?:%|percent\b|per cent\b"
    r"|°[CF]?|km²?|kg|mm|cm|m²|mi²|sq mi|ft|in\b|acres|hectares|years? old|degrees)"
    r"|(?: (?:m|g|s|kilomet(?:er|re)s?|met(?:er|re)s?|miles?|feet|inches|pounds|tons?|tonnes?|years?|months?|weeks?"
    r"|days?|hours?|minutes?|seconds?|dollars|euros|people)\b))?",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"(?:(?:the )?[A-Z][\w'’.&-]*(?: (?:of|the|de|van|von|der|da|di|al|bin|and the|for) (?=[A-Z])| (?=[A-Z]))?)+"
)
_SHORT = 60


def exact_words(question: str, sentence: str) -> Span | None:
    """Return the span of `sentence` that answers by itself, or None where that can't be told."""
    kind = kind_of(question)
    asked = {word.lower() for word in re.findall(r"\w+", question)}
    if kind == "count":
        return _count(sentence, asked, money=_MONEY.search(question) is not None)
    if kind == "date":
        return _date(question, sentence, asked)
    if kind in ("name", "place"):
        return _name(sentence, asked, place=kind == "place")
    if kind == "statement":
        found = [match.span(1) for match in QUOTED.finditer(sentence)]
        return max(found, key=lambda span: span[1] - span[0], default=None)
    return None


def _count(sentence: str, asked: set[str], *, money: bool) -> Span | None:
    """Choose the number nearest to a word of the question, with the words that say how much of what."""
    best: tuple[float, Span] | None = None
    for match in _COUNTS.finditer(sentence):
        number = match["number"]
        year = re.fullmatch(r"(?:1[5-9]|20)\d\d", number) is not None and not match["about"] and not match["unit"]
        if number.lower() in asked:
            continue
        end = _with_noun(sentence, match.end(), asked)
        distance = _distance(sentence, match.span(), asked)
        score = distance + (30.0 if year else 0.0) - (40.0 if end > match.end() or match["unit"] else 0.0)
        if money and _CURRENCY.search(match[0]):
            score -= 80.0
        if best is None or score < best[0]:
            best = (score, (match.start(), end))
    return best[1] if best else None


def _with_noun(sentence: str, end: int, asked: set[str]) -> int:
    """Return where the number's noun ends: at the last of the next words that was asked about."""
    following = re.match(r"((?: [\w'’-]+){1,4})", sentence[end:])
    words = re.finditer(r"[\w'’-]+", following[1]) if following else iter(())
    ends = [word.end() for word in words if word[0].lower() in asked and word[0].lower() not in _SMALL]
    return end + ends[-1] if ends else end


def _distance(sentence: str, span: Span, asked: set[str]) -> float:
    """Return how far, in characters, the nearest telling word of the question is."""
    ends = [
        min(abs(word.start() - span[1]), abs(span[0] - word.end()))
        for word in re.finditer(r"\w+", sentence)
        if word[0].lower() in asked and word[0].lower() not in _SMALL
    ]
    return float(min(ends, default=len(sentence)))


def _date(question: str, sentence: str, asked: set[str]) -> Span | None:
    wants_year = re.search(r"\b(?:what|which) year\b", question, re.IGNORECASE) is not None
    spans = [m.span() for m in _DATES.finditer(sentence) if m[0].lower() not in asked]
    if wants_year:
        years = [m.span() for m in re.finditer(r"\b(?:1\d{3}|20\d\d)\b", sentence) if m[0] not in asked]
        spans = years or spans
    return min(spans, key=lambda span: _distance(sentence, span, asked), default=None)


def _name(sentence: str, asked: set[str], *, place: bool) -> Span | None:
    """Choose the capitalised words, none of them the question's, nearest to what was asked."""
    best: tuple[float, Span] | None = None
    for match in _NAMES.finditer(sentence):
        start, end = match.span()
        while end > start and sentence[end - 1] in " .'’-" and not _INITIALS.search(sentence[start:end]):
            end -= 1
        words = re.findall(r"\w+", sentence[start:end].lower())
        if not words or end - start > _SHORT or any(word in asked and word not in _SMALL for word in words):
            continue
        if all(word in _SMALL or word in _OPENERS for word in words):
            continue
        opens = start == 0 and " " not in sentence[start:end]
        score = _distance(sentence, (start, end), asked) + (40.0 if opens else 0.0)
        if place and _WHEREABOUTS.search(sentence[:start]):
            score -= 80.0
        if best is None or score < best[0]:
            best = (score, (start, end))
    return best[1] if best else None


_MONEY = re.compile(r"\bhow much\b|\b(?:price|cost|amount|revenue|salary|fee)\b", re.IGNORECASE)
_CURRENCY = re.compile(r"[$€£¥]|\b(?:dollars|euros|pounds|USD|EUR)\b")
_INITIALS = re.compile(r"\b[A-Z]\.(?:[A-Z]\.)+$")
_WHEREABOUTS = re.compile(r"\b(?:in|at|near|from|outside|across|within|around|between)(?: [a-z]+)? $")
_SMALL = frozenset(
    """the a an of in on at to for and or by with from is are was were be been did do does has have had how what when
    where which who whom whose why many much long old that this it its as than then into their his her""".split()
)
_OPENERS = frozenset(
    """he she it they this these that those there in on at after before during while although however when as since
    both many some most all each one two three his her their its our we i you if but and so also by for from""".split()
)
