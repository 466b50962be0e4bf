"""A follow-up as a question that stands alone, by rules for English: "And on 3 June?" after "How many were struck on 2
June?" is "How many were struck on 3 June?".

Only what can be put in with little doubt is: a date for a date, a name for a name, a phrase for one that opens with the
same word, a pronoun's name. Where that fails, the follow-up is searched for beside what it leans on (`followup.py`).
"""

import re
from collections.abc import Sequence

from index.types import Context
from index.words import is_common, language

from .checks.dates import moments
from .followup import context_of, leaning_of, new_names, points_back
from .types import Turn

_TURNS = 4  # that are looked at
_LONGEST = 300  # characters
_OPENS = re.compile(r"\s*(?:and|but|so|or|also|then|what about|how about|same for)(?!\w)[ ,]*", re.IGNORECASE)
_PREPOSITIONS = "about|after|at|before|between|by|during|for|from|in|near|of|on|per|since|to|under|until|with|without"
_PREPOSITION = re.compile(rf"({_PREPOSITIONS})\s", re.IGNORECASE)
_PHRASE = r"(?:(?!\b(?:{0})\b)[^?,;])*"
_ASKS = re.compile(
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|has|have|had|can|could|will|would"
    r"|should|may|might|must)\b",
    re.IGNORECASE,
)
_VERBS = "is|are|was|were|has|had|have|do|does|did|can|could|will|would|may|must|should"
_THE = re.compile(
    rf"\bthe\s+[\w'’-]+(?:\s+(?!(?:{_PREPOSITIONS}|{_VERBS}|and|or|that|who|which)\b)[\w'’-]+)?", re.IGNORECASE
)
_LAST = re.compile(rf"\b(?:{_PREPOSITIONS})\s+(?!the\b|an?\b)([^?,;]+)\?*\s*$", re.IGNORECASE)
_NAMED = re.compile(r"(?<=[\w,] )[A-Z][\w'’.-]*(?:(?: (?:of|de|van|von|al))? [A-Z][\w'’.-]*)*")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_WHEREABOUTS = r"\b(?:in|at|near|from|to)(?: the)?"
_PERSON = re.compile(r"\b(?:he|she|him|her(?= *(?:[?,;]|$))|(?:he|she)(?='s))\b")
_OF_PERSON = re.compile(r"\b(?:his|hers|her)\b")
_THING = re.compile(r"(?<!\bis )\bit\b(?! (?:true|possible|safe|legal|allowed) (?:that|to)\b)")
_OF_THING = re.compile(r"\bits\b")


def taken_as(question: str, history: Sequence[Turn]) -> tuple[str, Context]:
    """Return the question that is asked, in whole words where that can be told, and what it still leans on."""
    whole = reworded(question, history)
    leans = whole is None or leaning_of(whole) >= 1
    return whole or question, context_of(whole or question, history) if leans else ()


def reworded(question: str, history: Sequence[Turn]) -> str | None:
    """Return a follow-up as a question that stands alone, or None where it is one already or can't be told."""
    before: str | None = None
    for number, turn in enumerate(turns := history[-_TURNS:]):
        asked = turn.question.strip()[:_LONGEST]
        before = _put(asked, before, turns[number - 1] if number else None) or asked
    if before is None or len(question) > _LONGEST:
        return None
    return _put(question.strip(), before, history[-1])


def _put(question: str, before: str | None, turn: Turn | None) -> str | None:
    if not before or turn is None or leaning_of(question) < 1 or language(f"{before} {question}") != "english":
        return None
    opening = _OPENS.match(question)
    own = question[opening.end() :] if opening else question
    if not own.strip(" ?!."):
        return None
    if not _ASKS.match(own):
        return _in_place(before, own.strip(" ?!.")) if opening or len(own.split()) <= 4 else None
    return _with_names(own, before, turn) or (own[0].upper() + own[1:] if opening and not points_back(own) else None)


def _in_place(before: str, phrase: str) -> str | None:
    """Put a phrase into a question in the place of what it stands for."""
    for find in (_dates, _years):
        ours, theirs = find(phrase), find(before)
        if ours and theirs and ours[-1] == (0, len(phrase)):
            return _replaced(before, theirs[-1], phrase)
    if opening := _PREPOSITION.match(phrase):
        same = list(re.finditer(rf"\b{opening[1]}\s+{_PHRASE.format(_PREPOSITIONS)}", before, re.IGNORECASE))
        if same:
            return _replaced(before, same[-1].span(), phrase)
        return f"{before.rstrip(' ?')} {phrase}?"
    if phrase[0].isupper() and (names := list(_NAMED.finditer(before))):
        owned = re.search(r"['’]s?$", names[-1][0])
        return _replaced(before, names[-1].span(), phrase + (owned[0] if owned else ""))
    if _THE.match(phrase):
        named = _THE.search(before)
        return _replaced(before, named.span(), phrase) if named else None
    last = _LAST.search(before)
    if not last or any(is_common(word.lower()) for word in last[1].split()):
        return None
    return _replaced(before, last.span(1), phrase)


def _dates(text: str) -> list[tuple[int, int]]:
    return [moment.span for moment in moments(text)]


def _years(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _YEAR.finditer(text)]


def _replaced(text: str, span: tuple[int, int], phrase: str) -> str:
    end = span[1] - (len(text[: span[1]]) - len(text[: span[1]].rstrip()))
    return text[: span[0]] + phrase + text[end:]


def _with_names(question: str, before: str, turn: Turn) -> str | None:
    """Put a name in the place of a pronoun, if only one can be meant."""
    asked = list(dict.fromkeys(re.sub(r"['’]s?$", "", m[0]) for m in _NAMED.finditer(before)))
    names = [name for name in asked if not re.search(rf"{_WHEREABOUTS} {re.escape(name)}", before)] or new_names(turn)
    if _PERSON.search(question) or _OF_PERSON.search(question):
        if len(names) != 1:
            return None
        found = _OF_PERSON.sub(f"{names[0]}'s", _PERSON.sub(names[0], question, count=1), count=1)
        return found[0].upper() + found[1:]
    if _THING.search(question) or _OF_THING.search(question):
        thing = _thing(before) or (asked[0] if len(asked) == 1 else None)
        if not thing:
            return None
        found = _OF_THING.sub(f"{thing}'s", _THING.sub(thing, question, count=1), count=1)
        return found[0].upper() + found[1:]
    return None


def _thing(before: str) -> str | None:
    """Return the one thing that a question is about: "the ferry"."""
    if re.match(r"\W*who", before, re.IGNORECASE):
        return None
    found = [match[0] for match in re.finditer(r"\bthe \w+", before) if not is_common(match[0].split()[1])]
    return found[0] if len(found) == 1 else None
