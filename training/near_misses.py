"""Questions that a passage nearly answers: one thing in the question is changed, so that the answer no longer fits.

What people write when asked for such questions (SQuAD 2.0's unanswerable ones) is of a few kinds: another name or
number, an opposite, a negation, a sibling of a word ("lake" for "river"), a word that belongs to another fact. Each
kind is made here. Some come out as questions that are still answered; a few wrong ones do less harm
than none of a kind.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from index.words import is_common

_NAME = re.compile(r"(?<=\w )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_NUMBER = re.compile(r"\b\d{2,4}\b")
_WORD = re.compile(r"\b[a-z]{4,}\b")
_AUXILIARY = re.compile(r"\b(did|does|do|was|were|is|are|can|could|has|have|had|will|would)\b")
_OPPOSITES = """largest smallest|biggest smallest|highest lowest|longest shortest|first last|before after|north south|
east west|northern southern|eastern western|increase decrease|increased decreased|most least|more fewer|high low|
early late|earliest latest|oldest newest|old new|begin end|began ended|start end|started ended|always never|male female|
men women|father mother|son daughter|brother sister|husband wife|king queen|win lose|won lost|good bad|best worst|
strong weak|allowed forbidden|legal illegal|public private|upper lower|inside outside|above below|left right|rich poor|
successful failed|support oppose|supported opposed|accepted rejected|created destroyed|built destroyed|born died|
gained lost|rise fall|rose fell|major minor|maximum minimum|positive negative|modern ancient|urban rural|same different|
common rare|easy difficult|hot cold|fast slow|full empty|advantage disadvantage|similar different|included excluded|
attack defend|buy sell|bought sold|import export|imports exports|profit loss|gains losses|asset liability|
assets liabilities|income expenses|revenue costs|opened closed|arrived left|joined left|majority minority"""
_NEAR, _SAME = (0.31, 0.43), 4  # how alike siblings are; letters that forms of one word share


@dataclass(frozen=True, slots=True)
class Siblings:
    """Words of the published encoder's vocabulary, and their vectors, one a row, of length one."""

    at: dict[str, int]
    vectors: np.ndarray

    @classmethod
    def load(cls, weights: Path, tokenizer: Tokenizer) -> "Siblings":
        """Read the word vectors of a safetensors file."""
        vocabulary = {word: number for word, number in tokenizer.get_vocab().items() if _WORD.fullmatch(word)}
        table = load_file(weights)["embeddings.word_embeddings.weight"].astype(np.float32)
        vectors = table[list(vocabulary.values())] - table.mean(0)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return cls({word: row for row, word in enumerate(vocabulary)}, vectors)

    def of(self, word: str) -> list[str]:
        """Return words of the same kind that are neither its forms nor its synonyms."""
        if word not in self.at:
            return []
        alike = self.vectors @ self.vectors[self.at[word]]
        rows = np.flatnonzero((alike > _NEAR[0]) & (alike < _NEAR[1]))
        words = list(self.at)
        best = [words[row] for row in rows[np.argsort(-alike[rows])][:10]]
        return [other for other in best if other[:_SAME] != word[:_SAME] and not is_common(other)]


def near_miss(question: str, text: str, others: Sequence[str], siblings: Siblings, chance: random.Random) -> str | None:
    """Return the question changed so that the passage's text does not answer it, or None if no change is found.

    `others` are questions about the same document.
    """
    ways = [(_other_name, 5), (_other_number, 2), (_opposite, 3), (_sibling, 2), (_other_word, 3), (_negated, 1)]
    while ways:
        way = chance.choices(ways, [weight for _, weight in ways])[0]
        ways.remove(way)
        changed = way[0](question, text, others, siblings, chance)
        if changed and changed != question:
            return changed
    return None


def _put(question: str, match: re.Match[str], word: str) -> str:
    return question[: match.start()] + word + question[match.end() :]


def _other_name(question: str, text: str, others: Sequence[str], _: Siblings, chance: random.Random) -> str | None:
    found = [match for match in _NAME.finditer(question) if match[0] in text]
    if not found:
        return None
    match = chance.choice(found)
    pool = " . ".join((text, *others)) if chance.random() < 0.5 else text
    names = sorted({m[0] for m in _NAME.finditer(pool)} - {match[0]})
    names = [name for name in names if name not in question and not is_common(name.lower())]
    return _put(question, match, chance.choice(names)) if names else None


def _other_number(question: str, text: str, others: Sequence[str], _: Siblings, chance: random.Random) -> str | None:
    found = list(_NUMBER.finditer(question))
    if not found:
        return None
    match = chance.choice(found)
    numbers = sorted({m[0] for m in _NUMBER.finditer(text)} - {match[0]})
    numbers.append(str(int(match[0]) + chance.choice((-20, -10, -3, -1, 1, 2, 10, 30))))
    return _put(question, match, chance.choice(numbers))


def _opposites() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in _OPPOSITES.replace("\n", "").split("|"):
        one, two = pair.split()
        found.setdefault(one, []).append(two)
        found.setdefault(two, []).append(one)
    return found


_OPPOSITE = _opposites()


def _opposite(question: str, text: str, others: Sequence[str], _: Siblings, chance: random.Random) -> str | None:
    found = [match for match in re.finditer(r"\b[a-z]+\b", question) if match[0] in _OPPOSITE]
    if not found:
        return None
    match = chance.choice(found)
    return _put(question, match, chance.choice(_OPPOSITE[match[0]]))


def _told(question: str, text: str) -> list[re.Match[str]]:
    """Return the question's telling words that the passage has too: changing another one changes little."""
    lower = text.lower()
    return [m for m in _WORD.finditer(question) if not is_common(m[0]) and m[0][: max(_SAME, len(m[0]) - 2)] in lower]


def _sibling(question: str, text: str, others: Sequence[str], kin: Siblings, chance: random.Random) -> str | None:
    found = _told(question, text)
    if not found:
        return None
    match = chance.choice(found)
    words = [word for word in kin.of(match[0]) if word not in text.lower()]
    return _put(question, match, chance.choice(words)) if words else None


def _other_word(question: str, text: str, others: Sequence[str], _: Siblings, chance: random.Random) -> str | None:
    found = _told(question, text)
    pool = sorted({m[0] for other in others for m in _WORD.finditer(other) if not is_common(m[0])})
    pool = [word for word in pool if word[:_SAME] not in question.lower()]
    if not found or not pool:
        return None
    match = chance.choice(found)
    alike = [word for word in pool if word[-2:] == match[0][-2:]]  # often the same part of speech
    return _put(question, match, chance.choice(alike or pool))


def _negated(question: str, text: str, others: Sequence[str], _: Siblings, chance: random.Random) -> str | None:
    match = _AUXILIARY.search(question)
    if not match or " not " in question or "n't" in question:
        return None
    if match[0] in ("did", "does", "do", "can", "could", "will", "would"):
        return _put(question, match, {"can": "can't", "will": "won't"}.get(match[0], match[0] + "n't"))
    return _put(question, match, match[0] + " " + chance.choice(("not", "never")))
