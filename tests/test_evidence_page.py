"""A document around a quote, over REST and at the address of a citation: pages, rectangles, tables, headers."""

import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import make_documents as make
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from qa import Chatbot, Settings
from ui.server import create_app
from ui.service import Service

STORY = "The lamp at Skerrow burned whale oil until 1902. Nobody has lived there since."


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatbot]:
    folder = tmp_path_factory.mktemp("evidence")
    files = folder / "files"
    files.mkdir()
    make.pdf(files / "a.pdf", ["Page one is dull.", STORY, "Page three is dull."], title="The lamp of Skerrow")
    towers = [["Tower", "Year", "Keeper"], *([f"Tower {n}", 1870 + n, f"Ada; the {n}th"] for n in range(200))]
    sales = [["", 2022, 2023], ["Net sales", 1200, 1300], ["Profit: <b>gross</b>", 500, 580]]
    make.workbook(files / "a.xlsx", {"Towers": towers, "Sales": sales})
    make.mail(files / "a.eml", f"Dear Bo,\n\n{STORY}", Subject="<i>Lamp</i>", From="Ada <ada@example.org>")
    (files / "long.txt").write_text("\n".join(f"Line {n} is dull." for n in range(1000)) + f"\n{STORY}\n")
    with Chatbot.open(folder / "library", Settings()) as opened:
        assert not opened.add(files).failed
        yield opened


@pytest.fixture(scope="module")
def http(bot: Chatbot) -> TestClient:
    return TestClient(create_app(Service(bot)), base_url="http://127.0.0.1")


def address(bot: Chatbot, name: str, words: str, **more: object) -> str:
    """Return the link of a quote."""
    document = next(d for d in bot.index.documents() if d.source.endswith(name))
    start = bot.index.text(document.source).index(words)
    changes = "".join(f"&{key}={value}" for key, value in more.items())
    return f"/documents/{document.id}?start={start}&end={start + len(words)}{changes}"


def marked(page: str) -> str:
    return html.unescape("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", page, re.S)))


def test_a_pdfs_page_is_shown_with_the_rectangles_of_the_quote(bot: Chatbot, http: TestClient) -> None:
    link = address(bot, "a.pdf", "The lamp at Skerrow burned")
    page = http.get(link).text
    assert "page 2 of 3" in page
    assert page.count("<rect") == 1
    assert '<blockquote class="cw-words" dir="auto">The lamp at Skerrow burned</blockquote>' in page
    assert "← Page 1" in page
    assert "Page 3 →" in page
    assert "<script" not in page
    found = http.get(f"/api{link.replace('?', '/boxes?')}").json()["pages"]
    assert [(one["page"], len(one["boxes"])) for one in found] == [(2, 1)]
    picture = re.search(r'src="\.\.(/api/[^"]+)"', page)
    assert picture
    answer = http.get(html.unescape(picture[1]))
    assert answer.headers["content-type"] == "image/png"
    size = Image.open(io.BytesIO(answer.content)).size
    assert abs(size[1] / size[0] - found[0]["height"] / found[0]["width"]) < 0.01


def test_the_next_page_has_no_rectangles_and_a_way_back(bot: Chatbot, http: TestClient) -> None:
    page = http.get(address(bot, "a.pdf", "The lamp at Skerrow burned", page=3)).text
    assert "pages/3.png" in page
    assert "<rect" not in page
    assert "To the quote" in page
    assert "Page 4" not in page


def test_the_text_of_a_pdf_is_a_switch_away(bot: Chatbot, http: TestClient) -> None:
    page = http.get(address(bot, "a.pdf", "The lamp at Skerrow burned", view="text")).text
    assert marked(page) == "The lamp at Skerrow burned"
    assert "<img" not in page


@pytest.mark.parametrize("path", ["pages/0.png", "pages/1.png?width=5", "pages/1.png?width=90000", "pages/x.png"])
def test_senseless_pages_are_refused(bot: Chatbot, http: TestClient, path: str) -> None:
    document = address(bot, "a.pdf", "The").partition("?")[0]
    assert http.get(f"/api{document}/{path}").status_code == 422


