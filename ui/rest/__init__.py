"""The REST interface: the same answers, documents and errors as in Python, as JSON.

Endpoints are plain functions that the server runs in threads; who may call is `guard.py`'s. A group of routes is a file
with `router(service)` and one line here.
"""

from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from ..service import Service
from . import completions, conversations, documents, explain, feedback, health, metrics, pages, questions


def router(service: Service, public_url: str | None = None) -> APIRouter:
    """Return all routes of REST over one service."""
    routes = APIRouter()
    for group in (questions, documents, pages, explain, feedback, health, metrics):
        routes.include_router(group.router(service))
    routes.include_router(completions.router(service, public_url))
    routes.include_router(conversations.router(service, public_url))

    @routes.api_route("/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    def nothing(rest: str) -> Any:
        raise HTTPException(404, "there is nothing at this address; see /api")

    return routes
