"""Reads e-books (EPUB): the chapters in the order of the book's spine."""

import posixpath
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .errors import ReadError
from .readers_blocks import Blocks, title_of
from .readers_characters import decode
from .readers_html import add_html
from .types import Extracted

_CONTENT = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_MOST_CSS = 500_000
_FONT_SCRAMBLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read_epub(path: Path) -> Extracted:
    """Read an e-book without copy protection."""
    blocks = Blocks()
    with zipfile.ZipFile(path) as book:
        package = _package(book)
        root = _xml(book, package)
        chapters = _chapters(root, posixpath.dirname(package))
        locked = _locked(book)
        if locked.intersection(chapters):
            raise ReadError("it is encrypted (copy protection): add a copy without it")
        css = _styles(root, posixpath.dirname(package), book)
        for chapter in chapters:
            _add_chapter(blocks, book, chapter, css)
    titles = [node.text for node in root.iter("{*}title") if node.text]
    return blocks.extracted(title_of(titles[0] if titles else "", path))


def _add_chapter(blocks: Blocks, book: zipfile.ZipFile, chapter: str, css: str) -> None:
    try:
        data = book.read(chapter)
    except KeyError:
        blocks.warn(f"the chapter {chapter} is missing from the book")
        return
    text, warnings = decode(data)
    blocks.warn(*warnings)
    add_html(blocks, text, css)


def _xml(book: zipfile.ZipFile, name: str) -> Any:
    import lxml.etree as etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    root = etree.fromstring(book.read(name), parser)
    if root is None:
        raise ReadError(f"it is damaged: {name} inside it cannot be read; get another copy")
    return root


def _package(book: zipfile.ZipFile) -> str:
    """Return the path of the package document, which lists the book's parts."""
    for node in _xml(book, "META-INF/container.xml").iter("{*}rootfile"):
        return unquote(node.get("full-path", ""))
    raise ReadError("it is damaged: it does not say where its contents are; get another copy")


def _chapters(root: Any, folder: str) -> list[str]:
    """Return the paths of the chapters in reading order, without the table of contents."""
    items = {item.get("id"): item for item in root.iter("{*}item")}
    spine = [items[ref.get("idref")] for ref in root.iter("{*}itemref") if ref.get("idref") in items]
    return [
        posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in spine
        if item.get("media-type") in _CONTENT and "nav" not in (item.get("properties") or "").split()
    ]


def _styles(root: Any, folder: str, book: zipfile.ZipFile) -> str:
    """Return the book's style sheets as one: chapters nearly always share them."""
    hrefs = [item.get("href", "") for item in root.iter("{*}item") if item.get("media-type") == "text/css"]
    paths = [posixpath.normpath(posixpath.join(folder, unquote(href))) for href in hrefs]
    present = set(book.namelist())
    return "\n".join(book.read(path)[:_MOST_CSS].decode("utf-8", "replace") for path in paths[:20] if path in present)


def _locked(book: zipfile.ZipFile) -> set[str]:
    """Return the encrypted parts, but for fonts, which many free books scramble."""
    if "META-INF/encryption.xml" not in book.namelist():
        return set()
    locked = set[str]()
    for data in _xml(book, "META-INF/encryption.xml").iter("{*}EncryptedData"):
        methods = [m.get("Algorithm") for m in data.iter("{*}EncryptionMethod")]
        if not any(method in _FONT_SCRAMBLING for method in methods):
            locked.update(unquote(r.get("URI", "")) for r in data.iter("{*}CipherReference"))
    return locked
