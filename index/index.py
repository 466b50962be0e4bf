"""The index as the rest of citewise sees it: add, remove, list, read and search documents."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, nullcontext, suppress
from copy import copy
from dataclasses import replace
from pathlib import Path

from .adding import add_files, remove_documents
from .backup import backup, restore
from .checking import Health, check, mend
from .consistency import consistent, rows_of, text_of
from .encoders import Encoder, Encoders
from .errors import DiskFull, LibraryBusy, NotYours
from .files import find, folders, upload
from .folder import make_folder
from .lock import WriterLock
from .mirrors import Mirrors
from .moving import move
from .owners import EVERYBODY, checked, sees
from .planning import Plan, followed, gone, plan
from .remote import Server
from .rerank import Evidence
from .searcher import Searcher
from .sight import Sight
from .store import Store, View
from .types import Added, Context, Document, Failure, OnProgress, Passage, Reading, SearchResult, Trace
from .versions import with_versions

PATIENCE = 30.0
"""Seconds that a writer waits for another one before it gives up."""


class Index:
    """Documents in Chroma under `library`, or on the Chroma server at `chroma_url`, which may ask for a
    `chroma_token`; with a keyword mirror in `library`.

    `encoder` makes the vectors of passages, by default the bundled one. With `moving`, a library of another encoder is
    opened too, for `reindex` alone. Safe to share between threads, and to open in several processes at once.

    It shows what is everybody's; `seen_by` returns it as one person sees it, with what they uploaded as well.
    """

    _person = EVERYBODY

    def __init__(
        self,
        library: str | Path,
        chroma_url: str | None = None,
        encoder: Encoder | None = None,
        moving: bool = False,
        chroma_token: str | None = None,
    ) -> None:
        self.library = Path(library).expanduser()
        make_folder(self.library)
        server = Server(chroma_url, chroma_token) if chroma_url else None
        opening = WriterLock(self.library, "opening")  # of two who make Chroma's tables at once, one fails
        with nullcontext() if server else opening.held(PATIENCE):
            self._store = Store(self.library, server, Encoders.of(encoder), moving)
        writing, moved = (self._store.lease(name) if server else None for name in ("writer", "reindex"))
        if writing:
            self._store.may_write = writing.check
        self._writer = WriterLock(self.library, "writer", writing)
        self._mover = WriterLock(self.library, "reindex", moved)
        try:
            self._mirrors = Mirrors(self._store, self.library)
            if self._store.is_interrupted():
                with suppress(LibraryBusy, DiskFull), self._writer.held(0.0):  # that is left to the next writer
                    self._store.finish_interrupted()
        except BaseException:  # a connection left open could keep the next one from writing
            self._store.close()
            raise

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index; it can't be used any more."""
        self._mirrors.close()
        self._store.close()

    @property
    def encoder(self) -> Encoder:
        """The encoder of passages."""
        return self._store.view.encoders.passages

    @property
    def generation(self) -> int:
        """Return the number of the library's latest change."""
        return self._store.generation()

    def refresh(self) -> None:
        """Bring the keyword mirror to the latest change, as the next question would; a whole one takes long."""
        self._mirrors.refresh()

    def seen_by(self, person: str) -> "Index":
        """Return this open index as one person sees it, whose uploads nobody else does; empty for everybody's."""
        view = copy(self)
        view._person = checked(person)
        return view

    # documents

    def add(self, paths: Iterable[str | Path], progress: OnProgress | None = None) -> Added:
        """Add files and folders; follow what was changed, renamed or deleted in folders that were added before.

        A file that can't be read is named in `Added.failed`, and the rest goes in.
        """
        if isinstance(paths, str | Path):
            paths = [paths]
        paths = list(paths)
        failures: list[Failure] = []
        files = find(paths, failures)
        with self._writing():
            added = add_files(self._store, files, progress, self._mirrors.keep_up)
            others = self._store.others({file.id for file in files}) if folders(paths) else []
            lost = gone(self._store.records(others).values(), folders(paths), failures)
            remove_documents(self._store, lost)
            self._mirrors.follow()
        return Added(
            tuple(self._with_versions(added.documents)),
            added.unchanged,
            tuple(record.document.source for record in lost),
            (*failures, *added.failed),
        )

    def plan(self, paths: Iterable[str | Path]) -> Plan:
        """Return what `add` would do with these paths; nothing is changed."""
        self._store.refresh()
        return plan([record for record in self._store.changes() if not record.removed], paths)

    def folders(self) -> list[str]:
        """Return the folders that were added and are followed: absolute paths, those inside others left out."""
        self._store.refresh()
        return followed(record for record in self._store.changes() if not record.removed)

    def upload(self, name: str, path: Path, progress: OnProgress | None = None) -> Added:
        """Add one file under `name`, as somebody uploaded it, for them alone; `path` is not needed afterwards."""
        with self._writing():
            added = add_files(self._store, [upload(name, path, self._person)], progress)
            self._mirrors.follow()
        return replace(added, documents=tuple(self._with_versions(added.documents)))

    def remove(self, sources: Iterable[str | Path]) -> int:
        """Remove documents, named as `documents()` lists them, by their path or by a folder's; return how many.

        A person may remove their own; what is everybody's is left to who runs the library.
        """
        wanted = [sources] if isinstance(sources, str | Path) else list(sources)
        with self._writing():
            records = self._sight.of_sources_and_folders([str(source) for source in wanted])
            for record in records:
                if record.document.owner != self._person:
                    raise NotYours(
                        f"{record.document.source!r} is everybody's: who runs citewise removes it, with citewise remove"
                    )
            remove_documents(self._store, records)
            self._mirrors.follow()
        return len(records)

    def documents(self) -> list[Document]:
        """Return the documents in the library, ordered by source."""
        self._store.refresh()
        return self._with_versions([record.document for record in self._sight.all()])

    def document(self, identity: str) -> Document:
        """Return the document with this id."""
        self._store.refresh()
        return self._with_versions([self._sight.of_id(identity).document])[0]

    def having_versions(self, identities: Iterable[str], sources: Sequence[str] | None = None) -> dict[str, Document]:
        """Return, by id, those of the documents that have other versions, of which `sources` limits what is told."""
        some = self._mirrors.pairs([identity for identity in set(identities) if sees(self._person, identity)])
        records = self._store.records(some)
        found = self._with_versions([record.document for record in records.values()])
        if sources is not None and found:
            scope = {record.document.id for record in self._sight.of_sources(sources)}
            found = [replace(d, versions=tuple(v for v in d.versions if v.id in scope)) for d in found]
        return {document.id: document for document in found if document.versions}

    def original(self, identity: str) -> Path:
        """Return where the bytes of a document's present version are; raise NoOriginal where they are not."""
        self._store.refresh()
        return self._store.originals.find(self._sight.of_id(identity))

    def reading(self, identity: str) -> Reading:
        """Return a document with its whole text, to be shown around a quote."""

        def read(view: View) -> Reading:
            record = self._sight.of_id(identity)
            rows = rows_of(self._store, view, record)
            starts = tuple((row.passage.start, row.passage.page) for row in rows)
            return Reading(record.document, text_of(rows, record), starts)

        return consistent(self._store, self._store.refresh, read)

    def text(self, source: str) -> str:
        """Return a document's extracted text, which the offsets of passages and citations refer to."""

        def read(view: View) -> str:
            record = self._sight.of_source(source)
            return text_of(rows_of(self._store, view, record), record)

        return consistent(self._store, self._store.refresh, read)

    def opening(self, source: str, passages: int) -> list[Passage]:
        """Return the first passages of a document."""

        def read(view: View) -> list[Passage]:
            record = self._sight.of_source(source)
            first = record.first_passage_ids(passages)
            rows = view.shelf.rows(dict.fromkeys(first, record))
            return [rows[i].passage for i in first if i in rows]

        return consistent(self._store, self._store.refresh, read)

    def reindex(self, encoder: Encoder | None = None, progress: OnProgress | None = None) -> int:
        """Move the library to another encoder, by default the one it was opened with; return the passages embedded.

        Questions are answered meanwhile, and others may write. Stopped half-way, it goes on from there the next time.
        """
        encoders = Encoders.of(encoder) if encoder else self._store.view.encoders
        with self._mover.held(0.0):
            return move(self._store, encoders, self._writer, PATIENCE, progress)

    def backup(self, target: str | Path, progress: OnProgress | None = None) -> int:
        """Write the library to one file, which must not exist yet; return the documents in it. Others may write."""
        return backup(self._store, self._writer, self.library, Path(target).expanduser(), progress)

    def restore(self, source: str | Path, progress: OnProgress | None = None) -> int:
        """Fill this library, which must hold nothing else, from a backup; return the documents in it."""
        with self._writing():
            count = restore(self._store, self.library, Path(source).expanduser(), progress)
            self._mirrors.follow()
        return count

    def check(self) -> Health:
        """Look whether every document is whole and nothing else is there."""
        with self._writing():
            self._mirrors.refresh()
            return check(self._store, self._mirrors.keywords)

    def mend(self, progress: OnProgress | None = None) -> Added:
        """Take out what `check` finds wrong, read damaged documents again, and name in `failed` those that are lost."""
        with self._writing():
            health = check(self._store, self._mirrors.keywords)
            with self._mirrors.held():
                mended = mend(self._store, self._mirrors.keywords, health, progress)
                self._mirrors.versions.clear()
            self._mirrors.follow()
        return mended

    # search

    def search(
        self, query: str, k: int = 10, sources: Sequence[str] | None = None, context: Context = ()
    ) -> list[SearchResult]:
        """Return the `k` passages that answer best, found by meaning and by words, best first."""
        return self._searcher.search(query, k, sources, context)

    def evidence(self, question: str, sources: Sequence[str] | None = None, context: Context = ()) -> Evidence:
        """Return the passages that answer best with a score for each of their sentences.

        `context` is what the question leaves unsaid: it is searched for too, but does not change what is asked.
        """
        return self._searcher.evidence(question, sources, context)

    def trace(self, query: str, k: int = 10, sources: Sequence[str] | None = None, context: Context = ()) -> Trace:
        """Return how a search came about: the first `k` by cosine similarity, by BM25, and by both, fused."""
        return self._searcher.trace(query, k, sources, context)

    def search_dense(self, query: str, k: int = 10, sources: Sequence[str] | None = None) -> list[SearchResult]:
        """Return the `k` passages nearest in meaning; scores are cosine similarities."""
        return self._searcher.dense(query, k, sources)

    def search_keywords(self, query: str, k: int = 10, sources: Sequence[str] | None = None) -> list[SearchResult]:
        """Return the `k` passages that share the most telling words; scores are BM25."""
        return self._searcher.keyword(query, k, sources)

    # as one person sees it

    @property
    def _searcher(self) -> Searcher:
        return Searcher(self._store, self._mirrors, self._person)

    @property
    def _sight(self) -> Sight:
        return Sight(self._store, self._person)

    def _with_versions(self, documents: Sequence[Document]) -> list[Document]:
        pairs = self._mirrors.pairs([document.id for document in documents])
        return with_versions(documents, pairs, self._store, self._person)

    @contextmanager
    def _writing(self) -> Generator[None]:
        with self._writer.held(PATIENCE):
            self._store.refresh()
            self._store.finish_interrupted()
            yield
