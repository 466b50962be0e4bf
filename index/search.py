"""Search both ways at once: by meaning (dense vectors) and by words (BM25), fused by normalised scores, then reranked
by how well the sentences of the best passages answer."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from .minilm import Vectors
from .rerank import Candidate, Question
from .types import Context
from .words import is_common, language, mostly_latin, words

CANDIDATES = 100
"""Passages that each of the two searches brings before they are fused."""

MEANING = 0.6
"""The dense search's share of the vote, for a language that the encoder knows."""
BLENDED = 24
"""Passages whose sentences' similarity is looked at."""
RERANKED = 20
"""Passages whose sentences are scored one by one."""
KEPT = 10
"""The foremost of these, which answers are made from."""

IN_FIGURES = 0.5
"""What a date's month and day in figures count ("2024-05-09") beside its words ("9 May")."""
_MONTHS: Sequence[str] = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(?:jan|febr?|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_DAY = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b"
    rf"|\b(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b",
    re.IGNORECASE,
)

Ranking = Sequence[tuple[str, float]]
"""Ids and scores, best first."""


def fuse(dense: Ranking, keyword: Ranking, weight: float) -> list[tuple[str, float]]:
    """Return all ids of both rankings by the weighted sum of their z-scores, `weight` being the dense one's share.

    What one ranking lacks has its lowest score there, or none where every passage that has one of the words was found.
    """
    if 0 < len(keyword) < CANDIDATES:
        keyword = [*keyword, ("", 0.0)]
    by_meaning, by_words = _standardised(dense), _standardised(keyword)
    floor_meaning = min(by_meaning.values(), default=0.0)
    floor_words = min(by_words.values(), default=0.0)
    fused = {
        i: weight * by_meaning.get(i, floor_meaning) + (1 - weight) * by_words.get(i, floor_words)
        for i in [*by_words, *by_meaning]
        if i
    }
    return sorted(fused.items(), key=lambda pair: (-pair[1], -by_meaning.get(pair[0], floor_meaning), pair[0]))


def understood(query: str, context: Context, rarity_of: Callable[[Sequence[str]], Mapping[str, float]]) -> Question:
    """Return a query as the search and the ranking see it: with its context's words, which count less than its own."""
    whole = " ".join([*(text for text, _ in context), query])
    spoken = language(whole)
    asked = words(query, spoken)
    dated = [word for word in _in_figures(query) if word not in asked]
    own = [*asked, *dated]
    counts = _counts(asked, context, spoken) | dict.fromkeys(dated, IN_FIGURES)
    rarity = {word: counts[word] * rare for word, rare in rarity_of(list(counts)).items()}
    total = sum(rarity.values()) or 1.0
    unsaid = [word for word in counts if word not in own]
    return Question(
        text=query,
        words=(*unsaid, *own),
        language=spoken,
        counts=counts,
        rarity=rarity,
        total=total,
        unsaid=sum(rarity[word] for word in unsaid) / total,
        meaning=trust_in_meaning(whole),
    )


def _in_figures(query: str) -> list[str]:
    """Return the month and day of a question's dates as tables and logs write them: "9 May" as 05, 09."""
    found = ((m["month"] or m["month2"], m["day"] or m["day2"]) for m in _DAY.finditer(query))
    return [
        figure for month, day in found for figure in (f"{_MONTHS.index(month[:3].lower()) + 1:02}", f"{int(day):02}")
    ]


def _counts(own: Sequence[str], context: Context, spoken: str) -> dict[str, float]:
    """Return what each word counts: a query's own 1, its context's less, and of these the small ones nothing."""
    counts: dict[str, float] = {}
    for text, count in context:
        for word in words(text, spoken):
            if not is_common(word):
                counts[word] = max(count, counts.get(word, 0.0))
    return counts | dict.fromkeys(own, 1.0)


def drawn(vectors: Vectors, context: Context) -> Vectors:
    """Return the direction of the first vector, drawn towards the others, its context's, as far as those count."""
    if not context:
        return vectors[0]
    counts = np.array([1.0, *(count for _, count in context)], np.float32)
    towards = (counts[:, None] * vectors).sum(axis=0)
    return towards / np.float32(max(1e-12, float(np.linalg.norm(towards))))


def trust_in_meaning(query: str) -> float:
    """Return how far the encoder knows the query's language: 1 for English, 0 for one in another script."""
    if not mostly_latin(query):
        return 0.0
    return 1.0 if language(query) == "english" else 0.4


def blend(candidates: Sequence[Candidate], trust: float) -> list[Candidate]:
    """Return candidates, best first, by their fused score and, as far as `trust` goes, their most similar sentence."""
    fused = _standardised([(c.passage.id, c.score) for c in candidates])
    nearest = _standardised([(c.passage.id, float(c.similarities.max(initial=0.0))) for c in candidates])
    blended = [replace(c, score=fused[c.passage.id] + 0.5 * trust * nearest[c.passage.id]) for c in candidates]
    return sorted(blended, key=lambda c: -c.score)


def _standardised(ranking: Ranking) -> dict[str, float]:
    """Return each score as its distance from the mean in standard deviations."""
    if not ranking:
        return {}
    scores = [score for _, score in ranking]
    mean = sum(scores) / len(scores)
    deviation = (sum((score - mean) ** 2 for score in scores) / len(scores)) ** 0.5
    return {i: (score - mean) / deviation if deviation > 1e-9 else 0.0 for i, score in ranking}
