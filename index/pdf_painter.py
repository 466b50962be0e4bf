"""Paints one page of a PDF as PNG, in a process of its own: a hostile page can cost its time and memory, no more.

`page_picture` starts the process; `python -m index.pdf_painter PATH PAGE WIDTH` is it.
"""

import io
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from .errors import NoOriginal

WIDTHS = (100, 2400)
"""Pixels of the narrowest and the widest picture."""
_SECONDS = 8
_MEMORY = 2_000_000_000
_MOST_PIXELS = 8_000_000
_AT_ONCE = threading.BoundedSemaphore(2)


def page_picture(path: Path, number: int, width: int, seconds: float = _SECONDS) -> bytes:
    """Return a page, counted from 1, as a PNG `width` pixels wide (less where the page is very high)."""
    command = [sys.executable, "-P", "-m", "index.pdf_painter", str(path), str(number), str(width)]
    with _AT_ONCE:
        try:
            done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as error:
            raise NoOriginal(f"page {number} takes too long to paint: read its text instead") from error
    if done.returncode or not done.stdout:
        raise NoOriginal(f"page {number} can't be painted: read its text instead")
    return done.stdout


def _paint(path: str, number: int, width: int) -> bytes:
    from pypdfium2 import PdfDocument

    page = PdfDocument(path)[number - 1]
    across, down = page.get_size()
    scale = min(width / across, (_MOST_PIXELS / (across * down)) ** 0.5)
    out = io.BytesIO()
    page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB").save(out, "PNG", compress_level=4)
    return out.getvalue()


def _limit() -> None:
    """Ask the system to hold this process to its limits, where it can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


if __name__ == "__main__":
    _limit()
    sys.stdout.buffer.write(_paint(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
