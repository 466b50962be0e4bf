"""Text on its way in from Slack and out to it; pure functions.

What comes from people, documents and models is data. In the fields that Slack parses (`mrkdwn`, `plain_text`, a
message's `text`, streamed Markdown) its control characters are escaped, so that nobody can be pinged and nothing
linked; what must show exactly goes into rich text, which Slack does not parse (`rich.py`).
"""

import re

from ..render import one_line, visible

_CONTROL = re.compile(r"<([^<>]*)>")
_OTHERS = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
_CHAT = re.compile(
    r"\W*(?:(?:ok(?:ay)?|thanks?|thank you|thx|ty|cheers|great|perfect|nice|cool|good|got it|makes sense|awesome|yes|no"
    r"|yep|nope|lol|haha|hi|hello|hey|help|very much|so much|a lot|you|all)\b\W*)+",
    re.IGNORECASE,
)
_CALL = re.compile(r"\W*(?:(?:hi|hello|hey|help)\b\W*)*", re.IGNORECASE)
_EMOJI = re.compile(r":[a-z0-9_+'-]+:")
_JOINER = "\u2060"
"""A sign without width or meaning, put where a link would otherwise begin."""
_WORD = re.compile(r"\S+|\s+")


def escape(text: str) -> str:
    """Return foreign text for a field that Slack parses, with its control characters as entities."""
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Return text from Slack as it was written."""
    return text.replace(_JOINER, "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def unlinked(text: str) -> str:
    """Return foreign text for a field in which Slack would make links of addresses, with none that it knows."""
    broken = visible(text).replace("](", f"]{_JOINER}(").replace("://", f":{_JOINER}//")
    return escape(broken.replace("www.", f"www{_JOINER}."))


def cut(text: str, limit: int) -> str:
    """Return a text, or as many of its whole words as fit, with an ellipsis."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 2]
    words = kept.rsplit(None, 1)
    return (words[0] if len(words) > 1 else kept).rstrip() + " …"


def escaped(text: str, limit: int) -> str:
    """Return foreign text escaped and cut, so that no entity is cut in half."""
    kept = cut(text, limit)
    while len(escape(kept)) > limit:
        kept = cut(kept, max(2, len(kept) * 3 // 4))
    return escape(kept)


def label(text: str, limit: int = 72) -> str:
    """Return foreign text as the label of a button or an option: one line, cut."""
    return escaped(" ".join(one_line(text).split()), limit) or "…"


def question_in(text: str, bot: str) -> str:
    """Return what a person asked: without the mention of the bot, links and names as plain words."""

    def plain(control: re.Match[str]) -> str:
        target, _, shown = control[1].partition("|")
        if target == f"@{bot}":
            return " "
        if target.startswith(("@", "#", "!")):
            return shown if shown[:1] in "@#" else target[0].strip("!") + shown if shown else " "
        return shown or target.removeprefix("mailto:")

    return re.sub(r" {2,}", " ", unescape(_CONTROL.sub(plain, text))).strip()


def mentions(text: str, user: str) -> bool:
    """Tell whether a message mentions a user."""
    return any(found == user for found in _OTHERS.findall(text))


def is_for_others(text: str, bot: str) -> bool:
    """Tell whether a message is addressed to other people, and not to the bot."""
    found = _OTHERS.findall(text)
    return bool(found) and bot not in found


def is_small_talk(question: str) -> bool:
    """Tell whether a message asks nothing: thanks, a nod, a smile."""
    words = _EMOJI.sub(" ", question)
    return not re.search(r"\w", words) or bool(_CHAT.fullmatch(words))


def is_call(question: str) -> bool:
    """Tell whether a message only calls the bot: nothing, a greeting, "help"."""
    return bool(_CALL.fullmatch(question))


def streamable(text: str) -> str:
    """Return the beginning of a growing answer as Markdown that can be appended to: whole words, harmless.

    The result for a longer text always begins with the result for a shorter one.
    """
    words = _WORD.findall(visible(text))
    if words and not words[-1].isspace():
        words.pop()  # it may still grow into a mark or a link
    return unlinked("".join(words))
