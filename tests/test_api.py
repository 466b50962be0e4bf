"""REST on a real server: the same answers as in Python, documents in and out, and what is refused."""

import html
import io
import json
import shutil
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import ARTICLE
from served import served

from index.types import Progress

QUESTION = "How many targets were struck?"


@pytest.fixture
def http(server: str) -> httpx.Client:
    return httpx.Client(base_url=server, timeout=60)


def article_id(http: httpx.Client) -> str:
    return next(d["id"] for d in http.get("/api/documents").json() if d["source"] == ARTICLE)


def test_an_answer_cites_by_offsets_into_the_documents_text(http: httpx.Client) -> None:
    answer = http.post("/api/ask", json={"question": QUESTION}).json()
    assert answer["status"] == "answered"
    assert answer["citations"]
    ids = {d["source"]: d["id"] for d in http.get("/api/documents").json()}
    for citation in answer["citations"]:
        span = {"start": citation["start"], "end": citation["end"]}
        text = http.get(f"/api/documents/{ids[citation['source']]}/text", params=span).json()
        assert text["text"] == citation["quote"]


def test_the_answer_is_the_one_that_python_gives(http: httpx.Client, library: Path) -> None:
    from qa import Chatbot, Settings
    from ui.render import answer_json

    over_rest = http.post("/api/ask", json={"question": QUESTION}).json()
    with Chatbot.open(library, Settings()) as bot:
        in_python = json.loads(json.dumps(answer_json(bot.ask(QUESTION))))
    for field in ("text", "short", "status", "citations", "results", "model"):
        assert over_rest[field] == in_python[field]


