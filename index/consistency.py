"""Reads of one state of the library, begun again where documents change, or it moves to another encoder, meanwhile."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from .errors import LibraryMoved, MirrorDamaged, ServerFailed
from .rows import Record, Row
from .store import Store, View

_TRIES = 4
_BREATH = 0.1  # seconds that a server is given after it failed

T = TypeVar("T")


def consistent(store: Store, refresh: Callable[[], int], read: Callable[[View], T]) -> T:
    """Return what is read from one shelf of passages; begin again where the library went over to another one, where
    what was found is of a version that is no more, or where a mirror turns out to be damaged.

    `refresh` makes the latest commit visible and returns its number.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            generation = refresh()
            view = store.view
            view.shelf.check(view.encoders)
            return read(replace(view, generation=generation if tries_left else None))
        except (LibraryMoved, MirrorDamaged, ServerFailed) as error:
            if not tries_left:
                raise
            if isinstance(error, ServerFailed):  # one that writes at this moment may find "nothing on disk"
                time.sleep(_BREATH)
    raise AssertionError("the last try returns or raises")


def see_to_changes(store: Store, view: View) -> None:
    """Have a read begin again, what it found being gone, if that is because documents changed meanwhile."""
    if view.generation is not None and store.generation() != view.generation:
        raise LibraryMoved("documents changed meanwhile: try again")


def rows_of(store: Store, view: View, record: Record) -> list[Row]:
    """Return the passages of one document in order."""
    rows = list(view.shelf.rows_of(record))
    if len(rows) < record.document.passages:
        see_to_changes(store, view)
    return rows


def text_of(rows: list[Row], record: Record) -> str:
    """Return the text that a document's passages were taken from."""
    return "".join(row.lead + row.passage.text for row in rows) + record.tail
