"""The only durable truth: passages and document records in Chroma, with a commit point for each document.

A version of a document becomes visible when its record names it: the record and the library's generation are written
in one batch. Everything before that is invisible, everything after is cleaning up. Another process sees a commit at
its next question by comparing generations. This is the only file that imports chromadb.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from .errors import EncoderMismatch, LibraryError
from .types import Document, Passage, Span

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

PAGE = 2_000  # ids or rows asked of Chroma at once; far under its limit of about 40,000 values
GENERATION = "generation"
FORMAT = 1


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


class Store:
    """Passages and document records in Chroma, embedded in `folder` or served at `url`."""

    def __init__(self, folder: Path, url: str | None, encoder: str, dimension: int) -> None:
        self._folder, self._url, self._encoder, self._dimension = folder, url, encoder, dimension
        self._gate = _Gate()
        self._client: ClientAPI = _connect(folder, url)
        self._open_collections()
        self._seen = self.generation()

    def _open_collections(self) -> None:
        space = {"hnsw": {"space": "cosine"}}
        about = {
            "encoder": self._encoder,
            "dimension": self._dimension,
            "format": FORMAT,
            "library": uuid4().hex,
        }
        self._passages = self._collection("citewise-passages", space, about)
        self._records = self._collection("citewise-documents", {"hnsw": {"space": "l2"}}, {"format": FORMAT})
        found = self._passages.metadata or {}
        if found.get("encoder") != self._encoder or found.get("dimension") != self._dimension:
            raise EncoderMismatch(
                f"this library was built with the encoder {found.get('encoder')}, not {self._encoder}: "
                "choose that one (CITEWISE_EMBEDDING) or use another library (--library)"
            )
        if found.get("format") != FORMAT:
            raise LibraryError(
                f"this library has format {found.get('format')} and this citewise reads format {FORMAT}: "
                "update citewise, or use another library (--library)"
            )

    def _collection(self, name: str, configuration: dict[str, Any], metadata: dict[str, Any]) -> "Collection":
        return self._client.get_or_create_collection(
            name,
            configuration=configuration,  # type: ignore[arg-type]  # a plain dict is what Chroma documents
            metadata=metadata,
            embedding_function=None,
        )

    def close(self) -> None:
        """Close the connection; the store can't be used any more."""
        with self._gate.alone():
            _disconnect(self._client)

    # reading

    @property
    def library(self) -> str:
        """A name for this library that no other one has; what is derived from it is kept under that name."""
        return str((self._passages.metadata or {}).get("library"))

    def generation(self) -> int:
        """Return the number of the latest commit, 0 for an empty library."""
        with self._gate.shared():
            found = self._records.get(ids=[GENERATION], include=["metadatas"])
        return _integer((found["metadatas"] or [{}])[0], GENERATION) if found["ids"] else 0

    def refresh(self) -> int:
        """Make commits of other processes visible; return the generation that is now seen."""
        current = self.generation()
        if current != self._seen:
            with self._gate.alone():
                if self._url is None and current != self._seen:  # a server shows every write at once
                    _disconnect(self._client)
                    self._client = _connect(self._folder, None)
                    self._open_collections()
                self._seen = current
        return current

    def query(
        self, vector: NDArray[np.float32], k: int, documents: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return ids and cosine similarities of the nearest `k` passages, visible or not, best first."""
        where: dict[str, Any] | None = None if documents is None else {"document": {"$in": list(documents)}}
        with self._gate.shared():
            found = self._passages.query(query_embeddings=[vector], n_results=k, where=where, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], distances, strict=True)]

    def visible(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return, for those of the passage ids whose version is the one on record, the document's record."""
        ids = list(ids)
        records = self.records({document_of(i) for i in ids})
        return {i: records[document_of(i)] for i in ids if _shows(records.get(document_of(i)), i)}

    def passages(self, shown: Mapping[str, Record]) -> dict[str, tuple[Passage, str]]:
        """Return the passages that `visible` let through, with the sketch of their sentences, by id."""
        wanted = list(shown)
        found: dict[str, tuple[Passage, str]] = {}
        for some in _portions(wanted):
            with self._gate.shared():
                rows = self._passages.get(ids=some, include=["metadatas"])
            for i, metadata in zip(rows["ids"], rows["metadatas"] or [], strict=True):
                found[i] = _passage(i, metadata, shown[i].document), str(metadata["sketch"])
        return found

    def passages_of(self, record: Record) -> Iterator[tuple[Passage, str]]:
        """Yield the passages of one document in order, each with the text between it and the one before."""
        document = record.document
        for first in range(0, document.passages, PAGE):
            numbers = range(first, min(first + PAGE, document.passages))
            with self._gate.shared():
                rows = self._passages.get(
                    ids=[f"{passage_key(document)}.{n:06d}" for n in numbers], include=["metadatas"]
                )
            both = zip(rows["ids"], rows["metadatas"] or [], strict=True)
            for i, metadata in sorted(both, key=lambda row: row[0]):
                yield _passage(i, metadata, document), str(metadata["lead"])

    def records(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return the records of those documents that are in the library, by id."""
        found: dict[str, Record] = {}
        for some in _portions(list(ids)):
            with self._gate.shared():
                rows = self._records.get(ids=some, include=["metadatas"])
            for i, metadata in zip(rows["ids"], rows["metadatas"] or [], strict=True):
                if not metadata.get("removed"):
                    found[i] = _record(i, metadata)
        return found

    def find(self, field: str, values: Sequence[str]) -> list[Record]:
        """Return the records of documents in the library whose `field` ("source" or "path") is one of `values`."""
        found: list[Record] = []
        for some in _portions(list(values)):
            with self._gate.shared():
                rows = self._records.get(where={field: {"$in": some}}, include=["metadatas"])  # type: ignore[dict-item]
            both = zip(rows["ids"], rows["metadatas"] or [], strict=True)
            found.extend(_record(i, metadata) for i, metadata in both if not metadata.get("removed"))
        return found

    def changes(self, since: int = -1) -> Iterator[Record]:
        """Yield the records, those of removed documents too, that were committed after generation `since`."""
        where: dict[str, Any] = {"$and": [{"kind": "document"}, {GENERATION: {"$gt": since}}]}
        offset = 0
        while True:
            with self._gate.shared():
                rows = self._records.get(where=where, include=["metadatas"], limit=PAGE, offset=offset)
            for i, metadata in zip(rows["ids"], rows["metadatas"] or [], strict=True):
                yield _record(i, metadata)
            if len(rows["ids"]) < PAGE:
                return
            offset += PAGE

    def count(self) -> int:
        """Return the number of passages kept, visible or not."""
        with self._gate.shared():
            return self._passages.count()

    # writing: one writer at a time, which the caller sees to

    def unfinished(self) -> list[str]:
        """Return the ids of documents whose last change was interrupted."""
        with self._gate.shared():
            rows = self._records.get(where={"kind": "intent"}, include=["metadatas"])
        return [str(metadata["document"]) for metadata in rows["metadatas"] or []]

    def begin(self, documents: Sequence[str]) -> None:
        """Write down which documents are about to change, so that what is left of them can be found."""
        rows: list[Any] = [{"kind": "intent", "document": document} for document in documents]
        self._write_records([f"intent.{document}" for document in documents], rows)

    def put(
        self,
        passages: Sequence[Passage],
        leads: Sequence[str],
        sketches: Sequence[str],
        vectors: NDArray[np.float32],
    ) -> None:
        """Store passages of versions that are not visible yet; `leads` is the text before each."""
        rows: list[Any] = [_row(*row) for row in zip(passages, leads, sketches, strict=True)]
        with self._gate.shared():
            self._passages.upsert(ids=[p.id for p in passages], embeddings=vectors, metadatas=rows)

    def commit(self, records: Sequence[Record]) -> int:
        """Make versions visible (or, with `removed`, documents invisible), all at once; return the new generation."""
        generation = self.generation() + 1
        rows: list[Any] = [_record_row(record, generation) for record in records]
        mark: dict[str, Any] = {"kind": GENERATION, GENERATION: generation}
        self._write_records([*(record.document.id for record in records), GENERATION], [*rows, mark])
        self._seen = generation
        return generation

    def sweep(self, documents: Sequence[str], changed: Iterable[str]) -> None:
        """Delete what changes left behind: the intents, and of `changed` the passages of versions not on record."""
        for document in changed:
            record = self.records([document]).get(document)
            where: dict[str, Any] = {"document": document}
            if record:
                where = {"$and": [where, {"version": {"$ne": record.document.version[:12]}}]}
            self._delete_passages(where)
        with self._gate.shared():
            self._records.delete(ids=[f"intent.{document}" for document in documents])

    def _delete_passages(self, where: dict[str, Any]) -> None:
        while True:
            with self._gate.shared():
                stale = self._passages.get(where=where, include=[], limit=PAGE)["ids"]
                if not stale:
                    return
                self._passages.delete(ids=stale)

    def _write_records(self, ids: list[str], rows: list[Any]) -> None:
        """Write rows of the records' collection in one batch; they have no vectors of their own."""
        with self._gate.shared():
            self._records.upsert(ids=ids, embeddings=np.zeros((len(ids), 1), np.float32), metadatas=rows)


def passage_key(document: Document) -> str:
    """Return what the ids of a document's passages start with: the document's id and its version."""
    return f"{document.id}.{document.version[:12]}"


def document_of(passage_id: str) -> str:
    """Return the id of the document that a passage belongs to."""
    return passage_id.partition(".")[0]


def _shows(record: Record | None, passage_id: str) -> bool:
    return record is not None and passage_id.startswith(passage_key(record.document) + ".")


class _Gate:
    """Let many threads use the client, or one replace it while no other does."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0

    @contextmanager
    def shared(self) -> Generator[None]:
        with self._changed:
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Generator[None]:
        with self._changed:  # held throughout: nobody enters meanwhile
            self._changed.wait_for(lambda: self._inside == 0)
            yield


def _connect(folder: Path, url: str | None) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings

    quiet = Settings(anonymized_telemetry=False)
    try:
        if url is None:
            return chromadb.PersistentClient(str(folder / "chroma"), settings=quiet)
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 8000)
        return chromadb.HttpClient(parts.hostname or "localhost", port, ssl=secure, settings=quiet)
    except Exception as error:  # Chroma raises whatever its Rust core or its HTTP client raises
        place = url or str(folder)
        raise LibraryError(f"the library at {place} can't be opened: {_first_line(error)}") from error


def _disconnect(client: "ClientAPI") -> None:
    close: Callable[[], None] | None = getattr(client, "close", None)
    if close:
        close()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _portions(ids: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(ids), PAGE):
        yield ids[first : first + PAGE]


def _integer(metadata: Any, name: str) -> int:
    return int(metadata.get(name, 0))


def _row(passage: Passage, lead: str, sketch: str) -> dict[str, str | int]:
    key, version, _ = passage.id.split(".")
    return {
        "document": key,
        "version": version,
        "text": passage.text,
        "lead": lead,
        "sketch": sketch,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page or 0,
        "heading": passage.heading,
        "sentences": " ".join(f"{a}-{b}" for a, b in passage.sentences),
    }


def _passage(passage_id: str, metadata: Any, document: Document) -> Passage:
    return Passage(
        id=passage_id,
        source=document.source,
        text=str(metadata["text"]),
        start=int(metadata["start"]),
        end=int(metadata["end"]),
        page=int(metadata["page"]) or None,
        heading=str(metadata["heading"]),
        title=document.title,
        sentences=tuple(_span(pair) for pair in str(metadata["sentences"]).split()),
    )


def _span(pair: str) -> Span:
    start, _, end = pair.partition("-")
    return int(start), int(end)


def _record_row(record: Record, generation: int) -> dict[str, str | int | bool]:
    document = record.document
    return {
        "kind": "document",
        GENERATION: generation,
        "removed": record.removed,
        "source": document.source,
        "title": document.title,
        "version": document.version,
        "passages": document.passages,
        "added": document.added,
        "pages": document.pages or 0,
        "characters": document.characters,
        "bytes": document.bytes,
        "warnings": "\n".join(warning.replace("\n", " ") for warning in document.warnings),
        "path": record.path,
        "folder": record.folder,
        "modified": record.modified,
        "tail": record.tail,
    }


def _record(identity: str, metadata: Any) -> Record:
    document = Document(
        source=str(metadata["source"]),
        title=str(metadata["title"]),
        version=str(metadata["version"]),
        passages=int(metadata["passages"]),
        added=str(metadata["added"]),
        id=identity,
        pages=int(metadata["pages"]) or None,
        characters=int(metadata["characters"]),
        bytes=int(metadata["bytes"]),
        warnings=tuple(line for line in str(metadata["warnings"]).split("\n") if line),
    )
    return Record(
        document=document,
        path=str(metadata["path"]),
        folder=str(metadata["folder"]),
        modified=int(metadata["modified"]),
        tail=str(metadata["tail"]),
        generation=int(metadata[GENERATION]),
        removed=bool(metadata["removed"]),
    )
