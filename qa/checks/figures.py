"""Numbers in a text, compared as numbers: "85" is "eighty-five", "1,200" is "1.2 thousand". Pure functions."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from index.types import Span

from .dates import moments


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as written: the values it may mean ("5m" is 5 or 5,000,000), and its unit ("" if it has none).

    `sign` is 1 or -1, and 0 where a text may mean either: "(12)", "a loss of 12".
    """

    values: frozenset[Fraction]
    unit: str
    span: Span
    sign: int = 0


_ONES: dict[str, int] = dict(
    zip(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split(),
        range(1, 20),
        strict=True,
    )
)
_TENS: dict[str, int] = dict(
    zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True)
)
_SCALES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
    "lakh": 10**5,
    "crore": 10**7,
}
_SHORT_SCALES: dict[str, int] = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9, "tn": 10**12}
_ORDINALS: dict[str, int] = dict(
    zip(
        "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
        "sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        range(3, 21),
        strict=True,
    )
)
_UNICODE_FRACTIONS = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_CURRENCY = {
    "$": "$", "us$": "$", "usd": "$", "dollar": "$", "€": "€", "eur": "€", "euro": "€", "£": "£", "gbp": "£",
    "pound": "£", "¥": "¥", "jpy": "¥", "yen": "¥", "₹": "₹", "inr": "₹", "rupee": "₹",
}  # fmt: skip
_UNITS = {
    "%": "%", "percent": "%", "per cent": "%", "percentage point": "%", "pct": "%",
    "km": "km", "kilometer": "km", "kilometre": "km", "mile": "mile", "mi": "mile", "meter": "m", "metre": "m",
    "cm": "cm", "centimeter": "cm", "centimetre": "cm", "mm": "mm", "millimeter": "mm", "millimetre": "mm",
    "foot": "ft", "feet": "ft", "ft": "ft", "inch": "inch", "inches": "inch", "yard": "yard", "acre": "acre",
    "hectare": "ha", "ha": "ha", "kg": "kg", "kilogram": "kg", "gram": "g", "mg": "mg", "milligram": "mg",
    "ton": "t", "tonne": "t", "lb": "lb", "ounce": "oz", "liter": "l", "litre": "l", "gallon": "gal", "ml": "ml",
    "second": "s", "minute": "min", "hour": "h", "day": "day", "week": "week", "month": "month", "year": "year",
    "decade": "decade", "century": "century", "centuries": "century",
    "°c": "°c", "°f": "°f", "degree": "°", "mph": "mph", "km/h": "km/h", "kw": "kw", "mw": "mw", "gw": "gw",
    "gb": "gb", "mb": "mb", "tb": "tb", "hz": "hz", "mhz": "mhz", "ghz": "ghz",
    "bc": "bc", "bce": "bc", "ad": "ad", "ce": "ad", "am": "am", "pm": "pm",
} | {name: sign for name, sign in _CURRENCY.items() if name.isalpha()}  # fmt: skip
_PARTS = "sign digits part ordinal plural glued fraction words ordinals scale unit".split()
_MINUS = re.compile(r"(?:^|[^\d\s]\s+|[(\[|:])[-−](?:[A-Z]{0,2}[$€£¥₹])?$|[$€£¥₹] ?[-−]$")
"""What stands before a negative number: a hyphen that joins nothing."""
_DOWN = re.compile(
    r"\b(?:loss(?:es)?|lost|los(?:e|es|ing)|deficits?|declin\w+|decreas\w+|reduc\w+|f[ae]ll(?:s|en|ing)?|drop\w*|down\w*"
    r"|negative|minus|below|lower\w*|shr[aiu]nk\w*|contract\w+|outflows?|used)\b",
    re.IGNORECASE,
)
_DIGITS = 60
"""Digits of a number that are looked at."""
_SIGNS = "%$€£¥₹°"
_DECADE = "s"  # of the 1990s
_IN_SCALE = re.compile(r"\bin (?:[a-z]+ ){0,3}(thousand|million|billion)s?\b|[’'](000)s?\b", re.IGNORECASE)

