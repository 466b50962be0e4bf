"""What Prometheus reads, from this machine or with a token: `/metrics`."""

from fastapi import APIRouter, Request
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..addresses import is_local
from ..asking import person_of
from ..service import Service


def router(service: Service) -> APIRouter:
    """Return the route of the figures."""
    routes = APIRouter()

    @routes.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        if not person_of(request) and not is_local(request.scope, request.headers):
            raise HTTPException(403, "the figures are told to this machine only, or for a token of citewise users")
        documents = service.opened.index.documents() if service.opened else None
        return Response(service.metrics.text(documents), media_type=CONTENT_TYPE_LATEST)

    return routes
