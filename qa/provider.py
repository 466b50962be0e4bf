"""What is said to a language model and what it says: the values that callers, calls and providers share."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.errors import CitewiseError

from .failures import Failure


class ModelError(CitewiseError):
    """Say why the language model gave no answer and what to do."""


class Stopped(ModelError):
    """Say that the call was broken off, because nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is said to the model, by "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model has said so far, without its thoughts; with `done` all of it, and `finish` "stop" or "length"."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish: str = "stop"
    done: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """What a provider sent: some text, whether it thought, why it ended, the tokens asked and answered."""

    text: str = ""
    thought: bool = False
    finish: str | None = None
    usage: tuple[int, int] | None = None


class Provider(Protocol):
    """Talks to one model of one provider, on an event loop; `thinks` where the model is known to think first."""

    thinks: bool

    def pieces(self, messages: Sequence[Message], max_tokens: int) -> AsyncGenerator[Piece, None]:
        """Yield an answer's pieces as they come."""
        ...

    def failure(self, error: Exception) -> Failure:
        """Explain whatever `pieces` raised."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
