"""verbatim-rag: its index over Milvus Lite with dense vectors, as in "Quick Start", which takes SPLADE's sparse ones.

SPLADE comes from a model hub, as does the recipe of its splitter for embeddings; Milvus Lite has no BM25. Its default
splitter cuts at Markdown headings only and would leave a plain text whole, so its fallback is taken: 512 characters.
"""

from datetime import UTC, datetime
from pathlib import Path

from verbatim_rag import VerbatimIndex
from verbatim_rag.chunker_providers import SimpleChunkerProvider
from verbatim_rag.embedding_providers import DenseEmbeddingProvider
from verbatim_rag.schema import DocumentSchema
from verbatim_rag.vector_stores import LocalMilvusStore

from benchmarks.peers.worker import Corpus, Found
from index.minilm import MiniLM

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # is embedded with the text; by default the moment of adding


class Encoder(DenseEmbeddingProvider):
    """The shared encoder, which counts what it embeds: the index itself counts no further than a hundred."""

    def __init__(self, encoder: MiniLM) -> None:
        self._encoder = encoder
        self.embedded = 0

    def embed_text(self, text: str) -> list[float]:
        return self.embed_batch([text])[0]

    def embed_batch(self, texts: list[str]) -> list[list[float]]:
        self.embedded += len(texts)
        return self._encoder.embed(texts).tolist()

    def get_dimension(self) -> int:
        return self._encoder.dimension


class Peer:
    """An index in one file."""

    def __init__(self, folder: Path, encoder: MiniLM) -> None:
        store = LocalMilvusStore(str(folder / "index.db"), dense_dim=encoder.dimension, enable_sparse=False)
        self._encoder = Encoder(encoder)
        self._index = VerbatimIndex(store, dense_provider=self._encoder, chunker_provider=SimpleChunkerProvider())

    def add(self, corpus: Corpus) -> int:
        """Split, embed and store the texts."""
        self._index.add_documents_bulk(
            DocumentSchema(content=text, source=source, title=source, created_at=WRITTEN) for source, text in corpus
        )
        return self._encoder.embedded

    def search(self, question: str, k: int, source: str | None) -> Found:
        """Return the chunks, without what was embedded with them."""
        only = f"metadata['source'] == '{source}'" if source else None
        return [(found.metadata["source"], found.text) for found in self._index.query(question, k=k, filter=only)]
