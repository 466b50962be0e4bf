"""Slack's Web API as the bot uses it: the clients, who the bot is, which rights it has, and what an error means."""

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from index.errors import CitewiseError
from qa.settings import Settings

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError
    from slack_sdk.http_retry import RetryHandler

LOG = logging.getLogger("citewise.slack")
TIMEOUT = 15
_WAITS = 12
"""How often one call waits for as long as Slack's Retry-After says."""
_SECRETS = re.compile(r"\b(?:xox[a-z]|xapp|xwfp)-[\w-]+|(?:hooks\.slack\.com|/response)/\S+|(?<=[?&])ticket=[^&\s]+")
_NO_NEWS = ("on_error invoked", "As you gave `client`")
_MISSING = (
    "SLACK_BOT_TOKEN is not set: it is the Bot User OAuth Token (xoxb-...) of your Slack app; "
    "the README says how to make one"
)
_WRONG = {
    "invalid_auth": "Slack does not know this token: copy it again from the app's settings",
    "not_authed": "Slack does not know this token: copy it again from the app's settings",
    "account_inactive": "the app was removed from the workspace: install it again",
    "token_revoked": "the token was revoked: install the app again and copy the new one",
    "token_expired": "the token has expired: install the app again and copy the new one",
    "not_allowed_token_type": "this is another kind of token: the bot's begins with xoxb-, the app's with xapp-",
}
_LASTING = frozenset(
    "channel_not_found not_in_channel is_archived restricted_action thread_not_found message_not_found user_not_found "
    "restricted_action_thread_only_channel restricted_action_read_only_channel no_permission missing_scope "
    "ekm_access_denied team_access_not_granted cannot_reply_to_message messages_tab_disabled "
    "file_not_found file_deleted".split()
)


@dataclass(frozen=True, slots=True)
class Me:
    """Who the bot is in Slack, and what it may do."""

    user: str
    bot: str
    team: str
    name: str
    workspace: str
    scopes: frozenset[str]


class _Hidden(logging.Filter):
    """Keeps tokens and reply addresses out of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record's message without them."""
        record.msg = _SECRETS.sub("(hidden)", record.getMessage())
        record.args = None
        if record.exc_info and record.exc_info[1]:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_info, record.exc_text = None, _SECRETS.sub("(hidden)", text)
        return True


class _Briefly(logging.Filter):
    """Leaves out what is told in better words or is no news, and the trace of an acknowledgement that came too late."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to keep a record."""
        if str(record.msg).startswith("Failed to run a request listener"):
            record.msg = "Slack could not be told that an event arrived; it sends it again"
            record.args, record.exc_info = None, None
        return not str(record.msg).startswith(_NO_NEWS)


def log(part: str = "") -> logging.Logger:
    """Return the log of everything that has to do with Slack, Bolt's and the SDK's words too, without secrets."""
    found = LOG.getChild(part) if part else LOG
    if not found.filters:
        found.addFilter(_Briefly())
        found.addFilter(_Hidden())
    if LOG.level == logging.NOTSET:
        LOG.setLevel(logging.WARNING)
    logging.getLogger("websocket").setLevel(logging.CRITICAL)  # the SDK tells the same
    return found


def web_client(settings: Settings, *, patient: bool) -> "WebClient":
    """Return a client: a patient one waits when Slack says so, the other gives up at once.

    Neither repeats a call that may have reached Slack: what writes twice is worse than what fails.
    """
    from slack_sdk import WebClient

    if not settings.slack_bot_token:
        raise CitewiseError(_MISSING)
    return WebClient(
        token=settings.slack_bot_token,
        base_url=settings.slack_api_url or "https://slack.com/api/",
        timeout=TIMEOUT,
        logger=log(),
        retry_handlers=waiting() if patient else [],
    )


def waiting() -> "list[RetryHandler]":
    """Return what makes a client wait for as long as Slack says that it is asked too often."""
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

    return [RateLimitErrorRetryHandler(max_retry_count=_WAITS)]


def who_am_i(client: "WebClient") -> Me:
    """Ask Slack who the bot is.

    Raises:
        CitewiseError: the token is wrong or Slack can't be reached.
    """
    from slack_sdk.errors import SlackApiError

    try:
        found = client.auth_test()
    except SlackApiError as error:
        raise CitewiseError(told(error, "SLACK_BOT_TOKEN")) from error
    except (URLError, OSError) as error:
        raise CitewiseError(unreachable(error)) from error
    if not found.get("bot_id"):
        raise CitewiseError(f"SLACK_BOT_TOKEN: {_WRONG['not_allowed_token_type']}")
    scopes = {name.lower(): value for name, value in found.headers.items()}.get("x-oauth-scopes", "")
    text = {name: str(found.get(name) or "") for name in ("user_id", "bot_id", "team_id", "user", "team")}
    return Me(
        text["user_id"],
        text["bot_id"],
        text["team_id"],
        text["user"],
        text["team"],
        frozenset(scope.strip() for scope in str(scopes).split(",") if scope.strip()),
    )


def can_listen(client: "WebClient", app_token: str) -> None:
    """See whether Socket Mode can be opened.

    Raises:
        CitewiseError: the app token is wrong, Socket Mode is off, or Slack can't be reached.
    """
    from slack_sdk.errors import SlackApiError

    try:
        client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        if code_of(error) == "missing_scope":
            raise CitewiseError(
                "SLACK_APP_TOKEN lacks the scope connections:write: make a new app-level token with it"
            ) from error
        raise CitewiseError(told(error, "SLACK_APP_TOKEN")) from error
    except (URLError, OSError) as error:
        raise CitewiseError(unreachable(error)) from error


def manifest(url: str | None = None) -> dict[str, Any]:
    """Return the app's manifest for Socket Mode or, with the public address of `citewise serve`, for HTTP."""
    described: dict[str, Any] = json.loads(Path(__file__).with_name("manifest.json").read_text("utf-8"))
    if url:
        events = f"{url.rstrip('/')}/slack/events"
        described["settings"]["socket_mode_enabled"] = False
        described["settings"]["event_subscriptions"]["request_url"] = events
        described["settings"]["interactivity"]["request_url"] = events
        for command in described["features"]["slash_commands"]:
            command["url"] = events
    return described


def missing_scopes(me: Me) -> list[str]:
    """Return the scopes that the manifest asks for and the token does not have."""
    return sorted(set(manifest()["oauth_config"]["scopes"]["bot"]) - me.scopes)


def code_of(error: "SlackApiError") -> str:
    """Return the name that Slack gives an error."""
    response: Any = error.response
    return str(response.get("error") or "") if hasattr(response, "get") else ""


def told(error: "SlackApiError", about: str) -> str:
    """Return what an error of Slack means, and what to do."""
    code = code_of(error)
    return f"{about}: {_WRONG.get(code) or f'Slack refused it ({code})'}"


def unreachable(error: Exception) -> str:
    """Say that Slack can't be reached."""
    reason = getattr(error, "reason", None) or error
    return f"Slack can't be reached ({reason}): check the network, or CITEWISE_SLACK_API_URL if it is set"


def is_lasting(error: Exception) -> bool:
    """Tell whether trying again is of no use."""
    from slack_sdk.errors import SlackApiError

    return isinstance(error, SlackApiError) and code_of(error) in _LASTING
