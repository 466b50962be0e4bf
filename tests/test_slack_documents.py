"""Documents in Slack: files offered and added, channels limited, documents listed and removed by those who may."""

import shutil
from collections.abc import Iterator
from copy import deepcopy
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import ARTICLE
from slack_bot import running
from slack_rules import Json, words
from slack_server import SlackServer

from index.errors import CitewiseError
from qa import Settings
from ui.slack.bot import Bot
from ui.slack.files import fetch

QUESTION = "How many targets were struck?"
_NUMBER = count(1)


@pytest.fixture(scope="module")
def bot(slack: SlackServer, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    copy = Path(shutil.copytree(library, tmp_path_factory.mktemp("documents") / "library"))
    slack.users["U9"] = {"is_admin": True}
    with running(slack, copy, max_upload=1_000) as running_bot:
        yield running_bot


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.slack.listeners._TWIN", 0.1)


@pytest.fixture(autouse=True)
def nothing_is_refused(slack: SlackServer) -> Iterator[None]:
    slack.refused.clear()
    yield
    assert slack.refused == []


@pytest.fixture
def channel(slack: SlackServer) -> str:
    return slack.channel(f"C{next(_NUMBER)}", "U1", "U2", "U9")


def docs(slack: SlackServer, channel: str, text: str, user: str = "U1") -> str:
    """Use `/ask-docs` and return what it says."""
    before = len(slack.private)
    slack.command(user, channel, "/ask-docs", text)
    return words(slack.wait(lambda: slack.private[before:])[0]["blocks"])


def answer_to(slack: SlackServer, channel: str, question: str) -> Json:
    ts = slack.say("U1", channel, f"<@{slack.bot_user}> {question}")
    return slack.wait(lambda: slack.ours(channel, ts, ""))[0]


def shared(slack: SlackServer, name: str, content: bytes, **more: object) -> Json:
    """Let somebody have uploaded a file to Slack."""
    file = {"id": slack.identity("F"), "name": name, "size": len(content), "content": content, **more}
    file.setdefault("url_private_download", f"{slack.address}/files/{file['id']}/{quote(name)}")
    slack.files[file["id"]] = file
    return {k: v for k, v in file.items() if k != "content"}


def offered(slack: SlackServer, channel: str, *files: Json, text: str = "", user: str = "U1") -> list[Json]:
    """Share files with the bot, and wait for its offers."""
    ts = slack.say(user, channel, text, subtype="file_share", files=list(files))
    return slack.wait(
        lambda: len(slack.ours(channel, ts, "citewise_notice")) >= len(files) and slack.ours(channel, ts, "")
    )


# files


def test_a_file_shared_with_the_bot_is_added_when_somebody_says_so(slack: SlackServer, bot: Bot) -> None:
    channel = slack.channel("D1", "U1", kind="im")
    (offer,) = offered(
        slack, channel, shared(slack, "tea <!channel>.txt", b"Tea from Skerrow is picked in late April.")
    )
    assert "Add tea <!channel>.txt (41 bytes) to the documents?" in words(offer["blocks"]).replace("*", "")
    assert [d.source for d in bot.desk.service.bot.index.documents() if "tea" in d.source] == []
    shown = {**deepcopy(offer), "channel": channel}  # as it stands before the first press takes the button away
    slack.click("U1", shown, "add_file")
    slack.click("U1", shown, "add_file")  # pressed twice
    slack.wait(lambda: "Added" in words(offer["blocks"]))
    assert "tea <!channel>.txt" in words(offer["blocks"])
    assert "1 passage" in words(offer["blocks"])
    progress = [words(c["blocks"]) for c in slack.calls("chat.update") if c["ts"] == offer["ts"]]
    assert any("Fetching" in text for text in progress)
    assert len(slack.calls("files.info")) == 1
    ts = slack.say("U1", channel, "When is tea from Skerrow picked?")
    assert "April" in words(slack.wait(lambda: slack.whole(channel, ts))[0]["blocks"])


def test_files_and_a_question_in_one_message_are_both_seen_to(slack: SlackServer, bot: Bot) -> None:
    channel = slack.channel("D2", "U1", kind="im")
    files = [shared(slack, "a.txt", b"A."), shared(slack, "b.zip", b"PK"), shared(slack, "c.txt", b"c" * 1_001)]
    said = offered(slack, channel, *files, text=QUESTION)
    said = slack.wait(
        lambda: (
            len(slack.ours(channel, said[0]["thread_ts"], "")) == 4 and slack.ours(channel, said[0]["thread_ts"], "")
        )
    )
    shown = [words(m["blocks"]) for m in said]
    assert sum("over 85 targets" in text for text in shown) == 1
    assert sum("Add *a.txt*" in text for text in shown) == 1
    assert sum("I can't read *b.zip*" in text and ".pdf" in text for text in shown) == 1
    assert sum("*c.txt* (1.0 kB) is larger than 0.001 MB" in text for text in shown) == 1


def test_a_file_of_another_workspace_is_looked_up(slack: SlackServer, bot: Bot) -> None:
    channel = slack.channel("D-connect", "U1", kind="im")
    file = shared(slack, "far.txt", b"From far away.")
    (offer,) = offered(slack, channel, {"id": file["id"], "file_access": "check_file_info"})
    assert "Add *far.txt* (14 bytes)" in words(offer["blocks"])


def test_an_offer_can_be_declined(slack: SlackServer, bot: Bot) -> None:
    channel = slack.channel("D3", "U1", kind="im")
    (offer,) = offered(slack, channel, shared(slack, "a.txt", b"A."))
    slack.click("U1", offer, "leave_file")
    assert slack.wait(lambda: words(offer["blocks"]) == "All right, I leave it.")


def test_a_file_in_a_channel_is_offered_only_when_the_bot_is_mentioned(
    slack: SlackServer, bot: Bot, channel: str
) -> None:
    quiet = slack.say("U1", channel, "look", subtype="file_share", files=[shared(slack, "a.txt", b"A.")])
    (offer,) = [
        m
        for m in offered(slack, channel, shared(slack, "b.txt", b"B."), text=f"<@{slack.bot_user}>")
        if "Add" in words(m["blocks"])
    ] or [None]
    assert offer
    assert slack.ours(channel, quiet, "") == []


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("broken.pdf", b"%PDF-1.7 broken", "broken.pdf was not added"),
        ("empty.txt", b"", "empty.txt was not added"),
        ("larger.txt", b"x" * 1_500, "larger than"),
    ],
)
def test_a_file_that_can_not_be_added_is_told_with_the_reason(
    slack: SlackServer, bot: Bot, name: str, content: bytes, told: str
) -> None:
    channel = slack.channel(f"D-{name}", "U1", kind="im")
    file = shared(slack, name, content, size=min(len(content), 900))  # as large as it says, or not
    (offer,) = offered(slack, channel, file)
    slack.click("U1", offer, "add_file")
    assert slack.wait(lambda: told in words(offer["blocks"]))


