"""The errors of citewise: one tree, and every message names the thing, the cause and the remedy.

CitewiseError
├── ReadError         a document cannot be read; its reason is shown beside the file's name
├── EncoderError      the bundled encoder's files are missing or damaged
├── LibraryError      the library cannot be opened, read or written
│   ├── LibraryBusy       another program is writing to it
│   └── EncoderMismatch   it was built with another encoder
└── UnknownSource     no such document, or no such path
"""


class CitewiseError(Exception):
    """The root of every error that citewise raises on purpose."""


class ReadError(CitewiseError):
    """Say why one document cannot be read; the message is the reason, without the file's name."""


class EncoderError(CitewiseError):
    """Say that the encoder's own files are missing or damaged."""


class LibraryError(CitewiseError):
    """Say that the library cannot be opened, read or written."""


class LibraryBusy(LibraryError):
    """Say which other program is writing to the library."""


class EncoderMismatch(LibraryError):
    """Say that the library was built with another encoder than the one in use."""


class UnknownSource(CitewiseError):
    """Say that a path does not exist or that a source is not in the library."""
