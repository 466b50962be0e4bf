"""How much of two texts is the same, and whether that makes them versions of one document. Pure functions.

A fixed number of least hashes stands for the runs of words of a text of any length (MinHash). A changed figure costs
one run more than a run is long, a moved paragraph next to nothing. A print is made as the passages go by, in bounded
memory.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from .words import WIDE, is_common

SIZE = 256
"""Hashes of a text; the share of two texts that they tell is off by about 3 of 100."""
FIGURES = 64
"""Hashes of its runs with a figure in them."""
RUN = 3
FEWEST = 8
"""Runs under which a text is too short for what it shares with another to mean anything."""
BANDS = 32
SAME, SAME_BY_NAME = 0.75, 0.5
"""How much of two versions is the same, at least, and where their names say that they are versions."""
MANY = 24
"""Runs with figures from which on most of them must be the same, too: two quarters' reports share the words alone."""
_PIECE = 10_000
_ROWS = 2  # hashes of a band: of texts that share half of their runs all but one in 10,000 pairs agree in a band
_NAMES, _LEADING, _PRUNED = 64, 10, 20_000
_WORD = re.compile(rf"[{WIDE}]|[^\W{WIDE}]+")
_NAME = re.compile(r"\b(?![a-z])[^\W\d_]{3,}\b")  # or a word in another script's small letters
_MONTHS = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug"
    " sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday".split()
)
_VERSION = re.compile(
    r"\b(?:v|ver|version|rev|revision|r|final|draft|copy|kopie|copie|copia|old|new|latest|current|updated?|revised"
    r"|approved|signed|clean)\b"
)
_PERIOD = re.compile(rf"\d+|\b(?:q|h|fy|{'|'.join(sorted(_MONTHS))})\b")

Hashes = NDArray[np.uint64]
Print = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a text is known by.

    `words` (SIZE,) and `figures` (FIGURES,) hold the least of each of as many hash functions, over its runs and over
    its `figured` runs with figures. `names` are its capitalised words, the most frequent first, `leading` those of them
    that stand for its subject.
    """

    words: Print
    figures: Print
    figured: int
    names: tuple[str, ...]
    leading: tuple[str, ...]


def likeness(texts: Iterable[str]) -> Likeness | None:
    """Return what a text is known by that is given in pieces, or None where it is too short to be compared."""
    words, figures = _none(SIZE), _none(FIGURES)
    names = Counter[str]()
    held: list[str] = []
    runs = figured = 0
    for text in _together(texts):
        names.update(name for name in _NAME.findall(text) if _is_name(name))
        if len(names) > _PRUNED:
            names = Counter(dict(names.most_common(_PRUNED // 2)))
        found = [*held, *_WORD.findall(text.lower())]
        held = found[max(0, len(found) - RUN + 1) :]
        hashes, with_figures = _runs(found)
        runs, figured = runs + len(hashes), figured + len(with_figures)
        words, figures = _least(words, hashes), _least(figures, with_figures)
    if runs < FEWEST:
        return None
    often = names.most_common(_NAMES)
    leading = tuple(name for name, times in often[:_LEADING] if times > 1)
    return Likeness(words, figures, figured, tuple(name for name, _ in often), leading)


def _together(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts put together to some thousand characters each, which take less time than many short ones."""
    held, length = list[str](), 0
    for text in texts:
        held.append(text)
        length += len(text)
        if length >= _PIECE:
            yield "\n".join(held)
            held, length = [], 0
    if held:
        yield "\n".join(held)


def are_versions(one: Likeness, other: Likeness, names: tuple[str, str]) -> float:
    """Return how much of two texts is the same where they are versions of one document, else 0; `names` are theirs."""
    same = same_share(one.words, other.words)
    named = bool(stem(names[0])) and stem(names[0]) == stem(names[1])
    if same < (SAME_BY_NAME if named else SAME):
        return 0.0
    if min(one.figured, other.figured) >= MANY and same_share(one.figures, other.figures) < 0.5:
        return 0.0
    numbered = named and any(_VERSION.search(_plain(name)) for name in names)
    return same if numbered or not _other_subjects(one, other) else 0.0


def same_share(one: Print, other: Print) -> float:
    """Return how much of two texts is the same, from 0 to 1: what they share, of their mean length."""
    alike = float(np.mean(one == other))
    return 2 * alike / (1 + alike)


def stem(source: str) -> str:
    """Return a document's name without what tells its versions apart: numbers, dates, "final", "copy", "(1)"."""
    return " ".join(_PERIOD.sub(" ", _VERSION.sub(" ", _plain(source))).split())


def _plain(source: str) -> str:
    """Return the words of a file's name; letters and figures that touch are words of their own."""
    name = source.replace("\\", "/").rpartition("/")[2].lower().removesuffix(" (uploaded)")
    name = re.sub(r"\.[a-z0-9]{1,8}$", "", name).removeprefix("copy of ")
    return re.sub(r"[\W_]+|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)", " ", name)


def bands(print_: Print) -> list[int]:
    """Return numbers of which two texts that have much in common most likely share one, and others don't."""
    pairs = print_[: BANDS * _ROWS].reshape(BANDS, _ROWS).astype(np.uint64)
    folded = _mixed((pairs[:, 0] << np.uint64(32) | pairs[:, 1]) + np.arange(BANDS, dtype=np.uint64))
    return [int(value) for value in folded.view(np.int64)]


def _is_name(word: str) -> bool:
    return word[0].isupper() and word.lower() not in _MONTHS and not is_common(word.lower())


def _other_subjects(one: Likeness, other: Likeness) -> bool:
    """Tell whether each text goes on about somebody whom the other doesn't know: two companies, two people."""
    return not set(one.leading) <= set(other.names) and not set(other.leading) <= set(one.names)


def _none(size: int) -> Print:
    return np.full(size, np.iinfo(np.uint32).max, np.uint32)


def _runs(words: list[str]) -> tuple[Hashes, Hashes]:
    """Return the hashes of the runs of words, each once, and of those with a figure in them."""
    count = max(0, len(words) - RUN + 1)
    hashes = np.fromiter(map(_hash, words), np.uint64, len(words))
    digits = np.array([word[0].isdigit() for word in words], bool)
    folded, figured = np.zeros(count, np.uint64), np.zeros(count, bool)
    for at in range(RUN):
        folded = _mixed(folded + hashes[at : at + count])
        figured |= digits[at : at + count]
    return np.unique(folded), np.unique(folded[figured])


def _least(print_: Print, hashes: Hashes) -> Print:
    """Return a print with more hashes in it, which are well mixed: a factor makes another hash function of them."""
    for first in range(0, len(hashes), _AT_ONCE):
        some = hashes[first : first + _AT_ONCE, None] * _FACTORS[: len(print_)]
        print_ = np.minimum(print_, (some >> np.uint64(32)).min(axis=0).astype(np.uint32))
    return print_


def _mixed(values: Hashes) -> Hashes:
    """Return well mixed bits (splitmix64)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@lru_cache(maxsize=100_000)
def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


_AT_ONCE = 128  # whose products a processor's own cache holds
_FACTORS = _mixed(np.arange(SIZE, dtype=np.uint64)) | np.uint64(1)
