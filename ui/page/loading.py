"""Importing Gradio in half the time.

Gradio writes a `.pyi` file beside each of its components whenever it is imported: it parses 80 sources for editors that
its own package already serves. That is over half of the time that a server takes to start, and a write into an
installation that may be read-only. It leaves out the components whose file cannot be told, so none can.
"""

import inspect
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def loading() -> Generator[None]:
    """Keep Gradio, imported inside, from writing editor files."""
    told = inspect.getfile

    def getfile(thing: object) -> str:
        if getattr(thing, "__module__", "").startswith("gradio."):
            raise OSError("not told while Gradio is imported")
        return told(thing)  # type: ignore[arg-type]  # what inspect takes

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = told
