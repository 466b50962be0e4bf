"""The REST interface: the same answers, documents and errors as in Python, as JSON.

Endpoints are plain functions that the server runs in threads. Who may call is `guard.py`'s; every error has a status
and one line, in the form that `errors.py` gives it, never a trace.
"""

import json
import logging
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from index.errors import CitewiseError, LibraryBusy, LibraryError, UnknownSource
from index.types import Added, Document, SearchResult
from qa.types import Answer, Turn

from .errors import OPENAI, error_body
from .render import answer_json, plain_data
from .service import MAX_QUESTION, NotReady, Service, TooLarge, Upload, take_uploads

_STATUS = ((UnknownSource, 404), (LibraryBusy, 409), (TooLarge, 413), (NotReady, 503), (LibraryError, 503))
_LOG = logging.getLogger("citewise")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION)]
Sources = Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=1000)]


class Json(JSONResponse):
    """JSON in ASCII, because a file's name may hold what UTF-8 cannot."""

    def render(self, content: Any) -> bytes:
        """Encode."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


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
    """Return the routes of REST over one service."""
    routes = APIRouter(default_response_class=Json)
    _add_questions(routes, service)
    _add_documents(routes, service)
    _add_health(routes, service)
    return routes


def _add_questions(routes: APIRouter, service: Service) -> None:
    @routes.post("/api/ask", responses={200: {"model": Answer}})
    def ask(asked: AskIn) -> Any:
        bot = service.bot
        history = [Turn(turn.question, turn.answer) for turn in asked.history]
        sources = asked.sources or None
        if not asked.stream:
            return Json(answer_json(bot.ask(asked.question, history, sources)))
        snapshots = iter(bot.stream(asked.question, history, sources))
        first = next(snapshots)  # so that what fails at once still gets a status of its own
        return StreamingResponse(_events(chain([first], snapshots)), media_type="text/event-stream")

    @routes.post("/api/search", responses={200: {"model": list[SearchResult]}})
    def search(asked: SearchIn) -> Any:
        bot = service.bot
        results = bot.search(asked.query, k=asked.k, sources=asked.sources or None)
        return Json(plain_data(results))


def _events(snapshots: Iterator[Answer]) -> Iterator[str]:
    """Yield server-sent events; an error ends the stream with one of its own."""
    try:
        for snapshot in snapshots:
            yield f"data: {json.dumps(answer_json(snapshot))}\n\n"
    except Exception as error:  # noqa: BLE001 - the response has begun; this is the only way left to tell
        yield f"event: error\ndata: {json.dumps({'error': told_late(error)[1]})}\n\n"


def told_late(error: Exception) -> tuple[int, str]:
    """Return the status and message of an error that comes after a response has begun; log what is not foreseen."""
    if not isinstance(error, CitewiseError):
        _LOG.error("an answer failed while it was sent", exc_info=error)
    return _described(error)


def _add_documents(routes: APIRouter, service: Service) -> None:
    @routes.get("/api/documents", responses={200: {"model": list[Document]}})
    def documents() -> Any:
        return Json(plain_data(service.bot.index.documents()))

    @routes.post("/api/documents", responses={200: {"model": Added}})
    def add(files: Annotated[list[UploadFile], File()]) -> Any:
        bot, limit = service.bot, service.max_upload
        if all((file.size or 0) > limit for file in files):
            raise TooLarge(f"the file is larger than {limit / 1_000_000:g} MB; split it into smaller files")
        uploads = [Upload(file.filename or "", lambda f=file: f.file) for file in files]
        return Json(plain_data(take_uploads(bot, uploads, limit)))

    @routes.delete("/api/documents/{document_id}")
    def remove(document_id: str) -> Any:
        index = service.bot.index
        return Json({"removed": index.remove([index.document(document_id).source])})

    @routes.get("/api/documents/{document_id}/text")
    def text(
        document_id: str,
        start: Annotated[int, Query(ge=0)] = 0,
        end: Annotated[int | None, Query(ge=0)] = None,
    ) -> Any:
        index = service.bot.index
        document = index.document(document_id)
        whole = index.text(document.source)
        start, end = min(start, len(whole)), len(whole) if end is None else min(end, len(whole))
        if end < start:
            raise HTTPException(422, "end is before start")
        place = {"id": document.id, "source": document.source, "start": start, "end": end}
        return Json({**place, "characters": len(whole), "text": whole[start:end]})


def _add_health(routes: APIRouter, service: Service) -> None:
    @routes.get("/healthz")
    def health() -> Any:
        return Json({"status": "ok"})

    @routes.get("/readyz")
    def ready() -> Any:
        return Json({"status": "ready"} if service.opened else {"status": "opening"}, 200 if service.opened else 503)

    @routes.api_route("/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    def nothing(rest: str) -> Any:
        raise HTTPException(404, "there is nothing at this address; see /api/openapi.json")


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error with its status and one line."""

    def on_error(request: Request, error: Exception) -> Json:
        status, message = _described(error)
        return Json(error_body(request.url.path, status, message), status)

    def on_invalid(request: Request, error: Exception) -> Json:
        assert isinstance(error, RequestValidationError)
        path = request.url.path
        places = [".".join(str(at) for at in e["loc"]) for e in error.errors()[:5]]
        told = "; ".join(f"{place}: {e['msg']}" for place, e in zip(places, error.errors(), strict=False))
        status = 400 if path.startswith(OPENAI) else 422
        return Json(error_body(path, status, told, places[0].removeprefix("body.")), status)

    app.add_exception_handler(CitewiseError, on_error)
    app.add_exception_handler(HTTPException, on_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_error)


def _described(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail)
    if isinstance(error, CitewiseError):
        return next((status for kind, status in _STATUS if isinstance(error, kind)), 400), str(error)
    return 500, "something went wrong inside citewise; its log on the server says what"
