"""Ask and search over REST, whole or as server-sent snapshots."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from index.types import SearchResult
from qa.types import Answer, Turn

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
    """A question; `stream` asks for server-sent snapshots of the answer."""

    model_config = ConfigDict(extra="forbid")
    question: Text
    history: Annotated[list[TurnIn], Field(max_length=50)] = []
    sources: Sources | None = None
    stream: bool = False


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
    def ask(asked: AskIn) -> Any:
        """Answer a question with quotes; with `stream`, as server-sent snapshots of the answer, the last one whole."""
        bot = service.bot
        history = [Turn(turn.question, turn.answer) for turn in asked.history]
        sources = asked.sources or None
        snapshots = service.metrics.watched("rest", bot.stream(asked.question, history, sources))
        if not asked.stream:
            *_, answer = snapshots
            return Json(answer_json(answer))
        first = next(snapshots)  # so that what fails at once still gets a status of its own
        return StreamingResponse(_events(chain([first], snapshots)), media_type="text/event-stream")

    @routes.post("/api/search", responses={200: {"model": list[SearchResult]}})
    def search(asked: SearchIn) -> Any:
        """Return the passages that match best, best first."""
        bot = service.bot
        results = bot.search(asked.query, k=asked.k, sources=asked.sources or None)
        return Json(plain_data(results))

    return routes


def _events(snapshots: Iterator[Answer]) -> Iterator[str]:
    """Yield server-sent events; an error ends the stream with one of its own."""
    try:
        for snapshot in snapshots:
            yield f"data: {json.dumps(answer_json(snapshot))}\n\n"
    except Exception as error:  # noqa: BLE001 - the response has begun; this is the only way left to tell
        yield f"event: error\ndata: {json.dumps({'error': told_late(error)[1]})}\n\n"
