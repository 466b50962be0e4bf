"""Conversations over REST: list, begin, read, rename, remove, export, and stop an answer."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.exceptions import HTTPException

from ..asking import person_of
from ..conversations import MAX_NAME, Conversation, Summary
from ..export import markdown
from ..render import plain_data
from ..service import Service
from .replies import Json

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME)]


class NameIn(BaseModel):
    """What a conversation is called."""

    model_config = ConfigDict(extra="forbid")
    name: Name


def router(service: Service, public_url: str | None = None) -> APIRouter:
    """Return the routes of conversations; links in exports begin with the public address."""
    routes = APIRouter(prefix="/api/conversations", default_response_class=Json)

    @routes.get("", responses={200: {"model": list[Summary]}})
    def conversations(request: Request) -> Any:
        """List your conversations, the latest first."""
        return Json(plain_data(service.conversations.of(person_of(request))))

    @routes.post("", status_code=201, responses={201: {"model": Summary}})
    def begin(named: NameIn, request: Request) -> Any:
        """Begin a conversation."""
        return Json(plain_data(service.conversations.begin(person_of(request), named.name)), 201)

    @routes.get("/{identity}", responses={200: {"model": Conversation}})
    def conversation(identity: str, request: Request) -> Any:
        """Read a conversation with all that was said."""
        return Json(plain_data(service.conversations.get(person_of(request), identity)))

    @routes.patch("/{identity}", responses={200: {"model": Conversation}})
    def rename(identity: str, named: NameIn, request: Request) -> Any:
        """Give a conversation another name."""
        service.conversations.rename(person_of(request), identity, named.name)
        return Json(plain_data(service.conversations.get(person_of(request), identity)))

    @routes.delete("/{identity}")
    def remove(identity: str, request: Request) -> Any:
        """Remove a conversation with all that was said."""
        service.conversations.remove(person_of(request), identity)
        return Json({"removed": 1})

    @routes.post("/{identity}/stop")
    def stop(identity: str, request: Request) -> Any:
        """Stop the answer that is being written."""
        return Json({"stopped": service.conversations.stop(person_of(request), identity)})

    @routes.get("/{identity}/export", response_class=Response)
    def export(identity: str, request: Request, number: Annotated[int | None, Query(ge=1)] = None) -> Response:
        """Export a conversation, or one answer of it, as Markdown with the quotes as footnotes."""
        found = service.conversations.get(person_of(request), identity)
        if number is not None and number not in [exchange.number for exchange in found.exchanges]:
            raise HTTPException(404, f"the conversation has no question {number}")
        name = re.sub(r"[^A-Za-z0-9]+", "-", found.name).strip("-")[:60].lower() or "conversation"
        headers = {"Content-Disposition": f'attachment; filename="{name}.md"'}
        return Response(markdown(found, public_url, number), media_type="text/markdown", headers=headers)

    return routes
