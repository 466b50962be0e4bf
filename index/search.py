"""Search both ways at once: by meaning (dense vectors) and by words (BM25), fused by normalised scores, then reranked
by how well the sentences of the best passages answer."""

from collections.abc import Sequence
from dataclasses import replace

from .rerank import Candidate
from .words import language, mostly_latin

CANDIDATES = 100
"""Passages that each of the two searches brings before they are fused."""

MEANING = 0.6
"""The dense search's share of the vote, for a language that the encoder knows."""
BLENDED = 24
"""Passages whose sentences' similarity is looked at."""
RERANKED = 10
"""Passages whose sentences are scored one by one."""

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
