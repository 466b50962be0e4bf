"""The documents over REST: list, add, sum up, remove, read."""

import os
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, File, Query, UploadFile
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from index.types import Added, Document, OnProgress

from ..render import plain_data
from ..service import Service, TooLarge, Upload, base_name, path_name, take_uploads
from ..summary import Summary, summary
from .adding import events
from .replies import Json

_PATIENCE = 600.0
"""Seconds that an add which tells its progress waits for others that write to the library."""


def _own(file: UploadFile) -> BinaryIO:
    """Return a handle that stays open when the request is over, as it may be before an add that tells its progress."""
    spooled: Any = file.file
    spooled.rollover()  # to the disk: in memory there is but one
    return os.fdopen(os.dup(spooled.fileno()), "rb")


def router(service: Service) -> APIRouter:
    """Return the routes of the documents."""
    routes = APIRouter(default_response_class=Json)

    @routes.get("/api/documents", responses={200: {"model": list[Document]}})
    def documents() -> Any:
        """List the documents, ordered by source."""
        return Json(plain_data(service.bot.index.documents()))

    @routes.post("/api/documents", responses={200: {"model": Added}})
    def add(files: Annotated[list[UploadFile], File()], folders: bool = False, progress: bool = False) -> Any:
        """Add files; one that cannot be read fails by name, and the rest goes in.

        `folders` keeps the folders in their names, `progress` answers with server-sent events.
        """
        bot, limit = service.bot, service.max_upload
        if all((file.size or 0) > limit for file in files):
            raise TooLarge(f"the file is larger than {limit / 1_000_000:g} MB; split it into smaller files")
        opened = {file: _own(file) if progress else file.file for file in files}
        uploads = [Upload(file.filename or "", lambda f=file: opened[f]) for file in files]
        name_of = path_name if folders else base_name

        def take(told: OnProgress | None = None) -> Added:
            added = take_uploads(bot, uploads, limit, told, _PATIENCE if told else 0.0, name_of)
            service.metrics.uploaded(added)
            return added

        if progress:
            return StreamingResponse(events(take), media_type="text/event-stream")
        return Json(plain_data(take()))

    @routes.get("/api/documents/{document_id}/summary", responses={200: {"model": Summary}})
    def sum_up(document_id: str) -> Any:
        """Sum a document up: its headings, its length and its first lines."""
        index = service.bot.index
        document = index.document(document_id)
        return Json(plain_data(summary(document, index.opening(document.source, document.passages))))

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
