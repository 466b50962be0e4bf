"""What adding folders again would do, without doing it: what is new, changed, renamed, gone or as it was."""

import os
import shlex
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import ReadError
from .files import File, find, fingerprint, folders, modified
from .rows import Record
from .types import Failure


@dataclass(frozen=True, slots=True)
class Plan:
    """Sources by what would become of them; `renamed` holds pairs, the old and the new one of the same bytes."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether the library is as the folders are."""
        return not (self.new or self.changed or self.renamed or self.removed)


def plan(records: Sequence[Record], paths: Iterable[str | Path]) -> Plan:
    """Compare a library's records with the files that `paths` name or hold."""
    paths = list(paths)
    failed: list[Failure] = []
    known = {record.document.id: record for record in records}
    new: dict[str, str] = {}  # source: version
    changed, unchanged = list[str](), list[str]()
    for file in find(paths, failed):
        record = known.get(file.id)
        try:
            version = _version(file, record)
        except (ReadError, OSError) as error:
            failed.append(Failure(file.source, str(error)))
            continue
        if record is None:
            new[file.source] = version
        else:
            (unchanged if record.document.version == version else changed).append(record.document.source)
    lost = {record.document.source: record.document.version for record in gone(records, folders(paths), failed)}
    renamed = _renamed(lost, new)
    return Plan(
        new=tuple(source for source in new if source not in dict(renamed).values()),
        changed=tuple(changed),
        renamed=tuple(renamed),
        removed=tuple(source for source in lost if source not in dict(renamed)),
        unchanged=tuple(unchanged),
        failed=tuple(failed),
    )


def gone(records: Iterable[Record], folders: Iterable[str], failed: list[Failure]) -> list[Record]:
    """Return those documents, once found in a folder, whose file is no longer in `folders`.

    A folder that is empty now, and several documents came from, is added to `failed` and loses nothing: where a disk is
    not mounted, or a container was given another path, an empty folder is what is seen.
    """
    followed = [record for record in records if record.folder]
    found: dict[str, Record] = {}
    for folder in folders:
        inside = os.path.join(folder, "")
        lost = [record for record in followed if record.path.startswith(inside) and _is_gone(record.path)]
        if len(lost) > 1 and _is_empty(folder):
            remedy = (
                f"if it should be, take out the {len(lost)} documents from it: citewise remove {shlex.quote(folder)}"
            )
            failed.append(Failure(folder, f"it is empty: see whether its disk is there; {remedy}"))
        else:
            found |= {record.document.id: record for record in lost}
    return list(found.values())


def _is_gone(path: str) -> bool:
    """Tell a file that was deleted, or replaced by a folder, from one that can't be looked at for now."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def _is_empty(folder: str) -> bool:
    """Tell whether nothing is seen in a folder, as where it can't be looked into."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def followed(records: Iterable[Record]) -> list[str]:
    """Return the folders that were added, those inside others left out, in order."""
    found = sorted({record.folder for record in records if record.folder})
    return [folder for folder in found if not any(_is_inside(folder, other) for other in found)]


def _is_inside(folder: str, other: str) -> bool:
    return folder != other and folder.startswith(os.path.join(other, ""))


def _version(file: File, record: Record | None) -> str:
    """Return the sha256 of a file's bytes, without reading them where its size and time are those on record."""
    if record:
        changed, size = modified(file.path), file.path.stat().st_size
        if changed and (record.modified, record.document.bytes) == (changed, size):
            return record.document.version
    return fingerprint(file.path)


def _renamed(lost: dict[str, str], new: dict[str, str]) -> list[tuple[str, str]]:
    """Pair what is gone with what is new and has the same bytes."""
    by_version: dict[str, list[str]] = {}
    for source, version in new.items():
        by_version.setdefault(version, []).append(source)
    return [(old, by_version[version].pop(0)) for old, version in lost.items() if by_version.get(version)]
