"""Suggested prompts where a person opens the bot: questions out of the documents themselves."""

import threading
from typing import Any

from index.errors import CitewiseError

from .connect import LOG
from .desk import Desk
from .text import cut

_PROMPTS = 4
_TITLE = 75


class Prompts:
    """Example questions, made anew when the library has changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._made: tuple[int, list[str]] = (-1, [])

    def offer(self, client: Any, event: dict[str, Any]) -> None:
        """Suggest questions in the agent's messages tab, or in a thread of the older assistant view."""
        from slack_sdk.errors import SlackApiError

        started = event.get("assistant_thread") or {}
        if not started and event.get("tab") != "messages":
            return
        place: dict[str, Any] = {"channel_id": started.get("channel_id") or event["channel"]}
        if started:
            place["thread_ts"] = started["thread_ts"]
        try:
            prompts = [{"title": cut(question, _TITLE), "message": question} for question in self._questions()]
            if prompts:
                client.assistant_threads_setSuggestedPrompts(**place, prompts=prompts, title="Ask the documents")
        except (SlackApiError, CitewiseError) as error:
            LOG.warning("no questions could be suggested: %s", error)

    def _questions(self) -> list[str]:
        with self._lock:
            bot = self._desk.service.bot
            generation = bot.index.generation
            if generation != self._made[0]:
                self._made = (generation, bot.examples(_PROMPTS))
            return self._made[1]
