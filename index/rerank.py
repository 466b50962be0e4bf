"""How well each sentence of a passage answers a question, from cheap evidence; and so, how well the passage does.

A linear model over the features below, its weights learnt from which sentence holds the answer
(`training/fit_sentences.py`). No network runs here: sentence vectors were stored, one bit a dimension, when the
document was added.
"""

import math
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .questions import could_answer, kind_of
from .types import Passage, Span
from .words import words

FEATURES = (
    "passage",  # the passage's own score in the search
    "similarity",  # cosine of question and sentence in its context
    "similarity_z",  # the same, against the other candidates
    "share",  # share of the question's words, weighted by rarity, that the sentence has
    "share_context",  # ... that it has with title, heading, what is known from the opening, and the sentence before
    "share_passage",  # ... that its passage has
    "share_next",  # ... that the sentence after it has
    "density",  # BM25 of the sentence
    "pairs",  # share of the question's neighbouring words that are neighbours here
    "kind",  # it holds the kind of thing asked for
    "kind_missing",  # it does not
    "length",
    "first",
    "fragment",  # a heading or a scrap
    "refers",  # it opens with a pronoun
)
WEIGHTS: Mapping[str, float] = {
    "passage": 0.26,
    "similarity": 4.06,
    "similarity_z": 0.52,
    "share": 4.27,
    "share_context": 4.90,
    "share_passage": 2.26,
    "share_next": 0.04,
    "density": -1.15,
    "pairs": 2.40,
    "kind": 0.75,
    "kind_missing": -1.03,
    "length": -0.25,
    "first": 0.19,
    "fragment": -0.53,
    "refers": 0.34,
}
FOUND = 1.5
"""What the search's own order counts in a language that the encoder does not know, where sentences tell less."""
FIGURES = 3.0
"""What the search's own order counts in a table of figures."""
_REFERS = re.compile(r"(?:He|She|It|They|This|These|That|Those|His|Her|Their|Its|Such)\b")
_TYPICAL = 22  # words in a sentence

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the ranking sees it: its words, after those of its context, and how much each of them tells."""

    text: str
    words: tuple[str, ...]
    language: str  # by which words are stemmed
    counts: Mapping[str, float]  # 1 for a word of its own, less for one of its context
    rarity: Mapping[str, float]  # times what the word counts
    total: float  # the rarity of all its words together
    unsaid: float  # the context's share of that
    meaning: float  # 0 where the encoder does not know the language, else up to 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with its score in the search and its sentences' similarity to the question.

    `above` are sentences of its document's opening that say of all of it what the passage lacks of the question, and
    `known` the names, numbers and dates of the question that stand there.
    """

    passage: Passage
    score: float
    similarities: Vector
    above: tuple[tuple[Passage, Span], ...] = ()
    known: frozenset[str] = frozenset()

    @property
    def text_above(self) -> str:
        """The sentences of the document's opening."""
        return " ".join(passage.text[a:b] for passage, (a, b) in self.above)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the library holds on a question: passages, best first, with a score for each sentence of the foremost."""

    question: Question
    candidates: tuple[Candidate, ...]
    scores: tuple[Vector, ...]
    rows: tuple[Vector, ...]  # the features of its sentences, (sentences, features)
    similarity: float  # of the nearest passage, a cosine
    among: int  # passages that were searched; the more, the better the best one is by chance

    def feature(self, name: str) -> Vector:
        """Return a feature's value for every sentence of the candidates, in their order."""
        column = FEATURES.index(name)
        return np.concatenate([rows[:, column] for rows in self.rows]) if self.rows else np.zeros(1, np.float32)

    def first(self, count: int) -> "Evidence":
        """Return the evidence of the foremost passages alone."""
        some = self.candidates[:count], self.scores[:count], self.rows[:count]
        return replace(self, candidates=some[0], scores=some[1], rows=some[2])


