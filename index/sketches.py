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
    bits = np.frombuffer(base64.b64decode(sketched), np.uint8).reshape(sentences, -1)
    signs = np.unpackbits(bits, axis=1, count=question.size).astype(np.float32) * 2 - 1
    return signs @ question / np.float32(question.size**0.5)
