"""The command `doctor`: checks the installation, the library and the settings, one line each with its remedy.

A check is a function that returns lines; one that raises becomes a `fail` line, so that one broken part never
hides the others. It reads; the only thing it may create is an empty library, as every command does. With `--mend` it
mends the library first.
"""

import platform
import re
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from itertools import chain
from time import perf_counter

from index.errors import CitewiseError
from index.index import Index
from qa.settings import PROVIDER, Settings

from .commands import settings_of
from .render import count, one_line
from .service import quiet, version
from .versions import version_notes

_PACKAGES = ("chromadb", "llama-index-core", "gradio", "openai", "tantivy", "onnxruntime", "pypdfium2")
_WIDTH = 10
_PAIRS = 5
"""Pairs of versions that are named."""


@dataclass(frozen=True, slots=True)
class Line:
    """One finding: its state (`ok`, `warn` or `fail`), what was looked at, and what was found or to do."""

    state: str
    name: str
    text: str


def run(arguments: Namespace) -> int:
    """Print every check; 1 if one failed."""
    quiet()
    failed = False
    settings = settings_of(arguments)
    mended = _guarded("mended", lambda: _mended(settings)) if arguments.mend else iter(())
    for line in chain(mended, checks(settings)):
        failed = failed or line.state == "fail"
        print(f"{line.state:<5} {line.name:<{_WIDTH}} {one_line(line.text)}", flush=True)
    return 1 if failed else 0


def checks(settings: Settings) -> Iterator[Line]:
    """Yield the findings of all checks, the library's last and only if it opens."""
    for name, check in (
        ("version", _version),
        ("packages", _packages),
        ("encoder", lambda: _encoder(settings)),
        ("model", lambda: _model(settings)),
        ("chroma", lambda: _chroma(settings)),
        ("telemetry", _telemetry),
        ("slack", lambda: _slack(settings)),
    ):
        yield from _guarded(name, check)
    yield from _guarded("library", lambda: _library(settings))


