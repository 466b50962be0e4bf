"""Text that comes from documents is shown as text, whatever it holds: on terminals, in Markdown, in HTML."""

import html
import json
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from index.types import Passage, SearchResult
from qa.types import Answer, Citation
from ui import render
from ui.page import markup

HOSTILE = st.one_of(
    st.text(),
    st.text(alphabet="<>[]()!&\"'`*_#\\\n\r\t -=|~:/.@$javscriptimgone1\x1b\x07\u202e\x9b\u2028"),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "![x](http://evil.example/x.png)",
            "[a](javascript:alert(1))",
            "<https://evil.example>",
            "www.evil.example and a@evil.example",
            "\n\n<img src=x onerror=alert(1)>\n\n# heading\n\n```\ncode",
            "</div></details>\n\n[ref]: http://evil.example",
            "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\ \x1b[2J",
        ]
    ),
)
TAGS = {"div", "p", "span", "details", "summary", "ol", "li", "blockquote", "mark", "bdi", "br", "a"}
ATTRIBUTES = {"class", "dir", "open", "role", "href", "title"}
LINK = re.compile(r"documents/p\?start=\d+&end=\d+&version=")


def answer(text: str, short: str | None = None, status: str = "answered", quote: str = "a quote") -> Answer:
    """Make an answer in which everything that can come from a document is `quote` or `text`."""
    passage = Passage("p", quote, quote, 0, len(quote), 3, quote, title=quote)
    citation = Citation(1, quote, quote, 3, 0, len(quote), quote, "p")
    citations = () if status == "not_found" else (citation,)
    return Answer(text, text, short, citations, (SearchResult(passage, 0.5),), status)


class Elements(HTMLParser):
    """Collect the tags and attributes of a piece of HTML."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]


@given(HOSTILE)
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") for c in render.visible(text))
    assert all(unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") for c in render.one_line(text))
    for shown in (render.visible(text), render.one_line(text)):
        assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(HOSTILE, st.sampled_from(["answered", "partial", "not_found"]))
def test_no_control_character_of_an_answer_reaches_a_terminal(text: str, status: str) -> None:
    shown = render.as_plain(render.answer_blocks(answer(text, text or None, status, text)))
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") for c in shown)


@given(HOSTILE)
def test_escaped_text_holds_no_markup_and_reads_as_it_was(text: str) -> None:
    escaped = markup.escape(text)
    bare = escaped.replace("<br>", "")
    assert not set(bare) & set("<>[]()!\"'`*_\\|~:/.@$")
    assert html.unescape(escaped.replace("<br>", "\n")) == render.visible(text).strip("\n")


@given(HOSTILE, st.sampled_from(["answered", "partial", "not_found"]), st.booleans())
def test_an_answer_is_only_our_own_html(text: str, status: str, short: bool) -> None:
    page = markup.answer_html(answer(text, text or None if short else None, status, text))
    elements = Elements(page)
    assert elements.tags <= TAGS
    assert elements.attributes <= ATTRIBUTES
    assert all(map(LINK.fullmatch, elements.links))


@given(HOSTILE, st.sampled_from(["answered", "partial", "not_found"]))
def test_markdown_leaves_a_message_as_it_is(text: str, status: str) -> None:
    for page in (
        markup.answer_html(answer(text, None, status, text)),
        markup.question_html(text),
        markup.error_html(text),
    ):
        assert "\n" not in page
        assert MarkdownIt("commonmark").render(page) == page


def test_marks_are_set_and_only_where_there_is_a_citation() -> None:
    page = markup.answer_html(answer("It is so [1], as reference [12] says.", quote="It is so"))
    assert page.count('class="cw-mark cw-cite"') == 1
    assert "&#91;12&#93;" in page


def test_an_unsupported_sentence_and_a_partial_answer_are_visible() -> None:
    page = markup.answer_html(answer("Dogs bark [1]. Cats fly. [unsupported]", status="partial"))
    assert "not borne out" in page
    assert "Only partly in your documents" in page


def test_not_found_shows_the_nearest_passages() -> None:
    shown = answer("Nothing about that.", status="not_found", quote="The nearest words.")
    assert "Not in your documents" in markup.answer_html(shown)
    assert "The nearest words&#46;" in markup.answer_html(shown)
    assert "The nearest words." in render.as_plain(render.answer_blocks(shown))


def test_an_answer_of_quotes_alone_is_not_shown_twice() -> None:
    page = markup.answer_html(answer("Over 85 targets were struck. [1]", quote="Over 85 targets were struck."))
    assert "cw-text" not in page


def test_the_short_answer_is_set_off_within_its_quote() -> None:
    page = markup.answer_html(answer("They hit 85 targets [1].", "85 targets", quote="They hit 85 targets."))
    assert "<mark>85 targets</mark>" in page


def test_a_quote_is_printed_word_for_word_with_file_and_page() -> None:
    printed = render.as_plain(render.answer_blocks(answer("So it is [1].", quote="report.pdf")))
    assert "[1] report.pdf, page 3\n    report.pdf\n" in printed


def test_the_answer_becomes_json_with_every_field() -> None:
    data = json.loads(json.dumps(render.answer_json(answer("So it is [1].", "So"))))
    assert data["citations"][0]["quote"] == "a quote"
    assert data["results"][0]["passage"]["page"] == 3
    assert data["status"] == "answered"


def test_sizes_dates_and_counts_read_well() -> None:
    assert [render.file_size(n) for n in (0, 999, 5481, 123_456_789)] == [
        "0 bytes",
        "999 bytes",
        "5.5 kB",
        "123 MB",
    ]
    assert render.date("not a date\x1b[2J") == "not a date␛[2J"
    assert render.date("2026-11-22T10:00:00+00:00").startswith("2026-11-2")
    assert render.count(1, "quote") == "1 quote"
    assert render.count(1200, "document") == "1,200 documents"


def test_an_excerpt_ends_after_a_word() -> None:
    assert render.excerpt("one two three", limit=9) == "one two …"
    assert render.excerpt("one\n\n two") == "one two"


PRINTED = "In an escalation the United States launched airstrikes on over 85"


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        (f"{PRINTED}\ntargets across Iraq", f"{PRINTED} targets across Iraq"),
        (f"{PRINTED} and in\nSyria.", f"{PRINTED} and in Syria."),
        ("the long-\nterm plan", "the long-term plan"),
        ("First\nSecond", "First\nSecond"),
        (f"{PRINTED}\n- one\n- Two", f"{PRINTED}\n- one\n- Two"),
        (f"{PRINTED}\n2. Second", f"{PRINTED}\n2. Second"),
        (f"{PRINTED} | 1 |\n| and | 2 |", f"{PRINTED} | 1 |\n| and | 2 |"),
        (f"{PRINTED}\n\nAnother paragraph", f"{PRINTED}\n\nAnother paragraph"),
    ],
)
def test_a_break_that_only_wraps_a_line_is_a_space(quote: str, shown: str) -> None:
    assert render.flowing(quote) == shown


@given(st.text("ab-|. \n", max_size=200))
def test_no_letter_of_a_quote_is_lost_or_added(quote: str) -> None:
    assert "".join(render.flowing(quote).split()) == "".join(quote.split())


def test_a_short_answer_over_the_end_of_a_line_is_set_off() -> None:
    shown = answer("It is so.", short="over 85\ntargets", quote=f"{PRINTED}\ntargets across Iraq")
    assert "<mark>over 85 targets</mark>" in markup.answer_html(shown)
    assert [block.strong for block in render.answer_blocks(shown)][-1] == "over 85 targets"
