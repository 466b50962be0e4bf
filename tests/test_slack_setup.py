"""Setting Slack up: the manifest, tokens that are missing or wrong, what doctor says, and what is never logged."""

import json
import logging
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from slack_bot import running, settings_for
from slack_server import MANIFEST, SlackServer

from index.errors import CitewiseError
from qa import Settings
from ui import doctor
from ui.cli import main
from ui.slack import is_wanted, manifest, run, see_to_tokens
from ui.slack.connect import can_listen, log, web_client, who_am_i

SOURCE = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "ui/slack").glob("*.py")))


@pytest.fixture(autouse=True)
def only_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("CITEWISE_", "OPENAI_", "SLACK_")):
            monkeypatch.delenv(name)


def said(settings: Settings) -> list[str]:
    """Return what doctor says about Slack."""
    return [f"{line.state} {line.text}" for line in doctor._guarded("slack", lambda: doctor._slack(settings))]


# the manifest


def test_the_manifest_is_printed_for_socket_mode(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slack", "--manifest"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == MANIFEST
    assert printed["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in json.dumps(printed)


def test_the_manifest_for_http_names_the_address_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slack", "--manifest", "--url", "https://ask.example/"]) == 0
    settings = json.loads(capsys.readouterr().out)
    address = "https://ask.example/slack/events"
    assert settings["settings"]["socket_mode_enabled"] is False
    assert settings["settings"]["event_subscriptions"]["request_url"] == address
    assert settings["settings"]["interactivity"]["request_url"] == address
    assert {command["url"] for command in settings["features"]["slash_commands"]} == {address}


def test_the_manifest_fits_slacks_limits_and_the_listeners() -> None:
    features, settings = MANIFEST["features"], MANIFEST["settings"]
    assert len(MANIFEST["display_information"]["name"]) <= 35
    assert len(MANIFEST["display_information"]["description"]) <= 140
    assert features["agent_view"]["agent_description"]
    assert "assistant_view" not in features  # new apps can't have it any more
    assert features["app_home"]["messages_tab_enabled"]
    assert not features["app_home"]["messages_tab_read_only_enabled"]
    for command in features["slash_commands"]:
        assert f'app.command("{command["command"]}")' in SOURCE
    for shortcut in features["shortcuts"]:
        assert f'app.shortcut("{shortcut["callback_id"]}")' in SOURCE
        assert len(shortcut["name"]) <= 24
    events = {event.partition(".")[0] for event in settings["event_subscriptions"]["bot_events"]}
    assert events == {"app_home_opened", "app_mention", "message"}


def test_the_manifest_asks_for_no_right_that_is_not_needed(slack: SlackServer) -> None:
    needs = {
        "app_mentions:read": "app_mention",
        "assistant:write": "assistant_threads_setSuggestedPrompts",
        "chat:write": "chat_postMessage",
        "commands": "app.command",
        "files:read": "files_info",
        "users:read": "users_info",
        **dict.fromkeys(("channels:history", "groups:history", "im:history", "mpim:history"), "conversations_replies"),
        **dict.fromkeys(("channels:read", "groups:read", "im:read", "mpim:read"), "conversations_members"),
    }
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == set(needs)
    assert all(use in SOURCE for use in needs.values())


def test_the_manifest_is_in_the_package() -> None:
    assert manifest() == MANIFEST
    assert (ROOT / "ui/slack/manifest.json").is_file()


# tokens


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"slack_bot_token": None}, "SLACK_BOT_TOKEN is not set"),
        ({"slack_app_token": None}, "SLACK_APP_TOKEN is not set"),
        ({"slack_bot_token": "xapp-1"}, "SLACK_BOT_TOKEN must begin with xoxb-"),
        ({"slack_app_token": "xoxb-1"}, "SLACK_APP_TOKEN must begin with xapp-"),
        ({"slack_bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN: Slack does not know this token"),
        ({"slack_app_token": "xapp-wrong"}, "SLACK_APP_TOKEN: Slack does not know this token"),
        ({"slack_api_url": "http://127.0.0.1:9/api/"}, "Slack can't be reached"),
    ],
)
def test_what_is_missing_or_wrong_is_told_in_one_sentence(
    slack: SlackServer, tmp_path: Path, changes: dict[str, str | None], told: str
) -> None:
    with pytest.raises(CitewiseError, match=re.escape(told)) as error:
        run(replace(settings_for(slack, tmp_path / "library"), **changes))
    assert "wrong" not in str(error.value).replace("Slack does not know", "")
    assert "\n" not in str(error.value)


