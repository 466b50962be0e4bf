"""Terms that a contract or a policy defines: ... Northgate Estates Ltd ("Landlord") ..., "Term" means five years."""

import re

from index.types import Span

_ASKED = re.compile(
    r"^\W*(?:what is meant by|(?:who|what) (?:is|are|was|were)|define) (?:the |an? )?(?P<term>[^?]{2,40}?)\W*$"
    r"|^\W*what does (?:the )?(?P<meant>[^?]{2,40}?) mean\W*$",
    re.IGNORECASE,
)
_QUOTES = "[\"“”'‘’«»„]"
_NAME = re.compile(
    r"(?:^|(?<=between )|(?<=and )|(?<=by )|(?<=with )|(?<=from )|(?<=to ))"  # not "of 27 Quay Street"
    r"[A-Z][\w&.'’-]*(?:,? (?:(?:of|and|the|for|&) )?[A-Z][\w&.'’-]*)*(?=\W*$)"
)
_MEANS = r"(?:(?:shall|will) mean|means|refers to|stands for)"
DEFINES = 6.0
"""What is added to the score of a sentence that defines what is asked for, more than any other is ahead of it."""


def term_asked_for(question: str) -> str | None:
    """Return the term that a question wants to know the meaning of, if it asks for nothing else."""
    asked = _ASKED.match(question)
    return (asked["term"] or asked["meant"]).strip("\"“”'‘’«»„ ") if asked else None


def definition(term: str, sentence: str) -> Span | None:
    """Return what a sentence calls by a term: the name before it in brackets, or what the term means."""
    word = rf"{_QUOTES}(?:the )?{re.escape(term)}{_QUOTES}"
    if bracketed := re.search(rf"\((?:[\w, ]{{0,20}} )?{word}\)", sentence, re.IGNORECASE):
        name = _NAME.search(sentence[: bracketed.start()])
        return name.span() if name else None
    meant = re.search(rf"{word} {_MEANS} (?P<what>.+?)\W*$", sentence, re.IGNORECASE | re.DOTALL)
    return meant.span("what") if meant else None
