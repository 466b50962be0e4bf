"""What went wrong with a model's server, in words: the cause and the remedy; pure functions that know no provider."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

TOO_LONG = re.compile(r"context.?(length|window|size)|maximum context|too (long|many tokens)", re.IGNORECASE)
_SECRET = re.compile(r"\bsk-\S+|\bbearer\s+\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """What the server did and what to do about it; `passing` where another try may help, after `wait` seconds."""

    sentence: str
    passing: bool = False
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server's answer with an error's status: its code, its own words, and how long it asks to wait (seconds)."""

    status: int
    code: str
    told: str
    wait: float = 0.0

    @property
    def too_long(self) -> bool:
        """Whether the request was too long."""
        return self.status == 413 or (self.status in (400, 422) and bool(TOO_LONG.search(f"{self.code} {self.told}")))

    @property
    def out_of_credit(self) -> bool:
        """Whether nothing is left to pay with."""
        return "insufficient_quota" in self.code or "exceeded your current quota" in self.told


def refused(refusal: Refusal, model: str, address: str) -> Failure:
    """Explain a refusal."""
    passing = (refusal.status == 429 and not refusal.out_of_credit) or refusal.status >= 500
    return Failure(_sentence(refusal, repr(model), address), passing, refusal.wait)


def _sentence(refusal: Refusal, model: str, address: str) -> str:
    status = refusal.status
    said = f"{status}: {refusal.told}" if refusal.told else f"{status}"
    if status == 401:
        return "refused the key (401): check OPENAI_API_KEY"
    if status == 403:
        return f"does not let this key use {model} ({said}): check OPENAI_API_KEY and CITEWISE_MODEL"
    if refusal.too_long:
        return f"finds the passages too long for {model}: set CITEWISE_MODEL_CONTEXT to the tokens that it takes"
    if status == 404 and "model" in f"{refusal.code} {refusal.told}".lower():
        return f"has no model {model} (404): choose one that {address}/models lists and name it in CITEWISE_MODEL"
    if status in (404, 405):
        return f"has no chat at this address ({status}): check OPENAI_BASE_URL, which often ends in /v1"
    if refusal.out_of_credit:
        return "has no credit left for this key (429): check the account's plan and billing"
    if status == 429:
        later = f"in {refusal.wait:.0f} seconds" if refusal.wait else "later"
        return f"gets too many questions at the moment (429): ask again {later}"
    if status >= 500:
        return f"failed ({said}): ask again later, and look into the server's log if it stays so"
    if status < 400:
        return f"has moved ({status}): set OPENAI_BASE_URL to its new address"
    return f"refused the request ({said}): check CITEWISE_MODEL and OPENAI_BASE_URL"


def told_in(body: Any, depth: int = 3) -> str:
    """Return the server's own words from the body of an error, in whichever of the usual places they are."""
    if isinstance(body, Mapping) and depth:
        found = (told_in(body.get(name), depth - 1) for name in ("message", "detail", "error"))
        return next(filter(None, found), "")
    return body if isinstance(body, str) and not body.lstrip().startswith("<") else ""


def reason_of(error: BaseException) -> str:
    """Return the reason that the system gave for an error, from the deepest of its causes that has words."""
    told, cause = "", error.__cause__
    while cause:
        system = isinstance(cause, OSError) and cause.strerror
        plain = isinstance(cause, ConnectionError) and cause.errno and os.strerror(cause.errno)
        told = plain or system or str(cause) or told
        cause = cause.__cause__ or cause.__context__
    return told or "no answer"


def harmless(text: str, secret: str, length: int = 160) -> str:
    """Return a stranger's words on one line, cut, and without the secret or what looks like one."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    shown = _SECRET.sub("…", re.sub(re.escape(secret), "…", line, flags=re.IGNORECASE))
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def seconds_asked(headers: Mapping[str, str]) -> float:
    """Return how long a server asks to wait, by its `retry-after`: seconds or a date; 0 where it says nothing."""
    value = headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except (ValueError, OverflowError):
        return 0.0
