"""Is every document on record whole, and nothing else there? And what can be done where it is not.

The commit protocol keeps this so through any interruption; what breaks it is a damaged disk, a file copied half or
another program's hand in Chroma.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from .adding import add_files, remove_documents
from .errors import NoOriginal
from .files import File
from .keywords import Keywords
from .rows import Record, document_of, shows
from .store import Store
from .types import Added, Failure, OnProgress


@dataclass(frozen=True, slots=True)
class Health:
    """What is wrong with a library: documents that lack passages, passages of none, and a mirror out of step."""

    damaged: tuple[Record, ...] = ()
    ghosts: tuple[str, ...] = ()
    mirror: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.damaged or self.ghosts or self.mirror)


def check(store: Store, keywords: Keywords) -> Health:
    """Compare records, passages and mirror; `mirror` is how many passages the mirror has too many or too few.

    The caller holds the writers' lock, so that nothing is half done meanwhile.
    """
    shelf = store.view.shelf
    records = {record.document.id: record for record in store.changes() if not record.removed}
    expected = sum(record.document.passages for record in records.values())
    damaged = [r for r in records.values() if not r.document.version or shelf.lacks(r.passage_ids)]
    ghosts = list[str]()
    if damaged or shelf.count() != expected:
        ghosts = [i for i in shelf.ids() if not _belongs(records.get(document_of(i)), i)]
    return Health(tuple(damaged), tuple(ghosts), keywords.total - expected)


def _belongs(record: Record | None, passage_id: str) -> bool:
    return record is not None and shows(record, passage_id) and passage_id in set(record.passage_ids)


def mend(store: Store, keywords: Keywords, health: Health, progress: OnProgress | None = None) -> Added:
    """Take out what is wrong and read damaged documents again from their files; `failed` names what is lost.

    The caller holds the writers' lock, and brings the mirror, which is emptied, to the store afterwards.
    """
    store.view.shelf.delete(health.ghosts)
    keywords.clear()
    files = {record.document.id: _file(store, record) for record in health.damaged}
    to_read = [file for file in files.values() if file]
    if health.damaged:  # out of sight, and on record until they are read again: stopped here, the next one goes on
        store.commit([_without_version(record) for record in health.damaged])
    added = add_files(store, to_read, progress)
    damaged = store.records(files)
    lost = [record for record in damaged.values() if not record.document.version]
    remove_documents(store, lost)
    without_file = [record.document.source for record in lost if not files[record.document.id]]
    return replace(added, failed=(*added.failed, *(Failure(source, _LOST) for source in without_file)))


_LOST = "its passages are damaged and its file is not there: it was taken out; add it again"


def _without_version(record: Record) -> Record:
    return replace(record, document=replace(record.document, version="", passages=0), modified=0, tail="")


def _file(store: Store, record: Record) -> File | None:
    """Return where a document can be read again: its file, or the copy of an upload; None where there is neither."""
    path = Path(record.path)
    if not record.path:
        try:
            path = store.originals.find(record)
        except NoOriginal:
            return None
    return (
        File(path, record.document.id, record.document.source, record.path, record.folder) if path.is_file() else None
    )
