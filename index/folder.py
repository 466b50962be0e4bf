"""The folder of a library, which holds all of it, or with a Chroma server what is derived from it and the locks."""

import os
from pathlib import Path

from .errors import LibraryError


def make_folder(folder: Path) -> None:
    """Make a folder unless it is there; raise LibraryError where it can't be made or written."""
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
