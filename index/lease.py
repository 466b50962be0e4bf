"""One writer at a time where writers have no folder in common: a lock that is a row on the Chroma server.

Chroma ignores the adding of an id that is there already: of several that add the same number, one wins. The highest
number is the lock; who holds it counts a beat up in it. Nobody compares clocks: a holder is gone once another has
watched its beat stand still for `GONE` seconds. One that was only asleep finds a higher number before it commits, and
stops.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any
from uuid import uuid4

import numpy as np

from .errors import LibraryBusy, LibraryError

BEAT = 3.0
GONE = 15.0
"""Seconds without a beat after which a writer is taken for dead."""
_LOOK = 0.1  # seconds between looks of one that waits

Row = dict[str, Any]


class Lease:
    """The right to write, named `name`; its caller sees to it that one thread of this program asks at a time.

    Its rows are in the collection that `use` lends for one call.
    """

    def __init__(self, use: Callable[..., AbstractContextManager[Any]], name: str) -> None:
        self._use, self._name = use, name
        self._depth = 0
        self._number = 0
        self._row: Row = {}

    @contextmanager
    def held(self, wait: float) -> Generator[None]:
        """Hold the lease, waiting up to `wait` seconds (below 0: however long); raise LibraryBusy naming the holder."""
        if self._depth == 0:
            self._acquire(wait)
        self._depth += 1
        try:
            if self._depth == 1:
                with self._beating():
                    yield
            else:
                yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                with suppress(LibraryError):  # then it runs out by itself
                    self._change(self._row | {"held": False})

    def check(self) -> None:
        """Raise LibraryBusy where another took this program for dead meanwhile."""
        if self._depth and not self._is_highest():
            raise LibraryBusy("another program took over writing while this one stood still: try again")

    def _acquire(self, wait: float) -> None:
        began = watched = time.monotonic()
        last: Row | None = None
        while True:
            asked = time.monotonic()  # a slow answer is no sign of death
            number, row = self._highest()
            if row != last:
                last, watched = row, time.monotonic()
            if not row.get("held") or asked - watched > GONE:
                if self._take(number + 1):
                    return
            elif 0 <= wait <= time.monotonic() - began:
                raise LibraryBusy(f"{row.get('who')} is writing to the library: try again when it is done")
            time.sleep(_LOOK)

    def _take(self, number: int) -> bool:
        self._number = number
        self._row = {"kind": "lease", "lease": self._name, "number": number, "beat": 0, "held": True}
        self._row |= {"who": _who(), "holder": uuid4().hex}
        with self._use(writes=True) as rows:  # nothing happens where there is one of this number
            rows.add(ids=[self._id(number)], embeddings=np.zeros((1, 1), np.float32), metadatas=[self._row])
        if not self._is_highest():
            return False
        lower = [i for i, row in self._rows().items() if int(row["number"]) < number]
        if lower:
            with self._use(writes=True) as rows:
                rows.delete(ids=lower)
        return True

    def _is_highest(self) -> bool:
        return self._highest()[1].get("holder") == self._row["holder"]

    def _highest(self) -> tuple[int, Row]:
        highest: Row = max(self._rows().values(), key=lambda row: int(row["number"]), default={})
        return int(highest.get("number", 0)), highest

    def _rows(self) -> dict[str, Row]:
        with self._use() as rows:
            found = rows.get(where={"lease": self._name}, include=["metadatas"])
        return dict(zip(found["ids"], found["metadatas"], strict=True))

    def _change(self, row: Row) -> None:
        with self._use(writes=True) as rows:  # nothing happens where another has deleted it
            rows.update(ids=[self._id(self._number)], metadatas=[row])

    @contextmanager
    def _beating(self) -> Generator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(BEAT):
            self._row["beat"] += 1
            with suppress(LibraryError):  # the next beat may get through
                self._change(self._row)

    def _id(self, number: int) -> str:
        return f"lease.{self._name}.{number}"


def _who() -> str:
    command = " ".join([os.path.basename(sys.argv[0] or "python"), *sys.argv[1:2]])
    return f"process {os.getpid()} on {socket.gethostname()} ({command})"
