"""Folders that are followed: the command `sync`, its plan, and `serve --watch`, which syncs as files change."""

import logging
import threading
from argparse import Namespace
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from index.errors import CitewiseError
from index.planning import Plan

from . import progress, render
from .commands import opened, print_json, report_added, say

_LOG = logging.getLogger("citewise")
_RETRY = 5.0
"""Seconds after which a sync is tried again that failed, because another program was writing for example."""
_SETTLED_MS = 1_000
"""Milliseconds without another change before a sync: a file that is being written is not read half."""


def sync(arguments: Namespace) -> int:
    """Bring the library to what folders hold, or show what that would do; 1 if any file fails."""
    with opened(arguments) as bot:
        folders = arguments.folders or bot.index.folders()
        if not folders:
            raise CitewiseError("no folder was added yet; name one, for example: citewise sync ~/reports")
        if arguments.dry_run:
            return _show(bot.index.plan(folders), arguments.json)
        with progress.files() as watched:
            added = bot.add(folders, progress=watched)
        line = report_added(added)
        if arguments.json:
            print_json(render.plain_data(added))
        else:
            print(line)
    return 1 if added.failed else 0


def _show(plan: Plan, as_json: bool) -> int:
    if as_json:
        print_json(render.plain_data(plan))
        return 1 if plan.failed else 0
    for what, sources in (("new", plan.new), ("changed", plan.changed), ("removed", plan.removed)):
        for source in sources:
            print(f"{what:<9} {render.one_line(source)}")
    for old, new in plan.renamed:
        print(f"{'renamed':<9} {render.one_line(old)} -> {render.one_line(new)}")
    for failure in plan.failed:
        say(f"fails: {render.one_line(failure.source)}: {render.one_line(failure.reason)}")
    counts = {name: len(getattr(plan, name)) for name in ("new", "changed", "renamed", "removed", "unchanged")}
    print(", ".join(f"{number:,} {name}" for name, number in counts.items()) + "; nothing was done")
    return 1 if plan.failed else 0


@contextmanager
def watching(bot: Any, paths: Sequence[str]) -> Generator[None]:
    """Keep the library at what its folders, and those among `paths`, hold for as long as this is open."""
    from index.files import folders as absolute

    watched = sorted({*bot.index.folders(), *absolute(paths)})
    if not watched:
        raise CitewiseError("--watch has no folder to watch; name one, for example: citewise serve --watch ~/reports")
    there = absolute(watched)
    for missing in sorted({*watched} - {*there}):
        say(f"citewise: {render.one_line(missing)} is not there and is not watched")
    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(bot, there, stop), name="citewise-watch")
    thread.start()
    say(f"citewise watches {render.count(len(there), 'folder')}")
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _follow(bot: Any, folders: Sequence[str], stop: threading.Event) -> None:
    """Sync once it watches, since files may have changed before, and then whenever something does."""
    from watchfiles import watch

    begun = False
    for changes in watch(
        *folders, stop_event=stop, debounce=_SETTLED_MS, step=200, rust_timeout=500, yield_on_timeout=True
    ):
        if changes or not begun:
            _sync(bot, folders, stop)
        begun = True


def _sync(bot: Any, folders: Sequence[str], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            added = bot.add(folders)
        except CitewiseError as error:
            say(f"citewise: {render.one_line(str(error))}; trying again")
        except Exception:  # noqa: BLE001 - the server goes on, and the next change is followed
            _LOG.exception("a watched folder could not be followed")
            return
        else:
            if added.documents or added.removed or added.failed:
                say(report_added(added))
            return
        stop.wait(_RETRY)
