"""An answer on its way into a thread: streamed while it grows, as far as Slack lets it, and then written whole.

A stream can be refused, expire after minutes, or show words that the checked answer no longer has. So a stream only
shows the answer early; at the end the message is stopped and replaced by the whole one, as blocks. An answer that is
complete at once is posted in one call.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qa.types import Answer

from . import thread as threads
from .blocks import fallback, pages, section, text_blocks
from .connect import LOG, code_of
from .rich import Block
from .text import cut, streamable
from .workers import Again

if TYPE_CHECKING:
    from slack_sdk import WebClient

_PACE = 1.0
"""Seconds between two additions to a stream."""
_SLOW_PACE = 3.0
"""Seconds between two updates of a message; Slack allows about fifty a minute."""
_STREAMED = 11_000
_OVER = frozenset({"message_not_in_streaming_state", "message_not_found", "stream_not_found"})
_UNFIT = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
_SECTION = 2_900
_NO_MATTER = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable"})


class Reply:
    """The messages of one answer in a thread; `written` names those that there are already."""

    def __init__(
        self,
        patient: "WebClient",
        hasty: "WebClient",
        place: dict[str, str],
        about: Callable[..., dict[str, Any]],
        written: Sequence[str],
        begun: Callable[[str], None],
    ) -> None:
        """Take the clients, the place (`channel`, `thread_ts`, `user`, `team`), and what makes the metadata."""
        self._patient, self._hasty, self._place, self._about, self._begun = patient, hasty, place, about, begun
        self._written = list(written)
        self._streaming = bool(written)  # what was begun and not finished may be a stream that is still open
        self._may_stream = not written
        self._shown = ""
        self._next = 0.0

    def show(self, answer: Answer) -> None:
        """Show an answer that is still being written; if that fails, the whole one comes later."""
        from slack_sdk.errors import SlackApiError

        if time.monotonic() < self._next:
            return
        try:
            try:
                self._show(answer)
            except SlackApiError as error:
                self._refused(error)
        except (SlackApiError, OSError) as error:
            if not self._written:  # a message may have been begun that is not known here: it is found in the thread
                raise Again(f"a message may have been begun: {error}") from error
            self._next = math.inf

    def _show(self, answer: Answer) -> None:
        text = streamable(answer.text)
        if self._may_stream:
            new = text[len(self._shown) :] if text.startswith(self._shown) else ""
            if new.strip() and len(text) <= _STREAMED:
                self._stream(new)
                self._shown = text
                self._next = time.monotonic() + _PACE
        elif text:
            self._update(answer)
            self._next = time.monotonic() + _SLOW_PACE

    def _stream(self, new: str) -> None:
        if self._streaming:
            self._hasty.chat_appendStream(channel=self._place["channel"], ts=self._written[0], markdown_text=new)
            return
        started = self._hasty.chat_startStream(
            channel=self._place["channel"],
            thread_ts=self._place["thread_ts"],
            recipient_user_id=self._place["user"],
            recipient_team_id=self._place["team"],
            markdown_text=new,
        )
        self._streaming = True
        self._note(str(started["ts"]))

    def _update(self, answer: Answer) -> None:
        """Show what there is so far in an ordinary message."""
        if self._streaming:
            self._stop()
        blocks, text = pages(text_blocks(answer))[0], fallback(answer)
        if self._written:
            self._hasty.chat_update(channel=self._place["channel"], ts=self._written[0], text=text, blocks=blocks)
        else:
            self._note(self._post(self._hasty, text, blocks, self._about(page=0, of=0)))

    def _refused(self, error: Any) -> None:
        """Go on without streaming where it was refused or is over; wait where Slack is only busy."""
        code = code_of(error)
        if code in _NO_MATTER:
            self._next = time.monotonic() + _retry_after(error)
            return
        LOG.info("a stream was refused or is over: %s", code)
        self._may_stream = False
        if code in _OVER:
            self._streaming = False
        elif self._streaming:
            self._stop()

    def _stop(self) -> None:
        from slack_sdk.errors import SlackApiError

        self._streaming = False
        try:
            self._patient.chat_stopStream(channel=self._place["channel"], ts=self._written[0])
        except SlackApiError as error:
            if code_of(error) not in _OVER:
                raise

    def finish(self, blocks: Sequence[Block], text: str, kind: str = threads.ANSWER) -> str:
        """Write the whole answer, in as many messages as it needs; return the first one's ts."""
        if self._streaming:
            self._stop()
        parts = pages(blocks)
        for number, part in enumerate(parts):
            shown = text if number == 0 else "…"
            about = self._about(kind if number == 0 else threads.MORE, page=number, of=len(parts))
            self._write(number, shown, part, about)
        for ts in self._written[len(parts) :]:
            self._patient.chat_delete(channel=self._place["channel"], ts=ts)
        return self._written[0]

    def _write(self, number: int, text: str, blocks: Sequence[Block], about: dict[str, Any]) -> None:
        """Write one message over the one that is there, or post it; in plain words if Slack refuses its blocks."""
        from slack_sdk.errors import SlackApiError

        try:
            if number >= len(self._written):
                self._note(self._post(self._patient, text, blocks, about))
                return
            channel, ts = self._place["channel"], self._written[number]
            self._patient.chat_update(channel=channel, ts=ts, text=text, blocks=blocks, metadata=about)
        except SlackApiError as error:
            code = code_of(error)
            if code in _UNFIT and len(blocks) > 1:
                LOG.error("Slack refused the blocks of an answer (%s); it is shown as text", code)
                self._write(number, text, [section(cut(text, _SECTION))], about)
            elif code == "message_not_found" and number < len(self._written):
                self._written[number:] = []  # somebody deleted it
                self._write(number, text, blocks, about)
            else:
                raise

    def _post(self, client: "WebClient", text: str, blocks: Sequence[Block], about: dict[str, Any]) -> str:
        posted = client.chat_postMessage(
            channel=self._place["channel"],
            text=text,
            blocks=blocks,
            metadata=about,
            thread_ts=self._place["thread_ts"] or None,
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(posted["ts"])

    def _note(self, ts: str) -> None:
        self._written.append(ts)
        if len(self._written) == 1:
            self._begun(ts)


def _retry_after(error: Any) -> float:
    headers = {name.lower(): value for name, value in dict(getattr(error.response, "headers", {})).items()}
    try:
        return max(_PACE, float(headers.get("retry-after", _SLOW_PACE)))
    except ValueError:
        return _SLOW_PACE
