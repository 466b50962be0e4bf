"""The server that stands for OpenAI in tests refuses what OpenAI refuses, and its vectors know similar texts."""

from collections.abc import Iterator
from itertools import starmap
from operator import mul
from typing import Any

import openai
import pytest
from openai_replies import fails
from openai_server import EMBEDDINGS, OpenAIServer

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def ai() -> Iterator[OpenAIServer]:
    with OpenAIServer(key="right") as server:
        yield server


def client_of(ai: OpenAIServer, key: str = "right") -> openai.OpenAI:
    return openai.OpenAI(api_key=key, base_url=ai.url, max_retries=0)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"messages": []}, 400),
        ({"messages": [{"role": "user", "content": []}]}, 400),
        ({"messages": [{"role": "user", "content": None}]}, 400),
        ({"messages": [{"role": "human", "content": "Hello"}]}, 400),
        ({"max_tokens": 0}, 400),
        ({"max_tokens": 5, "max_completion_tokens": 5}, 400),
        ({"stream_options": {"include_usage": True}}, 400),
        ({"temperature": 3}, 400),
        ({"extra_body": {"guided": True}}, 400),
        ({"model": "unknown"}, 404),
        ({"extra_headers": {"Authorization": openai.omit}}, 401),
        ({"extra_headers": {"Authorization": "Bearer wrong"}}, 401),
    ],
)
def test_what_openai_refuses_is_refused(ai: OpenAIServer, request_: dict[str, Any], status: int) -> None:
    with pytest.raises(openai.APIStatusError) as error:
        client_of(ai).chat.completions.create(**({"model": "test-model", "messages": HELLO} | request_))
    assert error.value.status_code == status


def test_what_openai_takes_is_answered_and_recorded(ai: OpenAIServer) -> None:
    whole = client_of(ai).chat.completions.create(model="test-model", messages=HELLO, max_tokens=5)
    chunks = list(client_of(ai).chat.completions.create(model="test-model", messages=HELLO, stream=True))
    assert whole.choices[0].message.content == "Yes."
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Yes."
    assert [request.body.get("stream", False) for request in ai.requests] == [False, True]
    assert [model.id for model in client_of(ai).models.list()] == ["test-model"]
    with pytest.raises(openai.AuthenticationError):
        client_of(ai, "wrong").models.list()


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_texts_that_share_words_have_near_vectors(ai: OpenAIServer, encoding: Any) -> None:
    texts = ["The harbour was opened in 1826.", "When was the harbour opened?", "Bread is patience."]
    client = client_of(ai)
    got = client.embeddings.create(model="test-model", input=texts, encoding_format=encoding)
    first, near, far = (client.embeddings.create(model="test-model", input=text).data[0].embedding for text in texts)
    assert [len(vector) for vector in (first, near, far)] == [64] * 3
    assert sum(starmap(mul, zip(first, near, strict=True))) > 0.4 > sum(starmap(mul, zip(first, far, strict=True)))
    assert len(got.data) == 3


def test_vectors_have_the_dimension_that_is_asked_for_and_can_fail(ai: OpenAIServer) -> None:
    client = client_of(ai)
    assert len(client.embeddings.create(model="test-model", input="a", dimensions=16).data[0].embedding) == 16
    for wrong in ("", [], ["a", ""], ["a"] * 2049):
        with pytest.raises(openai.BadRequestError):
            client.embeddings.create(model="test-model", input=wrong)
    ai.will(fails(429), path=EMBEDDINGS)
    with pytest.raises(openai.RateLimitError):
        client.embeddings.create(model="test-model", input="a")
