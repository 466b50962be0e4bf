"""OpenAI's protocol, `/v1/chat/completions` and `/v1/models`: citewise as a model of other chat programs.

The user's last message is the question, what was said before is its history. Such programs show Markdown, so the text
is escaped where a document could smuggle in links, images or HTML; the quotes in `citations` are verbatim.

A stream brings the text in one piece, whole and checked: until a language model has ended, each of its sentences may
still be flagged, dropped or replaced by quotes, and what was sent cannot be taken back.
"""

import asyncio
import json
import re
import secrets
import threading
import time
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from qa.types import Answer, Citation, Turn

from ..render import plain_data, public_link, visible
from ..service import MAX_QUESTION, Service
from .completions_types import (
    MODEL,
    Choice,
    Cited,
    Completion,
    CompletionIn,
    MessageIn,
    MessageOut,
    ModelCard,
    ModelList,
    Problems,
    Usage,
)
from .errors import OPENAI, error_body, told_late
from .replies import Json

KEEP_ALIVE = 5.0
"""Seconds of silence after which a stream says that it is still there."""
_AT_ONCE = 1.0
"""Seconds before a stream begins, in which an error still gets a status of its own."""
_MAX_TURNS, _MAX_ANSWER = 50, 20_000  # of a longer conversation the end counts, of a longer answer the beginning
_ACTIVE = re.compile(r"(\\*)(<|`{3}|~{3}|\[(?!(?:\d{1,4}|unsupported)\](?![(:])))")
"""What begins a link, an image, HTML or a block of code in Markdown; a mark does not, unless what follows makes it."""
_CARD = ModelCard(MODEL, "model", 0, MODEL)
_ERRORS: dict[int | str, dict[str, Any]] = {"4XX": {"model": Problems}, "5XX": {"model": Problems}}


def router(service: Service, public_url: str | None = None) -> APIRouter:
    """Return the routes of OpenAI's protocol over one service."""
    routes = APIRouter(prefix=OPENAI.rstrip("/"), default_response_class=Json, responses=_ERRORS)

    @routes.post("/chat/completions", responses={200: {"model": Completion}})
    async def complete(asked: CompletionIn) -> Any:
        """Answer the user's last message, as OpenAI's protocol has it; `citations` stand beside OpenAI's fields."""
        _see_to_model(asked.model)
        turns = _turns(asked.messages)
        snapshots = service.metrics.watched("openai", service.bot.stream(turns[-1].question, turns[:-1]))
        left = threading.Event()
        answering = asyncio.create_task(run_sync(_last, snapshots, left))
        if not asked.stream:
            return Json(plain_data(_completion(await answering, public_url)))
        await asyncio.wait({answering}, timeout=_AT_ONCE)
        if answering.done():
            answering.result()
        with_usage = bool(asked.stream_options and asked.stream_options.include_usage)
        return StreamingResponse(_events(answering, left, public_url, with_usage), media_type="text/event-stream")

    @routes.get("/models", responses={200: {"model": ModelList}})
    def models() -> Any:
        """List the one model that can be asked."""
        return Json(plain_data(ModelList("list", (_CARD,))))

    @routes.get("/models/{model}", responses={200: {"model": ModelCard}})
    def model(model: str) -> Any:
        """Describe the model, if it is the one."""
        _see_to_model(model)
        return Json(plain_data(_CARD))

    @routes.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    def nothing(rest: str) -> Any:
        raise HTTPException(404, f"there is nothing at this address; use {OPENAI}chat/completions")

    return routes


def _see_to_model(name: str) -> None:
    if name != MODEL:
        raise HTTPException(404, f"there is no such model here; use {MODEL}")


def _turns(messages: Sequence[MessageIn]) -> list[Turn]:
    """Return what was said as turns; the last one is the question, yet without an answer."""
    turns: list[Turn] = []
    for message in messages:
        if message.role == "user":
            turns.append(Turn(message.text[:MAX_QUESTION], ""))
        elif message.role == "assistant" and turns:
            turns[-1] = Turn(turns[-1].question, message.text[:_MAX_ANSWER])
    return turns[-_MAX_TURNS - 1 :]


def _last(snapshots: Generator[Answer], left: threading.Event) -> Answer:
    """Return the last snapshot; once the client has left, end the model's work at the next one."""
    with closing(snapshots):
        answer = next(snapshots)
        while not left.is_set() and (later := next(snapshots, None)):
            answer = later
    return answer


async def _events(
    answering: asyncio.Task[Answer], left: threading.Event, public_url: str | None, with_usage: bool
) -> AsyncIterator[str]:
    """Yield server-sent events; an error ends the stream with one of its own."""
    try:
        while not answering.done():
            yield ": keep-alive\n\n"
            await asyncio.wait({answering}, timeout=KEEP_ALIVE)
        for chunk in _chunks(_completion(answering.result(), public_url), with_usage):
            yield f"data: {json.dumps(chunk)}\n\n"
        yield "data: [DONE]\n\n"
    except Exception as error:  # noqa: BLE001 - the response has begun; this is the only way left to tell
        yield f"data: {json.dumps(error_body(OPENAI, *told_late(error)))}\n\n"
    finally:
        left.set()


def _chunks(whole: Completion, with_usage: bool) -> Iterator[dict[str, Any]]:
    """Yield a reply in the form of a stream: the text, then the end with what citewise adds, then the usage."""
    head = {"id": whole.id, "object": "chat.completion.chunk", "created": whole.created, "model": whole.model}
    head |= {"usage": None} if with_usage else {}
    message = asdict(whole.choices[0].message)
    said = {name: message.pop(name) for name in ("role", "content")}
    yield {**head, "choices": [{"index": 0, "delta": said, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], **message}
    if with_usage:
        yield {**head, "choices": [], "usage": asdict(whole.usage)}


def _completion(answer: Answer, public_url: str | None) -> Completion:
    citations = tuple(_cited(citation, public_url) for citation in answer.citations)
    message = MessageOut("assistant", _markdown(answer.text), citations, answer.status, answer.note)
    read, written = (int(answer.timings.get(f"{kind}_tokens", 0)) for kind in ("prompt", "completion"))
    return Completion(
        id=f"chatcmpl-{secrets.token_hex(12)}",
        object="chat.completion",
        created=int(time.time()),
        model=MODEL,
        choices=(Choice(0, message, "stop"),),
        usage=Usage(read, written, read + written),
    )


def _cited(c: Citation, public_url: str | None) -> Cited:
    link = public_link(public_url, c.passage_id, c.start, c.end) if public_url else None
    return Cited(c.number, c.source, c.title, c.page, c.start, c.end, c.quote, link)


def _markdown(text: str) -> str:
    """Escape what Markdown would make a link, an image, HTML or code of; backslashes before it stay what they are."""
    return _ACTIVE.sub(lambda found: f"{found[1] * 2}\\{found[2]}", visible(text))
