"""A server like `citewise serve`, from a thread of the test's own process.

It answers real HTTP on loopback and is set up by the very function that the command runs, but costs a fraction of a
process, which has to load everything anew. Starting, stopping, signals and the environment are tested on processes,
by `benchmarks.serving`.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from qa.settings import Settings
from ui import server


@contextmanager
def served(
    library: Path, *paths: Path, host: str = "127.0.0.1", watch: bool = False, **environment: str
) -> Generator[str]:
    """Serve a library with no setting but these environment variables; give the address."""
    settings = replace(Settings.from_env(environment), library=library)
    with server.served([str(path) for path in paths], host, 0, settings, watch=watch) as (address, _):
        yield address
