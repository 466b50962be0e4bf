"""What the opening of a document says of all of it: whose contract it is, of which day a report.

"What is Maria's salary?" is answered by "3.1 The salary is 62,000", ten clauses below the one that names her. Search,
ranking and reader see passages; what only the document's opening has of the question is put beside each of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from .rerank import Candidate, Question, share
from .types import Passage, Span
from .words import is_common, words

LEAST = 0.15
"""The share of the question that a sentence of an opening must add."""
_CHARACTERS = 600  # of an opening
_TITLE = 80  # characters up to which a first passage is only a title, and the second belongs to the opening
_MOST = 24  # names of a question; of more no document opens with all
_LINE = 16  # words of a line without an end
_TOKEN = re.compile(r"\b\d[\w.,:-]*|\b[^\W\d_][\w'’-]*")
_OF_ITSELF = re.compile(
    r"^\W*(?:this|the present|these) (?:[\w-]+ ){0,3}?(?:agreement|contract|lease|deed|policy|plan|report|review|study"
    r"|document|letter|memo(?:randum)?|invoice|offer|order|quotation|certificate|statement|notice|minutes|manual|guide"
    r"|handbook|leaflet|summary|terms|licen[cs]e|form|application|protocol|specification|proposal|survey|audit)\b"
    r"|\([^()]*[\"“”][^()]*\)",
    re.IGNORECASE,
)

OPENING = 2
"""Passages that a document opens with."""


def lacking_names(question: Question, candidates: Sequence[Candidate]) -> dict[str, set[str]]:
    """Return, by the id of each passage that lacks some of them, the question's names, numbers and dates it lacks.

    Only these are looked for in an opening: they tell which contract or day is meant. Other words would make any
    passage look like an answer.
    """
    as_typed = question.text != question.text.lower()
    named = names_in(question.text, question.language) if as_typed else set(question.words)
    known = len(named) <= _MOST and share(question, named) >= LEAST
    patterns = {word: _pattern(word) for word in named} if known else {}
    lacking: dict[str, set[str]] = {}
    for passage in (candidate.passage for candidate in candidates) if patterns else ():
        text = f"{passage.title} {passage.heading} {passage.text}".lower()
        missing = {word for word, pattern in patterns.items() if not pattern.search(text)}
        if passage.start and share(question, missing) >= LEAST:
            lacking[passage.id] = missing
    return lacking


def _pattern(stem: str) -> re.Pattern[str]:
    """Return what finds a word by its stem, without telling all words of a text: "normandi" of "Normandy"."""
    return re.compile(rf"\b{re.escape(stem)}\b" if stem[-1].isdigit() else rf"\b{re.escape(stem.removesuffix('i'))}")


def with_openings(
    question: Question,
    candidates: Sequence[Candidate],
    lacking: Mapping[str, set[str]],
    openings: Mapping[str, Sequence[Passage]],
) -> list[Candidate]:
    """Return candidates, each with the sentences of its document's opening that say what it lacks of the question.

    Of prose nothing counts ("the Normans gave their name to Normandy, a region in France"), but a line without an end
    ("Period: 2 June") and what a document says of itself ("This agreement is made between").
    """
    return [
        _with_opening(question, candidate, lacking[candidate.passage.id], openings.get(candidate.passage.id, ()))
        if candidate.passage.id in lacking
        else candidate
        for candidate in candidates
    ]


def names_in(text: str, language: str) -> set[str]:
    """Return the words of a sentence, after its first, that are written like names or numbers."""
    first = text.partition(" ")[0]
    tokens = _TOKEN.findall(text if first.isupper() or any(map(str.isdigit, first)) else text[len(first) :])
    some = " ".join(token for token in tokens if token[0].isupper() or token[0].isdigit())
    return {word for word in words(some, language) if not is_common(word)}


def _with_opening(question: Question, candidate: Candidate, missing: set[str], opening: Sequence[Passage]) -> Candidate:
    above, known = list[tuple[Passage, Span]](), set[str]()
    for part, (start, end) in _of_all(opening, candidate.passage.start):
        new = missing & names_in(f"- {part.text[start:end]}", question.language) - known
        if share(question, new) >= LEAST:
            above.append((part, (start, end)))
            known |= new
    return replace(candidate, above=tuple(above), known=frozenset(known))


def _of_all(opening: Sequence[Passage], before: int) -> Iterator[tuple[Passage, Span]]:
    """Yield the sentences of an opening, above an offset, that may be about all of the document."""
    is_title = opening and len(opening[0].sentences) == 1 and len(opening[0].text) <= _TITLE
    for part in opening if is_title else opening[:1]:
        for start, end in part.sentences if part.start < before else ():
            text = part.text[start:end]
            is_line = text[-1] not in ".!?" and len(text.split()) <= _LINE and "; " not in text  # nor a table's row
            if end <= _CHARACTERS and (is_line or _OF_ITSELF.search(text)):
                yield part, (start, end)
