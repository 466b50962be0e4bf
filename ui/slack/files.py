"""Files that are shared with the bot: offered for adding, fetched from Slack alone, added with progress and a result.

The bot's token goes to no other host than Slack's own, whatever address a file claims and wherever it is redirected.
"""

import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit

from index.errors import CitewiseError
from index.readers import READERS
from index.types import Added, Progress
from qa.settings import Settings

from ..render import count, file_size
from ..service import MEGABYTE, Upload, base_name, take_uploads
from . import documents
from . import thread as threads
from .blocks import actions, button, section
from .connect import LOG, TIMEOUT, code_of
from .desk import Desk
from .journal import Job
from .rich import Block
from .text import escaped

if TYPE_CHECKING:
    from http.client import HTTPMessage

OFFERED = 10
"""How many files of one message are offered."""
_HOST = "files.slack.com"
_PACE = 2.0
_NO_RIGHT = "Slack does not let me read this file: give the app the scope files:read and install it again"


@dataclass(frozen=True, slots=True)
class Shared:
    """A file that somebody shared."""

    id: str
    name: str
    size: int

    @classmethod
    def of(cls, file: dict[str, Any]) -> "Shared":
        """Read what Slack says about a file."""
        return cls(str(file.get("id")), base_name(str(file.get("name") or "file")), int(file.get("size") or 0))


def offer(desk: Desk, job: Job) -> None:
    """Ask whether a file shall be added."""
    payload = job.payload
    if job.attempts > 1 and _is_offered(desk, job):
        return
    file = Shared(**payload["file"])
    if not file.size:  # of a file from another workspace, the event tells nothing but its id
        file = Shared.of(desk.patient.files_info(file=file.id).get("file") or {})
    desk.patient.chat_postMessage(
        channel=payload["channel"],
        thread_ts=payload["thread"],
        text="Shall I add this to the documents?",
        blocks=_offered(desk, file),
        metadata=threads.metadata(threads.NOTICE, job.key),
    )
    desk.kept.note_thread(f"{payload['channel']}:{payload['thread']}", joined=True)


def _is_offered(desk: Desk, job: Job) -> bool:
    said = threads.read(desk.patient, desk.me, job.payload["channel"], job.payload["thread"])
    return any(message.about.get("question") == job.key for message in said)


def _offered(desk: Desk, file: Shared) -> list[Block]:
    name = f"*{escaped(file.name, 200)}* ({file_size(file.size)})"
    limit = desk.service.max_upload
    if Path(file.name).suffix.lower() not in READERS:
        return [section(f"I can't read {name}. I read {' '.join(sorted(READERS))}.")]
    if file.size > limit:
        return [section(f"{name} is larger than {limit / MEGABYTE:g} MB; split it into smaller files.")]
    return [
        section(f"Add {name} to the documents? Everybody who may ask me will get answers from it."),
        actions([button("Add it", "add_file", file.id, style="primary"), button("No", "leave_file", file.id)]),
    ]


def add(desk: Desk, job: Job) -> None:
    """Fetch a file and add it, telling in the offer's place how it goes."""
    from slack_sdk.errors import SlackApiError

    payload = job.payload
    say = _Teller(desk, payload["channel"], payload["ts"])
    try:
        found = desk.patient.files_info(file=payload["file"]).get("file") or {}
        say(f"⏳ Fetching *{escaped(Shared.of(found).name, 200)}* …")
        say(_result(_added(desk, found, payload["user"], say)))
    except SlackApiError as error:
        if code_of(error) == "ratelimited":
            raise
        say(f"⚠️ {_NO_RIGHT if code_of(error) == 'missing_scope' else f'Slack refused it ({code_of(error)}).'}")
    except CitewiseError as error:
        say(f"⚠️ {escaped(str(error), 1_500)}")


def leave(desk: Desk, channel: str, ts: str) -> None:
    """Take an offer back."""
    _Teller(desk, channel, ts)("All right, I leave it.")


