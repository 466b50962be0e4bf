"""The language model, against a real server: what it says arrives whole, and whatever fails ends in one sentence."""

import itertools
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from openai_replies import (
    CUT,
    KEEP_ALIVE,
    MALFORMED,
    NO_CHOICES,
    STALL,
    Pause,
    Raw,
    Reply,
    Thought,
    fails,
    forever,
    page,
    says,
    too_long,
)
from openai_server import OpenAIServer

from benchmarks.serving import environment
from index.errors import CitewiseError
from qa.calls import ROOM_TO_THINK
from qa.models import DEFAULT_CONTEXT, DEFAULT_MODEL, OPENAI, Message, Model, ModelError, open_model
from qa.settings import Settings, SettingsError

KEY = "sk-live-0123456789abcdef"
QUESTION = [Message("system", "Answer from the passages."), Message("user", "How many targets were struck?")]
SHORT = 0.4  # seconds, for what never ends


@pytest.fixture
def ai() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def opened() -> Iterator[Callable[..., Model]]:
    """Open a model at a server; `seconds` and other settings may be given."""
    models: list[Model] = []

    def open_at(server: OpenAIServer | str, seconds: float = 10, **settings: object) -> Model:
        url = server if isinstance(server, str) else server.url
        chosen = {"base_url": url, "model": "test-model", "api_key": KEY, "model_timeout": seconds, **settings}
        model = open_model(Settings(**chosen))  # type: ignore[arg-type]  # a dict has no types of its own
        assert model is not None
        models.append(model)
        return model

    yield open_at
    for model in models:
        model.close()


@pytest.fixture
def model(ai: OpenAIServer, opened: Callable[..., Model]) -> Model:
    return opened(ai)


