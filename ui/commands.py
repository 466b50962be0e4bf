"""What the commands `add`, `ask`, `search`, `list`, `remove`, `slack` and `eval` do, each in one function.

A command gets the parsed arguments and returns the exit code. Results go to standard output, everything else
to standard error; wording and layout are `render.py`'s, errors are told by `cli.py`.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from index.errors import CitewiseError, UnknownSource
from index.types import Added, Document
from qa.settings import Settings

from . import progress, render
from .service import quiet

_LISTED_NOTES = 20


def settings_of(arguments: Namespace) -> Settings:
    """Return the environment's settings, with `--library` in place of theirs where it is given."""
    settings = Settings.from_env()
    library = getattr(arguments, "library", None)
    return replace(settings, library=Path(library)) if library else settings


@contextmanager
def _opened(arguments: Namespace) -> Generator[Any]:
    from qa.chatbot import Chatbot

    quiet()
    settings = settings_of(arguments)
    with Chatbot.open(settings.library, settings) as bot:
        yield bot


def print_json(value: Any) -> None:
    """Print JSON on standard output, in ASCII where the stream's encoding could not carry the rest."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    print(json.dumps(value, ensure_ascii=encoding != "utf8", indent=2))


def say(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr)


def report_added(added: Added) -> str:
    """Say in one line what an add did, and name on standard error what failed and what to know."""
    _say_notes(added.documents)
    for failure in added.failed:
        say(f"failed: {render.one_line(failure.source)}: {render.one_line(failure.reason)}")
    passages = sum(document.passages for document in added.documents)
    said = f"added {render.count(len(added.documents), 'document')} ({render.count(passages, 'passage')})"
    for number, what in (
        (len(added.unchanged), "unchanged"),
        (len(added.removed), "removed"),
        (len(added.failed), "failed"),
    ):
        said += f", {number:,} {what}" if number else ""
    return said


def _say_notes(documents: Sequence[Document], most: int | None = None) -> None:
    """Name on standard error what there is to know of documents: pages without text, hidden words."""
    notes = [
        f"note: {render.one_line(document.source)}: {render.one_line(warning)}"
        for document in documents
        for warning in document.warnings
    ]
    for note in notes[:most]:
        say(note)
    if most is not None and len(notes) > most:
        say(f"and {render.count(len(notes) - most, 'more note')}; `citewise list --json` shows all")


def add(arguments: Namespace) -> int:
    """Add files and folders; 1 if any of them failed."""
    with _opened(arguments) as bot:
        with progress.files() as watched:
            added = bot.add(arguments.paths, progress=watched)
        line = report_added(added)
        if arguments.json:
            print_json(render.plain_data(added))
        else:
            print(line)
    return 1 if added.failed else 0


def ask(arguments: Namespace) -> int:
    """Answer a question from the library's documents."""
    question = " ".join(arguments.question).strip()
    if not question:
        raise CitewiseError("the question is empty; write one, for example: citewise ask what was decided")
    with _opened(arguments) as bot:
        answer = bot.ask(question, sources=arguments.source)
        if answer.status == "not_found" and not answer.results:
            _refuse_empty(bot)
    if arguments.json:
        print_json(render.answer_json(answer))
    else:
        render.show(render.answer_blocks(answer))
    return 0


def _refuse_empty(bot: Any) -> None:
    if not bot.index.documents():
        raise CitewiseError(f"the library {bot.index.library} is empty; add documents with: citewise add PATH")


def search(arguments: Namespace) -> int:
    """Show the passages that match best."""
    with _opened(arguments) as bot:
        results = bot.index.search(" ".join(arguments.query), k=arguments.k, sources=arguments.source)
        if not results:
            _refuse_empty(bot)
    if arguments.json:
        print_json(render.plain_data(results))
    elif results:
        render.show(render.results_blocks(results))
    else:
        say("nothing matches; try other words")
    return 0


def list_documents(arguments: Namespace) -> int:
    """List the documents."""
    with _opened(arguments) as bot:
        documents: list[Document] = bot.index.documents()
        library = bot.index.library
    if arguments.json:
        print_json(render.plain_data(documents))
        return 0
    if not documents:
        say(f"the library {library} is empty; add documents with: citewise add PATH")
    lines = [_row(d) for d in documents]
    if sys.stdout.isatty():
        _table(lines)
    else:
        print("".join("\t".join(line) + "\n" for line in lines), end="")
    _say_notes(documents, most=_LISTED_NOTES)
    return 0


def _row(document: Document) -> tuple[str, ...]:
    pages = str(document.pages) if document.pages is not None else "-"
    return (
        render.one_line(document.source),
        pages,
        str(document.passages),
        render.file_size(document.bytes),
        render.date(document.added),
    )


def _table(lines: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("document", overflow="fold", ratio=1)
    for title in ("pages", "passages", "size", "added"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    Console(markup=False, highlight=False, emoji=False).print(table)


def remove(arguments: Namespace) -> int:
    """Remove documents by the names that `list` prints, or by their paths."""
    with _opened(arguments) as bot:
        removed: int = bot.index.remove(arguments.sources)
    if not removed:
        raise UnknownSource("none of these is in the library; `citewise list` shows what is")
    print(f"removed {render.count(removed, 'document')}")
    return 0


def slack(arguments: Namespace) -> int:
    """Answer in Slack until stopped."""
    if find_spec("slack_bolt") is None:
        raise CitewiseError("Slack needs an extra; install it with: pip install 'citewise[slack]'")
    if find_spec(f"{__package__}.slack") is None:
        raise CitewiseError("this version of citewise has no Slack bot yet; use `citewise serve` for the browser")
    from importlib import import_module

    run: Callable[[Namespace], int] = import_module(f"{__package__}.slack").run
    return run(arguments)


def evaluate(arguments: Namespace) -> int:
    """Measure answers over a folder of documents and questions with known answers."""
    from qa.evaluate import evaluate as measure

    quiet()
    with progress.questions() as asked:
        figures = measure(Path(arguments.folder), settings_of(arguments), progress=asked)
    if arguments.json:
        print_json(figures)
        return 0
    for name, value in figures.items():
        print(f"{name:<20} {_figure(value)}")
    return 0


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key}: {_figure(part)}" for key, part in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)
