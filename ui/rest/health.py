"""Whether the server lives, and whether it can answer yet."""

from typing import Any

from fastapi import APIRouter

from ..service import Service
from .replies import Json


def router(service: Service) -> APIRouter:
    """Return the routes that a supervisor asks."""
    routes = APIRouter(default_response_class=Json)

    @routes.get("/healthz")
    def health() -> Any:
        """Say that the server lives."""
        return Json({"status": "ok"})

    @routes.get("/readyz")
    def ready() -> Any:
        """Say whether the library is open; 503 until it is."""
        return Json({"status": "ready"} if service.opened else {"status": "opening"}, 200 if service.opened else 503)

    return routes
