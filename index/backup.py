"""A library in one file, made while it is in use, and back: for another disk, another machine or another Chroma.

A backup is a zip: `about.json`; `documents/N.json` with a document's record and passages, and `documents/N.npy` with
their vectors; and in `files/` what the front ends keep beside the documents. Nothing in it is Chroma's own, so a
library on a server comes back as an embedded one, and the other way round. Writers may go on meanwhile: what they
changed is written again at last, with their lock held, and of several entries of a document the last one counts.
"""

import itertools
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from .errors import LibraryError
from .lock import WriterLock
from .rows import Record, Row, record_metadata, record_of, row_metadata, row_of
from .shelf import Vectors
from .store import Store
from .types import OnProgress, Progress

FORMAT, READ = 2, (1, 2)  # as of the rows in a store
GROUP = 256
"""Passages that are put into a library at once."""
_OURS = ("chroma", "keywords", "versions")  # not copied: the one is in a backup as documents, the others are derived
_PART = ".part"
_NOT_KEPT = (".lock", ".holder", "-wal", "-shm", "-journal", _PART)


def backup(store: Store, writer: WriterLock, folder: Path, target: Path, progress: OnProgress | None = None) -> int:
    """Write the library to `target`, which must not exist; return how many documents it holds.

    Documents that are damaged are left out, and named in a LibraryError once the rest is there.
    """
    if target.exists():
        raise LibraryError(f"{target} exists already: choose another name")
    if target.resolve().is_relative_to(folder.resolve()):
        raise LibraryError(f"{target} is in the library itself: choose a place outside it")
    part = target.with_name(target.name + _PART)
    try:
        with os.fdopen(_private(part), "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
            count, damaged = _write_documents(store, writer, out, progress)
            _write_files(folder, out)
        part.replace(target)
    except OSError as error:
        raise LibraryError(f"{target} can't be written ({(error.strerror or str(error)).lower()})") from error
    finally:
        part.unlink(missing_ok=True)
    if damaged:
        named = ", ".join(damaged[:5]) + (" ..." if len(damaged) > 5 else "")
        raise LibraryError(
            f"{target} holds {count} documents, but not {len(damaged)} whose passages are damaged ({named}): "
            "mend them with citewise doctor --mend, then back up again"
        )
    return count


def restore(store: Store, folder: Path, source: Path, progress: OnProgress | None = None) -> int:
    """Put the documents of a backup into a library that has no other ones; return how many it holds now.

    The caller holds the writers' lock. Stopped half-way, the same call goes on from there.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            about = _about(archive)
            if about["encoder"] != store.view.shelf.encoder or about["sentences"] != store.view.shelf.sentences:
                raise LibraryError(
                    f"{source} has the encoder {about['encoder']}, this library {store.view.shelf.encoder}: "
                    "choose the one it has with CITEWISE_EMBEDDING, restore, then move with: citewise reindex"
                )
            count = _restore_documents(store, archive, about["documents"], progress)
            _restore_files(archive, folder)
            return count
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError) as error:
        raise LibraryError(f"{source} is not a whole backup of citewise ({error}): use another one") from error


def _private(path: Path) -> int:
    """Open a file to be written anew, which nobody else may read, as the library is."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


# writing


def _write_documents(
    store: Store, writer: WriterLock, out: zipfile.ZipFile, progress: OnProgress | None
) -> tuple[int, list[str]]:
    """Write all documents; return how many, and the sources of those that are damaged."""
    entries: dict[str, dict[str, str]] = {}
    names = (f"documents/{number:08d}" for number in itertools.count())
    seen = store.refresh()
    _write_changes(store, out, -1, entries, names, progress)
    with writer.held(-1.0):  # however long
        store.refresh()
        _write_changes(store, out, seen, entries, names, None)
        shelf = store.view.shelf
        present = [record.document for record in store.changes() if not record.removed]
    about = {
        "format": FORMAT,
        "encoder": shelf.encoder,
        "sentences": shelf.sentences,
        "dimension": shelf.dimension,
        "documents": list(entries.values()),
    }
    out.writestr("about.json", json.dumps(about))
    return len(entries), [document.source for document in present if document.id not in entries]


def _write_changes(
    store: Store,
    out: zipfile.ZipFile,
    since: int,
    entries: dict[str, dict[str, str]],
    names: Iterator[str],
    progress: OnProgress | None,
) -> None:
    """Write what was committed after generation `since`, and note the entry that counts for each document."""
    records = list(store.changes(since))
    for number, record in enumerate(records, 1):
        identity = record.document.id
        if record.removed:
            entries.pop(identity, None)
            continue
        if progress:
            progress(Progress(record.document.source, number, len(records), "saving", 0.0))
        rows, vectors = store.view.shelf.rows_and_vectors(record)
        if record.document.version and len(rows) == record.document.passages:
            name = next(names)
            _write_document(out, name, record, rows, vectors)
            entries[identity] = {"entry": name, "id": identity, "version": record.document.version}
        else:  # it has changed since, and comes again, or it is damaged
            entries.pop(identity, None)


def _write_document(out: zipfile.ZipFile, name: str, record: Record, rows: Sequence[Row], vectors: Vectors) -> None:
    told = {
        "id": record.document.id,
        "record": record_metadata(record, record.generation),
        "passages": [{"id": row.passage.id, **row_metadata(row)} for row in rows],
    }
    out.writestr(f"{name}.json", json.dumps(told))
    packed = BytesIO()
    np.save(packed, vectors.astype(np.float32), allow_pickle=False)
    out.writestr(f"{name}.npy", packed.getvalue())


def _write_files(folder: Path, out: zipfile.ZipFile) -> None:
    with TemporaryDirectory(prefix="citewise-backup-") as work:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_symlink() or not path.is_file() or name.parts[0] in _OURS or path.name.endswith(_NOT_KEPT):
                continue
            with suppress(FileNotFoundError):  # removed meanwhile
                out.write(_settled(path, Path(work)), f"files/{name.as_posix()}")


def _settled(path: Path, work: Path) -> Path:
    """Return a copy of a database as of one moment; other files as they are."""
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            return path
    copy = work / "copy.sqlite"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as there, closing(sqlite3.connect(copy)) as here:
        there.backup(here)
    return copy


# reading


def _about(archive: zipfile.ZipFile) -> dict[str, Any]:
    about = json.loads(archive.read("about.json"))
    if about["format"] not in READ:
        raise ValueError(f"its format is {about['format']}, not up to {FORMAT}")
    return about


def _restore_documents(
    store: Store, archive: zipfile.ZipFile, entries: Sequence[dict[str, str]], progress: OnProgress | None
) -> int:
    there = {r.document.id: r.document.version for r in store.changes() if not r.removed}
    if there.items() - {(entry["id"], entry["version"]) for entry in entries}:
        raise LibraryError("the library has other documents already: restore into a new one (--library)")
    for number, entry in enumerate(entries, 1):
        if entry["id"] in there:  # by a call that was stopped
            continue
        record, rows, vectors = _document(archive, entry["entry"])
        if progress:
            progress(Progress(record.document.source, number, len(entries), "restoring", 0.0))
        if len(rows) != record.document.passages or vectors.shape != (len(rows), store.view.shelf.dimension):
            raise ValueError(f"{entry['entry']} lacks passages or vectors")
        store.begin([record.document.id])
        for first in range(0, len(rows), GROUP):
            store.may_write()
            store.view.shelf.put(rows[first : first + GROUP], vectors[first : first + GROUP])
        store.commit([record])
        store.sweep([record.document.id], [])
    return len(entries)


def _document(archive: zipfile.ZipFile, name: str) -> tuple[Record, list[Row], Vectors]:
    told = json.loads(archive.read(f"{name}.json"))
    record = record_of(told["id"], told["record"])
    vectors = np.load(BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
    return record, [row_of(row["id"], row, record.document) for row in told["passages"]], vectors


def _restore_files(archive: zipfile.ZipFile, folder: Path) -> None:
    """Write what the front ends kept, where it is not there yet."""
    for entry in archive.infolist():
        parts = PurePosixPath(entry.filename).parts
        if entry.is_dir() or len(parts) < 2 or parts[0] != "files":
            continue
        if ".." in parts or parts[1] in _OURS or any("\\" in part or ":" in part for part in parts):
            raise ValueError(f"it names a file outside a library: {entry.filename!r}")
        path = folder.joinpath(*parts[1:])
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + _PART)
        with archive.open(entry) as packed, os.fdopen(_private(part), "wb") as out:
            shutil.copyfileobj(packed, out)
        part.replace(path)  # one that is there is whole
