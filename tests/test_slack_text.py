"""Text into and out of Slack: what people wrote, what grows, what is cut; nothing pings, links or breaks a mark."""

import re
from typing import Any

import pytest
import slack_rules as rules
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.types import Passage, SearchResult
from qa.types import Answer, Citation
from ui.slack.blocks import Spot, answer_blocks, fallback, pages
from ui.slack.rich import markdown_blocks, plain_blocks
from ui.slack.text import escaped, is_for_others, is_small_talk, label, mentions, question_in, streamable, unescape

HOSTILE = st.lists(
    st.sampled_from(
        [
            *'abc <>&*_~`|#[]()!@\n\t-1.2:/\\"',
            "<!channel>",
            "<@U123>",
            "<#C1|x>",
            "<https://e.x|click>",
            "https://evil.example",
            "www.evil.example",
            "[x](https://e.x)",
            "![i](http://e.x)",
            "](",
            "[1]",
            "[12]",
            "[unsupported]",
            "```",
            "\n\n",
            "\n- ",
            "\n1. ",
            "\n> ",
            "\n# ",
            "\n| a | b |\n|---|---|\n| c | d |\n",
            "&lt;!here&gt;",
            "\u202e",
            "\x00",
            "\ud83d",
            "漢字",
            "w" * 700,
        ]
    ),
    max_size=60,
).map("".join)
ANY = HOSTILE | st.text(max_size=300)


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("<@UB0T> When?", "When?"),
        ("Hey <@UB0T|citewise>, when?", "Hey , when?"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        (
            "see <https://x.example/a?b=1&amp;c=2|the page> and <https://y.example>",
            "see the page and https://y.example",
        ),
        ("<#C1|general> <@U2|ada> <!subteam^S1|@ops> <!here> <@U3>", "#general @ada @ops"),
        ("<mailto:a@b.c|a@b.c> <mailto:d@e.f>", "a@b.c d@e.f"),
        ("line one\nline two", "line one\nline two"),
        ("", ""),
    ],
)
def test_a_question_is_what_a_person_meant(sent: str, asked: str) -> None:
    assert question_in(sent, "UB0T") == asked


def test_who_is_spoken_to() -> None:
    assert mentions("x <@UB0T> y", "UB0T")
    assert not mentions("x UB0T <@UB0T9>", "UB0T")
    assert is_for_others("<@U2> is it so?", "UB0T")
    assert not is_for_others("<@U2> <@UB0T> is it so?", "UB0T")
    assert not is_for_others("is it so?", "UB0T")


