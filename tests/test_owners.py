"""Whose a document is: uploads of one person are found, listed and read by nobody else; the rest is everybody's."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ARTICLE
from people_server import PASSWORDS, people_server, signed_in
from playwright.sync_api import Browser, expect
from test_web import ANSWERED, ask, browser  # noqa: F401 - the fixture

from index.errors import NotYours, UnknownSource
from index.index import Index
from index.types import Document
from qa import Chatbot, Settings
from ui.service import Service, acting_as

ADA, BOB = "ada1", "bob2"
QUESTION = "Where is the key hidden?"


def upload(index: Index, folder: Path, text: str, name: str = "diary.txt") -> Document:
    """Upload a text as the person who sees this index."""
    path = folder / "bytes.txt"
    path.write_text(text)
    added = index.upload(name, path)
    assert not added.failed
    return added.documents[0]


@pytest.fixture
def bot(own_library: Path, tmp_path: Path) -> Iterator[Chatbot]:
    """A library that is everybody's, with a diary of Ada's and one of Bob's of the same name."""
    with Chatbot.open(own_library, Settings()) as bot:
        upload(bot.index.seen_by(ADA), tmp_path, "Ada writes: the key is hidden under the blue stone.")
        upload(bot.index.seen_by(BOB), tmp_path, "Bob writes: the key is hidden behind the clock.")
        yield bot


@pytest.mark.parametrize(("person", "own", "others"), [(ADA, "blue stone", "clock"), (BOB, "clock", "blue stone")])
def test_an_answer_is_from_what_its_person_may_see(bot: Chatbot, person: str, own: str, others: str) -> None:
    answer = bot.seen_by(person).ask(QUESTION)
    assert own in answer.text
    assert others not in repr(answer)
    for found in (
        bot.seen_by(person).search("key hidden", k=100),
        bot.index.seen_by(person).search("key hidden", k=100),
        bot.index.seen_by(person).search_dense("key hidden", k=100),
        bot.index.seen_by(person).search_keywords("key hidden", k=100),
    ):
        assert own in repr(found)
        assert others not in repr(found)


def test_everybody_sees_nobody_s_uploads(bot: Chatbot) -> None:
    assert "diary" not in repr([bot.index.documents(), bot.search("key hidden", k=100), bot.ask(QUESTION)])
    with pytest.raises(UnknownSource):
        bot.index.text("diary.txt")


def test_everybody_s_documents_are_found_by_all(bot: Chatbot) -> None:
    for person in ("", ADA, BOB):
        assert "over 85 targets" in (bot.seen_by(person).ask("How many targets were struck?").short or "")


def test_a_name_may_be_used_by_two_people_and_each_reads_and_replaces_their_own(bot: Chatbot, tmp_path: Path) -> None:
    ada, bob = bot.index.seen_by(ADA), bot.index.seen_by(BOB)
    upload(ada, tmp_path, "Ada writes: the key is in the well.")
    assert ada.text("diary.txt") == "Ada writes: the key is in the well."
    assert "clock" in bob.text("diary.txt")
    assert [d.source for d in ada.documents()] == [d.source for d in bob.documents()]
    assert ada.remove(["diary.txt"]) == 1
    assert "clock" in bob.text("diary.txt")


def test_what_another_has_is_as_if_it_were_not_there(bot: Chatbot) -> None:
    (theirs,) = [d for d in bot.index.seen_by(BOB).documents() if d.owner]
    ada = bot.index.seen_by(ADA)
    with pytest.raises(UnknownSource) as told:
        ada.document(theirs.id)
    with pytest.raises(UnknownSource) as never:
        ada.document("0123")
    assert str(told.value).replace(theirs.id, "0123") == str(never.value)
    with pytest.raises(UnknownSource):
        bot.index.seen_by("someone").remove(["diary.txt"])
    assert theirs.owner == BOB


def test_a_person_removes_their_own_and_not_what_is_everybody_s(bot: Chatbot) -> None:
    ada = bot.index.seen_by(ADA)
    everybodys = next(d.source for d in ada.documents() if not d.owner)
    with pytest.raises(NotYours, match="everybody's"):
        ada.remove([everybodys])
    assert bot.index.remove([everybodys]) == 1


def test_no_person_sees_two_documents_of_one_name(bot: Chatbot, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "diary.txt").write_text("The shared diary.")
    bot.add([shared])
    bot.index.upload("diary.txt", shared / "diary.txt")
    for person in ("", ADA, BOB):
        sources = [d.source for d in bot.index.seen_by(person).documents()]
        assert len(sources) == len(set(sources))


def test_examples_are_from_what_the_person_may_see(bot: Chatbot, tmp_path: Path) -> None:
    upload(bot.index.seen_by(ADA), tmp_path, "Zebulon is a village on the coast. It has one shop. " * 3, "village.txt")
    assert "What is Zebulon?" in bot.seen_by(ADA).examples()
    assert "What is Zebulon?" not in bot.seen_by(BOB).examples()


def test_many_passages_of_others_push_nothing_out(bot: Chatbot, tmp_path: Path) -> None:
    """The store leaves them out; what is everybody's has no owner there, as in libraries from before there were any."""
    bob = bot.index.seen_by(BOB)
    paragraph = "The key is hidden in room {}, Bob says, and the key of the key is hidden there too. " * 7
    upload(bob, tmp_path, "\n\n".join(paragraph.replace("{}", str(n)) for n in range(400)), "keys.txt")
    assert bob.documents()[-1].passages >= 400
    for found in (bot.index.seen_by(ADA).search, bot.index.seen_by(ADA).search_dense):
        results = found("Where is the key hidden?", 4)
        assert len(results) == 4
        assert "blue stone" in results[0].passage.text


