"""The panel of documents in a real Chromium: dropped files and folders, progress, failures, undo, choice, summaries."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from served import served
from test_web import ANSWERED, QUESTION, Open, arrive, ask, browser, visit

__all__ = ["browser", "visit"]  # fixtures
SLOW = 30_000
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.md"


@pytest.fixture
def own_server(own_library: Path, pages: ExitStack) -> Iterator[str]:
    """The address of a server over a library that the test may change."""
    with served(own_library) as address:
        yield address
        pages.close()


def drop(page: Page, *paths: Path) -> None:
    """Drag files and folders from the desktop onto the middle of the page, as the browser itself does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 700, "y": 300, "data": data})
        if kind == "dragOver":
            expect(page.locator(".cw-drop.cw-over")).to_have_count(1)


def added(page: Page, *lines: str) -> None:
    """Wait until everything is added and told so."""
    expect(page.locator("#cw-documents .cw-status")).not_to_have_text("", timeout=SLOW)
    expect(page.locator(".cw-adding")).to_have_count(0, timeout=SLOW)
    for line in lines:
        expect(page.locator(".cw-report")).to_contain_text(line)


def item(page: Page, name: str) -> Locator:
    """Return the row of a document."""
    return page.locator(".cw-documents > li", has_text=name)


def chosen(page: Page, name: str) -> None:
    item(page, name).get_by_role("checkbox").check()


def test_three_formats_and_a_folder_are_dropped_and_asked(visit: Open, own_server: str, formats: Path) -> None:
    folder = formats.parent / "voyage"
    (folder / "north").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for place in ("north/log.txt", "log.txt", ".hidden/log.txt"):
        (folder / place).write_text(f"The ship Hildur reached {place.removesuffix('/log.txt')} harbour in 1911.")
    page = visit(own_server)
    drop(page, formats / "a.pdf", formats / "a.docx", formats / "a.xlsx", folder)
    added(page, "voyage/north/log.txt: added", "voyage/log.txt: added", "a.pdf: added")
    expect(page.locator("#cw-documents .cw-status")).to_have_text("5 added")
    for name in ("a.pdf", "a.docx", "a.xlsx"):
        expect(item(page, name)).to_have_count(1)
    expect(item(page, "log.txt")).to_have_count(2)
    expect(item(page, "a.pdf").locator(".cw-facts")).to_contain_text("2 pages")
    ask(page, "Who built the lighthouse at Skerrow?")
    expect(page.locator(ANSWERED).last).to_contain_text("Ada Holm")


def test_failures_updates_and_duplicates_are_told_by_name(visit: Open, own_server: str, tmp_path: Path) -> None:
    tea, twin, broken = tmp_path / "tea.txt", tmp_path / "twin.txt", tmp_path / "broken.pdf"
    tea.write_text("Tea is picked in April.")
    broken.write_bytes(b"%PDF-1.7 broken")
    page = visit(own_server)
    drop(page, tea, broken)
    added(page, "tea.txt: added", "broken.pdf: it is damaged")
    expect(page.locator("#cw-documents .cw-status")).to_have_text("1 added, 1 failed")
    expect(page.locator(".cw-report > li").first).to_contain_text("broken.pdf")
    shutil.copy(tea, twin)
    drop(page, tea, twin)
    added(page, "tea.txt: is already here, unchanged", "twin.txt: added; the same file is here as tea.txt")
    tea.write_text("Tea is picked in May.")
    drop(page, tea)
    added(page, "tea.txt: replaced the earlier version")
    expect(item(page, "tea.txt")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".cw-report")).to_be_hidden()


