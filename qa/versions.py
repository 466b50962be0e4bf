"""Several versions of one document in a library: the newest answers, and what an older one says otherwise is quoted.

Which documents are versions of one another, the index knows. Here a quote's sentences are laid beside those of the
other versions: where the same sentence has another figure, date or name, or denies it, the answer says so.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from functools import cache

from index.index import Index
from index.rerank import Candidate, Evidence
from index.rows import document_of
from index.sentences import sentences
from index.types import Context, Document, OtherVersion, Passage, SearchResult
from index.versions import age
from index.words import is_common, language

from .checks.claims import read_claim
from .checks.contrary import contrary
from .quotes import Quote, cite, without_marks
from .types import EXTRACTIVE, Answer, Citation

COMPARED = 3
"""Other versions that a quote is compared with, the newest first."""
ALIKE = 0.6
"""The share of words that make two sentences the same one, with something else in it."""
_NEAR = 5  # passages of another version that may hold the sentence
_OPENING = 600  # characters
_PERIOD = re.compile(r"\b(?:(?:19|20)\d\d|(?:fy|[qhv])\d+|version \d+)\b", re.IGNORECASE)
_CAPITALISED = re.compile(r"(?<=[^.!?:\s] )[A-Z]\w+")
Place = tuple[str, int, int]
"""A document's id and a span of its text."""
_NUMBERED = re.compile(r"^\W*(?:\d+[.)]|\d+(?:\.\d+)+)\s+(?=\S)")  # what a list or a chapter puts before it
_TOKEN = re.compile(r"\w+(?:[.,’'-]\w+)*|[^\w\s]")


def evidence_of(index: Index, question: str, sources: Sequence[str] | None, context: Context) -> Evidence:
    """Return the index's evidence without sentences of which a newer version is there, or the version asked for."""
    evidence = index.evidence(question, sources, context)
    known = index.having_versions(document_of(c.passage.id) for c in evidence.candidates)
    if not known:
        return evidence
    passages = [candidate.passage for candidate in evidence.candidates]
    opening = _opener(index)
    left = [_left(one, [p for p in passages if _is_preferred(p, one, question, known, opening)]) for one in passages]
    kept = [(n, sentences) for n, sentences in enumerate(left) if sentences]
    return replace(
        evidence,
        candidates=tuple(_only(evidence.candidates[n], sentences) for n, sentences in kept),
        scores=tuple(evidence.scores[n][sentences] for n, sentences in kept),
        rows=tuple(evidence.rows[n][sentences] for n, sentences in kept),
    )


def with_conflicts(index: Index, question: str, answer: Answer, sources: Sequence[str] | None = None) -> Answer:
    """Return an answer that quotes what other versions say otherwise, and names both with their dates."""
    documents = index.having_versions((document_of(c.passage_id) for c in answer.citations), sources)
    if not documents:
        return answer
    groups = [_group(index, question, citation, documents) for citation in answer.citations]
    if all(len(group) == 1 for group in groups):
        return answer
    return _rewritten(answer, groups)


@dataclass(frozen=True, slots=True)
class _Said:
    """A quote and the version that it is from."""

    citation: Citation
    version: Document | OtherVersion
    passage: Passage | None = None  # of one that was not found by the question

    @property
    def place(self) -> Place:
        return document_of(self.citation.passage_id), self.citation.start, self.citation.end


def _group(index: Index, question: str, citation: Citation, documents: dict[str, Document]) -> list[_Said]:
    """Return a quote, and what other versions say in its place, newest first, each wording once."""
    identity = document_of(citation.passage_id)
    alone = Document(citation.source, citation.title, version="", passages=0, added="", id=identity)
    document = documents.get(identity, alone)
    group, seen, opening = [_Said(citation, document)], {_words(citation.quote)}, _opener(index)
    for other in sorted(document.versions, key=age, reverse=True)[:COMPARED]:
        for span in sentences(citation.quote):
            found = _counterpart(index, citation.quote[slice(*span)], document.source, other.source)
            if found is None or _words(found.text) in seen:
                continue
            seen.add(_words(found.text))
            said = (document.source, opening(document.source), citation.quote)
            if not _asks_for(question, said, (other.source, opening(other.source), found.text)):
                group.append(_Said(cite(found, 0), other, found.passage))
    return group