def ranked(question: Question, candidates: Sequence[Candidate], similarity: float, among: int) -> Evidence:
    """Score the sentences of `candidates` and order these by their best one."""
    rows = features(question, candidates)
    scores = [own_scores(values) for values in rows]
    merits = [_merit(question, c, values) for c, values in zip(candidates, scores, strict=True)]
    order = sorted(range(len(candidates)), key=lambda i: -merits[i])
    best = tuple(replace(candidates[i], score=merits[i]) for i in order)
    return Evidence(question, best, tuple(scores[i] for i in order), tuple(rows[i] for i in order), similarity, among)


def own_scores(rows: Vector) -> Vector:
    """Return the linear model's score of each sentence, given its features."""
    return rows @ np.array([WEIGHTS[name] for name in FEATURES], np.float32)


def _merit(question: Question, candidate: Candidate, scores: Vector) -> float:
    """Return a passage's rank value: its best sentence and, where sentences tell little, the search's own score.

    They tell less in a language that the encoder does not know well, and in tables, whose lines are no sentences. In
    another script, where the encoder knows nothing, the search's order stands.
    """
    if not question.meaning:
        return candidate.score
    doubt = FOUND * (1.0 - question.meaning) + FIGURES * figures(candidate.passage.text)
    return float(scores.max(initial=-99.0)) + doubt * candidate.score


def figures(text: str) -> float:
    """Return how far a text is a table of figures: 0 for prose, with its few dates, up to 1."""
    digits = sum(map(str.isdigit, text)) / max(1, len(text))
    return min(1.0, max(0.0, 6 * (digits - 0.03)))


def features(question: Question, candidates: Sequence[Candidate]) -> list[NDArray[np.float32]]:
    """Return, for each candidate, an array (sentences, features)."""
    everything = np.concatenate([c.similarities for c in candidates]) if candidates else np.zeros(0, np.float32)
    mean, deviation = (float(everything.mean()), float(everything.std()) + 1e-6) if everything.size else (0.0, 1.0)
    return [_rows(question, candidate, mean, deviation) for candidate in candidates]


def _rows(question: Question, candidate: Candidate, mean: float, deviation: float) -> NDArray[np.float32]:
    passage = candidate.passage
    texts = [passage.text[a:b] for a, b in passage.sentences]
    found = [words(text, question.language) for text in texts]
    sets = [set(ws) for ws in found]
    around = candidate.known.union(words(f"{passage.title} {passage.heading}", question.language))
    kind = kind_of(question.text)
    asked = frozenset(re.findall(r"\w+", question.text.lower()))
    share_passage = share(question, around.union(*sets))
    rows = np.zeros((len(texts), len(FEATURES)), np.float32)
    for i, (text, tokens) in enumerate(zip(texts, found, strict=True)):
        similarity = float(candidate.similarities[i])
        fits = could_answer(kind, text, asked)
        rows[i] = (
            candidate.score,
            question.meaning * similarity,
            question.meaning * (similarity - mean) / deviation,
            share(question, sets[i]),
            share(question, sets[i] | around | (sets[i - 1] if i else set())),
            share_passage,
            share(question, sets[i + 1]) if i + 1 < len(sets) else 0.0,
            _density(question, tokens),
            _pairs(question, tokens),
            fits is True,
            fits is False,
            math.log1p(len(tokens)),
            i == 0,
            len(tokens) < 9 and text[-1].isalnum(),
            _REFERS.match(text) is not None,
        )
    return rows


def share(question: Question, found: Set[str]) -> float:
    """Return the share of the question's words that are in `found`, each weighted by its rarity."""
    return sum(question.rarity[word] for word in set(question.words) & found) / question.total


def _density(question: Question, tokens: Sequence[str]) -> float:
    """Return BM25 of a sentence as a share of the question's total rarity."""
    score = 0.0
    for word in set(question.words).intersection(tokens):
        times = tokens.count(word)
        score += question.rarity[word] * 2.2 * times / (times + 1.2 * (0.25 + 0.75 * len(tokens) / _TYPICAL))
    return score / question.total


def _pairs(question: Question, tokens: Sequence[str]) -> float:
    wanted = set(pairwise(question.words))
    return sum(pair in wanted for pair in pairwise(tokens)) / max(1, len(wanted))