@pytest.mark.parametrize(
    "address",
    [
        "https://files.slack.com.evil.example/files/F1/a.txt",
        "https://evil.example/files.slack.com/a.txt",
        "http://files.slack.com/a.txt",
        "https://files.slack.com:8443/a.txt",
        "https://files.slack.com@evil.example/a.txt",
        "file:///etc/passwd",
        "",
        "https://[",
    ],
)
def test_the_token_goes_to_slack_alone(slack: SlackServer, address: str) -> None:
    settings = Settings(slack_bot_token=slack.token, slack_api_url=f"{slack.address}/api/")
    with pytest.raises(CitewiseError, match="not lie at Slack"):
        fetch(settings, address)


def test_a_redirect_elsewhere_is_not_followed(slack: SlackServer, bot: Bot) -> None:
    with SlackServer() as other:
        other.files["F1"] = {"content": b"secret"}
        file = shared(slack, "a.txt", b"A.", location=f"{other.address}/files/F1/a.txt")
        settings = Settings(slack_bot_token=slack.token, slack_api_url=f"{slack.address}/api/")
        with pytest.raises(CitewiseError, match="files:read"):
            fetch(settings, file["url_private_download"])


def test_a_missing_right_to_read_files_is_told(slack: SlackServer, bot: Bot) -> None:
    channel = slack.channel("D-scope", "U1", kind="im")
    (offer,) = offered(slack, channel, shared(slack, "a.txt", b"A."))
    slack.scopes.discard("files:read")
    slack.click("U1", offer, "add_file")
    assert slack.wait(lambda: "files:read" in words(offer["blocks"]))
    slack.scopes.add("files:read")
    slack.refused.clear()


def test_only_an_admin_may_replace_a_document(slack: SlackServer, bot: Bot) -> None:
    channel = slack.channel("C-replace", "U1", "U9")
    index = bot.desk.service.bot.index
    file = index.library.parent / "x.txt"
    file.write_text("The rule of the house is: no shoes.")
    index.upload("rules.txt", file)
    for user, told in (("U1", "may remove or replace"), ("U9", "Added")):
        said = offered(
            slack, channel, shared(slack, "rules.txt", b"Shoes are fine."), text=f"<@{slack.bot_user}>", user=user
        )
        (offer,) = [m for m in said if "Add" in words(m["blocks"])]
        slack.click(user, offer, "add_file")
        assert slack.wait(lambda offer=offer, told=told: told in words(offer["blocks"]))
        assert ("no shoes" in index.text("rules.txt")) is (user == "U1")


# channels


