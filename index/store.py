"""The only durable truth: passages and document records in Chroma, with a commit point for each document.

A version of a document becomes visible when its record names it: the record and the library's generation are written
in one batch. Everything before that is invisible, everything after is cleaning up. Another process sees a commit at
its next question by comparing generations. Which shelf of passages is in use is one row of the records, so that a move
to another encoder is one commit too (see moving.py).
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from .chroma import MOVED, About, Chroma
from .encoders import Encoders
from .errors import LibraryError, LibraryMoved
from .lease import Lease
from .originals import Originals
from .remote import Server
from .rows import Record, document_of, record_metadata, record_of, shows
from .shelf import PAGE, Shelf, portions

FORMAT, READ = 2, (1, 2)
"""How rows are written (`rows.py`), and how those are that can be read."""
RECORDS = "citewise-documents"
PASSAGES = "citewise-passages"
"""The first shelf of a library; what the names of later ones start with."""
GENERATION = "generation"
IN_USE = "passages"
MOVE = "move"


@dataclass(frozen=True, slots=True)
class View:
    """What questions are answered with at the moment: a shelf of passages and the encoders that fit it.

    `generation` is the commit that a question began at, None where later ones don't matter to it.
    """

    shelf: Shelf
    encoders: Encoders
    generation: int | None = None


class Store:
    """Passages and document records in Chroma, embedded in `folder` or on a `server`.

    With `moving`, a library of another encoder is opened too, to be moved and not to be asked.
    """

    def __init__(self, folder: Path, server: Server | None, encoders: Encoders, moving: bool = False) -> None:
        self._moving = moving
        self.originals = Originals(None if server else folder / "originals")
        self.may_write: Callable[[], None] = lambda: None
        """Called before each step of a writer; raises where another writer has taken over."""
        self._chroma = Chroma(server or folder)
        try:
            self._open_records()
            self.view = View(self._shelf_in_use(encoders), encoders)
            self._seen = self.generation()
        except BaseException:  # whatever it is, nothing is left open
            self.close()
            raise

    def _open_records(self) -> None:
        self._chroma.made(RECORDS, {"format": FORMAT}, "l2")

    def _shelf_in_use(self, encoders: Encoders) -> Shelf:
        """Open the shelf that the library names, made if the library is new; raise where the encoders don't fit it."""
        name = self._look()[1]
        about = self._chroma.found(name)
        if about is None and name == PASSAGES:
            about = self._made(name, encoders, uuid4().hex)
        if self._look()[1] != name:  # moved in between
            return self._shelf_in_use(encoders)
        if about is None:
            raise LibraryError(f"the library's passages ({name}) are missing: restore it, or use another (--library)")
        shelf = self._shelf(name, about)
        if not self._moving:
            shelf.check(encoders)
        if shelf.format not in READ:
            raise LibraryError(
                f"this library has format {shelf.format} and this citewise reads formats up to {FORMAT}: "
                "update citewise, or use another library (--library)"
            )
        return shelf

    def _shelf(self, name: str, about: About) -> Shelf:
        return Shelf(name, about, partial(self._chroma.using, name))

    def _made(self, name: str, encoders: Encoders, library: str) -> About:
        about = {
            "encoder": encoders.passages.model_name,
            "dimension": encoders.passages.dimension,
            "sentences": encoders.sentences.model_name,
            "format": FORMAT,
            "library": library,
        }
        return self._chroma.made(name, about, "cosine")

    def close(self) -> None:
        """Close the connection; the store can't be used any more."""
        self._chroma.close()

    # reading

    def generation(self) -> int:
        """Return the number of the latest commit, 0 for an empty library."""
        return self._look()[0]

    def _look(self) -> tuple[int, str]:
        """Return the number of the latest commit and the name of the shelf in use."""
        with self._chroma.using(RECORDS) as records:
            found = records.get(ids=[GENERATION, IN_USE], include=["metadatas"])
        rows: dict[str, Any] = dict(zip(found["ids"], found["metadatas"] or [], strict=True))
        return int(rows.get(GENERATION, {}).get(GENERATION, 0)), str(rows.get(IN_USE, {}).get(IN_USE, PASSAGES))

    def refresh(self) -> int:
        """Make commits of other processes visible; return the generation that is now seen.

        Raise EncoderMismatch where the library has moved to another encoder.
        """
        current, name = self._look()
        if current != self._seen:
            with self._chroma.alone():
                if current != self._seen:
                    self._chroma.see_others()
                    self._open_records()
                if name != self.view.shelf.name:
                    self.view = View(self._shelf_in_use(self.view.encoders), self.view.encoders)
                self._seen = current
        return current

    def visible(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return, for those of the passage ids whose version is the one on record, the document's record."""
        ids = list(ids)
        records = self.records({document_of(i) for i in ids})
        return {i: records[document_of(i)] for i in ids if shows(records.get(document_of(i)), i)}

    def records(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return the records of those documents that are in the library, by id."""
        found: dict[str, Record] = {}
        for some in portions(list(ids)):
            with self._chroma.using(RECORDS) as records:
                rows = records.get(ids=list(some), include=["metadatas"])
            for i, metadata in zip(rows["ids"], rows["metadatas"] or [], strict=True):
                if not metadata.get("removed"):
                    found[i] = record_of(i, metadata)
        return found

    def find(self, field: str, values: Sequence[str]) -> list[Record]:
        """Return the records of documents in the library whose `field` ("source" or "path") is one of `values`."""
        found: list[Record] = []
        for some in portions(values):
            where: dict[str, Any] = {field: {"$in": list(some)}}
            with self._chroma.using(RECORDS) as records:
                rows = records.get(where=where, include=["metadatas"])
            both = zip(rows["ids"], rows["metadatas"] or [], strict=True)
            found.extend(record_of(i, metadata) for i, metadata in both if not metadata.get("removed"))
        return found

    def others(self, known: Container[str]) -> list[str]:
        """Return the ids of all documents, those of removed ones too, but for the `known`."""
        pages = self._pages({"kind": "document"}, [])
        return [identity for rows in pages for identity in rows["ids"] if identity not in known]

    def changes(self, since: int = -1) -> Iterator[Record]:
        """Yield the records, those of removed documents too, that were committed after generation `since`."""
        where = {"$and": [{"kind": "document"}, {GENERATION: {"$gt": since}}]}
        for rows in self._pages(where, ["metadatas"]):
            for i, metadata in zip(rows["ids"], rows["metadatas"], strict=True):
                yield record_of(i, metadata)

    def _pages(self, where: Any, include: Any) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            with self._chroma.using(RECORDS) as records:
                rows: Any = records.get(where=where, include=include, limit=PAGE, offset=offset)
            yield rows
            if len(rows["ids"]) < PAGE:
                return
            offset += PAGE

    # writing: one writer at a time, which the caller sees to

    def is_interrupted(self) -> bool:
        """Tell whether a writer was stopped half-way, or is at work."""
        return bool(self._intents()) or self.moved()

    def finish_interrupted(self) -> None:
        """Clean up after a writer that was stopped half-way, which the next one does before it begins."""
        for intent, documents in self._intents().items():
            self._sweep(intent, documents)
        if self.moved():
            self.end_move()

    def _intents(self) -> dict[str, list[str]]:
        """Return the documents of changes that were begun, by the ids of their intents."""
        with self._chroma.using(RECORDS) as records:
            rows = records.get(where={"kind": "intent"}, include=["metadatas"])
        both = zip(rows["ids"], rows["metadatas"] or [], strict=True)
        return {i: str(row.get("documents") or row["document"]).split() for i, row in both}  # in older libraries one

    def begin(self, documents: Sequence[str]) -> None:
        """Write down which documents are about to change together, so that what is left of them can be found."""
        self._write({_intent(documents): {"kind": "intent", "documents": " ".join(documents)}})

    def commit(self, records: Sequence[Record]) -> int:
        """Make versions visible (or, with `removed`, documents invisible), all at once; return the new generation."""
        generation, shelf = self._look()
        if shelf != self.view.shelf.name:  # by a process elsewhere, with which there is no common lock
            raise LibraryMoved(MOVED)
        return self._commit(generation + 1, {r.document.id: record_metadata(r, generation + 1) for r in records})

    def _commit(self, generation: int, rows: dict[str, dict[str, Any]]) -> int:
        self._write(rows | {GENERATION: {"kind": GENERATION, GENERATION: generation}})
        self._seen = generation
        return generation

    def sweep(self, documents: Sequence[str], changed: Iterable[str]) -> None:
        """Delete what a change left behind: its intent, and of `changed` what is kept of versions not on record."""
        self._sweep(_intent(documents), changed)

    def _sweep(self, intent: str, changed: Iterable[str]) -> None:
        for document in changed:
            self.may_write()
            record = self.records([document]).get(document)
            version = record.document.version if record else None
            self.view.shelf.drop(document, but=version)
            self.originals.drop(document, but=version)
        self.may_write()
        with self._chroma.using(RECORDS, writes=True) as records:
            records.delete(ids=[intent])

    def _write(self, rows: dict[str, dict[str, Any]]) -> None:
        """Write rows of the records' collection in one batch; they have no vectors of their own."""
        self.may_write()
        with self._chroma.using(RECORDS, writes=True) as records:
            vectors = np.zeros((len(rows), 1), np.float32)
            records.upsert(ids=list(rows), embeddings=vectors, metadatas=list(rows.values()))

    def lease(self, name: str) -> Lease:
        """Return a lock among all who write to the same server."""
        return Lease(partial(self._chroma.using, RECORDS), name)

    # moving to another shelf, by one writer as well

    def begin_move(self, encoders: Encoders) -> tuple[Shelf, int]:
        """Return a shelf to be filled, and the generation at which that began: a new one, or one that was left
        unfinished with the same encoders."""
        name, begun = self._move()
        about = self._chroma.found(name) if name else None
        shelf = None if about is None else self._shelf(name, about)
        if not shelf or not shelf.fits(encoders) or shelf.dimension != encoders.passages.dimension:
            name, begun = f"{PASSAGES}-{uuid4().hex[:12]}", self.generation()
            self._write({MOVE: {"kind": MOVE, IN_USE: name, GENERATION: begun}})
            shelf = self._shelf(name, self._made(name, encoders, self.view.shelf.library))
        self._delete_shelves(but=(self.view.shelf.name, name))
        return shelf, begun

    def switch(self, shelf: Shelf, encoders: Encoders) -> None:
        """Put a filled shelf in the place of the one in use: the commit point of a move."""
        if self._move()[0] != shelf.name:  # another's move took over while this process stood still
            raise LibraryMoved(MOVED)
        with self._chroma.alone():  # no question of this process sees one without the other
            self._commit(self.generation() + 1, {IN_USE: {"kind": IN_USE, IN_USE: shelf.name}})
            self.view = View(shelf, encoders)

    def end_move(self) -> None:
        """Delete what a move left behind, or what one that is given up has done."""
        self._delete_shelves(but=(self._look()[1],))
        with self._chroma.using(RECORDS, writes=True) as records:
            records.delete(ids=[MOVE])

    def moved(self) -> bool:
        """Tell whether a move was interrupted after its commit point, so that only its end is missing."""
        name = self._move()[0]
        return bool(name) and name == self._look()[1]

    def _move(self) -> tuple[str, int]:
        """Return the name of the shelf that is being filled, empty if there is none, and when that began."""
        with self._chroma.using(RECORDS) as records:
            found: Any = records.get(ids=[MOVE], include=["metadatas"])["metadatas"]
        return (str(found[0][IN_USE]), int(found[0][GENERATION])) if found else ("", 0)

    def _delete_shelves(self, but: Sequence[str]) -> None:
        for name in self._chroma.names():
            if name.startswith(PASSAGES) and name not in but:
                self._chroma.delete(name)


def _intent(documents: Sequence[str]) -> str:
    """Return the id of the row that says which documents are being changed together."""
    return f"intent.{documents[0]}"
