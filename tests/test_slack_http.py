"""Slack's requests over HTTP to `citewise serve`: signed ones are served, all others are refused."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from slack_rules import words
from slack_server import SlackServer

from benchmarks.serving import serving

QUESTION = "How many targets were struck?"


@pytest.fixture(scope="module")
def served(slack: SlackServer, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackServer]:
    """A local Slack whose requests go to a running `citewise serve`."""
    folder = tmp_path_factory.mktemp("served-slack")
    copy = Path(shutil.copytree(library, folder / "library"))
    settings = {"SLACK_BOT_TOKEN": slack.token, "SLACK_SIGNING_SECRET": slack.secret}
    try:
        with serving(copy, **settings, CITEWISE_SLACK_API_URL=f"{slack.address}/api/") as address:
            slack.http_target = f"{address}/slack/events"
            yield slack
    finally:
        slack.http_target = None
        assert slack.token not in (folder / "serve.log").read_text()


@pytest.fixture
def channel(served: SlackServer) -> str:
    return served.channel("C1", "U1", "U2")


def test_a_mention_over_http_is_answered_once_though_slack_repeats_it(served: SlackServer, channel: str) -> None:
    ts = served.say("U1", channel, f"<@{served.bot_user}> {QUESTION}")
    for retry in (1, 2):
        for event in served.events_of(served.messages[channel][ts]):
            served.send_event(event, retry)
    (answer,) = served.wait(lambda: served.whole(channel, ts))
    assert "over 85 targets" in words(answer["blocks"])
    views = len(served.views)
    served.click("U2", answer, "passage_1")
    assert served.wait(lambda: len(served.views) > views)
    served.say("U2", channel, "When?", thread=ts)
    served.wait(lambda: len(served.whole(channel, ts)) == 2)
    assert len(served.ours(channel, ts, "")) == 2


def test_a_command_over_http(served: SlackServer, channel: str) -> None:
    before = len(served.private)
    assert served.command("U1", channel, "/ask", QUESTION)["text"].startswith("Searching the documents for")
    assert "over 85 targets" in words(served.wait(lambda: served.private[before:])[0]["blocks"])


def test_slacks_first_request_is_answered_with_its_challenge(served: SlackServer) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"})
    response = served.post(body, "application/json")
    assert (response.status_code, response.json()) == (200, {"challenge": "3eZbrw1aB"})


def event(served: SlackServer, channel: str) -> str:
    ts = served.now()
    message = {"type": "app_mention", "user": "U1", "text": f"<@UB0T> {QUESTION}", "ts": ts, "channel": channel}
    return json.dumps({"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": message})


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-signature": "v0=" + "0" * 64},
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0=ünïcode"},
        {"x-slack-request-timestamp": str(int(time.time()) + 1)},
        {"x-slack-request-timestamp": "soon"},
        {"x-slack-request-timestamp": "²"},
        {"x-slack-request-timestamp": ""},
    ],
)
def test_forged_requests_are_refused(served: SlackServer, channel: str, headers: dict[str, str]) -> None:
    body = event(served, channel)
    assert served.post(body, "application/json", headers).status_code == 401


def test_a_request_without_any_signature_is_refused(served: SlackServer, channel: str) -> None:
    for content, kind in (
        (event(served, channel), "application/json"),
        ("ssl_check=1&token=x", "application/x-www-form-urlencoded"),
        ("{", "application/json"),
        (b"\xff\xfe", "application/json"),
    ):
        assert httpx.post(served.http_target or "", content=content, headers={"content-type": kind}).status_code == 401


@pytest.mark.parametrize("age", [301, 3_600, -301])
def test_old_requests_are_refused_even_if_slack_signed_them(served: SlackServer, channel: str, age: int) -> None:
    assert served.post(event(served, channel), "application/json", at=time.time() - age).status_code == 401


def test_a_request_can_not_be_repeated(served: SlackServer, channel: str) -> None:
    now = time.time()
    who = {"user_id": "U1", "channel_id": channel, "trigger_id": "t.repeated", "team_id": "T1"}
    form = {"command": "/ask", "text": QUESTION, "response_url": served.reply_address("U1", channel), **who}
    before = len(served.private)
    assert served.post(urlencode(form), "application/x-www-form-urlencoded", at=now).status_code == 200
    assert served.post(urlencode(form), "application/x-www-form-urlencoded", at=now).status_code == 401
    served.wait(lambda: len(served.private) > before)
    other = served.command("U1", channel, "/ask", QUESTION)
    assert other
    served.wait(lambda: len(served.private) == before + 2)


def test_only_slacks_path_is_open_under_a_foreign_name(served: SlackServer) -> None:
    parts = urlsplit(served.http_target or "")
    base = f"http://{parts.netloc}"
    for path in ("/", "/api/documents", "/slack", "/slack/events/more", "/healthz"):
        assert httpx.get(base + path, headers={"host": "bot.example.com"}).status_code in (403, 404)
    assert httpx.get(served.http_target or "", headers={"host": "bot.example.com"}).status_code in (404, 405)
    assert httpx.get(f"{base}/api/documents").status_code == 200


def test_a_request_that_is_too_large_is_refused(served: SlackServer) -> None:
    assert served.post("x" * 2_000_001, "application/json").status_code == 413
    assert served.post("x" * 2_000_001, "multipart/form-data; boundary=x").status_code == 413


def test_the_answer_to_slack_shows_nothing(served: SlackServer, channel: str) -> None:
    response = served.post(event(served, channel), "application/json")
    assert (response.status_code, response.text) == (200, "")
    assert "default-src 'none'" in response.headers["content-security-policy"]
