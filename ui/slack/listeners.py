"""What the bot listens to in Slack, as Bolt's listeners.

A listener only writes down what there is to do, before Slack is told that it arrived, and wakes the workers. What must
answer within Slack's three seconds, a modal or a command, is done by a lazy listener right away.
"""

import re
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import TYPE_CHECKING, Any

from . import documents, files, rating
from .asking import BROKEN
from .blocks import Spot, section
from .connect import LOG
from .desk import COMMAND, DIRECT, FOLLOW_UP, MENTION, SHORTCUT, Asked, Desk
from .journal import Job
from .passage import modal, open_passage
from .private import respond
from .prompts import Prompts
from .text import cut, escape, escaped, is_for_others, is_small_talk, mentions, question_in

if TYPE_CHECKING:
    from slack_bolt import App

Json = dict[str, Any]
_TWIN = 3.0
"""Seconds that a mention's other event, the plain message, waits for the mention itself to come."""
_PEOPLES = (None, "file_share", "thread_broadcast")
_USAGE = "Write your question after the command, for example `/ask What was decided?`"
_PLAIN = {"type": "plain_text"}


class Listeners:
    """Bolt's listeners over one desk; `wake` tells the workers that there is something to do."""

    def __init__(self, desk: Desk, wake: Callable[[], None]) -> None:
        self._desk, self._wake = desk, wake
        self._prompts = Prompts(desk)

    def register(self, app: "App") -> None:
        """Let an app use them."""
        app.event("app_mention")(self.mention)
        app.event("message")(self.message)
        for event in ("app_home_opened", "assistant_thread_started"):
            app.event(event)(ack=_nothing, lazy=[self._prompts.offer])
        for event in ("assistant_thread_context_changed", "app_context_changed"):
            app.event(event)(_nothing)
        app.command("/ask")(self.ask)
        app.command("/ask-docs")(ack=_acknowledge, lazy=[_told(self.ask_docs)])
        app.shortcut("ask_about_this")(ack=_acknowledge, lazy=[_told(self.shortcut)])
        app.view("ask_about_this")(self.shortcut_asked)
        app.action(re.compile(r"passage_\d+"))(ack=_acknowledge, lazy=[_told(self.passage)])
        app.action("open_document")(_acknowledge)
        app.action("rating")(ack=_acknowledge, lazy=[_told(self.rated)])
        app.view("reason")(ack=_acknowledge, lazy=[_told(self.reasoned)])
        app.action("share")(self.share)
        app.action("add_file")(self.add_file)
        app.action("leave_file")(ack=_acknowledge, lazy=[_told(self.leave_file)])

    # events

    def mention(self, event: Json, body: Json, request: Any) -> None:
        """Take a question that mentions the bot in a channel."""
        if _is_from_a_person(event):
            self._take(event, body, MENTION, request)

    def message(self, event: Json, body: Json, request: Any) -> None:
        """Take a direct message, a follow-up in a thread, or a mention's other event."""
        if not _is_from_a_person(event):
            return
        text, thread = str(event.get("text") or ""), event.get("thread_ts")
        if event.get("channel_type") == "im":
            self._take(event, body, DIRECT, request)
        elif mentions(text, self._desk.me.user):
            self._take(event, body, MENTION, request, delay=_TWIN, check=True)
        elif thread and thread != event["ts"] and not is_for_others(text, self._desk.me.user):
            strange = self._desk.kept.joined(f"{event['channel']}:{thread}") is False
            if not strange and not is_small_talk(question_in(text, self._desk.me.user)):
                self._take(event, body, FOLLOW_UP, request)

    def _take(
        self, event: Json, body: Json, way: str, request: Any, *, delay: float = 0.0, check: bool = False
    ) -> None:
        channel, ts = str(event["channel"]), str(event["ts"])
        asked = Asked(
            key=f"{channel}:{ts}",
            way=way,
            channel=channel,
            user=str(event["user"]),
            team=str(event.get("team") or body.get("team_id") or self._desk.me.team),
            ts=ts,
            thread=str(event.get("thread_ts") or ts),
            text=str(event.get("text") or ""),
            check=check or "x-slack-retry-num" in request.headers,
        )
        shared = [files.Shared.of(file) for file in event.get("files") or []]
        if asked.text.strip() or not shared:
            self._put(asked.job(), delay)
        if way != FOLLOW_UP:
            for file in shared[: files.OFFERED]:
                payload = {"channel": channel, "thread": asked.thread, "file": asdict(file)}
                job = Job(f"{asked.key}:{file.id}", "offer", f"{channel}:{asked.thread}", float(ts), payload)
                self._put(job, delay)

    def _put(self, job: Job, delay: float = 0.0) -> bool:
        new = self._desk.journal.put(job, delay)
        self._wake()
        return new

    # asking in private

    def ask(self, ack: Callable[..., None], command: Json) -> None:
        """Take a question that only the person themselves shall see answered."""
        text = str(command.get("text") or "").strip()
        if not text:
            ack(text=_USAGE)
            return
        now = f"{time.time():.6f}"
        asked = Asked(
            key=f"ask:{command['trigger_id']}",
            way=COMMAND,
            channel=str(command["channel_id"]),
            user=str(command["user_id"]),
            team=str(command.get("team_id") or self._desk.me.team),
            ts=now,
            thread="",
            text=text,
            response_url=str(command["response_url"]),
        )
        self._put(asked.job())
        ack(text=f"Searching the documents for: {escaped(question_in(text, self._desk.me.user), 300)}")

    def share(self, ack: Callable[..., None], body: Json) -> None:
        """Take the wish to share a private answer with the channel."""
        ack()
        key, place = body["actions"][0]["value"], body.get("container") or {}
        payload = {
            "answer": key,
            "channel": body["channel"]["id"],
            "thread": str(place.get("thread_ts") or ""),
            "user": body["user"]["id"],
            "response_url": body["response_url"],
        }
        self._put(Job(f"share:{key}", "share", f"share:{key}", time.time(), payload))

    # the shortcut

    def shortcut(self, client: Any, body: Json) -> None:
        """Open the modal that asks what to ask about a message."""
        message = body["message"]
        text = cut(question_in(str(message.get("text") or ""), self._desk.me.user), 2_900)
        place = {
            "channel": body["channel"]["id"],
            "thread": str(message.get("thread_ts") or message["ts"]),
            "response_url": body.get("response_url") or "",
        }
        field = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": 3_000}
        element = {**field, "initial_value": text} if text else field
        label = {**_PLAIN, "text": "Your question"}
        block = {"type": "input", "block_id": "question", "label": label, "element": element}
        submit = {**_PLAIN, "text": "Ask"}
        view = modal("Ask about this", [block], callback_id="ask_about_this", submit=submit)
        client.views_open(trigger_id=body["trigger_id"], view={**view, "private_metadata": _compact(place)})

    def shortcut_asked(self, ack: Callable[..., None], body: Json) -> None:
        """Take the question that was written in the modal."""
        view = body["view"]
        text = str(view["state"]["values"]["question"]["text"].get("value") or "").strip()
        if not text:
            ack(response_action="errors", errors={"question": "Write a question."})
            return
        channel, thread, response_url = view["private_metadata"].split(" ", 2)
        asked = Asked(
            key=f"shortcut:{view['id']}",
            way=SHORTCUT,
            channel=channel,
            user=str(body["user"]["id"]),
            team=str((body.get("team") or {}).get("id") or self._desk.me.team),
            ts=f"{time.time():.6f}",
            thread=thread,
            text=escape(text),
            response_url=response_url,
        )
        self._put(asked.job())
        ack()

    # buttons and commands

    def passage(self, client: Any, body: Json) -> None:
        """Open a passage in its surroundings."""
        action = body["actions"][0]
        number = action["action_id"].rpartition("_")[2] if "[" in str(action.get("text") or "") else ""
        open_passage(self._desk, client, body["trigger_id"], Spot.of(action["value"]), f"[{number}]" if number else "")

    def rated(self, client: Any, body: Json) -> None:
        """Keep a thumb."""
        rating.rate_answer(self._desk, client, body)

    def reasoned(self, body: Json) -> None:
        """Keep the reason of a thumbs-down."""
        rating.keep_reason(self._desk, body)

    def ask_docs(self, client: Any, body: Json) -> None:
        """Do what `/ask-docs` says."""
        channel, user = str(body["channel_id"]), str(body["user_id"])
        blocks = documents.command(self._desk, client, channel, user, str(body.get("text") or ""))
        respond(body["response_url"], "Documents", blocks)

    def add_file(self, ack: Callable[..., None], body: Json) -> None:
        """Take the wish to add a shared file."""
        ack()
        channel, message, file = body["channel"]["id"], body["message"], body["actions"][0]["value"]
        thread = str(message.get("thread_ts") or message["ts"])
        payload = {"channel": channel, "ts": message["ts"], "file": file, "user": body["user"]["id"]}
        key = f"add:{channel}:{message['ts']}:{file}"
        self._put(Job(key, "add", f"{channel}:{thread}", time.time(), payload))

    def leave_file(self, body: Json) -> None:
        """Take an offer back."""
        files.leave(self._desk, body["channel"]["id"], body["message"]["ts"])


def _is_from_a_person(event: Json) -> bool:
    """Tell whether a message was newly written by a person: no bot's, no edit, no notice of Slack's."""
    return bool(
        event.get("user")
        and event.get("ts")
        and event.get("channel")
        and not event.get("bot_id")
        and not event.get("hidden")
        and event.get("subtype") in _PEOPLES
        and event["user"] != "USLACKBOT"
    )


def _nothing() -> None:
    """Acknowledge an event, which Bolt does by itself."""


def _acknowledge(ack: Callable[..., None]) -> None:
    """Tell Slack that it arrived."""
    ack()


def _told(listener: Callable[..., None]) -> Callable[..., None]:
    """Let a listener that runs after Slack was answered tell the person when it fails."""

    @wraps(listener)
    def telling(**given: Any) -> None:
        try:
            listener(**given)
        except Exception:  # noqa: BLE001 - Bolt would only log it
            LOG.exception("what somebody pressed or wrote could not be done")
            address = given["body"].get("response_url")
            if address:
                respond(address, BROKEN, [section(BROKEN)])

    return telling


def _compact(place: Json) -> str:
    return f"{place['channel']} {place['thread']} {place['response_url']}"
