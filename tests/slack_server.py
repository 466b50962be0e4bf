"""A local server that speaks as Slack does: the Web API over HTTP, Socket Mode over a websocket, signed requests.

It records every call and refuses what Slack would refuse (`slack_world.py`, `slack_rules.py`); faults are set by tests.
"""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import slack_rules as rules
from slack_rules import Json, Refused
from slack_world import World
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

MANIFEST = json.loads((Path(__file__).parent.parent / "ui/slack/manifest.json").read_text("utf-8"))
ACKNOWLEDGE = 3.0
"""Seconds after which Slack sends an event again."""


class SlackServer(World):
    """A workspace with the app of the manifest installed; `received` are the Web API's calls, in order."""

    def __init__(self) -> None:
        super().__init__(set(MANIFEST["oauth_config"]["scopes"]["bot"]))
        self.received: list[tuple[str, Json]] = []
        self.limits: Counter[str] = Counter()
        self.failures: dict[str, list[str]] = defaultdict(list)
        self.lost_answers: Counter[str] = Counter()
        self.held: dict[str, threading.Event] = {}
        self.holding = threading.Event()
        self.lost = False
        self.fail_when: Callable[[str, Json], bool] | None = None
        self.http_target: str | None = None
        self.acknowledged: dict[str, Json] = {}
        self.sessions: list[ServerConnection] = []
        self._pending: dict[str, tuple[Json, ServerConnection | None, float]] = {}
        self._turn = 0

    def __enter__(self) -> "SlackServer":
        handler = type("Handler", (_Handler,), {"slack": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._socket = serve(self._session, "127.0.0.1", 0, ping_interval=None, close_timeout=0.1)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        threading.Thread(target=self._socket.serve_forever, daemon=True).start()
        threading.Thread(target=self._resend, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.sockets = f"ws://127.0.0.1:{self._socket.socket.getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self.drop_sockets()
        for name in list(self.held):
            self.release(name)
        self._socket.shutdown()
        self._http.shutdown()
        self._http.server_close()

    # the Web API

    def answer(self, method: str, given: Json, token: str) -> tuple[int, Json, dict[str, str]]:
        """Answer one call: status, body, headers."""
        with self.changed:
            self.received.append((method, given))
            if self.limits[method] > 0 or (self.fail_when and self.fail_when(method, given)):
                self.limits[method] -= 1
                return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "1"}
            if self.failures[method]:
                return 200, {"ok": False, "error": self.failures[method].pop(0)}, {}
        if not self._hold(method + ":before"):
            return 500, {"ok": False, "error": "internal_error"}, {}
        try:
            found = self._authorised(method, given, token)
        except Refused as error:
            self.refused.append(f"{method}: {error}")
            return 200, {"ok": False, "error": error.code, "needed": str(error)}, {}
        self._hold(method + ":after")
        return 200, found, {"x-oauth-scopes": ",".join(sorted(self.scopes))} if method == "auth.test" else {}

    def _authorised(self, method: str, given: Json, token: str) -> Json:
        if method == "apps.connections.open":
            rules.need((given.get("token") or token) == self.app_token, "not the app token", "invalid_auth")
            ticket = self.identity("ticket")
            self.tickets.add(ticket)
            return {"ok": True, "url": f"{self.sockets}/link?ticket={ticket}&app_id=A1"}
        rules.need(token == self.token, "not the bot token", "invalid_auth")
        return self.call(method, given)

    def hold(self, name: str) -> None:
        """Let the next call of a method hang: `method:before` Slack does it, or `method:after`."""
        self.holding.clear()
        self.held[name] = threading.Event()

    def release(self, name: str, *, lost: bool = False) -> None:
        """Let it go on, or be lost on its way."""
        self.lost = lost
        self.held.pop(name).set()

    def _hold(self, name: str) -> bool:
        """Wait where a test wants a call to hang; False if the call is lost."""
        event = self.held.get(name)
        if event is None:
            return True
        self.holding.set()
        event.wait(30)
        return not self.lost

    def calls(self, method: str) -> list[Json]:
        """Return what one method was called with."""
        return [given for name, given in self.received if name == method]

    # sending to the bot

    def say(self, user: str, channel: str, text: str, thread: str | None = None, **more: Any) -> str:
        """Let a person write a message; the bot hears of it as it would from Slack. Returns the message's ts."""
        ts = self.now()
        message = {
            "type": "message",
            "user": user,
            "text": text,
            "ts": ts,
            "channel": channel,
            "team": self.team,
            **more,
        }
        if thread:
            message["thread_ts"] = thread
        with self.changed:
            self.messages[channel][ts] = message
        for event in self.events_of(message):
            self.send_event(event)
        return ts

    def events_of(self, message: Json) -> list[Json]:
        """Return the events that a message causes: two for a mention."""
        place = self.channels[message["channel"]]
        if self.bot_user not in place.members:
            return []
        kinds = {"channel": "channels", "group": "groups"}
        subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
        found = []
        if f"message.{kinds.get(place.kind, place.kind)}" in subscribed:
            found.append({**message, "channel_type": place.kind, "event_ts": message["ts"]})
        if f"<@{self.bot_user}>" in message["text"] and place.kind != "im" and "app_mention" in subscribed:
            mention = {name: value for name, value in message.items() if name not in ("subtype", "files")}
            found.insert(0, {**mention, "type": "app_mention", "event_ts": message["ts"]})
        return found

    def send_event(self, event: Json, retry: int = 0) -> None:
        """Send an event over Socket Mode or, if a target is set, over HTTP."""
        payload = {
            "type": "event_callback",
            "event_id": "Ev" + hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()[:10],
            "event_time": int(time.time()),
            "team_id": self.team,
            "api_app_id": "A1",
            "authorizations": [{"team_id": self.team, "user_id": self.bot_user, "is_bot": True}],
            "event": event,
        }
        if self.http_target:
            headers = {"x-slack-retry-num": str(retry)} if retry else {}
            self.post(json.dumps(payload), "application/json", headers)
            return
        self._send("events_api", payload, retry)

    def post(
        self, body: str, kind: str, headers: dict[str, str] | None = None, at: float | None = None
    ) -> httpx.Response:
        """Send a signed request as Slack does over HTTP."""
        stamp = str(int(time.time() if at is None else at))
        signed = hmac.new(self.secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        own = {
            "content-type": kind,
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": f"v0={signed}",
            "host": "bot.example.com",
        }
        raw = [(name.encode(), value.encode("latin-1")) for name, value in {**own, **(headers or {})}.items()]
        return httpx.post(self.http_target or "", content=body, headers=raw, timeout=20)

    def interact(self, payload: Json, *, wait: bool = True) -> Json:
        """Send a button press, a shortcut, a modal or a command; return what it is acknowledged with."""
        if self.http_target:
            command = "command" in payload
            form = payload if command else {"payload": json.dumps(payload)}
            response = self.post(urlencode(form), "application/x-www-form-urlencoded")
            assert response.status_code == 200, response.text
            return response.json() if response.text.startswith("{") else {"text": response.text}
        envelope = self._send("slash_commands" if "command" in payload else "interactive", payload)
        if not wait:
            return {}
        return self.wait(lambda: self.acknowledged.get(envelope)).get("payload") or {}

    def command(self, user: str, channel: str, name: str, text: str) -> Json:
        """Let a person use a slash command."""
        who = {"user_id": user, "channel_id": channel, "team_id": self.team, "trigger_id": self.trigger()}
        return self.interact({"command": name, "text": text, "response_url": self.reply_address(user, channel), **who})

    def click(self, user: str, message: Json, action: str) -> None:
        """Let a person press a button of a message, or of a private one."""
        channel = message["channel"] if "channel" in message else self._channel_of(message)
        pressed = next(e for e in _elements(message["blocks"]) if e["action_id"] == action)
        value = pressed.get("value")
        self._press(user, channel, message, {**pressed, "value": value})

    def rate(self, user: str, message: Json, thumb: str) -> None:
        """Let a person press a thumb."""
        buttons = next(e for e in _elements(message["blocks"]) if e["type"] == "feedback_buttons")
        value = buttons[f"{thumb}_button"]["value"]
        channel = message["channel"] if "channel" in message else self._channel_of(message)
        self._press(user, channel, message, {"type": "feedback_buttons", "action_id": "rating", "value": value})

    def _press(self, user: str, channel: str, message: Json, action: Json) -> None:
        private = "ts" not in message
        payload = {
            **self._who("block_actions", user),
            "channel": {"id": channel},
            "container": {"type": "message", "is_ephemeral": private, "thread_ts": message.get("thread_ts")},
            "actions": [action],
            "response_url": self.reply_address(user, channel),
        }
        self.interact(payload if private else {**payload, "message": message})

    def shortcut(self, user: str, channel: str, ts: str) -> None:
        """Let a person use "Ask about this" on a message."""
        message = self.messages[channel][ts]
        place = {"channel": {"id": channel}, "message": message, "message_ts": ts}
        who = {**self._who("message_action", user), "callback_id": "ask_about_this"}
        self.interact({**who, **place, "response_url": self.reply_address(user, channel)})

    def submit(self, user: str, view: Json, values: Json) -> Json:
        """Let a person send a modal."""
        block = {name: {"text": {"type": "plain_text_input", "value": value}} for name, value in values.items()}
        return self.interact({**self._who("view_submission", user), "view": {**view, "state": {"values": block}}})

    def _who(self, kind: str, user: str) -> Json:
        return {"type": kind, "user": {"id": user}, "team": {"id": self.team}, "trigger_id": self.trigger()}

    def _channel_of(self, message: Json) -> str:
        return next(c for c, found in self.messages.items() if found.get(message["ts"]) is message)

    def reply_address(self, user: str, channel: str) -> str:
        """Return a response URL."""
        return f"{self.address}/response/{user}/{channel}/{self.identity('r')}"

    def respond(self, path: str, given: Json) -> tuple[int, str]:
        """Take what is sent to a response URL."""
        _, _, user, channel, _ = path.split("/")
        try:
            rules.need(sum(m.get("address") == path for m in self.private) < 5, "five uses", "used_url")
            if not given.get("delete_original"):
                self._content(given)
        except Refused as error:
            self.refused.append(f"response_url: {error}")
            return 404, error.code
        with self.changed:
            self.private.append({**given, "user": user, "channel": channel, "address": path})
            self.changed.notify_all()
        return 200, "ok"

    # Socket Mode

    def _session(self, connection: ServerConnection) -> None:
        ticket = dict(parse_qsl(urlsplit(connection.request.path).query)).get("ticket", "")
        if ticket not in self.tickets:
            connection.close(1008, "bad ticket")
            return
        self.tickets.discard(ticket)  # good for one connection
        connection.send(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}}))
        with self.changed:
            self.sessions.append(connection)
            self.changed.notify_all()
        try:
            for raw in connection:
                self._acknowledge(json.loads(raw))
        except ConnectionClosed:
            pass
        finally:
            with self.changed:
                self.sessions.remove(connection)
                self.changed.notify_all()

    def _acknowledge(self, message: Json) -> None:
        with self.changed:
            self._pending.pop(message["envelope_id"], None)
            self.acknowledged[message["envelope_id"]] = message
            self.changed.notify_all()

    def _send(self, kind: str, payload: Json, retry: int = 0, envelope: str = "") -> str:
        envelope = envelope or self.identity("envelope")
        message = {"type": kind, "envelope_id": envelope, "accepts_response_payload": kind != "events_api"}
        message["payload"] = payload
        if retry:
            message |= {"retry_attempt": retry, "retry_reason": "timeout"}
        while True:
            with self.changed:
                self._turn += 1
                session = self.sessions[self._turn % len(self.sessions)] if self.sessions else None
                self._pending[envelope] = (message, session, time.monotonic())
            if session is None:
                return envelope  # nobody listens: it is sent when somebody does
            try:
                session.send(json.dumps(message))
                return envelope
            except ConnectionClosed:
                continue

    def _resend(self) -> None:
        """Send again what was not acknowledged in time, or whose connection is gone."""
        while True:
            time.sleep(0.05)
            with self.changed:
                late = [
                    message
                    for message, session, since in self._pending.values()
                    if session not in self.sessions or time.monotonic() - since > ACKNOWLEDGE
                ]
                if not self.sessions:
                    continue
                for message in late:
                    self._pending.pop(message["envelope_id"], None)
            for message in late:
                retry = message.get("retry_attempt", 0) + 1
                self._send(message["type"], message["payload"], retry, message["envelope_id"])

    def drop_sockets(self, *, rudely: bool = False) -> None:
        """Close every connection, with or without saying so."""
        with self.changed:
            sessions = list(self.sessions)
        for session in sessions:
            if rudely:
                session.socket.shutdown(socket.SHUT_RDWR)
            else:
                session.close(1001, "going away")

    def disconnect(self) -> None:
        """Tell every connection to make a new one, as Slack does every few hours."""
        with self.changed:
            sessions: Sequence[ServerConnection] = list(self.sessions)
        for session in sessions:
            session.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))

    def settled(self) -> bool:
        """Tell whether everything that was sent is acknowledged."""
        return not self._pending


