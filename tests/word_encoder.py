"""A second encoder for tests, with other dimensions than the bundled one: texts that share words are near."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from openai_protocol import embedding

Vectors = NDArray[np.float32]


class WordEncoder:
    """Embed the words of texts; `embedded` counts the texts that were to be found."""

    multilingual = True
    dimension = 96

    def __init__(self, model_name: str = "words") -> None:
        self.model_name = model_name
        self.embedded = 0

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Embed texts that are to be found."""
        self.embedded += len(texts)
        return np.array([3 * np.array(embedding(text, self.dimension)) for text in texts], np.float32)

    def embed_question(self, text: str) -> Vectors:
        """Embed what is searched for."""
        return np.array(embedding(text, self.dimension), np.float32)
