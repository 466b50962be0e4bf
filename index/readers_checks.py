"""Looks at a file before it is read: what it really is, how large it is, and how large it would become.

Archives (docx, pptx, xlsx, epub) are unpacked once in small pieces, so that neither a bomb nor a lie about
its size reaches the libraries that read them.
"""

import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .errors import ReadError


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file, text, unpacked archive and single XML part that are read."""

    file_bytes: int = 512 * 2**20
    characters: int = 100_000_000
    unpacked_bytes: int = 2 * 2**30
    part_bytes: int = 256 * 2**20


_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"{\\rtf", "an RTF document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"%!PS", "a PostScript file"),
)
_ZIPPED = {
    ".docx": ("word/", "a Word document"),
    ".pptx": ("ppt/", "a PowerPoint presentation"),
    ".xlsx": ("xl/", "an Excel workbook"),
    ".epub": ("META-INF/container.xml", "an e-book"),
}
_OLE = "an old Office file"
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body")


def check(path: Path, suffix: str, limits: Limits) -> None:
    """Raise ReadError where a file is empty, too large, a bomb, or not what its name says."""
    status = path.stat()
    size = status.st_size
    if stat.S_ISDIR(status.st_mode):
        raise ReadError("it is a folder: add it as a folder")
    if not stat.S_ISREG(status.st_mode):
        raise ReadError("it is no ordinary file: copy its contents into one")
    if size > limits.file_bytes:
        raise ReadError(
            f"it is too large ({size / 2**20:,.0f} MB of at most {limits.file_bytes / 2**20:,.0f}): split it"
        )
    with path.open("rb") as file:
        head = file.read(4096)
    if size <= len(head) and not head.strip(b" \t\r\n\0\x0b\x0c\xef\xbb\xbf"):
        raise ReadError("it is empty")
    suffix = ".xlsx" if suffix == ".xlsm" else suffix
    _check_kind(head, suffix)
    if suffix in _ZIPPED:
        _check_archive(path, suffix, limits)


def _check_kind(head: bytes, suffix: str) -> None:
    kind = next((kind for mark, kind in _SIGNATURES if head.startswith(mark)), "")
    if suffix == ".pdf":
        if b"%PDF-" not in head[:1100]:
            raise ReadError(_misnamed(suffix, kind or _text_kind(head)))
    elif suffix in _ZIPPED:
        if kind == _OLE:
            raise ReadError(_old_office(suffix))
        if kind != "a zip archive":
            raise ReadError(_misnamed(suffix, kind or _text_kind(head)))
    elif kind and not (suffix == ".log" and kind == "a program"):
        raise ReadError(_misnamed(suffix, kind))


def _text_kind(head: bytes) -> str:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        return "a web page (HTML)"
    return "" if b"\0" in head else "plain text"


def _misnamed(suffix: str, kind: str) -> str:
    if not kind:
        return f"it is damaged: it does not begin as a {suffix} file does; get another copy"
    return f"its name ends in {suffix} but it is {kind}: give it the ending that fits, or add the right file"


def _old_office(suffix: str) -> str:
    old = {".docx": ".doc", ".pptx": ".ppt", ".xlsx": ".xls"}.get(suffix, "Office")
    return (
        f"it is encrypted, or an old {old} file under a new name: remove the password, "
        f"or save it as {suffix}, and add it again"
    )


def _check_archive(path: Path, suffix: str, limits: Limits) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        unpacked = sum(entry.file_size for entry in entries)
        packed = max(path.stat().st_size, 1)
        if (
            unpacked > limits.unpacked_bytes
            or (unpacked > 100 * 2**20 and unpacked > 200 * packed)
            or len(names) > 50_000
        ):
            raise ReadError(f"it unpacks to {unpacked / 2**20:,.0f} MB, which no document needs: it may be a zip bomb")
        if any(
            e.file_size > limits.part_bytes and e.filename.lower().endswith((".xml", ".xhtml", ".html"))
            for e in entries
        ):
            raise ReadError("it is too large to be read in one piece: split it into smaller files")
        _check_contents(names, suffix)
        for entry in entries:
            _check_entry(archive, entry)


def _check_contents(names: list[str], suffix: str) -> None:
    inside = next((s for s, (mark, _) in _ZIPPED.items() if any(n.startswith(mark) for n in names)), None)
    if inside != suffix:
        kind = _ZIPPED[inside][1] if inside else "another zip archive"
        raise ReadError(_misnamed(suffix, kind))


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Unpack an entry piece by piece: one that lies about its size or is damaged fails here."""
    if entry.flag_bits & 1:
        raise ReadError("it is encrypted: remove the password and add it again")
    with archive.open(entry) as file:
        while file.read(1 << 20):
            pass
