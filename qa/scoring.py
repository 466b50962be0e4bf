"""Compare answers and passages with what is known to be right: pure functions, no index, no file.

Words count as in SQuAD's script (lower case, no punctuation, no articles), in other languages as in MLQA's:
their own articles, and Chinese, Japanese and Thai character by character.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from index.types import Passage

from .types import Answer, Turn

ARTICLES = {
    "en": re.compile(r"\b(a|an|the)\b"),
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "ar": re.compile(r"\bال"),
}
UNSPACED = re.compile(r"([\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")
SIGNS = frozenset("$+<=>^`|~")  # ASCII punctuation that Unicode does not call so
MARK = re.compile(r"\s*\[(?:\d+|unsupported)\]")
MARGIN = 20  # characters of the evidence that must stand around an answer, on each side
DEPTHS = (1, 3, 5, 10)
SHINGLE = 3  # words in a row
Windows = tuple[str, ...]
Rows = tuple[frozenset[str], ...]
LONG = 15  # letters after which an answer is not found by chance inside other words


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where an answer stands: a document, and if known the words or the page (from 1)."""

    doc: str
    text: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is known about its answer; `answerable` is None where nobody decided."""

    question: str
    answers: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    answerable: bool | None = True
    history: tuple[Turn, ...] = ()
    sources: tuple[str, ...] = ()
    lang: str = "en"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its question, how long it took, and how many of its quotes are verbatim."""

    question: Question
    answer: Answer
    ms: float
    verbatim: int


def normalise(text: str, lang: str = "en") -> str:
    """Reduce a text to the words that count, one space between them."""
    text = "".join(c for c in text.lower() if c not in SIGNS and not unicodedata.category(c).startswith("P"))
    text = ARTICLES[lang].sub(" ", text) if lang in ARTICLES else text
    return " ".join(UNSPACED.sub(r" \1 ", text).split())


def exact_match(said: str, answers: Sequence[str], lang: str = "en") -> float:
    """Return 1.0 where `said` equals an accepted answer."""
    return float(any(normalise(said, lang) == normalise(answer, lang) for answer in answers))


def f1(said: str, answers: Sequence[str], lang: str = "en") -> float:
    """Return the best F1 of the words of `said` with those of an accepted answer."""
    return max((_f1(normalise(said, lang).split(), normalise(a, lang).split()) for a in answers), default=0.0)


def holds(quote: str, answers: Sequence[str], lang: str = "en") -> bool:
    """Tell whether the quote holds an accepted answer; a short one in whole words ("3" is not in "34")."""
    words = f" {normalise(quote, lang)} "
    reduced = [normalise(answer, lang) for answer in answers]
    return any(a in words if len(a) >= LONG else bool(a) and f" {a} " in words for a in reduced) or any(
        _occurrences(answer, quote, whole_words=True) for answer in answers
    )


def windows(answers: Sequence[str], evidence: str) -> Windows:
    """Return each place of the evidence where an answer stands, with the `MARGIN` characters around it."""
    text = squeeze(evidence)
    for whole_words in (True, False):
        spans = [span for a in answers for span in _occurrences(a, text, whole_words=whole_words)]
        if spans:
            return tuple(dict.fromkeys(text[max(0, i - MARGIN) : j + MARGIN].strip() for i, j in spans))
    return ()


def rows(answers: Sequence[str], evidence: str) -> Rows:
    """Return the words of each row of a Markdown table in the evidence in which an answer stands."""
    return tuple(_bag(row) for row in _table(evidence) if holds(row, answers, ""))


def overlaps(passage: str, evidence: str) -> bool:
    """Tell whether half of the shorter text's runs of three words (a table's words) are in the other."""
    count = _bag if _table(evidence) else _shingles
    ours, theirs = count(passage), count(evidence)
    shared = len(ours & theirs)
    return shared > 0 and 2 * shared >= min(len(ours), len(theirs))


def relevance(question: Question, text_of: Callable[[str], str]) -> Callable[[Passage], bool] | None:
    """Return the test that tells a passage with the answer, or None where the evidence is of no use.

    A page is found by its number. Words are found where a passage holds an accepted answer with the
    evidence's own words around it, or every word of the table row that holds it (headers may stand between
    them by now); where no evidence holds an answer word for word (a summary, a sum), by `overlaps`. Evidence
    that only names a document stands for its whole text, which `text_of` returns.
    """
    texts = [(e.text or text_of(e.doc)) if e.page is None else "" for e in question.evidence]
    places = [(windows(question.answers, text), rows(question.answers, text)) for text in texts]
    worded = any(around or row for around, row in places)

    def shows(passage: Passage, evidence: Evidence, around: Windows, row: Rows) -> bool:
        if not same_document(passage.source, evidence.doc):
            return False
        if evidence.page is not None:
            return passage.page == evidence.page
        if worded:
            text, bag = squeeze(passage.text), _bag(passage.text) if row else frozenset[str]()
            return any(window in text for window in around) or any(words <= bag for words in row)
        return not evidence.text or overlaps(passage.text, evidence.text)

    def is_relevant(passage: Passage) -> bool:
        return any(shows(passage, e, *place) for e, place in zip(question.evidence, places, strict=True))

    return is_relevant if question.evidence else None


