"""What deploy/ asks an operator to run exists, and two citewise share what it says that they share."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import yaml
from conftest import ROOT

from benchmarks.chroma import chroma_server
from benchmarks.serving import serving
from qa.settings import KNOWN
from ui.cli import main

DEPLOY = ROOT / "deploy"
FILES = {path.name: path.read_text("utf-8") for path in DEPLOY.iterdir()}
COMPOSE: dict[str, Any] = yaml.safe_load(FILES["compose.yaml"])
COPIED = re.findall(r"^COPY (?!--from)(.+) \S+$", FILES["Containerfile"], re.MULTILINE)


def test_every_setting_that_is_named_is_one() -> None:
    named = set(re.findall(r"CITEWISE_[A-Z_]+", "\n".join(FILES.values())))
    assert {"CITEWISE_LIBRARY", "CITEWISE_CHROMA_TOKEN"} <= named <= KNOWN


def test_the_compose_file_names_nothing_that_is_not_there() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"proxy", "citewise-1", "citewise-2", "chroma"}
    for service in services.values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file(), volume
    one, two = (services[f"citewise-{number}"] for number in (1, 2))
    assert one["volumes"] == two["volumes"] == ["library:/library"]
    assert one["environment"] == two["environment"]
    assert one["environment"]["CITEWISE_CHROMA_URL"] == "http://chroma:8000"
    assert not services["chroma"].get("ports"), "it checks no tokens"
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_proxy_knows_both_and_they_answer_under_these_names() -> None:
    named = re.findall(r"(citewise-\d):7860", FILES["Caddyfile"])
    assert named == ["citewise-1", "citewise-2"]
    assert [COMPOSE["services"][name]["hostname"] for name in named] == named  # else its health checks are refused
    assert "lb_policy cookie" in FILES["Caddyfile"]


def test_chroma_is_the_version_that_citewise_is_tested_with() -> None:
    (pinned,) = re.findall(r"^chromadb==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert COMPOSE["services"]["chroma"]["image"].endswith(f":{pinned}")


def test_what_the_image_is_built_from_is_there_and_sent() -> None:
    sources = [source for line in COPIED for source in line.split()]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(sources) == sent
    assert all((ROOT / source).exists() for source in sources)


def test_every_command_is_one_of_citewise() -> None:
    commands = re.findall(r"`citewise ([a-z]+)|citewise-1 citewise ([a-z]+)", FILES["README.md"])
    (served,) = re.findall(r'^CMD \["citewise", "([a-z]+)"', FILES["Containerfile"], re.MULTILINE)
    for command in {served, *(one or other for one, other in commands)}:
        ran = subprocess.run([sys.executable, "-m", "ui.cli", command, "--help"], capture_output=True, check=False)
        assert ran.returncode == 0, command


def test_without_users_the_containers_command_says_what_to_do(tmp_path: Path, capsys: Any) -> None:
    (command,) = re.findall(r'^CMD \["citewise", (.+)\]$', FILES["Containerfile"], re.MULTILINE)
    arguments = shlex.split(command.replace(",", ""))
    assert main([*arguments, "--library", str(tmp_path / "library")]) == 1
    assert "citewise users add" in capsys.readouterr().err


def test_two_citewise_on_one_chroma_share_documents_and_conversations(tmp_path: Path) -> None:
    (health,) = re.findall(r'CMD \["python", "-c", "(.+)"\]', FILES["Containerfile"])
    library, question = tmp_path / "library", "What was the lighthouse built of?"
    with (
        chroma_server(tmp_path / "served") as url,
        serving(library, CITEWISE_CHROMA_URL=url) as one,
        serving(library, CITEWISE_CHROMA_URL=url) as two,
    ):
        text = b"The lighthouse at Skerrow was built of granite in 1874."
        httpx.post(f"{one}/api/documents", files={"files": ("tower.txt", text)}, timeout=60).raise_for_status()
        made = httpx.post(f"{one}/api/conversations", json={"name": "Towers"}, timeout=60).json()
        asked = {"question": question, "conversation": made["id"]}
        answer = httpx.post(f"{two}/api/ask", json=asked, timeout=60).json()
        assert [citation["quote"] for citation in answer["citations"]] == [text.decode()]
        assert question in httpx.get(f"{one}/api/conversations/{made['id']}", timeout=60).text
        port = one.rpartition(":")[2].rstrip("/")
        subprocess.run([sys.executable, "-c", health.replace("7860", port)], check=True)
