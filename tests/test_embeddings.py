"""Embeddings from a provider, against a real server: the vectors are right, or one sentence says why not."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import ARTICLE
from openai_protocol import embedding
from openai_replies import Reply, fails, page, too_long
from openai_server import EMBEDDINGS, OpenAIServer

from index.errors import CitewiseError, EncoderError
from qa import Chatbot, Settings
from qa.embeddings import BATCH, BATCH_CHARACTERS, OpenAIEncoder, open_encoder
from qa.settings import SettingsError
from ui.cli import main
from ui.doctor import checks

KEY = "sk-live-0123456789abcdef"
QUESTION = "How many targets were struck?"


@pytest.fixture
def ai() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def opened() -> Iterator[Callable[..., OpenAIEncoder]]:
    """Open the encoder of a server; a setting may be given."""
    encoders: list[OpenAIEncoder] = []

    def open_at(server: OpenAIServer | str, model: str = "test-model", **more: object) -> OpenAIEncoder:
        url = server if isinstance(server, str) else server.url
        chosen = {"base_url": url, "embedding": f"openai:{model}", "api_key": KEY, "model_timeout": 10, **more}
        encoder = open_encoder(Settings(**chosen))  # type: ignore[arg-type]  # a dict has no types of its own
        assert encoder
        encoders.append(encoder)
        return encoder

    yield open_at
    for encoder in encoders:
        encoder.close()


@pytest.fixture
def encoder(ai: OpenAIServer, opened: Callable[..., OpenAIEncoder], monkeypatch: pytest.MonkeyPatch) -> OpenAIEncoder:
    """An encoder that does not wait before it tries again."""
    monkeypatch.setattr("qa.embeddings.WAITS", (0.01, 0.01, 0.01, 0.01))
    return opened(ai)


def inputs(ai: OpenAIServer) -> list[list[str]]:
    """Return the texts of each request for vectors."""
    return [request.body["input"] for request in ai.requests if request.path == EMBEDDINGS]


def failure_of(encoder: OpenAIEncoder) -> str:
    """Return the sentence that a question's embedding ends in."""
    with pytest.raises(EncoderError) as error:
        encoder.embed_question(QUESTION)
    told = str(error.value)
    assert told.startswith(f"the embedding server at {encoder.address} ")
    assert KEY not in told
    assert "\n" not in told
    return told


# What is asked and answered