def failure_of(model: Model) -> str:
    """Return the sentence that a call ends in."""
    with pytest.raises(ModelError) as error:
        model.complete(QUESTION, 100)
    told = str(error.value)
    assert told.startswith("the model's server at http")
    assert ": " in told.partition(model.address)[2]  # the remedy
    assert "\n" not in told
    assert error.value.__cause__ is None
    return told


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait a little until something is so."""
    return any(condition() or time.sleep(0.02) for _ in range(250))


# What arrives


def test_a_reply_grows_and_ends_with_what_the_server_counted(ai: OpenAIServer, model: Model) -> None:
    ai.will(says("Over ", Pause(0.05), "85 ", Pause(0.05), "targets [1]."))
    *growing, last = model.stream(QUESTION, 100)
    assert (last.text, last.finish, last.done) == ("Over 85 targets [1].", "stop", True)
    assert (last.prompt_tokens, last.completion_tokens) == (9, 3)
    assert [reply.text for reply in growing] == sorted({reply.text for reply in growing}, key=len)
    assert growing
    assert all(last.text.startswith(reply.text) and not reply.done for reply in growing)


def test_the_request_is_the_messages_at_temperature_0_with_the_key(ai: OpenAIServer, model: Model) -> None:
    assert model.complete(QUESTION, 77).text == "Yes."
    (request,) = ai.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]
    assert request.question == QUESTION[1].content
    wanted = {"model": "test-model", "max_tokens": 77, "temperature": 0, "stream": True}
    assert wanted.items() <= request.body.items()


def test_tokens_are_estimated_where_the_server_counts_none(ai: OpenAIServer, model: Model) -> None:
    ai.will(says("Eighty-five targets were struck.", usage=False))
    reply = model.complete(QUESTION, 100)
    assert (reply.prompt_tokens, reply.completion_tokens) == (15, 8)


def test_a_reply_that_reached_its_limit_says_so(ai: OpenAIServer, model: Model) -> None:
    ai.will(says("Over 85", finish="length"))
    assert model.complete(QUESTION, 2).finish == "length"


def test_a_server_that_ignores_the_limit_is_cut_off(ai: OpenAIServer, model: Model) -> None:
    ai.will(forever(itertools.repeat("on and on ")))
    reply = model.complete(QUESTION, 10)
    assert reply.finish == "length"
    assert len(reply.text) < 300
    assert eventually(lambda: ai.connections == 0)


def test_a_server_that_cannot_stream_is_asked_without(ai: OpenAIServer, model: Model) -> None:
    ai.answer = lambda request: says("Whole.", stream=False)
    assert [model.complete(QUESTION, 100).text for _ in range(2)] == ["Whole.", "Whole."]
    assert [request.body.get("stream", False) for request in ai.requests] == [True, False, False]


def test_a_server_that_sent_nothing_once_is_streamed_from_again(ai: OpenAIServer, model: Model) -> None:
    ai.will(Reply(content="", content_type="text/event-stream"))
    assert [model.complete(QUESTION, 100).text for _ in range(2)] == ["Yes.", "Yes."]
    assert [request.body.get("stream", False) for request in ai.requests] == [True, False, True]


def test_halves_of_characters_do_not_hinder_a_question(ai: OpenAIServer, model: Model) -> None:
    assert model.complete([Message("user", "What is \ud800?")], 100).done
    assert ai.requests[0].question == "What is ??"


# Models that think


@pytest.mark.parametrize(
    "pieces",
    [
        (Thought("Let me"), Thought(" see."), "85."),
        ("<think>Let me see.</think>85.",),
        ("<th", "ink>Let", " me see.</thi", "nk>\n\n8", "5."),
        ("<Thinking>Let me</thinking> 85.",),
        ("<think>Let me</think>8<think>see</think>5.",),
    ],
)
def test_thoughts_are_never_shown(ai: OpenAIServer, model: Model, pieces: tuple[str | Thought, ...]) -> None:
    ai.will(says(*(part for piece in pieces for part in (piece, Pause(0.02)))))
    replies = list(model.stream(QUESTION, 100))
    assert replies[-1].text == "85."
    assert not any(re.search("Let|see|<", reply.text) for reply in replies)


def test_a_model_lost_in_thought_is_given_room_from_then_on(ai: OpenAIServer, model: Model) -> None:
    ai.will(says("<think>Let me see whether", finish="length"), says("<think>Now</think>85."))
    assert model.complete(QUESTION, 100).text == "85."
    assert model.complete(QUESTION, 100).text == "Yes."
    assert [r.body["max_tokens"] for r in ai.requests] == [100, 100 + ROOM_TO_THINK, 100 + ROOM_TO_THINK]


def test_room_to_think_stays_within_the_context(ai: OpenAIServer, opened: Callable[..., Model]) -> None:
    model = opened(ai, model_context=1000)
    ai.will(says(Thought("Hm."), finish="length"))
    assert model.complete(QUESTION, 100).text == "Yes."
    assert 900 < ai.requests[-1].body["max_tokens"] < 1000


def test_a_model_that_only_thinks_is_told_from_one_that_says_nothing(ai: OpenAIServer, model: Model) -> None:
    ai.answer = lambda request: says("<think>Let me", " see", finish="length")
    assert "spent all its tokens" in failure_of(model)
    assert len(ai.requests) == 2


# What fails at once


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (fails(401, f"Incorrect API key provided: {KEY}."), r"refused the key \(401\): check OPENAI_API_KEY"),
        (fails(403, "Country not supported"), r"'test-model' \(403: Country not supported\): check OPENAI_API_KEY"),
        (
            fails(404, "The model `x` does not exist", "model_not_found"),
            "no model 'test-model'.*/v1/models.*CITEWISE_M",
        ),
        (fails(404, "Not Found"), "no chat at this address.*OPENAI_BASE_URL"),
        (page(status=404), "no chat at this address.*OPENAI_BASE_URL"),
        (too_long(), "too long for 'test-model': set CITEWISE_MODEL_CONTEXT"),
        (fails(413, "Payload"), "too long for 'test-model': set CITEWISE_MODEL_CONTEXT"),
        (fails(400, "'max_tokens' is too large; the maximum context length is 100"), "set CITEWISE_MODEL_CONTEXT"),
        (fails(400, "Invalid\nvalue"), r"refused the request \(400: Invalid value\): check CITEWISE_MODEL"),
        (fails(429, "You exceeded your current quota", "insufficient_quota"), "no credit left.*billing"),
        (fails(429, retry_after=30), r"too many questions.*\(429\): ask again in 30 seconds"),
        (fails(501, retry_after=30), r"failed \(501: The server had an error.\): ask again later"),
        (fails(307), r"has moved \(307\): set OPENAI_BASE_URL"),
        (page(), "not in OpenAI's protocol: check OPENAI_BASE_URL"),
        (says(), "answered with nothing: ask again"),
        (says(" \n"), "answered with nothing: ask again"),
        (says("Over", finish="content_filter"), "content filter: ask in other words"),
        (says("Over ", CUT), "broke off in the middle of its answer: ask again"),
        (says("Over ", finish=None, usage=False), "broke off in the middle of its answer: ask again"),
        (says(MALFORMED), "not in OpenAI's protocol"),
        (says("Over ", MALFORMED), "not in OpenAI's protocol"),
        (says("Over ", NO_CHOICES), "not in OpenAI's protocol"),
        (
            says("Over ", Raw('data: {"error": {"message": "CUDA\\nis lost"}}\n\n')),
            r"stopped.*\(CUDA is lost\): ask ag",
        ),
        (says("Over ", Raw("data: \x80\xff\n\n")), "not in OpenAI's protocol"),
        (Reply(content="[]"), "not in OpenAI's protocol"),
        (Reply(content='{"choices": []}'), "not in OpenAI's protocol"),
    ],
)
def test_a_failure_that_will_not_pass_is_told_at_once(ai: OpenAIServer, model: Model, reply: Reply, told: str) -> None:
    ai.answer = lambda request: reply
    assert re.search(told, failure_of(model))
    assert len([request for request in ai.requests if request.body.get("stream")]) == 1
    ai.answer = lambda request: says("Yes.")
    assert model.complete(QUESTION, 100).text == "Yes."


def test_a_text_that_breaks_off_was_shown_before_it_failed(ai: OpenAIServer, model: Model) -> None:
    ai.will(says("Over ", "85", Pause(0.2), CUT))
    stream = model.stream(QUESTION, 100)
    assert next(stream).text.startswith("Over")
    with pytest.raises(ModelError, match="broke off"):
        list(stream)


def test_a_server_that_is_killed_in_mid_stream_is_told(ai: OpenAIServer, model: Model) -> None:
    ai.will(says("Over ", STALL))
    stream = model.stream(QUESTION, 100)
    assert next(stream).text == "Over"
    ai.close()
    with pytest.raises(ModelError, match="broke off"):
        list(stream)
    assert "cannot be reached (Connection refused)" in failure_of(model)


def test_a_name_that_is_nowhere_is_told(opened: Callable[..., Model]) -> None:
    told = failure_of(opened("http://nowhere.invalid/v1"))
    assert re.search(r"http://nowhere.invalid/v1 cannot be reached \(.*[nN]ame.*\): check", told)


def test_documents_do_not_follow_a_redirect(ai: OpenAIServer, model: Model) -> None:
    with OpenAIServer() as elsewhere:
        headers = {"location": f"{elsewhere.url}/chat/completions"}
        ai.will(Reply(status=307, content="{}", headers=headers))
        assert "has moved (307)" in failure_of(model)
        assert not elsewhere.requests


# What may pass


@pytest.mark.parametrize(
    "reply",
    [
        fails(429, retry_after=0.3),
        fails(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        fails(500),
        page(status=502),
        fails(503),
        says(CUT),
        says(Thought("Hm."), CUT),
    ],
)
def test_a_failure_that_may_pass_is_tried_again(ai: OpenAIServer, model: Model, reply: Reply) -> None:
    ai.will(reply)
    assert model.complete(QUESTION, 100).text == "Yes."
    assert len(ai.requests) == 2


def test_a_failure_is_tried_again_twice_and_no_more(ai: OpenAIServer, model: Model) -> None:
    ai.answer = lambda request: fails(503, "Overloaded")
    assert "failed (503: Overloaded)" in failure_of(model)
    assert len(ai.requests) == 3


def test_a_server_that_asks_to_wait_is_not_asked_before(ai: OpenAIServer, model: Model) -> None:
    times: list[float] = []

    def answer(request: object) -> Reply:
        times.append(time.monotonic())
        return says("Yes.") if times[1:] else fails(429, retry_after=0.6)

    ai.answer = answer
    assert model.complete(QUESTION, 100).text == "Yes."
    assert times[1] - times[0] >= 0.6


# What never ends


@pytest.mark.parametrize(
    "reply",
    [
        says("Late.", delay=30),
        says(STALL),
        says("Over ", STALL),
        says("<think>Let me see", STALL),
        forever(itertools.repeat(KEEP_ALIVE)),
        forever(itertools.cycle([KEEP_ALIVE, Pause(0.05)])),
        forever(itertools.cycle([Thought("Hm."), Pause(0.05)])),
        forever(itertools.cycle(["on ", Pause(0.05)])),
        fails(429, retry_after=0.3),
    ],
)
def test_what_never_ends_is_broken_off_in_time(ai: OpenAIServer, opened: Callable[..., Model], reply: Reply) -> None:
    model = opened(ai, SHORT)
    ai.answer = lambda request: reply
    told = failure_of(model)
    if reply.status == 200:
        assert "did not finish within 0.4 seconds" in told
        assert "CITEWISE_MODEL_TIMEOUT" in told
    ai.closing.set()  # wakes a server that waits before it answers
    assert eventually(lambda: ai.connections <= (reply.status != 200))


def test_headers_that_drip_are_broken_off_in_time(opened: Callable[..., Model]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\n")
                    while True:
                        connection.sendall(b"x: y\r\n")
                        time.sleep(0.05)
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert "did not finish" in failure_of(opened(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", SHORT))
        dripping.join(10)
        assert not dripping.is_alive()


# What servers do not take


@pytest.mark.parametrize(
    "refused", [("max_tokens",), ("temperature",), ("max_tokens", "temperature", "stream_options")]
)
def test_a_parameter_that_is_refused_is_left_out_from_then_on(
    opened: Callable[..., Model], refused: tuple[str, ...]
) -> None:
    with OpenAIServer(rejects=refused) as ai:
        model = opened(ai)
        assert model.complete(QUESTION, 100).text == "Yes."
        assert len(ai.requests) == 1 + len(refused)
        assert model.complete(QUESTION, 100).text == "Yes."
        assert len(ai.requests) == 2 + len(refused)
        assert not ai.requests[-1].body.keys() & set(refused)
        assert ai.requests[-1].body.get("max_completion_tokens", ai.requests[-1].body.get("max_tokens")) == 100


def test_a_server_that_takes_no_limit_is_asked_without(opened: Callable[..., Model]) -> None:
    with OpenAIServer(rejects=("max_tokens", "max_completion_tokens")) as ai:
        assert opened(ai).complete(QUESTION, 100).text == "Yes."
        assert len(ai.requests) == 3


def test_calls_that_learn_of_a_refused_parameter_together_all_succeed(opened: Callable[..., Model]) -> None:
    with OpenAIServer(rejects=("max_tokens", "temperature")) as ai, ThreadPoolExecutor(8) as pool:
        model = opened(ai)
        texts = list(pool.map(lambda _: model.complete(QUESTION, 100).text, range(8)))
        assert texts == ["Yes."] * 8


def test_a_model_known_to_think_is_asked_as_it_wants(opened: Callable[..., Model]) -> None:
    with OpenAIServer(models=(), rejects=("max_tokens",)) as ai:
        assert opened(ai, model="gpt-5-mini").complete(QUESTION, 100).done
        (request,) = ai.requests
        assert request.body["max_completion_tokens"] == 100 + ROOM_TO_THINK
        assert request.body["temperature"] == 1


def test_an_address_with_a_query_keeps_it_as_older_azure_needs(ai: OpenAIServer, opened: Callable[..., Model]) -> None:
    model = opened(f"{ai.url}/?api-version=2024-10-21")
    assert model.complete(QUESTION, 100).text == "Yes."
    assert ai.requests[0].query == "api-version=2024-10-21"
    assert ai.requests[0].headers["api-key"] == KEY
    assert "?" not in model.address


# Many at once, and leaving early


def test_fifty_streams_at_once_get_each_their_own_answer(ai: OpenAIServer, model: Model) -> None:
    ai.answer = lambda request: says(*(part for word in request.question.split() for part in (word + " ", Pause(0.01))))
    together = threading.Barrier(50)

    def ask(n: int) -> str:
        together.wait(20)
        *_, last = model.stream([Message("user", f"one two three {n}")], 100)
        return last.text

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(ask, range(50))) == [f"one two three {n}" for n in range(50)]


def test_who_stops_listening_frees_the_connection_and_the_others_go_on(ai: OpenAIServer, model: Model) -> None:
    ai.will(says("Over ", STALL), forever(itertools.cycle(["on ", Pause(0.02)])), says("Yes", Pause(0.3), "."))
    model_threads = [thread.name for thread in threading.enumerate() if thread.name == "citewise-model"]
    stalled, endless, other = (model.stream(QUESTION, 1000) for _ in range(3))
    assert (next(stalled).text, next(endless).text[:2], next(other).text) == ("Over", "on", "Yes")
    assert ai.connections == 3
    stalled.close()
    endless.close()
    assert eventually(lambda: ai.connections == 1)
    assert [reply.text for reply in other][-1] == "Yes."
    names = [thread.name for thread in threading.enumerate() if thread.name == "citewise-model"]
    assert len(names) == len(model_threads) + 1


def test_a_closed_model_leaves_no_thread_and_no_connection_and_opens_again(ai: OpenAIServer, model: Model) -> None:
    before = set(threading.enumerate())
    ai.will(says("Over ", STALL))
    stream = model.stream(QUESTION, 100)
    next(stream)
    model.close()
    with pytest.raises(ModelError, match="was closed while it answered"):
        list(stream)
    assert eventually(lambda: ai.connections == 0 and not [t for t in threading.enumerate() if t not in before])
    assert model.complete(QUESTION, 100).text == "Yes."


def test_a_model_that_is_forgotten_leaves_no_thread(ai: OpenAIServer) -> None:
    model = open_model(Settings(base_url=ai.url, model="test-model"))
    assert model is not None
    assert model.complete(QUESTION, 100).text == "Yes."
    assert [thread for thread in threading.enumerate() if thread.name == "citewise-model"]
    del model
    assert eventually(lambda: not [thread for thread in threading.enumerate() if thread.name == "citewise-model"])


# Secrets, and who is called


@pytest.mark.parametrize("key", [KEY, "abc", "Qw+/=.*(["])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 200])
def test_the_key_is_never_told_even_where_the_server_echoes_it(
    opened: Callable[..., Model], caplog: pytest.LogCaptureFixture, key: str, status: int
) -> None:
    echo = f"Bearer {key} is wrong: {key}, {key.upper()} and '{key}'"
    reply = (
        fails(status, echo, retry_after=60) if status > 200 else says(Raw(f"data: {json.dumps({'error': echo})}\n\n"))
    )
    with OpenAIServer(lambda request: reply) as ai, caplog.at_level("DEBUG"):
        model = opened(ai, api_key=key)
        assert key.lower() not in failure_of(model).lower()
        assert ai.requests[0].headers["authorization"] == f"Bearer {key}"
    assert key not in repr(model)
    assert f" {key} " not in caplog.text


def test_a_key_that_no_header_can_carry_is_told_but_not_shown(ai: OpenAIServer) -> None:
    for key in ("sk-“quoted”-secret", "sk-two\nlines-secret"):
        with pytest.raises(SettingsError, match=r"^OPENAI_API_KEY holds characters") as error:
            open_model(Settings(base_url=ai.url, model="test-model", api_key=key))
        assert "secret" not in str(error.value)


def test_spaces_around_a_key_are_no_part_of_it(ai: OpenAIServer, opened: Callable[..., Model]) -> None:
    assert opened(ai, api_key=f" {KEY}\n").complete(QUESTION, 100).done
    assert ai.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_an_address_is_shown_without_its_password() -> None:
    model = open_model(Settings(base_url="https://ada:lovelace@models.example:8443/v1/", model="m"))
    assert model is not None
    assert model.address == "https://models.example:8443/v1"


LONELY = """
import sys
port = int(sys.argv[1])
def lonely(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto", "socket.sendmsg"):
        called = arguments[:2] if event.startswith("socket.get") else arguments[1][:2]
        if called[0] != "127.0.0.1" or (len(called) > 1 and called[1] not in (port, None)):
            open("called", "a").write(f"{event} {called}\\n")
            raise OSError("there is no network here")
sys.addaudithook(lonely)
from qa.models import Message, open_model
from qa.settings import Settings
model = open_model(Settings.from_env())
print(model.complete([Message("user", "Well?")], 100).text, model.context, sep="\\n")
left = model.stream([Message("user", "And?")], 100)
print(next(left).text)
"""


def test_only_the_configured_address_is_called_and_a_stream_that_is_left_holds_up_no_exit(
    ai: OpenAIServer, tmp_path: object
) -> None:
    ai.will(says("Well."), says("And ", STALL))
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    settings = {"OPENAI_BASE_URL": ai.url, "CITEWISE_MODEL": "test-model", "OPENAI_API_KEY": KEY}
    run = subprocess.run(
        [sys.executable, "-c", LONELY, ai.url.split(":")[2].removesuffix("/v1")],
        env=environment(HOME=str(tmp_path), **proxy, **settings),
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.stdout.split(), run.returncode, run.stderr) == (["Well.", str(DEFAULT_CONTEXT), "And"], 0, "")


# Which model


@pytest.mark.parametrize(
    ("settings", "opens"),
    [
        ({}, None),
        ({"model": "none", "api_key": KEY}, None),
        ({"model": "None", "base_url": "http://127.0.0.1:11434/v1"}, None),
        ({"api_key": KEY}, (DEFAULT_MODEL, OPENAI)),
        ({"api_key": KEY, "base_url": OPENAI + "/"}, (DEFAULT_MODEL, OPENAI)),
        ({"api_key": KEY, "model": "gpt-4o"}, ("gpt-4o", OPENAI)),
        ({"base_url": "http://127.0.0.1:11434/v1/", "model": "qwen3"}, ("qwen3", "http://127.0.0.1:11434/v1")),
    ],
)
def test_the_settings_say_which_model_answers(settings: dict[str, str], opens: tuple[str, str] | None) -> None:
    model = open_model(Settings(**settings))  # type: ignore[arg-type]  # a dict has no types of its own
    assert (model and (model.name, model.address)) == opens


def test_a_server_without_a_model_is_an_error_that_tells_how_to_list_them() -> None:
    with pytest.raises(SettingsError, match=r"^CITEWISE_MODEL is not set: .*curl http://127.0.0.1:8080/v1/models$"):
        open_model(Settings(base_url="http://127.0.0.1:8080/v1", api_key=KEY))


def test_a_model_without_a_place_is_an_error_that_names_both_remedies() -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY or OPENAI_BASE_URL"):
        open_model(Settings(model="qwen3"))


def test_a_model_that_is_known_to_have_no_chat_is_an_error(opened: Callable[..., Model]) -> None:
    with pytest.raises(CitewiseError, match=r"'gpt-5\.4-pro' cannot chat"):
        opened("http://127.0.0.1:9/v1", model="gpt-5.4-pro").complete(QUESTION, 100)


def test_without_a_key_one_is_sent_all_the_same(ai: OpenAIServer, opened: Callable[..., Model]) -> None:
    assert opened(ai, api_key=None).complete(QUESTION, 100).done
    assert ai.requests[0].headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("settings", "context"),
    [
        ({"model": "gpt-4o"}, 128_000),
        ({"model": "openai/gpt-4o"}, 128_000),
        ({"model": "gpt-4o", "model_context": 5000}, 5000),
        ({"model": "qwen3"}, DEFAULT_CONTEXT),
        ({"model": DEFAULT_MODEL}, 400_000),
    ],
)
def test_the_context_is_as_set_or_as_known_or_a_careful_guess(settings: dict[str, object], context: int) -> None:
    model = open_model(Settings(base_url="http://127.0.0.1:9/v1", **settings))  # type: ignore[arg-type]  # a dict has no types of its own
    assert model is not None
    assert model.context == context
