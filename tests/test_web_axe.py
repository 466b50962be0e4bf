"""axe-core on every state of the page, light and dark, wide and narrow: no serious or critical violation."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import make_documents as make
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect
from served import served
from test_web import ANSWERED, QUESTION, Open, ask, browser, colour, show_documents, visit

__all__ = ["browser", "visit"]  # fixtures
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
ARABIC = "بُني المنار في سكيرو عام 1874 على يد آدا هولم."


@pytest.fixture(scope="module")
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over a library without documents; these tests may change it."""
    with served(tmp_path_factory.mktemp("empty") / "library") as address:
        yield address


FOCUSED = """() => {
  const at = document.activeElement;
  if (at === document.body) return [null, false];
  const box = at.matches("textarea") ? at.closest(".input-container") : at;
  const style = getComputedStyle(at.matches(".cw-chooser") ? at.nextElementSibling : box);
  return [at.ariaLabel || at.textContent, style.outlineStyle != "none" || style.boxShadow != "none"];
}"""
"""The name of what has the keyboard's focus, null for nothing, and whether that can be seen."""


STILL = """async () => {
  const drawn = () => new Promise((done) => requestAnimationFrame(done));
  await drawn();
  await drawn();
  const endless = (one) => one.effect.getComputedTiming().endTime === Infinity;
  const all = () => document.getAnimations().filter((one) => !endless(one));
  while (all().length) await Promise.allSettled(all().map((one) => one.finished));
}"""
"""Waits until nothing fades any more: half-faded text has little contrast."""


COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def passes(page: Page, state: str) -> None:
    """Hold a state of the page against axe-core's rules: all of them light, those on colours dark too."""
    for scheme, rules in (("light", {}), ("dark", COLOURS)):
        colour(page, scheme)
        page.evaluate(STILL)
        found = Axe().run(page, options=rules).response["violations"]
        found = [v for v in found if v["impact"] in ("serious", "critical")]
        told = [(v["id"], v["help"], [node["html"][:200] for node in v["nodes"]]) for v in found]
        assert told == [], (state, scheme)


def test_answers_and_refusals(visit: Open) -> None:
    page = visit()
    expect(page.locator("#cw-chat .example").first).to_be_visible(timeout=30_000)
    passes(page, "welcome")
    ask(page, QUESTION)
    passes(page, "answer")
    ask(page, "At which temperature does mercury boil?")
    page.locator(".cw-none summary").click()
    passes(page, "not found")
    page.locator(".cw-talks [aria-current]").locator("xpath=..").get_by_role("button", name="Rename").click()
    passes(page, "conversation being renamed")
    page.keyboard.press("Escape")
    page.locator(f"{ANSWERED} .cw-number").first.click()
    expect(page.locator("#cw-evidence .cw-about")).to_have_count(1, timeout=20_000)
    passes(page, "evidence, text")


def test_a_pdf_page_in_the_evidence_pane_and_why(visit: Open, empty_server: str, tmp_path: Path) -> None:
    make.pdf(tmp_path / "rock.pdf", ["The lighthouse at Skerrow was built in 1874 by Ada Holm.", "The end."])
    with httpx.Client(base_url=empty_server, timeout=60) as http:
        http.post("/api/documents", files={"files": ("rock.pdf", (tmp_path / "rock.pdf").read_bytes())})
    page = visit(empty_server)
    ask(page, "Who built the lighthouse at Skerrow?")
    page.get_by_role("button", name="Why this answer").click()
    passes(page, "why this answer")
    page.locator(f"{ANSWERED} .cw-number").first.click()
    expect(page.locator("#cw-evidence img")).to_be_visible(timeout=20_000)
    passes(page, "evidence, page")


