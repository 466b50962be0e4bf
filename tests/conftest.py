"""What several test files share: the seed article, one library with it, and one running server."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from benchmarks.serving import environment

if TYPE_CHECKING:
    from slack_server import SlackServer

    from index.index import Index
    from ui.slack.bot import Bot

ROOT = Path(__file__).parent.parent
# The suite judges every commit by the same examples; --hypothesis-profile=search looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile("same")

SEEDS = ROOT / "seeds"
ARTICLE = str(SEEDS / "us-airstrikes-iraq-syria-february-2024.txt")


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small files, one of them hostile."""
    folder = tmp_path_factory.mktemp("files") / "notes"
    folder.mkdir()
    (folder / "garden.md").write_text("# Garden\n\nThe roses were planted on 3 May 2019 by Maria Lindqvist.\n", "utf-8")
    (folder / "hostile.txt").write_text(
        "The secret lever of the tower\x1b]0;owned\x07 is <img src=x onerror=alert(1)> "
        "[click](javascript:alert(1)) painted \u202egreen.\n",
        "utf-8",
    )
    return folder


@pytest.fixture(scope="session")
def library(notes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the seed article and the notes; tests only read it."""
    from qa import Chatbot, Settings

    folder = tmp_path_factory.mktemp("shared") / "library"
    with Chatbot.open(folder, Settings()) as bot:
        added = bot.add([SEEDS, notes])
    assert not added.failed
    return folder


@pytest.fixture
def own_library(library: Path, tmp_path: Path) -> Path:
    """A copy of the library that a test may change."""
    return Path(shutil.copytree(library, tmp_path / "library"))


@pytest.fixture(scope="session")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a document of every format that is read, most of them about a lighthouse."""
    import make_documents as make

    folder = tmp_path_factory.mktemp("formats")
    story = "The lighthouse at Skerrow was built in 1874 by Ada Holm. Its lamp burned whale oil until 1902."
    table = "Year,Height\n1874,41 m\n1902,43 m\n"
    page = f"<html><head><title>T</title></head><body><h1>Tower</h1><p>{story}</p></body></html>"
    texts = {
        "a.txt": f"  {story}\r\n\r\n\r\nThe end.\n\n",
        "a.md": f"# Tower\n\n{story}\n\n| Year | Height |\n|---|---|\n| 1874 | 41 |\n\n- one\n- two\n",
        "a.csv": table,
        "a.tsv": table.replace(",", "\t"),
        "a.html": page,
        "a.log": "12:00 start\n12:01 stop\n",
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    make.pdf(folder / "a.pdf", ["The first page.", story * 4])
    make.word(folder / "a.docx", lambda d: (d.add_heading("Tower"), d.add_paragraph(story)))
    make.slides(folder / "a.pptx", lambda p: (make.add_slide(p, "One", "Begin."), make.add_slide(p, "Two", story)))
    make.workbook(folder / "a.xlsx", {"Heights": [["Year", "Height"], [1874, 41], [1902, "word " * 400]]})
    make.book(folder / "a.epub", {"one.xhtml": page, "two.xhtml": page}, "A book")
    make.mail(folder / "a.eml", story, Subject="The tower", From="ada@example.org")
    for alike, suffix in ((".xlsx", ".xlsm"), (".txt", ".text"), (".md", ".markdown"), (".html", ".htm")):
        shutil.copy(folder / f"a{alike}", folder / f"a{suffix}")
    shutil.copy(folder / "a.html", folder / "a.xhtml")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Iterator["Index"]:
    """An empty index of the test's own, beside its files in `tmp_path`."""
    from index.index import Index

    with Index(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def citewise(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as a process of its own, in an empty folder."""

    def run(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ui.cli", *map(str, arguments)]
        return subprocess.run(
            command,
            env=environment(**changes),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def server(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over a copy of the library."""
    from served import served

    copy = Path(shutil.copytree(library, tmp_path_factory.mktemp("served") / "library"))
    with served(copy, CITEWISE_MAX_UPLOAD_MB="1") as address:
        yield address


@pytest.fixture
def pages() -> Iterator[ExitStack]:
    """What is to be done to leave the pages of a test; whoever stops their server closes it before."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture(scope="module")
def slack() -> Iterator["SlackServer"]:
    """A local Slack."""
    from slack_server import SlackServer

    with SlackServer() as server:
        yield server


@pytest.fixture(scope="module")
def slack_bot(slack: "SlackServer", library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Bot"]:
    """The bot, running over a copy of the library, in that Slack."""
    from slack_bot import running

    copy = Path(shutil.copytree(library, tmp_path_factory.mktemp("slack") / "library"))
    with running(slack, copy) as bot:
        yield bot