def _counterpart(index: Index, sentence: str, source: str, other: str) -> Quote | None:
    """Return the sentence of another version that stands for this one and is at odds with it, if there is one."""
    words = _words(sentence)
    found = [(quote, _words(quote.text)) for quote in _sentences(index, sentence, other)]
    if not words or any(words == theirs for _, theirs in found):
        return None
    share, best = max(((_share(words, theirs), n) for n, (_, theirs) in enumerate(found)), default=(0.0, 0))
    if share < ALIKE or not at_odds(sentence, found[best][0].text):
        return None
    quote, theirs = found[best]
    here = (_words(one.text) for one in _sentences(index, quote.text, source))
    return None if theirs in here else quote  # a sentence that both have stands for itself


def at_odds(one: str, other: str) -> bool:
    """Tell whether two sentences that are the same but for a few words state different things."""
    one, other = (_NUMBERED.sub("", text) for text in (one, other))
    claims = (read_claim(text, language(one)) for text in (one, other))
    ours, theirs = (replace(claim, names=tuple(name for name in claim.names if name.certain)) for claim in claims)
    if contrary(ours, theirs):
        return True
    values = [{figure.values for figure in claim.figures} for claim in (ours, theirs)]
    dates = [{(m.year, m.month, m.day) for m in claim.moments} for claim in (ours, theirs)]
    return any(mine - yours and yours - mine for mine, yours in (values, dates))


def _sentences(index: Index, sentence: str, source: str) -> list[Quote]:
    """Return the sentences of a document's passages that share most words with one."""
    found = index.search_keywords(sentence, _NEAR, [source])
    return [Quote(result.passage, span) for result in found for span in result.passage.sentences]


def _only(candidate: Candidate, kept: list[int]) -> Candidate:
    """Return a candidate with some of its sentences."""
    passage = replace(candidate.passage, sentences=tuple(candidate.passage.sentences[n] for n in kept))
    return replace(candidate, passage=passage, similarities=candidate.similarities[kept])


def _left(one: Passage, preferred: Sequence[Passage]) -> list[int]:
    """Return the numbers of a passage's sentences that no preferred version has, the same or with something else in it.

    A sentence that both have stands for itself and for no other.
    """
    ours = [_words(Quote(one, span).text) for span in one.sentences]
    theirs = {_words(Quote(other, span).text) for other in preferred for span in other.sentences}
    others = theirs - set(ours)
    return [
        n
        for n, words in enumerate(ours)
        if words not in theirs and all(_share(words, other) < ALIKE for other in others)
    ]


def _opener(index: Index) -> Callable[[str], str]:
    """Return what tells how a document begins: it says of all of it whose contract or of which year it is."""

    @cache
    def opening(source: str) -> str:
        return "\n".join(passage.text for passage in index.opening(source, 2))[:_OPENING]

    return opening


def _is_preferred(
    other: Passage, one: Passage, question: str, known: dict[str, Document], opening: Callable[[str], str]
) -> bool:
    """Tell whether a passage is of another version of one's document, and that is newer or the one asked for."""
    document, version = known.get(document_of(one.id)), known.get(document_of(other.id))
    if not document or not version or version.id not in {v.id for v in document.versions}:
        return False
    texts = [(passage.source, passage.title, passage.text, opening(passage.source)) for passage in (one, other)]
    if _asks_for(question, *texts) or _asks_for(question, *reversed(texts)):
        return not _asks_for(question, *texts)
    return age(version) > age(document)


