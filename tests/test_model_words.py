"""What a model thinks is kept from what it says; what a server's failures mean is told without its secrets."""

import json
from email.utils import formatdate
from time import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.failures import Refusal, harmless, reason_of, refused, seconds_asked, told_in
from qa.thoughts import estimated_tokens, has_thoughts, without_half_a_tag, without_thoughts

PLAIN = st.text(st.characters(exclude_characters="<", exclude_categories=["Cs"]), max_size=30)
THOUGHT = st.builds("<think>{}</think>".format, PLAIN)


@given(st.lists(st.tuples(st.booleans(), PLAIN), max_size=6))
def test_what_is_said_is_kept_and_what_is_thought_is_not(parts: list[tuple[bool, str]]) -> None:
    text = "".join(f"<think>{words}</think>" if thought else words for thought, words in parts)
    assert without_thoughts(text) == "".join(words for thought, words in parts if not thought).strip()
    assert has_thoughts(text) == any(thought for thought, _ in parts)


@given(THOUGHT, PLAIN, st.data())
def test_at_no_moment_of_a_stream_is_a_thought_shown(thought: str, said: str, data: st.DataObject) -> None:
    text = thought + said
    so_far = text[: data.draw(st.integers(0, len(text)))]
    shown = without_thoughts(without_half_a_tag(so_far))
    assert said.strip().startswith(shown) or said.startswith(shown)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>never closed", ""),
        ("opened by the prompt</think>\n85", "85"),
        ("<THINK>a</THINK>85", "85"),
        ("<thinking>a</thinking>85", "85"),
        ("85 < 90 and 3 <", "85 < 90 and 3 <"),
        ("a <thin line", "a <thin line"),
        ("", ""),
    ],
)
def test_thoughts_are_known_by_their_tags(text: str, said: str) -> None:
    assert without_thoughts(text) == said


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("word", 1), ("words", 2), ("日本の首都", 4), ("\ud800", 1)]
)
def test_tokens_are_estimated_from_bytes(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


@given(st.integers(300, 599), st.text(), st.text(), st.floats(0, 1e9))
def test_every_refusal_is_one_sentence_with_a_remedy(status: int, code: str, told: str, wait: float) -> None:
    failure = refused(Refusal(status, code, harmless(told, "key"), wait), "m", "http://127.0.0.1/v1")
    assert ": " in failure.sentence
    assert failure.sentence.isprintable()
    assert failure.passing <= (status == 429 or status >= 500)


@given(st.text(min_size=1), st.text(), st.text())
@example("k", "", "")
@example("sk-1", "Bearer ", "\n")
def test_no_words_of_a_server_hold_the_key(key: str, before: str, after: str) -> None:
    shown = harmless(f"{before} {key} {after} {key.upper()}", key)
    assert key not in shown or key in "…" or key.isspace()
    assert len(shown) <= 160
    assert "\n" not in shown


def test_what_looks_like_another_key_is_hidden_too() -> None:
    assert harmless("Bearer abc.def and sk-proj-123 are wrong", "key") == "… and … are wrong"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"message": "m"}, "m"),
        ({"error": {"message": "m"}}, "m"),
        ({"error": "m"}, "m"),
        ({"detail": "m"}, "m"),
        ({"detail": [{"loc": ["body"]}], "error": "m"}, "m"),
        ("m", "m"),
        ("<html>m</html>", ""),
        (None, ""),
        ([], ""),
        (json.loads('{"error":' * 500 + "1" + "}" * 500), ""),
    ],
)
def test_a_servers_words_are_found_wherever_servers_put_them(body: object, told: str) -> None:
    assert told_in(body) == told


def test_the_time_to_wait_is_told_in_seconds_or_as_a_date() -> None:
    assert [seconds_asked({"retry-after": value}) for value in ("7", "0.5", "0")] == [7, 0.5, 0]
    assert 25 < seconds_asked({"retry-after": formatdate(time() + 30, usegmt=True)}) <= 30
    assert seconds_asked({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == seconds_asked({}) == 0


@given(st.text() | st.from_regex(r"\w{3}, \d{1,9} \w{3} \d{1,9} \d+:\d+:\d+ [+-]\d+", fullmatch=True))
def test_a_time_to_wait_that_makes_no_sense_is_none(value: str) -> None:
    assert seconds_asked({"retry-after": value}) >= 0


def test_the_reason_of_an_error_is_what_the_system_says() -> None:
    outer, middle = RuntimeError("Connection error."), OSError("All connection attempts failed")
    outer.__cause__, middle.__cause__ = middle, ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)")
    assert reason_of(outer) == "Connection refused"
    assert reason_of(RuntimeError("Connection error.")) == "no answer"
