"""How an add is told while it goes on: server-sent events `progress`, then `added` or `error`."""

import json
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from index.types import Added, OnProgress, Progress

from ..render import plain_data
from .errors import told_late

KEEP_ALIVE = 5.0
"""Seconds of silence after which the stream says that it is still at work."""


def events(add: Callable[[OnProgress], Added]) -> Iterator[str]:
    """Run an add in a thread of its own, so that it ends even if nobody listens any more; yield what happens."""
    told = SimpleQueue[tuple[str, Any]]()

    def progress(step: Progress) -> None:
        told.put(("progress", plain_data(step)))

    def work() -> None:
        try:
            told.put(("added", plain_data(add(progress))))
        except Exception as error:  # noqa: BLE001 - the response has begun; this is the only way left to tell
            told.put(("error", {"error": told_late(error)[1]}))

    threading.Thread(target=work, daemon=True, name="citewise-adding").start()
    kind = ""
    while kind not in ("added", "error"):
        try:
            kind, body = told.get(timeout=KEEP_ALIVE)
        except Empty:
            yield ": still at work\n\n"
            continue
        yield f"event: {kind}\ndata: {json.dumps(body)}\n\n"