def test_the_command_says_it_in_one_line(citewise: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = citewise("slack")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("citewise: SLACK_BOT_TOKEN is not set")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [
        ({}, False),
        ({"slack_bot_token": "xoxb-1"}, False),
        ({"slack_signing_secret": "s"}, False),
        ({"slack_bot_token": "xoxb-1", "slack_signing_secret": "s"}, True),
        ({"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}, True),
    ],
)
def test_serve_answers_in_slack_when_it_has_the_tokens(tokens: dict[str, str], wanted: bool) -> None:
    assert is_wanted(Settings(**tokens)) is wanted
    see_to_tokens(Settings(**tokens))


def test_a_persons_token_is_no_bots(slack: SlackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(slack, "bot_id", "")
    with pytest.raises(CitewiseError, match="another kind of token"):
        who_am_i(web_client(settings_for(slack, tmp_path), patient=False))


def test_an_app_token_without_its_scope_is_told(slack: SlackServer, tmp_path: Path) -> None:
    slack.failures["apps.connections.open"] = ["missing_scope"]
    settings = settings_for(slack, tmp_path)
    with pytest.raises(CitewiseError, match="connections:write"):
        can_listen(web_client(settings, patient=False), settings.slack_app_token or "")


# doctor


def test_doctor_asks_nobody_without_tokens() -> None:
    assert said(Settings(slack_api_url="http://127.0.0.1:9/api/")) == ["ok installed, no tokens set"]


def test_doctor_finds_everything_in_order(slack: SlackServer, tmp_path: Path) -> None:
    assert said(settings_for(slack, tmp_path)) == [
        "ok @citewise in Example",
        "ok Socket Mode: citewise slack",
        "ok HTTP: citewise serve takes events under /slack/events",
    ]


def test_doctor_names_what_is_missing(slack: SlackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack, "scopes", slack.scopes - {"files:read", "im:history"})
    settings = settings_for(slack, tmp_path)
    told = said(replace(settings, slack_app_token=None, slack_signing_secret=None))
    assert told[1].startswith("fail the bot token lacks 2 scopes: files:read, im:history; add them")
    assert told[2] == "fail set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) as well"
    assert said(replace(settings, slack_signing_secret="short"))[-1].startswith("warn SLACK_SIGNING_SECRET does not")
    assert said(replace(settings, slack_app_token="xapp-no"))[-1].startswith("fail SLACK_APP_TOKEN: Slack does not")
    assert said(replace(settings, slack_bot_token=None))[-1].startswith("fail SLACK_BOT_TOKEN is not set")


# what is logged


def test_no_token_is_ever_logged(
    slack: SlackServer, own_library: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    before = log().level
    log().setLevel(logging.DEBUG)
    try:
        with SlackServer() as here, running(here, own_library) as bot:
            channel = here.channel("C1", "U1")
            ts = here.say("U1", channel, f"<@{here.bot_user}> How many targets were struck? xoxb-12-leaked")
            here.wait(lambda: here.whole(channel, ts))
            here.command("U1", channel, "/ask", "Who planted the roses?")
            here.wait(lambda: here.private)
            here.failures["conversations.replies"] = ["invalid_auth"]
            here.say("U1", channel, "When?", thread=ts)
            here.wait(lambda: len(here.whole(channel, ts)) == 2)
            log().error("xoxb-12-leaked and https://hooks.slack.com/actions/T1/2/leaked %s", "xapp-1-leaked")
            try:
                raise ValueError(f"{bot.desk.settings.slack_bot_token}")
            except ValueError:
                log().exception("it failed")
            secrets = (here.token, here.app_token, here.secret, "leaked", "ticket0", "/response/")
    finally:
        log().setLevel(before)
    ours = [r for r in caplog.records if not r.name.startswith("websockets")]  # that is the local Slack itself
    text = "\n".join(map(logging.Formatter().format, ours))
    assert "chat.postMessage" in text  # it was told at length
    assert "ValueError: (hidden)" in text
    assert [secret for secret in secrets if secret in text] == []


def test_nothing_of_slack_is_imported_without_it() -> None:
    script = (
        "import sys, ui.server, ui.doctor, ui.commands, ui.slack; print(*(m for m in sys.modules if 'slack_' in m))"
    )
    done = subprocess.run(
        [os.sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.split() == []
