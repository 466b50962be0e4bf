"""What Prometheus reads of a server: every question, upload and error is counted, and no name is told."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from qa import Chatbot, Settings
from qa.types import Answer
from ui.metrics import Metrics
from ui.server import create_app
from ui.service import Service

QUESTION = "How many targets were struck?"
OFF_TOPIC = "What is the boiling point of tungsten carbide?"


@pytest.fixture(scope="module")
def http(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server of this file's own over a library that no other test changes."""
    import shutil

    copy = shutil.copytree(library, tmp_path_factory.mktemp("metrics") / "library")
    with Chatbot.open(copy, Settings()) as bot:
        app = create_app(Service(opened=bot))
        with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
            yield client


def figures(http: httpx.Client) -> Callable[[str], float]:
    text = http.get("/metrics").text

    def figure(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    return figure


@pytest.mark.parametrize(
    ("send", "name"),
    [
        (("/api/ask", {"question": QUESTION}), 'citewise_questions_total{front_end="rest",status="answered"}'),
        (("/api/ask", {"question": OFF_TOPIC}), 'citewise_questions_total{front_end="rest",status="not_found"}'),
        (
            ("/api/ask", {"question": QUESTION, "stream": True}),
            'citewise_questions_total{front_end="rest",status="answered"}',
        ),
        (
            ("/api/ask", {"question": QUESTION, "sources": ["x"]}),
            'citewise_questions_total{front_end="rest",status="error"}',
        ),
        (
            ("/v1/chat/completions", {"model": "citewise", "messages": [{"role": "user", "content": QUESTION}]}),
            'citewise_questions_total{front_end="openai",status="answered"}',
        ),
        (("/api/ask", {"question": QUESTION}), 'citewise_answer_seconds_count{front_end="rest"}'),
        (("/api/ask", {}), 'citewise_responses_total{status="4xx"}'),
    ],
)
def test_each_question_is_counted_once(http: TestClient, send: tuple[str, dict[str, object]], name: str) -> None:
    before = figures(http)(name)
    http.post(send[0], json=send[1])
    assert figures(http)(name) == before + 1


def test_uploads_and_the_library_are_counted(http: TestClient) -> None:
    before = figures(http)
    files = [
        ("files", ("tea.txt", b"Tea is picked in April.", "text/plain")),
        ("files", ("broken.pdf", b"%PDF-1.7 broken", "application/pdf")),
    ]
    http.post("/api/documents", files=files)
    after = figures(http)
    for name in ('citewise_uploads_total{outcome="added"}', 'citewise_uploads_total{outcome="failed"}'):
        assert after(name) == before(name) + 1
    assert after("citewise_documents") == before("citewise_documents") + 1 == len(http.get("/api/documents").json())
    assert after("citewise_passages") == before("citewise_passages") + 1


def test_no_question_document_or_person_is_named(http: TestClient) -> None:
    http.post("/api/ask", json={"question": QUESTION})
    text = http.get("/metrics").text
    assert "targets" not in text
    assert "airstrikes" not in text
    assert "garden" not in text


def test_another_machine_is_refused(http: TestClient) -> None:
    elsewhere = TestClient(http.app, base_url="http://127.0.0.1", client=("192.0.2.7", 5000))
    assert elsewhere.get("/metrics").status_code == 403
    assert http.get("/metrics", headers={"host": "evil.example"}).status_code == 403


def test_an_answer_that_is_stopped_or_fails_is_counted_as_such() -> None:
    def broken() -> Iterator[Answer]:
        yield Answer("q", "", done=False)
        raise ValueError("no")

    metrics = Metrics()
    begun = metrics.watched("page", iter([Answer("q", "", done=False), Answer("q", "a")]))
    next(begun)
    begun.close()
    with pytest.raises(ValueError, match="no"):
        list(metrics.watched("page", broken()))
    text = metrics.text(None).decode()
    assert 'citewise_questions_total{front_end="page",status="stopped"} 1.0' in text
    assert 'citewise_questions_total{front_end="page",status="error"} 1.0' in text
