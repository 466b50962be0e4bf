"""What the chat does: asks in a conversation, shows the answer as it comes in, and shows a conversation again."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from index.errors import CitewiseError
from qa.examples import follow_ups

from ..asking import BROKEN, Asked, answers
from ..conversations import Conversation, Exchange
from ..service import MAX_QUESTION, Service
from . import markup
from .chosen import sources_of
from .tools import edit_html, tools_html

Messages = list[dict[str, str]]
Shown = tuple[Messages, str, bool]
"""The messages, the conversation's id, and whether an answer is being written."""
_LOG = logging.getLogger("citewise")


def respond(service: Service, asked: Asked, chosen: str = "") -> Iterator[Shown]:
    """Yield the conversation as an answer comes in; without an id a new one begins.

    `chosen` says which documents may be used, see `chosen.sources_of`.
    """
    asked = replace(asked, question=asked.question.strip())
    before: Messages = []
    try:
        if len(asked.question) > MAX_QUESTION:
            raise CitewiseError(f"The question is longer than {MAX_QUESTION:,} characters; ask a shorter one.")
        asked = replace(asked, sources=sources_of(chosen))
        kept = service.conversations
        if not asked.conversation:
            asked = replace(asked, conversation=kept.begin(asked.person, asked.question).id)
        said = kept.get(asked.person, asked.conversation).exchanges
        before = _messages(asked.conversation, said[:-1] if asked.again else said)
        yield [*before, *_pair(asked.question, markup.waiting_html())], asked.conversation, True
        for answer in service.metrics.watched("page", answers(service, asked)):
            if not answer.done:
                yield [*before, *_pair(asked.question, markup.answer_html(answer))], asked.conversation, True
        yield show(service, kept.get(asked.person, asked.conversation)), asked.conversation, False
    except CitewiseError as error:
        yield [*before, *_pair(asked.question, markup.error_html(str(error)))], asked.conversation, False
    except Exception:  # noqa: BLE001 - the page must say something, whatever happened
        _LOG.exception("an answer failed")
        yield [*before, *_pair(asked.question, markup.error_html(BROKEN))], asked.conversation, False


def show(service: Service, conversation: Conversation) -> Messages:
    """Return a conversation as messages, the last one with what could be asked next."""
    messages = _messages(conversation.id, conversation.exchanges)
    if messages:
        last = conversation.exchanges[-1]
        next_questions = follow_ups(service.bot.index, last.answer) if last.answer else []
        writing = service.conversations.is_answering(conversation.id)
        messages[-2:] = _exchange(conversation.id, last, next_questions, is_last=True, writing=writing)
    return messages


def _messages(identity: str, exchanges: Sequence[Exchange]) -> Messages:
    return [message for exchange in exchanges for message in _exchange(identity, exchange)]


def _exchange(identity: str, exchange: Exchange, follow_ups: Sequence[str] = (), **last: Any) -> Messages:
    question = markup.question_html(exchange.question) + (edit_html() if last else "")
    if exchange.answer:
        html = markup.answer_html(exchange.answer) + tools_html(identity, exchange, follow_ups)
    elif exchange.error:
        html = markup.error_html(exchange.error)
    elif last.get("writing"):
        html = markup.waiting_html("Still being answered; open the conversation again in a moment")
    else:
        html = markup.error_html("The answer was lost when citewise stopped; ask again.")
    return [{"role": "user", "content": question}, {"role": "assistant", "content": html}]


def _pair(question: str, html: str) -> Messages:
    asked = {"role": "user", "content": markup.question_html(question)}
    return [asked, {"role": "assistant", "content": html}]
