"""citewise itself: `Index.add` of the files, `Index.search`."""

from pathlib import Path

from benchmarks.peers.worker import Corpus, Found
from index.index import Index
from index.minilm import MiniLM


class Peer:
    """A library; the reader of `qa/` is no part of it."""

    def __init__(self, folder: Path, encoder: MiniLM) -> None:
        self._index = Index(folder / "library", encoder=encoder)
        self._sources = {Path(document.source).name: document.source for document in self._index.documents()}

    def add(self, corpus: Corpus) -> int:
        """Add the files."""
        return sum(document.passages for document in self._index.add(corpus.folders).documents)

    def search(self, question: str, k: int, source: str | None) -> Found:
        """Return passages; of a PDF, `#` and the page stand after the name."""
        results = self._index.search(question, k, [self._sources[source]] if source else None)
        return [
            (p.source if p.page is None else f"{p.source}#{p.page}", p.text)
            for p in (result.passage for result in results)
        ]
