"""The collections of one Chroma, embedded in a folder or on a server. This is the only file that imports chromadb.

Many threads may use them at once. What is wrong with the server or the disk is told in one line.
"""

import itertools
import os
import shutil
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DiskFull, LibraryError, LibraryMoved
from .lock import Gate
from .remote import ROOM, TIMEOUT, Server, full, telling

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection
    from chromadb.config import Settings

About = Mapping[str, Any]
"""Names and values that are kept with a collection."""
MOVED = "the library went over to another encoder meanwhile: try again"


class Chroma:
    """The collections in a folder or on a server; a name stands for the same collection until it is deleted."""

    def __init__(self, place: Path | Server) -> None:
        self._place = place
        self._gate = Gate()
        self._handles: dict[str, Collection] = {}
        self._broken = False
        self._client = _connect(place)

    def close(self) -> None:
        """Close the connection; the collections can't be used any more."""
        with self._gate.alone():
            self._broken = False  # for good
            _disconnect(self._client)

    def alone(self) -> AbstractContextManager[None]:
        """Be in a room that no other thread is in, while several steps are to look like one."""
        return self._gate.alone()

    def see_others(self) -> None:
        """See what other processes wrote to a folder, which a client that is open doesn't; the caller is alone."""
        if isinstance(self._place, Path):  # a server shows every write at once
            self._broken = True  # until all is there again: what fails here is done by the next call
            _disconnect(self._client)
            self._client = _connect(self._place)
            with telling(self._place):
                known = {name: _collection(self._client, name) for name in self._handles}
            self._handles = {name: handle for name, handle in known.items() if handle}
            self._broken = False

    @contextmanager
    def using(self, name: str, writes: bool = False) -> "Generator[Collection]":
        """Lend a collection for one call; raise LibraryMoved where it is gone, DiskFull where one that `writes` has no
        room to."""
        from chromadb.errors import ChromaError

        if writes:
            self._check_room()
        with self._calling():
            handle = self._handles.get(name)
            if not handle:
                raise LibraryMoved(MOVED)
            try:
                yield handle
            except ChromaError as error:  # an internal one, where the collection goes in the middle of the call
                if self._get(name):
                    raise
                raise LibraryMoved(MOVED) from error

    def _check_room(self) -> None:
        if isinstance(self._place, Path) and shutil.disk_usage(self._place).free < ROOM:
            raise DiskFull(full(self._place))

    def found(self, name: str) -> About | None:
        """Return what is kept about a collection, which can be used from then on, or None where there is none."""
        handle = self._get(name)
        if not handle:
            return None
        self._handles[name] = handle
        return handle.metadata or {}

    def made(self, name: str, about: About, space: str) -> About:
        """Make a collection with `about` as its metadata and `space` as its distance, or find the one that is there;
        return what is kept about it."""
        with self._calling():
            handle = self._client.get_or_create_collection(
                name,
                configuration={"hnsw": {"space": space}},  # type: ignore[arg-type]  # a dict is what Chroma documents
                metadata=dict(about),
                embedding_function=None,
            )
        self._handles[name] = handle
        return handle.metadata or {}

    def names(self) -> list[str]:
        """Return the names of all collections."""
        with self._calling():
            return [collection.name for collection in self._client.list_collections()]

    def delete(self, name: str) -> None:
        """Delete a collection."""
        with self._calling():
            self._handles.pop(name, None)
            self._client.delete_collection(name)

    def _get(self, name: str) -> "Collection | None":
        with self._calling():
            return _collection(self._client, name)

    @contextmanager
    def _calling(self) -> Generator[None]:
        if self._broken:
            with self._gate.alone():
                if self._broken:
                    self.see_others()
        with self._gate.shared(), telling(self._place):
            yield


def _collection(client: "ClientAPI", name: str) -> "Collection | None":
    from chromadb.errors import NotFoundError

    try:
        return client.get_collection(name, embedding_function=None)
    except NotFoundError:
        return None


def _connect(place: Path | Server) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings

    quiet = Settings(anonymized_telemetry=False)
    try:
        if isinstance(place, Path):
            with telling(place):
                return _opened(place / "chroma", quiet)
        place.reach()
        secure = place.address.startswith("https:")
        client = chromadb.HttpClient(place.address, ssl=secure, headers=place.headers, settings=quiet)
    except LibraryError:
        raise
    except Exception as error:  # Chroma raises whatever its Rust core or its HTTP client raises
        shown = place if isinstance(place, Path) else place.url
        raise LibraryError(f"the library at {shown} can't be opened: {_first_line(error)}") from error
    inner: Any = client
    inner._server._session.timeout = TIMEOUT  # Chroma has no setting for it, and waits for ever
    return client


def _opened(folder: Path, settings: "Settings") -> "ClientAPI":
    """Open a folder by a way of writing it that no other client of this process has.

    Chroma lends all who write it alike one connection, which goes on as long as one of them has it, and so would not
    see what other processes wrote.
    """
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    shared: Any = SharedSystemClient
    with _opening:
        ways = (os.path.join(folder, *["."] * number) for number in itertools.count())
        way = next(way for way in ways if way not in shared._identifier_to_system)
        try:
            return chromadb.PersistentClient(way, settings=settings)
        except BaseException as error:  # Chroma keeps what failed to start, and would lend it at the next try
            shared._identifier_to_system.pop(way, None)
            if type(error).__name__ == "PanicException":  # of its core, where it has no file to open; no Exception
                raise OSError(str(error)) from error
            raise


_opening = threading.Lock()


def _disconnect(client: "ClientAPI") -> None:
    close: Callable[[], None] | None = getattr(client, "close", None)
    if close:
        close()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
