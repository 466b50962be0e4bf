"""A server on loopback that speaks the OpenAI protocol as strictly as OpenAI does, and answers what a test tells it.

    with OpenAIServer() as server:                 # server.url is http://127.0.0.1:PORT/v1
        server.will(says("Over ", "85 [1]."), fails(503), says("Over ", CUT))
        ...                                        # the first three requests get these, later ones `server.answer`
        server.requests[0].body["messages"]

    OpenAIServer(lambda request: says("You asked: " + request.question))      # or a function of the request

What can be answered is in openai_replies.py.
"""

import json
import select
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self

from openai_protocol import embedded, frame, problem_of_chat, problem_of_embedding, usage, whole
from openai_replies import STALL, Do, Pause, Piece, Raw, Reply, Thought, fails, says

CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; the names of its headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    query: str = ""

    @property
    def question(self) -> str:
        """The text of the last message."""
        return str(self.body["messages"][-1]["content"])


class OpenAIServer:
    """Holds the server: `key` is the one key taken (None: any), `models` are those it has (none: any), `rejects` names
    parameters that it refuses as newer models do."""

    def __init__(
        self,
        answer: Callable[[Request], Reply] = lambda request: says("Yes", "."),
        *,
        key: str | None = None,
        models: tuple[str, ...] = ("test-model",),
        rejects: tuple[str, ...] = (),
        dimensions: int = 64,
    ) -> None:
        self.answer, self.key, self.models, self.rejects, self.dimensions = answer, key, models, rejects, dimensions
        self.requests: list[Request] = []
        self.closing = Event()
        self._script: dict[str, deque[Reply]] = {CHAT: deque(), EMBEDDINGS: deque()}
        self._connections: set[socket.socket] = set()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def will(self, *replies: Reply, path: str = CHAT) -> None:
        """Answer the next requests to a path with these, in this order."""
        self._script[path].extend(replies)

    def close(self) -> None:
        """Stop as if killed: open connections are cut, new ones refused."""
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self._connections):
            _cut(connection)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def reply_to(self, request: Request) -> Reply:
        """Record a request and return what it gets: a refusal where OpenAI would refuse it, else what the test says."""
        self.requests.append(request)
        if refused := self.refusal(request):
            return refused
        try:
            return self._script[request.path].popleft()
        except IndexError:
            return self.answer(request) if request.path == CHAT else Reply()

    def refusal(self, request: Request) -> Reply | None:
        """Return the error that OpenAI would answer a request with, if any."""
        body, path = request.body, request.path
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not key:
            return fails(401, "You didn't provide an API key. You need to provide it in an Authorization header.")
        if self.key and key != self.key:
            return fails(401, f"Incorrect API key provided: {key}. You can find yours in settings.", "invalid_api_key")
        if path == "/v1/models":
            return None
        if path not in self._script:
            return fails(404, f"Invalid URL (POST {path})")
        if not isinstance(body.get("model"), str):
            return fails(400, "you must provide a model parameter")
        if self.models and body["model"] not in self.models:
            return fails(404, f"The model `{body['model']}` does not exist.", "model_not_found")
        problem = problem_of_chat(body) if path == CHAT else problem_of_embedding(body)
        return fails(400, problem) if problem else next(filter(None, map(self._rejection, body)), None)

    def _rejection(self, name: str) -> Reply | None:
        if name not in self.rejects:
            return None
        if name == "temperature":
            told = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is."
            return fails(400, told, "unsupported_value", param=name)
        told = f"Unsupported parameter: '{name}' is not supported with this model."
        return fails(400, told, "unsupported_parameter", param=name)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    owner: OpenAIServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave early are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.server.owner._connections.add(self.connection)

    def finish(self) -> None:
        self.server.owner._connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        owner = self.server.owner
        refused = owner.refusal(self._request({})) or (fails(404) if self.path != "/v1/models" else None)
        models = [{"id": name, "object": "model", "created": 1, "owned_by": "test"} for name in owner.models]
        if refused:
            self._send(refused.status, refused.content or "")
        else:
            self._send(200, json.dumps({"object": "list", "data": models}))

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            body = json.loads(sent)
        except ValueError:
            body = {}
        reply = self.server.owner.reply_to(self._request(body))
        self.server.owner.closing.wait(reply.delay)
        if reply.content is not None:
            self._send(reply.status, reply.content, reply.content_type, reply.headers)
        elif self.path.startswith(EMBEDDINGS):
            self._send(200, embedded(body, self.server.owner.dimensions))
        elif body.get("stream") and reply.stream:
            self._stream(body, reply)
        else:
            self._send(200, whole(body, reply))

    def _request(self, body: dict[str, Any]) -> Request:
        path, _, query = self.path.partition("?")
        return Request(path, {name.lower(): value for name, value in self.headers.items()}, body, query)

    def _send(
        self, status: int, content: str, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        data = content.encode()
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, body: dict[str, Any], reply: Reply) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._event(body, {"role": "assistant", "content": ""})
        count = 0
        for piece in reply.pieces:
            count += isinstance(piece, str | Thought)
            if not self._piece(body, piece):
                return
        self._event(body, {}, reply.finish)
        if reply.usage and (body.get("stream_options") or {}).get("include_usage"):
            self._write(f"data: {json.dumps(frame(body, choices=[], usage=usage(body, count)))}\n\n")
        self._write("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _piece(self, body: dict[str, Any], piece: Piece) -> bool:
        """Send one piece; False where it ends the connection."""
        if isinstance(piece, Do):
            self._until_left() if piece is STALL else None
            _cut(self.connection)
            self.close_connection = True
            return False
        if isinstance(piece, Pause):
            self.server.owner.closing.wait(piece.seconds)
        elif isinstance(piece, Raw):
            self._write(piece.text)
        else:
            named = {"content": piece} if isinstance(piece, str) else {"reasoning_content": piece.text}
            self._event(body, named)
        return not self.server.owner.closing.is_set()

    def _event(self, body: dict[str, Any], delta: dict[str, str], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        self._write(f"data: {json.dumps(frame(body, choices=[choice]))}\n\n")

    def _write(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _until_left(self) -> None:
        while not self.server.owner.closing.is_set():
            if select.select([self.connection], [], [], 0.02)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                return


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # where the client was faster
        connection.shutdown(socket.SHUT_RDWR)
