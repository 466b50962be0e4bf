"""Files into the store: read, split, embed, put, commit. A document is visible as a whole or not at all.

Small documents go in together, so that the encoder always has enough to do; a large one goes in portions, so that
memory stays bounded. A thread reads and embeds what comes next; all that changes the store is done by the caller's own,
one step after the other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, groupby
from pathlib import Path
from threading import Event

import numpy as np

from .ahead import ahead
from .errors import ReadError
from .files import File, fingerprint, modified
from .owners import owner_of, sees
from .passages import split
from .readers import read
from .readers_blocks import name_of
from .rows import Record, Row, moment, passage_key
from .shelf import Vectors, portions
from .store import Store
from .types import Added, Document, Failure, OnProgress, Passage, Progress

GROUP = 512
"""Passages that are embedded and stored at once, about; and documents that are removed at once."""


Written = Mapping[str, Sequence[Passage]]
"""Passages of documents, by what their ids start with."""


class _Stopped(Exception):
    """The caller has gone."""


@dataclass(slots=True)
class _Ready:
    """A document that was read and split, on its way into the store."""

    record: Record
    passages: list[Passage]
    leads: list[str]
    replaces: bool
    upload: Path | None


@dataclass(slots=True)
class _Report:
    """What `Added` will say."""

    documents: list[Document]
    unchanged: list[str]
    failed: list[Failure]
    followed: list[Record]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Passages of a group of documents, embedded: about GROUP, none where the group has none."""

    number: int  # of the group
    group: Sequence[_Ready]
    rows: Sequence[Row]
    vectors: Vectors


def add_files(
    store: Store,
    files: Sequence[File],
    progress: OnProgress | None = None,
    committed: Callable[[Written], None] = lambda _: None,
) -> Added:
    """Bring `files` into the store, each in its present version; a file that fails is reported and the rest goes in.

    `committed` hears of what was written after each commit, while the next documents are being read and embedded.
    """
    report, over = _Report([], [], [], []), Event()
    tell = _Teller(files, progress, over)
    groups = _groups(store, files, report, tell)
    with closing(ahead(_embedded(store, groups, tell), over)) as batches:
        for _, some in groupby(batches, lambda batch: batch.number):
            group = _store(store, some)
            committed({passage_key(ready.record.document): ready.passages for ready in group})
    for first in range(0, len(report.followed), GROUP):
        store.commit(report.followed[first : first + GROUP])
    return Added(tuple(report.documents), tuple(report.unchanged), (), tuple(report.failed))


def _groups(store: Store, files: Sequence[File], report: _Report, tell: "_Teller") -> Iterator[list[_Ready]]:
    """Read and split files; yield those that go in together."""
    group: list[_Ready] = []
    for number, (file, known, source) in enumerate(_with_records(store, files)):
        tell.stage(number, "reading")
        ready = _prepared(store, file, known, source, report)
        if ready:
            group.append(ready)
        if sum(len(r.passages) for r in group) >= GROUP:
            yield group
            group = []
    if group:
        yield group


def _with_records(store: Store, files: Sequence[File]) -> Iterator[tuple[File, Record | None, str]]:
    """Yield each file with the record of its document, if there is one, and the document's name."""
    for some in portions(files):
        known = store.records(file.id for file in some)
        named: dict[str, list[str]] = {}
        for record in store.find("source", [file.source for file in some if file.id not in known]):
            named.setdefault(record.document.source, []).append(record.document.id)
        for file in some:
            record = known.get(file.id)
            yield file, record, record.document.source if record else _free_source(file, named.get(file.source, ()))


def remove_documents(store: Store, records: Sequence[Record]) -> None:
    """Take documents out of the store: first out of sight, then their passages."""
    for first in range(0, len(records), GROUP):
        some = records[first : first + GROUP]
        documents = [record.document.id for record in some]
        store.begin(documents)
        store.commit([replace(record, removed=True, tail="") for record in some])
        store.sweep(documents, documents)


def _prepared(store: Store, file: File, known: Record | None, source: str, report: _Report) -> _Ready | None:
    """Read and split one file, or note that it is unchanged or why it fails."""
    changed = modified(file.path)
    try:
        size = file.path.stat().st_size
        same = known if known and changed and (known.modified, known.document.bytes) == (changed, size) else None
        version = same.document.version if same else fingerprint(file.path)
        if known and known.document.version == version:
            if file.folder and not known.folder:  # added by itself before; from now on it is followed in its folder
                report.followed.append(replace(known, folder=file.folder))
            if not file.kept_at:  # uploaded before copies were kept
                store.originals.keep(known.document, file.path)
            report.unchanged.append(known.document.source)
            return None
        ready = _split(file, version, known, source)
    except ReadError as error:
        report.failed.append(Failure(file.source, str(error)))
        return None
    except OSError as error:
        report.failed.append(Failure(file.source, f"it can't be read ({(error.strerror or str(error)).lower()})"))
        return None
    ready.replaces = known is not None
    document = replace(ready.record.document, modified=moment(changed))
    ready.record = replace(ready.record, document=document, modified=changed)
    report.documents.append(ready.record.document)
    return ready


