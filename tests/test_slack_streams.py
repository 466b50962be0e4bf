"""Answers that grow: streamed, refused, expired, changed at the end, long; and what goes wrong on the way to Slack."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from slack_bot import Growing, running
from slack_rules import Json, live_markdown, words
from slack_server import SlackServer

from index.errors import LibraryError
from qa import Answer, Chatbot, Citation, Turn
from ui.slack.blocks import answer_blocks
from ui.slack.bot import Bot

QUESTION = "How many targets were struck?"
_NUMBER = count(1)


@pytest.fixture(scope="module")
def growing(slack: SlackServer, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    copy = Path(shutil.copytree(library, tmp_path_factory.mktemp("growing") / "library"))
    with running(slack, copy, Growing) as bot:
        yield bot


@pytest.fixture(autouse=True)
def fresh(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("ui.slack.reply._PACE", 0.0)
    monkeypatch.setattr("ui.slack.reply._SLOW_PACE", 0.0)
    monkeypatch.setattr("ui.slack.workers._BACKOFF", 0.1)
    for record in (slack.refused, slack.received, slack.streamed, slack.statuses):
        record.clear()
    slack.appends_until_expiry = None
    yield
    Growing.meanwhile, Growing.finally_ = staticmethod(lambda _: None), staticmethod(lambda answer: answer)
    assert slack.refused == []


@pytest.fixture
def channel(slack: SlackServer) -> str:
    return slack.channel(f"C{next(_NUMBER)}", "U1")


def asked(slack: SlackServer, channel: str, text: str = QUESTION) -> str:
    return slack.say("U1", channel, f"<@{slack.bot_user}> {text}")


def whole(slack: SlackServer, channel: str, ts: str) -> Json:
    """Wait for the answer, and return its first message."""
    return slack.wait(lambda: slack.whole(channel, ts))[0]


def used(slack: SlackServer) -> list[str]:
    return [name for name, _ in slack.received if name.startswith(("chat.", "assistant."))]


def expected(bot: Bot, channel: str, ts: str) -> list[Json]:
    return answer_blocks(Chatbot.ask(bot.desk.service.bot, QUESTION), f"{channel}:{ts}")


def test_an_answer_is_streamed_and_then_replaced_by_the_whole(slack: SlackServer, growing: Bot, channel: str) -> None:
    ts = asked(slack, channel)
    answer = whole(slack, channel, ts)
    calls = used(slack)
    assert calls[:2] == ["assistant.threads.setStatus", "chat.startStream"]
    assert calls.count("chat.appendStream") > 20
    assert calls[-2:] == ["chat.stopStream", "chat.update"]
    assert answer["blocks"] == expected(growing, channel, ts)
    assert len(slack.ours(channel, ts, "")) == 1
    assert "".join(slack.streamed) in Chatbot.ask(growing.desk.service.bot, QUESTION).text
    assert len("".join(slack.streamed)) > 150


@pytest.mark.parametrize("appends", [0, 1, 7])
def test_a_stream_that_expires_halfway_still_brings_the_whole_answer(
    slack: SlackServer, growing: Bot, channel: str, appends: int
) -> None:
    slack.appends_until_expiry = appends
    ts = asked(slack, channel)
    answer = whole(slack, channel, ts)
    assert slack.refused.pop().startswith("chat.appendStream: message_not_in_streaming_state")
    assert answer["blocks"] == expected(growing, channel, ts)
    assert len(slack.ours(channel, ts, "")) == 1
    calls = used(slack)
    assert calls.count("chat.appendStream") == appends + 1
    assert calls.count("chat.update") > 1  # it grows on as a message


def test_a_stream_that_expires_just_before_its_end_is_no_loss(slack: SlackServer, growing: Bot, channel: str) -> None:
    def expire(number: int) -> None:
        for message in slack.messages[channel].values():
            message.pop("streaming", None) if number > 60 else None

    Growing.meanwhile = staticmethod(expire)
    ts = asked(slack, channel)
    assert whole(slack, channel, ts)["blocks"] == expected(growing, channel, ts)
    slack.refused.clear()


@pytest.mark.parametrize("error", ["channel_type_not_supported", "missing_scope", "not_allowed", "unknown_method"])
def test_where_streams_are_refused_the_message_is_updated(
    slack: SlackServer, growing: Bot, channel: str, error: str
) -> None:
    slack.failures["chat.startStream"] = [error]
    ts = asked(slack, channel)
    assert whole(slack, channel, ts)["blocks"] == expected(growing, channel, ts)
    calls = used(slack)
    assert (calls.count("chat.startStream"), calls.count("chat.postMessage")) == (1, 1)
    assert calls.count("chat.update") > 5
    assert len(slack.ours(channel, ts, "")) == 1


def test_where_slack_is_busy_the_stream_waits_and_the_answer_comes(
    slack: SlackServer, growing: Bot, channel: str
) -> None:
    slack.limits["chat.startStream"] = 1
    ts = asked(slack, channel)
    assert whole(slack, channel, ts)["blocks"] == expected(growing, channel, ts)
    assert used(slack).count("chat.startStream") == 1  # not asked again at once, as Retry-After says


def test_what_the_check_takes_back_is_gone_in_the_end(slack: SlackServer, growing: Bot, channel: str) -> None:
    def checked(answer: Answer) -> Answer:
        first = answer.citations[0]
        text = "Only this is borne out. [1] That is not. [unsupported]"
        return replace(answer, text=text, short=None, citations=(first,), status="partial")

    Growing.finally_ = staticmethod(checked)
    ts = asked(slack, channel)
    shown = words(whole(slack, channel, ts)["blocks"])
    assert "Only part of this is in the documents. Only this is borne out.  [1]" in shown
    assert "That is not.  (not borne out by the quotes)" in shown
    assert "quickly attributed" not in shown


def test_a_note_is_shown(slack: SlackServer, growing: Bot, channel: str) -> None:
    def noted(answer: Answer) -> Answer:
        return replace(answer, note="The language model did not answer; these are quotes <!here>.")

    Growing.finally_ = staticmethod(noted)
    ts = asked(slack, channel)
    assert "these are quotes <!here>" in words(whole(slack, channel, ts)["blocks"])


def long_answer(answer: Answer) -> Answer:
    """Return an answer of 40,000 characters with sixty citations, as a model could write it."""
    first = answer.citations[0]
    citations = tuple(replace(first, number=n) for n in range(1, 61))
    items = "\n".join(f"- {'word ' * 60}**fact** [{n}]\n  - `code[{n}]` [{n}]" for n in range(1, 31))
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| {n} | cell [{n}] |" for n in range(1, 41))
    fence = "```\n" + "x = [1] # <@U1>\n" * 300 + "```"
    line = "solid" * 1_500 + " [31]"
    text = "\n\n".join([f"# Title\n\n{'Lead. [1] ' * 200}", items, table, table, fence, line, "> quoted [60]"])
    return replace(answer, text=text, citations=citations, short=None)


def test_a_long_answer_is_split_into_messages_without_breaking_a_mark(
    slack: SlackServer, growing: Bot, channel: str
) -> None:
    Growing.finally_ = staticmethod(long_answer)
    ts = asked(slack, channel)
    count_ = whole(slack, channel, ts)["metadata"]["event_payload"]["of"]
    parts = slack.wait(lambda: len(slack.ours(channel, ts, "")) == count_ and slack.ours(channel, ts, ""))
    assert count_ > 3
    assert [p["metadata"]["event_payload"]["page"] for p in parts] == list(range(count_))
    elements = [e for p in parts for b in p["blocks"] if b["type"] == "rich_text" for e in texts(b)]
    marks = [e["text"] for e in elements if re.fullmatch(r"\[\d+\]", e["text"])]
    assert set(marks) == {f"[{n}]" for n in (*range(1, 32), 60)}
    assert len(marks) == 200 + 2 * 30 + 2  # the code's own brackets are none
    assert not [e for e in elements if re.search(r"\[\d*$|^\d*\](?!\()", e["text"]) and e["text"] not in marks]
    shown = "".join(words(p["blocks"]) for p in parts)
    assert all(f"Passage [{n}]" in shown for n in range(1, 61))
    assert shown.count("cell [7]") == 2


def texts(part: Any) -> Iterator[Json]:
    if isinstance(part, dict) and part.get("type") == "text":
        yield part
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from texts(value)


def test_a_long_answer_that_was_cut_off_between_its_messages_is_completed(
    slack: SlackServer, growing: Bot, channel: str
) -> None:
    Growing.finally_ = staticmethod(long_answer)
    failed: list[str] = []

    def third_part(method: str, given: Json) -> bool:
        about = (given.get("metadata") or {}).get("event_payload") or {}
        if method == "chat.postMessage" and about.get("page") == 2 and not failed:
            failed.append(method)
            slack.failures[method] = ["internal_error"]
        return False

    slack.fail_when = third_part
    ts = asked(slack, channel)
    whole(slack, channel, ts)
    of = whole(slack, channel, ts)["metadata"]["event_payload"]["of"]
    parts = slack.wait(lambda: len(slack.ours(channel, ts, "")) == of and slack.ours(channel, ts, ""))
    assert [p["metadata"]["event_payload"]["page"] for p in parts] == list(range(of))
    slack.fail_when = None
    assert slack.refused.pop().startswith("chat.stopStream")  # it could have been a stream that was left open


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update"])
def test_a_call_that_arrived_and_was_not_confirmed_is_not_done_twice(
    slack: SlackServer, growing: Bot, channel: str, method: str
) -> None:
    slack.lost_answers[method] = 1
    ts = asked(slack, channel)
    assert whole(slack, channel, ts)["blocks"] == expected(growing, channel, ts)
    assert len(slack.ours(channel, ts, "")) == 1
    slack.refused.clear()


def test_an_answer_that_was_posted_and_not_confirmed_is_not_posted_twice(
    slack: SlackServer, growing: Bot, channel: str
) -> None:
    slack.failures["chat.startStream"] = ["not_allowed"]
    slack.lost_answers["chat.postMessage"] = 1
    ts = asked(slack, channel)
    whole(slack, channel, ts)
    assert len(slack.ours(channel, ts, "")) == 1
    assert slack.refused.pop().startswith("chat.stopStream")  # it could have been a stream that was left open


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long"])
def test_where_slack_refuses_the_blocks_the_text_comes(
    slack: SlackServer, growing: Bot, channel: str, code: str
) -> None:
    slack.failures["chat.update"] = [code]
    ts = asked(slack, channel)
    assert "over 85 targets across Iraq" in words(whole(slack, channel, ts)["blocks"])


def test_a_message_that_somebody_deleted_meanwhile_is_written_anew(
    slack: SlackServer, growing: Bot, channel: str
) -> None:
    def delete(number: int) -> None:
        if number == 20:
            for message in slack.ours(channel, ts_of[0], ""):
                del slack.messages[channel][message["ts"]]

    ts_of = [slack.now()]
    Growing.meanwhile = staticmethod(delete)
    message = {"type": "message", "user": "U1", "text": f"<@{slack.bot_user}> {QUESTION}", "ts": ts_of[0]}
    slack.messages[channel][ts_of[0]] = {**message, "channel": channel}
    slack.send_event({**message, "type": "app_mention", "channel": channel})
    assert whole(slack, channel, ts_of[0])["blocks"] == expected(growing, channel, ts_of[0])
    slack.refused.clear()


class Failing(Chatbot):
    """Fails in the middle of an answer."""

    error: Callable[[], Exception] = RuntimeError

    def stream(
        self, question: str, history: Sequence[Turn] = (), sources: Sequence[str] | None = None
    ) -> Iterator[Answer]:
        """Begin, and fail."""
        yield Answer(question, "It seems that the ", done=False)
        raise type(self).error()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lambda: RuntimeError("secret path /home/x"), "Something went wrong inside citewise"),
        (lambda: LibraryError("the index is damaged: run citewise doctor <!here>"), "run citewise doctor <!here>"),
    ],
)
def test_a_failure_of_the_index_or_model_is_told_in_place_of_the_answer(
    own_library: Path, error: Callable[[], Exception], said: str
) -> None:
    Failing.error = staticmethod(error)
    with SlackServer() as slack, running(slack, own_library, Failing):
        ts = slack.say("U1", slack.channel("D1", "U1", kind="im"), QUESTION)
        (told,) = slack.wait(lambda: slack.ours("D1", ts, "citewise_notice"))
    assert said in words(told["blocks"])
    assert "/home/x" not in words(told["blocks"])
    assert live_markdown("".join(slack.streamed)) == []
    assert len(slack.ours("D1", ts, "")) == 1


def test_citations_are_numbered_as_in_the_answer() -> None:
    cited = tuple(Citation(n, f"f{n}.pdf", "", n, 0, 5, "quote", f"d.v.{n}") for n in (1, 2))
    blocks = answer_blocks(Answer("q", "One [1] and two [2].", citations=cited), "k", "https://ask.example/")
    places = [b["elements"][0]["text"] for b in blocks if b["type"] == "context"]
    assert places[1] == "*[2]* <https://ask.example/documents/d?start=0&amp;end=5&amp;version=v|f2.pdf, page 2>"
