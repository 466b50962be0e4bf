"""The rows of the store as values, and back: a passage with what is kept beside it, and the record of a document."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .owners import owner_of
from .types import Document, Passage, Span

Metadata = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A passage as it is kept: with the text between it and the one before, and the sketch of its sentences."""

    passage: Passage
    lead: str
    sketch: str


@dataclass(frozen=True, slots=True)
class Record:
    """What the library knows of one document beside its passages.

    `path` and `folder` are absolute paths on the machine that added it (empty for an upload, and for a file that
    was named by itself); `tail` is the text after the last passage; `generation` is the commit that wrote it.
    """

    document: Document
    path: str = ""
    folder: str = ""
    modified: int = 0
    tail: str = ""
    generation: int = 0
    removed: bool = False

    @property
    def passage_ids(self) -> list[str]:
        """The ids of the document's passages, in order."""
        return self.first_passage_ids(self.document.passages)

    def first_passage_ids(self, count: int) -> list[str]:
        """Return the ids of at most as many of the document's passages, in order."""
        key = passage_key(self.document)
        return [f"{key}.{n:06d}" for n in range(min(count, self.document.passages))]


def passage_key(document: Document) -> str:
    """Return what the ids of a document's passages start with: the document's id and its version."""
    return f"{document.id}.{document.version[:12]}"


def document_of(passage_id: str) -> str:
    """Return the id of the document that a passage belongs to."""
    return passage_id.partition(".")[0]


def shows(record: Record | None, passage_id: str) -> bool:
    """Tell whether a passage is of the version on record."""
    return record is not None and passage_id.startswith(passage_key(record.document) + ".")


def row_metadata(row: Row) -> Metadata:
    """Return a row as Chroma keeps it; one without an owner, as in older libraries, is everybody's.

    Chroma writes and indexes each value by itself; so all that nothing is looked up by is put into one, `more`.
    """
    passage = row.passage
    key, version, _ = passage.id.split(".")
    owner = owner_of(key)
    whose = {"private": True, "owner": owner} if owner else {}
    more = {
        "lead": row.lead,
        "sketch": row.sketch,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page or 0,
        "heading": passage.heading,
        "sentences": " ".join(f"{a}-{b}" for a, b in passage.sentences),
    }
    return {
        "document": key,
        "version": version,
        "text": passage.text,
        "more": json.dumps(more, ensure_ascii=False),
        **whose,
    }


def row_of(passage_id: str, metadata: Mapping[str, Any], document: Document) -> Row:
    """Return a row from what Chroma keeps and its document."""
    more = _more(metadata)
    passage = Passage(
        id=passage_id,
        source=document.source,
        text=str(metadata["text"]),
        start=int(more["start"]),
        end=int(more["end"]),
        page=int(more["page"]) or None,
        heading=str(more["heading"]),
        title=document.title,
        sentences=tuple(_span(pair) for pair in str(more["sentences"]).split()),
    )
    return Row(passage, str(more["lead"]), str(more["sketch"]))


def moment(nanoseconds: int) -> str:
    """Return a file's time as ISO 8601 in UTC, empty for 0, which stands for an unknown one."""
    try:
        when = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (ValueError, OverflowError, OSError):  # a clock or a disk that is out of its mind
        return ""
    return when.isoformat(timespec="seconds") if nanoseconds else ""


def _span(pair: str) -> Span:
    start, _, end = pair.partition("-")
    return int(start), int(end)


def record_metadata(record: Record, generation: int) -> Metadata:
    """Return a record as Chroma keeps it, as of a commit; `more` is what nothing is looked up by."""
    document = record.document
    more = {
        "title": document.title,
        "version": document.version,
        "passages": document.passages,
        "added": document.added,
        "pages": document.pages or 0,
        "characters": document.characters,
        "bytes": document.bytes,
        "warnings": "\n".join(warning.replace("\n", " ") for warning in document.warnings),
        "folder": record.folder,
        "modified": record.modified,
        "tail": record.tail,
    }
    return {
        "kind": "document",
        "generation": generation,
        "removed": record.removed,
        "source": document.source,
        "path": record.path,
        "more": json.dumps(more, ensure_ascii=False),
    }


def record_of(identity: str, metadata: Mapping[str, Any]) -> Record:
    """Return a record from what Chroma keeps."""
    more = _more(metadata)
    document = Document(
        source=str(metadata["source"]),
        title=str(more["title"]),
        version=str(more["version"]),
        passages=int(more["passages"]),
        added=str(more["added"]),
        id=identity,
        pages=int(more["pages"]) or None,
        characters=int(more["characters"]),
        bytes=int(more["bytes"]),
        warnings=tuple(line for line in str(more["warnings"]).split("\n") if line),
        owner=owner_of(identity),
        modified=moment(int(more["modified"])),
    )
    return Record(
        document=document,
        path=str(metadata["path"]),
        folder=str(more["folder"]),
        modified=int(more["modified"]),
        tail=str(more["tail"]),
        generation=int(metadata["generation"]),
        removed=bool(metadata["removed"]),
    )


def _more(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is kept as one value; in older libraries each is by itself."""
    return json.loads(metadata["more"]) if "more" in metadata else metadata
