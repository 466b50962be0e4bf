"""The Chatbot asked for Slack: an answer and its blocks, or in plain words why there is none."""

from collections.abc import Callable

from index.errors import CitewiseError
from qa.types import Answer, Turn

from ..service import MAX_QUESTION
from .blocks import answer_blocks, section
from .connect import LOG
from .desk import Asked, Desk, Given
from .rich import Block
from .workers import Again

BROKEN = "Something went wrong inside citewise. Ask again, or look at the log where it runs."
_EMPTY = "There are no documents yet. Share a file with me, or run `citewise add` where I run."


def ask(desk: Desk, asked: Asked, text: str, history: list[Turn], show: Callable[[Answer], None]) -> Given | str:
    """Ask the Chatbot, showing the answer as it grows; return it, or in plain words why there is none."""
    if len(text) > MAX_QUESTION:
        return f"The question is longer than {MAX_QUESTION:,} characters; ask a shorter one."
    try:
        bot = desk.service.bot
        generation = bot.index.generation
        snapshots = bot.stream(text, history, desk.sources(asked.channel))
        for found in desk.service.metrics.watched("slack", snapshots):
            if found.done:
                return Given(found, tuple(history), generation, asked.user)
            show(found)
    except CitewiseError as error:
        LOG.warning("a question could not be answered: %s", error)
        return f"I could not answer: {error}"
    except Again:
        raise
    except Exception:  # noqa: BLE001 - whatever it was, the person must be told
        LOG.exception("an answer failed")
        return BROKEN
    return BROKEN


def blocks_of(desk: Desk, found: Answer, key: str) -> list[Block]:
    """Return the blocks of an answer, or say how to begin where there are no documents."""
    if found.status == "not_found" and not found.results and not desk.service.bot.index.documents():
        return [section(_EMPTY)]
    return answer_blocks(found, key, desk.settings.public_url)
