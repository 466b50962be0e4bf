"""Slack under load and in trouble: duplicates, retries, rate limits, lost connections, killed processes, two copies."""

import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from conftest import ROOT
from slack_bot import running
from slack_rules import Json, words
from slack_server import SlackServer

from benchmarks.serving import environment
from qa import Chatbot, Settings
from qa.feedback import ratings
from ui.slack.journal import Job

QUESTION = "How many targets were struck?"
QUESTIONS = (
    QUESTION,
    "Who launched the airstrikes?",
    "When did the airstrikes happen?",
    "Where were three American service members killed?",
    "Who planted the roses?",
    "What is the boiling point of ethanol?",
    "What was the drone attack in Jordan attributed to?",
)
FOLLOW_UPS = ("When?", "And in Iraq?", "Who was it?", "What about Iran?", "How many were injured?")
USERS = [f"U{n}" for n in range(40)]


def conversations(slack: SlackServer, chance: random.Random) -> list[list[Json]]:
    """Return the 310 messages of 60 threads, in channels, groups and direct messages."""
    found = []
    places = Counter(chance.choice(range(60)) for _ in range(250))
    for number in range(60):
        kind = ("channel", "group", "im")[number % 3]
        people = chance.sample(USERS, 3)
        channel = f"{kind[0].upper()}{number % 12 if kind == 'channel' else number}"
        members = slack.channels[channel].members if channel in slack.channels else set()
        slack.channel(channel, *people, *members, kind=kind)
        thread: list[Json] = []
        for place in range(1 + places[number]):
            mention = f"<@{slack.bot_user}> " if place == 0 and kind != "im" else ""
            text = mention + chance.choice(QUESTIONS if place == 0 else FOLLOW_UPS)
            ts = slack.now()
            user = people[0] if kind == "im" else chance.choice(people)
            message = {"type": "message", "user": user, "text": text, "ts": ts, "channel": channel, "team": slack.team}
            if place:
                message["thread_ts"] = thread[0]["ts"]
            thread.append(message)
        found.append(thread)
    return found


@pytest.fixture
def quick(tmp_path: Path) -> Settings:
    """The settings of a library that answers in no time: two short documents, and no reader."""
    (tmp_path / "strikes.txt").write_text(
        "On 2 February 2024 the United States launched airstrikes in Iraq and Syria. Over 85 targets were struck. "
        "The drone attack in Jordan, which killed three American service members, was attributed to Iran."
    )
    (tmp_path / "garden.txt").write_text("The roses were planted on 3 May 2019 by Maria Lindqvist.")
    settings = Settings(library=tmp_path / "library", reader=False)
    with Chatbot.open(settings=settings) as bot:
        assert len(bot.add([tmp_path / "strikes.txt", tmp_path / "garden.txt"]).documents) == 2
    return settings


def test_each_of_500_events_is_answered_once_in_its_own_thread(quick: Settings) -> None:
    """Events come twice, from two connections, to two copies of the bot, while Slack limits and drops them."""
    chance = random.Random(5)
    library = quick.library
    assert library
    with SlackServer() as slack, running(slack, library, reader=False), running(slack, library, reader=False):
        threads = conversations(slack, chance)
        events = [event for thread in threads for message in thread for event in slack.events_of(message)]
        again = chance.sample(events, 150)
        limited = Counter[str]()

        def busy(method: str, given: Json) -> bool:
            if method.startswith(("apps", "auth")) or chance.random() > 0.04:
                return False
            limited[method] += 1
            return True

        slack.fail_when = busy
        for thread in threads:  # a thread is there before it is answered in
            for message in thread:
                slack.messages[message["channel"]][message["ts"]] = message
        order = sorted(events, key=lambda event: event["ts"])
        for event in again:
            order.insert(chance.randint(order.index(event), len(order)), event)
        for number, event in enumerate(order):
            slack.send_event(event)
            if number in (90, 200, 310, 420):
                slack.drop_sockets(rudely=number in (200, 420))
            if number == 260:
                slack.disconnect()
        expected = {(m["channel"], thread[0]["ts"]): len(thread) for thread in threads for m in thread}
        slack.wait(lambda: all(len(slack.ours(*place)) >= n for place, n in expected.items()), 60)
        slack.wait(slack.settled)
        answers = {place: slack.ours(*place, "") for place in expected}
    assert (len(order), len(threads), sum(map(len, threads))) == (500, 60, 310)
    assert sum(limited.values()) > 20
    for thread in threads:
        asked = [f"{m['channel']}:{m['ts']}" for m in thread]
        found = answers[thread[0]["channel"], thread[0]["ts"]]
        assert sorted(m["metadata"]["event_payload"]["question"] for m in found) == asked  # once, and none lost
    assert [r for r in slack.refused if "streaming" not in r] == []
    with Chatbot.open(settings=quick) as bot:
        right = {question: bot.ask(question).text for question in QUESTIONS}
        for thread in threads:
            question = thread[0]["text"].rpartition("> ")[2]
            found = answers[thread[0]["channel"], thread[0]["ts"]]
            key = f"{thread[0]['channel']}:{thread[0]['ts']}"
            (first,) = [m for m in found if m["metadata"]["event_payload"]["question"] == key]
            assert first["text"] == right[question]
    assert len(set(right.values())) > 3
    assert ratings(library) == []


