"""The command `citewise`: reads the arguments, runs one command, and turns every error into one line.

What each command does is in `commands.py`, `doctor.py` and `server.py`, imported only when they run, so that
`citewise --help` is instant. Exit codes: 0 done, 1 an error told in one line, 2 wrong usage.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

DESCRIPTION = "Ask your own documents; every answer quotes them, word for word."
EXAMPLES = """\
examples:
  citewise add ~/reports          add a folder; add it again to follow its changes
  citewise ask what was decided   ask; several words need no quotes
  citewise serve                  chat in the browser at http://127.0.0.1:7860
"""
INTERRUPTED = 130
BROKEN_PIPE = 141


class _Version(argparse.Action):
    """Print the version; looked up only when asked for, because that takes longer than all the rest."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from .service import version

        print(f"citewise {version()}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each stores the function that runs it as `run`, by name."""
    library = argparse.ArgumentParser(add_help=False)
    library.add_argument(
        "--library",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the library's folder (default: CITEWISE_LIBRARY, else the user data folder)",
    )
    parser = argparse.ArgumentParser(
        prog="citewise",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        parents=[library],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: str, says: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=says, description=says[:1].upper() + says[1:] + ".", parents=[library])
        added.set_defaults(run=run)
        return added

    _add_commands(command)
    return parser


def _add_commands(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    add = command("add", "commands.add", "add files and folders, or follow their changes")
    add.add_argument("paths", nargs="+", metavar="PATH")
    sync = command("sync", "following.sync", "follow the changes of folders, or show what that would do")
    sync.add_argument("folders", nargs="*", metavar="DIR", help="folders (default: all that were added)")
    sync.add_argument("--dry-run", action="store_true", help="only print what is new, changed, renamed or gone")
    ask = command("ask", "commands.ask", "ask a question and get an answer with its quotes")
    ask.add_argument("question", nargs="+", metavar="QUESTION")
    search = command("search", "commands.search", "show the passages that match best, without an answer")
    search.add_argument("query", nargs="+", metavar="QUERY")
    search.add_argument("-k", type=_positive, default=10, help="how many passages (default: 10)")
    for limited in (ask, search):
        limited.add_argument(
            "--source",
            action="append",
            metavar="SOURCE",
            help="look only in this document, as `citewise list` names it (repeatable)",
        )
    listing = command("list", "commands.list_documents", "list the documents in the library")
    remove = command("remove", "commands.remove", "remove documents from the library")
    remove.add_argument("sources", nargs="+", metavar="SOURCE")
    command("reindex", "commands.reindex", "move the library to the encoder that CITEWISE_EMBEDDING names")
    backup = command("backup", "commands.backup", "write the library to one file, also while it is in use")
    backup.add_argument("file", metavar="FILE", help="the file to write, which must not exist yet")
    restore = command("restore", "commands.restore", "fill a new library from a backup")
    restore.add_argument("file", metavar="FILE", help="what `citewise backup` has written")
    serve = command("serve", "server.run", "chat in the browser, with the REST interface beside it")
    serve.add_argument("paths", nargs="*", metavar="PATH", help="files and folders to add first")
    serve.add_argument("--watch", action="store_true", help="follow the folders as their files change")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=_port, default=7860, help="the port to listen on (default: 7860)")
    command("mcp", "mcp_server.run", "let other programs' models ask, over standard input and output (MCP)")
    slack = command("slack", "commands.slack", "answer in Slack")
    slack.add_argument(
        "--manifest", action="store_true", help="print the manifest to make the Slack app from, and exit"
    )
    slack.add_argument(
        "--url", metavar="URL", help="with --manifest: for events over HTTP to this public address of `citewise serve`"
    )
    evaluate = command("eval", "commands.evaluate", "measure answers against questions with known answers")
    evaluate.add_argument("folder", metavar="FOLDER", help="a folder with docs/ and questions.jsonl")
    evaluate.add_argument(
        "--compare", action="store_true", help="ask all again without the reader and show both figures side by side"
    )
    feedback = command(
        "feedback", "commands.feedback", "show what people thought of answers, or export it as an evaluation"
    )
    feedback.add_argument(
        "--export",
        metavar="FOLDER",
        help="write questions.jsonl and docs.jsonl for `citewise eval` (-: only the questions, on standard output)",
    )
    for printing in (add, sync, ask, search, listing, evaluate):
        printing.add_argument("--json", action="store_true", help="print JSON, and nothing else, on standard output")
    users = command("users", "people.run", "say who may use `citewise serve`; passwords come from a prompt or stdin")
    users.add_argument("action", choices=("add", "list", "remove", "passwd", "token"))
    users.add_argument("name", nargs="?", metavar="NAME")
    doctor = command("doctor", "doctor.run", "check the installation, the library and the settings")
    doctor.add_argument("--mend", action="store_true", help="first take out or read again what is damaged")


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("must be from 1 to 1000")
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("must be from 0 to 65535")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue] - not every stream has it
    arguments = build_parser().parse_args(argv)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("citewise: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit's own flush fails again
        return BROKEN_PIPE
    return code


def _run(arguments: argparse.Namespace) -> int:
    module, _, function = arguments.run.partition(".")
    try:
        run = getattr(import_module(f"{__package__}.{module}"), function)
        return run(arguments)
    except BrokenPipeError:
        raise
    except Exception as error:  # whatever happened is told in one line
        if os.environ.get("CITEWISE_DEBUG"):
            raise
        print(f"citewise: {_told(error)}", file=sys.stderr)
        return 1


def _told(error: Exception) -> str:
    """Return what one line says about an error: its own message if it was meant to be told."""
    from index.errors import CitewiseError

    from .render import one_line

    if isinstance(error, CitewiseError):
        return one_line(str(error))
    kind = type(error).__name__
    return f"internal error: {kind}: {one_line(str(error))} (run with CITEWISE_DEBUG=1 for the trace)"


if __name__ == "__main__":
    sys.exit(main())
