"""Train the reader: from the published all-MiniLM-L6-v2, on the examples that `training/reader_data.py` made.

    python -m training.train_reader --examples examples --start unpacked/.../model.safetensors --out reader.safetensors

A checkpoint is written every few minutes; the same command goes on from it. The rate rises over the first steps, stays,
and falls to nothing over the last third. On 2 cores a pass of 29,300 examples takes 15 minutes. Printed at the end are
figures on documents kept apart.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from index.types import Passage
from qa.windows import windows
from training.reader_network import ReaderNetwork, load

BATCH_TOKENS, POOL = 4096, 2048  # tokens of a step, padding included; examples sorted by length at a time
RATE, WARM, FALL = 1.5e-4, 200, 0.3  # peak rate, steps to reach it, share of the steps in which it falls
DECAY, CLIP = 0.01, 1.0
SAVE_SECONDS, SHOW = 240, 50
ANSWERABLE = 0.5  # what the answerable loss counts beside the span's


@dataclass(frozen=True, slots=True)
class Item:
    """A window as numbers: its tokens, and the tokens at which answers start and end (0: no answer)."""

    ids: list[int]
    starts: list[int]
    ends: list[int]


def main() -> None:
    """Train, or go on from a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=Path, default=Path("examples"))
    parser.add_argument("--start", type=Path, required=True, help="weights to begin with (safetensors)")
    parser.add_argument("--out", type=Path, default=Path("reader.safetensors"))
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--until", type=float, help="hours after which to let the rate fall, finished or not")
    options = parser.parse_args()
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = Tokenizer.from_file("index/encoder/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    steps = [
        step for n in range(options.passes) for step in _batches(options.examples / f"pass{n}.jsonl", tokenizer, n)
    ]
    network = load(options.start).to(device)
    optimiser = torch.optim.AdamW(_groups(network), lr=options.rate)
    done = _resume(options.out, network, optimiser)
    print(f"{len(steps)} steps, {done} done, {sum(len(s) for s in steps)} windows, on {device}", flush=True)
    _train(network, optimiser, steps, done, options, device)
    save_file({n: t.cpu() for n, t in network.tensors().items()}, options.out)
    _show_apart(network, options.examples / "apart.jsonl", tokenizer, device)


def _train(
    network: ReaderNetwork,
    optimiser: torch.optim.Optimizer,
    steps: Sequence[list[Item]],
    done: int,
    options: argparse.Namespace,
    device: torch.device,
) -> None:
    began = saved = time.monotonic()
    losses: list[float] = []
    last = len(steps)
    first = done
    for number in range(done, len(steps)):
        hours = (time.monotonic() - began) / 3600
        if options.until and number > first and last == len(steps):  # what is left of the time, as steps
            left = int((options.until - hours) * (number - first) / hours)
            if left <= FALL * (number + left):
                last = min(last, number + left)
                print(f"falling: {number} of {last} steps", flush=True)
        if number >= last:
            break
        rate = options.rate * min(1.0, (number + 1) / WARM, (last - number) / max(1.0, FALL * last))
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = _loss(network, steps[number], device)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss))
        if (number + 1) % SHOW == 0:
            print(f"{number + 1} loss {np.mean(losses[-SHOW:]):.3f} rate {rate:.1e} {hours * 60:.1f} min", flush=True)
        if time.monotonic() - saved > SAVE_SECONDS:
            saved = time.monotonic()
            _save(options.out, network, optimiser, number + 1)


def _groups(network: ReaderNetwork) -> list[dict[str, object]]:
    learnt = [p for p in network.parameters() if p.requires_grad]
    matrices, vectors = [p for p in learnt if p.ndim > 1], [p for p in learnt if p.ndim == 1]
    return [{"params": matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}]


def _loss(network: ReaderNetwork, items: Sequence[Item], device: torch.device) -> Tensor:
    """Return the loss of a batch: the share of start and end that falls on accepted places, and the answerable one."""
    ids, mask, starts, ends = (tensor.to(device) for tensor in _tensors(items))
    with torch.autocast(device.type, dtype=torch.bfloat16):
        start, end, answerable = network(ids, mask)
    lost = [
        torch.logsumexp(logits, 1) - torch.logsumexp(logits.masked_fill(~right, -1e4), 1)
        for logits, right in ((start, starts), (end, ends))
    ]
    wanted = (~starts[:, 0]).float()
    return sum(lost).mean() / 2 + ANSWERABLE * functional.binary_cross_entropy_with_logits(answerable, wanted)


