"""One collection of passages in Chroma with the vectors of one encoder.

A library searches one shelf at a time; while it moves to another encoder, a second one is filled. A shelf that a move
has left behind raises LibraryMoved.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .encoders import Encoders
from .errors import EncoderMismatch
from .rows import Record, Row, row_metadata, row_of

PAGE = 2_000  # ids or rows asked of Chroma at once; far under its limit of about 40,000 values
Vectors = NDArray[np.float32]
T = TypeVar("T")


class Shelf:
    """Passages of documents, of versions on record or not; `use` lends Chroma's collection for one call, one that
    `writes` where there is room to."""

    def __init__(self, name: str, about: Mapping[str, Any], use: Callable[..., AbstractContextManager[Any]]) -> None:
        self.name = name
        self.encoder = str(about.get("encoder"))
        self.dimension = int(about.get("dimension", 0))
        self.sentences = str(about.get("sentences", self.encoder))  # an older library has one encoder for both
        self.format = about.get("format")
        self.library = str(about.get("library"))
        self._use = use

    def fits(self, encoders: Encoders) -> bool:
        """Tell whether its vectors and sketches are from these encoders."""
        return (self.encoder, self.sentences) == (encoders.passages.model_name, encoders.sentences.model_name)

    def check(self, encoders: Encoders) -> None:
        """Raise EncoderMismatch, which says what to do, where the encoders don't fit."""
        if not self.fits(encoders):
            raise EncoderMismatch(
                f"this library has the encoder {self.encoder}, not {encoders.passages.model_name}: choose the one it "
                "has with CITEWISE_EMBEDDING, or move it to this one with: citewise reindex"
            )

    def query(
        self, vector: Vectors, k: int, documents: Sequence[str] | None = None, seen_by: str | None = None
    ) -> list[tuple[str, float]]:
        """Return ids and cosine similarities of the nearest `k` passages, visible or not, best first.

        They are taken from `documents` (None: all), or from those that the person `seen_by` may see.
        """
        self._check(vector)
        where: dict[str, Any] | None = None if documents is None else {"document": {"$in": list(documents)}}
        if seen_by is not None and documents is None:
            where = {"private": {"$ne": True}}  # holds too where an older library says nothing
            where = {"$or": [where, {"owner": seen_by}]} if seen_by else where
        with self._use() as collection:
            found = collection.query(query_embeddings=[vector], n_results=k, where=where, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], distances, strict=True)]

    def rows(self, wanted: Mapping[str, Record]) -> dict[str, Row]:
        """Return the passages named by id that are there, each given with the record of its document."""
        found: dict[str, Row] = {}
        for some in portions(list(wanted)):
            with self._use() as collection:
                got = collection.get(ids=some, include=["metadatas"])
            for i, metadata in zip(got["ids"], got["metadatas"] or [], strict=True):
                found[i] = row_of(i, metadata, wanted[i].document)
        return found

    def rows_of(self, record: Record) -> Iterator[Row]:
        """Yield the passages of one document in order."""
        for some in portions(record.passage_ids):
            found = self.rows(dict.fromkeys(some, record))
            yield from (found[i] for i in some if i in found)

    def rows_and_vectors(self, record: Record) -> tuple[list[Row], Vectors]:
        """Return the passages of one document in order, and their vectors (passages, dimension)."""
        rows, vectors = list[Row](), list[Vectors]()
        for some in portions(record.passage_ids):
            with self._use() as collection:
                got = collection.get(ids=some, include=["metadatas", "embeddings"])
            found = dict(zip(got["ids"], zip(got["metadatas"] or [], got["embeddings"], strict=True), strict=True))
            for i in some:
                if i in found:
                    rows.append(row_of(i, found[i][0], record.document))
                    vectors.append(np.asarray(found[i][1], np.float32))
        return rows, np.array(vectors, np.float32).reshape(len(rows), self.dimension)

    def lacks(self, ids: Sequence[str]) -> list[str]:
        """Return those ids that are not there."""
        there: set[str] = set()
        for some in portions(ids):
            with self._use() as collection:
                there.update(collection.get(ids=some, include=[])["ids"])
        return [i for i in ids if i not in there]

    def ids(self) -> Iterator[str]:
        """Yield the ids of all passages, visible or not."""
        offset = 0
        while True:
            with self._use() as collection:
                found = collection.get(include=[], limit=PAGE, offset=offset)["ids"]
            yield from found
            if len(found) < PAGE:
                return
            offset += PAGE

    def delete(self, ids: Sequence[str]) -> None:
        """Delete passages."""
        for some in portions(ids):
            with self._use(writes=True) as collection:
                collection.delete(ids=list(some))

    def count(self) -> int:
        """Return the number of passages, visible or not."""
        with self._use() as collection:
            return int(collection.count())

    def put(self, rows: Sequence[Row], vectors: Vectors) -> None:
        """Store passages, at most some hundreds at a time."""
        self._check(vectors)
        with self._use(writes=True) as collection:
            ids = [row.passage.id for row in rows]
            collection.upsert(ids=ids, embeddings=vectors, metadatas=[row_metadata(row) for row in rows])

    def settle(self) -> None:
        """Have Chroma file what was put, for which it needs room; it would put that off until something is read."""
        with self._use() as collection:
            collection.get(limit=1, include=[])

    def drop(self, document: str, but: str | None = None) -> None:
        """Delete the passages of a document, `but` those of one version if it is given."""
        where: dict[str, Any] = {"document": document}
        if but:
            where = {"$and": [where, {"version": {"$ne": but[:12]}}]}
        while True:
            with self._use(writes=True) as collection:
                stale = collection.get(where=where, include=[], limit=PAGE)["ids"]
                if not stale:
                    return
                collection.delete(ids=stale)

    def _check(self, vectors: Vectors) -> None:
        if vectors.shape[-1] != self.dimension:
            raise EncoderMismatch(
                f"the encoder {self.encoder} now gives vectors of {vectors.shape[-1]} numbers where this library has "
                f"{self.dimension}: set its model back, or embed the library again with: citewise reindex"
            )


def portions(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """Yield ids, or what is asked for by them, in as many parts as Chroma needs."""
    for first in range(0, len(items), PAGE):
        yield items[first : first + PAGE]
