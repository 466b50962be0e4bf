"""Versions as they are shown: over REST, on the page with a hostile name, in Slack and on the command line."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import pytest
from playwright.sync_api import expect
from served import served
from test_versions import NEW, NIGHT, OLD, write
from test_web import ANSWERED, Open, ask, browser, visit

from qa import Chatbot, Settings
from ui.slack.blocks import answer_blocks

__all__ = ["browser", "visit"]  # fixtures
HOSTILE = "<img src=x onerror=alert(1)>-v1.md"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with two versions of a policy, one with a hostile name."""
    folder = tmp_path_factory.mktemp("shown")
    write(folder / "docs" / HOSTILE, OLD, days=400)
    write(folder / "docs" / "policy.md", NEW, days=2)
    with Chatbot.open(folder / "library", Settings()) as bot:
        bot.add(folder / "docs")
    return folder / "library"


@pytest.fixture
def address(versions: Path, pages: ExitStack) -> Iterator[str]:
    with served(versions) as address:
        yield address
        pages.close()


def test_rest_and_page_tell_versions_and_the_answer_shows_both(visit: Open, address: str) -> None:
    listed = httpx.get(f"{address}/api/documents").json()
    old, new = sorted(listed, key=lambda document: document["modified"])
    assert [other["id"] for other in old["versions"]] == [new["id"]]
    assert 0.6 < new["versions"][0]["same"] < 1
    about = httpx.get(f"{address}/api/documents/{new['id']}/summary").json()
    assert about["versions"] == new["versions"]
    page = visit(address)
    page.locator(".cw-documents > li", has_text="policy.md").get_by_role("button", name="policy.md").first.click()
    card = page.locator(".cw-card .cw-version")
    expect(card).to_contain_text(f"Another version of {old['source']}")
    expect(page.locator("img[src=x]")).to_have_count(0)
    ask(page, NIGHT)
    answer = page.locator(ANSWERED).last
    expect(answer.locator(".cw-note")).to_contain_text(f"[1] in policy.md, changed {new['modified'][:4]}")
    expect(answer.locator("blockquote")).to_contain_text(["150 euros", "120 euros"])
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_slack_shows_both_quotes_and_the_dates_and_nothing_of_the_name_is_markup(versions: Path) -> None:
    with Chatbot.open(versions, Settings()) as bot:
        shown = str(answer_blocks(bot.ask(NIGHT), "key"))
    assert "150 euros" in shown
    assert "120 euros" in shown
    assert "Versions of one document differ" in shown
    assert "&lt;img" in shown
    assert "<img" not in shown


def test_the_command_line_tells_versions(versions: Path, citewise: Callable[..., CompletedProcess[str]]) -> None:
    listed = citewise("list", "--library", versions)
    doctor = citewise("doctor", "--library", versions)
    for told in (listed.stderr, doctor.stdout):
        assert told.count("another version of") == 1
        assert "% the same)" in told
