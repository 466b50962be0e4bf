"""Documents in, text out: a format is one function, from a path to Extracted, and one line in READERS.

Whatever can be wrong with a file becomes a ReadError here, told in one sentence with its remedy. The formats
are in the readers_* files beside this one; cutting the text into passages is left to passages.py.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import ReadError
from .hidden import hidden_warnings
from .readers_blocks import TooLongError, name_of
from .readers_characters import clean, decode
from .readers_checks import Limits, check
from .readers_epub import read_epub
from .readers_folder import walk_folder
from .readers_html import read_html
from .readers_mail import read_eml
from .readers_markdown import read_markdown
from .readers_office import read_docx, read_pptx
from .readers_pdf import read_pdf
from .readers_sheets import read_csv, read_xlsx
from .types import Extracted


def read_text(path: Path) -> Extracted:
    """Read a plain text file as it is, but for its line ends, byte order mark and invisible characters."""
    text, warnings = decode(path.read_bytes())
    text, hidden = clean(text)
    return Extracted(title=name_of(path), text=text, warnings=warnings + hidden_warnings(hidden))


READERS: dict[str, Callable[[Path], Extracted]] = {
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".pptx": read_pptx,
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_text,
    ".text": read_text,
    ".log": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".epub": read_epub,
    ".eml": read_eml,
}
"""Every format that citewise reads, by the ending of the file's name."""

_NO_TEXT = "it has no text: if it shows pictures of text, run OCR first"
_MEND = "open it in its program, save it and add it again"


def read(path: Path, limits: Limits = Limits()) -> Extracted:  # noqa: B008  frozen
    """Return the text of a document, or raise ReadError with what is wrong and what to do about it."""
    suffix = path.suffix.lower()
    reader = READERS.get(suffix)
    if reader is None:
        kind = f"{suffix} files" if suffix else "files without an ending"
        raise ReadError(f"citewise does not read {kind}; it reads {', '.join(READERS)}")
    try:
        check(path, suffix, limits)
        extracted = reader(path)
    except ReadError:
        raise
    except OSError as error:
        raise ReadError(_system_reason(error)) from error
    except (TooLongError, MemoryError, RecursionError) as error:
        raise ReadError("it is too long or too deeply nested: split it into smaller files") from error
    except Exception as error:  # each format's library raises its own kinds
        raise ReadError(f"it is damaged ({_cause(error)}): {_MEND}") from error
    if not extracted.text.strip() and extracted.warnings:
        raise ReadError(f"it has no text that can be seen: {extracted.warnings[0]}")
    if not extracted.text.strip():
        raise ReadError(_NO_TEXT if path.stat().st_size > 1000 else "it is empty")
    if len(extracted.text) > limits.characters:
        raise ReadError(f"it has more than {limits.characters:,} characters: split it into smaller files")
    return extracted


def walk(
    root: Path,
    on_error: Callable[[Path, str], None] | None = None,
    on_skip: Callable[[Path], None] | None = None,
) -> Iterator[Path]:
    """Yield the documents in a folder and below it, in a stable natural order, each real file once.

    Hidden files, lock files and links that lead out of the folder are left out. `on_error` hears of folders
    and links that cannot be read, `on_skip` of files that citewise does not read.
    """
    return walk_folder(root, READERS, on_error or (lambda path, reason: None), on_skip or (lambda path: None))


def _system_reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "it does not exist: check its name"
    if isinstance(error, PermissionError):
        return "it may not be read: change its permissions"
    return f"it cannot be read ({error.strerror or os.strerror(error.errno or 0)}): check the disk"


def _cause(error: Exception) -> str:
    """Return an error's own words, shortened to one line."""
    words = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {words[:120]}" if words else type(error).__name__