def test_a_stream_ends_with_the_complete_answer(http: httpx.Client) -> None:
    with http.stream("POST", "/api/ask", json={"question": QUESTION, "stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line]
    snapshots = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert snapshots[-1]["done"] is True
    assert snapshots[-1]["citations"]


def test_history_makes_a_follow_up_stand_alone(http: httpx.Client) -> None:
    history = [
        {
            "question": "Who launched the airstrikes?",
            "answer": "The United States launched the airstrikes [1].",
        }
    ]
    answer = http.post("/api/ask", json={"question": "When?", "history": history}).json()
    assert any("February" in c["quote"] for c in answer["citations"])


def test_search_returns_passages_best_first(http: httpx.Client) -> None:
    results = http.post("/api/search", json={"query": "drone attack", "k": 3}).json()
    assert len(results) == 3
    assert results[0]["score"] >= results[-1]["score"]
    assert results[0]["passage"]["source"] == ARTICLE


def test_sources_limit_the_question_and_unknown_ones_are_404(http: httpx.Client) -> None:
    answer = http.post("/api/ask", json={"question": "Who planted the roses?", "sources": [ARTICLE]}).json()
    assert {r["passage"]["source"] for r in answer["results"]} <= {ARTICLE}
    for path, body in (
        ("ask", {"question": "x"}),
        ("search", {"query": "x"}),
        ("ask", {"question": "x", "stream": True}),
    ):
        response = http.post(f"/api/{path}", json={**body, "sources": ["nowhere"]})
        assert response.status_code == 404
        assert "nowhere" in response.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": "   "},
        {"question": "x" * 4001},
        {"question": "x", "history": [{"question": "a", "answer": "b"}] * 51},
        {"question": "x", "histroy": []},
        {"question": ["x"]},
        {"question": "\ud800"},
    ],
)
def test_a_malformed_question_is_422_and_says_why(http: httpx.Client, body: dict[str, object]) -> None:
    sent = json.dumps(body).encode()
    response = http.post("/api/ask", content=sent, headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert (
        "question" in response.json()["error"]
        or "histro" in response.json()["error"]
        or "history" in response.json()["error"]
    )


def test_files_are_added_listed_read_and_removed(http: httpx.Client) -> None:
    files = [
        ("files", ("../../etc/tea.txt", b"Tea is picked in April.", "text/plain")),
        ("files", ("C:\\docs\\broken.pdf", b"%PDF-1.7 broken", "application/pdf")),
        ("files", ("<img src=x onerror=alert(1)>.txt", b"Names may be hostile.", "text/plain")),
    ]
    added = http.post("/api/documents", files=files).json()
    assert [d["source"] for d in added["documents"]] == ["tea.txt", "<img src=x onerror=alert(1)>.txt"]
    assert [f["source"] for f in added["failed"]] == ["broken.pdf"]
    assert added["failed"][0]["reason"]
    again = http.post("/api/documents", files=files[:1]).json()
    assert again["unchanged"] == ["tea.txt"]
    listed = {d["source"]: d["id"] for d in http.get("/api/documents").json()}
    for document in added["documents"]:
        assert http.get(f"/api/documents/{document['id']}/text").json()["text"]
        assert http.delete(f"/api/documents/{listed[document['source']]}").json() == {"removed": 1}
        assert http.get(f"/api/documents/{document['id']}/text").status_code == 404


def events_of(http: httpx.Client, files: list[tuple[str, tuple[str, bytes]]], **query: bool) -> list[tuple[str, Any]]:
    """Add files and return the events that tell of it."""
    with http.stream("POST", "/api/documents", files=files, params={"progress": True, **query}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line and not line.startswith(":")]
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [(kind.removeprefix("event: "), json.loads(body.removeprefix("data: "))) for kind, body in pairs]


def test_an_add_tells_each_stage_of_each_file_and_ends_with_what_it_did(http: httpx.Client) -> None:
    files = [
        ("files", ("tides.txt", "\n\n".join(f"Tide {n} came in at noon. " * 12 for n in range(40)).encode())),
        ("files", ("broken.pdf", b"%PDF-1.7 broken")),
    ]
    *steps, (kind, added) = events_of(http, files)
    assert {kind for kind, _ in steps} == {"progress"}
    assert [(s["source"], s["stage"], s["file"], s["files"]) for _, s in steps if s["stage"] == "reading"] == [
        ("tides.txt", "reading", 1, 2),
        ("broken.pdf", "reading", 2, 2),
    ]
    embedded = [step for _, step in steps if step["stage"] == "embedding"]
    assert embedded[-1]["done"] == 1.0
    assert kind == "added"
    (document,) = added["documents"]
    assert embedded[-1]["passages"] == document["passages"]
    assert [f["source"] for f in added["failed"]] == ["broken.pdf"]
    http.delete(f"/api/documents/{document['id']}")


def test_an_add_waits_for_another_one_and_tells_so(library: Path, tmp_path: Path) -> None:
    from index.lock import WriterLock
    from qa import Chatbot, Settings
    from ui.service import Upload, take_uploads

    copy = Path(shutil.copytree(library, tmp_path / "library"))
    told: list[str] = []
    with Chatbot.open(copy, Settings()) as bot, pytest.MonkeyPatch.context() as patch, ExitStack() as other:
        patch.setattr("index.index.PATIENCE", 0.05)
        other.enter_context(WriterLock(copy, "writer").held(0))

        def progress(step: Progress) -> None:
            told.append(step.stage)
            other.close()  # the other one is done

        upload = Upload("tea.txt", lambda: io.BytesIO(b"Tea is picked in April."))
        added = take_uploads(bot, [upload], 1_000, progress, patience=30)
    assert told[:2] == ["waiting", "reading"]
    assert [d.source for d in added.documents] == ["tea.txt"]


def test_folders_are_kept_in_names_when_asked_and_lead_nowhere(http: httpx.Client) -> None:
    files = [("files", (name, name.encode())) for name in ("notes/a/read.me.txt", "notes/b/read.me.txt")]
    files.append(("files", ("/../..//C:/etc/\u202ex.txt", b"up and away")))
    *_, (_, added) = events_of(http, files, folders=True)
    assert [d["source"] for d in added["documents"]] == ["notes/a/read.me.txt", "notes/b/read.me.txt", "C:/etc/x.txt"]
    for document in added["documents"]:
        assert http.delete(f"/api/documents/{document['id']}").status_code == 200


def test_a_summary_tells_length_headings_and_the_first_words(http: httpx.Client) -> None:
    text = "# Tides\n\nThe tide came in at noon.\n\n## <b>Ebb</b>\n\nIt went out again."
    (document,) = http.post("/api/documents", files=[("files", ("tides.md", text.encode()))]).json()["documents"]
    summary = http.get(f"/api/documents/{document['id']}/summary").json()
    assert summary["headings"][0] == "Tides"
    assert summary["headings_in_all"] == len(summary["headings"]) == 2
    assert summary["words"] == 12
    assert summary["characters"] == document["characters"]
    assert summary["opening"].startswith("Tides\nThe tide came in at noon.")
    http.delete(f"/api/documents/{document['id']}")
    gone = http.get(f"/api/documents/{document['id']}/summary")
    assert gone.status_code == 404
    assert document["id"] in gone.json()["error"]


def test_files_that_are_too_large_are_refused_and_smaller_ones_beside_them_go_in(http: httpx.Client) -> None:
    large = ("files", ("large.txt", b"x" * 1_000_001, "text/plain"))
    small = ("files", ("small.txt", b"Small is beautiful.", "text/plain"))
    assert http.post("/api/documents", files=[large]).status_code == 413
    added = http.post("/api/documents", files=[large, small]).json()
    assert [f["source"] for f in added["failed"]] == ["large.txt"]
    assert "1 MB" in added["failed"][0]["reason"]
    assert http.delete(f"/api/documents/{added['documents'][0]['id']}").status_code == 200


def test_an_add_that_tells_its_progress_goes_on_when_nobody_listens_any_more(http: httpx.Client) -> None:
    names = [f"left-{number}.txt" for number in range(4)]
    files = [("files", (name, f"The parcel {name} lay on the quay. " * 200, "text/plain")) for name in names]
    with http.stream("POST", "/api/documents?progress=true", files=files) as response:
        next(response.iter_lines())
    found: dict[str, str] = {}
    until = time.monotonic() + 30
    while len(found) < len(names) and time.monotonic() < until:
        time.sleep(0.1)
        found = {d["source"]: d["id"] for d in http.get("/api/documents").json() if d["source"] in names}
    assert sorted(found) == names
    for identity in found.values():
        assert http.delete(f"/api/documents/{identity}").status_code == 200


def test_a_request_is_stopped_at_its_limit_even_without_a_declared_length(http: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    assert http.post("/api/ask", content=b" " * 2_000_001, headers=headers).status_code == 413
    multipart = {"content-type": "multipart/x"}  # the limit of uploads is for uploads
    assert http.post("/api/ask", content=b" " * 2_000_001, headers=multipart).status_code == 413
    chunks = (b" " * 100_000 for _ in range(30))
    response = http.post("/api/ask", content=chunks, headers=headers)
    assert response.status_code == 413
    assert "error" in response.json()


def test_text_is_cut_to_the_span_that_is_asked_for(http: httpx.Client) -> None:
    address = f"/api/documents/{article_id(http)}/text"
    whole = http.get(address).json()
    assert whole["characters"] == len(whole["text"])
    part = http.get(address, params={"start": 3, "end": 10**9}).json()
    assert part["text"] == whole["text"][3:]
    assert http.get(address, params={"start": 5, "end": 3}).status_code == 422
    assert http.get(address, params={"start": -1}).status_code == 422


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/documents/..%2f..%2fetc%2fpasswd/text", "/api/documents/none/text"]
)
def test_what_is_not_there_is_404_as_json(http: httpx.Client, path: str) -> None:
    response = http.get(path)
    assert response.status_code == 404
    assert set(response.json()) == {"error"}


def test_health_and_readiness(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ready"}


def test_before_the_library_is_open_nothing_is_answered_but_health() -> None:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from ui import rest
    from ui.rest.errors import add_error_handlers
    from ui.service import Service

    app = FastAPI()
    app.include_router(rest.router(Service()))
    add_error_handlers(app)
    client = TestClient(app)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    response = client.post("/api/ask", json={"question": "why"})
    assert response.status_code == 503
    assert "again" in response.json()["error"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "[", ""])
def test_a_foreign_host_name_is_refused_everywhere(http: httpx.Client, host: str) -> None:
    for path in ("/", "/api/documents", "/config"):
        assert http.get(path, headers={"host": host}).status_code in (400, 403)


def test_another_site_cannot_change_anything(http: httpx.Client) -> None:
    foreign = [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ]
    for headers in foreign:
        assert http.post("/api/ask", json={"question": QUESTION}, headers=headers).status_code == 403
        assert http.delete("/api/documents/x", headers=headers).status_code == 403
        assert http.post("/gradio_api/queue/join", json={}, headers=headers).status_code == 403


def test_our_own_page_may(http: httpx.Client, server: str) -> None:
    headers = {"origin": server, "sec-fetch-site": "same-origin"}
    assert http.post("/api/search", json={"query": "drone"}, headers=headers).status_code == 200


def test_the_public_address_is_answered_too(library: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(library, tmp_path / "library"))
    with served(copy, CITEWISE_PUBLIC_URL="https://docs.example.com") as address:
        headers = {"host": "docs.example.com", "origin": "https://docs.example.com"}
        search = {"query": "drone"}
        assert httpx.post(f"{address}/api/search", json=search, headers=headers, timeout=60).status_code == 200


def test_security_headers(http: httpx.Client) -> None:
    for path in ("/", "/api/documents", "/api/nothing", "/healthz"):
        headers = http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in http.get("/api/documents").headers["content-security-policy"]
    page = http.get("/")
    scripts = next(p for p in page.headers["content-security-policy"].split(";") if "script-src" in p)
    assert "'unsafe-inline'" not in scripts
    nonce = scripts.split("'nonce-")[1].split("'")[0]
    assert page.text.count("<script") == page.text.count(f'<script nonce="{nonce}"')


def test_gradios_own_file_routes_are_closed(http: httpx.Client) -> None:
    for path in ("/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/gradio_api/proxy=http://x"):
        assert http.get(path).status_code == 404
    assert http.post("/gradio_api/upload", files={"files": ("a.txt", b"a")}).status_code == 404


def test_the_openapi_description_names_every_route(http: httpx.Client) -> None:
    paths = http.get("/api/openapi.json").json()["paths"]
    assert {"/api/ask", "/api/search", "/api/documents", "/healthz", "/readyz"} <= set(paths)


def test_only_loopback_listens(server: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; it only tells which address would be used
        except OSError:
            pytest.skip("this machine has no address but loopback")
        own = probe.getsockname()[0]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((own, urlsplit(server).port or 0), timeout=2)


def test_a_citations_link_shows_the_quote_in_its_surroundings(http: httpx.Client) -> None:
    citation = http.post("/api/ask", json={"question": QUESTION}).json()["citations"][0]
    page = http.get(f"/documents/{article_id(http)}", params={"start": citation["start"], "end": citation["end"]})
    assert page.headers["content-type"].startswith("text/html")
    assert f'<mark id="quote">{html.escape(citation["quote"])}</mark>' in page.text
    assert "<script" not in page.text
    assert "Later" in page.text


def test_a_documents_page_shows_hostile_text_as_text_and_takes_any_offsets(http: httpx.Client) -> None:
    hostile = next(d["id"] for d in http.get("/api/documents").json() if d["source"].endswith("hostile.txt"))
    for start, end in ((0, 20), (5, 2), (10**9, 10**9), (0, 10**18)):
        page = http.get(f"/documents/{hostile}", params={"start": start, "end": end})
        assert page.status_code == 200
        assert "<img" not in page.text
        assert "\x1b" not in page.text
    assert http.get("/documents/..%2f..%2fetc%2fpasswd").status_code == 404
    assert http.get("/documents/gone").status_code == 404
    assert http.get(f"/documents/{hostile}", params={"start": -1}).status_code == 422
