"""What needs nothing but Python: paragraphs in SQLite's full-text search, any word of the question, by BM25."""

import re
import sqlite3
from pathlib import Path

from benchmarks.peers.worker import Corpus, Found
from index.minilm import MiniLM

QUERY = "select source, text from paragraphs where paragraphs match ? {} order by rank limit ?"


class Peer:
    """A table in one file."""

    def __init__(self, folder: Path, encoder: MiniLM) -> None:
        del encoder  # it searches by words alone
        self._held = sqlite3.connect(folder / "paragraphs.db")
        self._held.execute("create virtual table if not exists paragraphs using fts5(source unindexed, text)")

    def add(self, corpus: Corpus) -> int:
        """Store each paragraph."""
        rows = [(source, text) for source, whole in corpus for text in re.split(r"\n{2,}", whole) if text.strip()]
        with self._held:
            self._held.executemany("insert into paragraphs values (?, ?)", rows)
        return len(rows)

    def search(self, question: str, k: int, source: str | None) -> Found:
        """Return paragraphs."""
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question))
        query = QUERY.format("and source = ?" if source else "")
        return self._held.execute(query, [words, *([source] if source else []), k]).fetchall()
