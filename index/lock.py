"""One writer at a time, across threads and processes, and a word on who it is; many threads in a room, or one alone."""

import json
import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import LibraryBusy
from .lease import Lease


class WriterLock:
    """A lock on `folder` that says who holds it; the same thread may take it again.

    With a `lease`, others that write to the same library from elsewhere are kept out as well.
    """

    def __init__(self, folder: Path, name: str, lease: Lease | None = None) -> None:
        self._lease = lease
        self._file = FileLock(folder / f"{name}.lock", thread_local=False)
        self._holder = folder / f"{name}.holder"
        self._threads = threading.RLock()

    @contextmanager
    def held(self, wait: float) -> Generator[None]:
        """Hold the lock, waiting up to `wait` seconds for it; raise `LibraryBusy` naming the holder."""
        if not self._threads.acquire(timeout=wait):
            raise LibraryBusy("another task of this program is writing to the library: try again when it is done")
        try:
            with self._file.acquire(timeout=wait), self._lease.held(wait) if self._lease else nullcontext():
                self._sign()
                yield
        except Timeout:
            raise LibraryBusy(f"{self._who()} is writing to the library: try again when it is done") from None
        finally:
            self._threads.release()

    def _sign(self) -> None:
        command = " ".join([os.path.basename(sys.argv[0] or "python"), *sys.argv[1:2]])
        with suppress(OSError):  # who holds it is a courtesy; the lock itself is not this file
            self._holder.write_text(json.dumps({"process": os.getpid(), "command": command}), "utf-8")

    def _who(self) -> str:
        try:
            holder = json.loads(self._holder.read_text("utf-8"))
            return f"process {int(holder['process'])} ({holder['command']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


class Gate:
    """Let many threads use the client, or one replace it while no other does."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0

    @contextmanager
    def shared(self) -> Generator[None]:
        """Be inside with others."""
        with self._changed:
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Generator[None]:
        """Be inside while nobody else is."""
        with self._changed:  # held throughout: nobody enters meanwhile
            self._changed.wait_for(lambda: self._inside == 0)
            yield
