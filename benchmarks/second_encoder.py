"""A second encoder, to move libraries to: quick, with other dimensions than the bundled one; words make the vector."""

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class SecondEncoder:
    """Embed texts as the words that they hold."""

    model_name = "second"
    multilingual = True
    dimension = 64

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Embed texts that are to be found."""
        return np.array([self.embed_question(text) for text in texts], np.float32)

    def embed_question(self, text: str) -> Vectors:
        """Embed what is searched for."""
        vector = np.full(self.dimension, 0.1, np.float32)
        for word in re.findall(r"\w+", text.lower()):
            vector[blake2b(word.encode()).digest()[0] % self.dimension] += 1
        return vector / np.linalg.norm(vector)
