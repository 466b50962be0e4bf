"""Every setting of citewise in one frozen value, read from the environment in one place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from index.errors import CitewiseError

PROVIDER = "openai:"
"""What the name of a provider's encoder starts with."""
MULTILINGUAL = "multilingual"
"""The name of the encoder for many languages, which runs here."""


class SettingsError(CitewiseError):
    """Say which setting is wrong and what it may be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How citewise is set up; secrets are left out of its representation."""

    library: Path | None = None
    chroma_url: str | None = None
    chroma_token: str | None = field(default=None, repr=False)
    embedding: str = "bundled"
    embedding_url: str | None = None
    embedding_key: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str | None = None
    model_timeout: float = 60
    model_context: int | None = None
    unsupported: str = "mark"
    reader: bool = True
    public_url: str | None = None
    max_upload_mb: int = 100
    session_hours: int = 168
    requests_a_minute: int = 120
    slack_bot_token: str | None = field(default=None, repr=False)
    slack_app_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    slack_api_url: str | None = None
    slack_admins: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from environment variables; an unknown `CITEWISE_` variable is an error."""
        given = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
        unknown = sorted(n for n in given if n.startswith("CITEWISE_") and n not in KNOWN)
        if unknown:
            raise SettingsError(f"{unknown[0]} is no setting of citewise: there are {', '.join(sorted(KNOWN))}")
        library = given.get("CITEWISE_LIBRARY")
        return cls(
            library=Path(library) if library else None,
            chroma_url=_without_password(given, "CITEWISE_CHROMA_URL"),
            chroma_token=_token(given, "CITEWISE_CHROMA_TOKEN"),
            embedding=_embedding(given),
            embedding_url=_url(given, "CITEWISE_EMBEDDING_URL"),
            embedding_key=given.get("CITEWISE_EMBEDDING_KEY"),
            api_key=given.get("OPENAI_API_KEY"),
            base_url=_url(given, "OPENAI_BASE_URL"),
            model=given.get("CITEWISE_MODEL"),
            model_timeout=_number(given, "CITEWISE_MODEL_TIMEOUT", 60),
            model_context=_number(given, "CITEWISE_MODEL_CONTEXT", 0) or None,
            unsupported=_choice(given, "CITEWISE_UNSUPPORTED", ("mark", "drop")),
            reader=_choice(given, "CITEWISE_READER", ("on", "off")) == "on",
            public_url=_url(given, "CITEWISE_PUBLIC_URL"),
            max_upload_mb=_number(given, "CITEWISE_MAX_UPLOAD_MB", 100),
            session_hours=_number(given, "CITEWISE_SESSION_HOURS", 168),
            requests_a_minute=_number(given, "CITEWISE_REQUESTS_A_MINUTE", 120),
            slack_bot_token=given.get("SLACK_BOT_TOKEN"),
            slack_app_token=given.get("SLACK_APP_TOKEN"),
            slack_signing_secret=given.get("SLACK_SIGNING_SECRET"),
            slack_api_url=_url(given, "CITEWISE_SLACK_API_URL"),
            slack_admins=tuple(given.get("CITEWISE_SLACK_ADMINS", "").replace(",", " ").split()),
        )


KNOWN = frozenset(
    {
        "CITEWISE_LIBRARY",
        "CITEWISE_CHROMA_URL",
        "CITEWISE_CHROMA_TOKEN",
        "CITEWISE_EMBEDDING",
        "CITEWISE_EMBEDDING_URL",
        "CITEWISE_EMBEDDING_KEY",
        "CITEWISE_MODEL",
        "CITEWISE_MODEL_TIMEOUT",
        "CITEWISE_MODEL_CONTEXT",
        "CITEWISE_UNSUPPORTED",
        "CITEWISE_READER",
        "CITEWISE_PUBLIC_URL",
        "CITEWISE_MAX_UPLOAD_MB",
        "CITEWISE_SESSION_HOURS",
        "CITEWISE_REQUESTS_A_MINUTE",
        "CITEWISE_SLACK_API_URL",
        "CITEWISE_SLACK_ADMINS",
        "CITEWISE_DEBUG",  # read by the command line: show the trace of an internal error
        "CITEWISE_EVALDATA",  # read by benchmarks/: where the public benchmarks lie
    }
)


def _choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = given.get(name, choices[0])
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}: it may be {' or '.join(choices)}")
    return value


def _embedding(given: Mapping[str, str]) -> str:
    value = given.get("CITEWISE_EMBEDDING", "bundled")
    model = value.removeprefix(PROVIDER)
    named = model != value and model.isprintable() and model and model == model.strip()
    if value not in ("bundled", MULTILINGUAL) and not named:
        raise SettingsError(f"CITEWISE_EMBEDDING is {value!r}: it may be bundled, {MULTILINGUAL} or {PROVIDER}MODEL")
    return value


def _url(given: Mapping[str, str], name: str) -> str | None:
    value = given.get(name)
    if value and not value.startswith(("http://", "https://")):
        raise SettingsError(f"{name} is {value!r}: it must start with http:// or https://")
    return value


def _without_password(given: Mapping[str, str], name: str) -> str | None:
    value = _url(given, name)
    if value and "@" in value:  # it is shown, in `doctor` and in errors
        raise SettingsError(f"{name} holds a user or a password: leave them out, and set CITEWISE_CHROMA_TOKEN")
    return value


def _token(given: Mapping[str, str], name: str) -> str | None:
    value = given.get(name)
    if value and not (value.isascii() and value.isprintable() and " " not in value):  # an HTTP header could not hold it
        raise SettingsError(f"{name} holds a space, a line break or another character that no token has: copy it again")
    return value


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    if not value.isdecimal() or not int(value):
        raise SettingsError(f"{name} is {value!r}: it must be a whole number over 0")
    return int(value)
