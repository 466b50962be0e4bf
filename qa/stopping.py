"""Breaking an answer off from another thread, while the one that writes it waits for the model."""

from collections.abc import Callable
from threading import Lock


class Stop:
    """Holds whether an answer shall end, and how to end what it waits for."""

    def __init__(self) -> None:
        self.requested = False
        self._lock = Lock()
        self._calls: list[Callable[[], object]] = []

    def request(self) -> None:
        """End the answer now."""
        with self._lock:
            self.requested, calls, self._calls = True, self._calls, []
        for call in calls:
            call()

    def on_request(self, call: Callable[[], object]) -> None:
        """Have something called when the answer shall end; at once if it shall already."""
        with self._lock:
            if not self.requested:
                self._calls.append(call)
                return
        call()
