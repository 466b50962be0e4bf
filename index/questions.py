"""What a question asks for: a count, a date, a name, a place, a reason; and whether a sentence could give it."""

import re
from functools import lru_cache

_KINDS = (
    (
        "statement",
        r"\bwhat (?:did|does|has|had) .*\b(?:say|said|stated?|call|called|describe|described|tell|told|announced?)\b",
    ),
    (
        "count",
        r"\bhow (?:many|much|old|long|far|tall|high|large|big|often|few|deep|wide|fast|heavy|hot|cold)\b"
        r"|\b(?:what|which) (?:percent|percentage|number|amount|population|fraction|share|proportion|price|age)\b"
        r"|\bwhat (?:is|was|were|are) the (?:total |average |estimated )?"
        r"(?:number|population|amount|percentage|price|cost)\b",
    ),
    (
        "date",
        r"\bwhen\b|\b(?:what|which) (?:year|date|month|day|century|decade|period|era|season)s?\b|\bhow recently\b",
    ),
    (
        "name",
        r"\bwho(?:se|m)?\b|\b(?:what|which) (?:person|people|author|king|queen|president|emperor|scientist|man|woman"
        r"|company|group|organi[sz]ation|team|actor|producer|director|singer|band|leader|family|party)\b"
        r"|\bwhat (?:is|was) the name\b",
    ),
    (
        "place",
        r"\bwhere\b|\b(?:what|which) (?:city|country|place|state|region|town|location|county|area|river|continent"
        r"|street|building|province|district|countries|cities)\b",
    ),
    (
        "reason",
        r"\bwhy\b|\bhow (?:do|does|did|is|are|was|were|can|could|should|to)\b|\bfor what (?:reason|purpose)\b",
    ),
)
_SURVEY = re.compile(
    r"^\W*(?:please )?(?:summar|outlin|explain|describ|list\b|enumerat|compar|discuss|tell me (?:about|how|why|more)"
    r"|give (?:me )?(?:an overview|a summary|a list|examples|reasons))|\b(?:overview|summary) of\b"
    r"|\bwhat (?:are|were) the (?:\w+ )?(?:reasons|causes|effects|consequences|advantages|disadvantages|benefits|risks"
    r"|problems|steps|differences|arguments|symptoms|findings|conclusions|main points|limitations|weaknesses|strengths"
    r"|shortcomings|requirements|recommendations|objectives|goals|aims|responsibilities|duties)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:who|what|which)\b(?: \w+){0,3}? (?:are|were)\b"
    r"|\b(?:what|which) (?:(?!(?:was|has|does|this|its)\b)[a-z]{2,}(?<![siu])s|people|children|men|women|criteria)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^\W*(?:and |so |but )?(?:is|are|was|were|do|does|did|can|could|may|might|must|should|has|have|had|will|would)\b",
    re.IGNORECASE,
)
_PATTERNS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS]
_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen"
    "|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|dozens?|hundreds?|thousands?|millions?|billions?"
    "|half|twice|once|several|third|quarter"
)
NUMBER = re.compile(rf"(?<![\w.])[$€£¥]?\d[\d,.]*\d?|\b(?:{_NUMBERS})\b", re.IGNORECASE)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(
    rf"\b(?:{_MONTHS})\b|\b1\d{{3}}s?\b|\b20\d\ds?\b|\b\d{{1,4}} (?:BCE?|AD|CE)\b|\b(?:century|centuries|decade)\b"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:years?|months?|days?|weeks?) (?:ago|later|after|before)\b"
)
QUOTED = re.compile(r"[“\"«„]([^“”\"«»„]{3,300})[”\"»“]")
NAME = re.compile(r"(?<=[^.!?\s] )[\"'“‘(]?[A-Z][\w'’.-]*|^[A-Z][\w'’-]*(?= [A-Z])")


@lru_cache(maxsize=256)
def kind_of(question: str) -> str:
    """Return "statement", "count", "date", "name", "place", "reason" or "other"."""
    return next((kind for kind, pattern in _PATTERNS if pattern.search(question)), "other")


def is_survey(question: str) -> bool:
    """Tell whether a summary, a list or an explanation is asked for, which no few words give."""
    return _SURVEY.search(question) is not None


def asks_for_several(question: str) -> bool:
    """Tell whether more than one thing is asked for: "Who are the members?", "Which documents must be handed in?"."""
    return is_survey(question) or _SEVERAL.search(question) is not None


def is_yes_or_no(question: str) -> bool:
    """Tell whether yes or no is asked for, as far as its first word tells."""
    return _YES_NO.match(question) is not None


def could_answer(kind: str, sentence: str, asked: frozenset[str]) -> bool | None:
    """Tell whether a sentence holds the kind of thing that is asked for; None where that can't be told.

    `asked` holds the question's own words in lower case: a name that the question gives is no answer to it.
    """
    if kind == "statement":
        return QUOTED.search(sentence) is not None
    if kind == "count":
        return NUMBER.search(sentence) is not None
    if kind == "date":
        return DATE.search(sentence) is not None
    if kind in ("name", "place"):
        return any(name.strip("\"'“‘(.").lower() not in asked for name in NAME.findall(sentence))
    return None
