"""Which documents are versions of one another: a mirror of the store in SQLite that can be deleted and is built again.

A document that comes in is compared with those that share a band of its print (see likeness.py), so that the work
grows with what is alike and not with the library. `with_versions` shows a person no version that is not theirs to see.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from .errors import LibraryError, MirrorDamaged
from .likeness import Likeness, are_versions, bands, likeness
from .owners import owner_of, sees
from .rows import Record
from .store import Store
from .types import Document, OtherVersion

FORMAT = "v2"  # of prints: others cannot be compared with them
MOST = 10
"""Other versions of a document that are known, those most like it: of a form that was filled in there are many more."""
_A_BAND = 100  # documents of a band that are looked at: more are copies of a form
_NEAREST = 100  # documents, those that share the most bands, that are compared
_GROUP = 200
_PATIENCE = 30.0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_ERROR}
"""What SQLite says of a file that is not what it was; the last where it is a new one, without tables."""
_TABLES = """
    CREATE TABLE IF NOT EXISTS prints (
        document TEXT PRIMARY KEY, source TEXT, words BLOB, figures BLOB, figured INTEGER, names TEXT, leading TEXT
    );
    CREATE TABLE IF NOT EXISTS bands (band INTEGER, document TEXT, PRIMARY KEY (band, document)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS bands_of ON bands (document);
    CREATE TABLE IF NOT EXISTS pairs (one TEXT, other TEXT, same REAL, PRIMARY KEY (one, other)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS pairs_with ON pairs (other);
    CREATE TABLE IF NOT EXISTS shown (generation INTEGER);
"""

Changed = tuple[Record, Iterable[str]]
"""The record of a document and its text in pieces; no text where it was removed."""


Pairs = dict[str, list[tuple[str, float]]]
"""By the ids of documents, the ids of their other versions and how much of them is the same, the most first."""


class Versions:
    """The pairs of versions, kept in `folder`; one process writes at a time, any number read."""

    def __init__(self, folder: Path, library: str) -> None:
        self._path = folder / f"{library}-{FORMAT}.sqlite"
        self.generation = -1
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(MirrorDamaged):
            self.generation = self._read_generation()

    def reload(self) -> None:
        """See what another process has written; nobody writes meanwhile. Of what is damaged nothing is kept."""
        try:
            self.generation = self._read_generation()
        except MirrorDamaged:
            self.clear()

    def apply(self, changed: Iterable[Changed], generation: int) -> None:
        """Compare changed documents, in the order of their commits, with all the others.

        Stopped half-way by an error of the store, `generation` is the commit up to which that was done.
        """
        with self._database() as database:
            done = self.generation
            try:
                for number, (record, texts) in enumerate(changed, 1):
                    known = likeness(texts)
                    _forget(database, record.document.id)
                    if known:
                        _learn(database, record.document.id, record.document.source, known)
                    done = record.generation - 1  # there may be more of the same commit
                    if number % _GROUP == 0:  # others read between, and no journal grows with the library
                        _show(database, done)
                        database.commit()
            except LibraryError:
                _show(database, done)
                database.commit()
                raise
            _show(database, generation)
        self.generation = generation

    def clear(self) -> None:
        """Forget everything, so that it is built again; nobody writes meanwhile."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        for path in (self._path, self._path.with_name(self._path.name + "-journal")):
            path.unlink(missing_ok=True)
        self.generation = self._read_generation()

    def of(self, documents: Sequence[str]) -> Pairs:
        """Return the pairs of those documents that have some."""
        with self._database() as database:
            wanted = json.dumps(list(documents))
            rows = database.execute(
                "SELECT one, other, same FROM pairs WHERE one IN (SELECT value FROM json_each(?)) ORDER BY same DESC",
                (wanted,),
            ).fetchall()
        found: Pairs = {}
        for one, other, same in rows:
            found.setdefault(one, []).append((other, same))
        return found

    def _read_generation(self) -> int:
        with self._database() as database:
            database.executescript(_TABLES)
            row = database.execute("SELECT generation FROM shown").fetchone()
        return int(row[0]) if row else -1

    @contextmanager
    def _database(self) -> Generator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as database, database:
                yield database
        except sqlite3.Error as error:
            damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
            self.generation = -1 if damaged else self.generation
            kind = MirrorDamaged if damaged else LibraryError
            raise kind(f"{self._path} can't be used ({error}): try again, or delete it") from error


def with_versions(documents: Sequence[Document], pairs: Pairs, store: Store, person: str) -> list[Document]:
    """Return documents with their other versions, as far as a person may see them."""
    ids = {other for some in pairs.values() for other, _ in some if sees(person, other)}
    others = {identity: record.document for identity, record in store.records(ids).items()}

    def versions(document: Document) -> tuple[OtherVersion, ...]:
        found = ((others[i], same) for i, same in pairs.get(document.id, ()) if i in others)
        return tuple(_other_version(document, other, same) for other, same in found)[:MOST]

    return [replace(document, versions=versions(document)) for document in documents]


def _other_version(document: Document, other: Document, same: float) -> OtherVersion:
    share = 1.0 if other.version == document.version else min(round(same, 3), 0.99)
    return OtherVersion(other.id, other.source, share, other.added, other.modified)


def age(document: Document | OtherVersion) -> tuple[str, tuple[int, ...], str]:
    """Return what versions are ordered by, the oldest first: the day of their last change, the numbers in their names,
    the time. Files that were copied together differ in seconds, which mean nothing."""
    when = document.modified or document.added
    name = document.source.replace("\\", "/").rpartition("/")[2]
    return when[:10], tuple(int(number[:9]) for number in re.findall(r"\d+", name)), when


def _show(database: sqlite3.Connection, generation: int) -> None:
    database.execute("DELETE FROM shown")
    database.execute("INSERT INTO shown VALUES (?)", (generation,))


def _forget(database: sqlite3.Connection, document: str) -> None:
    for table in ("prints", "bands"):
        database.execute(f"DELETE FROM {table} WHERE document = ?", (document,))
    database.execute("DELETE FROM pairs WHERE one = ? OR other = ?", (document, document))


def _learn(database: sqlite3.Connection, document: str, source: str, known: Likeness) -> None:
    """Keep a document's print and pair it with those that it is a version of."""
    marks = bands(known.words)
    alike: list[tuple[float, str]] = []
    for other in _near(database, owner_of(document), marks):
        name, found = _read(database, other)
        same = are_versions(known, found, (source, name))
        if same:
            alike.append((same, other))
    kept = Counter[str]()
    for same, other in sorted(alike, reverse=True):
        kept[owner_of(other)] += 1
        if kept[owner_of(other)] <= MOST:
            pair = [(document, other, same), (other, document, same)]
            database.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?)", pair)
    database.execute(
        "INSERT INTO prints VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            document,
            source,
            known.words.tobytes(),
            known.figures.tobytes(),
            known.figured,
            json.dumps(known.names),
            json.dumps(known.leading),
        ),
    )
    database.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", [(mark, document) for mark in marks])


def _near(database: sqlite3.Connection, owner: str, marks: Sequence[int]) -> list[str]:
    """Return documents that share bands, those that share the most: everybody's, and the owner's.

    What is one person's alone is not looked at for another, whose own it could push out.
    """
    near: list[str] = []
    for private, ids in ((False, "*-*"), (True, f"*-{owner or '*'}")):  # see owners.py
        found = Counter[str]()
        for mark in marks:
            rows = database.execute(
                "SELECT document FROM bands WHERE band = ? AND (document GLOB ?) = ? LIMIT ?",
                (mark, ids, private, _A_BAND),
            )
            found.update(row[0] for row in rows)
        near += [document for document, _ in found.most_common(_NEAREST)]
    return near


def _read(database: sqlite3.Connection, document: str) -> tuple[str, Likeness]:
    row = database.execute(
        "SELECT source, words, figures, figured, names, leading FROM prints WHERE document = ?", (document,)
    ).fetchone()
    source, words, figures, figured, names, leading = row
    prints = np.frombuffer(words, np.uint32), np.frombuffer(figures, np.uint32)
    return source, Likeness(*prints, figured, tuple(json.loads(names)), tuple(json.loads(leading)))
