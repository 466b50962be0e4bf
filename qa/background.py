"""An event loop in a thread of its own: what runs there can have a deadline, and can be broken off at any moment."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar
from weakref import finalize

T = TypeVar("T")


class Background:
    """Holds the loop: it starts at first use, and stops when it is stopped or forgotten."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start work on the loop; to cancel its future is to break it off."""
        with self._lock:
            return asyncio.run_coroutine_threadsafe(work, self._loop or self._start())

    def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Break off what runs, do the last thing and stop the loop; it starts again when it is used again."""
        ended = self.submit(_break_off_and(last))
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        wait([ended], _PATIENCE)
        if loop and thread:
            _stop(loop)
            thread.join(_PATIENCE)

    def _start(self) -> asyncio.AbstractEventLoop:
        started: SimpleQueue[asyncio.AbstractEventLoop] = SimpleQueue()
        self._thread = Thread(target=_run, args=(started.put,), name="citewise-model", daemon=True)
        self._thread.start()
        self._loop = started.get()
        finalize(self, _stop, self._loop).atexit = False  # a daemon thread ends with the process
        return self._loop


_PATIENCE = 5.0
"""Seconds to wait for the thread, which a look-up of names that hangs can hold."""


async def _break_off_and(last: Coroutine[Any, Any, None]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await last


def _run(started: Any) -> None:
    with asyncio.Runner() as runner:  # which cancels what is left at its end
        loop = runner.get_loop()
        loop.call_soon(started, loop)
        loop.run_forever()


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
