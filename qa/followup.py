"""What a follow-up leaves unsaid, taken from the turns before it, without a language model.

"When?" and "And in Jordan?" mean something only after another question, "Where was she born?" after an answer. What
they lean on is searched for beside them and counts less than their own words. A question that stands alone is left as
it is, so that a change of subject is not held back by the subject before.
"""

import re
from collections.abc import Iterator, Sequence

from index.types import Context
from index.words import UNSPACED, is_common, words

from .types import Turn

QUESTION, EARLIER, NAMES = 0.35, 0.28, 0.4
"""What the question before, one before that, and the names in the answer count beside a question's own 1."""
FEW = 4
"""Telling words from which a question stands alone, if nothing in it points elsewhere."""
MOST_NAMES = 6
_LONGEST_QUESTION, _LONGEST_ANSWER = 300, 1_000  # characters that are looked at

_OPENS = re.compile(
    r"\s*(?:and|but|so|or|also|then|what about|how about|(?:any|what|anything|anyone) (?:other|else|more)|why not"
    r"|same for|i meant?|you (?:said|say|meant?|mention(?:ed)?)|no,|yes,)(?!\w)",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"(?!(?-i:IT\b))\bit\b(?! takes? (?:\w+ )?to\b)(?! (?:true|possible|safe|legal|allowed) (?:that|to)\b)"
    r"|\b(?:its|they|them|theirs?|he|him|his|she|hers?|this|these|those|former|latter|else)\b"
    r"|\b(?:of|about|by|with|for|from|to|in|on|at|like|than|do|did|does|is|was|are|were|why|when|how|after) that\b"
    r"|^\W*that\b|\bthat\W*$|\b(?:over|in|from|to|up) there\b|(?<!\bare )(?<!\bis )(?<!\bwas )(?<!\bwere )\bthere\W*$"
    r"|\b(?:which|that|the|each|any) ones?\b|\bones?\W*$|\bothers?\b(?! than\b)|\bboth\b(?!.*\band\b)"
    r"|\bmore (?:about|details?|information)\b|\bmore\W*$|\bthe same\b(?! as\b)|\bsuch an?\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?<=[a-z,] )[A-Z][\w'’.-]+")
_FILLERS = frozenset(
    "ok okay yes no thank want need know like get got mean meant think realli veri good sure say said explain describ "
    "detail inform type kind sort main if let one els anoth".split()
)
"""Stems of words that say how something is asked, not what."""
_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĪĮİŁŃŇŌŐŒŘŚŞŠŤŪŮŰŹŻŽΑ-ΩА-Я][\w'’&-]*"
_NAME = re.compile(rf"{_CAPITAL}(?:(?: (?:of|the|and|for|de|del|la|van|von))? {_CAPITAL})*")
_WITHIN = re.compile(r"[^.!?:\"“”*\s]\s*$")
_SUBJECT = re.compile(r"\W*$| \(| (?:is|are|was|were|has|had|have)\b")
"""What follows a name that opens a sentence."""
_MARK = re.compile(r"\s*\[[\w ,-]*\]")


def context_of(question: str, history: Sequence[Turn]) -> Context:
    """Return the texts that a follow-up leans on, as they were said, each with what it counts; none if it is whole."""
    leaning = leaning_of(question)
    if not leaning or not history:
        return ()
    questions = list(zip(_questions(history, leaning), (QUESTION, EARLIER), strict=False))
    names = ", ".join(new_names(history[-1]))
    return tuple((text, leaning * counts) for text, counts in (*reversed(questions), (names, NAMES)) if text)


def leaning_of(question: str) -> float:
    """Return how far a question leans on what was said before: from 0, where it stands alone, to 2 ("When?").

    1 is for one that points at something that it has not named itself, or says next to nothing, and 0.5 for one of
    few words, which may lean or not.
    """
    question = question[:_LONGEST_QUESTION]
    telling = _telling(question)
    if not telling:
        return 2.0
    if telling < 2 or _OPENS.match(question) or _points(question):
        return 1.0
    return 0.5 if telling < FEW else 0.0


def points_back(question: str) -> bool:
    """Tell whether a question can't be read by itself: it points at what was said, or is only a piece of one."""
    question = question[:_LONGEST_QUESTION]
    pieces = len(question.split()) < FEW or not _telling(question)
    return pieces or _OPENS.match(question) is not None or leaning_of(question) > 1 or _points(question)


def _points(question: str) -> bool:
    """Tell whether a question points at something that it has not named itself before."""
    points = _POINTS.search(question)
    return points is not None and not _NAMED.search(question[: points.start()])


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return a question with what it leans on, for people to read: what is searched for, in words."""
    said = [text for text, _ in context_of(question, history)]
    return f"{question} (after: {' · '.join(said)})" if said else question


def new_names(turn: Turn) -> list[str]:
    """Return the first names in a turn's answer that its question does not hold."""
    asked = set(words(turn.question[:_LONGEST_QUESTION]))
    found = dict.fromkeys(_names(_MARK.sub("", turn.answer[:_LONGEST_ANSWER])))
    return [name for name in found if not asked.issuperset(words(name))][:MOST_NAMES]


def _names(text: str) -> Iterator[str]:
    """Yield runs of capitalised words without those that only open a sentence."""
    for match in _NAME.finditer(text):
        parts = match[0].split()
        if not _WITHIN.search(text[max(0, match.start() - 3) : match.start()]):
            lone = len(parts) == 1 and not _SUBJECT.match(text, match.end())
            parts = parts[1:] if lone or is_common(parts[0].lower()) else parts
        if len("".join(parts)) > 1:
            yield " ".join(parts)


def _questions(history: Sequence[Turn], leaning: float) -> Iterator[str]:
    """Yield the latest question that tells something and, if there is doubt that it is enough, the one before that.

    Where the latest leans too, it is followed to one that may be whole. Each text is one more to embed.
    """
    asked = (turn.question[:_LONGEST_QUESTION] for turn in reversed(history))
    told = [question for question in asked if _telling(question)]
    yield from told[:1]
    if len(told) > 1 and leaning_of(told[0]):
        yield next((question for question in told[1:] if leaning_of(question) < 1), told[1])
    elif len(told) > 1 and leaning >= 1:
        yield told[1]


def _telling(question: str) -> int:
    """Count the words that tell what is asked about; three characters for one in scripts without spaces."""
    spaced = words(UNSPACED.sub(" ", question))
    unspaced = sum(map(len, UNSPACED.findall(question)))
    return len({word for word in spaced if not is_common(word) and word not in _FILLERS}) + unspaced // 3
