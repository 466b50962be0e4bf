"""Where the data sets of the benchmarks are; they are not part of the repository."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def add_data_option(parser: ArgumentParser) -> None:
    """Add `--data`, by default CITEWISE_EVALDATA or `shared/evaldata` beside the checkout."""
    default = os.environ.get("CITEWISE_EVALDATA") or REPOSITORY.parent / "shared" / "evaldata"
    parser.add_argument("--data", type=Path, default=Path(default), help="the data sets (default: CITEWISE_EVALDATA)")


def is_there(data: Path) -> bool:
    """Tell whether the data sets are there; say on standard error what to do where they are not."""
    if not (data / "squad2" / "questions.jsonl").is_file():
        print(f"no data sets in {data}: name their folder with --data or CITEWISE_EVALDATA", file=sys.stderr)
        return False
    return True
