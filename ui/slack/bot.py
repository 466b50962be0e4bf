"""The bot put together: Bolt's app over the desk, the workers behind it, and the two ways in which Slack reaches it."""

import secrets
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from index.errors import CitewiseError
from qa.chatbot import default_library
from qa.settings import Settings

from ..service import Service
from . import answering, files, private
from . import thread as threads
from .asking import BROKEN
from .connect import LOG, code_of, is_lasting, log, told, unreachable, web_client, who_am_i
from .database import open_database
from .desk import COMMAND, SHORTCUT, Desk
from .journal import Job, Journal
from .kept import Kept
from .listeners import Listeners
from .workers import Again, Workers

if TYPE_CHECKING:
    from slack_bolt import App

_LISTENERS = 16
_PING = 3.0
"""Seconds between two looks whether the connection still stands."""
_JOBS = {"ask": answering.answer, "share": private.share, "offer": files.offer, "add": files.add}


class Bot:
    """The running bot: `app` takes what Slack sends, the workers do it once `start` was called."""

    def __init__(self, desk: Desk, app: "App", workers: Workers) -> None:
        self.desk, self.app, self.workers = desk, app, workers

    def start(self) -> None:
        """Begin to answer; the library must be open."""
        self.workers.start()


@contextmanager
def opened(settings: Settings, service: Service) -> Generator[Bot]:
    """Give the bot of these settings; leaving finishes what it began.

    Raises:
        CitewiseError: a token is missing or wrong, or Slack can't be reached.
    """
    from concurrent.futures import ThreadPoolExecutor

    from slack_bolt import App

    patient = web_client(settings, patient=True)
    me = who_am_i(patient)
    with ExitStack() as stack:
        database = open_database(settings.library or default_library())
        stack.callback(database.close)
        journal, kept = Journal(database), Kept(database)
        stack.callback(journal.close)
        desk = Desk(service, settings, patient, web_client(settings, patient=False), me, journal, kept)
        pool = ThreadPoolExecutor(_LISTENERS, thread_name_prefix="citewise-slack-listener")
        stack.callback(pool.shutdown)
        app = App(
            client=patient,
            name="citewise.slack",
            logger=log(),
            signing_secret=settings.slack_signing_secret or secrets.token_hex(),
            process_before_response=True,  # a listener writes the question down, and only then Slack is told
            ssl_check_enabled=False,
            listener_executor=pool,
        )
        workers = Workers(journal, lambda job: do(desk, job), lambda job, error: give_up(desk, job, error), kept.tidy)
        stack.callback(workers.stop)
        Listeners(desk, workers.wake).register(app)
        yield Bot(desk, app, workers)


def do(desk: Desk, job: Job) -> None:
    """Do a job; what only went wrong on the way to Slack is tried again."""
    from slack_sdk.errors import SlackApiError

    try:
        _JOBS[job.kind](desk, job)
    except SlackApiError as error:
        if is_lasting(error):
            LOG.warning("Slack does not take an answer: %s", code_of(error))
            return
        raise Again(f"Slack answered {code_of(error) or error.response.status_code}") from error
    except OSError as error:
        raise Again(f"Slack can't be reached: {error}") from error


def give_up(desk: Desk, job: Job, error: Exception) -> None:
    """Say, if that is possible, that a question will not be answered."""
    from slack_sdk.errors import SlackApiError

    LOG.error("the job %s was given up after %d attempts: %s", job.kind, job.attempts, error)
    if job.kind != "ask" or job.payload["way"] == COMMAND:
        return
    payload: dict[str, Any] = job.payload
    asked = payload["text"] if payload["way"] == SHORTCUT else ""
    try:
        desk.hasty.chat_postMessage(
            channel=payload["channel"],
            thread_ts=payload["thread"],
            text=BROKEN,
            metadata=threads.metadata(threads.NOTICE, job.key, asked=asked),
        )
    except (SlackApiError, OSError) as failure:
        LOG.error("nor could that be told: %s", failure)


@contextmanager
def listening(bot: Bot, app_token: str) -> Generator[None]:
    """Receive events over Socket Mode while the body runs; a lost connection is made again by itself.

    Raises:
        CitewiseError: the app token is wrong, or Slack can't be reached.
    """
    from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
    from slack_sdk.errors import SlackApiError

    ending = False

    def lost(_: object, error: Exception) -> None:
        if not ending:
            LOG.warning("the connection to Slack was lost (%s); making a new one", error)

    handler = SocketModeHandler(bot.app, app_token, logger=log("socket"), ping_interval=_PING)
    handler.client.on_error_listeners.append(lost)
    try:
        try:
            handler.connect()
        except SlackApiError as error:
            raise CitewiseError(told(error, "SLACK_APP_TOKEN")) from error
        except OSError as error:
            raise CitewiseError(unreachable(error)) from error
        yield
    finally:
        ending = True
        _hang_up(handler.client)


def _hang_up(client: Any) -> None:
    """Receive nothing more, and finish what was received.

    The client's own `close` also waits for the thread that listens to Slack, which may sleep for ten seconds more.
    """
    client.closed = True
    client.auto_reconnect_enabled = False
    client.current_session_runner.event.set()
    client.current_app_monitor.event.set()
    client.message_queue.put(None)  # wakes the next one
    client.message_processor.shutdown()
    client.disconnect()
    client.message_workers.shutdown()