@pytest.mark.parametrize(
    "text", ["Thanks!", "thank you so much", "ok", "👍", ":tada:", "Great, thanks a lot :)", "!!", "Hi"]
)
def test_small_talk_asks_nothing(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize("text", ["ok, when?", "When?", "thanks, and in Iraq?", "no fly zone", "1999?", "漢字", "Why"])
def test_questions_are_no_small_talk(text: str) -> None:
    assert not is_small_talk(text)


@settings(max_examples=60, deadline=None)
@given(text=ANY, cuts=st.lists(st.integers(0, 400), max_size=6))
def test_what_is_streamed_can_always_be_appended_to_and_is_harmless(text: str, cuts: list[int]) -> None:
    shown = ""
    for end in [*sorted(cuts), len(text)]:
        grown = streamable(text[:end])
        assert grown.startswith(shown)
        shown = grown
    assert rules.live_markdown(shown) == []
    assert not re.search(r"\[\d*$", shown)  # no half mark


@settings(max_examples=60, deadline=None)
@example(text="\ta<<", limit=10)
@given(text=ANY, limit=st.integers(10, 300))
def test_escaped_text_fits_and_is_harmless(text: str, limit: int) -> None:
    found = escaped(text, limit)
    assert len(found) <= limit
    assert rules.CONTROL.findall(found) == []
    assert re.sub(r"&(amp|lt|gt);", "", found).count("&") == 0  # no entity is cut
    if len(text) * 5 <= limit and "\ud83d" not in text:
        assert len(unescape(found)) >= len(text) - text.count("\r")


@settings(max_examples=40, deadline=None)
@given(text=ANY)
def test_a_label_is_a_label(text: str) -> None:
    rules.button({"type": "button", "text": {"type": "plain_text", "text": label(text)}, "action_id": "a"})


def answer_of(text: str, quote: str, source: str, count: int, status: str, short: str | None) -> Answer:
    citations = tuple(
        Citation(n, source, "t", n if n % 2 else None, 0, len(quote), quote, f"d{n}.v.000001")
        for n in range(1, count + 1)
    )
    passage = Passage("d.v.000001", source, quote or "x", 0, 1, None, "")
    return Answer("q", text, short, citations, (SearchResult(passage, 1.0),) * 3, status)


@settings(max_examples=80, deadline=None)
@given(
    text=ANY,
    quote=ANY,
    source=ANY,
    count=st.integers(0, 40),
    status=st.sampled_from(["answered", "partial", "not_found"]),
    short=st.none() | st.just("short <!here>"),
    url=st.none() | st.just("https://ask.example"),
)
def test_slack_takes_every_answer_and_nothing_in_it_is_live(
    text: str, quote: str, source: str, count: int, status: str, short: str | None, url: str | None
) -> None:
    answer = answer_of(text, quote, source, count, status, short)
    parts = pages(answer_blocks(answer, "C1:1.0", url))
    for part in parts:
        rules.check_message(part)
        assert [found for found in rules.live(part) if not (url and url in found)] == []
    assert rules.live([], fallback(answer)) == []
    assert len(fallback(answer)) <= 40_000


def marks_in(blocks: Any) -> list[str]:
    bold = (p["text"] for p in rules._parts(blocks) if p.get("type") == "text" and p.get("style", {}).get("bold"))
    return [text for text in bold if re.fullmatch(r"\[\d+\]", text)]


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.sampled_from(["word", "[1]", "[2]", "[9]", "w" * 900, "\n\n"]), max_size=120))
def test_every_mark_survives_however_long_the_text(words: list[str]) -> None:
    text = " ".join(words)
    expected = [word for word in words if word in ("[1]", "[2]")]
    for blocks in (markdown_blocks(text, {1, 2}), plain_blocks(text, {1, 2})):
        assert marks_in(blocks) == expected
        for part in pages(blocks):
            rules.check_message(part)


def test_markdown_becomes_what_slack_has_for_it() -> None:
    text = """# Head

Some **bold** and `code[1]` [1].

- one
  1. nested
- two

| a | b |
|---|---|
| c [1] | d |

```
x = "<@U1>"
```

> quoted"""
    first, table, second = markdown_blocks(text, {1})
    kinds = [e["type"] for e in first["elements"]]
    assert kinds == ["rich_text_section"] * 2 + ["rich_text_list"] * 3
    assert [e.get("indent") for e in first["elements"][2:]] == [0, 1, 0]
    assert [e.get("style") for e in first["elements"][2:]] == ["bullet", "ordered", "bullet"]
    assert table["rows"][1] == [{"type": "raw_text", "text": "c [1]"}, {"type": "raw_text", "text": "d"}]
    assert [e["type"] for e in second["elements"]] == ["rich_text_preformatted", "rich_text_quote"]
    assert second["elements"][0]["elements"][0]["text"] == 'x = "<@U1>"'


def test_links_and_images_stay_text_and_a_mark_in_one_is_a_mark() -> None:
    text = "[click](https://e.x) ![i](http://e.x/y.png) <https://e.x> [1](https://e.x) [ref]\n\n[ref]: https://e.x"
    blocks = markdown_blocks(text, {1})
    shown = "".join(e["text"] for b in blocks for s in b["elements"] for e in s["elements"])
    assert shown == text
    assert marks_in(blocks) == ["[1]"]


def test_a_quote_stands_once() -> None:
    quote = "Tea is picked in April."
    for short in (None, "April"):
        answer = Answer("q", f"{quote} [1]", short, (Citation(1, "tea.txt", "", None, 0, 23, quote, "d.v.0"),))
        assert rules.words(answer_blocks(answer, "k")).count(quote) == 1


@given(
    st.builds(Spot, st.from_regex(r"[0-9a-f]{16}\.[0-9a-f]{12}\.\d{6}", fullmatch=True), st.integers(0), st.integers(0))
)
def test_a_spot_survives_in_a_button(spot: Spot) -> None:
    assert Spot.of(spot.value()) == spot
    assert len(spot.value()) < 2000