def _added(desk: Desk, file: dict[str, Any], user: str, say: "_Teller") -> Added:
    shared = Shared.of(file)
    known = [d for d in desk.service.bot.index.documents() if d.source == shared.name]
    if known and not documents.is_admin(desk, desk.patient, user):
        raise CitewiseError(
            f"there is a document {shared.name!r} already, and {_lower(documents.not_admin(desk))} "
            "Share the file under another name"
        )
    address = str(file.get("url_private_download") or "")
    upload = Upload(shared.name, lambda: fetch(desk.settings, address))

    def progress(step: Progress) -> None:
        say(f"⏳ {step.stage.capitalize()} *{escaped(shared.name, 200)}* … {step.done:.0%}", pace=True)

    return take_uploads(desk.service.bot, [upload], desk.service.max_upload, progress)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _result(added: Added) -> str:
    if added.failed:
        return f"⚠️ {escaped(added.failed[0].source, 200)} was not added: {escaped(added.failed[0].reason, 1_000)}"
    if added.unchanged:
        return f"{escaped(added.unchanged[0], 200)} is among the documents already, unchanged."
    document = added.documents[0]
    said = f"✅ Added *{escaped(document.source, 200)}* ({count(document.passages, 'passage')}). Ask me about it."
    return "\n".join([said, *(f"Note: {escaped(warning, 300)}" for warning in document.warnings[:5])])


class _Teller:
    """Writes how it goes in place of an offer."""

    def __init__(self, desk: Desk, channel: str, ts: str) -> None:
        self._desk, self._channel, self._ts = desk, channel, ts
        self._next = 0.0

    def __call__(self, text: str, *, pace: bool = False) -> None:
        from slack_sdk.errors import SlackApiError

        if pace and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PACE
        client = self._desk.hasty if pace else self._desk.patient
        try:
            client.chat_update(channel=self._channel, ts=self._ts, text=text, blocks=[section(text)])
        except (SlackApiError, OSError) as error:
            if not pace:
                raise
            LOG.info("progress could not be shown: %s", error)


def fetch(settings: Settings, address: str) -> BinaryIO:
    """Open a file at Slack.

    Raises:
        CitewiseError: the address is not Slack's, or Slack does not give the file.
    """
    allowed = _is_slacks(settings)
    if not allowed(address):
        raise CitewiseError("this file does not lie at Slack, so it is not fetched; share the file itself")
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {settings.slack_bot_token}"})
    try:
        response = urllib.request.build_opener(_OnlyTo(allowed)).open(request, timeout=4 * TIMEOUT)
    except HTTPError as error:
        raise CitewiseError(f"{_NO_RIGHT} (Slack answered {error.code})") from error
    except (OSError, HTTPException, ValueError) as error:
        raise CitewiseError(f"the file could not be fetched from Slack ({error}); try again") from error
    if response.headers.get_content_type() == "text/html" and not urlsplit(address).path.lower().endswith(_PAGES):
        response.close()
        raise CitewiseError(_NO_RIGHT)  # a login page instead of the file
    return cast(BinaryIO, response)


_PAGES = (".html", ".htm", ".xhtml")


def _is_slacks(settings: Settings) -> Callable[[str], bool]:
    own = urlsplit(settings.slack_api_url or "")

    def allowed(address: str) -> bool:
        try:
            parts = urlsplit(address)
            place = (parts.scheme, parts.hostname, parts.port)
        except ValueError:
            return False
        return place in (("https", _HOST, None), ("https", _HOST, 443)) or (
            bool(own.hostname) and place == (own.scheme, own.hostname, own.port)
        )

    return allowed


class _OnlyTo(urllib.request.HTTPRedirectHandler):
    """Follows redirects to allowed addresses only, because the token goes along."""

    def __init__(self, allowed: Callable[[str], bool]) -> None:
        self._allowed = allowed

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: "HTTPMessage", newurl: str
    ) -> urllib.request.Request | None:
        """Follow a redirect, or refuse it."""
        if not self._allowed(newurl):
            raise CitewiseError(_NO_RIGHT)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
