"""The index as the rest of citewise sees it: add, remove, list, read and search documents."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from .adding import add_files, gone, remove_documents
from .backup import backup, restore
from .checking import Health, check, mend
from .encoders import Encoder, Encoders
from .errors import LibraryBusy, LibraryError, LibraryMoved, NotYours, ServerFailed, UnknownSource
from .files import File, find, folders, upload
from .keywords import Keywords
from .lease import Lease
from .lock import WriterLock
from .moving import move
from .owners import EVERYBODY, checked, sees
from .planning import Plan, followed, plan
from .remote import Server
from .rerank import Candidate, Evidence, Question, Vector, ranked
from .rows import Record, Row
from .search import BLENDED, CANDIDATES, MEANING, RERANKED, Ranking, blend, fuse, understood
from .shelf import Vectors
from .sketches import passage_similarity, similarities
from .store import Store, View
from .types import Added, Context, Document, Failure, OnProgress, Passage, Reading, SearchResult, Trace
from .versions import Versions, with_versions
from .words import words

PATIENCE = 30.0
"""Seconds that a writer waits for another one before it gives up."""
_MIRROR = "v4"  # of words() and what stands beside them: another way of taking words apart needs another mirror
_OVERTAKEN = 4  # times that a question begins, if documents change or the library moves meanwhile
_BREATH = 0.1  # seconds that a server is given after it failed
_FEW = 3  # times as many passages asked for, before those of others are left out by the store, which takes longer

T = TypeVar("T")


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
        _make_folder(self.library)
        server = Server(chroma_url, chroma_token) if chroma_url else None
        self._store = Store(self.library, server, Encoders.of(encoder), moving)
        writing, moved = (Lease(self._store, name) if server else None for name in ("writer", "reindex"))
        if writing:
            self._store.may_write = writing.check
        self._writer = WriterLock(self.library, "writer", writing)
        self._mover = WriterLock(self.library, "reindex", moved)
        self._mirror_lock = WriterLock(self.library, "keywords")
        self._keywords = Keywords(self.library / "keywords" / f"{self._store.view.shelf.library}-{_MIRROR}")
        self._versions = Versions(self.library / "versions", self._store.view.shelf.library)
        self._finish_interrupted()

    def __enter__(self) -> "Index":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index; it can't be used any more."""
        self._store.close()

    @property
    def encoder(self) -> Encoder:
        """The encoder of passages."""
        return self._store.view.encoders.passages

    @property
    def generation(self) -> int:
        """Return the number of the library's latest change."""
        return self._store.generation()

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
        files = _unique(find(paths, failures))
        with self._writing():
            added = self._add(files, progress)
            lost = gone(self._store.changes(), folders(paths)) if folders(paths) else []
            lost = [record for record in lost if not record.removed]
            remove_documents(self._store, lost)
            self._mirror()
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
            added = self._add([upload(name, path, self._person)], progress)
            self._mirror()
        return replace(added, documents=tuple(self._with_versions(added.documents)))

    def remove(self, sources: Iterable[str | Path]) -> int:
        """Remove documents, named as `documents()` lists them or by their path; return how many.

        A person may remove their own; what is everybody's is left to who runs the library.
        """
        wanted = [sources] if isinstance(sources, str | Path) else list(sources)
        with self._writing():
            records = self._records_of([str(source) for source in wanted])
            for record in records:
                if record.document.owner != self._person:
                    raise NotYours(
                        f"{record.document.source!r} is everybody's: who runs citewise removes it, with citewise remove"
                    )
            remove_documents(self._store, records)
            self._mirror()
        return len(records)

    def documents(self) -> list[Document]:
        """Return the documents in the library, ordered by source."""
        self._store.refresh()
        found = (r.document for r in self._store.changes() if not r.removed and sees(self._person, r.document.id))
        return self._with_versions(sorted(found, key=lambda document: document.source))

    def document(self, identity: str) -> Document:
        """Return the document with this id."""
        self._store.refresh()
        return self._with_versions([self._record(identity).document])[0]

    def having_versions(self, identities: Iterable[str], sources: Sequence[str] | None = None) -> dict[str, Document]:
        """Return, by id, those of the documents that have other versions, of which `sources` limits what is told."""
        some = self._versions.of([identity for identity in set(identities) if sees(self._person, identity)])
        records = self._store.records(some)
        found = self._with_versions([record.document for record in records.values()])
        if sources is not None and found:
            scope = {record.document.id for record in self._records_of(sources)}
            found = [replace(d, versions=tuple(v for v in d.versions if v.id in scope)) for d in found]
        return {document.id: document for document in found if document.versions}

    def _with_versions(self, documents: Sequence[Document]) -> list[Document]:
        return with_versions(documents, self._versions, self._store, self._person)

    def original(self, identity: str) -> Path:
        """Return where the bytes of a document's present version are; raise NoOriginal where they are not."""
        self._store.refresh()
        return self._store.originals.find(self._record(identity))

    def reading(self, identity: str) -> Reading:
        """Return a document with its whole text, to be shown around a quote."""

        def read(view: View) -> Reading:
            record = self._record(identity)
            rows = self._rows_of(view, record)
            text = "".join(row.lead + row.passage.text for row in rows) + record.tail
            return Reading(record.document, text, tuple((row.passage.start, row.passage.page) for row in rows))

        return self._read(read, self._store.refresh)

    def text(self, source: str) -> str:
        """Return a document's extracted text, which the offsets of passages and citations refer to."""

        def read(view: View) -> str:
            (record,) = self._records_of([source])
            return "".join(row.lead + row.passage.text for row in self._rows_of(view, record)) + record.tail

        return self._read(read, self._store.refresh)

    def opening(self, source: str, passages: int) -> list[Passage]:
        """Return the first passages of a document."""

        def read(view: View) -> list[Passage]:
            (record,) = self._records_of([source])
            return [row.passage for row in islice(view.shelf.rows_of(record), passages)]

        return self._read(read, self._store.refresh)

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
            self._mirror()
        return count

    def check(self) -> Health:
        """Look whether every document is whole and nothing else is there."""
        with self._writing():
            self._mirror()
            return check(self._store, self._keywords)

    def mend(self, progress: OnProgress | None = None) -> Added:
        """Take out what `check` finds wrong, read damaged documents again, and name in `failed` those that are lost."""
        with self._writing():
            health = check(self._store, self._keywords)
            with self._mirror_lock.held(PATIENCE):
                mended = mend(self._store, self._keywords, health, progress)
                self._versions.clear()
            self._mirror()
        return mended

    # search

    def search(
        self, query: str, k: int = 10, sources: Sequence[str] | None = None, context: Context = ()
    ) -> list[SearchResult]:
        """Return the `k` passages that answer best, found by meaning and by words, best first."""
        evidence, others = self._read(lambda view: self._gathered(view, query, max(k, BLENDED), sources, context))
        found = [SearchResult(c.passage, c.score) for c in evidence.candidates]
        floor = found[-1].score if found else 0.0
        rest = [SearchResult(c.passage, floor - 1 - i) for i, c in enumerate(others)]  # in order, under the scored ones
        return [*found, *rest][:k]

    def evidence(self, question: str, sources: Sequence[str] | None = None, context: Context = ()) -> Evidence:
        """Return the passages that answer best with a score for each of their sentences.

        `context` is what the question leaves unsaid: it is searched for too, but does not change what is asked.
        """
        return self._read(lambda view: self._gathered(view, question, BLENDED, sources, context)[0])

    def _gathered(
        self, view: View, query: str, k: int, sources: Sequence[str] | None, context: Context = ()
    ) -> tuple[Evidence, list[Candidate]]:
        """Return the reranked passages and, after them, those of the first `k` that were not looked at closely."""
        documents, among = self._scope(sources)
        question = understood(query, context, self._keywords.rarity)
        if documents == [] or not query.strip():
            return ranked(question, [], 0.0, 0), []
        encoders = view.encoders
        by_passage, by_sentence = encoders.of_question(query, context)
        dense, _, fused = self._rankings(view, question, by_passage, k, documents)
        shown = self._shown(view, fused, k)
        candidates = [
            Candidate(row.passage, score, similarities(by_sentence, row.sketch, len(row.passage.sentences)))
            for row, score in shown
        ]
        foremost = blend(candidates[:BLENDED], question.meaning)
        nearest = dense[0][1] if dense else 0.0
        if not encoders.alike:  # on the bundled encoder's scale, which refusals were learnt on
            nearest = max((passage_similarity(by_sentence, row.sketch) for row, _ in shown), default=0.0)
        return ranked(question, foremost[:RERANKED], nearest, among), [*foremost[RERANKED:], *candidates[BLENDED:]]

    def trace(self, query: str, k: int = 10, sources: Sequence[str] | None = None, context: Context = ()) -> Trace:
        """Return how a search came about: the first `k` by cosine similarity, by BM25, and by both, fused."""

        def read(view: View) -> Trace:
            documents, _ = self._scope(sources)
            if documents == [] or not query.strip():
                return Trace((), (), ())
            question = understood(query, context, self._keywords.rarity)
            by_passage, _ = view.encoders.of_question(query, context)
            rankings = self._rankings(view, question, by_passage, k, documents)
            return Trace(*(tuple(self._results(view, ranking, k)) for ranking in rankings))

        return self._read(read)

    def _rankings(
        self, view: View, question: Question, vector: Vector, k: int, documents: list[str] | None
    ) -> tuple[Ranking, Ranking, Ranking]:
        """Return what is found by meaning, by words, and both fused."""
        dense = self._nearest(view, vector, max(CANDIDATES, k), documents)
        keyword = self._with_words(question.counts, max(CANDIDATES, k), documents)
        trust = 1.0 if view.encoders.passages.multilingual else question.meaning
        return dense, keyword, fuse(dense, keyword, MEANING * trust if keyword else 1.0)

    def search_dense(self, query: str, k: int = 10, sources: Sequence[str] | None = None) -> list[SearchResult]:
        """Return the `k` passages nearest in meaning; scores are cosine similarities."""

        def read(view: View) -> list[SearchResult]:
            documents, _ = self._scope(sources)
            if documents == [] or not query.strip():
                return []
            return self._results(view, self._nearest(view, view.encoders.of_question(query)[0], 2 * k, documents), k)

        return self._read(read)

    def search_keywords(self, query: str, k: int = 10, sources: Sequence[str] | None = None) -> list[SearchResult]:
        """Return the `k` passages that share the most telling words; scores are BM25."""

        def read(view: View) -> list[SearchResult]:
            documents, _ = self._scope(sources)
            found = [] if documents == [] else self._with_words(words(query), 2 * k, documents)
            return self._results(view, found, k)

        return self._read(read)

    def _nearest(self, view: View, vector: Vectors, k: int, documents: Sequence[str] | None) -> Ranking:
        return self._seen(lambda n, person: view.shelf.query(vector, n, documents, person), k)

    def _with_words(
        self, query: Sequence[str] | Mapping[str, float], k: int, documents: Sequence[str] | None
    ) -> Ranking:
        return self._seen(lambda n, person: self._keywords.search(query, n, documents, person), k)

    def _seen(self, found: Callable[[int, str | None], Ranking], k: int) -> Ranking:
        """Return the first `k` of a ranking that the person may see.

        Mostly there are few of others before them, and to ask for some more takes less time than to have the store
        leave those out; either way the ranking is as if only what the person may see were there.
        """
        for n in (k, _FEW * k):
            ranking = found(n, None)
            seen = [hit for hit in ranking if sees(self._person, hit[0])]
            if len(seen) >= k or len(ranking) < n:
                return seen[:k]
        return found(k, self._person)

    def _results(self, view: View, ranking: Ranking, k: int) -> list[SearchResult]:
        return [SearchResult(row.passage, score) for row, score in self._shown(view, ranking, k)]

    def _shown(self, view: View, ranking: Ranking, k: int) -> list[tuple[Row, float]]:
        """Return the first `k` of a ranking that belong to documents as they are now, with their scores."""
        found: list[tuple[Row, float]] = []
        for first in range(0, len(ranking), k):
            some = ranking[first : first + k]
            shown = self._store.visible(i for i, _ in some)
            kept = [(i, score) for i, score in some if i in shown][: k - len(found)]
            rows = view.shelf.rows({i: shown[i] for i, _ in kept})
            if len(shown) < len(some) or len(rows) < len(kept):  # of a version that is no more, or not yet
                self._see_to_changes(view)
            found += [(rows[i], score) for i, score in kept if i in rows]
            if len(found) >= k:
                break
        return found

    def _rows_of(self, view: View, record: Record) -> list[Row]:
        rows = list(view.shelf.rows_of(record))
        if len(rows) < record.document.passages:
            self._see_to_changes(view)
        return rows

    def _see_to_changes(self, view: View) -> None:
        """Have a question begin again, what it found being gone, if that is because documents changed meanwhile."""
        if view.generation is not None and self._store.generation() != view.generation:
            raise LibraryMoved("documents changed meanwhile: try again")

    def _scope(self, sources: Sequence[str] | None) -> tuple[list[str] | None, int]:
        """Return the ids of the documents to search, None for all, and how many passages these have."""
        if sources is None:
            return None, self._keywords.passages(self._person)
        documents = [record.document for record in self._records_of(sources)]
        return [document.id for document in documents], sum(document.passages for document in documents)

    def _record(self, identity: str) -> Record:
        """Return the record of the document with this id."""
        record = self._store.records([identity]).get(identity) if sees(self._person, identity) else None
        if record is None:
            raise UnknownSource(f"there is no document {identity!r} in the library: list shows what there is")
        return record

    def _records_of(self, sources: Sequence[str]) -> list[Record]:
        """Return the records of documents named by source or path; raise for one that is not there."""
        found = {record.document.source: record for record in self._found("source", sources)}
        missing = [source for source in sources if source not in found]
        places = {os.path.abspath(os.path.expanduser(source)): source for source in missing}
        for record in self._found("path", list(places)):
            found[places[record.path]] = record
        for source in sources:
            if source not in found:
                raise UnknownSource(f"{source!r} is not in the library: list shows what is")
        return [found[source] for source in dict.fromkeys(sources)]

    def _found(self, field: str, values: Sequence[str]) -> list[Record]:
        return [record for record in self._store.find(field, values) if sees(self._person, record.document.id)]

    # keeping whole

    @contextmanager
    def _writing(self) -> Generator[None]:
        with self._writer.held(PATIENCE):
            self._store.refresh()
            yield

    def _add(self, files: Sequence[File], progress: OnProgress | None) -> Added:
        return add_files(self._store, files, self._store.unfinished(), progress)

    def _read(self, read: Callable[[View], T], refresh: Callable[[], int] | None = None) -> T:
        """Return what is read from one shelf of passages; begin again where the library went over to another one, or
        where what was found is of a version that is no more."""
        for tries_left in reversed(range(_OVERTAKEN)):
            try:
                generation = (refresh or self._refresh)()
                view = self._store.view
                view.shelf.check(view.encoders)
                return read(replace(view, generation=generation if tries_left else None))
            except (LibraryMoved, ServerFailed) as error:
                if not tries_left:
                    raise
                if isinstance(error, ServerFailed):  # one that writes at this moment may find "nothing on disk"
                    time.sleep(_BREATH)
        raise AssertionError("the last try returns or raises")

    def _refresh(self) -> int:
        """See commits of other processes, in the store and in the mirror; return the latest."""
        generation = self._store.refresh()
        if generation != self._keywords.generation or generation != self._versions.generation:
            self._mirror()
        return generation

    def _mirror(self) -> None:
        """Bring what is derived from the store, the keywords and the pairs of versions, to its generation."""
        with self._mirror_lock.held(PATIENCE):
            self._keywords.reload()
            generation = self._store.refresh()
            if self._keywords.generation != generation:
                changed = self._store.changes(since=self._keywords.generation)
                self._keywords.apply(((r.document.id, self._passages(r)) for r in changed), generation)
            self._versions.reload()
            if self._versions.generation != generation:
                changed = self._store.changes(since=self._versions.generation)
                texts = ((r.document, (p.text for p in self._passages(r))) for r in changed)
                self._versions.apply(texts, generation)

    def _passages(self, record: Record) -> Iterator[Passage]:
        if not record.removed:
            for row in self._store.view.shelf.rows_of(record):
                yield row.passage

    def _finish_interrupted(self) -> None:
        """Clean up after a writer that was stopped half-way; leave it to a writer that is at work."""
        if self._store.unfinished() or self._store.moved():
            try:
                with self._writer.held(0.0):
                    if documents := self._store.unfinished():
                        self._store.sweep(documents, documents)
                    if self._store.moved():
                        self._store.end_move()
            except LibraryBusy:
                return


def _unique(files: Iterable[File]) -> list[File]:
    return list({file.id: file for file in files}.values())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise LibraryError(
            f"the library folder {folder} can't be made ({reason}): choose another with --library"
        ) from error
    if not os.access(folder, os.W_OK):
        raise LibraryError(
            f"the library at {folder} can't be written: give this user the right to, or use another (--library)"
        )
