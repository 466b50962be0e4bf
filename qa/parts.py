"""A question that asks two things, taken apart, so that what is covered and what is not can be told apart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.index import Index
from index.types import Context

from .core import core_of
from .followup import context_of
from .reading import Found, looked_at
from .types import Turn
from .versions import evidence_of

_WORD = r"(?:how|what|when|where|who|whom|whose|which|why)"
_ASKS = rf"(?:(?:in|at|by|for|from|to|of|on|with|since|until) )?{_WORD}"
_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might)"
_JOINT = re.compile(rf"(?:\s*[,;])?\s+(?:and|as well as|but)(?: also)?\s+(?={_ASKS}\b)", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=\?)\s+(?=\S)")
_OPENS = re.compile(rf"(?:(?:and|also|so|then|please|but),? )*(?:{_ASKS}|{_AUXILIARY})\b", re.IGNORECASE)
_RELATIVE = re.compile(r"\S\s+(?:who|which|where|when|that|whose)\s", re.IGNORECASE)
_MOST = 4


@dataclass(frozen=True, slots=True)
class Part:
    """One of the questions that a question asks, and what the library holds on it."""

    question: str
    found: Found


def look_up(
    index: Index, question: str, sources: Sequence[str] | None, context: Context, *, reader: bool = True
) -> tuple[Found, list[Part]]:
    """Return what the library holds on a question and, if it asks several things, on each of them.

    `context` is what the question leaves unsaid; what a later part leaves unsaid stands in those before it.
    """
    whole = looked_at(evidence_of(index, question, sources, context), reader=reader)
    core = core_of(question)
    if core != question:
        whole = replace(whole, alone=index.evidence(core, sources, context))
    asked = parts_of(core)
    parts: list[Part] = []
    for number, part in enumerate(asked if len(asked) > 1 else ()):
        before = context_of(part, [Turn(earlier, "") for earlier in asked[:number]])
        evidence = evidence_of(index, part, sources, (*context, *before))
        parts.append(Part(part, looked_at(evidence, reader=reader)))
    return whole, parts


def parts_of(question: str) -> list[str]:
    """Return the questions that a question is made of, in order; itself where it asks one thing."""
    found = [part for sentence in _SENTENCES.split(question.strip()) for part in _divided(sentence)]
    found = [part if part.endswith("?") else f"{part}?" for part in (p.strip(" ,;") for p in found) if part]
    asks = all(_OPENS.match(part) for part in found) and len(found[0].split()) > 2 if found else False
    return found if asks and 1 < len(found) <= _MOST else [question]


def _divided(sentence: str) -> list[str]:
    """Divide at "and" before a question word, unless that goes on a clause: "the man who won and who later ..."."""
    for joint in _JOINT.finditer(sentence):
        is_word = not sentence[joint.end() :].split()[0].isupper()  # the WHO asks nothing
        if is_word and not _RELATIVE.search(sentence[: joint.start()]):
            return [sentence[: joint.start()], *_divided(sentence[joint.end() :])]
    return [sentence]
