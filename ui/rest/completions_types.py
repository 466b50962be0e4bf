"""OpenAI's protocol as data: the requests that are taken, which say in one line what is refused, and the replies."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError

from ..service import MAX_QUESTION

MODEL = "citewise"
_TEXT = ("text", "input_text", "output_text", "refusal")
_ROLES = ("system", "developer", "user", "assistant")


def _is_text(kind: str) -> str:
    if kind not in _TEXT:
        raise PydanticCustomError("refused", "citewise reads text only; leave out images, sound and files")
    return kind


def _is_role(role: str) -> str:
    if role not in _ROLES:
        raise PydanticCustomError("refused", "citewise knows system, developer, user and assistant; leave out others")
    return role


def _is_empty(tools: Any) -> None:
    if tools:
        raise PydanticCustomError("refused", "citewise calls no tools; leave them out")


def _is_one(n: int | None) -> None:
    if n not in (None, 1):
        raise PydanticCustomError("refused", "citewise gives one answer; leave n out")


NoTools = Annotated[Any, AfterValidator(_is_empty)]


class Part(BaseModel):
    """A part of a message: text."""

    type: Annotated[str, AfterValidator(_is_text)]
    text: str = ""


class MessageIn(BaseModel):
    """A message of the conversation; those of the system are ignored."""

    role: Annotated[str, AfterValidator(_is_role)]
    content: str | list[Part] | None = None
    tool_calls: NoTools = None

    @property
    def text(self) -> str:
        """The message's text, whichever way it was sent."""
        parts = [part.text for part in self.content] if isinstance(self.content, list) else [self.content or ""]
        return "\n".join(parts).strip()


def _ask(messages: list[MessageIn]) -> list[MessageIn]:
    asked = next((message.text for message in reversed(messages) if message.role == "user"), "")
    if not asked:
        raise PydanticCustomError("refused", "there is no question; the user's last message must hold one")
    if len(asked) > MAX_QUESTION:
        raise PydanticCustomError(
            "refused", "the question is longer than {most} characters; shorten it", {"most": MAX_QUESTION}
        )
    return messages


class StreamOptions(BaseModel):
    """What a stream tells beside the answer."""

    include_usage: bool | None = None


class CompletionIn(BaseModel):
    """A conversation that ends in a question; OpenAI's other parameters are ignored."""

    model: str
    messages: Annotated[list[MessageIn], AfterValidator(_ask)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int | None, AfterValidator(_is_one)] = None
    tools: NoTools = None
    functions: NoTools = None


@dataclass(frozen=True, slots=True)
class Cited:
    """A quote, verbatim, and where it stands; `link` shows it there, if citewise knows its public address."""

    number: int
    source: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    link: str | None


@dataclass(frozen=True, slots=True)
class MessageOut:
    """The answer as Markdown with marks, and beside OpenAI's fields its citations, status and note."""

    role: Literal["assistant"]
    content: str
    citations: tuple[Cited, ...]
    status: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The one answer."""

    index: int
    message: MessageOut
    finish_reason: Literal["stop"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the language model; none without one."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply that is not streamed."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model that can be asked."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models that can be asked."""

    object: Literal["list"]
    data: tuple[ModelCard, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, and the part of the request that it lies in."""

    message: str
    type: str
    param: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Problems:
    """An error in OpenAI's form."""

    error: Problem
