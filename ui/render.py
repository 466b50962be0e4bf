"""What every front end needs to show evidence: safe text, places, sizes, dates, JSON, the terminal's answer.

Pure functions. Document text is never trusted: control characters and direction overrides become visible
signs, so that a document can neither move a cursor nor pose as something else. HTML is `markup.py`'s.
"""

import re
import sys
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote, urlencode

from index.types import Passage, SearchResult
from qa.types import Answer, Citation

if TYPE_CHECKING:
    from rich.console import RenderableType

MARK = re.compile(r"\[(\d{1,4})\]")
UNSUPPORTED = "[unsupported]"
NEAREST = 3
"""How many of the nearest passages a `not_found` answer shows."""
EXCERPT = 320
"""How many characters of a passage are shown where it is not a quote."""

_OVERRIDES = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}")
_CONTROLS = (
    {code: chr(0x2400 + code) for code in range(0x20)}
    | {0x7F: "\N{SYMBOL FOR DELETE}"}
    | dict.fromkeys(range(0x80, 0xA0), "\N{REPLACEMENT CHARACTER}")
    | {0x2028: "\n", 0x2029: "\n"}
)
_KEPT = {ord("\n"): "\n", ord("\t"): "    "}
_BLOCK = {**_CONTROLS, **_OVERRIDES, **_KEPT}
_LINE = {**_CONTROLS, **_OVERRIDES, 0x2028: " ", 0x2029: " "}
_SURROGATE = re.compile("[\ud800-\udfff]")
_PRINTED = 40
"""A line of at least so many characters is one that print wrapped."""
_LISTED = re.compile(r"\s*(?:[-*+•–—]|\(?\w{1,3}[.)])\s")


def visible(text: str) -> str:
    """Return text of many lines with every control character, escape and direction override made harmless."""
    return _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")).translate(_BLOCK)


def one_line(text: str) -> str:
    """Return a name or message on one line, with line breaks and controls shown as signs."""
    return _SURROGATE.sub("\ufffd", text).translate(_LINE)


def excerpt(text: str, limit: int = EXCERPT) -> str:
    """Return the beginning of a text on one line, cut after a word."""
    flat = " ".join(visible(text[: limit * 4]).split())
    if len(flat) <= limit:
        return flat
    return (flat[:limit].rsplit(" ", 1)[0] or flat[:limit]).rstrip(",;:") + " …"


def place(source: str, page: int | None) -> str:
    """Name a file and page as people cite them: `report.pdf, page 3`."""
    return one_line(source) + (f", page {page}" if page is not None else "")


def evidence_link(passage_id: str, start: int, end: int) -> str:
    """Return the address, relative to the chat page, that shows a quote in its document as it was quoted."""
    document, _, rest = passage_id.partition(".")
    wanted = {"start": start, "end": end, "version": rest.partition(".")[0]}
    return f"documents/{quote(document)}?{urlencode(wanted)}"


def public_link(public_url: str, passage_id: str, start: int, end: int) -> str:
    """Return the whole address of the same, for those who are not on the chat page."""
    return f"{public_url.rstrip('/')}/{evidence_link(passage_id, start, end)}"


def file_size(size: int) -> str:
    """Format a number of bytes: `5.4 kB`."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def date(moment: str) -> str:
    """Format an ISO 8601 time as a local date and time; anything else is returned on one line as it is."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return one_line(moment)


def count(number: int, noun: str) -> str:
    """Write a number with its noun: `1 quote`, `2 quotes`."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"


def plain_data(value: Any) -> Any:
    """Return a dataclass, or a sequence of them, as JSON's own types."""
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    return asdict(value)


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON's own types: DESIGN's one evidence object, offsets and all."""
    return asdict(answer)


def read_answer(record: dict[str, Any]) -> Answer:
    """Return the answer that `answer_json` wrote; what an older version wrote lacks fields, a newer one has more."""
    known = {field.name for field in fields(Answer)}
    parts: dict[str, Any] = {
        "citations": tuple(Citation(**citation) for citation in record["citations"]),
        "results": tuple(SearchResult(_passage(r["passage"]), r["score"]) for r in record["results"]),
    }
    return Answer(**{**{name: value for name, value in record.items() if name in known}, **parts})


def _passage(record: dict[str, Any]) -> Passage:
    parts: dict[str, Any] = {"sentences": tuple((start, end) for start, end in record["sentences"])}
    return Passage(**{**record, **parts})


def flowing(text: str) -> str:
    """Return a quote for reading: a break that only wraps a line of print is a space; those of lists and tables stay.

    A hyphen at a line's end stays, and the word goes on after it.
    """
    first, *_ = lines = visible(text).split("\n")
    return first + "".join(_joint(before, line) + line for before, line in pairwise(lines))


def _joint(before: str, line: str) -> str:
    """Return what stands for the break between two lines."""
    if not (before.strip() and line.strip()) or "|" in before + line:
        return "\n"
    goes_on = line.lstrip()[0].islower()
    if goes_on and before[-1] == "-" and before[-2:-1].isalpha():
        return ""
    return " " if goes_on or (len(before) >= _PRINTED and not _LISTED.match(line)) else "\n"


def in_quote(short: str, quote: str) -> tuple[int, int] | None:
    """Return where the short answer stands in a quote, however either is broken into lines."""
    words = short.split()
    found = re.search(r"\s*".join(map(re.escape, words)), quote) if words else None
    return found.span() if found else None


def without_marks(text: str) -> str:
    """Return an answer's text without its marks, white space made single."""
    return " ".join(MARK.sub("", text).split())


