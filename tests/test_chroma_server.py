"""A library on a Chroma server that asks for a token and speaks TLS; what goes wrong is told in one line."""

import logging
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chroma_proxy import TOKEN, Proxy, certificate, proxy

from benchmarks.chroma import chroma_server, free_port
from index.errors import LibraryError
from index.index import Index
from qa import Chatbot, Settings

GRANITE = "The lighthouse at Skerrow was built of granite in 1874."
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Chroma server."""
    with chroma_server(tmp_path_factory.mktemp("chroma") / "served") as url:
        yield url


@pytest.fixture
def guarded(chroma: str) -> Iterator[Proxy]:
    """A proxy that asks for a token, before that server."""
    with proxy(chroma) as server:
        yield server


def settings(url: str, token: str = TOKEN) -> Settings:
    return Settings.from_env({"CITEWISE_CHROMA_URL": url, "CITEWISE_CHROMA_TOKEN": token})


def granite(folder: Path) -> Path:
    path = folder / "one.txt"
    path.write_text(GRANITE)
    return path


def test_a_server_that_asks_for_a_token_is_used_with_it(guarded: Proxy, tmp_path: Path) -> None:
    with Chatbot.open(tmp_path / "library", settings(guarded.url)) as bot:
        bot.add(granite(tmp_path))
        assert bot.ask("What was the lighthouse built of?").citations[0].quote == GRANITE
    guarded.prefix = "/deep/chroma"
    with Chatbot.open(tmp_path / "library", settings(f"{guarded.url}/deep/chroma/")) as bot:
        assert len(bot.index.documents()) == 1


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("", r"^the Chroma server at http://127\S+ asks for a token: set CITEWISE_CHROMA_TOKEN$"),
        ("ch-wrong", r"does not accept the token in CITEWISE_CHROMA_TOKEN: set the one that it expects$"),
    ],
)
def test_no_token_and_a_wrong_one_are_told(guarded: Proxy, tmp_path: Path, token: str, told: str) -> None:
    with pytest.raises(LibraryError, match=told) as error:
        Chatbot.open(tmp_path / "library", settings(guarded.url, token))
    assert "ch-wrong" not in str(error.value)


def test_a_token_that_is_taken_back_is_told_at_the_next_question(guarded: Proxy, tmp_path: Path) -> None:
    with Chatbot.open(tmp_path / "library", settings(guarded.url)) as bot:
        guarded.token = "another"
        with pytest.raises(LibraryError, match="does not accept the token"):
            bot.ask("What was the lighthouse built of?")
        guarded.token = TOKEN
        assert bot.ask("What was the lighthouse built of?")


def test_the_token_is_shown_nowhere(
    guarded: Proxy,
    tmp_path: Path,
    citewise: Callable[..., subprocess.CompletedProcess[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = {"CITEWISE_CHROMA_URL": guarded.url, "CITEWISE_CHROMA_TOKEN": TOKEN}
    good = citewise("doctor", "--library", tmp_path / "library", **given)
    assert f"server at {guarded.url}, with a token" in good.stdout
    guarded.token = "another"
    for command in ("doctor", "list"):
        bad = citewise(command, "--library", tmp_path / "library", **given, CITEWISE_DEBUG="1")
        assert bad.returncode == 1
        assert "does not accept the token" in bad.stdout + bad.stderr
        assert TOKEN not in good.stdout + good.stderr + bad.stdout + bad.stderr
    guarded.token = TOKEN
    with caplog.at_level(logging.DEBUG), Chatbot.open(tmp_path / "library", settings(guarded.url)) as bot:
        bot.index.documents()
    assert caplog.text
    assert TOKEN not in caplog.text


@needs_openssl
def test_a_server_with_a_certificate_of_the_companys_own_is_trusted_by_its_file(
    chroma: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "ours")
    with proxy(chroma, pem) as server:
        with pytest.raises(LibraryError, match=r"is not trusted \(self-signed certificate\): .*SSL_CERT_FILE$"):
            Chatbot.open(tmp_path / "library", settings(server.url))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
        with Chatbot.open(tmp_path / "library", settings(server.url)) as bot:
            bot.add(granite(tmp_path))
            assert bot.ask("What was the lighthouse built of?").status == "answered"


@needs_openssl
def test_a_certificate_for_another_host_is_told(chroma: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate(tmp_path, "theirs", "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
    with proxy(chroma, pem) as server, pytest.raises(LibraryError, match=r"not trusted \(.*not valid for '127.0.0.1'"):
        Chatbot.open(tmp_path / "library", settings(server.url))
    assert server.asked == [], "nothing was sent, and so no token"


def test_tls_towards_a_server_without_it_is_told(guarded: Proxy, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="does not speak TLS: write http://"):
        Chatbot.open(tmp_path / "library", settings(guarded.url.replace("http:", "https:")))


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"can't be reached \(.*connection refused\): start it, or correct"):
        Chatbot.open(tmp_path / "library", settings(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(LibraryError, match=r"can't be reached \(.*\): start it, or correct"):
        Chatbot.open(tmp_path / "library", settings("https://nowhere.invalid"))


def test_an_address_of_something_else_is_told(guarded: Proxy, tmp_path: Path) -> None:
    guarded.prefix = "/deep/chroma"
    with pytest.raises(LibraryError, match=r"answers with status 404: .*CITEWISE_CHROMA_URL is right"):
        Chatbot.open(tmp_path / "library", settings(guarded.url))


def test_a_server_that_fails_is_asked_again_and_told_if_it_stays(guarded: Proxy, tmp_path: Path) -> None:
    with Chatbot.open(tmp_path / "library", settings(guarded.url)) as bot:
        bot.add(granite(tmp_path))
        guarded.failures = 2
        assert bot.ask("What was the lighthouse built of?").status == "answered"
        guarded.failures = 100
        with pytest.raises(
            LibraryError, match=r"failed \(nothing found on disk\): try again, and see its log if it stays"
        ):
            bot.ask("What was the lighthouse built of?")


def test_a_server_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.remote.TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(LibraryError, match="does not answer in time"):
            Chatbot.open(tmp_path / "library", settings(url))


def test_a_server_that_hangs_later_is_told_too(guarded: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.chroma.TIMEOUT", 0.3)
    with Chatbot.open(tmp_path / "library", settings(guarded.url)) as bot:
        guarded.pause = 1.0
        with pytest.raises(LibraryError, match="does not answer in time"):
            bot.ask("What was the lighthouse built of?")


def test_a_server_that_goes_is_told_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    with chroma_server(tmp_path / "served", port) as url:
        index = Index(tmp_path / "library", url)
        index.add(granite(tmp_path))
    with pytest.raises(LibraryError, match=r"can't be reached|broke off"):
        index.search("granite")
    with chroma_server(tmp_path / "served", port):
        assert len(index.search("granite")) == 1
    index.close()
