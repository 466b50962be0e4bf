"""One process for the browser, REST and Slack: builds the web application and runs it until it is stopped.

The address is taken first, so that a port in use is told before a long add. The library is opened and the
paths are added in the main thread while the server already answers; `/readyz` says when it is ready.
"""

import errno
import signal
import socket
import threading
from argparse import Namespace
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from time import sleep
from typing import TYPE_CHECKING, Any

from index.errors import CitewiseError, LibraryBusy
from qa.settings import Settings

from . import progress
from .commands import report_added, say, settings_of
from .following import watching
from .service import MEGABYTE, Service, quiet, version

if TYPE_CHECKING:
    from fastapi import FastAPI

    from .people.door import People
    from .slack.bot import Bot

THREADS = 128
"""How many requests and answers run at a time; each needs a thread."""
_UPLOADS = 10
"""One request may carry this many times the largest file."""
_GRACE = 3
_LOOK = 0.5
"""Seconds between two looks at whether to stop: a signal that the system hands to another thread wakes nobody who waits
for a thread, and a wait for a thread that a signal breaks off takes the thread for ended (CPython 3.11)."""
_CLOSED = ("/gradio_api/upload", "/gradio_api/file", "/gradio_api/proxy", "/gradio_api/stream")
"""What Gradio offers and the page does not use: file transfer, proxying."""


def run(arguments: Namespace) -> int:
    """Serve as the command line says."""
    serve(arguments.paths, arguments.host, arguments.port, settings_of(arguments), watch=arguments.watch)
    return 0


def serve(paths: Sequence[str], host: str, port: int, settings: Settings, *, watch: bool = False) -> None:
    """Add the paths, then answer in the browser and over REST until SIGINT or SIGTERM; `watch` follows folders.

    Raises:
        CitewiseError: others reach the host and there are no users, the port is taken, or the library cannot be opened.
    """
    with stopping(), served(paths, host, port, settings, watch=watch) as (address, thread):
        say(f"citewise is ready: {address}")
        wait_while(thread.is_alive)


def wait_while(holds: Callable[[], bool] = lambda: True) -> None:
    """Let the main thread wait until it is told to stop, or until something no longer holds."""
    while holds():
        sleep(_LOOK)


@contextmanager
def served(
    paths: Sequence[str], host: str, port: int, settings: Settings, *, watch: bool = False
) -> Generator[tuple[str, threading.Thread]]:
    """Serve as `serve` does until it is left; give the address, and the thread that answers, once all is ready."""
    quiet()
    from qa.chatbot import Chatbot

    with ExitStack() as stack:
        people = _people(stack, settings, host)
        service = Service(max_upload=settings.max_upload_mb * MEGABYTE, people=people)
        listener = stack.enter_context(_listening(host, port))
        library = stack.enter_context(ExitStack())  # left after the server: open requests still need it
        slack = _slack(stack, settings, service)
        app = create_app(service, settings.public_url, slack, host)
        running = stack.enter_context(_running(app, listener, service))
        bot = library.enter_context(Chatbot.open(settings.library, settings))
        with suppress(LibraryBusy):  # another process is at it
            bot.index.refresh()
        service.opened = bot
        if bot.model:  # its libraries take seconds to load, which the first question should not wait for
            threading.Thread(target=bot.model.connect, daemon=True, name="citewise-model").start()
        _add(bot, paths)
        if watch:
            stack.enter_context(watching(bot, paths))
        _answer_in_slack(stack, slack, settings)
        yield f"http://{_bracketed(host)}:{listener.getsockname()[1]}", running


def _add(bot: Any, paths: Sequence[str]) -> None:
    if paths:
        with progress.files() as watched:
            added = bot.add(paths, progress=watched)
        say(report_added(added))


def _people(stack: ExitStack, settings: Settings, host: str) -> "People":
    """Return who may use the server; refuse an address that others reach where nobody is known."""
    from qa.chatbot import default_library

    from .addresses import is_loopback
    from .people.door import People
    from .people.users import Users

    users = stack.enter_context(closing(Users(settings.library or default_library())))
    if not is_loopback(host) and not users.any():
        raise CitewiseError(
            f"--host {host} lets others reach your documents, and there are no users yet; add one first with: "
            "citewise users add NAME (or use 127.0.0.1)"
        )
    required = not is_loopback(host)
    return People(users, required, settings.session_hours, settings.requests_a_minute)


