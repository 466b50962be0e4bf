"""The chat page in a real Chromium: ask, read the quotes, add and remove documents; nothing runs or leaks."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from served import served

expect.set_options(timeout=15_000)  # milliseconds: a machine that does much else is slow, not wrong
QUESTION = "How many targets were struck?"
ANSWERED = ".cw-answer:not(.cw-waiting):not(.cw-writing)"
FOREIGN_LINKS = "#cw-chat a:not(.cw-cite[href^='documents/'])"
Open = Callable[..., Page]


def chromium() -> str | None:
    """Return where a Chromium is: the one that CHROMIUM names, the system's, or playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = os.environ.get("CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        with sync_playwright() as playwright:
            own = playwright.chromium.executable_path
        found = own if Path(own).exists() else None
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium found: install one with `playwright install chromium` or your package manager")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        browser.new_page()  # see tab()
        yield browser
        browser.close()


def tab(browser: Browser) -> Page:
    """Return the tab that tests use one after the other: a new one would cost Chromium two more processes."""
    return browser.contexts[0].pages[0]


def leave(page: Page) -> None:
    """Leave a tab to the next test as if it were new."""
    page.unroute_all(behavior="ignoreErrors")
    for other in page.context.pages[1:]:
        other.close()
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(color_scheme="light")
    page.goto(urljoin(page.url, "/healthz"))
    page.evaluate("localStorage.clear(), sessionStorage.clear()")


