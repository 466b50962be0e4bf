"""What a language model says, without what it thinks aloud before; pure functions of its text so far."""

import re

_OPENED = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_NEVER_OPENED = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_TAG = "<thinking>"


def without_thoughts(text: str) -> str:
    """Return the text without `<think>...</think>`, also where it is still open, or was opened by the prompt."""
    return _NEVER_OPENED.sub("", _OPENED.sub("", text)).strip()


def has_thoughts(text: str) -> bool:
    """Tell whether a text holds thoughts."""
    return bool(_OPENED.search(text) or _NEVER_OPENED.search(text))


def estimated_tokens(text: str) -> int:
    """Estimate the tokens of a text: four bytes each, which fits English, and scripts of three bytes a letter."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def without_half_a_tag(text: str) -> str:
    """Leave out the beginning of a tag at the end, of which the rest may still come."""
    at = text.rfind("<")
    return text[:at] if at >= 0 and _TAG.startswith(text[at:].lower()) else text