def _tensors(items: Sequence[Item]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    tokens = max(len(item.ids) for item in items)
    ids = torch.zeros(len(items), tokens, dtype=torch.long)
    mask, starts, ends = (torch.zeros(len(items), tokens, dtype=torch.bool) for _ in range(3))
    for row, item in enumerate(items):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = True
        starts[row, item.starts] = True
        ends[row, item.ends] = True
    return ids, mask, starts, ends


def _batches(path: Path, tokenizer: Tokenizer, seed: int) -> Iterator[list[Item]]:
    """Yield the steps of a pass: windows of about the same length, in no order."""
    chance = random.Random(seed)
    items = [item for items in _items(path, tokenizer) if items for item in _some(items, chance)]
    for first in range(0, len(items), POOL):
        pool = sorted(items[first : first + POOL], key=lambda item: len(item.ids))
        batches: list[list[Item]] = [[]]
        for item in pool:
            if len(item.ids) * (len(batches[-1]) + 1) > BATCH_TOKENS:
                batches.append([])
            batches[-1].append(item)
        chance.shuffle(batches)
        yield from batches


def _some(items: Sequence[Item], chance: random.Random) -> list[Item]:
    """Return the windows with the answer, else one: a passage's other windows would outnumber them."""
    return [item for item in items if item.starts != [0]] or [chance.choice(items)]


def _items(path: Path, tokenizer: Tokenizer) -> Iterator[list[Item]]:
    """Yield each example's windows."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            found = windows(tokenizer, record["question"], [passage_of(record)])
            yield [_item(window.ids, window.places, record["spans"]) for window in found]


def passage_of(record: dict[str, object]) -> Passage:
    """Return the passage of a line of examples."""
    text = str(record["text"])
    spans = tuple((a, b) for a, b in record["sentences"])
    return Passage("", "", text, 0, len(text), None, str(record["heading"]), str(record["title"]), spans)


def _item(ids: list[int], places: Sequence[tuple[int, int] | None], spans: Sequence[tuple[int, int]]) -> Item:
    starts, ends = list[int](), list[int]()
    for a, b in spans:
        inside = [
            i for i, place in enumerate(places) if place and place[0] < b and place[1] > a and place[0] < place[1]
        ]
        if inside and places[inside[0]][0] <= a and places[inside[-1]][1] >= b:
            starts.append(inside[0])
            ends.append(inside[-1])
    return Item(ids, starts or [0], ends or [0])


def _resume(out: Path, network: ReaderNetwork, optimiser: torch.optim.Optimizer) -> int:
    checkpoint = out.with_suffix(".checkpoint")
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def _save(out: Path, network: ReaderNetwork, optimiser: torch.optim.Optimizer, step: int) -> None:
    state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
    torch.save(state, out.with_suffix(".new"))
    out.with_suffix(".new").replace(out.with_suffix(".checkpoint"))


@torch.inference_mode()
def _show_apart(network: ReaderNetwork, path: Path, tokenizer: Tokenizer, device: torch.device) -> None:
    """Print, for each kind kept apart: start and end right, given the window, and AUROC of the answerable output."""
    network.eval()
    by_kind: dict[str, list[Item]] = {}
    with path.open(encoding="utf-8") as lines:
        kinds = [json.loads(line)["kind"] for line in lines]
    for kind, items in zip(kinds, _items(path, tokenizer), strict=True):
        by_kind.setdefault(kind, []).extend(items)
    for kind, items in by_kind.items():
        items = random.Random(0).sample(items, min(1000, len(items)))
        right, yes, no = list[bool](), list[float](), list[float]()
        for first in range(0, len(items), 16):
            some = items[first : first + 16]
            ids, mask, starts, ends = (tensor.to(device) for tensor in _tensors(some))
            start, end, answerable = network(ids, mask)
            start[:, 0] = end[:, 0] = -1e4
            for row, item in enumerate(some):
                holds = item.starts != [0]
                (yes if holds else no).append(float(answerable[row]))
                if holds:
                    right.append(bool(starts[row, start[row].argmax()] and ends[row, end[row].argmax()]))
        auroc = np.mean([[a > b for b in no] for a in yes]) if yes and no else float("nan")
        print(f"{kind}: span exact {np.mean(right):.3f} of {len(right)}, answerable AUROC {auroc:.3f}", flush=True)


if __name__ == "__main__":
    main()
