"""The errors of citewise: one tree, and every message names the thing, the cause and the remedy.

CitewiseError
├── ReadError         a document cannot be read; its reason is shown beside the file's name
├── EncoderError      an encoder's files are missing or damaged, or it gave no vectors
├── LibraryError      the library cannot be opened, read or written
│   ├── LibraryBusy       another program is writing to it
│   ├── DiskFull          its disk has no room for a change
│   ├── ServerFailed      a Chroma server failed at what may work the next time
│   ├── LibraryMoved      it went over to another encoder while it was being read or written
│   ├── MirrorDamaged     what is derived from it is damaged, and is made again at the next try
│   └── EncoderMismatch   it was built with another encoder
├── NotYours          a person may not do this to a document
├── NoOriginal        a document's own file is not there, or not as it was read
└── UnknownSource     no such document, or no such path
"""


class CitewiseError(Exception):
    """The root of every error that citewise raises on purpose."""


class ReadError(CitewiseError):
    """Say why one document cannot be read; the message is the reason, without the file's name."""


class EncoderError(CitewiseError):
    """Say that an encoder's own files are missing or damaged, or that it gave no vectors."""


class LibraryError(CitewiseError):
    """Say that the library cannot be opened, read or written."""


class LibraryBusy(LibraryError):
    """Say which other program is writing to the library."""


class DiskFull(LibraryError):
    """Say that the disk of the library has no room for a change."""


class LibraryMoved(LibraryError):
    """Say that the library went over to another encoder while it was being read or written."""


class ServerFailed(LibraryError):
    """Say that a Chroma server failed by itself at what may work the next time."""


class MirrorDamaged(LibraryError):
    """Say that what is derived from the library can't be read; the next try finds it made again."""


class EncoderMismatch(LibraryError):
    """Say that the library was built with another encoder than the one in use."""


class NotYours(CitewiseError):
    """Say that a person may not do this to a document that is not their own."""


class NoOriginal(CitewiseError):
    """Say why the pages of a document can't be shown; the message is the reason, without the document's name."""


class UnknownSource(CitewiseError):
    """Say that a path does not exist or that a source is not in the library."""
