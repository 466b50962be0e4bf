"""citewise beside what people would use instead, on the same documents, questions, machine and encoder.

    python -m benchmarks.peers [--data DIR] [--peers NAME ...] [--sets NAME ...] [--sizes 1000 10000 100000]
                               [--encoded 10000] [--limit 100] [--cache DIR] [--json]

Each peer is installed into an environment of its own, and adds and answers in processes of its own. What was added is
kept in `--cache`, so that an interrupted run goes on and a second one only asks; `--cache` somewhere else measures all
anew. A peer that can't be measured stays in the tables, with the reason. Adding is timed with the encoder up to 1,000
passages; larger libraries take vectors from its memory on disk, and above `--encoded` passages sums of random word
vectors, because the encoder alone would take hours.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.data import add_data_option, is_there
from benchmarks.peers.corpora import SETS, asked_of, of_set, of_size, rank
from benchmarks.peers.running import PEERS, Bench
from benchmarks.peers.tables import recall_table, size_table
from qa.evaluate import read_questions
from qa.scoring import quantile, recall

K = 10
MEASURED_ANEW = 1_000  # passages, up to which adding is timed with the encoder itself and not its memory
TIMED = 100  # questions


def of_sets(bench: Bench, data: Path, names: Sequence[str], limit: int) -> dict[str, dict[str, Any]]:
    """Return recall at 1, 5 and 10 of each peer on each set; what fails is a text, the reason."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        given, questions = of_set(data, name, bench.cache), asked_of(data, name, limit)
        asked = [(q.question, q.sources[0] if q.sources else None) for q in questions]
        found[name] = {"questions": len(questions)}
        for peer in bench.peers:
            reply = bench.answers(peer, given, "remembered", asked, K)
            if isinstance(reply, dict):
                ranks = [rank(q, hits, given) for q, hits in zip(questions, reply["found"], strict=True)]
                found[name][peer] = [recall(ranks, k) for k in (1, 5, 10)]
            else:
                found[name][peer] = reply
    return found


def of_sizes(bench: Bench, data: Path, sizes: Sequence[int], encoded: int) -> dict[int, dict[str, Any]]:
    """Return for each size and peer passages a second, milliseconds, memory and disk in MB; or the reason why not.

    Above `encoded` passages sums of random word vectors stand for the encoder's, for every peer.
    """
    questions = [(q.question, None) for q in read_questions(data / "squad2", TIMED)]
    return {size: _of_size(bench, data, size, questions, words=size > encoded) for size in sizes}


def _of_size(
    bench: Bench, data: Path, size: int, questions: Sequence[tuple[str, None]], *, words: bool
) -> dict[str, Any]:
    given = of_size(data, size, bench.cache)
    adding = "words" if words else "real" if size <= MEASURED_ANEW else "remembered"
    asking = "words" if words else "real"
    built = {peer: bench.added(peer, given, adding) for peer in bench.peers}  # all, and then all are asked: a busy
    replies = {peer: bench.answers(peer, given, adding, questions, K, asking) for peer in bench.peers}  # hour hits all
    figures: dict[str, Any] = {}
    timed = adding == "real"
    for peer, reply in replies.items():
        made = built[peer]
        if isinstance(reply, str) or isinstance(made, str):
            figures[peer] = made if isinstance(made, str) else reply
            continue
        figures[peer] = {
            "added a second": size / made["seconds"] if timed else None,
            "added a processor second": size / made["processor seconds"] if timed else None,
            "pieces": made["pieces"],
            "median ms": quantile(reply["ms"], 0.5),
            "p95 ms": quantile(reply["ms"], 0.95),
            "memory MB": reply["memory"],
            "disk MB": made["disk"],
        }
    return figures


def main() -> int:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description="Measure citewise beside other programs."
    )
    add_data_option(parser)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000], help="passages")
    parser.add_argument("--encoded", type=int, default=10_000, help="passages up to which the encoder itself is used")
    parser.add_argument("--limit", type=int, default=100, help="questions of each set, evenly spread")
    parser.add_argument("--minutes", type=float, default=30, help="that one peer may take to add one library")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "citewise-peers"))
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    given = parser.parse_args()
    if not is_there(given.data):
        return 1
    bench = Bench(given.cache.resolve(), given.peers, 60 * given.minutes)
    data = given.data.resolve()
    found, figures = of_sets(bench, data, given.sets, given.limit), of_sizes(bench, data, given.sizes, given.encoded)
    if given.json:
        print(json.dumps({"recall": found, "sizes": figures}, indent=2))
    else:
        print(recall_table(found, given.peers), size_table(figures, given.peers), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
