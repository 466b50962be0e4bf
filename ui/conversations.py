"""Conversations, kept on the server: `conversations.sqlite` in the library's folder, one person's apart from another's.

An exchange is written when its question is asked, so that it outlives whatever happens to its answer; the answer comes
in as the JSON that REST gives. Who asks is a name, "" where there are no users.
"""

import json
import secrets
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.errors import CitewiseError
from qa.stopping import Stop
from qa.types import Answer, Turn

from .database import Database
from .render import answer_json, one_line, read_answer

FILE = "conversations.sqlite"
MAX_NAME = 120
MOST = 500
"""Conversations in a list, the latest ones."""
_SCHEMA = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL, begun TEXT NOT NULL, changed TEXT NOT NULL);
CREATE INDEX conversations_by_person ON conversations (person, changed);
CREATE TABLE exchanges (
    conversation TEXT NOT NULL, number INTEGER NOT NULL,
    question TEXT NOT NULL, asked TEXT NOT NULL, generation INTEGER NOT NULL, answer TEXT,
    error TEXT NOT NULL DEFAULT '', rating TEXT NOT NULL DEFAULT '', sources TEXT, PRIMARY KEY (conversation, number));
"""


class UnknownConversation(CitewiseError):
    """Say that there is no such conversation, or that it is another person's."""