def same_document(source: str, doc: str) -> bool:
    """Tell whether a library's source is the file that the evidence names, relative to its folder."""
    return source == doc or source.replace("\\", "/").endswith("/" + doc)


def claim(answer: Answer) -> str:
    """Return what an answer claims: its exact words, else its text without marks."""
    return answer.short or MARK.sub("", answer.text)


def summarise(replies: Sequence[Reply], found: Sequence[int | None]) -> dict[str, object]:
    """Return the figures of the answers and of the evidence's ranks; a share of nothing is None."""
    right = [r for r in replies if r.question.answerable and r.question.answers]
    graded = right + [r for r in replies if r.question.answerable is False]
    refused = [r for r in replies if r.answer.status == "not_found" and r.question.answerable is not None]
    rightly = sum(r.question.answerable is False for r in refused)
    answerable = sum(r.question.answerable is True for r in replies)
    unanswerable = sum(r.question.answerable is False for r in replies)
    quotes = [len(r.answer.citations) for r in right if r.answer.status != "not_found"]
    citations = sum(len(r.answer.citations) for r in replies)
    return {
        "questions": len(replies),
        "answerable": answerable,
        "recall_at": {str(k): recall(found, k) for k in DEPTHS},
        "with_evidence": len(found),
        "answer_hit": mean([float(_hit(r)) for r in right]),
        "exact_match": mean([_graded(r, exact_match) for r in graded]),
        "f1": mean([_graded(r, f1) for r in graded]),
        "f1_answerable": mean([_graded(r, f1) for r in right]),
        "citations": citations,
        "citations_verbatim": sum(r.verbatim for r in replies) / citations if citations else 1.0,
        "quotes_mean": mean(quotes),
        "quotes_max": max(quotes, default=None),
        "refusal_precision": rightly / len(refused) if refused else None,
        "refusal_recall": rightly / unanswerable if unanswerable else None,
        "false_refusals": (len(refused) - rightly) / answerable if answerable else None,
        "status": dict(sorted(Counter(r.answer.status for r in replies).items())),
        "latency_ms": {
            "p50": quantile([r.ms for r in replies], 0.5),
            "p95": quantile([r.ms for r in replies], 0.95),
        },
    }


def recall(found: Sequence[int | None], k: int) -> float | None:
    """Return the share of questions whose evidence is among the first `k` passages."""
    return mean([float(rank is not None and rank <= k) for rank in found])


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, or None of nothing."""
    return sum(values) / len(values) if values else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed, or None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


def squeeze(text: str) -> str:
    """Replace every run of white space by one space."""
    return " ".join(text.split())


def _hit(reply: Reply) -> bool:
    answers, lang = reply.question.answers, reply.question.lang
    return any(holds(c.quote, answers, lang) for c in reply.answer.citations)


def _graded(reply: Reply, grade: Callable[[str, Sequence[str], str], float]) -> float:
    if reply.question.answerable is False:
        return float(reply.answer.status == "not_found")
    if reply.answer.status == "not_found":
        return 0.0
    return grade(claim(reply.answer), reply.question.answers, reply.question.lang)


def _f1(ours: list[str], theirs: list[str]) -> float:
    shared = (Counter(ours) & Counter(theirs)).total()
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * shared / (len(ours) + len(theirs))


def _occurrences(answer: str, text: str, *, whole_words: bool) -> list[tuple[int, int]]:
    pattern = re.escape(squeeze(answer)).replace(r"\ ", r"\s+")
    if not pattern:
        return []
    bounded = rf"(?<!\w){pattern}(?!\w)" if whole_words else pattern
    return [m.span() for m in re.finditer(bounded, text)]


def _table(text: str) -> list[str]:
    lines = (line.strip() for line in text.split("\n"))
    return [line for line in lines if line.startswith("|") and line.strip("|-: \t")]


def _bag(text: str) -> frozenset[str]:
    return frozenset(normalise(text.replace("|", " "), "").split())


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = normalise(text, "").split()
    size = min(SHINGLE, len(words))
    return frozenset(tuple(words[i : i + size]) for i in range(len(words) - size + 1) if size)