def _asks_for(question: str, one: Iterable[str], other: Iterable[str]) -> bool:
    """Tell whether a question names a year, a quarter, a version or a name that one text has and the other has not."""
    one = " ".join(one)
    names = set(_CAPITALISED.findall(question))
    if question == question.lower():  # as people type it: the document tells which words are names
        names = {name for name in _CAPITALISED.findall(one) if name.lower() in question.split()}
    pins = {pin.lower() for pin in (*_PERIOD.findall(question), *names) if not is_common(pin)}
    ours, theirs = (set(re.findall(r"[^\W_]+", text.lower())) for text in (one, " ".join(other)))
    return any(set(pin.split()) <= ours and not set(pin.split()) <= theirs for pin in pins)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text.lower().rstrip(" .")))


def _share(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of words that two texts have in the same order; figures and dates stand for each other."""
    ours, theirs = (["#" if word[0].isdigit() else word for word in words] for words in (one, other))
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _rewritten(answer: Answer, groups: Sequence[Sequence[_Said]]) -> Answer:
    """Return an answer with the quotes of all groups: the newest of each first, or after what a model wrote."""
    by_quotes = answer.model == EXTRACTIVE
    order = [said for group in groups for said in (_newest_first(group) if by_quotes else group)]
    first = [] if by_quotes else [group[0] for group in groups]
    quoted = {said.place: said for said in (*first, *order)}
    numbers = {place: number for number, place in enumerate(quoted, 1)}
    citations = tuple(replace(said.citation, number=numbers[place]) for place, said in quoted.items())
    texts = [f"{without_marks(c.quote)} [{c.number}]" for c in citations]
    if not by_quotes:
        texts = [answer.text, *(f"Another version says: {text}" for text in texts[len(first) :])]
    known = {result.passage.id: result for result in answer.results}
    last = min((result.score for result in answer.results), default=0.0)
    more = {said.passage.id: SearchResult(said.passage, last) for said in quoted.values() if said.passage}
    differing = [said for group in groups if len(group) > 1 for said in group]
    return replace(
        answer,
        text="\n\n".join(texts),
        short=answer.short if (answer.short or "") in (citations[0].quote if by_quotes else answer.text) else None,
        citations=citations,
        results=tuple((known | {i: result for i, result in more.items() if i not in known}).values()),
        note="; ".join(filter(None, (_warning(differing, numbers), answer.note))),
    )


def _newest_first(group: Sequence[_Said]) -> Sequence[_Said]:
    return sorted(group, key=lambda said: age(said.version), reverse=True) if len(group) > 1 else group


def _warning(differing: Sequence[_Said], numbers: dict[Place, int]) -> str:
    """Say which quotes are from which version, the newest first, and of when these are."""
    versions = {said.version.id: said.version for said in differing}
    newest = sorted(versions.values(), key=age, reverse=True)
    name, when = _namer([v.source for v in newest]), _dater([v.modified or v.added for v in newest])
    told: list[str] = []
    for version in newest:
        marks = sorted({numbers[said.place] for said in differing if said.version.id == version.id})
        change = "changed" if version.modified else "added"
        quotes = " and ".join(f"[{mark}]" for mark in marks)
        told.append(f"{quotes} in {name(version.source)}, {change} {when(version.modified or version.added)}")
    return f"Versions of one document differ, the newest first: {'; '.join(told)}"


def _namer(sources: Sequence[str]) -> Callable[[str], str]:
    """Return how to call documents: by their names alone where these differ."""

    def last(source: str) -> str:
        return source.rpartition("/")[2]

    return last if len({last(source) for source in sources}) == len(sources) else str


def _dater(moments: Sequence[str]) -> Callable[[str], str]:
    """Return how to write dates: by their day alone where these differ."""

    def day(moment: str) -> str:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d}"

    def minute(moment: str) -> str:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"

    return day if len({day(moment) for moment in moments}) == len(moments) else minute