def is_quotes_only(answer: Answer) -> bool:
    """Tell whether the text is nothing but its quotes in order, as answers without a language model are."""
    quotes = " ".join(without_marks(c.quote) for c in answer.citations)
    return bool(quotes) and without_marks(answer.text) == quotes


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of terminal output: its style (rich's words), its indent, the words in it to set off."""

    text: str
    style: str = ""
    indent: int = 0
    strong: str = ""


def answer_blocks(answer: Answer) -> list[Block]:
    """Lay out an answer for a terminal: the short answer, the text, every quote under its file and page."""
    note = [Block(one_line(answer.note), "yellow"), Block("")] if answer.note else []
    if answer.status == "not_found":
        return [Block(f"✗ {visible(answer.text)}", "yellow"), *note[:1], *_nearest(answer.results)]
    blocks = [Block(flowing(answer.text) if is_quotes_only(answer) else visible(answer.text))]
    if answer.short:
        blocks = [Block(one_line(answer.short), "bold green"), Block(""), *blocks]
    if answer.status == "partial":
        blocks = [Block("Only part of this is in your documents.", "yellow"), *note[:1], Block(""), *blocks]
    else:
        blocks = [*note, *blocks]
    if answer.citations:
        blocks += [Block(""), Block("Sources", "bold")]
    else:
        blocks += _nearest(answer.results)
    for c in answer.citations:
        blocks.append(Block(f"[{c.number}] {place(c.source, c.page)}", "cyan"))
        blocks.append(_quoted(c.quote, answer.short or ""))
    return blocks


def _quoted(quote: str, short: str) -> Block:
    shown = flowing(quote)
    where = in_quote(visible(short), shown)
    return Block(shown, indent=4, strong=shown[slice(*where)] if where else "")


def _nearest(results: tuple[SearchResult, ...]) -> list[Block]:
    blocks = [Block(""), Block("The nearest passages, which may not answer it:", "bold")] if results else []
    for result in results[:NEAREST]:
        blocks.append(Block(f"- {place(result.passage.source, result.passage.page)}", "cyan"))
        blocks.append(Block(excerpt(result.passage.text), "dim", indent=4))
    return blocks


def results_blocks(results: list[SearchResult]) -> list[Block]:
    """Lay out search results for a terminal, best first."""
    blocks: list[Block] = []
    for number, result in enumerate(results, 1):
        passage = result.passage
        heading = f" · {one_line(passage.heading)}" if passage.heading else ""
        title = f"{number}. {place(passage.source, passage.page)}{heading}  ({result.score:.2f})"
        blocks += [Block(title, "cyan"), Block(excerpt(passage.text), indent=4)]
    return blocks


def as_plain(blocks: list[Block]) -> str:
    """Return blocks as lines without wrapping or colour, for pipes and files."""
    lines = (" " * b.indent + line for b in blocks for line in (b.text.split("\n") if b.text else [""]))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def as_rich(blocks: list[Block]) -> "RenderableType":
    """Return blocks as rich renderables, which wrap to the terminal's width."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    def text(block: Block) -> Text:
        shown = Text(block.text, style=block.style)
        at = block.text.find(block.strong) if block.strong else -1
        if at >= 0:
            shown.stylize("bold", at, at + len(block.strong))
        return shown

    return Group(*(Padding(text(b), (0, 0, 0, b.indent), expand=False) for b in blocks))


def show(blocks: list[Block], stream: TextIO | None = None) -> None:
    """Print blocks: wrapped and coloured on a terminal, plain otherwise."""
    out = stream or sys.stdout
    if not out.isatty():
        out.write(as_plain(blocks))
        return
    from rich.console import Console

    Console(file=out, markup=False, highlight=False, emoji=False).print(as_rich(blocks))