class Answering(CitewiseError):
    """Say that a conversation's last question is still being answered."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer, or the `error` that it ended in; neither while it is being answered.

    `number` counts from 1; `asked` is ISO 8601 in UTC, `generation` the state of the index that was asked; `rating` is
    "up", "down" or ""; `sources` are the documents that were asked, None for all.
    """

    number: int
    question: str
    asked: str
    generation: int
    answer: Answer | None = None
    error: str = ""
    rating: str = ""
    sources: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation in a list; the times are ISO 8601 in UTC."""

    id: str
    name: str
    begun: str
    changed: str


@dataclass(frozen=True, slots=True)
class Conversation(Summary):
    """A conversation with all that was said."""

    exchanges: tuple[Exchange, ...] = ()

    def before(self, number: int) -> list[Turn]:
        """Return what was said before an exchange, as its history."""
        said = [(e.question, e.answer) for e in self.exchanges if e.number < number]
        return [Turn(question, answer.text) for question, answer in said if answer]


class Conversations:
    """Keeps the conversations of one library; safe to share by threads, and by processes for all but `stop`."""

    def __init__(self, library: Path) -> None:
        self._database = Database(library / FILE, _SCHEMA)
        self._lock = threading.Lock()
        self._answering: dict[str, Stop] = {}

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def begin(self, person: str, name: str) -> Summary:
        """Begin a conversation, named by its first question."""
        now = _now()
        begun = Summary(secrets.token_urlsafe(12), _named(name), now, now)
        self._database.change(
            "INSERT INTO conversations VALUES (?, ?, ?, ?, ?)", begun.id, person, begun.name, begun.begun, begun.changed
        )
        return begun

    def of(self, person: str) -> list[Summary]:
        """Return a person's conversations, the latest first."""
        columns = "SELECT id, name, begun, changed FROM conversations"
        rows = self._database.rows(f"{columns} WHERE person = ? ORDER BY changed DESC, rowid DESC LIMIT {MOST}", person)
        return [Summary(*row) for row in rows]

    def get(self, person: str, identity: str) -> Conversation:
        """Return one of a person's conversations; raise UnknownConversation for any other."""
        columns = "SELECT id, name, begun, changed FROM conversations"
        found = self._database.rows(f"{columns} WHERE id = ? AND person = ?", identity, person)
        if not found:
            raise _unknown()
        rows = self._database.rows(
            "SELECT number, question, asked, generation, answer, error, rating, sources FROM exchanges "
            "WHERE conversation = ? ORDER BY number",
            identity,
        )
        identity, name, begun, changed = found[0]
        return Conversation(identity, name, begun, changed, tuple(_exchange(row) for row in rows))

    def rename(self, person: str, identity: str, name: str) -> None:
        """Give a conversation another name."""
        sql = "UPDATE conversations SET name = ? WHERE id = ? AND person = ?"
        if not self._database.change(sql, _named(name), identity, person):
            raise _unknown()

    def remove(self, person: str, identity: str) -> None:
        """Remove a conversation with all that was said; an answer that is being written ends."""
        self.stop(person, identity)
        with self._database.changing() as connection:
            sql = "DELETE FROM conversations WHERE id = ? AND person = ?"
            if not connection.execute(sql, (identity, person)).rowcount:
                raise _unknown()
            connection.execute("DELETE FROM exchanges WHERE conversation = ?", (identity,))

    def forget(self, person: str) -> None:
        """Remove all of a person's conversations."""
        while some := self.of(person):
            for one in some:
                self.remove(person, one.id)

    def ask(
        self, identity: str, question: str, generation: int, sources: Sequence[str] | None = None, again: bool = False
    ) -> int:
        """Write down a question, with `again` in place of the last one; return its number."""
        now = _now()
        with self._database.changing() as connection:
            changed = connection.execute("UPDATE conversations SET changed = ? WHERE id = ?", (now, identity))
            if not changed.rowcount:
                raise _unknown()
            sql = "SELECT coalesce(max(number), 0) FROM exchanges WHERE conversation = ?"
            (last,) = connection.execute(sql, (identity,)).fetchone()
            number = max(1, last) if again else last + 1
            connection.execute(
                "INSERT OR REPLACE INTO exchanges (conversation, number, question, asked, generation, sources) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (identity, number, question, now, generation, None if sources is None else json.dumps(sources)),
            )
        return number

    def answer(self, identity: str, number: int, answer: Answer) -> None:
        """Write down the answer to a question."""
        self._set(identity, number, "answer", json.dumps(answer_json(answer)))

    def fail(self, identity: str, number: int, error: str) -> None:
        """Write down why there is no answer."""
        self._set(identity, number, "error", error)

    def rate(self, identity: str, number: int, rating: str) -> None:
        """Remember a thumb beside the answer; `qa/feedback.py` keeps it for the evaluation."""
        self._set(identity, number, "rating", rating)

    def _set(self, identity: str, number: int, column: str, value: str) -> None:
        sql = f"UPDATE exchanges SET {column} = ? WHERE conversation = ? AND number = ?"
        self._database.change(sql, value, identity, number)

    @contextmanager
    def answering(self, identity: str, stop: Stop) -> Generator[None]:
        """Have `stop` end an answer while it is written; one conversation has one at a time."""
        with self._lock:
            if identity in self._answering:
                raise Answering("the last question is still being answered; wait for it or stop it")
            self._answering[identity] = stop
        try:
            yield
        finally:
            with self._lock:
                del self._answering[identity]

    def is_answering(self, identity: str) -> bool:
        """Tell whether an answer is being written in this process."""
        return identity in self._answering

    def wait(self, identity: str, seconds: float) -> None:
        """Wait some time for the answer that is being written, if there is one."""
        ends = time.monotonic() + seconds
        while self.is_answering(identity) and time.monotonic() < ends:
            time.sleep(0.05)

    def stop(self, person: str, identity: str) -> bool:
        """End the answer that is being written; False if there is none."""
        self.get(person, identity)
        with self._lock:
            running = self._answering.get(identity)
        if running:
            running.request()
        return running is not None


def _exchange(row: tuple[Any, ...]) -> Exchange:
    number, question, asked, generation, answer, error, rating, sources = row
    given = read_answer(json.loads(answer)) if answer else None
    limited = tuple(json.loads(sources)) if sources else None
    return Exchange(number, question, asked, generation, given, error, rating, limited)


def _named(name: str) -> str:
    plain = " ".join(one_line(name).split())
    return plain if len(plain) <= MAX_NAME else plain[: MAX_NAME - 2].rstrip() + " …"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _unknown() -> UnknownConversation:
    return UnknownConversation("there is no such conversation; GET /api/conversations lists yours")
