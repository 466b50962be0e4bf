"""Progress bars on standard error, where that is a terminal; elsewhere nothing is shown."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from index.types import OnProgress, Progress

from .render import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_NAME = 40


@contextmanager
def files() -> Generator[OnProgress | None]:
    """Give a function that shows how far an `add` is, or None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with _bar() as bar:
        task = bar.add_task("reading", total=None)

        def update(step: Progress) -> None:
            name = one_line(step.source)
            name = name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"
            done = min(step.file - 1 + step.done, step.files)
            bar.update(task, description=f"{step.stage} {name}", completed=done, total=step.files)

        yield update


@contextmanager
def questions() -> Generator[Callable[[int, int], None] | None]:
    """Give a function that shows how many questions of an evaluation are done, or None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with _bar() as bar:
        task = bar.add_task("asking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def answering() -> Generator[Callable[[str], None] | None]:
    """Give a function that shows what is being done for an answer, or None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True, markup=False).status("searching the documents") as status:
        yield status.update


def _bar() -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.description}", markup=False)
    columns = (text, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
