"""Is the library never broken? `python -m benchmarks.stress [--kills N] [--minutes N] [--tries N]` prints one table.

Writers are killed at random moments (stress_kills.py); two processes change one document in turn; three processes read
and write on one Chroma server (stress_processes.py). It exits with 1 if anything at all was wrong.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from .chroma import chroma_server
from .serving import environment
from .stress_processes import mixed, seen

KINDS = ("follow", "remove", "create", "reindex")
Outcome = tuple[str, list[str]]


def kills(count: int, what: str, work: Path) -> Outcome:
    """Kill writers that do `what`; return how many were caught at work, and what was wrong afterwards."""
    command = [sys.executable, "-m", "benchmarks.stress_kills", str(work), what, str(count)]
    ran = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, text=True, check=False)
    rounds = [json.loads(line) for line in ran.stdout.splitlines()]
    wrong = [f"{each['at']}: {problem}" for each in rounds for problem in each["problems"]]
    if ran.returncode or len(rounds) != count:
        wrong.append(f"it ended with {ran.returncode} after {len(rounds)} rounds")
    return f"{len(rounds)} rounds, {sum(each['killed'] for each in rounds)} killed at work", wrong


def sights(tries: int, work: Path) -> Outcome:
    """Have two processes change a document in turn; return how often the other saw it at once."""
    wrong = seen(tries, work)
    return f"{tries - len(wrong)} of {tries} seen at once", wrong


def together(minutes: float, work: Path) -> Outcome:
    """Have three processes read and write on a Chroma server; return how much they did."""
    with chroma_server(work / "served") as url:
        reads, writes, wrong = mixed(minutes * 60, work, url)
    return f"{reads} reads and {writes} changes in {minutes:g} min", wrong


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; return 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stress", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="writers to kill (0: none)")
    parser.add_argument("--tries", type=int, default=100, help="commits that another process has to see")
    parser.add_argument("--minutes", type=float, default=5, help="of reading and writing on a Chroma server")
    given = parser.parse_args(arguments)
    share = -(-given.kills // len(KINDS))
    parts: dict[str, Callable[[Path], Outcome]] = {
        "two processes, one folder": lambda work: sights(given.tries, work),
        "three processes, one Chroma server": lambda work: together(given.minutes, work),
    }
    if given.kills:
        parts |= {f"killed: {what}": lambda work, what=what: kills(share, what, work) for what in KINDS}
    print(f"| {'stress':<34} | {'done':<42} | wrong | seconds |\n| --- | --- | ---: | ---: |", flush=True)
    failed = False
    for name, part in parts.items():
        began = time.monotonic()
        with TemporaryDirectory(prefix="citewise-stress-") as work:
            done, wrong = part(Path(work))
        print(f"| {name:<34} | {done:<42} | {len(wrong):>5} | {time.monotonic() - began:>7.0f} |", flush=True)
        for problem in wrong[:20]:
            print(f"  {problem}", file=sys.stderr, flush=True)
        failed = failed or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