# through the server


@pytest.fixture(scope="module")
def address(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    copy = Path(shutil.copytree(library, tmp_path_factory.mktemp("owners") / "library"))
    with people_server(copy) as running:
        yield running


@pytest.fixture
def ada(address: str) -> Iterator[httpx.Client]:
    with signed_in(address, "ada") as http:
        yield http


@pytest.fixture
def bob(address: str) -> Iterator[httpx.Client]:
    with signed_in(address, "bob") as http:
        yield http


@pytest.fixture
def diaries(ada: httpx.Client, bob: httpx.Client) -> dict[str, Any]:
    """Both people's diaries, of one name, added over REST."""
    added = {
        name: http.post("/api/documents", files={"files": ("diary.txt", text)}).json()
        for name, http, text in (
            ("ada", ada, b"Ada writes: the key is hidden under the blue stone."),
            ("bob", bob, b"Bob writes: the key is hidden behind the clock."),
        )
    }
    return {name: one["documents"][0]["id"] if one["documents"] else "" for name, one in added.items()}


def everything(http: httpx.Client) -> Iterator[httpx.Response]:
    """Yield the answer of every route that shows what is in documents."""
    yield http.get("/api/documents")
    yield http.post("/api/ask", json={"question": QUESTION})
    yield http.post("/api/ask", json={"question": QUESTION, "stream": True})
    yield http.post("/api/search", json={"query": "key hidden", "k": 100})
    messages = [{"role": "user", "content": QUESTION}]
    yield http.post("/v1/chat/completions", json={"model": "citewise", "messages": messages})
    yield http.post("/v1/chat/completions", json={"model": "citewise", "messages": messages, "stream": True})


def test_no_route_tells_one_person_what_another_uploaded(
    ada: httpx.Client, bob: httpx.Client, diaries: dict[str, Any]
) -> None:
    for http, own, others in ((ada, "blue stone", "clock"), (bob, "clock", "blue stone")):
        answers = [answer.text for answer in everything(http)]
        assert not any(others in answer for answer in answers)
        assert all(own in answer for answer in answers[1:])
        listed = [d for d in json.loads(answers[0]) if d["source"] == "diary.txt"]
        assert len(listed) == 1
        assert listed[0]["owner"]


def test_what_another_uploaded_cannot_be_read_named_or_removed(
    ada: httpx.Client, bob: httpx.Client, diaries: dict[str, Any]
) -> None:
    theirs = next(d["id"] for d in bob.get("/api/documents").json() if d["owner"])
    own = next(d["id"] for d in ada.get("/api/documents").json() if d["owner"])
    for place in (f"/api/documents/{theirs}/text", f"/documents/{theirs}"):
        assert ada.get(place).status_code == 404
        assert bob.get(place).status_code == 200
    assert ada.delete(f"/api/documents/{theirs}").status_code == 404
    assert bob.delete(f"/api/documents/{own}").status_code == 404
    only = {"question": QUESTION, "sources": ["diary.txt"]}
    assert "clock" not in ada.post("/api/ask", json=only).text
    assert bob.get(f"/api/documents/{theirs}").status_code in (404, 405)


def test_a_person_cannot_remove_what_is_everybody_s(ada: httpx.Client, bob: httpx.Client) -> None:
    shared = next(d for d in ada.get("/api/documents").json() if d["source"] == ARTICLE)
    refused = ada.delete(f"/api/documents/{shared['id']}")
    assert refused.status_code == 403
    assert "everybody's" in refused.json()["error"]
    assert shared in bob.get("/api/documents").json()


def test_the_page_answers_each_person_from_their_own(
    browser: Browser,  # noqa: F811 - the fixture
    address: str,
    diaries: dict[str, Any],
) -> None:
    pages = []
    for name in ("ada", "bob"):
        page = browser.new_context().new_page()
        page.goto(address)
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORDS[name])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector(".cw-panel")
        pages.append(page)
    for page, own, others in zip(pages, ("blue stone", "clock"), ("clock", "blue stone"), strict=True):
        ask(page, QUESTION)
        answer = page.locator(ANSWERED).last
        expect(answer).to_contain_text(own)
        expect(answer).not_to_contain_text(others)
    pages[0].get_by_role("button", name="Sign out").click()
    expect(pages[0].get_by_role("button", name="Sign in")).to_be_visible()
    pages[0].goto(address)
    expect(pages[0].get_by_role("button", name="Sign in")).to_be_visible()
    for page in pages:
        page.context.close()


# in one process


def test_what_runs_for_nobody_sees_what_is_everybody_s(bot: Chatbot) -> None:
    """As Slack's threads do, and whatever a front end forgets to say for whom it works."""
    service = Service(opened=bot)
    with acting_as(ADA):
        assert any(d.owner == ADA for d in service.bot.index.documents())
        found: list[Document] = []
        thread = threading.Thread(target=lambda: found.extend(service.bot.index.documents()))
        thread.start()
        thread.join()
    assert found
    assert not any(d.owner for d in found)
    assert not any(d.owner for d in service.bot.index.documents())


def test_a_name_that_ids_cannot_carry_owns_nothing(bot: Chatbot) -> None:
    for name in ("a.b", "a-b", "ä", "a b"):
        with pytest.raises(ValueError, match="letters and digits"):
            bot.seen_by(name)