def test_each_stage_of_an_add_is_shown_and_a_dead_one_holds_up_no_other(
    visit: Open, own_server: str, tmp_path: Path
) -> None:
    page = visit(own_server)
    seen = page.evaluate_handle("""() => { const seen = new Set();
        new MutationObserver(() => document.querySelectorAll(".cw-adding span").forEach((n) => seen.add(n.textContent)))
          .observe(document.querySelector(".cw-report"), { subtree: true, childList: true, characterData: true });
        return seen; }""")
    held = []
    page.route("**/api/documents?*", lambda r: held.append(r) if b"dead" in (r.request.post_data_buffer or b"")
               else r.continue_())  # fmt: skip
    (tmp_path / "dead.txt").write_text("dead")
    (tmp_path / "long.txt").write_text("\n\n".join(f"Day {n}: the tide came in. " * 12 for n in range(200)))
    drop(page, tmp_path / "dead.txt", tmp_path / "long.txt")
    expect(page.locator(".cw-report")).to_contain_text("long.txt: added", timeout=SLOW)
    told = page.evaluate("(seen) => [...seen].join('|')", seen)
    for stage in (": reading", ": embedding", " passages"):
        assert stage in told
    expect(page.locator(".cw-report")).to_contain_text("dead.txt: waiting")
    held[0].continue_()
    added(page, "dead.txt: added")


def test_a_file_that_the_server_leaves_without_an_answer_is_told(visit: Open, server: str, tmp_path: Path) -> None:
    page = visit(fresh=True)
    page.clock.install()
    page.route("**/api/documents?*", lambda route: None)
    (tmp_path / "tea.txt").write_text("Tea")
    drop(page, tmp_path / "tea.txt")
    expect(page.locator(".cw-adding")).to_have_count(1)
    page.clock.fast_forward(61_000)
    added(page, "tea.txt: citewise fell silent")
    page.unroute_all(behavior="ignoreErrors")


def test_a_removal_can_be_undone_and_else_the_answers_forget(visit: Open, own_server: str) -> None:
    page = visit(own_server)
    item(page, "garden.md").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    ask(page, "Who planted the roses?")
    expect(page.locator(ANSWERED).last).not_to_contain_text("Lindqvist")
    page.get_by_role("button", name="Undo").click()
    ask(page, "Who planted the roses?")
    expect(page.locator(ANSWERED).last).to_contain_text("Maria Lindqvist")
    item(page, "garden.md").get_by_role("button", name="Remove").click()
    assert any("garden" in d["source"] for d in httpx.get(f"{own_server}/api/documents").json())
    expect(item(page, "garden.md")).to_have_count(0, timeout=20_000)
    assert not any("garden" in d["source"] for d in httpx.get(f"{own_server}/api/documents").json())
    ask(page, "Who planted the roses?")
    expect(page.locator(ANSWERED).last).not_to_contain_text("Lindqvist")


def test_what_was_removed_is_gone_though_the_tab_is_closed_at_once(browser: Browser, own_server: str) -> None:
    page = browser.new_page()  # not through visit: Gradio logs that its own requests were cut off
    arrive(page, own_server)
    item(page, "garden.md").get_by_role("button", name="Remove").click()
    page.goto("about:blank")
    for _ in range(50):
        left = [d["source"] for d in httpx.get(f"{own_server}/api/documents").json()]
        if not any("garden" in source for source in left):
            break
        page.wait_for_timeout(100)
    assert not any("garden" in source for source in left)
    page.close()


def test_what_another_page_removed_meanwhile_is_not_removed_again(visit: Open, own_server: str) -> None:
    page = visit(own_server, fresh=True)  # which holds the refusal of a second removal against the page
    page.clock.install()
    item(page, "garden.md").get_by_role("button", name="Remove").click()
    garden = next(d for d in httpx.get(f"{own_server}/api/documents").json() if "garden" in d["source"])
    httpx.delete(f"{own_server}/api/documents/{garden['id']}")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(item(page, "garden.md")).to_have_count(0)
    page.clock.fast_forward(10_000)
    page.wait_for_timeout(500)
    expect(page.locator(".cw-trouble")).to_be_hidden()


def test_answers_are_limited_to_the_chosen_documents_until_one_click_uses_all(visit: Open) -> None:
    page = visit()
    chosen(page, "garden.md")
    limit = page.locator(".cw-limit")
    expect(limit).to_contain_text("Answers come only from 1 document: garden.md")
    ask(page, QUESTION)
    expect(page.locator(ANSWERED).last).not_to_contain_text("85")
    chosen(page, "us-airstrikes")
    expect(limit).to_contain_text("2 documents")
    ask(page, QUESTION)
    expect(page.locator(ANSWERED).last).to_contain_text("over 85 targets")
    limit.get_by_role("button", name="Use all documents").click()
    expect(limit).to_be_hidden()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    ask(page, "Who planted the roses?")
    expect(page.locator(ANSWERED).last).to_contain_text("Maria Lindqvist")


