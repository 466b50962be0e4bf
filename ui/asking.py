"""Asking within a conversation: its turns are the history, and what comes of the question is written down.

The browser and REST both ask here.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from index.errors import CitewiseError
from qa.stopping import Stop
from qa.types import Answer

from .service import Service

REMEMBERED = 20
"""Turns before a question that count as its history."""
BROKEN = "Something went wrong inside citewise. Ask again, or look at the log where it was started."


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in a conversation, from all documents or from `sources`; with `again` in place of the last one."""

    person: str
    conversation: str
    question: str
    sources: Sequence[str] | None = None
    again: bool = False


def answers(service: Service, asked: Asked, stop: Stop | None = None) -> Generator[Answer]:
    """Yield the answer as it grows; at its end it is part of the conversation.

    `stop`, and `Conversations.stop` from elsewhere, end it early.
    """
    stop = stop or Stop()
    kept, bot, identity = service.conversations, service.bot, asked.conversation
    before = kept.get(asked.person, identity)
    with kept.answering(identity, stop):
        number = kept.ask(identity, asked.question, bot.index.generation, asked.sources, asked.again)
        history = before.before(number)[-REMEMBERED:]
        snapshots = bot.stream(asked.question, history, asked.sources, stop)
        try:
            for answer in snapshots:
                if answer.done:
                    kept.answer(identity, number, answer)
                yield answer
        except GeneratorExit:  # nobody listens any more
            stop.request()
            for answer in snapshots:
                if answer.done:
                    kept.answer(identity, number, answer)
            raise
        except CitewiseError as error:
            kept.fail(identity, number, str(error))
            raise
        except Exception:  # noted in the conversation, and raised again
            kept.fail(identity, number, BROKEN)
            raise


def person_of(request: Any) -> str:
    """Return the name of who sent a request, "" where there are no users."""
    return str(getattr(getattr(request, "state", None), "person", ""))
