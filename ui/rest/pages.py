"""The pages of PDFs over REST: their pictures, and the rectangles of a quote on them."""

from collections import OrderedDict
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from index.pdf_boxes import QuotePage, quote_pages
from index.pdf_painter import WIDTHS, page_picture

from ..render import plain_data
from ..service import Service
from .replies import Json

_KEPT_BYTES = 32_000_000


class QuotePages(BaseModel):
    """The pages that a quote stands on; rectangles are parts of width and height, from the upper left corner."""

    id: str
    start: int
    end: int
    pages: list[QuotePage]


def router(service: Service) -> APIRouter:
    """Return the routes of pages."""
    routes = APIRouter(default_response_class=Json)
    pictures = _Pictures()

    @routes.get("/api/documents/{document_id}/boxes", responses={200: {"model": QuotePages}})
    def boxes(document_id: str, start: Annotated[int, Query(ge=0)], end: Annotated[int, Query(ge=0)]) -> Any:
        """Return where a span of the text stands on the pages of a PDF, as fractions of the page."""
        index = service.bot.index
        if end < start:
            raise HTTPException(422, "end is before start")
        reading = index.reading(document_id)
        found = quote_pages(index.original(document_id), reading, (start, end))
        return Json({"id": document_id, "start": start, "end": end, "pages": plain_data(found)})

    @routes.get(
        "/api/documents/{document_id}/pages/{number}.png",
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}},
    )
    def page(
        document_id: str,
        number: Annotated[int, Path(ge=1)],
        width: Annotated[int, Query(ge=WIDTHS[0], le=WIDTHS[1])] = 1200,
    ) -> Response:
        """Return the picture of a page, `width` pixels wide."""
        index = service.bot.index
        document = index.document(document_id)
        if number > (document.pages or 0):
            raise HTTPException(404, f"the document has no page {number}")
        path = index.original(document_id)
        key = (document_id, document.version, number, width)
        picture = pictures.get(key)
        if picture is None:
            picture = page_picture(path, number, width)
            pictures.keep(key, picture)
        return Response(picture, media_type="image/png")

    return routes


class _Pictures:
    """The pictures that were asked for last, up to a number of bytes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Any, bytes] = OrderedDict()

    def get(self, key: Any) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Any, picture: bytes) -> None:
        with self._lock:
            self._kept[key] = picture
            while sum(map(len, self._kept.values())) > _KEPT_BYTES:
                self._kept.popitem(last=False)
