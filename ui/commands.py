"""What the commands `add`, `ask`, `search`, `list`, `remove`, `reindex`, `backup`, `restore`, `slack`, `eval` and
`feedback` do, each in one function.

A command gets the parsed arguments and returns the exit code. Results go to standard output, everything else
to standard error; wording and layout are `render.py`'s, errors are told by `cli.py`.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.errors import CitewiseError, UnknownSource
from index.types import Added, Document
from qa.settings import Settings
from qa.types import Answer

from . import progress, render
from .service import quiet
from .versions import version_notes

_LISTED_NOTES = 20


def settings_of(arguments: Namespace) -> Settings:
    """Return the environment's settings, with `--library` in place of theirs where it is given."""
    settings = Settings.from_env()
    library = getattr(arguments, "library", None)
    return replace(settings, library=Path(library)) if library else settings


@contextmanager
def opened(arguments: Namespace) -> Generator[Any]:
    """Open the Chatbot that the arguments and the environment name."""
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
    """Name on standard error what there is to know of documents: pages without text, hidden words, other versions."""
    notes = [
        f"note: {render.one_line(document.source)}: {render.one_line(warning)}"
        for document in documents
        for warning in document.warnings
    ]
    notes += [f"note: {told}" for told in version_notes(documents)]
    for note in notes[:most]:
        say(note)
    if most is not None and len(notes) > most:
        say(f"and {render.count(len(notes) - most, 'more note')}; `citewise list --json` shows all")


def add(arguments: Namespace) -> int:
    """Add files and folders; 1 if any of them failed."""
    with opened(arguments) as bot:
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
    with opened(arguments) as bot:
        answer = _asked(bot, question, arguments.source)
        if answer.status == "not_found" and not answer.results:
            _refuse_empty(bot)
    if arguments.json:
        print_json(render.answer_json(answer))
    else:
        render.show(render.answer_blocks(answer))
    return 0


def _asked(bot: Any, question: str, sources: list[str] | None) -> Answer:
    """Ask, and show on a terminal what is being done for as long as it takes."""
    with progress.answering() as show:
        snapshots = bot.stream(question, sources=sources)
        answer: Answer = next(snapshots)
        for answer in snapshots:
            if show and not answer.done:
                show("writing the answer" if answer.text else "reading the passages")
    return answer


def _refuse_empty(bot: Any) -> None:
    if not bot.index.documents():
        raise CitewiseError(f"the library {bot.index.library} is empty; add documents with: citewise add PATH")


def search(arguments: Namespace) -> int:
    """Show the passages that match best."""
    with opened(arguments) as bot:
        results = bot.search(" ".join(arguments.query), k=arguments.k, sources=arguments.source)
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
    with opened(arguments) as bot:
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
    with opened(arguments) as bot:
        removed: int = bot.index.remove(arguments.sources)
    if not removed:
        raise UnknownSource("none of these is in the library; `citewise list` shows what is")
    print(f"removed {render.count(removed, 'document')}")
    return 0


def reindex(arguments: Namespace) -> int:
    """Move the library to the encoder that the settings name; questions are answered meanwhile."""
    from qa.chatbot import reindex as move

    quiet()
    settings = settings_of(arguments)
    with progress.files() as watched:
        encoder, passages = move(settings.library, settings, watched)
    said = f"embedded {render.count(passages, 'passage')}" if passages else "nothing was left to embed"
    print(f"{said}; the library has the encoder {render.one_line(encoder)}")
    return 0


def backup(arguments: Namespace) -> int:
    """Write the library to one file."""
    with opened(arguments) as bot, progress.files() as watched:
        count = bot.index.backup(arguments.file, watched)
    print(f"{render.count(count, 'document')} in {render.one_line(arguments.file)}")
    return 0


def restore(arguments: Namespace) -> int:
    """Fill a new library from a backup."""
    with opened(arguments) as bot, progress.files() as watched:
        count = bot.index.restore(arguments.file, watched)
        where = bot.index.library
    print(f"{render.count(count, 'document')} restored into {render.one_line(str(where))}")
    return 0


def slack(arguments: Namespace) -> int:
    """Answer in Slack until stopped, or print what a Slack app is made from."""
    from . import slack as bot

    if arguments.manifest or arguments.url:
        print_json(bot.manifest(arguments.url))
        return 0
    bot.run(settings_of(arguments))
    return 0


def evaluate(arguments: Namespace) -> int:
    """Measure answers over a folder of documents and questions with known answers."""
    from qa.evaluate import evaluate as measure

    quiet()
    with progress.questions() as asked:
        figures = measure(Path(arguments.folder), settings_of(arguments), progress=asked, compare=arguments.compare)
    if arguments.json:
        print_json(figures)
        return 0
    without: Any = figures.pop("without_reader", {})
    if without:
        print(f"{'':<20} {'with the reader':<50} without it")
    for name, value in figures.items():
        print(f"{name:<20} {_figure(value):<50} {_figure(without[name]) if name in without else ''}".rstrip())
    return 0


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key}: {_figure(part)}" for key, part in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def feedback(arguments: Namespace) -> int:
    """Count the ratings of answers and show those that were no good, or export them all as an evaluation."""
    from qa import feedback as kept

    with opened(arguments) as bot:
        if arguments.export and arguments.export != "-":
            number = kept.export(bot.index, Path(arguments.export))
            say(f"exported {render.count(number, 'question')}; measure with: citewise eval {arguments.export}")
            return 0
        rated = kept.ratings(bot.index.library)
    if arguments.export:
        for question in kept.questions(rated):
            print(json.dumps(question))
        return 0
    bad = [rating for rating in rated if rating.rating == kept.DOWN]
    print(f"{render.count(len(rated), 'rating')}: {len(rated) - len(bad):,} up, {len(bad):,} down")
    for rating in bad:
        reason = f" ({render.one_line(rating.reason)})" if rating.reason else ""
        print(f"{render.date(rating.time)}  {render.one_line(rating.question)}{reason}")
    return 0
