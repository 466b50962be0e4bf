"""The real bot over a library and a local Slack, and Chatbots whose answers grow, as those of a language model do."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from slack_server import SlackServer

from index.index import Index
from index.minilm import MiniLM
from qa import Answer, Chatbot, Settings, Turn
from ui.service import Service
from ui.slack.bot import Bot, listening, opened


@lru_cache(maxsize=1)
def encoder() -> MiniLM:
    return MiniLM()


def settings_for(slack: SlackServer, library: Path, **changes: object) -> Settings:
    """Return the settings of a bot in this Slack."""
    tokens = {"slack_bot_token": slack.token, "slack_app_token": slack.app_token, "slack_signing_secret": slack.secret}
    return replace(Settings(library=library, slack_api_url=f"{slack.address}/api/", **tokens), **changes)


@contextmanager
def running(
    slack: SlackServer,
    library: Path,
    kind: type[Chatbot] = Chatbot,
    *,
    socket: bool = True,
    max_upload: int = 1_000_000,
    **changes: object,
) -> Generator[Bot]:
    """Run the bot, connected over Socket Mode; leaving stops it as SIGTERM does."""
    settings = settings_for(slack, library, **changes)
    with ExitStack() as stack:
        chat = stack.enter_context(kind(Index(library, encoder=encoder()), settings))
        bot = stack.enter_context(opened(settings, Service(opened=chat, max_upload=max_upload)))
        bot.start()
        if socket:
            before = len(slack.sessions)
            stack.enter_context(listening(bot, slack.app_token))
            slack.wait(lambda: len(slack.sessions) > before)
        yield bot


class Growing(Chatbot):
    """Answers word by word; `meanwhile` is called after each snapshot, `finally_` makes the checked answer."""

    meanwhile: Callable[[int], None] = staticmethod(lambda _: None)
    finally_: Callable[[Answer], Answer] = staticmethod(lambda answer: answer)

    def stream(
        self, question: str, history: Sequence[Turn] = (), sources: Sequence[str] | None = None
    ) -> Iterator[Answer]:
        """Yield the answer as it grows."""
        *_, whole = super().stream(question, history, sources)
        words = whole.text.split(" ")
        for number in range(1, len(words)):
            yield replace(whole, text=" ".join(words[:number]), citations=(), short=None, done=False)
            type(self).meanwhile(number)
        yield type(self).finally_(whole)
