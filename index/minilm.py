"""Turn text into vectors with the encoder that comes with citewise; its files are in `encoder/`.

The network (all-MiniLM-L6-v2 in int8, see `encoder/MODEL_CARD.md`) gives one vector per token. Here texts
become tokens, tokens become batches, and the vectors of a text are averaged and scaled to length 1, so that a
dot product is the cosine. A text's vector does not depend on the texts it is embedded with.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .errors import EncoderError

FOLDER = Path(__file__).parent / "encoder"
BATCH_TOKENS = 512  # in one run, padding included: what a processor's own cache holds
HEADER_TOKENS = 48  # of a passage's title and heading, what is read with it
WINDOW = 128  # texts tokenised and sorted at a time, while those before them are in the network
_AHEAD = 3  # batches for each processor that wait for it

Vectors = NDArray[np.float32]
T = TypeVar("T")
R = TypeVar("R")
_loading = threading.Lock()


class Model(NamedTuple):
    """Hold the network, its tokenizer and the tokens that open and close a text."""

    session: onnxruntime.InferenceSession
    tokenizer: Tokenizer
    opening: int
    closing: int


class Window(NamedTuple):
    """Hold a part of a passage that goes through the network at once: tokens of its header and sentences."""

    passage: int
    tokens: list[int]
    sentences: list[tuple[int, tuple[int, int]]]  # number in the passage, and the tokens' place in the output
    last: bool


class MiniLM:
    """Embed text offline, from any thread; encoders of one folder share one model."""

    model_name = "all-MiniLM-L6-v2-int8"
    dimension = 384
    multilingual = False
    max_tokens = 256  # the two special tokens included; of a longer text the rest is not seen

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Embed texts as unit vectors, (len(texts), 384); call `progress` with the number done so far."""
        model = load_model(self.folder)
        vectors = np.empty((len(texts), self.dimension), np.float32)
        done = 0
        for places, found in on_every_core(lambda batch: _embed_texts(model, batch), self._batches(model, texts)):
            vectors[places] = found
            done += len(places)
            if progress:
                progress(done)
        return vectors

    def _batches(self, model: Model, texts: Sequence[str]) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Yield the places of some texts, and their tokens."""
        for start in range(0, len(texts), WINDOW):
            tokens = [ids[: self.max_tokens - 2] for ids in _tokenise(model, texts[start : start + WINDOW])]
            for batch in batches([len(ids) + 2 for ids in tokens]):
                yield [start + i for i in batch], [tokens[i] for i in batch]

    def embed_question(self, text: str) -> Vectors:
        """Embed one text as a unit vector (384,)."""
        return self.embed([text])[0]

    def embed_passages(
        self, passages: Sequence[tuple[str, Sequence[str]]], progress: Callable[[int], None] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Embed passages given as (header, sentences): unit vectors (len(passages), 384), and for each
        passage those of its sentences in their context (sentences, 384), from the same run; call `progress`
        with the passages done.

        A passage longer than the network reads goes through in windows, each under its header; the vector is
        their mean.
        """
        model = load_model(self.folder)
        vectors = np.zeros((len(passages), self.dimension), np.float32)
        of_sentences = [np.zeros((len(sentences), self.dimension), np.float32) for _, sentences in passages]
        done = 0
        for embedded in on_every_core(lambda batch: _embed_windows(model, batch), _window_batches(model, passages)):
            for window, pooled, means in embedded:
                vectors[window.passage] += pooled
                for (sentence, _), mean in zip(window.sentences, means, strict=True):
                    of_sentences[window.passage][sentence] = mean
            done += sum(window.last for window, _, _ in embedded)
            if progress:
                progress(done)
        return _unit(vectors), [_unit(found) for found in of_sentences]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, without special tokens and without a limit."""
        model = load_model(self.folder)
        windows = (texts[start : start + WINDOW] for start in range(0, len(texts), WINDOW))
        return [len(ids) for window in windows for ids in _tokenise(model, window)]


def load_model(folder: Path) -> Model:
    """Return the model of a folder, loaded once; raise EncoderError where that fails."""
    with _loading:  # the cache alone would let two first callers load two
        return _load(folder)


@lru_cache(maxsize=2)
def _load(folder: Path) -> Model:
    session, tokenizer = open_session(folder / "model.onnx"), open_tokenizer(folder / "tokenizer.json")
    opening, closing = tokenizer.encode("").ids
    return Model(session, tokenizer, opening, closing)


def open_session(file: Path) -> onnxruntime.InferenceSession:
    """Open a network that comes with citewise; raise EncoderError where its file is missing or damaged."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # several runs at once keep every core busier than several threads in one run,
    # which wait for the slowest of them again and again: on_every_core
    options.log_severity_level = 4  # errors are raised; logging them too would only repeat them
    return _opened(file, lambda: onnxruntime.InferenceSession(file, options, ["CPUExecutionProvider"]))


def open_tokenizer(file: Path) -> Tokenizer:
    """Open a tokenizer that comes with citewise, set neither to pad nor to cut; raise EncoderError as above."""
    tokenizer = _opened(file, lambda: Tokenizer.from_file(str(file)))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _opened(file: Path, opening: Callable[[], T]) -> T:
    if not file.is_file():
        raise EncoderError(f"citewise's file {file} is missing: install citewise again")
    try:
        return opening()
    except Exception as error:  # both libraries raise plain Exception
        raise EncoderError(f"citewise's file {file} is damaged ({error}): install citewise again") from error


