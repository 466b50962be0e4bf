"""A real Chroma server on this machine, as a process of its own: for tests and for the stress test."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from .serving import environment

_STARTS = 60  # seconds


@contextmanager
def chroma_server(folder: Path, port: int = 0) -> Generator[str]:
    """Run `chroma run` over a folder; give its address. What it says is in a file beside the folder.

    Raises:
        AssertionError: it did not start; with what it said.
    """
    port = port or free_port()
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder)]
    log = folder.with_suffix(".log")
    with log.open("a") as said:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], env=environment(), stdout=said, stderr=said
        )
    url = f"http://127.0.0.1:{port}"
    try:
        ends = time.monotonic() + _STARTS
        while not _answers(url):
            if time.monotonic() > ends or process.poll() is not None:
                raise AssertionError(f"Chroma did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/api/v2/heartbeat", timeout=5):
            return True
    except (URLError, OSError):
        return False