_WORDS = "|".join([*_ONES, *_TENS, *_SCALES])
_NUMBER_WORDS = (
    rf"(?:(?:an? )?(?:half an? |quarter )?(?:(?:{_WORDS})s?)(?![a-z])"
    rf"(?:(?:[ -]|,? and | and a half )?(?:{_WORDS})s?(?![a-z]))*)"
)
_GROUPED = (
    r"\d{1,3}(?:[,’'\u00a0\u2009\u202f ]\d{3})+(?!\d)(?:[.,]\d+)?|\d{1,3}(?:\.\d{3}){2,}(?!\d)|\d{1,2}(?:,\d\d)+,\d{3}"
)
_NUMBER = re.compile(
    rf"(?P<sign>US\$|[A-Z]{{1,2}}\$|[$€£¥₹]|\b(?:USD|EUR|GBP|INR|JPY) )? ?"
    rf"(?<![\w.])(?<!\d,)"
    rf"(?:(?P<digits>{_GROUPED}|\d+(?:[.,]\d+)*|\.\d+)(?P<part>[{_UNICODE_FRACTIONS}])?"
    rf"(?P<ordinal>st|nd|rd|th)?(?P<plural>s(?![a-z]))?"
    rf"(?P<glued>(?:k|m|mn|b|bn|tn)(?!\w))?"
    rf"|(?P<fraction>[{_UNICODE_FRACTIONS}])"
    rf"|(?P<words>{_NUMBER_WORDS})"
    rf"|(?P<ordinals>(?:(?:{'|'.join(_TENS)})-)?(?:{'|'.join(_ORDINALS)})(?![a-z])))"
    rf"(?![\w]*[A-Za-z]\d)"
    rf"(?P<scale>(?:[ -](?:hundred|thousand|million|billion|trillion|lakh|crore|dozen|mn|bn|tn|m|b|k)s?(?![\w]))+)?"
    rf"(?P<unit>[ -]?(?:%|°[CF]?|per cent|percentage points?|km/h|[ap]\.m\b|[A-Za-z]+))?",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def figures(text: str) -> tuple[Figure, ...]:
    """Return the numbers of a text that are not part of a date, "one" by itself left out: it is rarely a count."""
    taken = [moment.span for moment in moments(text)]
    return tuple(f for f in _numbers(text) if not any(a < f.span[1] and f.span[0] < b for a, b in taken))


def _numbers(text: str) -> Iterator[Figure]:
    down = _DOWN.search(text) is not None
    for match in _NUMBER.finditer(text):
        values = _values(match)
        if values:
            unit = _unit(match)
            parts = [name for name in _PARTS if match[name] and (name != "unit" or _word(match))]
            span = match.start(parts[0]), match.end(parts[-1])
            yield Figure(frozenset(values), unit, span, 0 if down else _sign(text, span))


def _sign(text: str, span: Span) -> int:
    if text[: span[0]].endswith("(") and text[span[1] :].startswith(")"):
        return 0  # in accounts that is a loss
    return -1 if _MINUS.search(text[max(0, span[0] - 8) : span[0]]) else 1


def _values(match: re.Match[str]) -> set[Fraction]:
    if match["digits"]:
        values = set(_digits(match["digits"]))
        if match["part"]:
            values = {v + _part(match["part"]) for v in values}
        before = match.string[max(0, match.start("digits") - 5) : match.start("digits")]
        if re.search(r"\d{4}[-–/]$", before) and re.fullmatch(r"\d\d", match["digits"]):
            values |= {Fraction(int(before[-5:-3]) * 100) + v for v in values}  # 2019–20
        if match["glued"]:
            scaled = {v * _SHORT_SCALES[match["glued"].lower()] for v in values}
            values = scaled | values if match["glued"] in "mM" else scaled  # "5m" may be metres
    elif match["fraction"]:
        values = {_part(match["fraction"])}
    elif match["ordinals"]:
        tens, _, last = match["ordinals"].lower().rpartition("-")
        values = {Fraction(_TENS.get(tens, 0) + _ORDINALS[last])}
    else:
        values = set(_spelled(match["words"]))
    for scale in re.findall(r"[a-z]+", (match["scale"] or "").lower()):
        size = _SCALES.get(scale.rstrip("s")) or _SHORT_SCALES[scale.rstrip("s")]
        values = {v * size for v in values} | (values if len(scale) == 1 else set())  # "5 m" may be metres
    return values


def _part(sign: str) -> Fraction:
    return Fraction(unicodedata.numeric(sign)).limit_denominator(10)


def _digits(text: str) -> Iterator[Fraction]:
    """Yield what a run of digits may mean: a comma or a point groups thousands in one language and not in another."""
    plain = re.sub(r"[’'\u00a0\u2009\u202f ]", "", text)[:_DIGITS]
    if plain.count(".") + plain.count(",") == 1 and not plain.startswith("."):
        whole, mark, rest = re.split(r"([.,])", plain)
        if len(rest) == 3 and mark == ",":
            yield Fraction(whole + rest)
            return
        yield Fraction(f"{whole}.{rest}")
        if len(rest) == 3:
            yield Fraction(whole + rest)
        return
    last = max(plain.rfind("."), plain.rfind(","))
    if last < 0 or (plain.count(plain[last]) > 1):
        yield Fraction(re.sub(r"[.,]", "", plain) or 0)
        return
    yield Fraction(re.sub(r"[.,]", "", plain[:last]) + "." + plain[last + 1 :])


def _spelled(text: str) -> Iterator[Fraction]:
    """Yield the value of number words: "two hundred and five", "half a million", "a dozen"; nothing for "one"."""
    words = re.findall(r"[a-z]+", text.lower())
    if words in (["one"], ["ones"]) or all(word in ("a", "an", "and", "half", "quarter") for word in words):
        return
    plural = [word for word in words if word.rstrip("s") in _SCALES and word.endswith("s")]
    if plural and not any(word in _ONES or word in _TENS for word in words):
        return  # "hundreds of", "thousands": no number
    total, current = Fraction(0), Fraction(0)
    for word in words:
        name = word if word in _ONES or word in _TENS or word in _SCALES else word.removesuffix("s")
        if name == "half":
            current += Fraction(1, 2)
        elif name in _ONES or name in _TENS:
            current += _ONES.get(name) or _TENS[name]
        elif name == "hundred" or name == "dozen":
            current = (current or 1) * _SCALES[name]
        elif name in _SCALES:
            total += (current or 1) * _SCALES[name]
            current = Fraction(0)
    yield total + current


def _unit(match: re.Match[str]) -> str:
    sign = (match["sign"] or "").strip().lower()
    if sign:
        return _CURRENCY.get(sign, sign)
    if match["ordinal"] or match["ordinals"]:
        return "century" if _word(match) == "century" else ""
    if match["plural"]:
        return _DECADE
    return _word(match)


def _word(match: re.Match[str]) -> str:
    word = (match["unit"] or "").strip(" -").replace(".", "").lower()
    return _UNITS.get(word) or (_UNITS.get(word.removesuffix("s")) if len(word) > 2 else None) or ""


def states_figure(figure: Figure, quote: str, around: str = "") -> Span | None:
    """Return where a quote gives the same number in the same unit, or None.

    A unit or scale may stand apart from its number, as in a table's header: `around` is where else it is looked for.
    """
    context = f"{quote}\n{around}"
    for found in figures(quote):
        if _fits(figure, found, context) and (figure.values & found.values or _scaled(figure, found, context)):
            return found.span
    if not figure.unit:
        for moment in moments(quote):
            if not figure.values.isdisjoint({moment.year, moment.day}):
                return moment.span
    return None


def _fits(figure: Figure, found: Figure, context: str) -> bool:
    """Tell whether units agree; one that the quote leaves out has to be named nearby, one that we leave out not."""
    if figure.sign * found.sign < 0:
        return False
    if figure.unit == found.unit:
        return True
    if _DECADE in (figure.unit, found.unit):
        return False
    return not figure.unit or (not found.unit and _names_unit(figure.unit, context))


def _names_unit(unit: str, text: str) -> bool:
    if unit in _SIGNS and unit in text:
        return True
    words = {word.removesuffix("s") for word in re.findall(r"[a-z]+", text.lower())}
    return any(name.removesuffix("s") in words for name, sign in _UNITS.items() if sign == unit)


def _scaled(figure: Figure, found: Figure, context: str) -> bool:
    """Tell whether a bare number of a table says the same by its header's "in millions"."""
    sizes = [_SCALES[match[1].lower()] if match[1] else 1000 for match in _IN_SCALE.finditer(context)]
    return any(value / size in found.values for size in sizes for value in figure.values)
