"""txtai: its hybrid index with content, as in "What's new in txtai 6.0", of paragraphs as its Textractor makes them."""

from pathlib import Path

from txtai import Embeddings
from txtai.pipeline import Segmentation

from benchmarks.peers.worker import Corpus, Found
from index.minilm import MiniLM

QUERY = "select text, source, score from txtai where similar(:question)"


class Peer:
    """An embeddings database, saved to a folder after adding."""

    def __init__(self, folder: Path, encoder: MiniLM) -> None:
        self._folder = folder / "index"
        external = {"method": "external", "transform": lambda texts: encoder.embed(list(texts))}
        self._embeddings = Embeddings(content=True, hybrid=True, **external)
        if self._folder.exists():
            self._embeddings.load(str(self._folder), config=external)

    def add(self, corpus: Corpus) -> int:
        """Index each paragraph."""
        paragraphs = Segmentation(paragraphs=True)
        rows = [{"text": text, "source": source} for source, whole in corpus for text in paragraphs(whole)]
        self._embeddings.index(rows)
        self._embeddings.save(str(self._folder))
        return len(rows)

    def search(self, question: str, k: int, source: str | None) -> Found:
        """Return paragraphs."""
        query = f"{QUERY} and source = :source" if source else QUERY
        found = self._embeddings.search(query, k, parameters={"question": question, "source": source})
        return [(row["source"], row["text"]) for row in found]
