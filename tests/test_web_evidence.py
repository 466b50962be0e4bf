"""The evidence pane in a real Chromium: a click on a mark lights up the very words, in the text and on the PDF page."""

import io
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import httpx
import make_documents as make
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from served import served as serve
from test_web import ANSWERED, Open, ask, browser, visit

from index.pdf_boxes import Box

__all__ = ["browser", "visit"]  # fixtures
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
STORY = (
    "The harbour of Skerrow freezes in January. The lighthouse at Skerrow was built in 1874 by Ada Holm, and its lamp "
    "burned whale oil until the winter of 1902. Nobody has lived on the rock since the last keeper left."
)
QUESTION = "Who built the lighthouse at Skerrow?"
WORDS = (
    "The lighthouse at Skerrow was built in 1874 by Ada Holm, and its lamp burned whale oil until the winter of 1902."
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over a PDF, a workbook, an e-mail and a hostile text."""
    folder = tmp_path_factory.mktemp("evidence")
    files = folder / "files"
    files.mkdir()
    make.pdf(files / "rock.pdf", ["A page about birds.", STORY, "A page about the end."], title="The rock")
    salaries = [["Clerk", "Wage"], *([f"Clerk number {n}", 1000 + n] for n in range(60)), ["Ole Berg", 4711]]
    make.workbook(files / "wages.xlsx", {"Wages": salaries})
    make.mail(files / "tea.eml", "The tea of Assam is picked in March.", Subject="Tea", From="Bo <bo@example.org>")
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    (files / "lever.txt").write_text(f"The secret lever of the tower is {hostile} painted green.\n")
    with chdir(folder), serve(folder / "library", Path("files")) as address:
        yield address


def open_evidence(page: Page, question: str = QUESTION) -> None:
    """Ask, and click the first quote's number."""
    ask(page, question)
    page.locator(f"{ANSWERED} .cw-number").first.click()
    expect(page.locator("#cw-evidence .cw-about")).to_have_count(1, timeout=20_000)


def drawn(page: Page) -> list[Box]:
    """Return the rectangles over the page's picture as parts of the picture, as they are laid out on the screen."""
    sheet: dict[str, float] = page.locator(".cw-sheet img").evaluate("it => it.getBoundingClientRect().toJSON()")
    rects: list[dict[str, float]] = page.locator(".cw-sheet rect").evaluate_all(
        "all => all.map((it) => it.getBoundingClientRect().toJSON())"
    )
    x, y, across, down = sheet["x"], sheet["y"], sheet["width"], sheet["height"]
    edges = (("left", x, across), ("top", y, down), ("right", x, across), ("bottom", y, down))
    return [tuple((rect[name] - zero) / size for name, zero, size in edges) for rect in rects]  # type: ignore[misc]  # always four


def of_pdfium(words: str, path: Path) -> list[Box]:
    """Return where pdfium's own search finds the words on the second page, as parts of the page."""
    from pypdfium2 import PdfDocument

    page = PdfDocument(path)[1]
    width, height = page.get_size()
    textpage = page.get_textpage()
    start, count = textpage.search(words).get_next() or (0, 0)
    found = [textpage.get_rect(i) for i in range(textpage.count_rects(start, count))]
    return [(a / width, 1 - top / height, b / width, 1 - bottom / height) for a, bottom, b, top in found]


def test_a_click_draws_rectangles_over_the_quotes_words_on_the_pdf_page(
    visit: Open, served: str, tmp_path: Path
) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    open_evidence(page)
    expect(page.locator(".cw-where")).to_have_text("files/rock.pdf, page 2 of 3")
    expect(page.locator("#quote")).to_be_in_viewport()
    expect(page.locator(".cw-sheet img")).to_have_js_property("complete", True)
    assert page.locator(".cw-sheet img").evaluate("it => it.naturalWidth") == 1200
    boxes = drawn(page)
    expected = of_pdfium(WORDS, make.pdf(tmp_path / "same.pdf", ["", STORY]))
    assert len(expected) > 1
    for left, top, right, bottom in expected:  # pdfium's are as high as the letters, ours as high as the line
        over = [b for b in boxes if b[0] < left + 0.01 and b[2] > right - 0.01 and b[1] < top + 0.01 and b[3] > bottom]
        assert len(over) == 1
    assert sum(b[2] - b[0] for b in boxes) < sum(b[2] - b[0] for b in expected) * 1.03


def test_the_picture_is_coloured_where_the_quote_is_and_nowhere_else(visit: Open, served: str) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    open_evidence(page)
    page.goto(f"{served}/{page.locator(f'{ANSWERED} .cw-number').first.get_attribute('href')}")
    page.wait_for_function("document.querySelector('.cw-sheet img').complete")
    picture = Image.open(io.BytesIO(page.locator(".cw-sheet > div").screenshot())).convert("RGB")
    yellow = [
        (x / picture.width, y / picture.height)
        for x in range(0, picture.width, 3)
        for y in range(0, picture.height, 3)
        if picture.getpixel((x, y))[2] < 160 < picture.getpixel((x, y))[0]  # type: ignore[index]  # an RGB picture
    ]
    boxes = drawn(page)
    assert len(yellow) > 100
    assert all(any(a - 0.01 < x < c + 0.01 and b - 0.01 < y < d + 0.01 for a, b, c, d in boxes) for x, y in yellow)


def test_one_turns_pages_and_switches_to_the_text(visit: Open, served: str) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    open_evidence(page)
    pane = page.locator("#cw-evidence")
    pane.get_by_role("link", name="Page 3 →").click()
    expect(pane.locator(".cw-sheet figcaption")).to_have_text("Page 3 of 3")
    expect(pane.locator("rect")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(pane.locator(".cw-sheet figcaption")).to_have_text("Page 2 of 3")
    expect(pane.locator("rect")).not_to_have_count(0)
    pane.get_by_role("link", name="Text", exact=True).click()
    expect(pane.locator("mark")).to_have_text(WORDS)
    expect(pane.locator("mark")).to_be_in_viewport()
    expect(page.locator(ANSWERED)).to_have_count(1)  # the conversation is still there


def test_the_keyboard_alone_opens_reads_and_closes(visit: Open, served: str) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    ask(page, QUESTION)
    number = page.locator(f"{ANSWERED} .cw-number").first
    for key in ("Enter", "Space"):
        number.focus()
        page.keyboard.press(key)
        expect(page.locator("#cw-evidence #quote")).to_have_count(1, timeout=20_000)
        expect(page.locator(".cw-body")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#cw-evidence")).not_to_be_visible()
        expect(number).to_be_focused()


def test_cited_sources_come_first_and_the_rest_is_folded(visit: Open, served: str) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    open_evidence(page, "How much is the wage of Ole Berg?")
    pane = page.locator("#cw-evidence")
    expect(pane.locator(".cw-hit")).to_contain_text("4711")
    cited = pane.locator(".cw-sources > ol a")
    expect(cited).to_have_count(page.locator(f"{ANSWERED} .cw-quotes li").count())
    expect(cited.first).to_have_attribute("aria-current", "true")
    expect(cited.first).to_contain_text("wages.xlsx")
    other = pane.locator(".cw-sources details a").first
    expect(other).not_to_be_visible()
    pane.locator(".cw-sources summary").click()
    expect(other.locator(".cw-snippet")).not_to_be_empty()
    assert pane.locator(".cw-sources").evaluate("it => it.scrollWidth - it.clientWidth") == 0
    other.click()
    expect(other).to_have_attribute("aria-current", "true")
    expect(cited.first).not_to_have_attribute("aria-current", "true")


def test_an_email_shows_its_headers_above_the_quote(visit: Open, served: str) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    open_evidence(page, "When is the tea of Assam picked?")
    expect(page.locator(".cw-pairs")).to_contain_text("Bo <bo@example.org>")
    expect(page.locator(".cw-running mark")).to_have_text("The tea of Assam is picked in March.")


def test_hostile_text_is_text_in_the_pane(visit: Open, served: str) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    open_evidence(page, "What is the secret lever of the tower?")
    expect(page.locator("#cw-evidence mark")).to_contain_text("<img src=x onerror=alert(1)><script>alert(2)</script>")
    assert page.locator("#cw-evidence .cw-body img, #cw-evidence script").count() == 0


def test_on_a_phone_the_pane_covers_the_screen(visit: Open, served: str) -> None:
    page = visit(served, **PHONE)
    open_evidence(page)
    expect(page.locator("#quote")).to_be_in_viewport()
    box: Any = page.locator("#cw-evidence").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Close the evidence").click()
    expect(page.locator("#cw-evidence")).not_to_be_visible()
    page.locator(f"{ANSWERED} .cw-number").first.click()
    expect(page.locator("#quote")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#cw-evidence")).not_to_be_visible()
    expect(page.locator(ANSWERED)).to_have_count(1)


def test_a_citations_own_link_shows_the_same_without_a_script(visit: Open, served: str, browser: Any) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    open_evidence(page)
    link = page.locator(f"{ANSWERED} .cw-number").first.get_attribute("href")
    boxes = drawn(page)
    alone = browser.new_context(java_script_enabled=False).new_page()
    alone.goto(f"{served}/{link}#quote")
    expect(alone.locator("#quote")).to_be_in_viewport()
    assert [tuple(round(e, 3) for e in box) for box in drawn(alone)] == [tuple(round(e, 3) for e in b) for b in boxes]
    alone.context.close()


def test_a_removed_document_is_told_in_the_pane(visit: Open, served: str) -> None:
    page = visit(served, viewport={"width": 1400, "height": 900})
    files = {"files": ("salt.txt", b"Salt is made at Wieliczka by boiling brine.")}
    document = httpx.post(f"{served}/api/documents", files=files).json()["documents"][0]["id"]
    ask(page, "Where is salt made by boiling brine?")
    httpx.delete(f"{served}/api/documents/{document}")
    page.route("**/documents/*", lambda route: route.fulfill(body=route.fetch().text(), content_type="text/html"))
    page.locator(f"{ANSWERED} .cw-number").first.click()
    expect(page.locator("#cw-evidence .cw-body")).to_contain_text("not in the library any more")
