"""The encoder that all peers share: real, real with a memory on disk, or in name only; needs no part of citewise but
onnxruntime, tokenizers, numpy and PyStemmer.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.word_sums import WordSums
from index.minilm import MiniLM

Vectors = NDArray[np.float32]
Progress = Callable[[int], None] | None


def encoder_of(kind: str, cache: Path) -> MiniLM:
    """Return the encoder called "real", "remembered" (in the folder `cache`) or "words"."""
    return {"real": MiniLM, "words": WordSums}[kind]() if kind != "remembered" else Remembered(cache / "vectors.db")


class Remembered(MiniLM):
    """The encoder, which looks up the vectors of texts that it has embedded before, in this process or another."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._held = sqlite3.connect(file, timeout=600, check_same_thread=False, isolation_level=None)
        self._held.execute("create table if not exists vectors (text blob primary key, vectors blob) without rowid")
        self._turn = threading.Lock()

    def embed(self, texts: Sequence[str], progress: Progress = None) -> Vectors:
        """Embed texts, (texts, 384)."""
        embed = super().embed

        def made(numbers: list[int]) -> list[Vectors]:
            return list(embed([texts[n] for n in numbers])[:, None])

        return np.concatenate(self._vectors([_key(text) for text in texts], made, progress))

    def embed_passages(
        self, passages: Sequence[tuple[str, Sequence[str]]], progress: Progress = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Embed passages, and their sentences, as MiniLM does."""
        embed = super().embed_passages

        def made(numbers: list[int]) -> list[Vectors]:
            vectors, of_sentences = embed([passages[n] for n in numbers])
            return [np.vstack([one, some]) for one, some in zip(vectors, of_sentences, strict=True)]

        keys = [_key("passage", header, *sentences) for header, sentences in passages]
        found = self._vectors(keys, made, progress)
        return np.stack([vectors[0] for vectors in found]), [vectors[1:] for vectors in found]

    def _vectors(
        self, keys: list[bytes], made: Callable[[list[int]], list[Vectors]], progress: Progress
    ) -> list[Vectors]:
        """Return the vectors, (any, 384), under each key; what is missing is made, and kept."""
        with self._turn:
            found = [self._held.execute("select vectors from vectors where text = ?", [key]).fetchone() for key in keys]
            missing = [n for n, row in enumerate(found) if row is None]
            new = dict(zip(missing, made(missing) if missing else [], strict=True))
            self._held.execute("begin immediate")
            rows = ((keys[n], vectors.astype(np.float32).tobytes()) for n, vectors in new.items())
            self._held.executemany("insert or replace into vectors values (?, ?)", rows)
            self._held.execute("commit")
        if progress:
            progress(len(keys))
        held = (row and np.frombuffer(row[0], np.float32).reshape(-1, self.dimension) for row in found)
        return [new.get(n, vectors) for n, vectors in enumerate(held)]


def _key(*texts: str) -> bytes:
    return sha256("\0".join(texts).encode("utf-8", "replace")).digest()