def test_what_is_not_there_is_not_found(bot: Chatbot, http: TestClient) -> None:
    pdf, text = (address(bot, name, "dull").partition("?")[0] for name in ("a.pdf", "long.txt"))
    for path in (f"{pdf}/pages/4.png", f"{text}/pages/1.png", "/documents/gone/pages/1.png", f"{pdf}/pages/..%2f1.png"):
        answer = http.get(f"/api{path}")
        assert answer.status_code == 404
        assert answer.json()["error"]
    assert http.get("/api/documents/gone/boxes?start=0&end=1").status_code == 404
    assert http.get(f"/api{pdf}/boxes?start=5&end=1").status_code == 422
    assert http.get(f"/api{pdf}/boxes?start=0&end=1000000000000000000").json()["pages"]


def test_a_row_of_a_workbook_is_shown_in_its_table(bot: Chatbot, http: TestClient) -> None:
    row = "Tower: Tower 57; Year: 1927; Keeper: Ada; the 57th"
    page = http.get(address(bot, "a.xlsx", row)).text
    hit = re.search(r'<tr class="cw-hit">(.*?)</tr>', page)
    assert hit
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", hit[1]) == ["Tower 57", "1927", "Ada; the 57th"]
    assert re.findall(r"<th [^>]*>(.*?)</th>", page) == ["Tower", "Year", "Keeper"]
    assert page.count('class="cw-hit"') == 1


def test_labels_of_rows_stand_in_a_column_without_a_name(bot: Chatbot, http: TestClient) -> None:
    page = http.get(address(bot, "a.xlsx", "Profit: <b>gross</b>: 2022: 500")).text
    hit = re.search(r'<tr class="cw-hit">(.*?)</tr>', page)
    assert hit
    cells = [html.unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", hit[1])]
    assert cells == ["Profit: <b>gross</b>", "500", "580"]
    assert marked(hit[1]) == "Profit: <b>gross</b>500"


def test_an_email_shows_its_headers(bot: Chatbot, http: TestClient) -> None:
    page = http.get(address(bot, "a.eml", "burned whale oil")).text
    assert '<th scope="row">From</th><td dir="auto">Ada &lt;ada@example.org&gt;</td>' in page
    assert "<i>Lamp" not in page
    assert marked(page) == "burned whale oil"
    assert page.count("Ada &lt;ada") == 1


def test_one_can_read_on_and_come_back(bot: Chatbot, http: TestClient) -> None:
    link = address(bot, "long.txt", "The lamp at Skerrow")
    page = http.get(link).text
    assert "Line 999 is" in page
    assert "Line 100 is" not in page
    earlier = re.search(r'<a href="(\?[^"]*)" rel=prev>', page)
    assert earlier
    before = http.get(link.partition("?")[0] + html.unescape(earlier[1])).text
    assert "Line 880 is" in before
    assert "<mark" not in before
    assert "To the quote" in before


def test_a_quote_of_another_version_is_not_marked(bot: Chatbot, http: TestClient) -> None:
    link = address(bot, "a.pdf", "The lamp at Skerrow burned")
    version = bot.index.document(link.split("/")[2].partition("?")[0]).version
    assert "<rect" in http.get(f"{link}&version={version[:12]}").text
    page = http.get(f"{link}&version=0123456789ab").text
    assert "This document has changed since the answer was given" in page
    assert "<rect" not in page


def test_a_pdf_that_changed_on_disk_shows_its_text_and_says_why(tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "b.pdf", [STORY])
    with Chatbot.open(tmp_path / "library", Settings()) as bot:
        bot.add(path)
        http = TestClient(create_app(Service(bot)), base_url="http://127.0.0.1")
        link = address(bot, "b.pdf", "whale oil")
        make.pdf(path, ["Another story."])
        page = http.get(link).text
        assert "Only its text can be shown: the file has changed since it was added" in page
        assert marked(page) == "whale oil"
        assert http.get(f"/api{link.partition('?')[0]}/pages/1.png").status_code == 404
