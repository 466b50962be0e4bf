"""Make the next item in a thread while the caller is busy with the one before."""

from collections.abc import Generator, Iterable
from contextvars import copy_context
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
_LOOK = 0.05  # seconds between looks whether the caller has gone
_GRACE = 2.0  # seconds that the caller, on going, waits for an item that is being made


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


def ahead(items: Iterable[T], over: Event) -> Generator[T]:
    """Yield items, one of which is always being made and one ready; raise what goes wrong in making them.

    Left or closed before the end, it sets `over`, which whatever makes an item may look at.
    """
    ready: Queue[T | _End] = Queue(1)
    thread = Thread(target=copy_context().run, args=(_make, items, ready, over), name="citewise-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error:
            raise item.error
    finally:
        over.set()
        thread.join(_GRACE)  # one that waits for a provider's answer, and changes nothing, ends when that comes


def _make(items: Iterable[T], ready: "Queue[T | _End]", over: Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _hand_over(item, ready, over):
                return
    except BaseException as error:  # noqa: BLE001  whatever it is, it is the caller's
        end = _End(error)
    _hand_over(end, ready, over)


def _hand_over(item: T | _End, ready: "Queue[T | _End]", over: Event) -> bool:
    while not over.is_set():
        try:
            ready.put(item, timeout=_LOOK)
        except Full:
            continue
        return True
    return False
