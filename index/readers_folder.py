"""Finds the files of a folder that citewise reads, in the order in which people list them."""

import os
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

OnError = Callable[[Path, str], None]
OnSkip = Callable[[Path], None]

_LITTER = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})


class _Found(NamedTuple):
    """A file or folder by the way that led to it, and where it really is."""

    path: Path
    real: str


def walk_folder(root: Path, suffixes: Collection[str], on_error: OnError, on_skip: OnSkip) -> Iterator[Path]:
    """Yield the files below `root` whose suffix is wanted, each real file once.

    Links come last and are followed only to places inside `root`. `on_error` hears of folders and links that
    cannot be read, `on_skip` of files with another suffix and of links that lead out.
    """
    top = os.path.realpath(root)
    seen, todo, links = set[str](), [_Found(root, top)], deque[Path]()
    while todo or links:
        found = todo.pop() if todo else _follow(links.popleft(), top, on_error, on_skip)
        if found is None or found.real in seen:
            continue
        path, real = found
        seen.add(real)
        if os.path.isdir(real):
            todo += _entries(found, links, on_error)
        elif not os.path.exists(real):
            on_error(path, "it does not exist: check its name")
        elif path.suffix.lower() not in suffixes or not os.path.isfile(real):
            on_skip(path)
        else:
            yield path


def _entries(folder: _Found, links: deque[Path], on_error: OnError) -> list[_Found]:
    """Return a folder's files and folders, last first, and put its links aside."""
    path, real = folder
    try:
        with os.scandir(path) as found:
            entries = sorted((e for e in found if not _is_litter(e.name)), key=lambda e: _natural(e.name))
    except OSError as error:
        on_error(path, f"the folder cannot be read ({error.strerror}): change its permissions")
        return []
    links += [path / entry.name for entry in entries if entry.is_symlink()]
    names = [entry.name for entry in reversed(entries) if not entry.is_symlink()]
    return [_Found(path / name, os.path.join(real, name)) for name in names]


def _follow(link: Path, top: str, on_error: OnError, on_skip: OnSkip) -> _Found | None:
    real = os.path.realpath(link)
    if not os.path.exists(real):
        on_error(link, "it is a link to a file that does not exist: remove it or mend it")
        return None
    if os.path.commonpath([top, real]) != top:
        on_skip(link)
        return None
    return _Found(link, real)


def _is_litter(name: str) -> bool:
    """Tell hidden files, lock files of open documents and what operating systems leave behind."""
    return name.startswith((".", "~$")) or name.lower() in _LITTER


def _natural(name: str) -> tuple[object, ...]:
    """Order names as people do: "page 2" before "page 10", capitals beside small letters."""
    parts = re.split(r"(\d+)", name.casefold())
    return (*(int(part) if i % 2 else part for i, part in enumerate(parts)), name)