def colour(page: Page, scheme: str) -> None:
    """Have the page light or dark, and wait until it is: Gradio marks its body a moment after the browser has told."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # "light" or "dark"
    page.wait_for_function("dark => document.body.classList.contains('dark') === dark", arg=scheme == "dark")


def arrive(page: Page, address: str) -> Page:
    """Open the page and wait until it is drawn, the documents too."""
    page.goto(address)
    page.wait_for_selector(".cw-panel")
    expect(page.locator(".cw-panel .cw-count")).not_to_have_text("")
    return page


@contextmanager
def heard(page: Page, trouble: list[str], address: str) -> Iterator[None]:
    """Note every request to another server, every error and every dialog of a page."""
    allowed = (address, "data:", "blob:")
    hears: dict[Any, Callable[..., object]] = {
        "request": lambda r: r.url.startswith(allowed) or trouble.append(r.url),
        "pageerror": lambda error: trouble.append(str(error)),
        "dialog": lambda dialog: (trouble.append(f"dialog {dialog.message}"), dialog.dismiss()),
        "console": lambda m: m.type == "error" and trouble.append(m.text),
    }
    for event, hear in hears.items():
        page.on(event, hear)
    yield
    for event, hear in hears.items():
        page.remove_listener(event, hear)


@pytest.fixture
def visit(browser: Browser, server: str, pages: ExitStack) -> Iterator[Open]:
    """Open the page; at the end none may have asked another server, run foreign code or logged an error.

    The first visit of a test is in the common tab, unless it is to be on another device or in a `fresh` context.
    """
    trouble: list[str] = []
    common = [tab(browser)]

    def visit(address: str = server, *, fresh: bool = False, **how: Any) -> Page:
        if common and not fresh and how.keys() <= {"viewport", "color_scheme"}:
            page = common.pop()
            if "viewport" in how:
                page.set_viewport_size(how["viewport"])
            page.emulate_media(color_scheme=how.get("color_scheme", "light"))
            pages.callback(leave, page)
        else:
            page = browser.new_context(**how).new_page()
            pages.callback(page.context.close)
        pages.enter_context(heard(page, trouble, address))
        return arrive(page, address)

    yield visit
    pages.close()
    assert trouble == []


def ask(page: Page, question: str) -> None:
    """Ask and wait for the answer."""
    before = page.locator(ANSWERED).count()
    box = page.get_by_placeholder("Ask your documents")
    box.fill(question)
    box.press("Enter")
    expect(page.locator(ANSWERED)).to_have_count(before + 1, timeout=30_000)


def show_documents(page: Page) -> None:
    """Open the panel of documents where it is folded."""
    if page.locator(".cw-panel:not([open])").count():
        page.locator(".cw-panel > summary").click()


def test_an_answer_shows_numbered_quotes_with_their_file(visit: Open) -> None:
    page = visit()
    ask(page, QUESTION)
    answer = page.locator(ANSWERED).last
    expect(answer).to_contain_text("over 85 targets")
    quote = answer.locator(".cw-quotes li").first
    expect(quote.locator(".cw-number")).to_have_text("1")
    expect(quote.locator("blockquote")).to_contain_text("launched a series of airstrikes")
    expect(quote.locator(".cw-place")).to_contain_text("us-airstrikes-iraq-syria-february-2024.txt")
    expect(page.locator(".cw-question")).to_have_text(QUESTION)


def test_what_the_documents_do_not_hold_looks_different(visit: Open) -> None:
    page = visit()
    ask(page, "At which temperature does mercury boil?")
    expect(page.locator(".cw-none .cw-badge")).to_have_text("Not in your documents")


def test_a_follow_up_uses_the_turn_before_and_a_new_chat_forgets(visit: Open) -> None:
    page = visit()
    ask(page, "Who launched the airstrikes?")
    ask(page, "When?")
    expect(page.locator(ANSWERED).last).to_contain_text("February")
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".cw-answer")).to_have_count(0)


def test_example_questions_are_offered_and_asked_by_a_click(visit: Open) -> None:
    page = visit()
    page.locator("#cw-chat .example").first.click()
    expect(page.locator(ANSWERED)).to_have_count(1, timeout=30_000)


def test_hostile_text_is_shown_as_text(visit: Open) -> None:
    page = visit()
    ask(page, "What is the secret lever of the tower?")
    answer = page.locator(ANSWERED).last
    expect(answer).to_contain_text("<img src=x onerror=alert(1)> [click](javascript:alert(1))")
    assert page.locator(f"#cw-chat img, {FOREIGN_LINKS}, #cw-chat script").count() == 0


def test_a_hostile_question_is_shown_as_text(visit: Open) -> None:
    page = visit()
    question = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) $$x^2$$ `code` **bold** who?"
    ask(page, question)
    expect(page.locator(".cw-question")).to_have_text(question)
    assert page.locator(f"#cw-chat img, {FOREIGN_LINKS}, #cw-chat code, #cw-chat strong, #cw-chat .katex").count() == 0


def test_two_people_at_once_each_get_their_own_answer(visit: Open) -> None:
    first, second = visit(), visit()
    for page, question in ((first, QUESTION), (second, "Who planted the roses?")):
        page.get_by_placeholder("Ask your documents").fill(question)
    for page in (first, second):
        page.get_by_placeholder("Ask your documents").press("Enter")
    expect(first.locator(ANSWERED)).to_contain_text("85 targets", timeout=30_000)
    expect(second.locator(ANSWERED)).to_contain_text("Maria Lindqvist", timeout=30_000)
    expect(second.locator(".cw-question")).to_have_count(1)


def test_files_are_added_and_removed_on_the_page(visit: Open, tmp_path: Path) -> None:
    good = tmp_path / "tea <b>&amp;\u202egnp.txt"
    good.write_text("Tea is picked in April.")
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 broken")
    page = visit()
    page.locator("#cw-files").set_input_files([good, broken])
    report = page.locator(".cw-report")
    expect(report).to_contain_text("tea <b>&amp;", timeout=30_000)
    expect(report.locator(".cw-bad")).to_contain_text("broken.pdf: ")
    item = page.locator(".cw-documents li", has_text="tea <b>")
    expect(item).to_have_count(1, timeout=20_000)
    assert page.locator(".cw-documents b").count() == 0
    ask(page, "When is tea picked?")
    expect(page.locator(ANSWERED).last).to_contain_text("Tea is picked in April.")
    item.get_by_role("button", name="Remove").click()
    expect(item).to_have_count(0, timeout=20_000)


def test_a_file_that_is_too_large_is_told_by_name(visit: Open, tmp_path: Path, browser: Browser, server: str) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * 1_000_001)
    page = browser.new_page()  # not through visit: the browser itself logs the refused request as an error
    arrive(page, server)
    page.locator("#cw-files").set_input_files(large)
    expect(page.locator(".cw-bad")).to_contain_text("large.txt: the file is larger than 1 MB", timeout=30_000)
    page.close()


def test_a_narrow_screen_never_scrolls_sideways(visit: Open) -> None:
    page = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    ask(page, QUESTION)
    show_documents(page)
    for scheme in ("light", "dark"):
        colour(page, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator(".cw-documents li").first).to_be_visible()
    box = page.get_by_placeholder("Ask your documents").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844


def test_dark_text_stands_on_light_ground_and_the_other_way_round(visit: Open) -> None:
    lightness = "c => c.match(/[0-9.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765"
    style = "(node, name) => getComputedStyle(node)[name]"
    page = visit()
    ask(page, QUESTION)
    for scheme in ("light", "dark"):
        colour(page, scheme)
        text = page.evaluate(lightness, page.locator(".cw-answer").evaluate(style, "color"))
        ground = page.evaluate(lightness, page.locator("body").evaluate(style, "backgroundColor"))
        assert (ground - text > 0.6) if scheme == "light" else (text - ground > 0.6)


def test_a_first_visit_says_what_to_do_and_does_it(visit: Open, pages: ExitStack, tmp_path: Path) -> None:
    with served(tmp_path / "library") as address:
        page = visit(address)
        expect(page.locator("#cw-chat")).to_contain_text("Add a document to begin")
        ask(page, "Anything there?")
        expect(page.locator(".cw-none")).to_contain_text("No documents yet")
        (tmp_path / "tea.txt").write_text("Tea is picked in April.")
        page.locator("#cw-files").set_input_files(tmp_path / "tea.txt")
        expect(page.locator(".cw-documents li")).to_have_count(1, timeout=30_000)
        ask(page, "When is tea picked?")
        expect(page.locator(ANSWERED).last).to_contain_text("Tea is picked in April.")
        pages.close()
