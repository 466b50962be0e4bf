"""REST as it describes itself: true for every route, readable for a person, and no request made from it breaks it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from conftest import ARTICLE
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

from qa import Chatbot, Settings
from ui.server import create_app
from ui.service import Service

pytestmark = pytest.mark.filterwarnings("ignore:Setting per-request cookies", "ignore:Use 'content=")  # schemathesis's
_EXAMPLES = 12
"""Requests made of each operation; as many more as --hypothesis-profile=search asks for."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """An application over a library of this file's own, which the requests may change."""
    with Chatbot.open(tmp_path_factory.mktemp("described") / "library", Settings()) as bot:
        bot.add(ARTICLE)
        yield create_app(Service(opened=bot))


@pytest.fixture(scope="module")
def http(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(p, m, operation) for p, found in description["paths"].items() for m, operation in found.items()]


def test_every_operation_says_what_it_does_and_how_its_errors_look(http: TestClient) -> None:
    description = http.get("/api/openapi.json").json()
    assert "HTTPValidationError" not in str(description)
    for path, _, operation in operations(description):
        assert operation["description"].endswith("."), path
        for status in ("4XX", "5XX"):
            shape = operation["responses"][status]["content"]["application/json"]["schema"]["$ref"]
            assert shape.endswith("Problems" if path.startswith("/v1/") else "Error")


def test_the_examples_are_taken(http: TestClient) -> None:
    named = http.get("/api/openapi.json").json()["components"]["schemas"]
    for path, name in (("/api/ask", "AskIn"), ("/api/search", "SearchIn"), ("/v1/chat/completions", "CompletionIn")):
        assert http.post(path, json=named[name]["example"]).status_code == 200


def test_the_page_shows_every_operation_without_a_script_or_anything_from_elsewhere(http: TestClient) -> None:
    page = http.get("/api")
    assert page.status_code == 200
    for path, method, operation in operations(http.get("/api/openapi.json").json()):
        assert f"<b>{method.upper()}</b> <code>{path}</code>" in page.text
        for parameter in operation.get("parameters", []):
            assert f"<code>{parameter['name']}</code>" in page.text
    assert "<code>quote</code>" in page.text  # what an answer's citations hold
    assert not re.search(r"<script|https?://|<link|<img", page.text)


def requests() -> int:
    """Return how many requests the profile makes of each operation."""
    return _EXAMPLES if settings.get_current_profile_name() == "same" else settings().max_examples


def test_requests_made_from_the_description_never_break_the_server(http: TestClient) -> None:
    schema = schemathesis.openapi.from_dict(http.get("/api/openapi.json").json())
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=requests(), suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def send(case: Any) -> None:
            response = http.request(**case.as_transport_kwargs(base_url="http://localhost"))
            assert response.status_code < 500, f"{case.as_curl_command()}: {response.text}"

        send()
