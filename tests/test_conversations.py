"""Conversations over REST: kept, read again after a restart, one person's apart from another's."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai_replies import STALL, says
from openai_server import OpenAIServer
from served import served

from benchmarks.serving import serving
from qa import Answer
from qa.stopping import Stop
from ui.cli import main
from ui.conversations import MAX_NAME, Answering, Conversations, UnknownConversation
from ui.render import answer_json, read_answer

QUESTION = "How many targets were struck?"
HOSTILE = "# <img src=x onerror=alert(1)> [x](javascript:alert(1)) `who`\u202e planted the roses?"


@contextmanager
def reading(address: str) -> Iterator[httpx.Client]:
    """Give a client of a server."""
    with httpx.Client(base_url=address, timeout=60) as http:
        yield http


@pytest.fixture
def http(server: str) -> Iterator[httpx.Client]:
    with reading(server) as client:
        yield client


def begin(http: httpx.Client, name: str = QUESTION) -> str:
    reply = http.post("/api/conversations", json={"name": name})
    assert reply.status_code == 201
    return str(reply.json()["id"])


def ask(http: httpx.Client, conversation: str, question: str, **more: object) -> dict[str, Any]:
    reply = http.post("/api/ask", json={"question": question, "conversation": conversation, **more})
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def exchanges(http: httpx.Client, conversation: str) -> list[dict[str, Any]]:
    return list(http.get(f"/api/conversations/{conversation}").json()["exchanges"])


def until(holds: Callable[[], object]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to hold within 10 seconds")


def test_a_conversation_is_the_history_of_its_next_question(http: httpx.Client) -> None:
    conversation = begin(http)
    ask(http, conversation, "Who launched the airstrikes?")
    answer = ask(http, conversation, "When?")
    assert any("February" in citation["quote"] for citation in answer["citations"])
    assert answer["standalone"].startswith("When? (after: ")
    kept = exchanges(http, conversation)
    assert [(e["number"], e["question"]) for e in kept] == [(1, "Who launched the airstrikes?"), (2, "When?")]
    assert {**kept[1]["answer"]} == answer


def test_to_ask_again_replaces_the_last_question_and_its_answer(http: httpx.Client) -> None:
    conversation = begin(http)
    ask(http, conversation, QUESTION)
    ask(http, conversation, "Who planted the rosse?")
    ask(http, conversation, "Who planted the roses?", again=True)
    assert [e["question"] for e in exchanges(http, conversation)] == [QUESTION, "Who planted the roses?"]


def test_conversations_are_listed_latest_first_renamed_and_removed(http: httpx.Client) -> None:
    first, second = begin(http, "one"), begin(http, "two")
    ask(http, first, QUESTION)
    assert [c["id"] for c in http.get("/api/conversations").json()][:2] == [first, second]
    assert http.patch(f"/api/conversations/{second}", json={"name": HOSTILE}).status_code == 200
    named = http.get(f"/api/conversations/{second}").json()["name"]
    assert named == HOSTILE.replace("\u202e", "\ufffd")  # a name can't turn the line around
    assert http.delete(f"/api/conversations/{second}").json() == {"removed": 1}
    for request in (
        http.get(f"/api/conversations/{second}"),
        http.delete(f"/api/conversations/{second}"),
        http.patch(f"/api/conversations/{second}", json={"name": "x"}),
        http.post(f"/api/conversations/{second}/stop"),
        http.get(f"/api/conversations/{second}/export"),
        http.post("/api/ask", json={"question": "x", "conversation": second}),
        http.post("/api/feedback", json={"conversation": second, "number": 1, "rating": "up"}),
    ):
        assert request.status_code == 404
    assert second not in [c["id"] for c in http.get("/api/conversations").json()]


def test_what_makes_no_sense_is_refused(http: httpx.Client) -> None:
    conversation = begin(http)
    turn = {"question": "x", "answer": "y"}
    both = {"question": "x", "conversation": conversation, "history": [turn]}
    assert http.post("/api/ask", json=both).status_code == 422
    assert http.post("/api/conversations", json={"name": "  "}).status_code == 422
    rating = {"conversation": conversation, "number": 1, "rating": "up"}
    assert http.post("/api/feedback", json=rating).status_code == 404
    assert http.get(f"/api/conversations/{conversation}/export", params={"number": 1}).status_code == 404


def test_an_export_has_the_quotes_as_footnotes_and_foreign_text_is_text(http: httpx.Client) -> None:
    conversation = begin(http, HOSTILE)
    answers = [ask(http, conversation, question) for question in (QUESTION, "What is the secret lever of the tower?")]
    reply = http.get(f"/api/conversations/{conversation}/export")
    assert "attachment" in reply.headers["content-disposition"]
    assert re.findall(r'filename="([a-z0-9-]+\.md)"', reply.headers["content-disposition"])
    text = reply.text
    quotes = sum(len(answer["citations"]) for answer in answers)
    assert re.findall(r"^\[\^(\d+)\]: ", text, re.MULTILINE) == [str(n) for n in range(1, quotes + 1)]
    assert set(re.findall(r"\[\^(\d+)\](?!:)", text)) == {str(n) for n in range(1, quotes + 1)}
    assert not re.search(r"(?<!\\)(?:<img|\[click|`who)", text)
    one = http.get(f"/api/conversations/{conversation}/export", params={"number": 2}).text
    assert "secret lever" in one
    assert "85 targets" not in one


def test_conversations_outlive_the_server_and_links_have_the_public_address(own_library: Path) -> None:
    with serving(own_library) as address, reading(address) as http:
        conversation = begin(http)
        answer = ask(http, conversation, QUESTION)
    with (
        serving(own_library, CITEWISE_PUBLIC_URL="https://docs.example.org/") as address,
        reading(address) as http,
    ):
        assert exchanges(http, conversation)[0]["answer"] == answer
        citation = answer["citations"][0]
        document, version, _ = citation["passage_id"].split(".")
        link = f"https://docs.example.org/documents/{document}?start={citation['start']}&end={citation['end']}"
        link += f"&version={version}"
        assert f"]({link})" in http.get(f"/api/conversations/{conversation}/export").text


def test_a_rating_becomes_a_question_of_an_evaluation(own_library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(own_library) as address, reading(address) as http:
        conversation = begin(http)
        ask(http, conversation, QUESTION)
        for rating, reason in (("up", ""), ("down", "too short")):
            body = {"conversation": conversation, "number": 1, "rating": rating, "reason": reason}
            assert http.post("/api/feedback", json=body).json() == {"rated": rating}
        assert exchanges(http, conversation)[0]["rating"] == "down"
    assert main(["feedback", "--library", str(own_library), "--export", "-"]) == 0
    (case,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (case["question"], case["meta"]["rating"], case["meta"]["reason"]) == (QUESTION, "down", "too short")
    assert case["meta"]["generation"] == 1


def test_an_answer_is_explained_by_its_rank_lists(http: httpx.Client) -> None:
    conversation = begin(http)
    ask(http, conversation, "Who launched the airstrikes?")
    answer = ask(http, conversation, "When?")
    told = http.post("/api/explain", json={"conversation": conversation, "number": 2}).json()
    assert told["question"] == answer["standalone"]
    assert [one["id"] for one in told["read"]] == [result["passage"]["id"] for result in answer["results"]]
    for name in ("meaning", "words", "fused", "read"):
        scores = [one["score"] for one in told[name]]
        assert scores
        assert scores == sorted(scores, reverse=True)
    read = {one["id"] for one in told["read"]}
    assert {one["id"] for one in told["cut"]} == {one["id"] for n in ("meaning", "words") for one in told[n]} - read
    assert (told["probability"], told["timings"]) == (answer["confidence"], answer["timings"])
    assert http.post("/api/explain", json={"conversation": conversation, "number": 3}).status_code == 404


def test_follow_ups_are_questions_that_the_documents_answer(http: httpx.Client) -> None:
    conversation = begin(http)
    assert http.get(f"/api/conversations/{conversation}/follow-ups").json() == []
    ask(http, conversation, QUESTION)
    offered = http.get(f"/api/conversations/{conversation}/follow-ups").json()
    assert offered
    assert QUESTION not in offered
    for question in offered:
        assert http.post("/api/ask", json={"question": question}).json()["status"] == "answered"
    ask(http, conversation, "At which temperature does mercury boil?")
    assert http.get(f"/api/conversations/{conversation}/follow-ups").json() == []


@contextmanager
def asking_a_slow_model(library: Path, *pieces: str) -> Iterator[tuple[httpx.Client, OpenAIServer]]:
    with (
        OpenAIServer(lambda request: says(*pieces, STALL)) as model,
        served(library, OPENAI_BASE_URL=model.url, CITEWISE_MODEL="test-model") as address,
        reading(address) as http,
    ):
        yield http, model


def snapshot(lines: Iterator[str]) -> dict[str, Any]:
    return dict(json.loads(next(line for line in lines if line).removeprefix("data: ")))


def test_stop_ends_the_model_s_call_and_keeps_only_what_was_checked(own_library: Path) -> None:
    written = ("Over 85 targets were struck [1]. ", "The Moon was struck ", "by 7 ")
    with asking_a_slow_model(own_library, *written) as (http, model):
        conversation = begin(http)
        body = {"question": QUESTION, "conversation": conversation, "stream": True}
        with http.stream("POST", "/api/ask", json=body) as response:
            lines = response.iter_lines()
            while "by 7" not in snapshot(lines)["text"]:
                pass
            assert http.post("/api/ask", json={"question": "x", "conversation": conversation}).status_code == 409
            assert http.post(f"/api/conversations/{conversation}/stop").json() == {"stopped": True}
            *_, last = (json.loads(line.removeprefix("data: ")) for line in lines if line)
        assert (last["stopped"], last["done"], last["status"]) == (True, True, "partial")
        assert last["text"] == "Over 85 targets were struck. [1]"
        assert exchanges(http, conversation)[0]["answer"] == last
        until(lambda: model.connections == 0)
        assert http.post(f"/api/conversations/{conversation}/stop").json() == {"stopped": False}


def test_a_client_who_leaves_ends_the_model_s_call(own_library: Path) -> None:
    with asking_a_slow_model(own_library, "Over 85 targets were struck [1]. ") as (http, model):
        conversation = begin(http)
        body = {"question": QUESTION, "conversation": conversation, "stream": True}
        with http.stream("POST", "/api/ask", json=body) as response:
            lines = response.iter_lines()
            snapshot(lines)
            until(lambda: model.connections == 1)
        until(lambda: model.connections == 0)
        until(lambda: exchanges(http, conversation)[0]["answer"])
        assert exchanges(http, conversation)[0]["answer"]["stopped"]


def test_a_follow_up_that_is_being_made_to_stand_alone_can_be_stopped(own_library: Path) -> None:
    with asking_a_slow_model(own_library) as (http, model):
        model.will(says("Over 85 targets were struck [1]."))
        conversation = begin(http)
        ask(http, conversation, QUESTION)
        answers: list[dict[str, Any]] = []
        asking = threading.Thread(target=lambda: answers.append(ask(http, conversation, "When was that?")))
        asking.start()
        until(lambda: len(model.requests) == 2)
        http.post(f"/api/conversations/{conversation}/stop")
        asking.join(10)
        assert [(a["stopped"], a["text"], a["citations"]) for a in answers] == [(True, "", [])]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    opened = Conversations(tmp_path)
    yield opened
    opened.close()


def test_nobody_reads_or_changes_another_persons_conversation(kept: Conversations) -> None:
    mine = kept.begin("ada", "mine").id
    kept.ask(mine, "What is mine?", 1)
    attempts: list[Callable[[], object]] = [
        lambda: kept.get("bob", mine),
        lambda: kept.rename("bob", mine, "his"),
        lambda: kept.remove("bob", mine),
        lambda: kept.stop("bob", mine),
        lambda: kept.get("", mine),
    ]
    for attempt in attempts:
        with pytest.raises(UnknownConversation):
            attempt()
    assert kept.of("bob") == []
    assert (kept.of("ada")[0].name, kept.get("ada", mine).exchanges[0].question) == ("mine", "What is mine?")


def test_another_process_sees_what_was_kept(kept: Conversations, tmp_path: Path) -> None:
    conversation = kept.begin("", "tea").id
    other = Conversations(tmp_path)
    number = other.ask(conversation, "What is tea?", 1)
    other.answer(conversation, number, Answer("What is tea?", "A leaf."))
    other.close()
    (exchange,) = kept.get("", conversation).exchanges
    assert exchange.answer == Answer("What is tea?", "A leaf.")


def test_one_conversation_answers_one_question_at_a_time(kept: Conversations) -> None:
    conversation = kept.begin("", "tea").id
    with kept.answering(conversation, Stop()), pytest.raises(Answering), kept.answering(conversation, Stop()):
        pass
    assert not kept.is_answering(conversation)


def test_a_removed_conversation_ends_its_answer_and_stays_away(kept: Conversations) -> None:
    conversation, stop = kept.begin("", "tea").id, Stop()
    with kept.answering(conversation, stop):
        number = kept.ask(conversation, "What is tea?", 1)
        kept.remove("", conversation)
        assert stop.requested
        kept.answer(conversation, number, Answer("What is tea?", "A leaf."))
    with pytest.raises(UnknownConversation):
        kept.ask(conversation, "And coffee?", 1)
    assert kept.of("") == []


def test_a_long_name_is_cut(kept: Conversations) -> None:
    name = kept.begin("", "word " * 100).name
    assert len(name) <= MAX_NAME
    assert name.endswith(" …")


def test_an_answer_is_read_as_it_was_written(library: Path) -> None:
    from qa import Chatbot, Settings

    with Chatbot.open(library, Settings()) as bot:
        answer = bot.ask(QUESTION)
    assert read_answer(json.loads(json.dumps(answer_json(answer)))) == answer
