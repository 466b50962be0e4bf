"""A workspace: channels, messages, people and files, and the methods of the Web API on them, as strict as Slack's."""

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import slack_rules as rules
from slack_rules import Json, Refused, need

KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
COMMON = {"token", "channel", "ts", "thread_ts", "text", "blocks", "metadata", "unfurl_links", "unfurl_media"}


@dataclass
class Channel:
    kind: str = "channel"
    members: set[str] = field(default_factory=set)


class World:
    """The state of a workspace; every change wakes those who wait for one."""

    def __init__(self, scopes: set[str]) -> None:
        self.bot_user, self.bot_id, self.team = "UB0T", "BB0T", "T1"
        self.token, self.app_token, self.secret = "xoxb-1-test", "xapp-1-test", "0123456789abcdef" * 2
        self.scopes = scopes
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, dict[str, Json]] = defaultdict(dict)
        self.users: dict[str, Json] = {}
        self.files: dict[str, Json] = {}
        self.views: list[Json] = []
        self.private: list[Json] = []
        self.prompts: list[Json] = []
        self.statuses: list[Json] = []
        self.triggers: dict[str, float] = {}
        self.tickets: set[str] = set()
        self.refused: list[str] = []
        self.streamed: list[str] = []
        self.appends_until_expiry: int | None = None
        self.changed = threading.Condition(threading.RLock())
        self._last = 0.0
        self._number = itertools.count(1)

    # what tests set up and look at

    def channel(self, name: str, *members: str, kind: str = "channel", bot: bool = True) -> str:
        self.channels[name] = Channel(kind, {*members, *([self.bot_user] if bot else [])})
        return name

    def now(self) -> str:
        with self.changed:
            self._last = max(self._last + 0.000002, time.time())
            return f"{self._last:.6f}"

    def identity(self, prefix: str) -> str:
        return f"{prefix}{next(self._number):06d}"

    def trigger(self) -> str:
        found = self.identity("trigger.")
        self.triggers[found] = time.monotonic()
        return found

    def ours(self, channel: str, thread: str, kind: str = "citewise_answer") -> list[Json]:
        """Return the bot's messages of one kind in a thread, in order; of every kind for ""."""
        with self.changed:
            found = sorted(self.messages[channel].values(), key=lambda m: float(m["ts"]))
        return [
            m
            for m in found
            if m.get("bot_id") == self.bot_id
            and m.get("thread_ts", m["ts"]) == thread
            and (not kind or (m.get("metadata") or {}).get("event_type") == kind)
        ]

    def whole(self, channel: str, thread: str) -> list[Json]:
        """Return the answers in a thread that are written to their end."""
        return [m for m in self.ours(channel, thread) if m["metadata"]["event_payload"]["of"] > 0]

    def wait(self, done: Callable[[], Any], seconds: float = 40.0) -> Any:
        """Wait until something is so, and return it."""
        until = time.monotonic() + seconds
        with self.changed:
            while not (found := done()) and time.monotonic() < until:
                self.changed.wait(0.02)  # what is looked at need not be ours
        assert found, f"it did not happen within {seconds} s; refused: {self.refused[-5:]}"
        return found

    # the Web API

    def call(self, method: str, given: Json) -> Json:
        """Do one call as Slack would, or raise `Refused`."""
        function = getattr(self, "do_" + method.replace(".", "_"), None)
        need(function is not None, method, "unknown_method")
        with self.changed:
            result = function(given)
            self.changed.notify_all()
        return {"ok": True, **result}

    def _allow(self, given: Json, allowed: set[str], scope: str = "") -> None:
        unknown = set(given) - allowed - {"team_id"}
        need(not unknown, f"unknown arguments {unknown}", "invalid_arguments")
        need(not scope or scope in self.scopes, scope, "missing_scope")

    def _place(self, given: Json, *, member: bool = True) -> Channel:
        found = self.channels.get(given.get("channel", ""))
        need(found is not None, str(given.get("channel")), "channel_not_found")
        assert found
        need(not member or self.bot_user in found.members, str(given.get("channel")), "not_in_channel")
        return found

    def _message(self, given: Json) -> Json:
        found = self.messages[given["channel"]].get(given.get("ts", ""))
        need(found is not None, str(given.get("ts")), "message_not_found")
        assert found
        need(found.get("bot_id") == self.bot_id, "another's message", "cant_update_message")
        return found

    def _content(self, given: Json) -> Json:
        need(bool(given.get("text") or given.get("blocks")), "neither text nor blocks", "no_text")
        need(len(given.get("text") or "") <= 40_000, "text of 40,000", "msg_too_long")
        if given.get("blocks"):
            rules.check_message(given["blocks"])
        if given.get("metadata"):
            rules.check_metadata(given["metadata"])
        return {name: given[name] for name in ("text", "blocks", "metadata") if given.get(name)}

    def _thread(self, given: Json) -> None:
        root = self.messages[given["channel"]].get(given["thread_ts"])
        need(root is not None and root.get("thread_ts", root["ts"]) == root["ts"], "no root", "thread_not_found")

    def do_auth_test(self, given: Json) -> Json:
        names = {"user": "citewise", "team": "Example"}
        return {"user_id": self.bot_user, "bot_id": self.bot_id, "team_id": self.team, "url": "https://x/", **names}

    def do_chat_postMessage(self, given: Json) -> Json:  # noqa: N802  Slack's name
        self._allow(given, COMMON, "chat:write")
        self._place(given)
        if given.get("thread_ts"):
            self._thread(given)
        return self._posted(given, self._content(given))

    def _posted(self, given: Json, content: Json) -> Json:
        ts = self.now()
        message = {"type": "message", "ts": ts, "user": self.bot_user, "bot_id": self.bot_id, **content}
        if given.get("thread_ts"):
            message["thread_ts"] = given["thread_ts"]
        self.messages[given["channel"]][ts] = message
        return {"channel": given["channel"], "ts": ts, "message": message}

    def do_chat_update(self, given: Json) -> Json:
        self._allow(given, COMMON - {"thread_ts"}, "chat:write")
        self._place(given)
        message = self._message(given)
        need(not message.get("streaming"), "it is still streaming", "streaming_state_conflict")
        content = self._content(given)
        if given.get("text") and not given.get("blocks"):
            message.pop("blocks", None)
        message.update(content)
        return {"channel": given["channel"], "ts": given["ts"]}

    def do_chat_delete(self, given: Json) -> Json:
        self._allow(given, {"channel", "ts"}, "chat:write")
        self._message(given)
        del self.messages[given["channel"]][given["ts"]]
        return {}

    def do_chat_postEphemeral(self, given: Json) -> Json:  # noqa: N802  Slack's name
        self._allow(given, COMMON | {"user"}, "chat:write")
        place = self._place(given)
        need(given.get("user") in place.members, "not a member", "user_not_in_channel")
        self.private.append({"channel": given["channel"], "user": given["user"], **self._content(given)})
        return {"message_ts": self.now()}

    def do_chat_startStream(self, given: Json) -> Json:  # noqa: N802  Slack's name
        allowed = {"channel", "thread_ts", "markdown_text", "recipient_user_id", "recipient_team_id"}
        self._allow(given, allowed, "chat:write")
        place = self._place(given)
        need(bool(given.get("thread_ts")), "no thread_ts", "invalid_arguments")
        self._thread(given)
        if place.kind != "im":
            need(given.get("recipient_team_id") == self.team, "recipient_team_id", "missing_recipient_team_id")
            need(given.get("recipient_user_id") in place.members, "recipient_user_id", "missing_recipient_user_id")
        posted = self._posted(given, {"text": self._streamed(given), "streaming": True})
        return {"channel": given["channel"], "ts": posted["ts"]}

    def _streamed(self, given: Json) -> str:
        markdown = given.get("markdown_text") or ""
        need(len(markdown) <= 12_000, "markdown of 12,000", "msg_too_long")
        self.streamed.append(markdown)
        return markdown

    def _streaming(self, given: Json) -> Json:
        message = self._message(given)
        need(bool(message.get("streaming")), "not streaming", "message_not_in_streaming_state")
        return message

    def do_chat_appendStream(self, given: Json) -> Json:  # noqa: N802  Slack's name
        self._allow(given, {"channel", "ts", "markdown_text"}, "chat:write")
        message = self._streaming(given)
        if self.appends_until_expiry is not None:
            self.appends_until_expiry -= 1
            if self.appends_until_expiry < 0:
                self.appends_until_expiry = None
                message["streaming"] = False
                self._streaming(given)
        need(bool(given.get("markdown_text")), "nothing to append", "no_text")
        message["text"] += self._streamed(given)
        return {}

    def do_chat_stopStream(self, given: Json) -> Json:  # noqa: N802  Slack's name
        self._allow(given, {"channel", "ts", "markdown_text", "blocks", "metadata"}, "chat:write")
        message = self._streaming(given)
        message["streaming"] = False
        message["text"] += self._streamed(given) if given.get("markdown_text") else ""
        return {}

    def do_assistant_threads_setStatus(self, given: Json) -> Json:  # noqa: N802  Slack's name
        self._allow(given, {"channel_id", "thread_ts", "status", "loading_messages"}, "chat:write")
        place = {"channel": given["channel_id"], "thread_ts": given["thread_ts"]}
        self._place(place)
        self._thread(place)
        need(len(given.get("loading_messages") or []) <= 10, "10 loading messages", "invalid_arguments")
        self.statuses.append(given)
        return {}

    def do_assistant_threads_setSuggestedPrompts(self, given: Json) -> Json:  # noqa: N802  Slack's name
        self._allow(given, {"channel_id", "thread_ts", "prompts", "title"}, "assistant:write")
        need(self.channels[given["channel_id"]].kind == "im", "not a direct message", "channel_not_found")
        fine = 1 <= len(given["prompts"]) <= 4 and all(set(p) == {"title", "message"} for p in given["prompts"])
        need(fine, "1 to 4 prompts", "invalid_arguments")
        self.prompts.append(given)
        return {}

    def do_conversations_replies(self, given: Json) -> Json:
        self._allow(given, {"channel", "ts", "limit", "cursor", "include_all_metadata", "latest", "oldest"})
        place = self._place(given)
        scope = f"{KINDS[place.kind]}:history"
        need(scope in self.scopes, scope, "missing_scope")
        root = given["ts"]
        need(root in self.messages[given["channel"]], "no such thread", "thread_not_found")
        found = [m for m in self.messages[given["channel"]].values() if m.get("thread_ts", m["ts"]) == root]
        found.sort(key=lambda m: float(m["ts"]))
        shown = [self._told(m, given.get("include_all_metadata") in ("1", "true", True)) for m in found]
        return self._page(shown, given, "messages")

    def _told(self, message: Json, with_metadata: bool) -> Json:
        told = {name: value for name, value in message.items() if name != "streaming"}
        if "metadata" in told and not with_metadata:
            told["metadata"] = {"event_type": told["metadata"]["event_type"]}
        return told

    def _page(self, found: list[Any], given: Json, name: str) -> Json:
        first, limit = int(given.get("cursor") or 0), int(given.get("limit") or 100)
        need(limit <= 1000, "limit of 1,000", "invalid_limit")
        more = str(first + limit) if first + limit < len(found) else ""
        return {name: found[first : first + limit], "response_metadata": {"next_cursor": more}}

    def do_conversations_members(self, given: Json) -> Json:
        self._allow(given, {"channel", "limit", "cursor"})
        place = self._place(given, member=self.channels.get(given["channel"], Channel()).kind != "channel")
        scope = f"{KINDS[place.kind]}:read"
        need(scope in self.scopes, scope, "missing_scope")
        return self._page(sorted(place.members), given, "members")

    def do_users_info(self, given: Json) -> Json:
        self._allow(given, {"user"}, "users:read")
        return {
            "user": {"id": given["user"], "is_admin": False, "is_owner": False, **self.users.get(given["user"], {})}
        }

    def do_files_info(self, given: Json) -> Json:
        self._allow(given, {"file"}, "files:read")
        need(given["file"] in self.files, given["file"], "file_not_found")
        return {"file": {k: v for k, v in self.files[given["file"]].items() if k != "content"}}

    def do_views_open(self, given: Json) -> Json:
        self._allow(given, {"trigger_id", "view"})
        since = self.triggers.pop(given["trigger_id"], None)
        need(since is not None and time.monotonic() - since < 3, "trigger used or too old", "expired_trigger_id")
        rules.check_view(given["view"])
        view = {**given["view"], "id": self.identity("V")}
        self.views.append(view)
        return {"view": view}


__all__ = ["Channel", "Refused", "World"]
