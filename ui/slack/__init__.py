"""The Slack bot: the same answers in channels, direct messages and threads.

`citewise slack` connects from here to Slack (Socket Mode); `citewise serve` can take Slack's requests over HTTP.
"""

from importlib.util import find_spec

from index.errors import CitewiseError
from qa.settings import Settings

from ..service import MEGABYTE, Service, quiet
from .connect import can_listen, manifest, web_client

__all__ = ["is_wanted", "manifest", "run", "see_to_tokens"]

_INSTALL = "Slack needs an extra; install it with: pip install 'citewise[slack]'"
_NO_APP_TOKEN = (
    "SLACK_APP_TOKEN is not set: it is the app-level token (xapp-...) with the scope connections:write; "
    "without it, Slack can reach `citewise serve` over HTTP with SLACK_SIGNING_SECRET"
)


def is_wanted(settings: Settings) -> bool:
    """Tell whether the settings hold what `citewise serve` needs to answer in Slack."""
    return bool(settings.slack_bot_token and (settings.slack_signing_secret or settings.slack_app_token))


def see_to_tokens(settings: Settings) -> None:
    """See whether Slack's packages are there and the tokens are of the right kind.

    Raises:
        CitewiseError: they are not.
    """
    if find_spec("slack_bolt") is None:
        raise CitewiseError(_INSTALL)
    for name, token, prefix in (
        ("SLACK_BOT_TOKEN", settings.slack_bot_token, "xoxb-"),
        ("SLACK_APP_TOKEN", settings.slack_app_token, "xapp-"),
    ):
        if token and not token.startswith(prefix):
            raise CitewiseError(f"{name} must begin with {prefix}: copy the right token from the Slack app's settings")


def run(settings: Settings) -> None:
    """Answer in Slack over Socket Mode until SIGINT or SIGTERM.

    Raises:
        CitewiseError: a token is missing or wrong, Slack can't be reached, or the library can't be opened.
    """
    see_to_tokens(settings)
    client = web_client(settings, patient=True)
    if not settings.slack_app_token:
        raise CitewiseError(_NO_APP_TOKEN)
    quiet()
    from qa.chatbot import Chatbot

    from ..server import stopping, wait_while
    from .bot import listening, opened

    service = Service(max_upload=settings.max_upload_mb * MEGABYTE)
    can_listen(client, settings.slack_app_token)
    with stopping(), Chatbot.open(settings.library, settings) as chatbot, opened(settings, service) as bot:
        service.opened = chatbot
        bot.start()
        with listening(bot, settings.slack_app_token):
            say(f"citewise answers in Slack as @{bot.desk.me.name} ({bot.desk.me.workspace}); Ctrl-C stops it")
            wait_while()


def say(line: str) -> None:
    """Print a line on standard error."""
    from ..commands import say

    say(line)
