"""Every way of asking in Slack, to the cited answer and its passage: the real bot against a local Slack."""

from collections.abc import Iterator
from itertools import count

import pytest
from conftest import ARTICLE
from slack_rules import Json, live, words
from slack_server import SlackServer

from qa import Turn
from ui.slack.bot import Bot
from ui.slack.desk import Given
from ui.slack.thread import read, turns

QUESTION = "How many targets were struck?"
FOUND = "over 85 targets"
_NUMBER = count(1)


@pytest.fixture(autouse=True)
def nothing_is_refused(slack: SlackServer) -> Iterator[None]:
    slack.refused.clear()
    yield
    assert slack.refused == []


@pytest.fixture
def channel(slack: SlackServer) -> str:
    return slack.channel(f"C{next(_NUMBER)}", "U1", "U2", "U3")


@pytest.fixture
def direct(slack: SlackServer) -> str:
    return slack.channel(f"D{next(_NUMBER)}", "U1", kind="im")


@pytest.fixture
def me(slack: SlackServer, slack_bot: Bot) -> str:
    return f"<@{slack.bot_user}>"


def answered(slack: SlackServer, channel: str, thread: str, number: int = 1) -> Json:
    """Wait for so many answers in a thread, and return the last."""
    return slack.wait(lambda: len(slack.whole(channel, thread)) >= number and slack.whole(channel, thread))[-1]


def quiet(slack: SlackServer, bot: Bot) -> bool:
    """Wait until there is nothing left to do."""
    slack.wait(slack.settled)
    while bot.desk.journal.open_jobs():
        pass
    return True


# where it answers


def test_a_mention_is_answered_in_its_thread_with_quotes_and_their_files(
    slack: SlackServer, channel: str, me: str
) -> None:
    ts = slack.say("U1", channel, f"{me} {QUESTION}")
    answer = answered(slack, channel, ts)
    assert answer["thread_ts"] == ts
    assert answer["blocks"][0]["elements"][0]["elements"][0] == {
        "type": "text",
        "text": FOUND,
        "style": {"bold": True},
    }
    quotes = [b for b in answer["blocks"] if b["type"] == "context"]
    assert quotes[0]["elements"][0]["text"] == f"*[1]* {ARTICLE}"
    assert quotes[0]["elements"][1]["text"].startswith("“In an escalation of military tensions")
    assert answer["blocks"][-1]["type"] == "context_actions"
    assert slack.statuses[-1]["thread_ts"] == ts
    assert slack.calls("chat.startStream") == []  # it was whole at once: one message is better than a stream


def test_the_answer_is_the_one_that_python_gives(slack: SlackServer, channel: str, me: str, slack_bot: Bot) -> None:
    ts = slack.say("U1", channel, f"{me} {QUESTION}")
    answered(slack, channel, ts)
    record = slack_bot.desk.kept.answer(f"{channel}:{ts}")
    assert record
    in_slack, in_python = Given.of(record).answer, slack_bot.desk.service.bot.ask(QUESTION)
    assert in_slack.timings.keys() == in_python.timings.keys()
    for field in ("question", "text", "short", "status", "citations", "results", "model", "done"):
        assert getattr(in_slack, field) == getattr(in_python, field)


def test_the_button_of_a_citation_opens_the_quote_in_its_surroundings(
    slack: SlackServer, channel: str, me: str, slack_bot: Bot
) -> None:
    ts = slack.say("U1", channel, f"{me} {QUESTION}")
    answer = answered(slack, channel, ts)
    before = len(slack.views)
    slack.click("U2", answer, "passage_1")
    view = slack.wait(lambda: len(slack.views) > before and slack.views[-1])
    (citation,) = [c for c in slack_bot.desk.service.bot.ask(QUESTION).citations if c.number == 1]
    parts = view["blocks"][1]["elements"][0]["elements"]
    assert view["title"]["text"] == "Passage [1]"
    assert [p["text"] for p in parts if p.get("style") == {"bold": True}] == [citation.quote]
    shown = "".join(p["text"] for p in parts).strip("… ")
    assert shown in slack_bot.desk.service.bot.index.text(citation.source)
    assert len(shown) > len(citation.quote) + 500


