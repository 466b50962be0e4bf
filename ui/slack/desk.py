"""What every part of the bot needs at hand, and the shapes in which questions and answers are put down."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from index.errors import CitewiseError, UnknownSource
from qa.settings import Settings
from qa.types import Answer, Turn

from ..render import read_answer
from ..service import Service
from .connect import Me
from .journal import Job, Journal
from .kept import Kept

if TYPE_CHECKING:
    from slack_sdk import WebClient

MENTION, DIRECT, FOLLOW_UP, SHORTCUT, COMMAND = "mention", "direct", "follow_up", "shortcut", "command"


@dataclass(frozen=True, slots=True)
class Desk:
    """The open Chatbot, the clients, who the bot is, and its memory."""

    service: Service
    settings: Settings
    patient: "WebClient"
    hasty: "WebClient"
    me: Me
    journal: Journal
    kept: Kept

    def sources(self, channel: str) -> list[str] | None:
        """Return the sources that a channel is limited to, or None for all.

        Raises:
            CitewiseError: none of them is in the library any more.
        """
        limit = self.kept.limit(channel)
        if limit is None:
            return None
        found = [source for document in limit if (source := self._source(document)) is not None]
        if not found:
            raise CitewiseError(
                "none of the documents that this channel is limited to is in the library any more; "
                "a member can choose others with /ask-docs use, or lift the limit with /ask-docs all"
            )
        return found

    def _source(self, document: str) -> str | None:
        try:
            return self.service.bot.index.document(document).source
        except UnknownSource:
            return None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the way it came, who asked where, and what is needed to answer there.

    `thread` is the ts of the thread's first message; `check` says that another copy of the bot may have answered.
    """

    key: str
    way: str
    channel: str
    user: str
    team: str
    ts: str
    thread: str
    text: str
    response_url: str = ""
    check: bool = False

    def job(self) -> Job:
        """Return it as a job; the jobs of one thread wait for each other."""
        thread = f"{self.channel}:{self.thread}" if self.thread else self.key
        return Job(self.key, "ask", thread, float(self.ts), asdict(self))


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given, with what its rating needs."""

    answer: Answer
    history: tuple[Turn, ...]
    generation: int
    user: str

    def record(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return asdict(self)

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Given":
        """Return it from `record`."""
        history = tuple(Turn(**turn) for turn in record["history"])
        return cls(read_answer(record["answer"]), history, record["generation"], record["user"])
