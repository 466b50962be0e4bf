"""The comparison with other programs: what they find is judged, what they cost collected, who fails is told."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.__main__ import of_sets, of_sizes
from benchmarks.peers.corpora import of_set
from benchmarks.peers.encoders import Remembered
from benchmarks.peers.running import Bench, Setting
from benchmarks.peers.tables import recall_table, size_table
from index.errors import EncoderError
from index.minilm import MiniLM

DOCUMENTS = {
    "harbour.txt": "The harbour of Brell was dredged in 1871.\n\nIts lighthouse keeper was Ada Thorn.",
    "orchard.txt": "The orchard grows forty kinds of pear.\n\nBees are kept by Milo Renn.",
}
QUESTIONS = [
    {
        "question": "Who was the keeper of the lighthouse?",
        "answers": ["Ada Thorn"],
        "evidence": [{"doc": "harbour.txt", "text": DOCUMENTS["harbour.txt"]}],
    },
    {
        "question": "Who keeps the bees?",
        "answers": ["Milo Renn"],
        "evidence": [{"doc": "elsewhere.txt", "text": DOCUMENTS["orchard.txt"]}],  # no document that anyone is given
    },
    {"question": "Who is the mayor?", "answerable": False},
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of data sets with one small set under the name of a development set."""
    for name in ("clapnq", "squad2"):
        docs = tmp_path / "data" / name / "docs"
        docs.mkdir(parents=True)
        for file, text in DOCUMENTS.items():
            (docs / file).write_text(text, encoding="utf-8")
        lines = "\n".join(map(json.dumps, QUESTIONS))
        (docs.parent / "questions.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path / "data"


def bench(tmp_path: Path, **settings: Setting) -> Bench:
    return Bench(tmp_path / "cache", list(settings), 300, settings)


def test_each_peer_adds_and_answers_in_its_own_process_and_is_judged_alike(tmp_path: Path, data: Path) -> None:
    peers = bench(tmp_path, citewise=Setting("peer_citewise"), plain=Setting("peer_sqlite"))
    found = of_sets(peers, data, ["clapnq"], limit=100)["clapnq"]
    assert found["questions"] == 2  # what cannot be answered is not asked
    assert found["citewise"] == found["plain"] == [0.5, 0.5, 0.5]
    table = recall_table({"clapnq": found}, ["citewise", "plain"])
    assert "| clapnq | 2 | 0.500 / **0.500** / 0.500 | 0.500 / **0.500** / 0.500 |" in table


def test_a_peer_that_cannot_be_installed_or_crashes_stays_with_the_reason(tmp_path: Path, data: Path) -> None:
    (tmp_path / "broken.txt").write_text(f"nothing @ file://{tmp_path}/nothing.whl\n", encoding="utf-8")
    peers = bench(
        tmp_path,
        plain=Setting("peer_sqlite"),
        uninstallable=Setting("peer_sqlite", str(tmp_path / "broken")),
        crashing=Setting("peer_of_nobody"),
    )
    found = of_sets(peers, data, ["clapnq"], limit=100)
    table = recall_table(found, list(peers.peers))
    assert "0.500 / **0.500** / 0.500 | fails | fails |" in table
    assert "uninstallable fails: could not be installed: ERROR: " in table
    assert "nothing.whl" in table
    assert "crashing fails: ModuleNotFoundError: No module named 'benchmarks.peers.peer_of_nobody'" in table


def test_what_a_library_costs_is_collected(tmp_path: Path, data: Path) -> None:
    corpus = tmp_path / "cache" / "corpora" / "1"
    corpus.mkdir(parents=True)
    for file, text in DOCUMENTS.items():
        (corpus / file).write_text(text, encoding="utf-8")
    peers = bench(tmp_path, plain=Setting("peer_sqlite"), crashing=Setting("peer_of_nobody"))
    figures = of_sizes(peers, data, [1], encoded=1)
    costs = figures[1]["plain"]
    assert costs["pieces"] == 4
    held = next((tmp_path / "cache" / "libraries").glob("sqlite-*/held/paragraphs.db"))
    assert costs["disk MB"] == held.stat().st_size / 1e6
    assert costs["memory MB"] > 10
    assert 0 < costs["median ms"] <= costs["p95 ms"]
    table = size_table(figures, list(peers.peers))
    assert "crashing fails at 1 passages: ModuleNotFoundError" in table
    assert "| crashing | fails | fails | fails | fails |" in table


def test_a_library_that_was_made_is_asked_again_and_a_changed_corpus_makes_another(tmp_path: Path, data: Path) -> None:
    peers = bench(tmp_path, plain=Setting("peer_sqlite"))
    given = of_set(data, "clapnq", tmp_path / "cache")
    first = peers.added("plain", given, "words")
    assert peers.added("plain", given, "words") == first  # to the last digit of its seconds: it was not made again
    given.texts.write_text(json.dumps(["harbour.txt", "One paragraph."]) + "\n", encoding="utf-8")
    changed = peers.added("plain", given, "words")
    assert isinstance(changed, dict)
    assert changed["pieces"] == 1


def test_the_remembered_encoder_gives_the_encoder_s_vectors_and_runs_once(tmp_path: Path) -> None:
    texts, passages = ["One text.", "Another."], [("Title", ["One sentence.", "And one."]), ("", ["A third."])]
    encoder, alone = Remembered(tmp_path / "vectors.db"), MiniLM()
    vectors, of_sentences = alone.embed_passages(passages)
    for _ in range(2):
        np.testing.assert_allclose(encoder.embed(texts), alone.embed(texts), atol=1e-6)
        again, sentences = encoder.embed_passages(passages)
        np.testing.assert_allclose(again, vectors, atol=1e-6)
        np.testing.assert_allclose(np.concatenate(sentences), np.concatenate(of_sentences), atol=1e-6)
        encoder = Remembered(tmp_path / "vectors.db")
        encoder.folder = tmp_path  # without the network, only what is remembered can be told
    with pytest.raises(EncoderError):
        encoder.embed(["A new text."])