def test_a_thread_that_it_is_in_goes_on_without_a_mention(
    slack: SlackServer, channel: str, me: str, slack_bot: Bot
) -> None:
    question = "Who planted the roses?"
    ts = slack.say("U1", channel, f"{me} {question}")
    answered(slack, channel, ts)
    slack.say("U2", channel, "When?", thread=ts)
    answer = answered(slack, channel, ts, 2)
    bot = slack_bot.desk.service.bot
    assert "3 May 2019" in words(answer["blocks"])
    assert answer["text"] == bot.ask("When?", [Turn(question, bot.ask(question).text)]).text
    assert answer["text"] != bot.ask("When?").text  # which means nothing by itself


def test_other_threads_other_peoples_and_small_talk_are_left_alone(
    slack: SlackServer, channel: str, me: str, slack_bot: Bot
) -> None:
    strange = slack.say("U1", channel, "How many targets were struck?")
    slack.say("U2", channel, "I don't know, do you?", thread=strange)
    joined = slack.say("U1", channel, f"{me} {QUESTION}")
    answered(slack, channel, joined)
    for text in ("<@U2> is that right?", "thanks!", ":+1: :tada:", "Ok, great", "🎉"):
        slack.say("U2", channel, text, thread=joined)
    assert quiet(slack, slack_bot)
    assert slack.ours(channel, strange, "") == []
    assert len(slack.ours(channel, joined, "")) == 1


def test_bots_edits_and_notices_are_not_answered(slack: SlackServer, direct: str, slack_bot: Bot) -> None:
    for more in (
        {"bot_id": "B9"},
        {"subtype": "bot_message", "bot_id": "B9"},
        {"subtype": "message_changed", "message": {"text": QUESTION, "user": "U1"}, "hidden": True},
        {"subtype": "message_deleted", "hidden": True},
        {"subtype": "channel_join"},
        {"subtype": "assistant_app_thread", "bot_id": slack.bot_id},
    ):
        slack.say("U1", direct, QUESTION, **more)
    slack.say(slack.bot_user, direct, QUESTION)
    slack.say("USLACKBOT", direct, QUESTION)
    assert quiet(slack, slack_bot)
    assert [m for m in slack.messages[direct].values() if m.get("metadata")] == []


def test_a_direct_message_is_answered_and_its_thread_goes_on(slack: SlackServer, direct: str, slack_bot: Bot) -> None:
    ts = slack.say("U1", direct, QUESTION)
    assert FOUND in words(answered(slack, direct, ts)["blocks"])
    slack.say("U1", direct, "In which countries?", thread=ts)
    assert "Iraq" in words(answered(slack, direct, ts, 2)["blocks"])


@pytest.mark.parametrize("text", ["", "Hello!", "help", "🙂"])
def test_a_message_that_only_calls_it_gets_help_with_an_example(
    slack: SlackServer, channel: str, me: str, text: str
) -> None:
    ts = slack.say("U1", channel, f"{me} {text}")
    (said,) = slack.wait(lambda: slack.ours(channel, ts, "citewise_notice"))
    assert "word for word" in words(said["blocks"])


def test_thanks_get_no_answer(slack: SlackServer, direct: str, slack_bot: Bot) -> None:
    slack.say("U1", direct, "thank you!")
    assert quiet(slack, slack_bot)
    assert len(slack.messages[direct]) == 1


def test_a_button_that_does_not_work_says_so(slack: SlackServer, channel: str, me: str) -> None:
    ts = slack.say("U1", channel, f"{me} {QUESTION}")
    answer = answered(slack, channel, ts)
    slack.failures["views.open"] = ["internal_error"]
    before = len(slack.private)
    slack.click("U1", answer, "passage_1")
    assert "Something went wrong" in slack.wait(lambda: slack.private[before:])[0]["text"]


