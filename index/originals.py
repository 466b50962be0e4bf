"""The bytes of PDFs, so that their pages can be shown: the file in its folder, or a copy of what was uploaded.

A copy is named after the document's id, which holds no dot, and version. It is written before the commit that makes the
version visible, and goes when the versions that are not on record go (`Store.sweep`): a crash leaves none behind.
"""

import os
import shutil
from pathlib import Path

from .errors import LibraryError, NoOriginal, ReadError
from .files import fingerprint, modified
from .rows import Record
from .types import Document

SUFFIX = ".pdf"
_AGAIN = "add it again to see its pages"


class Originals:
    """Copies of uploaded PDFs in `folder`; None where no folder is shared by all who use the library."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def keep(self, document: Document, path: Path) -> None:
        """Copy an uploaded PDF, if it is one and its copy is not there yet; `path` is where its bytes are for now."""
        if not self._folder or path.suffix.lower() != SUFFIX:
            return
        copy = self._copy(document.id, document.version)
        if copy.exists():
            return
        half = copy.with_suffix(".part")
        try:
            self._folder.mkdir(exist_ok=True)
            shutil.copyfile(path, half)
            os.replace(half, copy)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise LibraryError(f"the library at {self._folder} can't be written ({reason}): make room there") from error

    def drop(self, document: str, but: str | None = None) -> None:
        """Delete the copies of a document, except that of version `but`."""
        if not self._folder:
            return
        kept = self._copy(document, but) if but else None
        for copy in self._folder.glob(f"{document}.*"):
            if copy != kept:
                copy.unlink(missing_ok=True)

    def find(self, record: Record) -> Path:
        """Return where the bytes of a document's present version are, or raise NoOriginal with the reason."""
        if record.path:
            return _unchanged(Path(record.path), record)
        if not self._folder:
            raise NoOriginal("uploads are kept as text alone where the library is on a Chroma server")
        copy = self._copy(record.document.id, record.document.version)
        if not copy.exists():
            raise NoOriginal(f"the uploaded file was not kept when it was added: {_AGAIN}")
        return copy

    def _copy(self, document: str, version: str) -> Path:
        assert self._folder
        return self._folder / f"{document}.{version}{SUFFIX}"


def _unchanged(path: Path, record: Record) -> Path:
    """Return the path of a file that still has the bytes that were read."""
    try:
        same = (record.modified, record.document.bytes) == (modified(path), path.stat().st_size)
        if (record.modified and same) or fingerprint(path) == record.document.version:
            return path
    except (OSError, ReadError) as error:
        raise NoOriginal(f"the file is not at {path} any more: {_AGAIN}") from error
    raise NoOriginal(f"the file has changed since it was added: {_AGAIN}")
