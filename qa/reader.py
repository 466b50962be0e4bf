"""The reader: a small network that looks at a question and a passage together, and says where the passage answers.

It comes with citewise (`reader_model/`, see its MODEL_CARD.md) and runs offline. It has learnt English; in another
language it is not asked. What its scores count beside the search's is decided in `reading.py`.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.minilm import FOLDER as ENCODER
from index.minilm import batches, on_every_core, open_session, open_tokenizer
from index.types import Passage, Span

from .windows import Window, windows

MODEL = Path(__file__).parent / "reader_model" / "model.onnx"
LONGEST = 30
"""Tokens of the longest exact answer."""
NOTHING = -30.0
"""The score of a sentence without a token."""
_loading = threading.Lock()

Vector = NDArray[np.float32]


class _Network(NamedTuple):
    session: onnxruntime.InferenceSession
    tokenizer: Tokenizer


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of a passage for a question; scores are logits, higher is better.

    `answerable` says how surely the passage answers. Per sentence of the passage: `scores` (sentences,), how much
    better its best exact answer is than none, and `answers`, where that stands in the passage's text.
    """

    answerable: float
    scores: Vector
    answers: tuple[Span | None, ...]


def read(
    question: str, passages: Sequence[Passage], model: Path = MODEL, *, above: Sequence[str] = ()
) -> list[Reading]:
    """Read passages for a question, each with what its document's opening says `above` it, if given.

    Raise EncoderError where the model's file is missing or damaged.
    """
    network = _load(model)
    found = windows(network.tokenizer, question, passages, above)
    readings = [_unread(passage) for passage in passages]
    groups = list(batches([len(window.ids) for window in found]))
    runs = on_every_core(lambda batch: _run(network.session, [found[i].ids for i in batch]), groups)
    for batch, (starts, ends, answerable) in zip(groups, runs, strict=True):
        for row, i in enumerate(batch):
            window, size = found[i], len(found[i].ids)
            reading = _decoded(passages[window.passage], window, starts[row, :size], ends[row, :size])
            of_window = Reading(float(answerable[row]), *reading)
            readings[window.passage] = _joined(readings[window.passage], of_window)
    return readings


def load(model: Path = MODEL) -> None:
    """Load the model, which the first `read` does otherwise."""
    _load(model)


def _load(model: Path) -> _Network:
    with _loading:  # the cache alone would let two first callers load two
        return _opened(model)


@lru_cache(maxsize=2)
def _opened(model: Path) -> _Network:
    return _Network(open_session(model), open_tokenizer(ENCODER / "tokenizer.json"))


def _run(session: onnxruntime.InferenceSession, texts: Sequence[list[int]]) -> tuple[Vector, Vector, Vector]:
    """Run one batch: start and end logits (texts, tokens), answerable (texts,)."""
    ids = np.zeros((len(texts), max(map(len, texts))), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(texts):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    spans, answerable = session.run(["spans", "answerable"], {"input_ids": ids, "attention_mask": mask})
    spans = np.asarray(spans, np.float32)
    return spans[:, :, 0], spans[:, :, 1], np.asarray(answerable, np.float32)[:, 0]


def _unread(passage: Passage) -> Reading:
    size = len(passage.sentences)
    return Reading(NOTHING, np.full(size, NOTHING, np.float32), (None,) * size)


def _joined(one: Reading, other: Reading) -> Reading:
    """Return the better of two windows' readings, for the passage and for each sentence."""
    better = other.scores > one.scores
    answers = tuple(b if is_better else a for a, b, is_better in zip(one.answers, other.answers, better, strict=True))
    return Reading(max(one.answerable, other.answerable), np.maximum(one.scores, other.scores), answers)


def _decoded(passage: Passage, window: Window, start: Vector, end: Vector) -> tuple[Vector, tuple[Span | None, ...]]:
    """Return each sentence's best exact answer, the score over "none here" and the place."""
    none = start[0] + end[0]
    scores = np.full(len(passage.sentences), NOTHING, np.float32)
    answers: list[Span | None] = [None] * len(passage.sentences)
    for number, first, last in _runs(passage, window):
        pairs = start[first:last, None] + end[None, first:last]
        size = last - first
        away = np.arange(size)[None, :] - np.arange(size)[:, None]
        pairs[(away < 0) | (away >= LONGEST)] = -np.inf
        at, to = divmod(int(pairs.argmax()), size)
        opening, closing = window.places[first + at], window.places[first + to]
        if opening and closing and opening[0] < closing[1]:
            scores[number] = pairs[at, to] - none
            answers[number] = opening[0], closing[1]
    return scores, tuple(answers)


def _runs(passage: Passage, window: Window) -> list[tuple[int, int, int]]:
    """Return, for each sentence in the window, its number and its first and last token, end exclusive."""
    runs: list[tuple[int, int, int]] = []
    number = 0
    for i, place in enumerate(window.places):
        if place is None:
            continue
        while number < len(passage.sentences) - 1 and place[0] >= passage.sentences[number][1]:
            number += 1
        if runs and runs[-1][0] == number:
            runs[-1] = number, runs[-1][1], i + 1
        else:
            runs.append((number, i, i + 1))
    return runs
