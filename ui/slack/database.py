"""The file `slack.sqlite` in the library's folder: what copies of the bot that share the folder share.

It holds no truth about documents: deleted, the bot forgets which questions are waiting, the limits of channels and
old answers, and goes on. `journal.py` and `kept.py` say what is in it.
"""

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from index.errors import LibraryError

FILE = "slack.sqlite"
VERSION = 1
_PATIENCE = 30.0
_SCHEMA = """
CREATE TABLE jobs (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, thread TEXT NOT NULL, at REAL NOT NULL, payload TEXT NOT NULL,
    state TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '', due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    reply TEXT NOT NULL DEFAULT '', seen REAL NOT NULL);
CREATE INDEX jobs_by_state ON jobs (state, at);
CREATE INDEX jobs_by_thread ON jobs (thread, state);
CREATE TABLE threads (thread TEXT PRIMARY KEY, joined INTEGER NOT NULL, seen REAL NOT NULL);
CREATE TABLE answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL, seen REAL NOT NULL);
CREATE TABLE limits (channel TEXT PRIMARY KEY, documents TEXT NOT NULL);
CREATE TABLE requests (signature TEXT PRIMARY KEY, seen REAL NOT NULL);
"""
Row = tuple[Any, ...]


class Database:
    """An open `slack.sqlite`, safe to share by threads and by processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / "slack.lock", timeout=_PATIENCE):  # SQLite's first steps do not wait for each other
                self._connection = _open(folder / FILE)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def changing(self) -> Generator[sqlite3.Connection]:
        """Give the connection for changes that happen all together or not at all."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    def change(self, sql: str, *values: Any) -> int:
        """Make one change and return how many rows it touched."""
        with self.changing() as connection:
            return connection.execute(sql, values).rowcount

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Return what a query finds."""
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> LibraryError:
        return LibraryError(
            f"{self.folder / FILE} can't be used ({error}): see to its rights and to space, or delete it to begin anew"
        )


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # outlives a killed process; a power cut may cost the last moment
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
    if version not in (0, VERSION):
        connection.close()
        raise sqlite3.DatabaseError(f"it has version {version} and this citewise reads version {VERSION}")
    return connection
