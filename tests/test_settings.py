"""Settings: read from the environment, wrong ones refused by name, secrets kept out of sight."""

from pathlib import Path

import pytest

from index.errors import CitewiseError
from qa import Chatbot, Settings

SECRETS = (
    "OPENAI_API_KEY",
    "CITEWISE_EMBEDDING_KEY",
    "CITEWISE_CHROMA_TOKEN",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
)


def test_without_any_variable_everything_has_its_default() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"PATH": "/bin", "HOME": "/root", "OPENAI_ORG": "x"}) == Settings()


def test_every_variable_of_the_design_is_read() -> None:
    settings = Settings.from_env(
        {
            "OPENAI_API_KEY": "sk-1",
            "OPENAI_BASE_URL": "http://127.0.0.1:8080/v1",
            "CITEWISE_MODEL": "small",
            "CITEWISE_MODEL_TIMEOUT": "90",
            "CITEWISE_MODEL_CONTEXT": "32000",
            "CITEWISE_EMBEDDING": "openai:nomic-embed-text",
            "CITEWISE_EMBEDDING_URL": "http://127.0.0.1:11434/v1",
            "CITEWISE_EMBEDDING_KEY": "sk-2",
            "CITEWISE_LIBRARY": "/data/library",
            "CITEWISE_CHROMA_URL": "https://chroma.example:8000",
            "CITEWISE_CHROMA_TOKEN": "ch-3",
            "CITEWISE_UNSUPPORTED": "drop",
            "CITEWISE_PUBLIC_URL": "https://ask.example",
            "CITEWISE_MAX_UPLOAD_MB": "7",
            "CITEWISE_SESSION_HOURS": "8",
            "CITEWISE_REQUESTS_A_MINUTE": "30",
            "CITEWISE_SLACK_API_URL": "http://127.0.0.1:9",
            "CITEWISE_SLACK_ADMINS": "U1, U2,U3",
            "SLACK_BOT_TOKEN": "xoxb",
            "SLACK_APP_TOKEN": "xapp",
            "SLACK_SIGNING_SECRET": "sign",
        }
    )
    assert (settings.api_key, settings.base_url) == ("sk-1", "http://127.0.0.1:8080/v1")
    assert (settings.model, settings.embedding) == ("small", "openai:nomic-embed-text")
    assert (settings.embedding_url, settings.embedding_key) == ("http://127.0.0.1:11434/v1", "sk-2")
    assert (settings.model_timeout, settings.model_context) == (90, 32000)
    assert (settings.library, settings.chroma_url) == (Path("/data/library"), "https://chroma.example:8000")
    assert settings.chroma_token == "ch-3"
    assert (settings.unsupported, settings.public_url) == ("drop", "https://ask.example")
    assert (settings.session_hours, settings.requests_a_minute) == (8, 30)
    assert (settings.max_upload_mb, settings.slack_api_url) == (7, "http://127.0.0.1:9")
    assert (settings.slack_bot_token, settings.slack_app_token) == ("xoxb", "xapp")
    assert (settings.slack_signing_secret, settings.slack_admins) == ("sign", ("U1", "U2", "U3"))


def test_an_empty_variable_counts_as_none() -> None:
    names = ("CITEWISE_LIBRARY", "CITEWISE_CHROMA_URL", "CITEWISE_MAX_UPLOAD_MB", "CITEWISE_UNSUPPORTED", *SECRETS)
    assert Settings.from_env(dict.fromkeys(names, "")) == Settings()


@pytest.mark.parametrize("name", ["CITEWISE_LIBARY", "CITEWISE_", "CITEWISE_unsupported"])
def test_an_unknown_variable_of_citewise_is_an_error_that_names_it_and_the_known_ones(name: str) -> None:
    with pytest.raises(CitewiseError, match=f"^{name} is no setting") as error:
        Settings.from_env({name: "x"})
    assert "CITEWISE_LIBRARY" in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("CITEWISE_UNSUPPORTED", "hide", "mark or drop"),
        ("CITEWISE_EMBEDDING", "word2vec", "bundled, multilingual or openai:MODEL"),
        ("CITEWISE_EMBEDDING", "openai:", "bundled, multilingual or openai:MODEL"),
        ("CITEWISE_EMBEDDING", "openai: x", "bundled, multilingual or openai:MODEL"),
        ("CITEWISE_EMBEDDING", "openai:x\x1b", "bundled, multilingual or openai:MODEL"),
        ("CITEWISE_EMBEDDING_URL", "localhost:11434", "http://"),
        ("CITEWISE_CHROMA_URL", "localhost:8000", "http://"),
        ("CITEWISE_PUBLIC_URL", "ask.example", "http://"),
        ("OPENAI_BASE_URL", "ftp://models.example", "http://"),
        ("CITEWISE_SLACK_API_URL", "slack", "http://"),
        ("CITEWISE_MODEL_TIMEOUT", "0", "number"),
        ("CITEWISE_MODEL_TIMEOUT", "1.5", "number"),
        ("CITEWISE_MODEL_CONTEXT", "8k", "number"),
        ("CITEWISE_MODEL_CONTEXT", "0", "number"),
        ("CITEWISE_MAX_UPLOAD_MB", "much", "number"),
        ("CITEWISE_MAX_UPLOAD_MB", "0", "number"),
        ("CITEWISE_MAX_UPLOAD_MB", "-3", "number"),
        ("CITEWISE_MAX_UPLOAD_MB", "1.5", "number"),
        ("CITEWISE_MAX_UPLOAD_MB", "²", "number"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_it_and_what_it_may_be(name: str, value: str, remedy: str) -> None:
    with pytest.raises(CitewiseError) as error:
        Settings.from_env({name: value})
    assert str(error.value).startswith(f"{name} is {value!r}")
    assert remedy in str(error.value)


def test_secrets_are_not_shown() -> None:
    settings = Settings.from_env({name: f"hunter2-{name}" for name in SECRETS})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CITEWISE_CHROMA_TOKEN", "hunter2\n"),
        ("CITEWISE_CHROMA_TOKEN", "hunter2 x"),
        ("CITEWISE_CHROMA_TOKEN", "hunter2é"),
        ("CITEWISE_CHROMA_URL", "https://ada:hunter2@chroma.example"),
    ],
)
def test_a_secret_that_is_refused_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(CitewiseError, match=f"^{name} holds") as error:
        Settings.from_env({name: value})
    assert "hunter2" not in str(error.value)


def test_a_chatbot_opens_the_library_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEWISE_LIBRARY", str(tmp_path / "deep" / "named"))
    with Chatbot.open() as bot:
        assert bot.index.documents() == []
    assert (tmp_path / "deep" / "named").is_dir()


def test_a_chatbot_does_not_open_with_a_wrong_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEWISE_MODLE", "x")
    with pytest.raises(CitewiseError, match="CITEWISE_MODLE"):
        Chatbot.open(tmp_path / "library")
    assert not (tmp_path / "library").exists()
