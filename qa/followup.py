"""What a follow-up leaves unsaid, taken from the turns before it, without a language model.

"When?" and "And in Jordan?" mean something only after another question. A question that stands alone is left as it is,
so that a change of subject is not held back by the subject before.
"""

import re
from collections.abc import Sequence

from .types import Turn

_OPENS = re.compile(
    r"\s*(?:and|but|so|or|also|then|what about|how about|what else|any other|why not|same for)\b", re.IGNORECASE
)
_REFERS = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|one|ones|both|such"
    r"|former|latter|same|more|else|others?)\b",
    re.IGNORECASE,
)
_SMALL = frozenset(
    """a an the of in on at to for and or but so by with from is are was were be been do does did has have had can could
    will would should may might how what when where which who whom whose why many much long old about into than then
    as it its they them their he him his she her this that these those there i you we me my your our us please tell
    give show explain say says said more else also""".split()
)
_FEW = 3
"""Telling words up to which a question is taken for the rest of the one before."""


def context_of(question: str, history: Sequence[Turn]) -> str:
    """Return the earlier words that a follow-up leans on, or nothing where the question stands alone."""
    if not history or not leans(question):
        return ""
    previous = history[-1].question
    earlier = context_of(previous, history[:-1]) if len(history) > 1 else ""
    return " ".join(part for part in (earlier, previous) if part)


def leans(question: str) -> bool:
    """Tell whether a question can't be understood without the one before it."""
    telling = [word for word in re.findall(r"[\w'’]+", question.lower()) if word not in _SMALL]
    return bool(_OPENS.match(question) or _REFERS.search(question)) or len(telling) < _FEW


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return the question with what it leans on, as it is searched for."""
    context = context_of(question, history)
    return f"{context} {question}" if context else question
