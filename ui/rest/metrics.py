"""What Prometheus reads, from this machine only: `/metrics`."""

import ipaddress

from fastapi import APIRouter, Request
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..service import Service


def router(service: Service) -> APIRouter:
    """Return the route of the figures."""
    routes = APIRouter()

    @routes.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        if not _is_here(request):
            raise HTTPException(403, "the figures are told to this machine only; let Prometheus ask from here")
        documents = service.opened.index.documents() if service.opened else None
        return Response(service.metrics.text(documents), media_type=CONTENT_TYPE_LATEST)

    return routes


def _is_here(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
