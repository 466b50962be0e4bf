"""Hostile requests and uploads over REST: no parameter of any route reaches a file, nothing runs and nothing hangs.

The routes and their parameters come from the description, so that a new route is tried by itself.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from conftest import ARTICLE
from fastapi.testclient import TestClient

from qa import Chatbot, Settings
from ui.server import create_app
from ui.service import Service

SECRET = "the-secret-of-the-outer-folder"
CLIMBS = [
    "../secret.txt",
    "../../../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fsecret.txt",
    "..%252f..%252fetc%252fpasswd",
    "....//....//etc/passwd",
    "..\\..\\secret.txt",
    "/etc/passwd",
    "file:///etc/passwd",
    "%c0%ae%c0%ae%c0%afsecret.txt",
    "secret.txt\x00.txt",
    "javascript:alert(1)",
    "\u202etxt.secret",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder around the library, with a secret in it that no route may tell."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "secret.txt").write_text(SECRET, "utf-8")
    return folder


@pytest.fixture(scope="module")
def http(folder: Path) -> Iterator[TestClient]:
    with Chatbot.open(folder / "library", Settings()) as bot:
        bot.add(ARTICLE)
        app = create_app(Service(opened=bot, max_upload=30_000_000))
        with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
            yield client


def reached(text: str) -> bool:
    """Tell whether a reply holds a file that no route may reach."""
    return SECRET in text or "root:x:" in text or "root:*:" in text


def hostile(schema: dict[str, Any], named: dict[str, Any], climb: str) -> Any:
    """Return a value of a schema whose every text is the climb."""
    if "$ref" in schema:
        schema = named[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return hostile(schema["anyOf"][0], named, climb)
    if schema.get("type") == "object":
        return {name: hostile(field, named, climb) for name, field in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [hostile(schema.get("items", {}), named, climb)]
    return {"integer": 1, "number": 1, "boolean": False}.get(schema.get("type", ""), climb)


def requests(description: dict[str, Any], climb: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield a request of each operation, with the climb wherever a text goes: path, query, body, file name."""
    named = description["components"]["schemas"]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            address, how = path, dict[str, Any]()
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    address = address.replace("{" + parameter["name"] + "}", climb.replace("\x00", "%00"))
                else:
                    how.setdefault("params", {})[parameter["name"]] = hostile(parameter["schema"], named, climb)
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                how["json"] = hostile(content["application/json"]["schema"], named, climb)
            elif "multipart/form-data" in content:
                how["files"] = [("files", (climb, b"harmless text in a file", "text/plain"))]
            yield method.upper(), quote(address, safe="/%{}.:\\"), how


@pytest.mark.parametrize("climb", CLIMBS)
def test_no_parameter_of_any_route_reaches_a_file(http: TestClient, folder: Path, climb: str) -> None:
    before = sorted(path.name for path in folder.iterdir())
    tried = 0
    for method, address, how in requests(http.get("/api/openapi.json").json(), climb):
        response = http.request(method, address, **how)
        assert not reached(response.text), (method, address)
        assert response.status_code < 500, (method, address, response.text)
        tried += 1
    assert tried > 8
    assert sorted(path.name for path in folder.iterdir()) == before
    assert (folder / "secret.txt").read_text("utf-8") == SECRET


@pytest.mark.parametrize("climb", CLIMBS[:9])
@pytest.mark.parametrize("prefix", ["/documents/", "/citewise/", "/", "/gradio_api/file=", "/static/", "/assets/"])
def test_the_page_and_its_files_reach_nothing_else(http: TestClient, prefix: str, climb: str) -> None:
    response = http.get(prefix + quote(climb, safe="/%.:\\"))
    assert not reached(response.text)
    assert response.status_code < 500


def upload(http: TestClient, name: str, data: bytes) -> dict[str, Any]:
    return http.post("/api/documents", files=[("files", (name, data, "application/octet-stream"))]).json()


@pytest.mark.parametrize("name", ["bomb.docx", "bomb.xlsx"])
def test_a_zip_bomb_fails_by_name_and_the_file_beside_it_goes_in(http: TestClient, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        part = "word/document.xml" if name.endswith("docx") else "xl/workbook.xml"
        with archive.open(part, "w", force_zip64=True) as entry:
            for _ in range(300):
                entry.write(b" " * 1_000_000)
    files = [
        ("files", (name, packed.getvalue(), "")),
        ("files", (f"beside {name}.txt", b"Tea is picked in April.", "")),
    ]
    added = http.post("/api/documents", files=files).json()
    assert [failure["source"] for failure in added["failed"]] == [name]
    assert added["failed"][0]["reason"]
    assert [document["source"] for document in added["documents"]] == [f"beside {name}.txt"]


def test_a_megabyte_on_one_line_is_read_and_buries_no_other_document(http: TestClient) -> None:
    (document,) = upload(http, "line.txt", b"x" * 1_000_000)["documents"]
    text = http.get(f"/api/documents/{document['id']}/text", params={"start": 999_990}).json()
    assert (text["characters"], text["text"]) == (1_000_000, "x" * 10)
    results = http.post("/api/search", json={"query": "How many targets were struck?"}).json()
    assert results[0]["passage"]["source"] == ARTICLE


@pytest.mark.parametrize(
    "name",
    [
        "\u202etxt.exe.txt",
        "javascript:alert(1).txt",
        "<script>alert(1)</script>.txt",
        "[click](javascript:alert(1)).md",
        "a\x00b.txt",
        "..\\..\\up.txt",
        "con\r\nset-cookie: a=b.txt",
    ],
)
def test_a_hostile_name_is_kept_as_harmless_text(http: TestClient, name: str) -> None:
    added = upload(http, name, f"A file of its own: {json.dumps(name)}".encode())
    (document,) = added["documents"]
    assert not {"\u202e", "\x00", "\r", "\n", "\\", "/"} & set(document["source"])
    page = http.get(f"/documents/{document['id']}", params={"start": 0, "end": 5})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert 'href="javascript:' not in page.text
