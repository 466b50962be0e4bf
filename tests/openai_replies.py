"""What a test tells the server of openai_server.py to answer: text in pieces, errors, pages, and what goes wrong."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Do(Enum):
    """What a reply may do between its pieces."""

    CUT = "close the connection without a word"
    STALL = "send nothing more, but keep the connection until the client leaves"


CUT, STALL = Do.CUT, Do.STALL


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of a reasoning model's thinking, sent as `reasoning_content`."""

    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait some seconds before the next piece."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Raw:
    """Text put on the wire as it is."""

    text: str


KEEP_ALIVE = Raw(": keep-alive\n\n")
MALFORMED = Raw('data: {"id": "chatcmpl-1", "choices": [{"del\n\n')
NO_CHOICES = Raw('data: {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}\n\n')
Piece = str | Thought | Pause | Raw | Do


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in pieces (`stream=False`: one JSON even where a stream was asked for), or an error or page."""

    pieces: Iterable[Piece] = ()
    finish: str | None = "stop"
    usage: bool = True
    delay: float = 0.0
    stream: bool = True
    status: int = 200
    content: str | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def says(*pieces: Piece, **how: Any) -> Reply:
    """Answer with these pieces; `finish`, `usage`, `delay` (seconds before the headers) and `stream` say how."""
    return Reply(pieces, **how)


def forever(pieces: Iterable[Piece]) -> Reply:
    """Answer with pieces that never end, such as `itertools.repeat(KEEP_ALIVE)`."""
    return Reply(pieces)


def fails(status: int, message: str = "The server had an error.", code: str | None = None, **how: Any) -> Reply:
    """Answer with an error in OpenAI's form; `retry_after`, `param` and `delay` add to it."""
    headers = {"retry-after": str(how.pop("retry_after"))} if "retry_after" in how else {}
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": how.pop("param", None), "code": code}
    return Reply(status=status, content=json.dumps({"error": error}), headers=headers, **how)


def too_long() -> Reply:
    """Answer that the messages do not fit the model."""
    told = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    return fails(400, told, "context_length_exceeded", param="messages")


def page(html: str = "<html><body><h1>Sign in</h1></body></html>", status: int = 200) -> Reply:
    """Answer with a web page, as a proxy does."""
    return Reply(status=status, content=html, content_type="text/html")
