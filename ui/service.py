"""The one open Chatbot that a process's front ends share, and the small facts they all need.

Knows nothing of Gradio, FastAPI or the terminal.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO

from index.errors import CitewiseError, LibraryBusy
from index.types import Added, Failure, OnProgress, Progress
from qa.chatbot import Chatbot

from .conversations import Conversations

if TYPE_CHECKING:
    from .metrics import Metrics
    from .people.door import People

PERSON: ContextVar[str] = ContextVar("person", default="")
"""The id of who is being answered, empty where nobody is known: then only what is everybody's is shown."""
MEGABYTE = 1_000_000
MAX_QUESTION = 4_000
MAX_NAME = 200
_DEEPEST = 8  # folders that a file's name keeps
_CHUNK = 1 << 20


class NotReady(CitewiseError):
    """Say that the library is still being opened."""


class TooLarge(CitewiseError):
    """Say that a request or a file is larger than this installation takes."""


@contextmanager
def acting_as(person: str) -> Generator[None]:
    """Answer for a person in what runs inside, in its tasks and in the threads that it waits for."""
    before = PERSON.set(person)
    try:
        yield
    finally:
        PERSON.reset(before)


def _metrics() -> "Metrics":
    from .metrics import Metrics  # only servers count

    return Metrics()


@dataclass(slots=True)
class Service:
    """What the web front ends share: the Chatbot, once it is open, the largest file taken, in bytes, the counters, and
    who may come.

    `people` is None where nobody is asked who they are.
    """

    opened: Chatbot | None = None
    max_upload: int = 100 * MEGABYTE
    people: "People | None" = None
    metrics: "Metrics" = field(default_factory=_metrics)
    _kept: Conversations | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def bot(self) -> Chatbot:
        """Return the open Chatbot as the person sees it who is being answered, or say that it is not open yet."""
        return self.bot_for(PERSON.get())

    def bot_for(self, person: str) -> Chatbot:
        """Return the open Chatbot as one person sees it, for work that goes on outside of their request."""
        if self.opened is None:
            raise NotReady("citewise is still opening the library; try again in a moment")
        return self.opened.seen_by(person) if person else self.opened

    @property
    def conversations(self) -> Conversations:
        """Return the library's conversations, opened at first use."""
        with self._lock:
            self._kept = self._kept or Conversations(self.bot.index.library)
            return self._kept


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent: the name they gave it, and a function that opens its bytes."""

    name: str
    open: Callable[[], BinaryIO]


def version() -> str:
    """Return the installed version, or say that citewise runs from a checkout."""
    try:
        return metadata.version("citewise")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def quiet() -> None:
    """Turn off the telemetry of everything that may be imported later, and every look for a newer version."""
    for name, value in (
        ("GRADIO_ANALYTICS_ENABLED", "False"),
        ("GRADIO_CHECK_VERSION", "False"),
        ("HF_HUB_OFFLINE", "1"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
        ("DO_NOT_TRACK", "1"),
        ("ANONYMIZED_TELEMETRY", "False"),
    ):
        os.environ[name] = value


def base_name(name: str) -> str:
    """Reduce a file name from elsewhere to a plain name: no folder, no control character, not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in last if c.isprintable()).strip()
    stem, dot, suffix = plain.rpartition(".")
    if len(plain) > MAX_NAME and dot and len(suffix) < 10:
        plain = f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}"
    plain = plain[:MAX_NAME]
    return plain if plain.strip(". ") else "unnamed"


def path_name(path: str) -> str:
    """Reduce a path from elsewhere to plain names with slashes between them: no root, no way up, not too long."""
    parts = [base_name(part) for part in path.replace("\\", "/").split("/") if part.strip(". ")]
    return "/".join(parts[-_DEEPEST:]) or "unnamed"


def take_uploads(
    bot: Chatbot,
    uploads: Sequence[Upload],
    max_upload: int,
    progress: OnProgress | None = None,
    patience: float = 0.0,
    name_of: Callable[[str], str] = base_name,
) -> Added:
    """Add uploaded files one by one; one that is too large or unreadable fails by name, the rest goes in.

    While others write to the library, wait `patience` seconds more than it does itself, and tell so. `name_of` makes
    a document's name of the name that was sent.
    """
    total = Added()
    with tempfile.TemporaryDirectory(prefix="citewise-") as folder:
        for number, upload in enumerate(uploads, 1):
            name = name_of(upload.name)
            path = Path(folder, "upload" + Path(name).suffix[:10])
            try:
                _spool(upload, path, max_upload)
                added = _added(bot, name, path, _counted(progress, number, len(uploads)), monotonic() + patience)
            except TooLarge as error:
                added = Added(failed=(Failure(name, str(error)),))
            finally:
                path.unlink(missing_ok=True)
            total = _joined(total, added)
    return total


def _added(bot: Chatbot, name: str, path: Path, progress: OnProgress | None, until: float) -> Added:
    """Add one file; while others write, try again until a moment of the monotonic clock."""
    while True:
        try:
            return bot.index.upload(name, path, progress)
        except LibraryBusy:
            if monotonic() >= until:
                raise
        if progress:
            progress(Progress(name, 1, 1, "waiting", 0.0))


def _counted(progress: OnProgress | None, number: int, files: int) -> OnProgress | None:
    """Let each step say which of all the uploads it is about: the index knows one at a time."""
    return progress and (lambda step: progress(replace(step, file=number, files=files)))


def _spool(upload: Upload, path: Path, limit: int) -> None:
    """Copy an upload to disk in chunks, or stop as soon as it is larger than the limit."""
    size = 0
    with upload.open() as source, path.open("wb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"it is larger than {limit / MEGABYTE:g} MB; split it into smaller files")
            target.write(chunk)


def _joined(first: Added, second: Added) -> Added:
    return Added(
        first.documents + second.documents,
        first.unchanged + second.unchanged,
        first.removed + second.removed,
        first.failed + second.failed,
    )
