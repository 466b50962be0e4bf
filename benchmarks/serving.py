"""A real `citewise serve`, as a process of its own: for tests, measurements and pictures."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
READY = "citewise is ready: "
_STARTS, _STOPS = 120, 30  # seconds


def environment(**changes: str) -> dict[str, str]:
    """Return an environment without any setting of citewise but `changes`."""
    dropped = ("CITEWISE_", "OPENAI_", "SLACK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {"PYTHONPATH": str(ROOT)} | changes


@contextmanager
def serving(library: Path, *arguments: str | Path, **settings: str) -> Generator[str]:
    """Serve a library, with no setting but these, from the folder around it; give the address.

    What the server says is in `serve.log` beside the library.

    Raises:
        AssertionError: it did not start, or did not stop by itself; with what it said, and where its threads were.
    """
    log = library.parent / "serve.log"
    command = [sys.executable, "-X", "faulthandler", "-m", "ui.cli", "serve", *map(str, arguments)]
    with log.open("w") as said:
        process = subprocess.Popen(
            [*command, "--port", "0", "--library", str(library)],
            env=environment(**settings),
            cwd=library.parent,
            stderr=said,
        )
    try:
        yield address_of(process, log)
    finally:
        stop(process, log)


def address_of(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until a server says that it is ready; return its address."""
    ends = time.monotonic() + _STARTS
    while time.monotonic() < ends and process.poll() is None:
        ready = [line for line in log.read_text().splitlines() if line.startswith(READY)]
        if ready:
            return ready[0].removeprefix(READY)
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def stop(process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask a server to stop; one that does not is made to write down where its threads are."""
    process.terminate()
    try:
        process.wait(_STOPS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        process.wait()
        raise AssertionError(f"the server did not stop:\n{log.read_text()}") from None
    if process.returncode:
        raise AssertionError(f"the server ended with {process.returncode}:\n{log.read_text()}")
