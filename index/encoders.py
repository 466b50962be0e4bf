"""What turns text into vectors: the encoder that passages are searched by, and the bundled one for their sentences.

The first may be a provider's, written elsewhere; any object that has what Encoder names will do. Which sentence
answers, and whether any does, is always told by the bundled encoder: its sentence vectors cost no money, and the
weights of `rerank.py` and of refusals were learnt on its cosines.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import EncoderError
from .minilm import MiniLM
from .passages import header
from .search import drawn
from .sketches import sketch
from .types import Context, Passage

Vectors = NDArray[np.float32]
OnEmbedded = Callable[[int], None]
"""Told how many texts are done."""


class Encoder(Protocol):
    """Turn texts into vectors (texts, dimensions) that are near where the meaning is; safe to share between threads.

    `model_name` is recorded with a library. `multilingual` tells whether it knows more than English. `dimension` is
    asked only when a library is made.
    """

    @property
    def model_name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def multilingual(self) -> bool: ...

    def embed(self, texts: Sequence[str], progress: OnEmbedded | None = None) -> Vectors:
        """Embed texts that are to be found: (texts, dimension)."""
        ...

    def embed_question(self, text: str) -> Vectors:
        """Embed what is searched for: (dimension,)."""
        ...


@dataclass(frozen=True, slots=True)
class Encoders:
    """The encoder of passages and the one of sentences, mostly one and the same."""

    passages: Encoder
    sentences: MiniLM

    @classmethod
    def of(cls, encoder: Encoder | None) -> "Encoders":
        """Return the encoders to use with `encoder` for passages, by default the bundled one for everything."""
        sentences = encoder if isinstance(encoder, MiniLM) else MiniLM()
        return cls(encoder or sentences, sentences)

    @property
    def alike(self) -> bool:
        """Whether one encoder does both."""
        return self.passages is self.sentences

    def of_question(self, text: str, context: Context = ()) -> tuple[Vectors, Vectors]:
        """Return the unit vectors that are compared with passages and with sentences, drawn towards the context's."""
        texts = [text, *(said for said, _ in context)]
        by_sentence = drawn(self.sentences.embed(texts), context)
        if self.alike:
            return by_sentence, by_sentence
        vectors = np.stack([np.asarray(self.passages.embed_question(text), np.float32) for text in texts])
        return drawn(_checked(self.passages, vectors, len(texts)), context), by_sentence

    def of_passages(
        self, passages: Sequence[Passage], progress: OnEmbedded | None = None, sketches: Sequence[str] | None = None
    ) -> tuple[Vectors, Sequence[str]]:
        """Return unit vectors (passages, dimension) and sketches of sentences; `sketches` already known are kept."""
        if sketches and not self.alike:
            return self._of_texts(passages, progress), sketches
        vectors = None if self.alike else self._of_texts(passages, None)
        parts = [(header(p), [p.text[a:b] for a, b in p.sentences]) for p in passages]
        own, of_sentences = self.sentences.embed_passages(parts, progress)
        return (own if vectors is None else vectors), [sketch(found) for found in of_sentences]

    def _of_texts(self, passages: Sequence[Passage], progress: OnEmbedded | None) -> Vectors:
        texts = [f"{header(p)}\n{p.text}" for p in passages]
        return _checked(self.passages, np.asarray(self.passages.embed(texts, progress), np.float32), len(texts))


def _checked(encoder: Encoder, vectors: Vectors, count: int) -> Vectors:
    """Return the vectors at length 1, or raise where they are not one for each text, each with a direction."""
    if vectors.ndim != 2 or len(vectors) != count:
        given = len(vectors) if vectors.ndim == 2 else "no"
        raise EncoderError(f"the encoder {encoder.model_name} gave {given} vectors for {count} texts: {_REMEDY}")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise EncoderError(f"the encoder {encoder.model_name} gave a vector of zeros or of no numbers: {_REMEDY}")
    return (vectors / lengths).astype(np.float32)


_REMEDY = "nothing of it was kept; check its server or choose another one with CITEWISE_EMBEDDING"
