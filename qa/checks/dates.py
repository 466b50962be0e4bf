"""Calendar dates in a text, compared by their parts: "2 February 2024" is "Feb 2, 2024". Pure functions."""

import re
from dataclasses import dataclass
from functools import lru_cache

from index.types import Span


@dataclass(frozen=True, slots=True)
class Moment:
    """A calendar date, or the parts of it that are given."""

    year: int | None
    month: int | None
    day: int | None
    span: Span


_MONTH_NAMES = "january february march april may june july august september october november december".split()
_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?"
    r"|Sep(?:t(?:ember|\.)?|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)(?![a-z])"
)
_DAY = r"(?:3[01]|[12]?\d)(?:st|nd|rd|th)?(?!\d)"
_DATE = re.compile(
    rf"(?P<m1>{_MONTH}) ?(?P<d1>{_DAY})(?:(?: ?[-–—] ?| (?:to|and|until|through) )(?P<d1b>{_DAY}))?"
    r"(?:,? ?(?P<y1>\d{4})(?!\d))?"
    rf"|(?P<d2>{_DAY})(?:(?: ?[-–—] ?| (?:to|and|until|through) )(?P<d2b>{_DAY}))?(?: of)? (?P<m2>{_MONTH})"
    r"(?:,? ?(?P<y2>\d{4})(?!\d))?"
    rf"|(?P<m3>{_MONTH}),? (?P<y3>\d{{4}})(?!\d)"
    r"|(?<!\d)(?P<y4>\d{4})-(?P<m4>\d\d)-(?P<d4>\d\d)(?!\d)"
)


@lru_cache(maxsize=4096)
def moments(text: str) -> tuple[Moment, ...]:
    """Return the dates of a text; a range gives both its ends."""
    found: list[Moment] = []
    for match in _DATE.finditer(text):
        part = {name: value for name, value in match.groupdict().items() if value}
        month = next(_month(part[name]) for name in ("m1", "m2", "m3", "m4") if name in part)
        if month is None:
            continue
        year = next((int(part[name]) for name in ("y1", "y2", "y3", "y4") if name in part), None)
        days = [int(re.sub(r"\D", "", part[n])) for n in ("d1", "d1b", "d2", "d2b", "d4") if n in part]
        found += [Moment(year, month, day, match.span()) for day in days or [None]]
    return tuple(found)


def _month(text: str) -> int | None:
    if text.isdigit():
        return int(text) if 1 <= int(text) <= 12 else None
    return next(i for i, name in enumerate(_MONTH_NAMES, 1) if name.startswith(text.lower().rstrip(".")[:3]))


def states_moment(moment: Moment, quote: str, around: str = "") -> Span | None:
    """Return where a quote gives the same date, or None; the year may stand apart from day and month."""
    for found in moments(quote):
        if moment.month != found.month or (moment.day is not None and moment.day != found.day):
            continue
        if moment.year is None or moment.year == found.year:
            return found.span
        if found.year is None and re.search(rf"\b{moment.year}\b", quote + "\n" + around):
            return found.span
    if moment.day is None and moment.month:
        name = _MONTH_NAMES[moment.month - 1]
        at = re.search(rf"\b{name}\b", quote, re.IGNORECASE)
        if at and (moment.year is None or re.search(rf"\b{moment.year}\b", quote + "\n" + around)):
            return at.span()
    return None
