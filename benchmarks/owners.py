"""What it costs that uploads are their owner's alone: both searches of a library with and without private passages.

Prints milliseconds in the median for somebody who owns nothing, where no passage is private, where a tenth is, and
where nine tenths are, spread over fifty people.
"""

import statistics
import tempfile
import time
from collections.abc import Callable

import numpy as np

from index.index import Index
from index.keywords import Keywords
from index.owners import owned
from index.rows import Row
from index.types import Passage

PASSAGES, PEOPLE, IN_DOCUMENT, ASKED = 10_000, 50, 20, 40
WORDS = [f"word{n}" for n in range(3_000)]


def main() -> None:
    """Print a table."""
    print("| private | by meaning, ms | by words, ms | counting, ms |\n| ---: | ---: | ---: | ---: |")
    for share in (0.0, 0.1, 0.9):
        with tempfile.TemporaryDirectory() as folder, Index(folder) as index:
            fill(index, share)
            print(f"| {share:.1f} | " + " | ".join(f"{ms:.1f}" for ms in measured(index.seen_by("stranger"))) + " |")


def fill(index: Index, share: float) -> None:
    """Put passages of random words and vectors into the two searches, past the readers and the encoder."""
    rng = np.random.default_rng(0)
    documents: list[tuple[str, list[Passage]]] = []
    for number in range(PASSAGES // IN_DOCUMENT):
        owner = f"person{number % PEOPLE}" if rng.random() < share else ""
        identity = owned(f"{number:016x}", owner)
        texts = [" ".join(rng.choice(WORDS, 40)) for _ in range(IN_DOCUMENT)]
        passages = [
            Passage(f"{identity}.{0:012x}.{n:06d}", "s", text, 0, len(text), None, "") for n, text in enumerate(texts)
        ]
        vectors = rng.normal(size=(IN_DOCUMENT, index.encoder.dimension)).astype(np.float32)
        index._store.view.shelf.put([Row(passage, "", "") for passage in passages], vectors)
        documents.append((identity, passages))
    index._mirrors.keywords.apply(documents, 1)


def measured(index: Index) -> list[float]:
    """Return the milliseconds of a search by meaning, of one by words, and of counting what may be seen."""
    rng = np.random.default_rng(1)
    view, keywords = index._store.view, index._mirrors.keywords
    assert isinstance(keywords, Keywords)
    vectors = rng.normal(size=(ASKED, index.encoder.dimension)).astype(np.float32)
    queries = [list(rng.choice(WORDS, 6)) for _ in range(ASKED)]
    return [
        _median([lambda v=vector: index._searcher.nearest(view, v, 100, None) for vector in vectors]),
        _median([lambda q=query: index._searcher.with_words(q, 100, None) for query in queries]),
        _median([lambda: keywords.passages("stranger")] * ASKED),
    ]


def _median(runs: list[Callable[[], object]]) -> float:
    took: list[float] = []
    for run in runs:
        began = time.perf_counter()
        run()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
