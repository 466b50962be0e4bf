"""What Slack documents that it rejects in blocks, views and texts, and what of a message is live: pings and links."""

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
STYLES = {"bold", "italic", "strike", "code", "underline", "highlight", "unlink"}
CONTROL = re.compile(r"<(?:[@#!][^<>]*|[a-z]+:[^<>]*)>")
MARKDOWN_LINK = re.compile(r"\]\([^)]*\)|\w+://\S+|(?<!\w)www\.\w")
BARE_LINK = re.compile(r"(?<![|<\w])https?://[^\s|>]+")


class Refused(Exception):
    """Slack says no, with the name that it gives the error."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


def need(fine: bool, why: str, code: str = "invalid_blocks") -> None:
    if not fine:
        raise Refused(code, why)


def check_message(blocks: list[Json]) -> None:
    """Check the blocks of a message."""
    need(isinstance(blocks, list) and len(blocks) <= 50, "more than 50 blocks")
    check_blocks(blocks, MESSAGE)
    need(sum(b["type"] == "table" for b in blocks) <= 1, "only one table", "only_one_table_allowed")
    need(sum(map(size, blocks)) <= 12_000, "12,000 characters in all", "msg_blocks_too_long")


def check_view(view: Json) -> None:
    """Check a modal."""
    allowed = {"type", "title", "close", "submit", "blocks", "callback_id", "private_metadata"}
    keys(view, allowed, {"type", "title", "blocks"})
    need(view["type"] == "modal", "not a modal")
    for name in ("title", "close", "submit"):
        if name in view:
            text(view[name], 24, ("plain_text",))
    need(1 <= len(view["blocks"]) <= 100, "1 to 100 blocks")
    need(len(view.get("private_metadata", "")) <= 3000, "private_metadata of 3,000")
    need(len(view.get("callback_id", "")) <= 255, "callback_id of 255")
    need("submit" in view or all(b["type"] != "input" for b in view["blocks"]), "inputs need a submit button")
    check_blocks(view["blocks"], MODAL)


def size(part: Any) -> int:
    if isinstance(part, dict):
        return sum(len(v) if k == "text" and isinstance(v, str) else size(v) for k, v in part.items())
    return sum(map(size, part)) if isinstance(part, list) else 0


def check_blocks(blocks: list[Json], known: Json) -> None:
    ids = [b["block_id"] for b in blocks if "block_id" in b]
    need(len(ids) == len(set(ids)), "block_id twice")
    for block in blocks:
        need(isinstance(block, dict) and block.get("type") in known, f"unknown block {block.get('type')}")
        need(len(block.get("block_id", "")) <= 255, "block_id of 255")
        known[block["type"]]({k: v for k, v in block.items() if k != "block_id"})


def keys(part: Json, allowed: set[str], required: set[str]) -> None:
    need(set(part) <= allowed, f"invalid additional property in {part.get('type')}: {set(part) - allowed}")
    need(required <= set(part), f"missing in {part.get('type')}: {required - set(part)}")


def text(part: Json, limit: int, types: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
    need(isinstance(part, dict) and part.get("type") in types, f"not a {types}: {part}")
    extra = "emoji" if part["type"] == "plain_text" else "verbatim"
    keys(part, {"type", "text", extra}, {"type", "text"})
    need(isinstance(part["text"], str) and 1 <= len(part["text"]) <= limit, f"text of 1 to {limit}")


def section(block: Json) -> None:
    keys(block, {"type", "text"}, {"type", "text"})
    text(block["text"], 3000)


def header(block: Json) -> None:
    keys(block, {"type", "text"}, {"type", "text"})
    text(block["text"], 150, ("plain_text",))


def context(block: Json) -> None:
    keys(block, {"type", "elements"}, {"type", "elements"})
    need(1 <= len(block["elements"]) <= 10, "1 to 10 elements")
    for element in block["elements"]:
        text(element, 3000)


def actions(block: Json) -> None:
    keys(block, {"type", "elements"}, {"type", "elements"})
    need(1 <= len(block["elements"]) <= 25, "1 to 25 elements")
    ids = [e.get("action_id") for e in block["elements"]]
    need(len(ids) == len(set(ids)), "action_id twice in a block")
    for element in block["elements"]:
        need(element["type"] == "button", "only buttons are known here")
        button(element)


def button(part: Json) -> None:
    keys(part, {"type", "text", "action_id", "value", "url", "style", "accessibility_label"}, {"type", "text"})
    text(part["text"], 75, ("plain_text",))
    need(len(part.get("action_id", "")) <= 255, "action_id of 255")
    need(len(part.get("value", "")) <= 2000, "value of 2,000")
    need(len(part.get("url", "")) <= 3000, "url of 3,000")
    need(part.get("style", "primary") in ("primary", "danger"), "style")


def context_actions(block: Json) -> None:
    keys(block, {"type", "elements"}, {"type", "elements"})
    need(1 <= len(block["elements"]) <= 5, "1 to 5 elements")
    for element in block["elements"]:
        both = {"positive_button", "negative_button"}
        keys(element, {"type", "action_id", *both}, {"type", *both})
        need(element["type"] == "feedback_buttons", "only feedback buttons are known here")
        for name in both:
            keys(element[name], {"text", "value", "accessibility_label"}, {"text", "value"})
            text(element[name]["text"], 75, ("plain_text",))
            need(len(element[name]["value"]) <= 2000, "value of 2,000")


def rich_text(block: Json) -> None:
    keys(block, {"type", "elements"}, {"type", "elements"})
    need(bool(block["elements"]), "empty rich text")
    for element in block["elements"]:
        kind = element["type"]
        if kind == "rich_text_list":
            keys(element, {"type", "elements", "style", "indent", "offset", "border"}, {"type", "elements", "style"})
            need(element["style"] in ("bullet", "ordered") and 0 <= element.get("indent", 0) <= 8, "list")
            for item in element["elements"]:
                need(item["type"] == "rich_text_section", "a list holds sections")
                inline(item)
        else:
            need(kind in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"), f"unknown {kind}")
            inline(element)


def inline(element: Json) -> None:
    keys(element, {"type", "elements"}, {"type", "elements"})
    need(bool(element["elements"]), "empty rich text")
    for part in element["elements"]:
        need(part["type"] in ("text", "link", "user", "channel", "emoji", "broadcast"), f"unknown {part['type']}")
        if part["type"] == "text":
            keys(part, {"type", "text", "style"}, {"type", "text"})
            need(isinstance(part["text"], str) and part["text"] != "", "empty text")
            need(set(part.get("style", {})) <= STYLES, "unknown style")


def table(block: Json) -> None:
    keys(block, {"type", "rows", "column_settings"}, {"type", "rows"})
    need(1 <= len(block["rows"]) <= 100 and all(1 <= len(row) <= 20 for row in block["rows"]), "100 rows of 20 cells")
    need(size(block) <= 10_000, "10,000 characters in a table")
    for cell in (cell for row in block["rows"] for cell in row):
        keys(cell, {"type", "text"}, {"type", "text"})
        need(cell["type"] == "raw_text" and cell["text"] != "", "a cell of raw text")


def entry(block: Json) -> None:
    keys(block, {"type", "label", "element", "optional", "hint"}, {"type", "label", "element"})
    text(block["label"], 2000, ("plain_text",))
    element = block["element"]
    allowed = {"type", "action_id", "multiline", "max_length", "initial_value", "placeholder"}
    keys(element, allowed, {"type", "action_id"})
    need(element["type"] == "plain_text_input" and 1 <= element.get("max_length", 3000) <= 3000, "input")
    need(1 <= len(element.get("initial_value", "x")) <= element.get("max_length", 3000), "initial_value")


def divider(block: Json) -> None:
    keys(block, {"type"}, {"type"})


_EVERYWHERE = {
    "section": section,
    "header": header,
    "context": context,
    "actions": actions,
    "rich_text": rich_text,
    "divider": divider,
}
MESSAGE: Json = {**_EVERYWHERE, "context_actions": context_actions, "table": table}
MODAL: Json = {**_EVERYWHERE, "input": entry}


def check_metadata(metadata: Json) -> None:
    """Check a message's metadata: flat values, lists of flat objects."""
    fine = isinstance(metadata, dict) and set(metadata) == {"event_type", "event_payload"}
    need(fine and re.fullmatch(r"\w{1,255}", metadata["event_type"]) is not None, "metadata", "invalid_metadata_format")
    values = metadata["event_payload"].values()
    need(all(isinstance(v, str | int | float | bool) for v in values), "metadata", "invalid_metadata_schema")


def live(blocks: list[Json], fallback: str = "") -> list[str]:
    """Return everything in a message that pings somebody or leads somewhere when pressed."""
    found = CONTROL.findall(fallback) + BARE_LINK.findall(fallback)
    for part in _parts(blocks):
        kind, words = part.get("type"), part.get("text")
        if kind in ("mrkdwn", "plain_text") and isinstance(words, str):
            found += CONTROL.findall(words)
            if kind == "mrkdwn" and not part.get("verbatim"):
                found += BARE_LINK.findall(words)
        elif kind in ("link", "user", "channel", "broadcast"):
            found.append(str(part))
        elif kind == "button" and "url" in part:
            found.append(part["url"])
    return found


def live_markdown(markdown: str) -> list[str]:
    """Return everything in streamed Markdown that pings somebody or leads somewhere."""
    return CONTROL.findall(markdown) + MARKDOWN_LINK.findall(markdown)


def _parts(part: Any) -> Iterator[Json]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _parts(each)


def words(blocks: list[Json]) -> str:
    """Return what a person reads in a message."""
    found = [part["text"] for part in _parts(blocks) if isinstance(part.get("text"), str)]
    return " ".join(found).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