class _Handler(BaseHTTPRequestHandler):
    slack: SlackServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        kind = self.headers.get("content-type", "")
        given = json.loads(body) if kind.startswith("application/json") and body else dict(parse_qsl(body))
        if self.path.startswith("/api/"):
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            method = self.path.removeprefix("/api/")
            status, found, headers = self.slack.answer(method, given, token)
            if status == 200 and self.slack.lost_answers[method] > 0:
                self.slack.lost_answers[method] -= 1
                self.close_connection = True  # done, but nobody hears of it
                self.connection.close()
                return
            self._reply(status, json.dumps(found).encode(), "application/json", headers)
        else:
            status, said = self.slack.respond(self.path, given)
            self._reply(status, said.encode(), "text/plain", {})

    def do_GET(self) -> None:
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        file = self.slack.files.get(self.path.split("/")[2] if self.path.count("/") >= 3 else "")
        if file is None:
            self._reply(404, b"", "text/plain", {})
        elif "location" in file:
            self._reply(302, b"", "text/plain", {"Location": file["location"]})
        elif token != self.slack.token or "files:read" not in self.slack.scopes:
            self._reply(200, b"<html>sign in</html>", "text/html", {})
        else:
            self._reply(200, file["content"], "application/octet-stream", {})

    def _reply(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return  # the bot was killed meanwhile

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _elements(blocks: list[Json]) -> list[Json]:
    return [element for block in blocks for element in block.get("elements", []) if "action_id" in element]
