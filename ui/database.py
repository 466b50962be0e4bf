"""A small SQLite file in the library's folder: what processes that share the folder share beside the documents.

Who opens one says what is in it.
"""

import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from index.errors import LibraryError

_PATIENCE = 30.0
Row = tuple[Any, ...]


class Database:
    """An open file, safe to share by threads and by processes; `schema` is made where there is none, in `version`."""

    def __init__(self, path: Path, schema: str, version: int = 1) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            path.chmod(0o600)  # what people asked is theirs; SQLite gives its side files the same rights
            with FileLock(path.with_suffix(".lock"), timeout=_PATIENCE):  # SQLite's first steps don't wait for others
                self._connection = _open(path, schema, version)
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
                except BaseException:  # whatever it is, half of it must not stay
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
        remedy = "see to its rights and to space, or put a copy from a backup in its place"
        return LibraryError(f"{self.path} can't be used ({error}): {remedy}")


def _open(path: Path, schema: str, version: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")  # outlives a killed process; a power cut may cost the last moment
    connection.execute("BEGIN IMMEDIATE")
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found == 0:
        for statement in schema.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("COMMIT")
    if found not in (0, version):
        connection.close()
        raise sqlite3.DatabaseError(f"it has version {found} and this citewise reads version {version}")
    return connection
