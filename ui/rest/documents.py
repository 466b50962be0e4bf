"""The documents over REST: list, add, remove, read."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Query, UploadFile
from starlette.exceptions import HTTPException

from index.types import Added, Document

from ..render import plain_data
from ..service import Service, TooLarge, Upload, take_uploads
from .replies import Json


def router(service: Service) -> APIRouter:
    """Return the routes of the documents."""
    routes = APIRouter(default_response_class=Json)

    @routes.get("/api/documents", responses={200: {"model": list[Document]}})
    def documents() -> Any:
        """List the documents, ordered by source."""
        return Json(plain_data(service.bot.index.documents()))

    @routes.post("/api/documents", responses={200: {"model": Added}})
    def add(files: Annotated[list[UploadFile], File()]) -> Any:
        """Add files; one that cannot be read fails by name, and the rest goes in."""
        bot, limit = service.bot, service.max_upload
        if all((file.size or 0) > limit for file in files):
            raise TooLarge(f"the file is larger than {limit / 1_000_000:g} MB; split it into smaller files")
        uploads = [Upload(file.filename or "", lambda f=file: f.file) for file in files]
        added = take_uploads(bot, uploads, limit)
        service.metrics.uploaded(added)
        return Json(plain_data(added))

    @routes.delete("/api/documents/{document_id}")
    def remove(document_id: str) -> Any:
        """Remove a document; no answer quotes it from now on."""
        index = service.bot.index
        return Json({"removed": index.remove([index.document(document_id).source])})

    @routes.get("/api/documents/{document_id}/text")
    def text(
        document_id: str,
        start: Annotated[int, Query(ge=0)] = 0,
        end: Annotated[int | None, Query(ge=0)] = None,
    ) -> Any:
        """Return a document's text from `start` to `end`, which the offsets of citations and passages refer to."""
        index = service.bot.index
        document = index.document(document_id)
        whole = index.text(document.source)
        start, end = min(start, len(whole)), len(whole) if end is None else min(end, len(whole))
        if end < start:
            raise HTTPException(422, "end is before start")
        place = {"id": document.id, "source": document.source, "start": start, "end": end}
        return Json({**place, "characters": len(whole), "text": whole[start:end]})

    return routes
