"""The command `/ask-docs`: what there is, what a channel is limited to, and away with a document.

Members of a channel may see the documents and limit the channel, as they may ask about all of them; removing one is
for admins: those that CITEWISE_SLACK_ADMINS names, or else the workspace's own.
"""

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from index.errors import CitewiseError
from index.types import Document

from ..render import count, date, one_line
from .blocks import section
from .connect import LOG, code_of
from .desk import Desk
from .rich import Block
from .text import cut, escaped, unescape

if TYPE_CHECKING:
    from slack_sdk import WebClient

_SHOWN = 40
_USAGE = (
    "`/ask-docs list` shows the documents, `/ask-docs list WORDS` those whose name holds the words\n"
    "`/ask-docs use NAME, NAME` limits this channel to documents; `*` stands for any letters\n"
    "`/ask-docs all` lets this channel ask about everything again\n"
    "`/ask-docs remove NAME` takes a document out of the library (admins only)"
)
_STRANGER = "Only members of this channel may do that, and I must be in it: invite me with `/invite`."
_NOT_ADMIN = "Only {who} may remove or replace documents."


def command(desk: Desk, client: "WebClient", channel: str, user: str, text: str) -> list[Block]:
    """Do what a person wrote after `/ask-docs` and return what to tell them alone."""
    verb, _, rest = " ".join(unescape(text).split()).partition(" ")
    doers = {"": _list, "list": _list, "use": _use, "all": _all, "remove": _remove}
    do = doers.get(verb.lower())
    if do is None:
        return [section(_USAGE)]
    if not is_member(client, channel, user):
        return [section(_STRANGER)]
    try:
        return [section(part) for part in do(desk, client, channel, user, rest)]
    except CitewiseError as error:
        return [section(f"⚠️ {escaped(str(error), 1_500)}")]


def _list(desk: Desk, client: "WebClient", channel: str, user: str, words: str) -> list[str]:
    documents = desk.service.bot.index.documents()
    limit = desk.kept.limit(channel)
    shown = [d for d in documents if words.lower() in d.source.lower()]
    if not shown:
        return ["No document's name holds these words." if documents else "There are no documents yet: share a file."]
    lines = [_line(document, limit) for document in shown[:_SHOWN]]
    head = f"*{count(len(shown), 'document')}*" + _limit_said(limit)
    more = [f"_and {len(shown) - _SHOWN} more: `/ask-docs list WORDS`_"] if len(shown) > _SHOWN else []
    return _in_sections([head, *lines, *more])


def _line(document: Document, limit: Sequence[str] | None) -> str:
    mark = "✅" if limit and document.id in limit else "•"
    pages = f", {count(document.pages, 'page')}" if document.pages else ""
    return f"{mark} {_named(document.source)} — {date(document.added)}{pages}"


def _limit_said(limit: Sequence[str] | None) -> str:
    return "" if limit is None else f"; this channel is limited to {count(len(limit), 'document')} (✅)"


def _in_sections(lines: Iterable[str]) -> list[str]:
    """Join lines to texts that fit into a section each."""
    parts = [""]
    for line in lines:
        if len(parts[-1]) + len(line) > 2_800:
            parts.append("")
        parts[-1] += line + "\n"
    return parts


def _use(desk: Desk, client: "WebClient", channel: str, user: str, names: str) -> list[str]:
    wanted = [name.strip().strip("\"'“”`") for name in names.split(",")]
    documents = desk.service.bot.index.documents()
    chosen: dict[str, Document] = {}
    for name in filter(None, wanted):
        for document in _matching(documents, name):
            chosen[document.id] = document
    if not chosen:
        return [_USAGE]
    desk.kept.set_limit(channel, list(chosen))
    listed = [f"• {_named(document.source)}" for document in list(chosen.values())[:_SHOWN]]
    return _in_sections([f"This channel now asks only about {count(len(chosen), 'document')}:", *listed])


def _all(desk: Desk, client: "WebClient", channel: str, user: str, rest: str) -> list[str]:
    desk.kept.set_limit(channel, None)
    return ["This channel may ask about all documents again."]


def _remove(desk: Desk, client: "WebClient", channel: str, user: str, name: str) -> list[str]:
    if not is_admin(desk, client, user):
        return [not_admin(desk)]
    name = name.strip().strip("\"'“”`")
    found = _matching(desk.service.bot.index.documents(), name) if name else []
    if not found:
        return [_USAGE]
    if len(found) > 1:
        listed = [f"• {_named(document.source)}" for document in found[:_SHOWN]]
        return _in_sections(["That is the name of several; write it in full:", *listed])
    desk.service.bot.index.remove([found[0].source])
    LOG.info("a document was removed in Slack by %s", user)
    return [f"Removed {_named(found[0].source)}."]


def _matching(documents: Sequence[Document], name: str) -> list[Document]:
    """Return the documents of this source, else of this file name, else those that fit a pattern.

    Raises:
        CitewiseError: there is none; the message names the nearest.
    """
    low = name.lower()
    for fits in (
        [d for d in documents if d.source == name],
        [d for d in documents if _file(d).lower() == low],
        [d for d in documents if fnmatch(d.source.lower(), low) or fnmatch(_file(d).lower(), low)],
    ):
        if fits:
            return fits
    near = difflib.get_close_matches(low, [_file(d).lower() for d in documents], 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else "/ask-docs list shows what there is"
    raise CitewiseError(f"there is no document {name!r}: {hint}")


def _file(document: Document) -> str:
    return document.source.rpartition("/")[2]


def _named(source: str) -> str:
    return f"`{escaped(cut(one_line(source), 120), 200).replace('`', 'ˋ')}`"


def is_member(client: "WebClient", channel: str, user: str) -> bool:
    """Tell whether a person is a member of a channel that the bot can see."""
    from slack_sdk.errors import SlackApiError

    cursor: str | None = None
    try:
        while True:
            page = client.conversations_members(channel=channel, limit=500, cursor=cursor)
            if user in (page.get("members") or []):
                return True
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if not cursor:
                return False
    except SlackApiError as error:
        LOG.info("the members of a channel can't be seen: %s", code_of(error))
        return False


def is_admin(desk: Desk, client: "WebClient", user: str) -> bool:
    """Tell whether a person may remove and replace documents."""
    from slack_sdk.errors import SlackApiError

    if desk.settings.slack_admins:
        return user in desk.settings.slack_admins
    try:
        found = client.users_info(user=user).get("user") or {}
    except SlackApiError as error:
        LOG.warning("a person's rights can't be seen: %s", code_of(error))
        return False
    return bool(found.get("is_admin") or found.get("is_owner")) and not found.get("deleted")


def not_admin(desk: Desk) -> str:
    """Say who may."""
    who = "the people named in CITEWISE_SLACK_ADMINS" if desk.settings.slack_admins else "this workspace's admins"
    return _NOT_ADMIN.format(who=who)
