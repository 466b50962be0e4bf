"""The bundled encoder: its vectors, its token counts and its files, with the real model."""

import asyncio
import hashlib
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from index.embedding import BundledEncoder
from index.errors import EncoderError
from index.minilm import FOLDER, MiniLM, cores, load_model, on_every_core

TREATY = "The treaty was signed in Vienna on 9 June 1815."
PARAPHRASE = "In June 1815 the agreement was concluded in the Austrian capital."
UNRELATED = "Photosynthesis turns light into chemical energy."
QUESTION = "When was the treaty signed?"

# What the published float32 model gives, computed with the package transformers.
FLOAT_START = [-0.0136, 0.0362, 0.0372, 0.0257, 0.0572, 0.0239, -0.0337, 0.1221]  # of TREATY's vector
FLOAT_COSINES = [0.766, 0.010, 0.645]  # of TREATY with PARAPHRASE, UNRELATED and QUESTION


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return MiniLM()


def mixed_texts(count: int) -> list[str]:
    """Texts of very different lengths, in no order."""
    return [f"Report {n}: " + "water rises in the northern valley " * (n * 7 % 11) for n in range(count)]


def test_vectors_are_unit_float32_rows(encoder: MiniLM) -> None:
    vectors = encoder.embed([TREATY, UNRELATED])
    assert vectors.shape == (2, encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_vectors_are_those_of_the_published_model(encoder: MiniLM) -> None:
    vectors = encoder.embed([TREATY, PARAPHRASE, UNRELATED, QUESTION])
    np.testing.assert_allclose(vectors[0, :8], FLOAT_START, atol=0.01)
    np.testing.assert_allclose(vectors[1:] @ vectors[0], FLOAT_COSINES, atol=0.03)


def test_a_paraphrase_is_nearer_than_another_subject(encoder: MiniLM) -> None:
    treaty, paraphrase, unrelated = encoder.embed([TREATY, PARAPHRASE, UNRELATED])
    assert treaty @ paraphrase > treaty @ unrelated + 0.5


def test_a_text_has_one_vector_whatever_it_is_embedded_with(encoder: MiniLM) -> None:
    texts = mixed_texts(40)
    together = encoder.embed(texts)
    alone = np.concatenate([encoder.embed([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=2e-3)


def test_the_same_texts_give_the_same_vectors(encoder: MiniLM) -> None:
    assert (encoder.embed(mixed_texts(20)) == encoder.embed(mixed_texts(20))).all()


def test_vectors_come_in_the_order_of_the_texts_across_windows(encoder: MiniLM) -> None:
    texts = [f"{n % 7} apples" for n in range(1500)]
    vectors = encoder.embed(texts)
    for n in range(7):
        np.testing.assert_allclose(vectors[n::7], np.tile(vectors[n], (len(texts[n::7]), 1)), atol=2e-3)
    assert (np.abs(vectors[:7, None] - vectors[None, :7]).max(axis=2) + np.eye(7) > 0.01).all()


def test_progress_counts_up_to_the_number_of_texts(encoder: MiniLM) -> None:
    seen: list[int] = []
    encoder.embed(mixed_texts(50), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 50


def test_nothing_to_embed_gives_no_rows(encoder: MiniLM) -> None:
    assert encoder.embed([]).shape == (0, encoder.dimension)
    assert encoder.count_tokens([]) == []
    assert BundledEncoder().get_text_embedding_batch([]) == []


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00", "half a pair: \ud800", "🙂" * 3, "水が上がる"])
def test_any_string_has_a_unit_vector(encoder: MiniLM, text: str) -> None:
    assert np.linalg.norm(encoder.embed([text])) == pytest.approx(1, abs=1e-5)
    assert encoder.count_tokens([text])[0] >= 0


def test_only_the_first_256_tokens_of_a_text_are_read(encoder: MiniLM) -> None:
    start = "river " * (encoder.max_tokens - 2)
    first, same, shorter = encoder.embed([start, start + "castle " * 5000, "river " * 100 + "castle " * 100])
    np.testing.assert_allclose(first, same, atol=2e-3)
    assert first @ shorter < 0.98


def test_tokens_are_counted_without_special_ones_and_without_a_limit(encoder: MiniLM) -> None:
    texts = ["", "hi there", "word " * 3000, "unbelievably"]
    counts = encoder.count_tokens(texts)
    assert counts[:3] == [0, 2, 3000]
    assert 1 <= counts[3] <= 5
    assert counts == [encoder.count_tokens([text])[0] for text in texts]


def test_threads_share_an_encoder(encoder: MiniLM) -> None:
    texts = mixed_texts(24)
    expected = encoder.embed(texts)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda text: encoder.embed([text])[0], texts))
    np.testing.assert_allclose(np.array(found), expected, atol=2e-3)


def test_threads_that_ask_first_load_one_model(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "encoder")
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(load_model, [tmp_path / "encoder"] * 4))
    assert all(model is models[0] for model in models)


def test_as_many_runs_go_on_at_once_as_there_are_processors() -> None:
    together = Barrier(cores())

    def work(number: int) -> int:
        together.wait(10)  # breaks where fewer come
        return number * number

    assert list(on_every_core(work, range(3 * cores()))) == [n * n for n in range(3 * cores())]


def test_items_are_made_a_few_ahead_and_no_more() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    done = on_every_core(lambda number: number, items())
    assert [next(done), next(done)] == [0, 1]
    assert len(made) < 10 * cores() + 10


def test_what_goes_wrong_in_a_run_is_raised_and_ends_the_others() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 5:
            raise ValueError("the sixth")
        return number

    with pytest.raises(ValueError, match="the sixth"):
        list(on_every_core(work, range(1000)))
    assert len(begun) < 10 * cores() + 10


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_items_are_worked_on_too(count: int) -> None:
    assert list(on_every_core(str, range(count))) == [str(n) for n in range(count)]


def test_a_short_passage_has_the_vector_of_its_header_and_sentences(encoder: MiniLM) -> None:
    passages, sentences = encoder.embed_passages([("Treaties", [TREATY, UNRELATED]), ("", [QUESTION])])
    whole = encoder.embed([f"Treaties {TREATY} {UNRELATED}", QUESTION])
    np.testing.assert_allclose(passages, whole, atol=2e-3)
    assert [found.shape for found in sentences] == [(2, encoder.dimension), (1, encoder.dimension)]
    np.testing.assert_allclose(np.linalg.norm(sentences[0], axis=1), 1, atol=1e-5)


def test_a_long_passage_is_read_to_its_end(encoder: MiniLM) -> None:
    filler = ["Water rises in the northern valley when the snow melts in spring." for _ in range(40)]
    passages, sentences = encoder.embed_passages([("Rivers", [*filler, TREATY]), ("Rivers", filler)])
    question = encoder.embed([QUESTION])[0]
    assert np.argmax(sentences[0] @ question) == len(filler)
    assert passages[0] @ question > passages[1] @ question


def test_passages_may_be_none_or_empty(encoder: MiniLM) -> None:
    seen: list[int] = []
    assert encoder.embed_passages([])[0].shape == (0, encoder.dimension)
    passages, sentences = encoder.embed_passages([("", []), ("", ["", TREATY])], seen.append)
    assert np.isfinite(passages).all()
    assert not sentences[1][0].any()
    assert seen[-1] == 2


def test_llama_index_gets_the_same_vectors(encoder: MiniLM) -> None:
    bundled = BundledEncoder()
    vector = encoder.embed([QUESTION])[0]
    np.testing.assert_allclose(bundled.get_query_embedding(QUESTION), vector, atol=1e-6)
    np.testing.assert_allclose(bundled.get_text_embedding(QUESTION), vector, atol=1e-6)
    batch = bundled.get_text_embedding_batch([TREATY, QUESTION])
    np.testing.assert_allclose(batch, encoder.embed([TREATY, QUESTION]), atol=1e-6)
    assert type(batch[0][0]) is float


def test_llama_index_gets_the_same_vectors_without_waiting() -> None:
    bundled = BundledEncoder()

    async def ask() -> tuple[list[float], list[float], list[list[float]]]:
        return await asyncio.gather(
            bundled.aget_query_embedding(QUESTION),
            bundled.aget_text_embedding(QUESTION),
            bundled.aget_text_embedding_batch([QUESTION]),
        )

    query, text, batch = asyncio.run(ask())
    assert query == text == batch[0] == bundled.get_query_embedding(QUESTION)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"model\.onnx is missing: install citewise again"):
        MiniLM(tmp_path).embed([TREATY])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_an_encoder_error(tmp_path: Path, name: str) -> None:
    for file in ("model.onnx", "tokenizer.json"):
        shutil.copyfile(FOLDER / file, tmp_path / file)
    (tmp_path / name).write_bytes((FOLDER / name).read_bytes()[:1000])
    with pytest.raises(EncoderError, match="is damaged"):
        MiniLM(tmp_path).embed([TREATY])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_the_model_card_names_the_files_as_they_are(name: str) -> None:
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    stated = re.search(rf"`{re.escape(name)}`.*?([0-9a-f]{{64}})", card)
    assert stated, f"the model card states no sha256 for {name}"
    assert stated[1] == hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
