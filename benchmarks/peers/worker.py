"""One peer, in its own process and its own environment: add documents, or ask.

    python -m benchmarks.peers.worker JOB RESULT

JOB and RESULT are files of JSON; `__main__.py` writes the one and reads the other. A peer is a class `Peer` in a module
beside this one: `Peer(folder, encoder, **options)`, `add(corpus)`, which returns how many pieces the texts became, and
`search(question, k, source)`, which returns (source, text) best first, of one source where one is given. What it keeps
lies in `folder`, for the next process.
"""

import json
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Protocol

from benchmarks.peers.encoders import encoder_of

WARMING = 5  # questions before the clock runs: first calls load what later ones use
Found = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents: folders of files, and what citewise reads in them, (source, text), each page of a PDF by itself."""

    folders: tuple[Path, ...]
    texts: Path

    def __iter__(self) -> Iterator[tuple[str, str]]:
        with self.texts.open(encoding="utf-8") as lines:
            for line in lines:
                source, text = json.loads(line)
                yield source, text


class Peer(Protocol):
    """A library to compare: what a folder holds can be added to, and searched."""

    def add(self, corpus: Corpus) -> int: ...
    def search(self, question: str, k: int, source: str | None) -> Found: ...


def added(peer: Peer, corpus: Corpus) -> dict[str, Any]:
    """Add a corpus; return the seconds that took, those of processors (all threads), and the pieces it became."""
    began, worked = perf_counter(), process_time()
    pieces = peer.add(corpus)
    return {"seconds": perf_counter() - began, "processor seconds": process_time() - worked, "pieces": pieces}


def asked(peer: Peer, questions: Sequence[tuple[str, str | None]], k: int) -> dict[str, Any]:
    """Ask each question; return what was found, milliseconds, and this process's largest memory in MB."""
    for question, source in questions[:WARMING]:
        peer.search(question, k, source)
    found: list[Found] = []
    took: list[float] = []
    for question, source in questions:
        began = perf_counter()
        found.append(peer.search(question, k, source)[:k])
        took.append((perf_counter() - began) * 1000)
    return {"found": found, "ms": took, "memory": _peak_memory()}


def _peak_memory() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def main(job: Path, result: Path) -> int:
    """Do a job."""
    told = json.loads(job.read_text(encoding="utf-8"))
    encoder = encoder_of(told["encoder"], Path(told["cache"]))
    peer = import_module(f"benchmarks.peers.{told['module']}").Peer(Path(told["folder"]), encoder, **told["options"])
    if "corpus" in told:
        folders, texts = told["corpus"]
        done = added(peer, Corpus(tuple(map(Path, folders)), Path(texts)))
    else:
        done = asked(peer, told["questions"], told["k"])
    result.write_text(json.dumps(done), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
