"""How often something may happen: failed sign-ins, and requests of one person. Held in memory, of bounded size."""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_KEPT = 10_000
"""Names and addresses that are remembered; of more, those that were not heard of for the longest go."""


class Attempts:
    """At most `most` attempts in `seconds` for each key; one that turned out well is taken back."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._now = most, seconds, now
        self._at: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str) -> int:
        """Count an attempt and return 0, or return the seconds to wait before the next one."""
        with self._lock:
            now = self._now()
            at = self._at.setdefault(key, deque())
            self._at.move_to_end(key)
            while at and at[0] <= now - self._seconds:
                at.popleft()
            if len(at) >= self._most:
                return math.ceil(at[0] + self._seconds - now) or 1
            at.append(now)
            while len(self._at) > _KEPT:
                self._at.popitem(last=False)
            return 0

    def take_back(self, key: str) -> None:
        """Forget the latest attempt of a key."""
        with self._lock:
            if at := self._at.get(key):
                at.pop()

    def forget(self, key: str) -> None:
        """Forget the attempts of a key."""
        with self._lock:
            self._at.pop(key, None)


class Rate:
    """A budget for each key that refills evenly: `a_minute` requests, which may come at once."""

    def __init__(self, a_minute: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = a_minute, now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str, cost: float = 1.0) -> int:
        """Take the cost of a request and return 0, or return the seconds to wait before there is enough for it."""
        with self._lock:
            now, a_second = self._now(), self._most / 60
            left, at = self._left.get(key, (self._most, now))
            left = min(self._most, left + (now - at) * a_second)
            short = cost - left
            self._left[key] = (left if short > 0 else left - cost, now)
            self._left.move_to_end(key)
            while len(self._left) > _KEPT:
                self._left.popitem(last=False)
            return math.ceil(short / a_second) if short > 0 else 0