def test_a_channel_can_be_limited_to_documents_and_freed_again(slack: SlackServer, bot: Bot, channel: str) -> None:
    assert "over 85 targets" in words(answer_to(slack, channel, QUESTION)["blocks"])
    assert "now asks only about 1 document" in docs(slack, channel, "use garden.md")
    assert "Maria Lindqvist" in words(answer_to(slack, channel, "Who planted the roses?")["blocks"])
    for answer in (answer_to(slack, channel, QUESTION), answer_to(slack, channel, "Who launched the airstrikes?")):
        assert "airstrikes" not in words(answer["blocks"])
    before = len(slack.private)
    slack.command("U1", channel, "/ask", QUESTION)  # in private too
    assert "over 85" not in words(slack.wait(lambda: slack.private[before:])[0]["blocks"])
    other = slack.channel("C-other", "U1")
    assert "over 85 targets" in words(answer_to(slack, other, QUESTION)["blocks"])
    assert "all documents again" in docs(slack, channel, "all")
    assert "over 85 targets" in words(answer_to(slack, channel, QUESTION)["blocks"])


def test_a_channel_whose_documents_are_gone_asks_about_none(slack: SlackServer, bot: Bot, channel: str) -> None:
    index = bot.desk.service.bot.index
    file = index.library.parent / "y.txt"
    file.write_text("Gone soon.")
    index.upload("gone.txt", file)
    docs(slack, channel, "use gone.txt")
    index.remove(["gone.txt"])
    shown = words(answer_to(slack, channel, QUESTION)["blocks"])
    assert "is in the library any more" in shown
    assert "over 85" not in shown


@pytest.mark.parametrize("text", ["use garden.md", "all", "list", "remove garden.md", ""])
def test_strangers_to_a_channel_may_do_nothing(slack: SlackServer, bot: Bot, channel: str, text: str) -> None:
    assert docs(slack, channel, text, user="U7").startswith("Only members of this channel")
    assert bot.desk.kept.limit(channel) is None


def test_where_the_bot_is_not_nobody_may(slack: SlackServer, bot: Bot) -> None:
    group = slack.channel("G-closed", "U1", kind="group", bot=False)
    assert docs(slack, group, "use garden.md").startswith("Only members of this channel")
    slack.refused.clear()


def test_the_members_of_a_large_channel_are_looked_through(slack: SlackServer, bot: Bot) -> None:
    large = slack.channel("C-large", *(f"V{n:04d}" for n in range(1_200)))
    assert "1 document" in docs(slack, large, "use garden.md", user="V1199")


def test_the_documents_are_listed_with_the_channel_s_own_marked(slack: SlackServer, bot: Bot, channel: str) -> None:
    docs(slack, channel, "use *airstrikes*, garden.md")
    shown = docs(slack, channel, "list")
    assert f"✅ `{ARTICLE}`" in shown
    assert "✅" in shown.partition("garden.md")[0]
    assert "limited to 2 documents" in shown
    assert "garden.md" not in docs(slack, channel, "list airstrikes")
    assert docs(slack, channel, "list nothing-like-that").startswith("No document's name")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("gardn.md", "did you mean garden.md?"), ("../../etc/passwd", "/ask-docs list"), ("<!channel>", "no")],
)
def test_a_name_that_is_none_is_told_with_the_nearest(
    slack: SlackServer, bot: Bot, channel: str, name: str, hint: str
) -> None:
    assert hint in docs(slack, channel, f"use {name}")
    assert bot.desk.kept.limit(channel) is None


def test_removing_is_for_admins(slack: SlackServer, bot: Bot, channel: str) -> None:
    index = bot.desk.service.bot.index
    file = index.library.parent / "z.txt"
    for name in ("old-1.txt", "old-2.txt"):
        file.write_text(f"{name} is old.")
        index.upload(name, file)
    assert "Only this workspace's admins" in docs(slack, channel, "remove old-1.txt")
    assert "the name of several" in docs(slack, channel, "remove old-*", user="U9")
    assert docs(slack, channel, "remove old-1.txt", user="U9") == "Removed `old-1.txt`."
    assert {d.source for d in index.documents()} >= {"old-2.txt", ARTICLE}
    assert "old-1.txt" not in {d.source for d in index.documents()}


def test_named_admins_are_the_only_ones(slack: SlackServer, own_library: Path) -> None:
    with SlackServer() as here, running(here, own_library, slack_admins=("U2",)):
        channel = here.channel("C1", "U1", "U2")
        here.users["U1"] = {"is_admin": True, "is_owner": True}
        assert "CITEWISE_SLACK_ADMINS" in docs(here, channel, "remove garden.md", user="U1")
        assert docs(here, channel, "remove garden.md", user="U2").startswith("Removed")


def test_the_usage_is_shown(slack: SlackServer, bot: Bot, channel: str) -> None:
    for text in ("help", "use", "use , ,", "frobnicate"):
        assert "/ask-docs use NAME" in docs(slack, channel, text)
    assert "/ask-docs remove NAME" in docs(slack, channel, "remove", user="U9")
