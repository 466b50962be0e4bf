"""Exact words made whole: with the "not" that they stand under, with the rest of a list, as the whole cell of a row.

What a network points at can be too little to be told alone: of "Do not store above 25 °C" it takes "above 25 °C".
"""

import re

from index.questions import NUMBER
from index.types import Span

LONGEST = 160
"""Characters of the longest exact words that these rules make."""
_NEGATION = re.compile(
    r"\b(?:(?:do|does|did|must|should|shall|may|might|can|could|will|would|is|are|was|were|has|have|had) not"
    r"|\w+n['’]t|cannot|not|never|nor|no|without|except|unless)\b",
    re.IGNORECASE,
)
_ENDS_A_CLAUSE = re.compile(r"[,;:.!?()—–\n]|\b(?:but|because|when|while|if|that|which|who|so|until|and then)\b")
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|am|has|have|had|do|does|did|will|would|can|could|may|must|should|shall)\b"
)
_NEAR = 4
"""Words that may stand between a negation and what it negates."""
_THING = r"(?:[^,;:.!?()\n]|[.,](?=\d)|\([^()\n]*\)){1,60}?"
_END = r"(?=[,;:.!?)\n](?!\d)|$)"
_CLAUSE = r"(?:who|whose|which|that|where|when|while|but|so|because|as|if|in|at|on|by|for|after|before|with)\b"
_MORE_THINGS = re.compile(
    rf"(?:[^,;:.!?()\n]|\([^()\n]*\)){{0,40}}?"
    rf"(?:(?:, (?!and\b|or\b){_THING})*,? (?:and|or) {_THING}{_END}|(?:, (?!{_CLAUSE}){_THING}){{2,}}(?=[.;\n]|$))"
)
_TIME_OF_DAY = re.compile(r"\d{1,2}(?:[:.]\d\d)?(?: ?[ap]\.?m\.?| o'clock)?", re.IGNORECASE)
_NUMBERING = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})+|(?:\d{1,3}|[A-Za-z])(?=[.)]))[.)]*(?=\s+[^\W\d_a-z])")
_ANOTHER_NUMBER = re.compile(rf"(?:, +(?:and )?| and +)(?:{NUMBER.pattern})$", re.IGNORECASE)


def with_negation(question: str, text: str, span: Span) -> Span:
    """Widen a span to the negation that it stands under: without it, it would say the opposite.

    Not where the question holds the negation itself: "What may not be stored?"
    """
    if _NEGATION.search(question):
        return span
    clause = max((match.end() for match in _ENDS_A_CLAUSE.finditer(text, 0, span[0])), default=0)
    found = list(_NEGATION.finditer(text, clause, span[0]))
    if not found:
        return span
    between = text[found[-1].end() : span[0]]
    return span if _VERB.search(between) or len(between.split()) > _NEAR else (found[-1].start(), span[1])


def with_enumeration(text: str, span: Span) -> Span:
    """Widen a span to the end of the list that it opens: "flour", of "flour, salt and two eggs."."""
    more = _MORE_THINGS.match(text, span[1])
    return (span[0], more.end()) if more and more.end() - span[0] <= LONGEST else span


def with_date(text: str, span: Span, date: Span) -> Span:
    """Widen a time of day to the date beside it: "4 June at 10:30"."""
    both = min(span[0], date[0]), max(span[1], date[1])
    between = text[min(span[1], date[1]) : max(span[0], date[0])]
    near = len(between) <= len(", at ") and "." not in between
    return both if near and _TIME_OF_DAY.fullmatch(text, *span) else span


def whole_cell(row: str, span: Span) -> Span:
    """Widen a span to the value in which it stands of a table's row; a column's name stays as it is."""
    start = max(row.rfind(": ", 0, span[0]) + len(": "), row.rfind("; ", 0, span[0]) + len("; "))
    ends = [end for end in (row.find("; ", span[1]), row.find(": ", span[1])) if end >= 0]
    end = min(ends, default=len(row))
    is_value = row[:start].endswith(": ") and not row.startswith(": ", end)
    return (start, end) if is_value and end - start <= LONGEST else span


def without_next_number(text: str, span: Span) -> Span:
    """Cut a number that opens the next thing: "Nine were radar sites, five", of "... , five were depots"."""
    cut = _ANOTHER_NUMBER.search(text, *span)
    return (span[0], cut.start()) if cut and NUMBER.search(text, span[0], cut.start()) and cut.start() else span


def has_verb(text: str) -> bool:
    """Tell whether a common verb stands in a text, "is" or "must"."""
    return _VERB.search(text) is not None


def is_numbering(text: str, span: Span) -> bool:
    """Tell whether a span is only the number of a clause or an item: "3.1" of "3.1 The salary is paid monthly"."""
    numbering = _NUMBERING.match(text)
    return numbering is not None and numbering.end() >= span[1]
