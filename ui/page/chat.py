"""What the chat does: asks, and shows the answer as it comes in; remembers one tab's conversation."""

import logging
from collections.abc import Iterator
from typing import NamedTuple

from index.errors import CitewiseError
from qa.types import Turn

from ..service import MAX_QUESTION, Service
from . import markup

_REMEMBERED = 20
_BROKEN = "Something went wrong inside citewise. Ask again, or look at the log where it was started."
_LOG = logging.getLogger("citewise")


class Exchange(NamedTuple):
    """A question, the answer as it is shown, and its text as the next question's history (None: an error)."""

    question: str
    html: str
    text: str | None = None


Talk = list[Exchange]


def respond(service: Service, question: str, talk: Talk) -> Iterator[tuple[list[dict[str, str]], Talk, str]]:
    """Yield the conversation as an answer comes in, with what to remember and what stays in the text box."""
    question = question.strip()
    if not question:
        yield _messages(talk), talk, ""
        return
    if len(question) > MAX_QUESTION:
        told = f"The question is longer than {MAX_QUESTION:,} characters; ask a shorter one."
        yield _messages([*talk, Exchange(question[:200] + " …", markup.error_html(told))]), talk, question
        return
    yield _messages([*talk, Exchange(question, markup.waiting_html())]), talk, ""
    exchange = Exchange(question, "")
    for exchange in _answered(service, question, talk):
        yield _messages([*talk, exchange]), talk, ""
    talk = [*talk, exchange]
    yield _messages(talk), talk, ""


def _answered(service: Service, question: str, talk: Talk) -> Iterator[Exchange]:
    """Yield the exchange with each snapshot of the answer; an error becomes its last words."""
    history = [Turn(e.question, e.text) for e in talk if e.text is not None][-_REMEMBERED:]
    try:
        bot = service.bot
        for answer in service.metrics.watched("page", bot.stream(question, history)):
            if answer.status == "not_found" and not answer.results and not bot.index.documents():
                yield Exchange(question, markup.empty_html())
            else:
                yield Exchange(question, markup.answer_html(answer), answer.text)
    except CitewiseError as error:
        yield Exchange(question, markup.error_html(str(error)))
    except Exception:  # noqa: BLE001 - the page must say something, whatever happened
        _LOG.exception("an answer failed")
        yield Exchange(question, markup.error_html(_BROKEN))


def _messages(talk: Talk) -> list[dict[str, str]]:
    messages: list[dict[str, str]] = []
    for exchange in talk:
        messages.append({"role": "user", "content": markup.question_html(exchange.question)})
        messages.append({"role": "assistant", "content": exchange.html})
    return messages
