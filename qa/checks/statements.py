"""A model's text taken apart into statements, each with the numbers of the passages it cites, and put together again.

A statement is a sentence, a row of a table, a heading or a block of code. Marks come in any form that models write:
[1], [1][2], [1, 2], [1-3], before or after the full stop. Markup that could show something else than text (links,
images, HTML) is taken out here. Pure functions; whether a statement is true is `support.py`'s.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.sentences import sentences

LINK = "(link left out)"
"""What stands in an answer where the model wrote an address: only a quote shows addresses."""

_NUMBERS = r"\d{1,4}(?:\s*(?:,|;|–|—|-|&|and|to|\]\s*,?\s*\[)\s*\^?\d{1,4})*"
_MARK = re.compile(
    rf"[ \t]*(?:\[\s*\^?(?:passages?|sources?|documents?|docs?|ref(?:erence)?s?|quotes?|nos?\.?|#)?\s*"
    rf"(?P<square>{_NUMBERS})\s*(?:†[^\]\n]{{0,80}})?\]|【\s*(?P<wide>\d{{1,4}})[^】\n]{{0,80}}】"
    rf"|\[\^?(?P<open>\d{{1,4}})(?=[.,;:!?]?(?:\s|$)))",
    re.IGNORECASE,
)
_CODE_MARK = re.compile(rf"(?<=\S)[ \t]+{_MARK.pattern}[ \t]*$", re.MULTILINE | re.IGNORECASE)
_CUT_MARK = re.compile(r"[ \t]*(?:\[[^\]\n]{0,24}|【[^】\n]{0,80}|!?\[[^\]\n]{0,200}\]\([^)\n]{0,400})$")
_OPEN_MARK = re.compile(r"[ \t]*\[\s*(\d{1,4})[\s,;-]*$")
_MOST = 40
"""Numbers that one mark can name; more are a model that lost its way."""
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\](?:\([^)\n]{0,2000}\)?|\[[^\]\n]{0,100}\])")
_MARKED_LINK = re.compile(r"\[(\^?\d{1,4})\]\([^)\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\](?:\([^)\n]{0,2000}\)|\[[^\]\d\n][^\]\n]{0,100}\])")
_DEFINITION = re.compile(r"^[ \t]{0,3}\[[^\]\n]{1,100}\]:[ \t]*\S.*$", re.MULTILINE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>|<!--.{0,2000}?(?:-->|$)", re.DOTALL)
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto|javascript|data):[^<>\s]{1,2000})>", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\b(?:(?:https?|ftps?|file|javascript|data|vbscript|mailto|tel|slack|ssh|blob):(?:(?<=:)//)?|www\.)"
    r"[^\s<>\"“”）)\]】]{2,}(?<![.,;:!?'’*_])",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(
    r"(?<![\w*])(\*{1,3})(?=\S)(.{1,400}?)(?<=\S)\1(?![\w*])|(?<![\w_])(__)(?=\S)(.{1,400}?)(?<=\S)__(?![\w_])"
)
_LEFT_OVER = re.compile(r"(?<=!)(?=\[)|(?<=\])(?=\()|(?<=<)(?=[a-zA-Z/!])")
"""What of broken markup could still be taken for a link, an image or HTML."""
_ITEM = re.compile(r"[ \t]*(?:>[ \t]*)*(?:(?:[-*+•–]|\d{1,3}[.)])[ \t]+)?(?:\[[ xX]\][ \t]+)?")
_NUMBERED = re.compile(r"\d{1,2}[.)][ \t]+(?=\S)")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]+")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$|[ \t]*(?:[-*_][ \t]*){3,}$")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_LIST_OF_SOURCES = re.compile(
    r"\n[ \t]*(?:#{1,6}[ \t]*)?(?:\*\*)?(?:sources?|references?|citations?|footnotes?)(?:\*\*|:|[ \t])*\n"
    r"(?:[ \t]*(?:[-*+][ \t]*|\d+\.[ \t]*)?\[\^?\d{1,4}\][^\n]*(?:\n|$)|[ \t]*\n)+\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: `lead` (bullet, heading sign, white space), its text without marks, `tail`, and what it cites.

    `kind` is "sentence", "row", "header" (of a table), "heading", "code" or "rule" (a line that says nothing).
    """

    lead: str
    text: str
    tail: str = ""
    cited: tuple[int, ...] = ()
    kind: str = "sentence"
    finished: bool = True


def statements(text: str, *, finished: bool = True) -> list[Statement]:
    """Take a model's text apart; with `finished` False the last sentence may still grow, and a cut mark is left out."""
    text = _CUT_MARK.sub("", text) if not finished else _OPEN_MARK.sub(r" [\1]", text.rstrip())
    found = [statement for block in _blocks(clean(text)) for statement in _parsed(*block)]
    if not finished and found and not _ends_whole(found[-1], text):
        last = found[-1]
        found[-1] = Statement(last.lead, last.text, last.tail, (), last.kind, finished=False)
    return found


