"""The documents that one person sees, by id, source or path."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import UnknownSource
from .owners import sees
from .rows import Record
from .store import Store


@dataclass(frozen=True, slots=True)
class Sight:
    """The records of the documents that `person` sees."""

    store: Store
    person: str

    def of_id(self, identity: str) -> Record:
        """Return the record of the document with this id; raise UnknownSource where there is none."""
        record = self.store.records([identity]).get(identity) if sees(self.person, identity) else None
        if record is None:
            raise UnknownSource(f"there is no document {identity!r} in the library: list shows what there is")
        return record

    def of_source(self, source: str) -> Record:
        """Return the record of the document named by source or path; raise UnknownSource where there is none."""
        return self.of_sources([source])[0]

    def of_sources(self, sources: Sequence[str]) -> list[Record]:
        """Return the records of documents named by source or path; raise UnknownSource for one that is not there."""
        found = {record.document.source: record for record in self._found("source", sources)}
        missing = [source for source in sources if source not in found]
        places = {os.path.abspath(os.path.expanduser(source)): source for source in missing}
        for record in self._found("path", list(places)):
            found[places[record.path]] = record
        for source in sources:
            if source not in found:
                raise UnknownSource(f"{source!r} is not in the library: list shows what is")
        return [found[source] for source in dict.fromkeys(sources)]

    def of_sources_and_folders(self, names: Sequence[str]) -> list[Record]:
        """Return the records of documents named by source or path, and of all whose files are in a folder named."""
        try:
            return self.of_sources(names)
        except UnknownSource:
            everything = self.all()
        found: dict[str, Record] = {}
        for name in names:
            inside = os.path.join(os.path.abspath(os.path.expanduser(name)), "")
            some = [record for record in everything if record.path.startswith(inside)] or self.of_sources([name])
            found |= {record.document.id: record for record in some}
        return list(found.values())

    def all(self) -> list[Record]:
        """Return the records of all documents, ordered by source."""
        found = (r for r in self.store.changes() if not r.removed and sees(self.person, r.document.id))
        return sorted(found, key=lambda record: record.document.source)

    def _found(self, field: str, values: Sequence[str]) -> list[Record]:
        return [record for record in self.store.find(field, values) if sees(self.person, record.document.id)]