def test_vectors_come_in_the_order_of_the_texts_in_batches_of_bounded_size(
    ai: OpenAIServer, encoder: OpenAIEncoder
) -> None:
    texts = [f"text {n} of {n % 7} apples" for n in range(150)]
    texts[100] = "long " * (BATCH_CHARACTERS // 4)
    seen: list[int] = []
    vectors = encoder.embed(texts, seen.append)
    np.testing.assert_allclose(vectors, [embedding(text, 64) for text in texts], atol=1e-6)
    assert [text for batch in inputs(ai) for text in batch] == texts
    assert max(map(len, inputs(ai))) == BATCH
    assert all(len(batch) == 1 or sum(map(len, batch)) <= BATCH_CHARACTERS for batch in inputs(ai))
    assert seen[-1] == 150
    assert seen == sorted(seen)
    assert encoder.embed([]).shape[0] == 0
    assert (encoder.model_name, encoder.dimension, encoder.multilingual) == ("openai:test-model", 64, True)


def test_any_text_can_be_embedded(encoder: OpenAIEncoder) -> None:
    vectors = encoder.embed(["", "half a pair: \ud800", "\x00", "水が上がる"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_server_may_answer_in_another_order(ai: OpenAIServer, encoder: OpenAIEncoder) -> None:
    ai.will(vectors_as({"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [1, 0]}), path=EMBEDDINGS)
    np.testing.assert_allclose(encoder.embed(["first", "second"]), [[1, 0], [0, 2]])


def test_models_get_the_words_that_they_were_trained_with(opened: Callable[..., OpenAIEncoder]) -> None:
    with OpenAIServer(models=()) as ai:
        for model, question, passage in (
            ("intfloat/multilingual-e5-small", "query: x", "passage: x"),
            ("nomic-embed-text:latest", "search_query: x", "search_document: x"),
            ("text-embedding-3-small", "x", "x"),
        ):
            encoder = opened(ai, model)
            encoder.embed_question("x")
            encoder.embed(["x"])
            assert inputs(ai)[-2:] == [[question], [passage]]


def test_threads_share_an_encoder(ai: OpenAIServer, encoder: OpenAIEncoder) -> None:
    texts = [f"question {n}" for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(encoder.embed_question, texts))
    np.testing.assert_allclose(found, [embedding(text, 64) for text in texts], atol=1e-6)
    encoder.close()
    assert len(encoder.embed_question("open again")) == 64


# What goes wrong


def vectors_as(*data: dict[str, object]) -> Reply:
    """Answer with these, whatever was asked."""
    body = {"object": "list", "data": [{"object": "embedding", **each} for each in data], "model": "m", "usage": {}}
    return Reply(content=json.dumps(body))


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (fails(401, f"Incorrect API key provided: {KEY}."), "does not let this key .*check the key"),
        (fails(403, "No access to this model."), "does not let this key use 'test-model' .*No access"),
        (fails(404, "The model `x` does not exist."), "has no model 'test-model' .*CITEWISE_EMBEDDING"),
        (fails(404, "Not found."), r"has no embeddings at this address .*/v1"),
        (fails(429, "You exceeded your current quota."), "no credit left"),
        (fails(429, retry_after=3600), "too many requests"),
        (fails(400, "Input blocked."), r"refused the request \(400: Input blocked"),
        (Reply(status=307, content="", headers={"location": "http://127.0.0.1:9/v1/embeddings"}), "has moved"),
        (page(), "not in OpenAI's protocol"),
        (Reply(content="{"), "not in OpenAI's protocol"),
        (Reply(content="{}"), "not in OpenAI's protocol"),
        (Reply(content='{"data": [{"index": 0, "embedding": "no"}]}'), "not in OpenAI's protocol"),
        (vectors_as(), "gave 0 vectors for 1 texts"),
        (vectors_as({"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1]}), "gave 2 vectors for 1 texts"),
        (vectors_as({"index": 1, "embedding": [1, 0]}), "numbered them wrongly"),
    ],
)
def test_what_can_not_pass_is_told_at_once(ai: OpenAIServer, encoder: OpenAIEncoder, reply: Reply, told: str) -> None:
    ai.will(reply, path=EMBEDDINGS)
    assert re.search(told, failure_of(encoder))
    assert len(ai.requests) == 1


@pytest.mark.parametrize("reply", [fails(429, retry_after=0.05), fails(500), fails(503)])
def test_what_may_pass_is_tried_again_but_not_for_ever(ai: OpenAIServer, encoder: OpenAIEncoder, reply: Reply) -> None:
    ai.will(reply, reply, path=EMBEDDINGS)
    assert len(encoder.embed_question(QUESTION)) == 64
    ai.will(*[reply] * 9, path=EMBEDDINGS)
    assert re.search(r"try again later", failure_of(encoder))
    assert len(ai.requests) == 3 + 3
    with pytest.raises(EncoderError):
        encoder.embed(["a passage"])
    assert len(ai.requests) == 3 + 3 + 5, "passages have more patience"


def test_a_server_that_is_slow_is_left_at_the_deadline(ai: OpenAIServer, opened: Callable[..., OpenAIEncoder]) -> None:
    ai.will(Reply(delay=30), path=EMBEDDINGS)
    told = failure_of(opened(ai, model_timeout=0.4))
    assert "did not finish within 0.4 seconds" in told
    assert "CITEWISE_MODEL_TIMEOUT" in told


def test_a_server_that_is_not_there_is_told(
    opened: Callable[..., OpenAIEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.embeddings.WAITS", (0.01, 0.01))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        assert "cannot be reached (Connection refused)" in failure_of(opened(address))


def test_texts_that_are_too_many_or_too_long_are_sent_in_parts(ai: OpenAIServer, encoder: OpenAIEncoder) -> None:
    ai.will(fails(413, "batch size 4 > maximum allowed batch size 3"), path=EMBEDDINGS)
    assert len(encoder.embed(["one", "two", "three", "four"])) == 4
    assert inputs(ai)[1:] == [["one", "two"], ["three", "four"]]
    ai.will(too_long(), too_long(), path=EMBEDDINGS)
    assert encoder.embed(["0123456789" * 100]).shape == (1, 64)
    assert [len(batch[0]) for batch in inputs(ai)[3:]] == [1000, 500, 250]
    ai.will(*[too_long()] * 9, path=EMBEDDINGS)
    with pytest.raises(EncoderError, match="finds the shortest texts too long"):
        encoder.embed(["0123456789" * 100])


def test_vectors_whose_length_changes_are_refused(ai: OpenAIServer, encoder: OpenAIEncoder) -> None:
    ai.will(*[vectors_as({"index": 0, "embedding": [1.0] * n}) for n in (3, 4)], path=EMBEDDINGS)
    with pytest.raises(EncoderError, match="vectors of different lengths"):
        encoder.embed(["x" * BATCH_CHARACTERS, "y"])
    ai.will(vectors_as({"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}), path=EMBEDDINGS)
    with pytest.raises(EncoderError, match="vectors of different lengths"):
        encoder.embed(["x", "y"])


# Where documents and keys go


def test_a_key_goes_only_to_the_address_that_it_was_given_for(opened: Callable[..., OpenAIEncoder]) -> None:
    with OpenAIServer() as chat, OpenAIServer() as ai:
        opened(ai).embed_question("x")
        opened(chat, embedding_url=ai.url).embed_question("x")
        opened(chat, embedding_url=ai.url, embedding_key="sk-other").embed_question("x")
        opened(chat, embedding_url=chat.url + "/").embed_question("x")
        sent = [request.headers["authorization"] for request in (*ai.requests, *chat.requests)]
    assert sent == [f"Bearer {KEY}", "Bearer no-key", "Bearer sk-other", f"Bearer {KEY}"]


def test_documents_follow_no_redirect_and_no_proxy(
    opened: Callable[..., OpenAIEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer() as ai, OpenAIServer() as elsewhere:
        monkeypatch.setenv("HTTP_PROXY", elsewhere.url.removesuffix("/v1"))
        moved = Reply(status=307, content="", headers={"location": f"{elsewhere.url}/embeddings"})
        ai.will(moved, path=EMBEDDINGS)
        assert "has moved (307)" in failure_of(opened(ai))
        assert len(opened(ai).embed_question(QUESTION)) == 64
        assert elsewhere.requests == []


def test_openai_itself_needs_a_key() -> None:
    with pytest.raises(SettingsError, match="needs a key: set OPENAI_API_KEY"):
        open_encoder(Settings(embedding="openai:text-embedding-3-small"))
    elsewhere = Settings(
        embedding="openai:m", base_url="http://127.0.0.1:1/v1", api_key=KEY, embedding_url="https://api.openai.com/v1"
    )
    with pytest.raises(SettingsError, match="set CITEWISE_EMBEDDING_KEY"):
        open_encoder(elsewhere)
    assert open_encoder(Settings()) is None


# The whole of it


def test_a_library_of_a_provider_answers_with_verbatim_quotes_and_loses_nothing_when_it_fails(
    ai: OpenAIServer, tmp_path: Path
) -> None:
    settings = Settings(base_url=ai.url, embedding="openai:test-model")
    note = tmp_path / "note.txt"
    note.write_text("The lighthouse at Skerrow was built of granite in 1874.")
    with Chatbot.open(tmp_path / "library", settings) as bot:
        assert len(bot.add([ARTICLE, note]).documents) == 2
        answer = bot.ask(QUESTION)
        assert answer.short == "over 85 targets"
        assert all(bot.index.text(c.source)[c.start : c.end] == c.quote for c in answer.citations)
        assert bot.ask("Who painted the ceiling of the Sistine Chapel?").status == "not_found"
        note.write_text("The lighthouse at Skerrow was rebuilt of concrete in 1950.")
        ai.will(fails(401), path=EMBEDDINGS)
        with pytest.raises(CitewiseError, match="check the key"):
            bot.add([note])
        assert "granite" in bot.index.text(str(note))
        assert bot.index.search("granite lighthouse")[0].passage.text.endswith("1874.")
        assert len(bot.add([note]).documents) == 1
        assert "concrete" in bot.index.text(str(note))
    sent = [text for batch in inputs(ai) for text in batch]
    assert any("over 85 targets" in text for text in sent), "passages are embedded there"
    assert QUESTION in sent
    assert ai.requests
    assert {request.path for request in ai.requests} == {EMBEDDINGS}


def test_the_command_reindex_moves_the_library_to_the_encoder_of_the_settings(
    ai: OpenAIServer, own_library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def citewise(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--library", str(own_library)])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert citewise("reindex") == (0, "nothing was left to embed; the library has the encoder all-MiniLM-L6-v2-int8\n")
    monkeypatch.setenv("CITEWISE_EMBEDDING", "openai:test-model")
    monkeypatch.setenv("CITEWISE_EMBEDDING_URL", ai.url)
    code, said = citewise("ask", QUESTION)
    assert code == 1
    assert "not openai:test-model: choose the one it has with CITEWISE_EMBEDDING, or move it" in said
    assert "citewise reindex" in said
    code, said = citewise("reindex")
    assert code == 0
    assert re.fullmatch(r"embedded \d+ passages; the library has the encoder openai:test-model\n", said)
    code, said = citewise("ask", QUESTION)
    assert (code, "over 85 targets" in said) == (0, True)
    lines = [line for line in checks(Settings.from_env()) if line.name == "encoder"]
    assert [line.state for line in lines] == ["ok", "ok"]
    assert f"openai:test-model at {ai.url}, 64 dimensions" in lines[1].text
    ai.will(fails(401), path=EMBEDDINGS)
    assert "fail" in {line.state for line in checks(Settings.from_env()) if line.name == "encoder"}
    monkeypatch.delenv("CITEWISE_EMBEDDING")
    code, said = citewise("ask", QUESTION)
    assert (code, "has the encoder openai:test-model, not all-MiniLM-L6-v2-int8" in said) == (1, True)
