"""One large file: the memory that adding it takes, and the time without the encoder's.

    python -m benchmarks.large [--data DIR] [--megabytes 10 100 300]

A passage's vector is drawn at random, because the encoder would take an hour for 300 MB; it needs the same memory
however much there is to embed. Each size has a process of its own.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from benchmarks.data import REPOSITORY, add_data_option, is_there
from benchmarks.speed import peak_memory, texts
from benchmarks.word_sums import Vectors
from index.index import Index
from index.minilm import MiniLM


class Drawn(MiniLM):
    """An encoder in name: vectors are drawn at random."""

    _chance = np.random.default_rng(0)

    def embed_passages(
        self, passages: Sequence[tuple[str, Sequence[str]]], progress: Callable[[int], None] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Return vectors of passages, (passages, 384), and of their sentences."""
        drawn = self._chance.standard_normal((len(passages), self.dimension), np.float32)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        if progress:
            progress(len(passages))
        return drawn, [np.repeat(vector[None], len(s), 0) for vector, (_, s) in zip(drawn, passages, strict=True)]


def added(data: Path, megabytes: int) -> dict[str, float]:
    """Add a text file of so many megabytes; return passages, seconds, and the most memory of this process in MB."""
    with TemporaryDirectory(prefix="citewise-large-", ignore_cleanup_errors=True) as work:
        file = Path(work, "large.txt")
        with file.open("w", encoding="utf-8") as opened:
            source = texts(data)
            while opened.tell() < megabytes * 1_000_000:
                opened.write(next(source) + "\n\n")
        with Index(Path(work, "library"), encoder=Drawn()) as index:
            began = perf_counter()
            (document,) = index.add([file]).documents
            seconds = perf_counter() - began
    return {"passages": document.passages, "seconds": seconds, "memory": peak_memory()}


def main() -> int:
    """Add each size; print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description="Measure adding one large file.")
    add_data_option(parser)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10, 100, 300])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)  # in a process of its own
    given = parser.parse_args()
    if not is_there(given.data):
        return 1
    if given.one:
        print(json.dumps(added(given.data, given.one)))
        return 0
    print("| file, MB | passages | added in, s | memory, MB |\n| ---: | ---: | ---: | ---: |")
    for megabytes in given.megabytes:
        command = [sys.executable, "-m", "benchmarks.large", "--data", str(given.data.resolve()), "--one"]
        done = subprocess.run([*command, str(megabytes)], cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
        told = json.loads(done.stdout)
        print(f"| {megabytes} | {told['passages']:,} | {told['seconds']:,.0f} | {told['memory']:,.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
