"""The bot's workers: they take jobs from the journal, a few at a time, until they are told to stop.

What a job does is not known here. A job that raises `Again` is put back for later; whatever else it raises is a fault
of ours, which is logged and tried again a few times.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .connect import LOG
from .journal import Job, Journal

AT_A_TIME = 16
MAX_ATTEMPTS = 5
_POLL = 0.5
_SWEEP = 2.0
"""Seconds between two looks for what dead processes left."""
_TIDY = 600.0
_BACKOFF = 1.0
"""Seconds until the second attempt; each later one waits twice as long."""


class Again(Exception):
    """Say that a job can't be done now, and after how many seconds it may be tried again."""

    def __init__(self, why: str, delay: float | None = None) -> None:
        super().__init__(why)
        self.delay = delay


class Workers:
    """Threads that do the journal's jobs with `do`; `give_up` is told of a job that failed too often."""

    def __init__(
        self,
        journal: Journal,
        do: Callable[[Job], None],
        give_up: Callable[[Job, Exception], None],
        tidy: Callable[[], None],
    ) -> None:
        self._journal, self._do, self._give_up, self._tidy = journal, do, give_up, tidy
        self._news = threading.Condition()
        self._told = False
        self._stopping = False
        self._sweep_at = self._tidy_at = 0.0
        self._free = threading.Semaphore(AT_A_TIME)
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="citewise-slack")
        self._dispatcher = threading.Thread(target=self._dispatch, name="citewise-slack-jobs")

    def start(self) -> None:
        """Begin to work."""
        self._dispatcher.start()

    def wake(self) -> None:
        """Say that there is something to do."""
        with self._news:
            self._told = True
            self._news.notify()

    def stop(self) -> None:
        """Finish what was begun, and begin nothing more."""
        self._stopping = True
        self.wake()
        if self._dispatcher.ident is not None:
            self._dispatcher.join()
        self._pool.shutdown(wait=True)

    def _dispatch(self) -> None:
        while not self._stopping:
            try:
                self._keep_house()
                busy = self._start_one()
            except Exception:  # noqa: BLE001 - whatever happens here, the bot goes on
                LOG.exception("the journal can't be read; trying again")
                busy = False
            if not busy:
                self._rest()

    def _keep_house(self) -> None:
        now = time.monotonic()
        if now >= self._sweep_at:
            self._journal.sweep()
            self._sweep_at = now + _SWEEP
        if now >= self._tidy_at:
            self._journal.tidy()
            self._tidy()
            self._tidy_at = now + _TIDY

    def _start_one(self) -> bool:
        """Hand one job to a worker; False if no worker is free or nothing is due."""
        if not self._free.acquire(timeout=_POLL):
            return True
        try:
            job = self._journal.take()
        except BaseException:  # whatever it is, the place is free again
            self._free.release()
            raise
        if job is None:
            self._free.release()
            return False
        self._pool.submit(self._work, job)
        return True

    def _rest(self) -> None:
        with self._news:
            if not self._told:
                self._news.wait(_POLL)
            self._told = False

    def _work(self, job: Job) -> None:
        try:
            self._attempt(job)
        except Exception:  # noqa: BLE001 - this thread's last chance to tell
            LOG.exception("the journal can't be written; the job is done again after a restart")
        finally:
            self._free.release()
            self.wake()

    def _attempt(self, job: Job) -> None:
        try:
            self._do(job)
        except Exception as error:  # noqa: BLE001 - a job's fault must not end the worker
            if not isinstance(error, Again):
                LOG.exception("the job %s failed", job.kind)
            if job.attempts < MAX_ATTEMPTS:
                delay = error.delay if isinstance(error, Again) else None
                self._journal.again(job.key, _BACKOFF * 2 ** (job.attempts - 1) if delay is None else delay)
                return
            self._give_up(job, error)
        self._journal.done(job.key)
