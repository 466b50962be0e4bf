"""Questions that the documents can answer, made from their own sentences, to show a newcomer what to ask."""

import re
from collections.abc import Iterable, Iterator, Sequence

from index.errors import UnknownSource
from index.index import Index
from index.types import Passage
from index.words import language

from .types import Answer

_DEFINED = re.compile(
    r"^(?:The )?(?P<what>[A-Z][\w’'-]*(?: (?:of|the|and|for|in) (?=[A-Z])[\w’'-]+| [A-Z][\w’'-]*){0,4}) "
    r"(?P<verb>is|are|was|were) (?:a|an|the|one|known|used|defined)\b"
)
_COUNTED = re.compile(
    r"\b(?:over|about|more than|nearly|some)? ?\d[\d,]* (?P<what>[a-z]{4,}s)\b(?! (?:ago|later|old|of age))"
)
_DID = re.compile(
    r"^(?P<who>[A-Z][\w’'-]+(?: [A-Z][\w’'-]+){0,2}) "
    r"(?:stated|said|argued|praised|warned|announced|added)\b"
)
_UNITS = frozenset("years months weeks days hours minutes seconds percent times dollars euros pages points".split())
_OPENERS = frozenset(
    "This That These Those It They He She We I There Here What Such Another Each Both All Most Some".split()
)
_LOOKED_AT = 12
_FOLLOWED = 2


def candidates(index: Index, n: int) -> Iterator[str]:
    """Yield questions on the latest documents, taking turns; whether they are answered is for the caller to see."""
    latest = sorted(index.documents(), key=lambda document: document.added, reverse=True)[: 2 * n]
    made = [list(_questions(index.opening(document.source, _LOOKED_AT))) for document in latest]
    longest = max(map(len, made), default=0)
    turns = (question for place in range(longest) for found in made for question in found[place : place + 1])
    yield from dict.fromkeys(turns)


def follow_ups(index: Index, answer: Answer, n: int = 3) -> list[str]:
    """Return up to `n` questions that an answer's documents answer in other sentences than those it quotes.

    Nothing is searched for: each question is made of the sentence that answers it.
    """
    sources = list(dict.fromkeys(citation.source for citation in answer.citations))[:_FOLLOWED]
    near = [result.passage for result in answer.results if result.passage.source in sources]
    quoted = [citation.quote for citation in answer.citations]
    found: dict[str, None] = {}
    for question, sentence in _made([*near, *_openings(index, sources)]):
        is_new = question.lower() != answer.question.lower() and not any(sentence in quote for quote in quoted)
        if is_new:
            found[question] = None
        if len(found) == n:
            break
    return list(found)


def _openings(index: Index, sources: Sequence[str]) -> Iterator[Passage]:
    for source in sources:
        try:
            yield from index.opening(source, _LOOKED_AT)
        except UnknownSource:  # removed since
            continue


def _questions(passages: Sequence[Passage]) -> Iterator[str]:
    """Yield questions about passages, in English only: the words around them would be wrong in another language."""
    if not passages or language(" ".join(passage.text for passage in passages[:3])) != "english":
        return
    yield from (question for question, _ in _made(passages))


def _made(passages: Iterable[Passage]) -> Iterator[tuple[str, str]]:
    """Yield questions, each with the sentence that it is made of."""
    for passage in passages:
        for start, end in passage.sentences:
            question = _question(" ".join(passage.text[start:end].split()))
            if question and len(question) <= 80:
                yield question, passage.text[start:end]


def _question(sentence: str) -> str | None:
    counted = _COUNTED.search(sentence)
    if counted and counted["what"] not in _UNITS:
        verb = re.match(r" (?:was|were|are|have been|had been) (\w+ed)\b", sentence[counted.end() :])
        return f"How many {counted['what']} were {verb[1]}?" if verb else f"How many {counted['what']} were there?"
    said = _DID.match(sentence)
    if said and said["who"].split()[0] not in _OPENERS:
        return f"What did {said['who']} say?"
    defined = _DEFINED.match(sentence)
    if defined and defined["what"].split()[0] not in _OPENERS:
        return f"What {defined['verb']} {_the(sentence)}{defined['what']}?"
    return None


def _the(sentence: str) -> str:
    return "the " if sentence.startswith("The ") else ""
