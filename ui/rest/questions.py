"""Ask and search over REST, whole or as server-sent snapshots."""

import json
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from index.types import SearchResult
from qa.stopping import Stop
from qa.types import Answer, Turn

from ..asking import Asked, answers, person_of
from ..render import answer_json, plain_data
from ..service import MAX_QUESTION, Service
from .errors import told_late
from .replies import Json

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION)]
Sources = Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=1000)]


class TurnIn(BaseModel):
    """An earlier question and its answer's text."""

    model_config = ConfigDict(extra="forbid")
    question: Text
    answer: Annotated[str, Field(max_length=20_000)]


class AskIn(BaseModel):
    """A question; `stream` asks for server-sent snapshots of the answer.

    With the id of a `conversation` its turns are the history and the answer becomes a part of it, with `again` in place
    of its last one.
    """

    model_config = ConfigDict(extra="forbid")
    question: Text
    history: Annotated[list[TurnIn], Field(max_length=50)] = []
    sources: Sources | None = None
    stream: bool = False
    conversation: Annotated[str, Field(max_length=64)] | None = None
    again: bool = False


class SearchIn(BaseModel):
    """A query for passages, best first."""

    model_config = ConfigDict(extra="forbid")
    query: Text
    k: Annotated[int, Field(ge=1, le=100)] = 10
    sources: Sources | None = None


def router(service: Service) -> APIRouter:
    """Return the routes that answer and search."""
    routes = APIRouter(default_response_class=Json)

    @routes.post("/api/ask", responses={200: {"model": Answer}})
    def ask(asked: AskIn, request: Request) -> Any:
        """Answer a question with quotes; with `stream`, as server-sent snapshots of the answer, the last one whole."""
        if asked.conversation and asked.history:
            raise HTTPException(422, "history is the conversation's own: give either")
        stop = Stop()
        snapshots = service.metrics.watched("rest", _snapshots(service, asked, person_of(request), stop))
        if not asked.stream:
            *_, last = snapshots
            return Json(answer_json(last))
        first = next(snapshots)  # so that what fails at once still gets a status of its own
        return StreamingResponse(_events(chain([first], snapshots), stop), media_type="text/event-stream")

    @routes.post("/api/search", responses={200: {"model": list[SearchResult]}})
    def search(asked: SearchIn) -> Any:
        """Return the passages that match best, best first."""
        bot = service.bot
        results = bot.search(asked.query, k=asked.k, sources=asked.sources or None)
        return Json(plain_data(results))

    return routes


def _snapshots(service: Service, asked: AskIn, person: str, stop: Stop) -> Iterator[Answer]:
    sources = asked.sources or None
    if asked.conversation:
        within = Asked(person, asked.conversation, asked.question, sources, asked.again)
        return answers(service, within, stop)
    history = [Turn(turn.question, turn.answer) for turn in asked.history]
    return service.bot.stream(asked.question, history, sources, stop)


async def _events(snapshots: Iterator[Answer], stop: Stop) -> AsyncIterator[str]:
    """Yield server-sent events; an error ends the stream with one of its own, and a client who leaves the answer."""
    try:
        while snapshot := await run_sync(next, snapshots, None, abandon_on_cancel=True):
            yield f"data: {json.dumps(answer_json(snapshot))}\n\n"
    except Exception as error:  # noqa: BLE001 - the response has begun; this is the only way left to tell
        yield f"event: error\ndata: {json.dumps({'error': told_late(error)[1]})}\n\n"
    finally:
        stop.request()
