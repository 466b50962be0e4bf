"""How an error is told: `{"error": "..."}` over REST, and in OpenAI's form where OpenAI's clients read it.

Every error has a status and one line, never a trace.
"""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from index.errors import CitewiseError, LibraryBusy, LibraryError, NoOriginal, NotYours, UnknownSource

from ..conversations import Answering, UnknownConversation
from ..service import NotReady, TooLarge
from .replies import Json

OPENAI = "/v1/"
"""What the addresses of OpenAI's protocol begin with."""


def error_body(path: str, status: int, message: str, param: str | None = None) -> dict[str, Any]:
    """Return the JSON that tells a client at this address what went wrong; `param` names what it should change."""
    if not path.startswith(OPENAI):
        return {"error": message}
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": None}}


_STATUS = (
    (UnknownSource, 404),
    (NotYours, 403),
    (NoOriginal, 404),
    (UnknownConversation, 404),
    (Answering, 409),
    (LibraryBusy, 409),
    (TooLarge, 413),
    (NotReady, 503),
    (LibraryError, 503),
)
_LOG = logging.getLogger("citewise")


def told_late(error: Exception) -> tuple[int, str]:
    """Return the status and message of an error that comes after a response has begun; log what is not foreseen."""
    if not isinstance(error, CitewiseError):
        _LOG.error("an answer failed while it was sent", exc_info=error)
    return _described(error)


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
