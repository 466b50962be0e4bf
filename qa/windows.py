"""What the reader sees of a passage at a time: the question, the passage's header and as many sentences as fit."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tokenizers import Tokenizer

from index.minilm import without_halves
from index.passages import header
from index.types import Passage, Span

QUESTION_TOKENS, HEADER_TOKENS, ABOVE_TOKENS, TEXT_TOKENS = 40, 24, 40, 180
"""Of a question, a header and what stands above, the rest is not read; a longer passage is read in several windows."""


class Window(NamedTuple):
    """Tokens to read, and for each of them where it stands in the passage's text (None: not a part of it)."""

    passage: int
    ids: list[int]
    places: list[Span | None]


def windows(
    tokenizer: Tokenizer, question: str, passages: Sequence[Passage], above: Sequence[str] = ()
) -> list[Window]:
    """Divide passages into windows of about equal length, each under the question and the passage's header.

    A window reads [CLS] question [SEP] header [SEP] sentences [SEP]; to the header belongs what is told `above` each
    passage, if anything is given. The tokenizer must add no special tokens.
    """
    opening, closing = tokenizer.encode("").ids
    asked = _ids(tokenizer, [question])[0][:QUESTION_TOKENS]
    headers = _ids(tokenizer, [header(passage) for passage in passages])
    told = _ids(tokenizer, above) if any(above) else [[]] * len(passages)
    found: list[Window] = []
    for number, (passage, named, said) in enumerate(zip(passages, headers, told, strict=True)):
        before = [opening, *asked, closing, *named[:HEADER_TOKENS], *said[:ABOVE_TOKENS], closing]
        for tokens in _parts(_sentences(tokenizer, passage)):
            ids = [*before, *(i for i, _ in tokens), closing]
            found.append(Window(number, ids, [*([None] * len(before)), *(place for _, place in tokens), None]))
    return found


def _ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return [
        found.ids
        for found in tokenizer.encode_batch([without_halves(text) for text in texts], add_special_tokens=False)
    ]


Tokens = list[tuple[int, Span]]


def _sentences(tokenizer: Tokenizer, passage: Passage) -> Iterator[Tokens]:
    """Yield each sentence's tokens with their place in the passage's text."""
    texts = [without_halves(passage.text[a:b]) for a, b in passage.sentences]
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    for (start, _), found in zip(passage.sentences, encoded, strict=True):
        places = [(start + a, start + b) for a, b in found.offsets]
        yield list(zip(found.ids, places, strict=True))[:TEXT_TOKENS]


def _parts(sentences: Iterator[Tokens]) -> list[Tokens]:
    """Join sentences into parts of at most TEXT_TOKENS, about equally long."""
    everything = [sentence for sentence in sentences if sentence]
    total = sum(map(len, everything))
    target = total / max(1, -(-total // TEXT_TOKENS))
    parts: list[Tokens] = [[]]
    for sentence in everything:
        size = len(parts[-1])
        if size and (size + len(sentence) > TEXT_TOKENS or size + len(sentence) / 2 > target):
            parts.append([])
        parts[-1] += sentence
    return [part for part in parts if part]
