"""Vectors without a network, for libraries that are too large for the encoder to be waited for."""

from collections.abc import Callable, Sequence
from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from index.minilm import MiniLM
from index.words import words

VOCABULARY = 1 << 15
Vectors = NDArray[np.float32]


class WordSums(MiniLM):
    """An encoder in name: a text's vector is the sum of its words' random vectors."""

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Embed texts, (texts, 384)."""
        del progress
        return np.stack([_sum(text) for text in texts])

    def embed_passages(
        self, passages: Sequence[tuple[str, Sequence[str]]], progress: Callable[[int], None] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Embed passages, and their sentences, as MiniLM does."""
        of_sentences = [np.stack([_sum(s) for s in sentences]) for _, sentences in passages]
        if progress:
            progress(len(passages))
        sums = np.stack([found.sum(0) for found in of_sentences])
        return sums / np.linalg.norm(sums, axis=1, keepdims=True), of_sentences


@cache
def _table() -> Vectors:
    return np.random.default_rng(0).standard_normal((VOCABULARY, MiniLM.dimension)).astype(np.float32)


def _sum(text: str) -> Vectors:
    rows = [crc32(word.encode()) % VOCABULARY for word in words(text)] or [0]
    total = _table()[rows].sum(0)
    return total / np.linalg.norm(total)