@contextmanager
def process(slack: SlackServer, library: Path, *command: str) -> Generator[subprocess.Popen[bytes]]:
    """Run the bot as a process of its own; it is killed at the end if it still runs."""
    settings = environment(
        SLACK_BOT_TOKEN=slack.token,
        SLACK_APP_TOKEN=slack.app_token,
        CITEWISE_SLACK_API_URL=f"{slack.address}/api/",
        CITEWISE_LIBRARY=str(library),
        PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}",
    )
    with (library / "log").open("ab") as log:
        before = len(slack.calls("apps.connections.open"))
        started = subprocess.Popen([sys.executable, *command], env=settings, stderr=log, stdout=log)
        try:
            slack.wait(lambda: slack.sessions and len(slack.calls("apps.connections.open")) >= before + 2, 60)
            yield started
        finally:
            started.kill()
            started.wait()
            slack.wait(lambda: not slack.sessions)


GROWING = (str(ROOT / "tests/slack_process.py"),)
CITEWISE = ("-m", "ui.cli", "slack")


def interrupted(slack: SlackServer, running: subprocess.Popen[bytes], call: str, ask: Callable[[], str]) -> str:
    """Ask, and kill the process while a call to Slack hangs; return the question's ts."""
    slack.hold(call)
    ts = ask()
    assert slack.holding.wait(20)
    running.kill()
    running.wait()
    return ts


def test_a_killed_bot_goes_on_where_it_was(own_library: Path) -> None:
    with SlackServer() as slack:
        channel = slack.channel("C1", "U1", "U2")

        def ask(text: str = QUESTION, thread: str | None = None) -> str:
            return slack.say("U1", channel, text if thread else f"<@{slack.bot_user}> {text}", thread)

        with process(slack, own_library, *GROWING) as first:
            one = ask()
            slack.wait(lambda: slack.whole(channel, one))
            half = interrupted(slack, first, "chat.appendStream:before", lambda: ask("Who planted the roses?"))
        late = ask("What about Jordan?", thread=one)  # nobody listens: Slack sends it again
        with process(slack, own_library, *GROWING) as second:
            slack.release("chat.appendStream:before", lost=True)
            slack.wait(lambda: slack.whole(channel, half))
            assert "Maria Lindqvist" in words(slack.whole(channel, half)[0]["blocks"])
            assert len(slack.ours(channel, half, "")) == 1  # the message that was begun was written to its end
            slack.wait(lambda: len(slack.whole(channel, one)) == 2)
            lost = interrupted(slack, second, "chat.startStream:before", ask)
            slack.release("chat.startStream:before", lost=True)
        with process(slack, own_library, *CITEWISE) as third:
            slack.wait(lambda: slack.whole(channel, lost))
            posted = interrupted(slack, third, "chat.postMessage:after", ask)  # it stands there, but nobody heard
            slack.release("chat.postMessage:after")
        with process(slack, own_library, *CITEWISE) as fourth:
            last = ask("When?", thread=posted)
            slack.wait(lambda: len(slack.whole(channel, posted)) == 2)
            slack.hold("chat.postMessage:before")
            ending = ask("Who launched the airstrikes?")
            assert slack.holding.wait(20)
            fourth.send_signal(signal.SIGTERM)
            slack.wait(lambda: not slack.sessions)  # it listens no more, but finishes what it began
            slack.release("chat.postMessage:before")
            assert fourth.wait(20) == 0
        for thread, questions in ((one, [one, late]), (half, [half]), (lost, [lost]), (posted, [posted, last])):
            asked = [
                m["metadata"]["event_payload"]["question"].partition(":")[2] for m in slack.ours(channel, thread, "")
            ]
            assert asked == questions
        assert len(slack.whole(channel, ending)) == 1
        complete = slack.ours(channel, posted)[0]["ts"]
        assert complete not in {call["ts"] for call in slack.calls("chat.update")}  # it was whole: nothing to do
    log = (own_library / "log").read_text()
    told = {line for line in log.splitlines() if not line.startswith(("Failed to send", "the connection to Slack"))}
    assert told == {"citewise answers in Slack as @citewise (Example); Ctrl-C stops it", "citewise: stopped"}
    assert slack.token not in log
    assert slack.app_token not in log
    assert list(own_library.glob("slack-*.lock")) == []


