"""citewise itself: `Index.add` of the files and `Index.search`, or `Chatbot.search`, which has its reader look too."""

from pathlib import Path

from benchmarks.peers.worker import Corpus, Found
from index.index import Index
from index.minilm import MiniLM
from index.types import Passage
from qa.chatbot import Chatbot
from qa.settings import Settings


class Peer:
    """A library."""

    def __init__(self, folder: Path, encoder: MiniLM, *, reader: bool = False) -> None:
        index = Index(folder / "library", encoder=encoder)
        self._index = index
        self._search = Chatbot(index, Settings()).search if reader else index.search
        self._sources = {Path(document.source).name: document.source for document in index.documents()}

    def add(self, corpus: Corpus) -> int:
        """Add the files."""
        return sum(document.passages for document in self._index.add(corpus.folders).documents)

    def search(self, question: str, k: int, source: str | None) -> Found:
        """Return passages; of a PDF, `#` and the page stand after the name."""
        results = self._search(question, k, [self._sources[source]] if source else None)
        return [(_place(result.passage), result.passage.text) for result in results]


def _place(passage: Passage) -> str:
    return passage.source if passage.page is None else f"{passage.source}#{passage.page}"
