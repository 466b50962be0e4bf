"""A thread is the conversation: its turns are read back from Slack, so that the bot itself remembers nothing.

The bot's messages carry metadata that names the question they answer; turns are paired by it and never by chance,
whoever else writes in the thread at the same time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qa.types import Turn

from .connect import Me
from .text import is_small_talk, mentions, question_in, unescape

if TYPE_CHECKING:
    from slack_sdk import WebClient

ANSWER, MORE, NOTICE = "citewise_answer", "citewise_more", "citewise_notice"
REMEMBERED = 20
_JUST = 30.0
"""Seconds in which an event may be late."""
_PAGE = 200
_PAGES = 20


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread; `kind` and `about` are the metadata of the bot's own."""

    ts: str
    user: str
    text: str
    ours: bool
    kind: str
    about: dict[str, Any]
    has_files: bool = False


def metadata(kind: str, question: str, *, page: int = 0, of: int = 1, asked: str = "") -> dict[str, Any]:
    """Return the metadata of a message: which question it answers, and which part of the answer it is.

    `of` 0 says that it is still being written; `asked` is a question that no message of the thread holds.
    """
    about: dict[str, Any] = {"question": question, "page": page, "of": of}
    return {"event_type": kind, "event_payload": {**about, "asked": asked[:1000]} if asked else about}


def read(client: "WebClient", me: Me, channel: str, thread: str) -> list[Said]:
    """Return the messages of a thread, the oldest first."""
    found: list[Said] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        page = client.conversations_replies(
            channel=channel, ts=thread, limit=_PAGE, include_all_metadata=True, cursor=cursor
        )
        found += [_said(message, me) for message in page.get("messages") or []]
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
        if not cursor:
            break
    return found


def _said(message: dict[str, Any], me: Me) -> Said:
    about = message.get("metadata") or {}
    ours = message.get("bot_id") == me.bot or message.get("user") == me.user
    return Said(
        ts=str(message.get("ts")),
        user=str(message.get("user") or ""),
        text=str(message.get("text") or ""),
        ours=ours and message.get("subtype") != "assistant_app_thread",
        kind=str(about.get("event_type") or "") if ours else "",
        about=about.get("event_payload") or {} if ours else {},
        has_files=bool(message.get("files")),
    )


def is_joined(said: Iterable[Said], me: Me) -> bool:
    """Tell whether the bot was brought into a thread: it has written there, or somebody has mentioned it."""
    return any(message.ours or mentions(message.text, me.user) for message in said)


def is_missing(said: Sequence[Said], me: Me, before: str, *, direct: bool) -> bool:
    """Tell whether a question that is only just older than a message has no answer yet.

    Slack may bring events in another order than they happened. In a direct message everything asks the bot, elsewhere
    only what mentions it is sure to.
    """
    answered = {str(m.about.get("question") or "").rpartition(":")[2] for m in said if m.ours}
    return any(
        (direct or mentions(m.text, me.user))
        and not is_small_talk(question_in(m.text, me.user))
        and not m.ours
        and m.ts not in answered
        for m in said
        if 0 < float(before) - float(m.ts) < _JUST
    )


def reply_to(said: Sequence[Said], question: str, asked_at: str) -> tuple[list[str], bool]:
    """Return the bot's messages that answer a question already, and whether they are the whole answer.

    A message of the bot's without metadata, later than the question, is one that it was killed while writing.
    """
    parts = sorted(
        (m for m in said if m.kind in (ANSWER, MORE, NOTICE) and m.about.get("question") == question),
        key=lambda message: int(message.about.get("page") or 0),
    )
    expected = int(parts[0].about.get("of") or 0) if parts else 0
    if not parts:
        begun = [m.ts for m in said if m.ours and not m.kind and _later(m.ts, asked_at)]
        return begun[-1:], False
    return [message.ts for message in parts], 0 < expected <= len(parts)


def _later(ts: str, than: str) -> bool:
    return float(ts or 0) > float(than or 0)


def turns(said: Sequence[Said], me: Me, before: str) -> list[Turn]:
    """Return the questions that were answered in a thread before a message, each with its answer."""
    asked = {message.ts: message for message in said if not message.ours}
    found: list[Turn] = []
    last = ""
    for message in said:
        if _later(message.ts, before) or message.ts == before:
            break
        if not message.ours:
            last = message.text
        elif message.kind == ANSWER or not message.kind:
            question = _question_of(message, asked) if message.kind else last
            if question:
                found.append(Turn(question_in(question, me.user), unescape(message.text)))
    return found[-REMEMBERED:]


def _question_of(answer: Said, asked: dict[str, Said]) -> str:
    question = asked.get(str(answer.about.get("question") or "").rpartition(":")[2])
    return question.text if question else str(answer.about.get("asked") or "")