def clean(text: str) -> str:
    """Return a model's text as plain text: no image, link, HTML or emphasis, nor its own list of sources."""
    text = "\n".join(text.splitlines()).strip()
    text = _LIST_OF_SOURCES.sub("", text + "\n").rstrip()
    parts = re.split(
        r"(^[ \t]*(?:```|~~~)[^\n]*\n.*?(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z))", text, flags=re.DOTALL | re.MULTILINE
    )
    return "".join(_ADDRESS.sub(LINK, part) if number % 2 else _plain(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    text = _IMAGE.sub("", text)
    text = _MARKED_LINK.sub(r"[\1]", text)
    text = _DEFINITION.sub("", text)
    text = _LINK.sub(_unlinked, text)
    text = _AUTOLINK.sub(LINK, text)
    text = _TAG.sub("", text)
    text = re.sub(r"(?<=\S)[ \t]{2,}(?=\S)", " ", _ADDRESS.sub(LINK, text))
    text = _EMPHASIS.sub(lambda match: match[2] or match[4] or "", text)
    return _LEFT_OVER.sub(" ", text)


def _unlinked(link: re.Match[str]) -> str:
    """Return a link's words; what is a mark stays one."""
    label = f"[{link[1]}]"
    if not _MARK.fullmatch(label):
        return link[1]
    return link[0] if link[0].endswith("]") else label


def _ends_whole(statement: Statement, text: str) -> bool:
    return text.endswith("\n") or (
        statement.kind == "sentence" and statement.text.endswith((".", "!", "?", "。", "！", "？"))
    )


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, block): code with its fences, lines of tables, headings, and paragraphs, each with its line end."""
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at]
        stop = at + 1
        if _FENCE.match(line):
            while stop < len(lines) and not _FENCE.match(lines[stop]):
                stop += 1
            stop = min(stop + 1, len(lines))
            yield "code", "".join(lines[at:stop])
        elif not line.strip() or _RULE.match(line.rstrip("\n")):
            yield "rule", line
        elif line.lstrip().startswith("|"):
            header = stop < len(lines) and _RULE.match(lines[stop].rstrip("\n")) is not None
            yield "header" if header else "row", line
        elif _HEADING.match(line):
            yield "heading", line
        else:
            while stop < len(lines) and lines[stop].lstrip()[:1].islower() and _same_paragraph(lines[stop - 1]):
                stop += 1
            yield "sentence", "".join(lines[at:stop])
        at = stop


def _same_paragraph(line: str) -> bool:
    return bool(line.strip()) and not line.rstrip().endswith((":", ".", "?", "!"))


def _parsed(kind: str, block: str) -> Iterator[Statement]:
    body = block.rstrip("\n")
    end = block[len(body) :]
    if kind == "rule":
        yield Statement("", _escaped(block), kind="rule")
    elif kind == "code":
        yield _code(body, end)
    elif kind in ("row", "header"):
        shown, marks = _without_marks(body)
        bar = "|" if shown.rstrip().endswith("|") else ""
        yield Statement(
            "", shown.rstrip().removesuffix("|").rstrip(), f" {bar}{end}" if bar else end, _cited(marks), kind
        )
    else:
        lead = (_HEADING if kind == "heading" else _ITEM).match(body)
        opening = lead[0] if lead else ""
        yield from _sentences(opening, body[len(opening) :], end, kind)


def _code(body: str, end: str) -> Statement:
    """Return a block of code; `[1]` after a space at a line's end is a mark, any other is part of the code."""
    cited: list[int] = []

    def take(match: re.Match[str]) -> str:
        cited.extend(_numbers(match["square"] or match["wide"] or match["open"]))
        return ""

    kept = _CODE_MARK.sub(take, body)
    return Statement("", _escaped(kept), end, tuple(dict.fromkeys(cited)), "code")


def _sentences(lead: str, body: str, end: str, kind: str) -> Iterator[Statement]:
    text, marks = _without_marks(body)
    spans = [(0, len(text))] if kind == "heading" else sentences(text)
    if not spans:
        if marks and not text.strip():  # a line of marks alone belongs to nothing
            return
        yield Statement("", lead + text + end, kind="rule")
        return
    starts = [a for a, _ in spans]
    owner = [max(0, bisect_left(starts, place) - 1) for place, _ in marks]
    at = 0
    for number, (a, b) in enumerate(spans):
        cited = _cited([mark for mark, owned in zip(marks, owner, strict=True) if owned == number])
        opening = lead + text[at:a].lstrip(" \t") if not number else text[at:a]
        item = _NUMBERED.match(text, a, b)
        if item:  # "the following: 1. Check ..." in one line
            opening, a = opening + item[0], item.end()
        yield Statement(opening, text[a:b], end if number + 1 == len(spans) else "", cited, kind)
        at = b


def _without_marks(text: str) -> tuple[str, list[tuple[int, str]]]:
    """Return a text without its marks, and each mark's place in it with the numbers as written; code is left alone."""
    kept: list[str] = []
    marks: list[tuple[int, str]] = []
    length = at = 0
    codes = [match.span() for match in re.finditer(r"`[^`\n]+`", text)]
    for match in _MARK.finditer(text):
        if any(a < match.end() and match.start() < b for a, b in codes):
            continue
        parted = match[0][0] in " \t" and text[match.end() : match.end() + 1].isalnum()
        kept += [text[at : match.start()], " " if parted else ""]
        length += match.start() - at
        marks.append((length, match["square"] or match["wide"] or match["open"]))
        length += parted
        at = match.end()
    kept.append(text[at:])
    return _escaped("".join(kept)), marks


def _escaped(text: str) -> str:
    """Keep what looks like a mark but is none (in code, say) from being taken for one."""
    return re.sub(r"\[(?=(?:\d{1,4}|unsupported)\])", "[ ", text)


def _cited(marks: Sequence[tuple[int, str]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for _, written in marks for number in _numbers(written)))


def _numbers(written: str) -> list[int]:
    """Return the numbers that a mark names, ranges told out."""
    found: list[int] = []
    for first, last in re.findall(r"(\d{1,4})(?:\s*(?:–|—|-|to)\s*(\d{1,4}))?", written):
        stop = int(last) if last else int(first)
        found.extend(range(int(first), min(stop, int(first) + _MOST) + 1) if stop >= int(first) else [int(first), stop])
    return found[:_MOST]
