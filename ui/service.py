"""The one open Chatbot that a process's front ends share, and the small facts they all need.

Knows nothing of Gradio, FastAPI or the terminal.
"""

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from index.errors import CitewiseError
from index.types import Added, Failure, OnProgress
from qa.chatbot import Chatbot

if TYPE_CHECKING:
    from .metrics import Metrics

MEGABYTE = 1_000_000
MAX_QUESTION = 4_000
MAX_NAME = 200
_CHUNK = 1 << 20


class NotReady(CitewiseError):
    """Say that the library is still being opened."""


class TooLarge(CitewiseError):
    """Say that a request or a file is larger than this installation takes."""


def _metrics() -> "Metrics":
    from .metrics import Metrics  # only servers count

    return Metrics()


@dataclass(slots=True)
class Service:
    """What the web front ends share: the Chatbot, once it is open, the largest file taken, in bytes, the counters."""

    opened: Chatbot | None = None
    max_upload: int = 100 * MEGABYTE
    metrics: "Metrics" = field(default_factory=_metrics)

    @property
    def bot(self) -> Chatbot:
        """Return the open Chatbot, or say that it is not open yet."""
        if self.opened is None:
            raise NotReady("citewise is still opening the library; try again in a moment")
        return self.opened


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


def take_uploads(bot: Chatbot, uploads: Iterable[Upload], max_upload: int, progress: OnProgress | None = None) -> Added:
    """Add uploaded files one by one; one that is too large or unreadable fails by name, the rest goes in."""
    total = Added()
    with tempfile.TemporaryDirectory(prefix="citewise-") as folder:
        for upload in uploads:
            name = base_name(upload.name)
            path = Path(folder, "upload" + Path(name).suffix[:10])
            try:
                _spool(upload, path, max_upload)
                added = bot.index.upload(name, path, progress)
            except TooLarge as error:
                added = Added(failed=(Failure(name, str(error)),))
            finally:
                path.unlink(missing_ok=True)
            total = _joined(total, added)
    return total


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
