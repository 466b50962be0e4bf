"""The chat in a real Chromium: conversations, stopping, copying, editing, rating, and why an answer is as it is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai_replies import STALL, says
from openai_server import OpenAIServer
from playwright.sync_api import Browser, Page, expect
from served import served
from test_conversations import exchanges, reading
from test_web import ANSWERED, QUESTION, Open, arrive, ask, browser, leave, tab, visit

from ui.cli import main

__all__ = ["browser", "visit"]  # fixtures
ROSES = "Who planted the roses?"
HOSTILE = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) **bold** who?"


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page of a test that loads it anew, which makes Gradio log what it broke off."""
    yield tab(browser)
    leave(tab(browser))


def questions(page: Page) -> list[str]:
    return page.locator(".cw-question").all_inner_texts()


def test_a_conversation_is_found_again_after_a_reload_and_its_answers_look_as_they_did(
    plain: Page, server: str
) -> None:
    page = arrive(plain, server)
    ask(page, "Who launched the airstrikes?")
    ask(page, "When?")
    before = page.locator(ANSWERED).evaluate_all("all => all.map((one) => one.outerHTML)")
    page.reload()
    expect(page.locator(ANSWERED)).to_have_count(2, timeout=30_000)
    assert questions(page) == ["Who launched the airstrikes?", "When?"]
    assert page.locator(ANSWERED).evaluate_all("all => all.map((one) => one.outerHTML)") == before
    ask(page, "Which countries?")  # and it goes on
    expect(page.locator(".cw-question")).to_have_count(3)


def test_conversations_are_switched_renamed_and_deleted(visit: Open) -> None:
    page = visit()
    ask(page, ROSES)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".cw-question")).to_have_count(0)
    ask(page, HOSTILE)
    list_ = page.locator(".cw-talks")
    expect(list_.get_by_role("button", name=HOSTILE, exact=True)).to_have_attribute("aria-current", "true")
    assert list_.locator("img, b, strong, a[href^=javascript]").count() == 0
    list_.get_by_role("button", name=ROSES, exact=True).first.click()
    expect(page.locator(".cw-question")).to_have_text(ROSES)
    expect(list_.locator("[aria-current]")).to_have_text(ROSES)
    page.go_back()
    expect(page.locator(".cw-question")).to_have_text(HOSTILE)
    expect(list_.locator("[aria-current]")).to_have_text(HOSTILE)
    row = list_.locator("li", has=page.locator("[aria-current]"))
    row.get_by_role("button", name=re.compile("^Rename")).click()
    field = page.get_by_label("Name of the conversation")
    field.fill("The <b>tower</b>")
    field.press("Enter")
    expect(list_.get_by_role("button", name="The <b>tower</b>", exact=True)).to_be_visible()
    row.get_by_role("button", name=re.compile("^Delete")).click()
    expect(list_.get_by_role("button", name="The <b>tower</b>", exact=True)).to_be_visible()  # it asks first
    row.get_by_text("Really?").click()
    expect(list_.get_by_role("button", name="The <b>tower</b>", exact=True)).to_have_count(0)
    expect(page.locator(".cw-question")).to_have_count(0)


def test_a_conversation_is_exported_as_markdown(visit: Open, tmp_path: Path) -> None:
    page = visit()
    ask(page, ROSES)
    with page.expect_download() as download:
        page.locator(".cw-talks li", has=page.locator("[aria-current]")).get_by_text("Export").click()
    download.value.save_as(tmp_path / "talk.md")
    assert download.value.suggested_filename == "who-planted-the-roses.md"
    assert "[^1]: " in (tmp_path / "talk.md").read_text()


def test_the_last_question_is_edited_and_asked_again(visit: Open) -> None:
    page = visit()
    ask(page, QUESTION)
    ask(page, "Who planted the rosse in Spain?")
    page.get_by_role("button", name="Edit", exact=True).last.click()
    field = page.locator(".cw-editing textarea")
    expect(field).to_have_value("Who planted the rosse in Spain?")
    field.press("Escape")
    expect(page.locator(".cw-question").last).to_be_visible()
    page.get_by_role("button", name="Edit", exact=True).last.click()
    field.fill(ROSES)
    field.press("Enter")
    expect(page.locator(".cw-question")).to_have_text([QUESTION, ROSES])


def test_an_answer_is_copied_with_its_quotes(visit: Open) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, ROSES)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".cw-told").last).to_have_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert "Maria Lindqvist" in text
    assert "[^1]: " in text


def test_without_the_right_to_copy_the_text_is_there_to_take(visit: Open) -> None:
    page = visit()
    page.evaluate(
        "navigator.clipboard.writeText = () => Promise.reject(new Error()); document.execCommand = () => false"
    )
    ask(page, ROSES)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".cw-told").last).to_contain_text("copy it from here")
    assert "Maria Lindqvist" in page.get_by_label("The answer, to copy").input_value()


