"""Which files an `add` means: paths and folders as a person gives them, to files with their names in the library."""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import ReadError
from .owners import owned
from .readers import walk
from .types import Failure

_SETTLED = 2_000_000_000
"""Nanoseconds without a change after which a file's time is sure to differ when its bytes do."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to add: where it is, its id and name in the library, and what follows it on disk.

    `kept_at` is its absolute path, empty for an upload; `folder` the absolute path of the folder it was found in,
    empty for a file that was named by itself.
    """

    path: Path
    id: str
    source: str
    kept_at: str = ""
    folder: str = ""


def upload(name: str, path: Path, owner: str = "") -> File:
    """Return the file that somebody uploaded under `name`; `path` is only where its bytes are for now."""
    return File(path, owned(_identity(f"upload:{name}"), owner), name)


def find(paths: Iterable[str | Path], failures: list[Failure]) -> list[File]:
    """Return the files that `paths` name or hold, each once; what can't be found or entered is added to `failures`."""
    return list({file.id: file for file in _found(paths, failures)}.values())


def _found(paths: Iterable[str | Path], failures: list[Failure]) -> Iterator[File]:

    def fail(at: Path, reason: str) -> None:
        failures.append(Failure(_shown(at), reason))

    for given in paths:
        path = Path(given).expanduser()
        if path.is_dir():
            yield from (_file(found, os.path.abspath(path)) for found in walk(path, fail))
        elif path.exists():
            yield _file(path)
        else:
            fail(path, "there is no such file or folder: check the path")


def folders(paths: Iterable[str | Path]) -> list[str]:
    """Return the absolute paths of those `paths` that are folders."""
    return [os.path.abspath(path) for given in paths if (path := Path(given).expanduser()).is_dir()]


def fingerprint(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReadError(f"it can't be read ({(error.strerror or 'unknown error').lower()})") from error


def modified(path: Path) -> int:
    """Return when a file was last changed, in nanoseconds; 0 if that is too recent to be relied on later."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return 0
    return changed if changed < time.time_ns() - _SETTLED else 0


def _file(path: Path, folder: str = "") -> File:
    place = os.path.abspath(path)
    return File(path, _identity(f"file:{place}"), _shown(path), place, folder)


def _identity(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _shown(path: Path) -> str:
    """Return a path as it is shown and kept: forward slashes, and bytes that are not UTF-8 spelt out."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
