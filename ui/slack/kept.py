"""What the bot remembers beside its jobs: threads it is in, answers it gave, channels' limits, requests it has seen."""

import json
import time
from typing import Any

from ..database import Database

_ANSWERS = 30 * 24 * 3600.0
_STRANGE = 120.0
"""Seconds for which a thread that the bot is not in is not looked at again."""
_REPLAYS = 600.0
"""Seconds for which a signed request is remembered; Slack's signatures are good for 300."""


class Kept:
    """The bot's small memory in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def joined(self, thread: str) -> bool | None:
        """Tell whether the bot takes part in a thread; None if that is not known."""
        sql = "SELECT joined FROM threads WHERE thread = ? AND (joined OR seen > ?)"
        found = self._database.rows(sql, thread, time.time() - _STRANGE)
        return bool(found[0][0]) if found else None

    def note_thread(self, thread: str, joined: bool) -> None:
        """Remember whether the bot takes part in a thread."""
        sql = (
            "INSERT INTO threads VALUES (?, ?, ?) ON CONFLICT (thread) DO UPDATE "
            "SET joined = max(joined, excluded.joined), seen = excluded.seen"
        )
        self._database.change(sql, thread, int(joined), time.time())

    def keep_answer(self, key: str, answer: dict[str, Any]) -> None:
        """Remember an answer, for sharing and rating it."""
        sql = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)"
        self._database.change(sql, key, json.dumps(answer), time.time())

    def answer(self, key: str) -> dict[str, Any] | None:
        """Return an answer, or None if it is too old."""
        found = self._database.rows("SELECT answer FROM answers WHERE key = ?", key)
        return json.loads(found[0][0]) if found else None

    def limit(self, channel: str) -> list[str] | None:
        """Return the ids of the documents that a channel is limited to, or None for all."""
        found = self._database.rows("SELECT documents FROM limits WHERE channel = ?", channel)
        return json.loads(found[0][0]) if found else None

    def set_limit(self, channel: str, documents: list[str] | None) -> None:
        """Limit a channel to documents, or lift its limit with None."""
        with self._database.changing() as connection:
            connection.execute("DELETE FROM limits WHERE channel = ?", (channel,))
            if documents is not None:
                connection.execute("INSERT INTO limits VALUES (?, ?)", (channel, json.dumps(documents)))

    def first_time(self, signature: str) -> bool:
        """Tell whether a signed request comes for the first time, and remember it."""
        return self._database.change("INSERT OR IGNORE INTO requests VALUES (?, ?)", signature, time.time()) == 1

    def forget(self, signature: str) -> None:
        """Let a request come again, because it could not be served."""
        self._database.change("DELETE FROM requests WHERE signature = ?", signature)

    def tidy(self) -> None:
        """Forget what is too old."""
        now = time.time()
        self._database.change("DELETE FROM requests WHERE seen < ?", now - _REPLAYS)
        self._database.change("DELETE FROM answers WHERE seen < ?", now - _ANSWERS)
        self._database.change("DELETE FROM threads WHERE NOT joined AND seen < ?", now - _STRANGE)