def test_a_copy_takes_up_what_a_killed_one_left(own_library: Path) -> None:
    with SlackServer() as slack, ExitStack() as stack:
        channel = slack.channel("C1", "U1")
        first = stack.enter_context(process(slack, own_library, *GROWING))
        ts = interrupted(
            slack,
            first,
            "chat.appendStream:before",
            lambda: slack.say("U1", channel, f"<@{slack.bot_user}> {QUESTION}"),
        )
        stack.enter_context(running(slack, own_library, socket=False))
        slack.release("chat.appendStream:before", lost=True)
        (answer,) = slack.wait(lambda: slack.whole(channel, ts))
        assert "over 85 targets" in words(answer["blocks"])
        assert len(slack.ours(channel, ts, "")) == 1


def test_a_question_that_only_its_plain_message_tells_of_is_answered(
    own_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.slack.listeners._TWIN", 0.2)
    with SlackServer() as slack, running(slack, own_library):
        channel = slack.channel("C1", "U1")
        ts = slack.now()
        message = {"type": "message", "user": "U1", "text": f"<@{slack.bot_user}> {QUESTION}", "ts": ts}
        slack.messages[channel][ts] = {**message, "channel": channel}
        slack.send_event({**message, "channel": channel, "channel_type": "channel"})
        assert slack.wait(lambda: slack.whole(channel, ts))


def test_copies_without_a_common_folder_do_not_answer_the_two_events_of_a_mention_twice(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.slack.listeners._TWIN", 0.1)
    with SlackServer() as slack, ExitStack() as stack:
        copies = [Path(shutil.copytree(library, tmp_path / name)) for name in ("one", "two")]
        bots = [stack.enter_context(running(slack, copy)) for copy in copies]
        channel = slack.channel("C1", "U1")
        for _ in range(2):
            ts = slack.now()
            message = {"type": "message", "user": "U1", "text": f"<@{slack.bot_user}> {QUESTION}", "ts": ts}
            slack.messages[channel][ts] = {**message, "channel": channel}
            mention, plain = slack.events_of(slack.messages[channel][ts])
            slack.send_event(mention)  # to one copy
            slack.wait(lambda ts=ts: slack.whole(channel, ts))
            slack.send_event(plain)  # and to the other, where it waits for its mention
            slack.wait(slack.settled)
            slack.wait(lambda: all(bot.desk.journal.open_jobs() == 0 for bot in bots))
            assert len(slack.ours(channel, ts, "")) == 1
        known = [bot.desk.journal.put(Job(f"{channel}:{ts}", "ask", "", 0, {}), 60) for bot in bots]
        assert known == [False, False]  # both had heard of it


def test_when_slack_cannot_be_reached_it_is_tried_again(own_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.slack.workers._BACKOFF", 0.05)
    monkeypatch.setattr("ui.slack.workers._POLL", 0.05)
    with SlackServer() as slack, running(slack, own_library):
        channel = slack.channel("D1", "U1", kind="im")
        slack.failures["chat.postMessage"] = ["internal_error"] * 2
        ts = slack.say("U1", channel, QUESTION)
        assert slack.wait(lambda: slack.whole(channel, ts))


def test_a_question_that_can_not_be_answered_in_the_end_is_told(
    own_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.slack.workers._BACKOFF", 0.05)
    monkeypatch.setattr("ui.slack.workers._POLL", 0.05)
    with SlackServer() as slack, running(slack, own_library):
        channel = slack.channel("D1", "U1", kind="im")
        slack.failures["chat.postMessage"] = ["internal_error"] * 5
        ts = slack.say("U1", channel, QUESTION)
        (told,) = slack.wait(lambda: slack.ours(channel, ts, "citewise_notice"))
        assert "Something went wrong" in told["text"]
        other = slack.say("U1", channel, QUESTION)
        assert slack.wait(lambda: slack.whole(channel, other))  # and life goes on