def _guarded(name: str, check: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    try:
        yield from check()
    except CitewiseError as error:
        yield Line("fail", name, str(error))
    except Exception as error:  # noqa: BLE001 - whatever is broken, the other checks still run
        yield Line("fail", name, f"{type(error).__name__}: {error}; reinstall citewise if this stays")


def _version() -> Iterator[Line]:
    system = f"{platform.system()} {platform.machine()}"
    yield Line("ok", "version", f"citewise {version()}, Python {platform.python_version()}, {system}")


def _packages() -> Iterator[Line]:
    found: list[str] = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            yield Line("fail", "packages", f"{package} is missing; install it with: pip install {package}")
    yield Line("ok", "packages", ", ".join(found))


def _encoder(settings: Settings) -> Iterator[Line]:
    from index.minilm import MiniLM
    from qa.embeddings import OpenAIEncoder, open_encoder

    start = perf_counter()
    encoder = MiniLM()
    dimension = encoder.embed(["Does the encoder work?"]).shape[1]
    spent = perf_counter() - start
    yield Line("ok", "encoder", f"{encoder.model_name}, {dimension} dimensions, loaded in {spent:.1f} s")
    chosen = open_encoder(settings)
    if chosen is None:
        return
    with closing(chosen):
        start = perf_counter()
        dimension = len(chosen.embed_question("Does the encoder work?"))
        spent = (perf_counter() - start) * 1000
        there = isinstance(chosen, OpenAIEncoder)
        named = f"{chosen.model_name}{f' at {chosen.address}' if there else ''}, {dimension} dimensions"
        told = "; passages and questions go there" if there else ""
        yield Line("ok", "encoder", f"{named}, answered in {spent:.0f} ms{told}")


def _model(settings: Settings) -> Iterator[Line]:
    from qa.models import Message, open_model

    model = open_model(settings)
    if model is None:
        private = ", nothing leaves this computer" if not settings.embedding.startswith(PROVIDER) else ""
        yield Line("ok", "model", f"none: answers are quotes alone{private}")
        return
    with closing(model):
        named = f"{model.name} at {model.address}, {count(model.context, 'token')} of context"
        start = perf_counter()
        model.complete([Message("user", "Answer with the word yes.")], 16)
        yield Line("ok", "model", f"{named}, answered in {(perf_counter() - start) * 1000:.0f} ms")


def _chroma(settings: Settings) -> Iterator[Line]:
    url = settings.chroma_url
    token = ", with a token" if settings.chroma_token else ""
    yield Line("ok", "chroma", f"server at {url}{token}" if url else "embedded, in the library")


def _telemetry() -> Iterator[Line]:
    yield Line("ok", "telemetry", "off in Chroma, Gradio and LlamaIndex")


def _slack(settings: Settings) -> Iterator[Line]:
    """See whether the tokens work and hold the rights that the bot needs; without tokens, ask nobody."""
    from . import slack

    installed = find_spec("slack_bolt") is not None
    if not settings.slack_bot_token and not settings.slack_app_token and not settings.slack_signing_secret:
        missing = "not installed; if you want it: pip install 'citewise[slack]'"
        yield Line("ok", "slack", "installed, no tokens set" if installed else missing)
        return
    slack.see_to_tokens(settings)
    from .slack.connect import can_listen, missing_scopes, web_client, who_am_i

    client = web_client(settings, patient=False)
    me = who_am_i(client)
    yield Line("ok", "slack", f"@{me.name} in {me.workspace}")
    lacking = missing_scopes(me)
    if lacking:
        remedy = "add them under OAuth & Permissions and install the app again"
        yield Line(
            "fail", "slack", f"the bot token lacks {count(len(lacking), 'scope')}: {', '.join(lacking)}; {remedy}"
        )
    if settings.slack_app_token:
        can_listen(client, settings.slack_app_token)
        yield Line("ok", "slack", "Socket Mode: citewise slack")
    if settings.slack_signing_secret:
        yield _secret(settings.slack_signing_secret)
    elif not settings.slack_app_token:
        yield Line("fail", "slack", "set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) as well")


def _secret(secret: str) -> Line:
    if re.fullmatch(r"[0-9a-f]{32}", secret):
        return Line("ok", "slack", "HTTP: citewise serve takes events under /slack/events")
    return Line("warn", "slack", "SLACK_SIGNING_SECRET does not look like one (32 hexadecimal digits); copy it again")


def _library(settings: Settings) -> Iterator[Line]:
    from qa.chatbot import Chatbot

    with Chatbot.open(settings.library, settings) as bot:
        documents = bot.index.documents()
        size = f"{count(len(documents), 'document')}, {count(sum(d.passages for d in documents), 'passage')}"
        state = "ok" if documents else "warn"
        hint = "" if documents else "; add documents with: citewise add PATH"
        yield Line(state, "library", f"{bot.index.library}: {size}{hint}")
        if documents:
            yield from _health(bot.index)


def _health(index: Index) -> Iterator[Line]:
    """Tell what is wrong with the library, and mend it where that was asked for; and which documents are versions."""
    pairs = list(version_notes(index.documents()))
    if pairs:
        more = f"; and {count(len(pairs) - _PAIRS, 'more pair')}" if len(pairs) > _PAIRS else ""
        yield Line("ok", "versions", "; ".join(pairs[:_PAIRS]) + more)
    health = index.check()
    if health.is_good:
        yield Line("ok", "index", "every document is whole, and the keywords are in step")
        return
    names = ", ".join(record.document.source for record in health.damaged[:5])
    found = (
        (len(health.damaged), f"{count(len(health.damaged), 'document')} without all their passages ({names})"),
        (len(health.ghosts), f"{count(len(health.ghosts), 'passage')} that belong to no document"),
        (
            health.mirror,
            f"{count(abs(health.mirror), 'passage')} too {'many' if health.mirror > 0 else 'few'} in keywords",
        ),
    )
    told = "; ".join(said for number, said in found if number)
    yield Line("fail", "index", f"{told}; mend it with: citewise doctor --mend (after a copy of the library)")


def _mended(settings: Settings) -> Iterator[Line]:
    """Mend the library, and tell what was done."""
    from qa.chatbot import Chatbot

    with Chatbot.open(settings.library, settings) as bot:
        done = bot.index.mend()
        for document in done.documents:
            yield Line("ok", "mended", f"{document.source} was read again")
        for failure in done.failed:
            yield Line("fail", "mended", f"{failure.source}: {failure.reason}")
        if not done.documents and not done.failed:
            yield Line("ok", "mended", "no document had to be read again")