def test_ask_answers_only_the_person_who_can_share_it(slack: SlackServer, channel: str, slack_bot: Bot) -> None:
    before = len(slack.private)
    said = slack.command("U1", channel, "/ask", f"{QUESTION} &lt;@U2&gt;")
    assert said["text"].startswith(f"Searching the documents for: {QUESTION}")
    private = slack.wait(lambda: len(slack.private) > before and slack.private[-1])
    assert private["response_type"] == "ephemeral"
    assert FOUND in words(private["blocks"])
    assert slack.messages[channel] == {}
    slack.click("U1", private, "share")
    slack.click("U1", private, "share")  # pressed twice
    (ts,) = slack.wait(lambda: list(slack.messages[channel]))
    shared = slack.messages[channel][ts]
    assert "thread_ts" not in shared
    assert FOUND in words(shared["blocks"])
    assert live(shared["blocks"]) == ["<@U1>"]  # who asked, and nobody else
    assert slack.wait(lambda: slack.private[-1].get("delete_original"))
    slack.say("U2", channel, "When?", thread=ts)
    assert "February" in words(answered(slack, channel, ts, 2)["blocks"])
    assert quiet(slack, slack_bot)
    assert len(slack.ours(channel, ts)) == 2


def test_a_private_answer_opens_its_passages_too(slack: SlackServer, channel: str, slack_bot: Bot) -> None:
    before, views = len(slack.private), len(slack.views)
    slack.command("U1", channel, "/ask", QUESTION)
    private = slack.wait(lambda: len(slack.private) > before and slack.private[-1])
    slack.click("U1", private, "passage_1")
    assert slack.wait(lambda: len(slack.views) > views)


def test_ask_without_a_question_says_how(slack: SlackServer, channel: str, slack_bot: Bot) -> None:
    assert "/ask What" in slack.command("U1", channel, "/ask", "  ")["text"]


def test_an_answer_can_be_shared_only_where_the_bot_is(slack: SlackServer, slack_bot: Bot) -> None:
    elsewhere = slack.channel("C-elsewhere", "U1", bot=False)
    before = len(slack.private)
    slack.command("U1", elsewhere, "/ask", QUESTION)
    private = slack.wait(lambda: len(slack.private) > before and slack.private[-1])
    slack.click("U1", private, "share")
    assert slack.wait(lambda: "/invite" in slack.private[-1].get("text", ""))
    assert slack.refused.pop().startswith("chat.postMessage: not_in_channel")
    slack.channel("C-elsewhere", "U1")  # now it is invited
    slack.click("U1", private, "share")
    assert slack.wait(lambda: slack.messages[elsewhere])


def test_the_shortcut_asks_about_a_message_in_its_thread(slack: SlackServer, channel: str, slack_bot: Bot) -> None:
    ts = slack.say("U2", channel, "I wonder how many &lt;targets&gt; were struck.")
    before = len(slack.views)
    slack.shortcut("U1", channel, ts)
    view = slack.wait(lambda: len(slack.views) > before and slack.views[-1])
    assert view["blocks"][0]["element"]["initial_value"] == "I wonder how many <targets> were struck."
    assert slack.submit("U1", view, {"question": " "})["response_action"] == "errors"
    slack.submit("U1", view, {"question": f"{QUESTION} <!channel>"})
    answer = answered(slack, channel, ts)
    assert FOUND in words(answer["blocks"])
    assert live(answer["blocks"]) == ["<@U1>"]
    slack.say("U2", channel, "When?", thread=ts)
    assert "February" in words(answered(slack, channel, ts, 2)["blocks"])


def test_the_shortcut_answers_in_private_where_the_bot_is_not(slack: SlackServer, slack_bot: Bot) -> None:
    elsewhere = slack.channel("C-far", "U1", bot=False)
    ts = slack.say("U2", elsewhere, QUESTION)
    before, views = len(slack.private), len(slack.views)
    slack.shortcut("U1", elsewhere, ts)
    slack.submit("U1", slack.wait(lambda: len(slack.views) > views and slack.views[-1]), {"question": QUESTION})
    private = slack.wait(lambda: len(slack.private) > before and slack.private[-1])
    assert FOUND in words(private["blocks"])
    assert "I am not in this channel" in words(private["blocks"])
    slack.refused.clear()


