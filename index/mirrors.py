"""What is derived from the store and can be made again: the keyword index and the pairs of versions.

Both carry the commit that they show, and are brought to the store's before they are asked.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from .errors import MirrorDamaged
from .keywords import Keywords
from .lock import WriterLock
from .rows import Record
from .store import Store
from .types import Passage
from .versions import Pairs, Versions

PATIENCE = 30.0
"""Seconds that one process waits for another one that is at the mirrors."""
_FORMAT = "v4"  # of words() and what stands beside them: another way of taking words apart needs another mirror


class Mirrors:
    """The mirrors of a store, kept in `folder`; any number of processes may share them."""

    def __init__(self, store: Store, folder: Path) -> None:
        library = store.view.shelf.library
        self._store = store
        self._lock = WriterLock(folder, "keywords")
        self.keywords = Keywords(folder / "keywords" / f"{library}-{_FORMAT}")
        self.versions = Versions(folder / "versions", library)

    def held(self) -> AbstractContextManager[None]:
        """Keep everybody else from changing the mirrors."""
        return self._lock.held(PATIENCE)

    def refresh(self) -> int:
        """See commits of other processes, in the store and in the mirrors; return the latest."""
        generation = self._store.refresh()
        behind = generation != self.keywords.generation or generation != self.versions.generation
        if behind or self.keywords.is_doubtful:
            self.follow()
        return generation

    def follow(self) -> None:
        """Bring the mirrors to the store's latest commit; one that is damaged is made again."""
        with self.held():
            try:
                self._follow()
            except MirrorDamaged:  # found in the middle of it: this time it is seen at the beginning
                self._follow()

    def pairs(self, documents: Sequence[str]) -> Pairs:
        """Return the pairs of those documents that have other versions."""
        try:
            return self.versions.of(documents)
        except MirrorDamaged:
            self.follow()
            return self.versions.of(documents)

    def _follow(self) -> None:
        self.keywords.reload()
        generation = self._store.refresh()
        if self.keywords.generation != generation:
            changed = self._store.changes(since=self.keywords.generation)
            self.keywords.apply(((r.document.id, self._passages(r)) for r in changed), generation)
        self.versions.reload()
        if self.versions.generation != generation:
            changed = self._store.changes(since=self.versions.generation)
            texts = ((r.document, (p.text for p in self._passages(r))) for r in changed)
            self.versions.apply(texts, generation)

    def _passages(self, record: Record) -> Iterator[Passage]:
        if not record.removed:
            for row in self._store.view.shelf.rows_of(record):
                yield row.passage
