"""A second process on a library: reads lines of JSON `[method, argument]` and answers each; for test_commits.py."""

import json
import sys
from pathlib import Path
from typing import Any

import index.adding
import index.index
from index.errors import CitewiseError
from index.index import Index
from index.types import Progress


def answer(opened: Index, method: str, argument: Any) -> Any:
    """Do what is asked with the index and return it as plain values."""
    if method == "search":
        return [[Path(r.passage.source).name, r.passage.text] for r in opened.search(argument)]
    if method == "documents":
        return [Path(document.source).name for document in opened.documents()]
    if method == "add":
        return len(opened.add(argument).documents)
    if method == "add slowly":  # says so in the middle, and waits for a word to go on
        waited: list[Progress] = []
        return len(opened.add(argument, lambda step: wait(step, waited)).documents)
    return opened.remove(argument) if method == "remove" else opened.text(argument)


def wait(step: Progress, waited: list[Progress]) -> None:
    if step.stage == "embedding" and step.done > 0.6 and not waited:
        waited.append(step)
        tell("holding")
        sys.stdin.readline()


def tell(said: Any) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    index.index.PATIENCE, index.adding.GROUP = 0.5, 1
    with Index(sys.argv[1]) as opened:
        tell("ready")
        for line in sys.stdin:
            try:
                tell(answer(opened, *json.loads(line)))
            except CitewiseError as error:
                tell(f"{type(error).__name__}: {error}")