@pytest.mark.parametrize("view", ["agent", "assistant"])
def test_opening_the_bot_suggests_questions_that_the_documents_answer(
    slack: SlackServer, direct: str, slack_bot: Bot, view: str
) -> None:
    before = len(slack.prompts)
    if view == "agent":
        slack.send_event({"type": "app_home_opened", "user": "U1", "channel": direct, "tab": "home"})
        slack.send_event({"type": "app_home_opened", "user": "U1", "channel": direct, "tab": "messages"})
    else:
        thread = {"user_id": "U1", "channel_id": direct, "thread_ts": "1.0", "context": {}}
        slack.send_event({"type": "assistant_thread_started", "assistant_thread": thread})
    (given,) = slack.wait(lambda: slack.prompts[before:])
    assert given["channel_id"] == direct
    assert given.get("thread_ts") == (None if view == "agent" else "1.0")
    assert [p["message"] for p in given["prompts"]] == slack_bot.desk.service.bot.examples(4)


# how it answers


def test_what_is_not_in_the_documents_is_said_with_the_nearest_passages(
    slack: SlackServer, channel: str, me: str
) -> None:
    ts = slack.say("U1", channel, f"{me} What is the boiling point of ethanol?")
    answer = answered(slack, channel, ts)
    assert "I could not find this in your documents." in words(answer["blocks"])
    assert "nearest passages, which may not answer it" in words(answer["blocks"])
    before = len(slack.views)
    slack.click("U1", answer, "passage_0")
    assert slack.wait(lambda: len(slack.views) > before and slack.views[-1])["title"]["text"] == "Passage"


def test_a_document_can_neither_ping_nor_link(slack: SlackServer, channel: str, me: str, slack_bot: Bot) -> None:
    index = slack_bot.desk.service.bot.index
    hostile = index.library.parent / "<!channel> & <@U123>.txt"
    hostile.write_text(
        "The vicar's goat is called <!channel> <@U123> <https://evil.example|click> `rm` *now* "
        "[here](https://evil.example) https://evil.example ![x](http://evil.example/x.png) &lt;!here&gt; @here.\n"
    )
    index.add([hostile])
    ts = slack.say("U1", channel, f"{me} What is the vicar's goat called?")
    answer = answered(slack, channel, ts)
    assert "<!channel> <@U123> <https://evil.example|click> `rm` *now*" in words(answer["blocks"])  # as it stands
    assert live(answer["blocks"], answer["text"]) == []
    views = len(slack.views)
    slack.click("U1", answer, "passage_1")
    assert live(slack.wait(lambda: len(slack.views) > views and slack.views[-1])["blocks"]) == []
    hostile.write_text("The vicar has no goat any more.\n")
    index.add([hostile])
    slack.click("U1", answer, "passage_1")
    assert "has changed since" in words(slack.wait(lambda: slack.views[views + 1 :])[0]["blocks"])
    index.remove([str(hostile)])
    slack.click("U1", answer, "passage_1")
    assert "not in the library any more" in words(slack.wait(lambda: slack.views[views + 2 :])[0]["blocks"])


@pytest.mark.parametrize(
    "text",
    [
        "<!channel> <!here> <!subteam^S1|@all> <@U2> <#C9|secret> " + QUESTION,
        "<https://evil.example|click me> <mailto:a@b.c|a@b.c> `code` *bold* _it_ ~no~ " + QUESTION,
        "&lt;!channel&gt; &amp;lt;!channel&amp;gt; " + QUESTION,
        "```\n" + QUESTION + "\n```",
        "x" * 40_000,
        "\u202e\x00\x1b[31m " + QUESTION + " \ufeff\u2028",
        "[1] [unsupported] [[2]] | a | b | \n|---|---|\n" + QUESTION,
    ],
)
def test_hostile_questions_are_harmless(slack: SlackServer, direct: str, slack_bot: Bot, text: str) -> None:
    ts = slack.say("U1", direct, text)
    found = slack.wait(lambda: [m for m in slack.ours(direct, ts, "") if m.get("metadata")])
    assert live(found[0]["blocks"], found[0]["text"]) == []
    assert len(slack.wait(lambda: slack.ours(direct, ts, ""))) == 1
    if len(text) > 4_000:
        assert "longer than 4,000 characters" in words(found[0]["blocks"])


