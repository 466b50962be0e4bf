"""Makes the README's pictures of the page from the seed documents: `.venv/bin/python -m docs.screenshots`.

Starts a server over a library of its own, drives the installed Chromium, and writes small PNGs beside this file.
"""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from fpdf import FPDF
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.serving import serving

DOCS = Path(__file__).parent
ROOT = DOCS.parent
QUESTION = "How many targets were struck?"
DESKTOP = {"viewport": {"width": 1180, "height": 760}}
PHONE = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 1.5, "is_mobile": True, "has_touch": True}
LARGEST = 150_000  # bytes of a picture
WAIT = 60_000  # ms


def main() -> None:
    """Make every picture."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = documents(Path(place))
        with serving(folder.parent / "library", folder.name) as address:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            for name, how, state in PICTURES:
                page = opened(browser, address, how)
                state(page)
                keep(page, DOCS / f"{name}.png")
                page.context.close()
            browser.close()


def documents(place: Path) -> Path:
    """Put together a folder: the seed article, as a PDF, and two notes on other things."""
    folder = place / "reading"
    folder.mkdir()
    for seed in sorted((ROOT / "seeds").glob("*.txt")):
        as_pdf(seed.read_text("utf-8"), folder / f"{seed.stem}.pdf")
    for source, name in (("qa/reader_model", "reader.md"), ("index/encoder", "encoder.md")):
        shutil.copy(ROOT / source / "MODEL_CARD.md", folder / name)
    return folder


def as_pdf(text: str, path: Path) -> None:
    """Write a text as a PDF in a font that every reader has."""
    document = FPDF()
    document.add_page()
    document.set_font("times", size=13)
    plain = text.translate(str.maketrans("’‘“”–—", "''\"\"--")).encode("latin-1", "replace").decode("latin-1")
    document.multi_cell(0, 7, re.sub(r"\n+", "\n\n", plain))
    document.output(str(path))


def chromium() -> str | None:
    """Return where a Chromium is; None lets playwright use its own."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def opened(browser: Browser, address: str, how: dict[str, Any]) -> Page:
    page = browser.new_context(reduced_motion="reduce", **how).new_page()
    page.goto(address)
    page.wait_for_selector(".cw-documents li", state="attached", timeout=WAIT)
    return page


def ask(page: Page, question: str) -> None:
    box = page.get_by_placeholder("Ask your documents")
    box.fill(question)
    box.press("Enter")
    page.locator(".cw-answer:not(.cw-waiting):not(.cw-writing)").last.wait_for(timeout=WAIT)


def answer(page: Page) -> None:
    ask(page, QUESTION)


def evidence(page: Page) -> None:
    ask(page, QUESTION)
    page.locator("a.cw-cite").first.click()
    page.wait_for_selector("#cw-evidence[open] img", timeout=WAIT)


def chosen(page: Page) -> None:
    page.locator(".cw-documents > li", has_text="encoder.md").get_by_role("checkbox").check()
    ask(page, "Who struck the targets in Syria?")
    page.locator(".cw-quotes summary").last.click()


def adding(page: Page) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "notes")
        folder.mkdir()
        shutil.copy(ROOT / "benchmarks" / "README.md", folder / "benchmarks.md")
        shutil.copy(ROOT / "CHANGELOG.md", folder / "changes.md")
        (folder / "scan.pdf").write_bytes(b"%PDF-1.7 cut off")
        page.locator("#cw-folder").set_input_files(folder)
        page.get_by_text("1 failed").wait_for(timeout=WAIT)
    page.locator(".cw-opener", has_text="benchmarks.md").click()
    page.wait_for_selector(".cw-card-title")


def panel(page: Page) -> None:
    page.locator(".cw-panel > summary").click()
    page.locator(".cw-tick").first.check()


PICTURES = (
    ("chat", DESKTOP, answer),
    ("not-found-dark", {**DESKTOP, "color_scheme": "dark"}, chosen),
    ("phone", PHONE, answer),
    ("phone-documents-dark", {**PHONE, "color_scheme": "dark"}, panel),
    ("evidence", {"viewport": {"width": 1400, "height": 800}}, evidence),
    ("documents", DESKTOP, adding),  # the last one: the others show the library without what it adds
)


def keep(page: Page, path: Path) -> None:
    """Take a picture, small enough for a repository."""
    page.wait_for_timeout(1_000)
    page.screenshot(path=path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    size = path.stat().st_size
    if size > LARGEST:
        raise SystemExit(f"{path} has {size:,} bytes; show less on it")
    print(f"{path.name}: {size:,} bytes")


if __name__ == "__main__":
    main()
