"""What is derived from the store and can be made again: the keyword index and the pairs of versions.

Both carry the commit that they show. The keywords are brought to the store's before a question is asked. Pairs take
longer to find, of a whole library minutes, and no answer needs them: who writes finds them at once, and where a
question comes upon a commit of another process, or on a library of an older citewise, they are found beside it.
"""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .adding import Written
from .errors import CitewiseError, LibraryBusy, LibraryError, MirrorDamaged
from .keywords import Keywords
from .lock import WriterLock
from .rows import Record, passage_key
from .store import Store
from .types import Passage
from .versions import Pairs, Versions

PATIENCE = 30.0
"""Seconds that one process waits for another one that is at the mirrors."""
_FORMAT = "v4"  # of words() and what stands beside them: another way of taking words apart needs another mirror
_MOMENT = 0.2  # seconds that a question waits for pairs, enough for a few documents


class Mirrors:
    """The mirrors of a store, kept in `folder`; any number of processes may share them."""

    def __init__(self, store: Store, folder: Path) -> None:
        library = store.view.shelf.library
        self._store = store
        self._lock = WriterLock(folder, "keywords")
        self._pairing = WriterLock(folder, "versions")
        self._closed = threading.Event()
        self._starting = threading.Lock()
        self._thread = threading.Thread()
        self._written: Written = {}  # what need not be read again
        self.keywords = Keywords(folder / "keywords" / f"{library}-{_FORMAT}")
        self.versions = Versions(folder / "versions", library)

    def close(self) -> None:
        """Stop what is at work; what it has done is kept."""
        with self._starting:
            self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    @contextmanager
    def held(self) -> Generator[None]:
        """Keep everybody else from changing the mirrors."""
        with self._lock.held(PATIENCE), self._pairing.held(PATIENCE):
            yield

    def refresh(self) -> int:
        """See commits of other processes, in the store and in the keywords; return the latest."""
        generation = self._store.refresh()
        if generation != self.keywords.generation or self.keywords.is_doubtful:
            self._follow()
        if generation != self.versions.generation:
            self._pair_soon()
        return generation

    def follow(self) -> None:
        """Bring both to the store's latest commit; one that is damaged is made again.

        Where somebody is at one of them for long, it is left to them, and to the next question.
        """
        with suppress(LibraryBusy):
            self._follow()
        with suppress(LibraryBusy):
            self._pair(PATIENCE)

    def keep_up(self, written: Written) -> None:
        """Bring both up to what was just written, on the way to a last `follow`, which tells what is wrong."""
        self._written = written
        with suppress(LibraryError):
            self.follow()
        self._written = {}

    def pairs(self, documents: Sequence[str]) -> Pairs:
        """Return the pairs, as far as they were found yet, of those documents that have other versions."""
        for _ in range(2):
            with suppress(MirrorDamaged):
                return self.versions.of(documents)
            self._pair_soon()
        return {}

    def _follow(self) -> None:
        with self._lock.held(PATIENCE):
            try:
                self._apply_words()
            except MirrorDamaged:  # found in the middle of it: this time it is seen at the beginning
                self._apply_words()

    def _apply_words(self) -> None:
        self.keywords.reload()
        generation = self._store.refresh()
        if self.keywords.generation > generation:  # the store is an older copy, put in the place of the one before
            self.keywords.clear()
        if self.keywords.generation != generation:
            changed = self._store.changes(since=self.keywords.generation)
            self.keywords.apply(((r.document.id, self._passages(r)) for r in changed), generation)

    def _pair_soon(self) -> None:
        """Find pairs in a thread, unless one is at it, and wait a moment for it."""
        with self._starting:
            if self._closed.is_set() or self._thread.is_alive():
                return
            self._thread = threading.Thread(target=self._pair_quietly, name="citewise-versions", daemon=True)
            self._thread.start()
        self._thread.join(_MOMENT)

    def _pair_quietly(self) -> None:
        with suppress(CitewiseError):  # another process is at it, or the next question tries again
            self._pair(0.0)

    def _pair(self, wait: float) -> None:
        with self._pairing.held(wait):
            try:
                self._apply_pairs()
            except MirrorDamaged:
                self._apply_pairs()

    def _apply_pairs(self) -> None:
        self.versions.reload()
        generation = self._store.refresh()
        if self.versions.generation > generation:
            self.versions.clear()
        if self.versions.generation != generation:
            changed = sorted(self._store.changes(since=self.versions.generation), key=lambda r: r.generation)
            self.versions.apply(((r, (p.text for p in self._passages(r))) for r in changed), generation)

    def _passages(self, record: Record) -> Iterator[Passage]:
        if record.removed:
            return
        known = self._written.get(passage_key(record.document))
        for passage in known or (row.passage for row in self._store.view.shelf.rows_of(record)):
            if self._closed.is_set():
                raise LibraryError("the library was closed meanwhile: open it again")
            yield passage