def test_a_conversation_that_is_opened_again_may_use_the_documents_that_it_used(browser: Browser, server: str) -> None:
    page = browser.new_page()  # not through visit: Gradio logs that its own requests were cut off
    arrive(page, server)
    chosen(page, "garden.md")
    ask(page, "Who planted the roses?")
    page.reload()
    limit = page.locator(".cw-limit")
    expect(limit).to_contain_text("Answers come only from 1 document: garden.md")
    expect(item(page, "garden.md").get_by_role("checkbox")).to_be_checked()
    limit.get_by_role("button", name="Use all documents").click()
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".cw-answer")).to_have_count(0)
    ask(page, QUESTION)
    page.reload()
    expect(page.locator(ANSWERED)).to_contain_text("over 85 targets", timeout=SLOW)
    expect(limit).to_be_hidden()
    page.close()


def test_the_list_is_searched_sorted_and_ticked_together(visit: Open) -> None:
    page = visit()
    names = page.locator(".cw-documents .cw-opener")
    expect(names).to_have_text(["garden.md", "hostile.txt", "us-airstrikes-iraq-syria-february-2024.txt"])
    page.get_by_label("Sort documents by").select_option("Largest")
    expect(names.first).to_contain_text("us-airstrikes")
    page.get_by_label("Search documents by name").fill("GARDEN")
    expect(names).to_have_text(["garden.md"])
    page.get_by_role("button", name="Tick this one").click()
    expect(page.locator(".cw-limit")).to_contain_text("garden.md")
    page.get_by_role("button", name="Untick these").click()
    expect(page.locator(".cw-limit")).to_be_hidden()
    page.get_by_label("Search documents by name").fill("nothing")
    expect(page.locator(".cw-hint")).to_have_text("No document has a name like that.")


def test_a_document_is_summed_up_on_demand(visit: Open) -> None:
    page = visit()
    name = item(page, "garden.md").get_by_role("button", name="garden.md", exact=True)
    name.click()
    card = page.locator(".cw-card")
    expect(card).to_contain_text("12 words")
    expect(card.locator(".cw-headings li")).to_have_text(["Garden"])
    expect(card.locator(".cw-opening")).to_contain_text("The roses were planted on 3 May 2019")
    expect(name).to_have_attribute("aria-expanded", "true")
    with page.context.expect_page() as opened:
        card.get_by_role("link", name="Open the text").click()
    expect(opened.value.locator("body")).to_contain_text("Maria Lindqvist")
    name.click()
    expect(card).to_have_count(0)


def test_hostile_names_titles_and_headings_are_text(visit: Open, own_server: str, tmp_path: Path) -> None:
    (tmp_path / HOSTILE).write_text("# <b onclick=alert(1)>Big</b>\n\n<script>alert(1)</script>\n")
    page = visit(own_server)
    drop(page, tmp_path / HOSTILE)
    added(page)
    row = item(page, "<img src=x onerror=alert(1)>")
    row.locator(".cw-opener").click()
    expect(page.locator(".cw-card-title")).to_be_visible()
    row.get_by_role("checkbox").check()
    expect(page.locator(".cw-limit")).to_contain_text("<img src=x")
    row.get_by_role("button", name="Remove").click()
    assert page.locator("#cw-documents img, #cw-documents b, #cw-documents script, .cw-limit img").count() == 0
    page.get_by_role("button", name="Undo").click()


def test_the_keyboard_alone_ticks_opens_removes_and_undoes(visit: Open) -> None:
    page = visit()
    item(page, "garden.md").get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    expect(page.locator(".cw-limit")).to_contain_text("garden.md")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".cw-card-title")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(item(page, "garden.md").get_by_role("button", name="Remove")).to_be_focused()


@pytest.mark.parametrize("sent", ["{", "{}", "[1]", '"x"'])
def test_a_choice_that_is_no_list_of_names_is_refused(sent: str) -> None:
    from index.errors import CitewiseError
    from ui.page.chosen import sources_of

    with pytest.raises(CitewiseError, match="load the page again"):
        sources_of(sent)
    assert sources_of("") is None
    assert sources_of(json.dumps([])) == []
