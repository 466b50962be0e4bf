"""LlamaIndex over Chroma: its starter, which takes the nearest chunks by meaning, and its hybrid with BM25.

After "Chroma Vector Store", its basic example with saving to disk, and "Reciprocal rerank fusion retriever" in its
documentation. One language model call a question, for variants of it, is left out: num_queries=1.
"""

from pathlib import Path

import chromadb
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.chroma import ChromaVectorStore
from pydantic import PrivateAttr

from benchmarks.peers.worker import Corpus, Found
from index.minilm import MiniLM

SOURCE = "file_path"  # as its SimpleDirectoryReader names it; embedded with the text, by default


class Encoder(BaseEmbedding):
    """The shared encoder."""

    embed_batch_size: int = 256
    _encoder: MiniLM = PrivateAttr()

    def __init__(self, encoder: MiniLM) -> None:
        super().__init__(model_name=encoder.model_name)
        self._encoder = encoder

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._encoder.embed(texts).tolist()

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class Peer:
    """Chunks in Chroma, and with `hybrid` in BM25 too; `size` and `overlap` in tokens, by default LlamaIndex's."""

    def __init__(
        self, folder: Path, encoder: MiniLM, size: int = 1024, overlap: int = 200, *, hybrid: bool = False
    ) -> None:
        self._splitter = SentenceSplitter(chunk_size=size, chunk_overlap=overlap)
        client = chromadb.PersistentClient(str(folder / "chroma_db"))
        self._store = ChromaVectorStore(chroma_collection=client.get_or_create_collection("quickstart"))
        self._index = VectorStoreIndex.from_vector_store(self._store, embed_model=Encoder(encoder))
        self._hybrid, self._words = hybrid, folder / "bm25"
        self._bm25 = BM25Retriever.from_persist_dir(str(self._words)).bm25 if self._words.exists() else None

    def add(self, corpus: Corpus) -> int:
        """Split, embed and store the texts."""
        documents = [Document(text=text, metadata={SOURCE: source}) for source, text in corpus]
        nodes: list[BaseNode] = self._splitter.get_nodes_from_documents(documents)
        VectorStoreIndex(
            nodes,
            storage_context=StorageContext.from_defaults(vector_store=self._store),
            embed_model=self._index._embed_model,
        )
        if self._hybrid:
            BM25Retriever.from_defaults(nodes=nodes).persist(str(self._words))
        return len(nodes)

    def search(self, question: str, k: int, source: str | None) -> Found:
        """Return the chunks, without what was embedded with them."""
        nodes = [found.node for found in self._retriever(k, source).retrieve(question)]
        return [(node.metadata[SOURCE], node.get_content()) for node in nodes]

    def _retriever(self, k: int, source: str | None) -> BaseRetriever:
        only = MetadataFilters(filters=[MetadataFilter(key=SOURCE, value=source)]) if source else None
        dense = self._index.as_retriever(similarity_top_k=k, filters=only)
        if not self._bm25:
            return dense
        sparse = BM25Retriever(existing_bm25=self._bm25, similarity_top_k=k, filters=only)
        return QueryFusionRetriever(
            [dense, sparse],
            llm=MockLLM(),
            num_queries=1,
            similarity_top_k=k,
            mode="reciprocal_rerank",  # type: ignore[arg-type]  # as in its documentation
            use_async=False,
        )
