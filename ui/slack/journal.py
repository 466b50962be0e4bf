"""The journal of what Slack asked for: written before Slack is told that it arrived, crossed out when it is done.

Each thing to do has a key, so that Slack's retries and a second copy of the bot change nothing. A process that takes
one holds a lock file for as long as it lives; what a dead process had taken is free again at once, without timers.
In one thread, things are done in the order in which they were said.
"""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from ..database import Database

_NEXT = """
SELECT key, kind, thread, at, payload, attempts + 1, reply FROM jobs WHERE state = 'waiting' AND due <= ?
AND NOT EXISTS (SELECT 1 FROM jobs other WHERE other.thread = jobs.thread AND (other.state = 'running'
                OR other.state = 'waiting' AND (other.at, other.key) < (jobs.at, jobs.key)))
ORDER BY at, key LIMIT 1"""
_KEPT = 7 * 24 * 3600.0
"""Seconds for which what is done is remembered: far longer than Slack retries."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do; `attempts` counts this one, `reply` is the message in which its answer was begun."""

    key: str
    kind: str
    thread: str
    at: float
    payload: dict[str, Any]
    attempts: int = 0
    reply: str = ""


class Journal:
    """The jobs in the database, as one process sees and takes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._owner = uuid4().hex[:12]
        self._alive = self._lock_of(self._owner)
        self._alive.acquire()

    def close(self) -> None:
        """Give back what was taken and not done."""
        self._free(self._owner)
        self._alive.release()
        self._forget(self._owner)

    def put(self, job: Job, delay: float = 0.0) -> bool:
        """Write a job down, due after `delay` seconds; False if it was known already (then the sooner counts)."""
        now = time.time()
        with self._database.changing() as connection:
            new = connection.execute(
                "INSERT OR IGNORE INTO jobs (key, kind, thread, at, payload, state, due, seen) "
                "VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?)",
                (job.key, job.kind, job.thread, job.at, json.dumps(job.payload), now + delay, now),
            ).rowcount
            connection.execute(
                "UPDATE jobs SET due = min(due, ?) WHERE key = ? AND state = 'waiting'", (now + delay, job.key)
            )
        return bool(new)

    def take(self) -> Job | None:
        """Take the next job that is due and whose thread has no earlier one left; None if there is none."""
        with self._database.changing() as connection:
            found = connection.execute(_NEXT, (time.time(),)).fetchone()
            if found is None:
                return None
            connection.execute(
                "UPDATE jobs SET state = 'running', owner = ?, attempts = attempts + 1 WHERE key = ?",
                (self._owner, found[0]),
            )
        key, kind, thread, at, payload, attempts, reply = found
        return Job(key, kind, thread, at, json.loads(payload), attempts, reply)

    def begun(self, key: str, reply: str) -> None:
        """Note in which message the answer to a job is being written."""
        self._database.change("UPDATE jobs SET reply = ? WHERE key = ?", reply, key)

    def done(self, key: str) -> None:
        """Cross a job out; what it was about is not kept."""
        sql = "UPDATE jobs SET state = 'done', payload = '{}', owner = '' WHERE key = ? AND state = 'running'"
        self._database.change(sql, key)

    def again(self, key: str, delay: float) -> None:
        """Put a job back, to be taken once more after `delay` seconds."""
        due = time.time() + delay
        sql = "UPDATE jobs SET state = 'waiting', owner = '', due = ? WHERE key = ? AND state = 'running'"
        self._database.change(sql, due, key)

    def drop(self, key: str) -> None:
        """Forget a job, so that it may be asked for again."""
        self._database.change("DELETE FROM jobs WHERE key = ?", key)

    def open_jobs(self) -> int:
        """Return how many jobs are not done."""
        return int(self._database.rows("SELECT count(*) FROM jobs WHERE state != 'done'")[0][0])

    def sweep(self) -> None:
        """Free what dead processes had taken."""
        owners = self._database.rows("SELECT DISTINCT owner FROM jobs WHERE state = 'running'")
        for (owner,) in owners:
            if owner != self._owner and self._is_dead(owner):
                self._free(owner)
                self._forget(owner)

    def tidy(self) -> None:
        """Forget what was done long ago."""
        self._database.change("DELETE FROM jobs WHERE state = 'done' AND seen < ?", time.time() - _KEPT)

    def _is_dead(self, owner: str) -> bool:
        lock = self._lock_of(owner)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        return True

    def _free(self, owner: str) -> None:
        sql = "UPDATE jobs SET state = 'waiting', owner = '' WHERE state = 'running' AND owner = ?"
        self._database.change(sql, owner)

    def _lock_of(self, owner: str) -> FileLock:
        return FileLock(self._database.path.parent / f"slack-{owner}.lock", thread_local=False)

    def _forget(self, owner: str) -> None:
        with suppress(OSError):  # a leftover lock file is only untidy
            (self._database.path.parent / f"slack-{owner}.lock").unlink()
