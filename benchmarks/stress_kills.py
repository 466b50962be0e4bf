"""Kills a writer of a library again and again and tells what it left behind; stress.py and test_commits.py run it.

Everything is imported once; every writer and every onlooker is then a forked process of its own, so that a round costs
little. Half of the writers die at a counted step inside `index/`, half when a clock says so, which may be in the middle
of Chroma or tantivy. For every round one line of JSON goes to standard output.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import chromadb

import index.adding
import index.moving
from index.errors import EncoderMismatch
from index.index import Index

from .second_encoder import SecondEncoder

OLD = "The lighthouse at Skerrow was built of granite in {}. "
NEW = "The beacon at Skerrow was rebuilt of concrete in {}. "
FILES = ("store", "chroma", "shelf", "adding", "moving", "mirrors", "keywords", "versions", "index", "lock")
STEPS = tuple(f"{os.sep}index{os.sep}{name}.py" for name in FILES)
Texts = dict[str, set[str | None]]  # what each file's document may be; None for not there


def long(pattern: str) -> str:
    return "".join(pattern.format(1800 + n) for n in range(150))


BEFORE = {"a.txt": long(OLD), "b.txt": OLD.format(1874), "c.txt": long(OLD)[:3000]}
AFTER = {"a.txt": long(NEW), "b.txt": OLD.format(1874), "d.txt": long(NEW)[:3000]}


def put(folder: Path, texts: dict[str, str]) -> None:
    """Make `folder` hold exactly these files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")


def forked(work: Callable[[], Any], kill_after: float | None = None) -> tuple[bool, Any]:
    """Run `work` in a process of its own; return whether it was killed, and what it returned."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(into, json.dumps(work()).encode())
        except BaseException as error:  # noqa: BLE001  a forked copy must not go on as the parent
            os.write(into, json.dumps([f"{type(error).__name__}: {error}"]).encode())
        os._exit(0)
    os.close(into)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), json.loads(said) if said else None


def counted(work: Callable[[], object], last: int | None) -> int:
    """Run `work` and count its steps inside `index/`; at the step `last` the process kills itself."""
    steps = 0

    def step(frame: FrameType, event: str, argument: object) -> None:
        nonlocal steps
        if frame.f_code.co_filename.endswith(STEPS):
            steps += 1
            if steps == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(step)
    work()
    sys.setprofile(None)
    return steps


def problems(opened: Index, allowed: Texts) -> Iterator[str]:
    """Tell what is wrong with an index: a document that is neither old nor new, a ghost, a passage that is missing."""
    documents = {Path(d.source).name: d for d in opened.documents()}
    texts = {name: opened.text(d.source) for name, d in documents.items()}
    for name in allowed.keys() | texts.keys():
        if texts.get(name) not in allowed.get(name, set()):
            yield f"{name} is {str(texts.get(name))[:60]!r}"
    for search in (opened.search, opened.search_dense, opened.search_keywords):
        found = [result.passage for result in search("granite or concrete at Skerrow", 200)]
        for passage in found:
            if texts.get(Path(passage.source).name, "")[passage.start : passage.end] != passage.text:
                yield f"{search.__name__} shows a ghost of {passage.source}: {passage.text[:60]!r}"
        wanted = {name: d.passages for name, d in documents.items()}
        counts = {name: sum(Path(p.source).name == name for p in found) for name in wanted}
        if counts != wanted:
            yield f"{search.__name__} finds {counts} of {wanted}"


def reopened(library: Path) -> Index:
    """Open a library with the encoder that it has."""
    try:
        return Index(library)
    except EncoderMismatch:
        return Index(library, encoder=SecondEncoder())


def look(library: Path, allowed: Texts, finish: Callable[[Index], object], final: Texts) -> list[str]:
    """Open what the killed writer left, look at it, do its work again, and look at that."""
    with reopened(library) as opened:
        found = list(problems(opened, allowed))
        finish(opened)
        found += [f"afterwards: {problem}" for problem in problems(opened, final)]
        passages = sum(document.passages for document in opened.documents())
    collections = chromadb.PersistentClient(str(library / "chroma")).list_collections()
    kept = sum(each.count() for each in collections if each.name.startswith("citewise-passages"))
    return found + ([f"{kept} passages are kept, {passages} are shown"] if kept != passages else [])


def main(work: Path, what: str, rounds: int) -> None:
    """Kill a writer `rounds` times while it does `what`: "follow" changes, "remove" documents, "create" a library or
    "reindex" it."""
    index.adding.GROUP = index.moving.GROUP = 3
    template, library, folder = work / "template", work / "library", work / "docs"

    def write(opened: Index) -> object:
        if what == "reindex":
            return opened.reindex(SecondEncoder())
        present = [d.source for d in opened.documents() if Path(d.source).name in "a.txt c.txt"]
        return opened.remove(present) if what == "remove" else opened.add(folder)

    def writer(last: int | None) -> int:
        return counted(lambda: write(Index(library)), last)

    def reset() -> None:
        shutil.rmtree(library, ignore_errors=True)
        if what == "create":
            library.mkdir()
        else:
            shutil.copytree(template, library)
        put(folder, BEFORE if what in ("remove", "reindex") else AFTER)

    before = {} if what == "create" else BEFORE
    after = {"remove": {"b.txt": BEFORE["b.txt"]}, "reindex": BEFORE}.get(what, AFTER)
    allowed: Texts = {name: {before.get(name), after.get(name)} for name in {*before, *after}}
    final: Texts = {name: {text} for name, text in after.items()}
    put(folder, BEFORE)
    forked(lambda: Index(template).add(folder) and None)
    reset()
    began = time.monotonic()
    _, steps = forked(lambda: writer(None))
    seconds = time.monotonic() - began
    chance = random.Random(what)
    for number in range(rounds):
        reset()
        share = (number + chance.random()) / rounds  # spread over the whole run
        by_clock = number % 2 == 1
        last = None if by_clock else max(1, int(share * steps))
        killed, said = forked(lambda last=last: writer(last), share * seconds if by_clock else None)
        _, wrong = forked(lambda: look(library, allowed, write, final))
        at = f"{share:.0%} of {seconds:.1f} s" if by_clock else f"step {last} of {steps}"
        wrong = wrong if isinstance(said, int | None) else [*said, *wrong]
        print(json.dumps({"at": at, "killed": killed, "problems": wrong}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