def test_the_panel_while_adding_choosing_and_removing(visit: Open, empty_server: str, tmp_path: Path) -> None:
    for one in httpx.get(f"{empty_server}/api/documents").json():
        httpx.delete(f"{empty_server}/api/documents/{one['id']}")
    page = visit(empty_server)
    expect(page.locator("#cw-chat")).to_contain_text("Add a document to begin")
    passes(page, "empty")
    (tmp_path / "tea.txt").write_text("Tea is picked in April.")
    (tmp_path / "منار.txt").write_text(ARABIC)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    held: list[Route] = []
    looked: list[str] = []
    page.route("**/api/documents?*", lambda route: route.continue_() if looked else held.append(route))
    page.locator("#cw-files").set_input_files([tmp_path / name for name in ("tea.txt", "منار.txt", "broken.pdf")])
    expect(page.locator(".cw-adding progress")).to_have_count(3)
    passes(page, "adding")
    looked.append("adding")
    for route in held:
        route.continue_()
    expect(page.locator("#cw-documents .cw-status")).to_have_text("2 added, 1 failed", timeout=60_000)
    for one in ("tea.txt", "منار.txt"):
        page.locator(".cw-opener", has_text=one).click()
        page.locator(".cw-documents > li", has_text=one).get_by_role("checkbox").check()
    expect(page.locator(".cw-opening")).to_have_count(2)
    passes(page, "chosen, with summaries")
    gone = next(d for d in httpx.get(f"{empty_server}/api/documents").json() if d["source"] == "tea.txt")
    httpx.delete(f"{empty_server}/api/documents/{gone['id']}")
    ask(page, "When is tea picked?")
    expect(page.locator(".cw-error")).to_contain_text("not in the library")
    passes(page, "error")
    page.locator(".cw-documents > li", has_text="منار").get_by_role("button", name="Remove").click()
    passes(page, "removed, to be undone")


def test_a_phone(visit: Open) -> None:
    page = visit(**PHONE)
    ask(page, QUESTION)
    passes(page, "answer")
    show_documents(page)
    page.locator(".cw-documents .cw-tick").first.check()
    passes(page, "panel")


def test_the_keyboard_is_always_visible_and_finds_a_way_past_the_panel(visit: Open, server: str) -> None:
    with httpx.Client(base_url=server) as http:  # other tests' conversations would be hundreds of stops
        for conversation in http.get("/api/conversations").json():
            http.delete(f"/api/conversations/{conversation['id']}").raise_for_status()
    page = visit()
    ask(page, QUESTION)
    assert page.evaluate("document.body.firstElementChild.className") == "cw-skip"
    page.locator(".cw-skip").focus()
    expect(page.locator(".cw-talks [aria-current]")).to_have_count(1)
    page.wait_for_timeout(500)  # until nothing is drawn anew under the focus any more
    seen = []
    for _ in range(120):
        name, is_visible = page.evaluate(FOCUSED)
        if name is None:
            break  # in the browser's own bars
        seen.append(name)
        assert is_visible, name
        page.keyboard.press("Tab")
    assert {"Search documents by name", "Ask", "New chat"} <= {name.strip() for name in seen}
    page.locator(".cw-skip").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()


def test_text_from_right_to_left_stands_on_the_right(visit: Open, empty_server: str, tmp_path: Path) -> None:
    page = visit(empty_server)
    (tmp_path / "lamp.txt").write_text(ARABIC)
    page.locator("#cw-files").set_input_files(tmp_path / "lamp.txt")
    expect(page.locator("#cw-documents .cw-status")).to_contain_text("added", timeout=60_000)
    box = page.get_by_role("textbox", name="Your question")
    box.fill("متى بُني المنار؟")
    direction = "node => getComputedStyle(node).direction"
    assert box.evaluate(direction) == "rtl"
    box.press("Enter")
    expect(page.locator(ANSWERED)).to_have_count(1, timeout=30_000)
    page.locator(".cw-opener", has_text="lamp.txt").click()
    for place in (".cw-question", ".cw-quotes blockquote", ".cw-opening"):
        assert page.locator(place).first.evaluate(direction) == "rtl"
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_page_does_not_jump_while_it_is_drawn(visit: Open) -> None:
    for how in ({}, PHONE):
        page = visit(**how)
        page.wait_for_timeout(1_000)
        moved = """new Promise((done) => new PerformanceObserver((list) =>
            done(list.getEntries().reduce((sum, one) => sum + one.value, 0)))
            .observe({ type: "layout-shift", buffered: true }))"""
        none = "new Promise((done) => setTimeout(() => done(0), 1000))"
        assert page.evaluate(f"Promise.race([{moved}, {none}])") < 0.05