def _slack(stack: ExitStack, settings: Settings, service: Service) -> "Bot | None":
    """Return the Slack bot if the settings hold its tokens."""
    from . import slack

    if not slack.is_wanted(settings):
        return None
    slack.see_to_tokens(settings)
    from .slack.bot import opened

    try:
        return stack.enter_context(opened(settings, service))
    except CitewiseError as error:
        raise CitewiseError(f"{error}; without SLACK_BOT_TOKEN, the browser is served alone") from error


def _answer_in_slack(stack: ExitStack, bot: "Bot | None", settings: Settings) -> None:
    """Begin to answer in Slack, over Socket Mode where Slack does not reach this server."""
    if bot is None:
        return
    from .slack.bot import listening

    bot.start()
    if settings.slack_app_token and not settings.slack_signing_secret:
        stack.enter_context(listening(bot, settings.slack_app_token))
    say(f"citewise answers in Slack as @{bot.desk.me.name} ({bot.desk.me.workspace})")


def create_app(
    service: Service, public_url: str | None = None, slack: "Bot | None" = None, host: str = "127.0.0.1"
) -> "FastAPI":
    """Return the web application: REST and the chat page over one service, and where Slack sends its requests."""
    from fastapi import FastAPI

    from . import documents, mcp_server, rest
    from .guard import Guard, allowed_hosts
    from .metrics import Counted
    from .page import app as page
    from .people import door, pages
    from .rest import description
    from .rest.errors import add_error_handlers

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncGenerator[None]:
        from anyio.to_thread import current_default_thread_limiter

        current_default_thread_limiter().total_tokens = THREADS
        async with tools():
            yield

    app = FastAPI(
        title="citewise",
        version=version(),
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=running,
    )
    secret = slack.desk.settings.slack_signing_secret if slack else None
    signed = ("/slack/events",) if secret else ()
    app.add_middleware(door.Door, people=service.people, signed=signed)
    app.add_middleware(
        Guard,
        hosts=allowed_hosts(public_url, host),
        upload_limit=service.max_upload * _UPLOADS,
        closed=_CLOSED,
        signed=signed,
    )
    app.add_middleware(Counted, metrics=service.metrics)  # outside the guard: what it refuses counts too
    app.include_router(rest.router(service, public_url))
    app.include_router(documents.router(service))
    if service.people:
        app.include_router(pages.router(service.people, public_url))
    if slack and secret:
        from .slack import events_route

        app.include_router(events_route.router(slack, secret))
    tools = mcp_server.mount(app, service.bot_for, service.metrics)
    add_error_handlers(app)
    description.mount(app)

    page.mount(app, service)
    return app


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    """Take the address, or say in one line why not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(128)
        except OSError as error:
            taken = error.errno in (errno.EADDRINUSE, 10048)
            why = "is taken by another program" if taken else f"cannot be used ({error.strerror})"
            message = f"port {port} {why}; choose another one, for example --port {port % 65535 + 1}"
            raise CitewiseError(message) from error
        yield listener


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def stopping() -> Generator[None]:
    """Let SIGTERM and Ctrl-C end what runs inside, and leave quietly."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = {name: signal.signal(name, stop) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        say("citewise: stopped")
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def _running(app: "FastAPI", listener: socket.socket, service: Service) -> Generator[threading.Thread]:
    """Run the server in a thread of its own; leaving lets open requests finish for a moment.

    Who then still waits for a language model gets what was found without it: a thread that waits cannot be ended.
    """
    import uvicorn

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=_GRACE, server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="citewise-server")
    thread.start()
    try:
        while not server.started and thread.is_alive():
            sleep(0.05)
        yield thread
    finally:
        server.should_exit = True
        thread.join(_GRACE)
        while thread.is_alive():
            if service.opened and service.opened.model:
                service.opened.model.close()
            thread.join(1)
