"""Several processes on one library, each an index of its own: do they see each other's commits, at once and whole?

A worker is a process that does what it reads, line by line, as JSON `[method, ...]`. `answer()` has one put, remove and
look for documents. In `mixed()` workers do so by themselves, with documents of their own: before it changes one a
worker writes on a board which version it is at, and afterwards that it is committed; who looks for a document of
anybody's must see the version that was committed when it asked, or one that was begun since.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from index.errors import CitewiseError
from index.index import Index

from .serving import environment

DOCUMENTS = 4  # that each worker of a mixed run has
WRITES = 0.4  # their share


class Worker:
    """A process that has the library open in `folder`, or on the Chroma server at `url`."""

    def __init__(self, folder: Path, url: str = "") -> None:
        command = [sys.executable, "-m", "benchmarks.stress_processes", str(folder), url]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, text=True)

    def say(self, *words: object) -> None:
        """Give it something to do."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """Return what it answers."""
        assert self._process.stdout
        return json.loads(self._process.stdout.readline() or '"ProcessDied: see what it wrote"')

    def ask(self, *words: object) -> Any:
        """Have it do something; return its answer."""
        self.say(*words)
        return self.hear()

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def workers(folders: Sequence[Path], url: str = "") -> Iterator[list[Worker]]:
    """Start a worker for each folder."""
    with ExitStack() as stack:
        started = [Worker(folder, url) for folder in folders]
        for worker in started:
            stack.callback(worker.stop)
        assert [worker.hear() for worker in started] == ["ready"] * len(started)
        yield started


def text_of(name: str, version: int) -> str | None:
    """Return what a document says in a version, None for those versions in which it is removed."""
    return None if version % 5 == 0 else f"The keeper {name} lit the lamp of the granite tower in the year {version}."


def seen(tries: int, work: Path) -> list[str]:
    """Change one document `tries` times by two processes in turn; return how often the other one saw something else."""
    path, wrong = work / "tower.txt", list[str]()
    with workers([work / "library"] * 2) as both:
        for version in range(1, tries + 1):
            writer, reader = both[version % 2], both[1 - version % 2]
            done = writer.ask("put", str(path), text_of("tower", version))
            found = reader.ask("look", str(path))
            if done is not None or found != [text_of("tower", version)] * 3:
                wrong.append(f"version {version}: {done or found}")
    return wrong


def mixed(seconds: float, work: Path, url: str, count: int = 3) -> tuple[int, int, list[str]]:
    """Let `count` processes read and write on a Chroma server; return reads, writes and what was wrong."""
    (work / "board").mkdir()
    folders = [work / f"machine-{number}" for number in range(count)]
    with workers(folders, url) as started:
        for number, worker in enumerate(started):
            worker.say("mix", str(work), number, count, seconds)
        told = [worker.hear() for worker in started]
        wrong = [each for each in told if isinstance(each, str)]
        reads, writes, problems = ([each[n] for each in told if not isinstance(each, str)] for n in range(3))
        for name in (f"{n}-{k}" for n in range(count) for k in range(DOCUMENTS)):
            expected = text_of(name, _board(work, name)[0])
            views = [worker.ask("look", str(work / f"{name}.txt")) for worker in started]
            wrong += [f"at the end {name} is {view}, not {expected!r}" for view in views if view != [expected] * 3]
    return sum(reads), sum(writes), [*wrong, *(problem for some in problems for problem in some)]


# in the worker


def put(index: Index, path: str, text: str | None) -> None:
    """Bring a document to a version, or remove it."""
    if text is None:
        index.remove([path])
        Path(path).unlink()
    else:
        Path(path).write_text(text, "utf-8")
        index.add([path])


def look(index: Index, path: str) -> list[str | None]:
    """Return what a document says by each search and by the whole search, None where it isn't found."""
    question = f"keeper {Path(path).stem} granite tower"
    searches = (index.search, index.search_dense, index.search_keywords)
    return [
        next((r.passage.text for r in search(question, 50) if r.passage.source == path), None) for search in searches
    ]


def mix(index: Index, work: str, number: int, count: int, seconds: float) -> tuple[int, int, list[str]]:
    """Read and write at random for some time; return how often each, and what was wrong."""
    chance, ends = random.Random(number), time.monotonic() + seconds
    reads, writes, wrong = 0, 0, list[str]()
    while (began := time.monotonic()) < ends:
        name = f"{number}-{chance.randrange(DOCUMENTS)}"
        try:
            if chance.random() < WRITES:
                writes += 1
                _change(index, Path(work), name)
            else:
                reads += 1
                wrong += _checked(index, Path(work), f"{chance.randrange(count)}-{chance.randrange(DOCUMENTS)}")
        except CitewiseError as error:
            wrong.append(f"{type(error).__name__} after {time.monotonic() - began:.0f} s: {error}")
    return reads, writes, wrong


def _change(index: Index, work: Path, name: str) -> None:
    committed, _ = _board(work, name)
    _note(work, name, committed, committed + 1)
    put(index, str(work / f"{name}.txt"), text_of(name, committed + 1))
    _note(work, name, committed + 1, committed + 1)


def _checked(index: Index, work: Path, name: str) -> list[str]:
    """Look for a document; return what was found where that is neither old nor new."""
    oldest, _ = _board(work, name)
    found = look(index, str(work / f"{name}.txt"))
    _, newest = _board(work, name)
    allowed = {text_of(name, version) for version in range(oldest, newest + 1)}
    return [f"{name} was {text!r} at version {oldest} to {newest}" for text in found if text not in allowed]


def _board(work: Path, name: str) -> tuple[int, int]:
    """Return the version of a document that is committed, and the one that was begun."""
    path = work / "board" / name
    committed, begun = json.loads(path.read_text()) if path.exists() else (0, 0)
    return committed, begun


def _note(work: Path, name: str, committed: int, begun: int) -> None:
    half = work / "board" / f"{name}.part"
    half.write_text(json.dumps([committed, begun]))
    os.replace(half, work / "board" / name)


def answer(index: Index, method: str, *arguments: Any) -> Any:
    """Do what a line asks for."""
    return {"put": put, "look": look, "mix": mix}[method](index, *arguments)


if __name__ == "__main__":
    with Index(sys.argv[1], sys.argv[2] or None) as opened:
        print('"ready"', flush=True)
        for line in sys.stdin:
            try:
                print(json.dumps(answer(opened, *json.loads(line))), flush=True)
            except CitewiseError as error:
                print(json.dumps(f"{type(error).__name__}: {error}"), flush=True)
