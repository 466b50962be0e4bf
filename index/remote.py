"""A Chroma server: its address, its token, and what goes wrong on the way to it, told in one line with the remedy.

Chroma's client is `chroma.py`'s; it raises whatever its HTTP client or its core raises, and waits without a limit.
"""

import errno
import json
import os
import shutil
import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from .errors import LibraryError, ServerFailed

TIMEOUT = httpx.Timeout(120, connect=10)
"""Seconds that a server may take: one that hangs must not hang every question."""
ROOM = 32 << 20
"""Bytes that must be free on a library's disk before a change. What Chroma writes at a time, journals and all, takes a
few MB; where it meets a full disk, it may wait for itself for ever."""
_PORT = {"http": 8000, "https": 443}
_ITS_OWN = "InternalError"  # Chroma's class for what its core fails at
_REFUSED = (401, 403)
_FULL = ("disk is full", "no space left", "file too large")
_DAMAGED = ("not a database", "malformed")
_READ_ONLY = ("readonly database", "read-only file system", "permission denied", "unable to open database")


@dataclass(frozen=True, slots=True)
class Server:
    """The address of a Chroma server, and the token that it asks for; the token is shown nowhere."""

    url: str
    token: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The address with its port, as Chroma's client takes it."""
        parts = urlsplit(self.url)
        port = "" if parts.port else f":{_PORT[parts.scheme]}"
        return f"{parts.scheme}://{parts.netloc}{port}{parts.path.rstrip('/')}"

    @property
    def headers(self) -> dict[str, str]:
        """The token in both headers that Chroma servers, and proxies before them, look for it in."""
        return {"Authorization": f"Bearer {self.token}", "X-Chroma-Token": self.token} if self.token else {}

    def reach(self) -> None:
        """Raise LibraryError where the server can't be reached or does not let this token in."""
        with telling(self):
            found = httpx.get(f"{self.address}/api/v2/auth/identity", headers=self.headers, timeout=TIMEOUT)
            found.raise_for_status().json()


@contextmanager
def telling(place: Server | Path) -> Generator[None]:
    """Tell what Chroma, on a server or embedded in a folder, raises for a reason outside citewise as a LibraryError."""
    try:
        yield
    except LibraryError:
        raise
    except Exception as error:  # whatever Chroma's HTTP client or its core raises
        if isinstance(place, Server) and type(error).__name__ == _ITS_OWN:
            told = f"the Chroma server at {place.url} failed ({_reason(error)}): try again, and see its log if it stays"
            raise ServerFailed(told) from error
        said = _of_server(place, error) if isinstance(place, Server) else _of_folder(place, error)
        if said is None:
            raise
        raise LibraryError(said) from error


def _of_server(server: Server, error: Exception) -> str | None:
    """Return what to say about an error of a server's client, None where it is not the server's."""
    at = f"the Chroma server at {server.url}"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {at} is not trusted ({cause.verify_message.rstrip('.')}): renew it, or name the "
                "file of the authority that signed it in SSL_CERT_FILE"
            )
        if isinstance(cause, ssl.SSLError):
            return f"{at} does not speak TLS: write http:// in CITEWISE_CHROMA_URL, or set TLS up there"
        status = _status(cause)
        if status in _REFUSED and server.token:
            return f"{at} does not accept the token in CITEWISE_CHROMA_TOKEN: set the one that it expects"
        if status in _REFUSED:
            return f"{at} asks for a token: set CITEWISE_CHROMA_TOKEN"
        if isinstance(cause, httpx.TimeoutException):
            return f"{at} does not answer in time: see whether it is overloaded or CITEWISE_CHROMA_URL is wrong"
        if isinstance(cause, httpx.ConnectError):
            return f"{at} can't be reached ({_reason(cause)}): start it, or correct CITEWISE_CHROMA_URL"
        if isinstance(cause, httpx.TransportError):
            return f"{at} broke off ({_reason(cause)}): try again, and see its log"
        if isinstance(cause, httpx.HTTPStatusError):
            return f"{at} answers with status {status}: see its log, and whether CITEWISE_CHROMA_URL is right"
        if isinstance(cause, json.JSONDecodeError):
            return f"what answers at {server.url} is no Chroma server: correct CITEWISE_CHROMA_URL"
    return None


def _of_folder(folder: Path, error: Exception) -> str | None:
    """Return what to say about an error of the embedded store, None where it is not the disk's.

    Chroma's own words seldom name the cause: of a full disk it says "Failed to apply logs to the metadata segment".
    """
    said = _reason(error)
    if type(error).__name__ != _ITS_OWN and not isinstance(error, OSError):
        return None
    if _is_out_of_files(folder):
        return f"the library at {folder} failed (too many open files): close some, or allow more (ulimit -n)"
    if shutil.disk_usage(folder).free < ROOM or any(words in said for words in _FULL):
        return full(folder)
    if any(words in said for words in _READ_ONLY) or not os.access(folder / "chroma", os.W_OK):
        return f"the library at {folder} can't be written: give this user the right to, or use another (--library)"
    if any(words in said for words in _DAMAGED):
        return f"the library at {folder} can't be opened ({said}): restore a backup into another one (--library)"
    return f"the library at {folder} failed ({said}): try again, and look at it with citewise doctor if it stays"


def _is_out_of_files(folder: Path) -> bool:
    """Tell whether this process can't open any file, which Chroma's core may take for one it must not write."""
    try:
        os.close(os.open(folder, os.O_RDONLY))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return False


def full(folder: Path) -> str:
    """Return what to say where the disk of a library is full."""
    return f"the disk of the library at {folder} is full: make room there and try again; what is in it is safe"


def _status(cause: BaseException) -> int:
    if isinstance(cause, httpx.HTTPStatusError):
        return cause.response.status_code
    return {"AuthorizationError": 401, "ChromaAuthError": 403}.get(type(cause).__name__, 0)  # Chroma's own


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield what led to an error, the first cause first."""
    if error:
        yield from _causes(error.__cause__ or error.__context__)
        yield error


def _reason(cause: BaseException) -> str:
    return (str(cause).splitlines() or [type(cause).__name__])[0].lower()