def cores() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_every_core(work: Callable[[T], R], items: Iterable[T]) -> Generator[R]:
    """Do `work` for every item, as many at once as there are processors; yield what comes of each, in order.

    The caller makes the next items meanwhile, a few ahead.
    """
    items = iter(items)
    first = list(islice(items, 2))
    if len(first) < 2 or cores() < 2:
        yield from map(work, chain(first, items))
        return
    with ThreadPoolExecutor(cores(), "citewise-encoder") as pool:
        begun: deque[Future[R]] = deque()
        try:
            for item in chain(first, items):
                begun.append(pool.submit(work, item))
                if len(begun) > _AHEAD * cores():
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)  # the caller may have gone


def _tokenise(model: Model, texts: Sequence[str]) -> list[list[int]]:
    readable = list(map(without_halves, texts))
    return [found.ids for found in model.tokenizer.encode_batch_fast(readable, add_special_tokens=False)]


def without_halves(text: str) -> str:
    """Replace half a surrogate pair, as broken PDFs hold, which is no character to a tokenizer; offsets stay."""
    return text.encode("utf-8", "replace").decode("utf-8")


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group positions by length so that the padded tokens of a group stay within BATCH_TOKENS."""
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[position] * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _window_batches(model: Model, passages: Sequence[tuple[str, Sequence[str]]]) -> Iterator[list[Window]]:
    for start in range(0, len(passages), WINDOW):
        windows = _windows(model, passages[start : start + WINDOW], start)
        for batch in batches([len(window.tokens) + 2 for window in windows]):
            yield [windows[i] for i in batch]


def _windows(model: Model, passages: Sequence[tuple[str, Sequence[str]]], first: int) -> list[Window]:
    """Divide passages, numbered from `first`, into windows that the network can read whole."""
    headers = _tokenise(model, [header for header, _ in passages])
    tokens = iter(_tokenise(model, [sentence for _, sentences in passages for sentence in sentences]))
    windows: list[Window] = []
    for number, (header, (_, sentences)) in enumerate(zip(headers, passages, strict=True), start=first):
        opening = header[:HEADER_TOKENS]
        room = MiniLM.max_tokens - 2 - len(opening)
        parts = _parts([next(tokens)[:room] for _ in sentences], room)
        for place, part in enumerate(parts):
            windows.append(_window(number, opening, part, place == len(parts) - 1))
    return windows


def _parts(sentences: list[list[int]], room: int) -> list[list[tuple[int, list[int]]]]:
    """Divide numbered sentences into parts of about equal length that fit in `room` tokens."""
    total = sum(map(len, sentences))
    target = total / max(1, -(-total // room))
    parts: list[list[tuple[int, list[int]]]] = [[]]
    size = 0
    for number, sentence in enumerate(sentences):
        if parts[-1] and (size + len(sentence) > room or size + len(sentence) / 2 > target):
            parts.append([])
            size = 0
        parts[-1].append((number, sentence))
        size += len(sentence)
    return parts


def _window(passage: int, opening: list[int], part: list[tuple[int, list[int]]], last: bool) -> Window:
    tokens, places = list(opening), list[tuple[int, tuple[int, int]]]()
    for number, sentence in part:
        start = len(tokens) + 1  # in the output, where the opening token comes first
        tokens += sentence
        if sentence:
            places.append((number, (start, start + len(sentence))))
    return Window(passage, tokens, places, last)


def _embed_windows(model: Model, windows: Sequence[Window]) -> list[tuple[Window, Vectors, list[Vectors]]]:
    """Run one batch: each window with its unit vector (384,), and the mean of each sentence's tokens (384,)."""
    hidden, mask = _run(model, [window.tokens for window in windows])
    return [
        (window, pooled, [tokens[a:b].mean(axis=0) for _, (a, b) in window.sentences])
        for window, tokens, pooled in zip(windows, hidden, _pooled(hidden, mask), strict=True)
    ]


def _embed_texts(model: Model, batch: tuple[list[int], list[list[int]]]) -> tuple[list[int], Vectors]:
    """Run one batch: the places of its texts, and their unit vectors (texts, 384)."""
    places, tokens = batch
    return places, _pooled(*_run(model, tokens))


def _run(model: Model, texts: list[list[int]]) -> tuple[Vectors, Vectors]:
    """Run one batch: (texts, tokens) to the tokens' vectors (texts, tokens + 2, 384), and their mask."""
    ids = np.zeros((len(texts), max(map(len, texts)) + 2), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(texts):
        ids[row, : len(tokens) + 2] = [model.opening, *tokens, model.closing]
        mask[row, : len(tokens) + 2] = 1
    output = model.session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": mask})[0]
    return np.asarray(output, np.float32), mask.astype(np.float32)


def _pooled(hidden: Vectors, mask: Vectors) -> Vectors:
    """Return the unit vector (texts, 384) of the mean of each text's tokens."""
    return _unit((mask[:, None, :] @ hidden)[:, 0])


def _unit(vectors: Vectors) -> Vectors:
    """Scale vectors to length 1; what is zero stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
