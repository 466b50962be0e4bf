"""Make the reader's file, `qa/reader_model/model.onnx`, from the weights that `training/train_reader.py` learnt.

    python -m training.export_reader reader.safetensors --examples examples

Of several files of weights the mean is taken, which tells more than each: they err apart.
The network is written down and quantised as the encoder is (`training/export_encoder.py`); the ranges of what goes into
its linear layers are measured on a few hundred examples.
"""

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
from safetensors.numpy import load_file

from index.minilm import FOLDER, open_tokenizer
from qa.reader import MODEL
from qa.windows import windows
from training.export_encoder import build, measure, sha256
from training.train_reader import passage_of

MEASURED = 400


def main() -> None:
    """Write the file and print its hash for the model card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, nargs="+")
    parser.add_argument("--examples", type=Path, default=Path("examples"))
    parser.add_argument("--out", type=Path, default=MODEL)
    parser.add_argument("--float", type=Path, dest="unquantised", help="also write the float32 network here")
    options = parser.parse_args()
    learnt = [load_file(path) for path in options.weights]
    weights = {name: sum(each[name] for each in learnt) / np.float32(len(learnt)) for name in learnt[0]}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(build(weights, measure(weights, _sample(options.examples / "pass0.jsonl"))), options.out)
    if options.unquantised:
        onnx.save(build(weights), options.unquantised)
    print(f"{sha256(options.out)}  {options.out.name}  {options.out.stat().st_size / 1e6:.1f} MB")


def _sample(path: Path) -> Iterator[list[int]]:
    tokenizer = open_tokenizer(FOLDER / "tokenizer.json")
    with path.open(encoding="utf-8") as lines:
        for line in islice(lines, MEASURED):
            record = json.loads(line)
            yield from (window.ids for window in windows(tokenizer, record["question"], [passage_of(record)]))


if __name__ == "__main__":
    main()