def test_the_turns_of_a_thread_are_read_back_from_slack(
    slack: SlackServer, channel: str, me: str, slack_bot: Bot
) -> None:
    one = slack.say("U1", channel, f"{me} {QUESTION}")
    other = slack.say("U2", channel, f"{me} Who planted the roses?")
    answered(slack, channel, one)
    answered(slack, channel, other)
    slack.say("U3", channel, "What about the drone attack in Jordan?", thread=one)
    answered(slack, channel, one, 2)
    slack.say("U2", channel, "thanks, <@U3>", thread=one)
    said = read(slack_bot.desk.patient, slack_bot.desk.me, channel, one)
    history = turns(said, slack_bot.desk.me, slack.now())
    ask = slack_bot.desk.service.bot.ask
    first = Turn(QUESTION, ask(QUESTION).text)
    asked = "What about the drone attack in Jordan?"
    assert history == [first, Turn(asked, ask(asked, [first]).text)]


def test_two_people_who_ask_at_once_in_one_thread_are_not_mixed_up(
    slack: SlackServer, channel: str, me: str, slack_bot: Bot
) -> None:
    ts = slack.say("U1", channel, f"{me} {QUESTION}")
    asked = {
        text: slack.say(user, channel, text, thread=ts)
        for user, text in (
            ("U2", "Who planted the roses?"),
            ("U3", "What is the boiling point of ethanol?"),
            ("U1", "Who launched the airstrikes?"),
        )
    }
    slack.wait(lambda: len(slack.whole(channel, ts)) == 4)
    found = {m["metadata"]["event_payload"]["question"]: m["text"] for m in slack.whole(channel, ts)}
    bot = slack_bot.desk.service.bot
    assert "Maria Lindqvist" in found[f"{channel}:{asked['Who planted the roses?']}"]
    assert found[f"{channel}:{asked['Who launched the airstrikes?']}"] == bot.ask("Who launched the airstrikes?").text
    history = turns(read(slack_bot.desk.patient, slack_bot.desk.me, channel, ts), slack_bot.desk.me, slack.now())
    assert [turn.question for turn in history] == [QUESTION, *asked]
    assert [turn.answer for turn in history] == [
        bot.ask(QUESTION).text,
        *(found[f"{channel}:{t}"] for t in asked.values()),
    ]


def test_a_long_thread_is_read_to_its_end(slack: SlackServer, direct: str, slack_bot: Bot) -> None:
    ts = slack.say("U1", direct, QUESTION)
    answered(slack, direct, ts)
    for number in range(450):
        late = slack.now()
        slack.messages[direct][late] = {"ts": late, "thread_ts": ts, "user": "U1", "text": f"note {number}"}
    slack.say("U1", direct, "When?", thread=ts)
    assert "February" in words(answered(slack, direct, ts, 2)["blocks"])


# thumbs


def test_thumbs_are_kept_with_the_question_its_answer_and_the_reason(
    slack: SlackServer, channel: str, me: str, slack_bot: Bot
) -> None:
    from qa.feedback import ratings

    ts = slack.say("U1", channel, f"{me} {QUESTION}")
    answer = answered(slack, channel, ts)
    library = slack_bot.desk.service.bot.index.library
    views = len(slack.views)
    slack.rate("U1", answer, "positive")
    slack.rate("U2", answer, "negative")
    view = slack.wait(lambda: slack.views[views:])[0]
    slack.submit("U2", view, {"reason": "It were 86."})
    slack.wait(lambda: any(r.reason for r in ratings(library)) and len(ratings(library)) == 2)
    kept = {r.who: r for r in ratings(library)}
    assert (kept["U1"].rating, kept["U2"].rating, kept["U2"].reason) == ("up", "down", "It were 86.")
    expected = slack_bot.desk.service.bot.ask(QUESTION)
    for rating in kept.values():
        assert (rating.question, rating.text, rating.citations) == (QUESTION, expected.text, expected.citations)
        assert (rating.where, rating.model) == ("slack", "extractive")
        assert rating.generation == slack_bot.desk.service.bot.index.generation or rating.generation > 0