def test_a_next_question_is_offered_and_asked_by_a_click(visit: Open) -> None:
    page = visit()
    ask(page, QUESTION)
    offered = page.locator(".cw-next").first
    question = offered.inner_text()
    offered.click()
    expect(page.locator(".cw-question")).to_have_text([QUESTION, question])
    expect(page.locator(ANSWERED)).to_have_count(2, timeout=30_000)
    expect(page.locator(".cw-none")).to_have_count(0)  # the documents do answer it


def test_why_shows_both_rank_lists_and_the_time(visit: Open) -> None:
    page = visit()
    ask(page, QUESTION)
    ask(page, "When?")
    button = page.get_by_role("button", name="Why this answer").last
    button.click()
    told = page.locator(".cw-why")
    expect(told).to_contain_text(f"When? (after: {QUESTION}")
    expect(told).to_contain_text("search ")
    for name in ("By meaning", "By words", "Both together", "Read closely"):
        ranking = told.locator(".cw-ranking", has_text=name)
        ranking.locator("summary").click()
        expect(ranking.locator("li").first).to_be_visible()
    button.click()
    expect(told).to_have_count(0)


def test_a_thumb_and_its_reason_become_a_test_case(
    browser: Browser, own_library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(own_library) as address:
        page = arrive(browser.new_page(), address)
        ask(page, ROSES)
        page.get_by_role("button", name="Not helpful").click()
        page.get_by_label("What was wrong? (optional)").fill("too <b>short</b>")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".cw-told").last).to_have_text("Thank you")
        expect(page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
        page.reload()
        expect(page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true", timeout=30_000)
        page.close()
    assert main(["feedback", "--library", str(own_library)]) == 0
    told = capsys.readouterr().out
    assert "1 rating: 0 up, 1 down" in told
    assert "too <b>short</b>" in told


@pytest.fixture(scope="module")
def slow(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose model writes one sentence and a half, and then falls silent."""
    import shutil

    folder = tmp_path_factory.mktemp("slow")
    shutil.copytree(library, folder / "library")
    written = ("Over 85 targets were struck [1]. ", "The Moon was struck by ")
    with (
        OpenAIServer(lambda request: says(*written, STALL)) as model,
        served(folder / "library", OPENAI_BASE_URL=model.url, CITEWISE_MODEL="test-model") as address,
    ):
        yield address


def test_stop_leaves_what_was_checked_and_says_so(plain: Page, slow: str) -> None:
    page = arrive(plain, slow)
    box = page.get_by_placeholder("Ask your documents")
    box.fill(QUESTION)
    box.press("Enter")
    writing = page.locator(".cw-writing")
    expect(writing).to_contain_text("The Moon was struck", timeout=30_000)
    expect(writing.get_by_role("status")).to_have_text("Writing, and checking each sentence")
    page.get_by_role("button", name="Stop", exact=True).click()
    answer = page.locator(ANSWERED)
    expect(answer).to_contain_text("Stopped", timeout=5_000)
    expect(answer).to_contain_text("Over 85 targets were struck.")
    expect(answer).not_to_contain_text("Moon")
    expect(page.locator("#cw-ask .submit-button")).to_be_visible()
    page.reload()
    expect(page.locator(ANSWERED)).to_contain_text("Stopped", timeout=30_000)


def test_an_answer_does_not_come_in_over_another_conversation(plain: Page, slow: str) -> None:
    page = arrive(plain, slow)
    box = page.get_by_placeholder("Ask your documents")
    box.fill(QUESTION)
    box.press("Enter")
    expect(page.locator(".cw-writing")).to_contain_text("The Moon was struck", timeout=30_000)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".cw-question")).to_have_count(0)
    ask(page, "At which temperature does mercury boil?")
    expect(page.locator(".cw-question")).to_have_count(1)
    page.locator(".cw-talk").nth(1).click()
    expect(page.locator(".cw-question")).to_have_text(QUESTION)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(ANSWERED)).to_contain_text("Over 85 targets were struck.", timeout=10_000)
    expect(page.locator(ANSWERED)).not_to_contain_text("Moon")


def test_conversations_outlive_a_restart_of_the_server(browser: Browser, own_library: Path) -> None:
    with served(own_library) as address:
        page = arrive(browser.new_page(), address)
        ask(page, ROSES)
        place = page.url.partition("#")[2]
        page.close()
    with served(own_library) as address, reading(address) as http:
        page = arrive(browser.new_page(), f"{address}#{place}")
        expect(page.locator(ANSWERED)).to_contain_text("Maria Lindqvist", timeout=30_000)
        assert len(exchanges(http, place)) == 1
        page.close()
