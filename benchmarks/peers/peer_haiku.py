"""haiku.rag: its client over SQLite, hybrid search with its own fusion, as in "Python API".

Its providers of embeddings are servers; here its chunk repository gets the shared encoder instead. Its reranker is a
language model and is turned off, as its configuration allows. It can't search one document: then more is searched for.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pysqlite3

from benchmarks.peers.worker import Corpus, Found
from index.minilm import MiniLM

DEEP = 1000  # chunks searched for where one document is asked


class Encoder:
    """The shared encoder, which embeds chunk by chunk, because so it is asked to."""

    def __init__(self, encoder: MiniLM) -> None:
        self._encoder = encoder

    async def embed(self, text: str) -> list[float]:
        """Embed one text."""
        return self._encoder.embed([text])[0].tolist()


class Peer:
    """A database in one file."""

    def __init__(self, folder: Path, encoder: MiniLM) -> None:
        self._client = _opened(folder / "haiku.rag.sqlite")
        self._client.chunk_repository.embedder = Encoder(encoder)
        self._client.document_repository.chunk_repository = self._client.chunk_repository
        self._run = asyncio.Runner().run

    def add(self, corpus: Corpus) -> int:
        """Add the texts one by one."""
        for source, text in corpus:
            self._run(self._client.create_document(text, uri=source))
        return len(self._run(self._client.chunk_repository.list_all()))

    def search(self, question: str, k: int, source: str | None) -> Found:
        """Return chunks, with the headings above them."""
        found = self._run(self._client.search(question, limit=DEEP if source else k))
        return [(c.document_uri, c.content) for c, _ in found if source is None or c.document_uri == source][:k]


def _opened(database: Path) -> Any:
    """Return its client; what it is told here it reads when it is imported."""
    sys.modules["sqlite3"] = pysqlite3  # many a Python's own sqlite3 loads no extensions, and it needs sqlite-vec
    os.environ |= {"EMBEDDINGS_VECTOR_DIM": str(MiniLM.dimension), "RERANK_PROVIDER": ""}
    from haiku.rag.client import HaikuRAG

    return HaikuRAG(database)