def _split(file: File, version: str, known: Record | None, source: str) -> _Ready:
    extracted = read(file.path)
    if not file.kept_at and extracted.title == name_of(file.path):  # an upload is called otherwise while it is read
        extracted = replace(extracted, title=name_of(Path(file.source)))
    document = Document(
        source=source,
        title=extracted.title,
        version=version,
        passages=0,
        added=datetime.now(UTC).isoformat(timespec="seconds"),
        id=file.id,
        pages=len(extracted.pages) or None,
        characters=len(extracted.text),
        bytes=file.path.stat().st_size,
        warnings=extracted.warnings,
        owner=owner_of(file.id),
    )
    passages = split(extracted, document.source, passage_key(document))
    leads = [extracted.text[a:b] for a, b in _gaps(passages)]
    tail = extracted.text[passages[-1].end :] if passages else extracted.text
    document = replace(document, passages=len(passages))
    folder = file.folder or (known.folder if known else "")
    upload = None if file.kept_at else file.path
    return _Ready(Record(document, file.kept_at, folder, tail=tail), passages, leads, False, upload)


def _free_source(file: File, named_so: Iterable[str]) -> str:
    """Return the file's name as given, or one that says more where another document, of `named_so`, has it already.

    No person is to see two documents of one name, or to learn from a name what others have: an upload gives way to what
    its owner sees, what is everybody's to all.
    """
    owner = owner_of(file.id)
    taken = any(other != file.id and (not owner or sees(owner, other)) for other in named_so)
    return (file.kept_at or f"{file.source} (uploaded)") if taken else file.source


def _gaps(passages: Sequence[Passage]) -> Iterator[tuple[int, int]]:
    """Yield the spans of text before each passage and after the one before it."""
    end = 0
    for passage in passages:
        yield end, passage.start
        end = passage.end


def _embedded(store: Store, groups: Iterable[Sequence[_Ready]], tell: "_Teller") -> Iterator[_Batch]:
    """Embed the passages of groups; yield at least one batch for each group."""
    for number, group in enumerate(groups):
        rows = [Row(*both, "") for ready in group for both in zip(ready.passages, ready.leads, strict=True)]
        total = len(rows)
        if not rows:
            yield _Batch(number, group, (), np.zeros((0, 0), np.float32))
        portion = -(-total // max(1, round(total / GROUP))) or 1  # all about as large: a small one keeps no core busy
        for first in range(0, total, portion):
            some = rows[first : first + portion]
            vectors, sketches = store.view.encoders.of_passages(
                [row.passage for row in some], lambda n, at=first, of=total: tell.embedded(at + n, of)
            )
            sketched = [replace(row, sketch=sketch) for row, sketch in zip(some, sketches, strict=True)]
            yield _Batch(number, group, sketched, vectors)


def _store(store: Store, batches: Iterator[_Batch]) -> Sequence[_Ready]:
    """Put a group of documents into the store and commit them together, or leave nothing of them; return the group."""
    first = next(batches)
    group = first.group
    documents = [ready.record.document.id for ready in group]
    store.begin(documents)
    try:
        for ready in group:
            if ready.upload:
                store.originals.keep(ready.record.document, ready.upload)
        for batch in chain([first], batches):
            if batch.rows:
                store.may_write()
                store.view.shelf.put(batch.rows, batch.vectors)
        store.view.shelf.settle()
        store.commit([ready.record for ready in group])
    except BaseException:  # a key pressed, too
        with suppress(Exception):  # the next writer finds the intent and does it
            store.sweep(documents, documents)
        raise
    store.sweep(documents, [ready.record.document.id for ready in group if ready.replaces])
    return group


class _Teller:
    """Tell the caller where a long add stands, and its thread where the caller has gone."""

    def __init__(self, files: Sequence[File], progress: OnProgress | None, over: Event) -> None:
        self._files, self._progress, self._over, self._at = files, progress, over, 0

    def stage(self, number: int, stage: str, done: float = 0.0, passages: int = 0) -> None:
        if self._over.is_set():
            raise _Stopped
        self._at = number
        if self._progress:
            self._progress(Progress(self._files[number].source, number + 1, len(self._files), stage, done, passages))

    def embedded(self, done: int, total: int) -> None:
        self.stage(self._at, "embedding", done / total, total)
