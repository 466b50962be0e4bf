"""What most people start with, for comparison: LlamaIndex's splitter, Chroma, nearest chunks by meaning."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import chromadb
import numpy as np
from llama_index.core import Document
from llama_index.core.node_parser import SentenceSplitter

from index.types import Passage, SearchResult
from qa.chatbot import Chatbot
from qa.evaluate import Search

OVERLAP = {
    1024: 200,
    256: 20,
}  # tokens: the splitter's default, and what its documentation takes for small chunks
BATCH = 256


def starter(bot: Chatbot, cache: Path, size: int) -> Search:
    """Return a search of the library's documents in chunks of `size` tokens, with citewise's own encoder."""
    splitter = SentenceSplitter(chunk_size=size, chunk_overlap=OVERLAP[size])
    nodes = splitter.get_nodes_from_documents(list(_documents(bot)))
    texts = [node.get_content() for node in nodes]
    sources = [str(node.metadata["source"]) for node in nodes]
    encoder = bot.index.encoder
    client = chromadb.PersistentClient(str(cache / "starter"), chromadb.Settings(anonymized_telemetry=False))
    name = hashlib.sha256("\0".join([encoder.model_name, *texts]).encode()).hexdigest()[:32]
    cosine = {"hnsw": {"space": "cosine"}}
    collection = client.get_or_create_collection(name, configuration=cosine, embedding_function=None)  # type: ignore[arg-type]
    for first in range(collection.count(), len(texts), BATCH):
        some = range(first, min(first + BATCH, len(texts)))
        collection.add([str(n) for n in some], embeddings=encoder.embed([texts[n] for n in some]))

    def search(question, k):
        vector = np.asarray(encoder.embed([question.question])[0])
        found = collection.query(query_embeddings=[vector], n_results=k)
        chunks = [(sources[int(n)], texts[int(n)]) for n in found["ids"][0]]
        return [SearchResult(Passage("", source, text, 0, len(text), None, ""), 0.0) for source, text in chunks]

    return search


def _documents(bot: Chatbot) -> Iterator[Document]:
    for document in bot.index.documents():
        about = {"source": document.source}
        yield Document(
            text=bot.index.text(document.source),
            metadata=about,
            excluded_embed_metadata_keys=["source"],
            excluded_llm_metadata_keys=["source"],
        )
