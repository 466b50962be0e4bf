"""Calls to a language model: with a deadline, tried again where that may help, ending in a Reply or a ModelError.

It knows no provider: what talks to one is a Provider (models.py), and what its failures mean is told by failures.py.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, SimpleQueue
from threading import Lock

from .background import Background
from .provider import Message, ModelError, Piece, Provider, Reply, Stopped
from .stopping import Stop
from .thoughts import estimated_tokens, has_thoughts, without_half_a_tag, without_thoughts

WAITS = (0.25, 1.0)
"""Seconds to wait before the second and the third try, where the server does not ask for more."""
ROOM_TO_THINK = 4096
"""Tokens that a model gets beside those of its answer, once it is known to think first."""
LONGEST_TOKEN = 24
"""Characters for each token allowed, after which a server that ignores the limit is cut off."""
_GRACE = 5.0
"""Seconds that a call may take to end after its deadline."""


class Model:
    """Holds the connections to a language model; safe to share between threads."""

    def __init__(
        self, name: str, address: str, seconds: float, context: Callable[[], int], connect: Callable[[int], Provider]
    ) -> None:
        self.name = name
        self.address = address
        self.seconds = seconds
        self._context = context
        self._connect = connect
        self._provider: Provider | None = None
        self._lock = Lock()
        self._background = Background()

    @cached_property
    def context(self) -> int:
        """The tokens of the context window to plan for."""
        return self._context()

    def stream(
        self, messages: Sequence[Message], max_tokens: int, seconds: float | None = None, stop: Stop | None = None
    ) -> Iterator[Reply]:
        """Yield the reply as it grows, each time whole, the last one `done`; raise ModelError where it fails.

        `seconds` is the time left, where that is less than a call may take. Once `stop` is requested the connection is
        closed, and Stopped raised.
        """
        seconds = max(0.0, min(self.seconds, self.seconds if seconds is None else seconds))
        said: SimpleQueue[str | Future[Reply]] = SimpleQueue()
        provider = self._connected()
        call = _Call(provider, self._where, messages, max_tokens, self.context, seconds, said.put)
        answer = self._background.submit(call.answer())
        answer.add_done_callback(said.put)
        if stop:
            stop.on_request(answer.cancel)
        try:
            yield from self._snapshots(said, call.asked)
        except ModelError:
            if stop and stop.requested:
                raise Stopped(f"{self._where} was told to stop") from None
            raise
        finally:
            answer.cancel()  # which closes the connection

    def complete(
        self, messages: Sequence[Message], max_tokens: int, seconds: float | None = None, stop: Stop | None = None
    ) -> Reply:
        """Return the whole reply; raise ModelError where it fails."""
        *_, last = self.stream(messages, max_tokens, seconds, stop)
        return last

    def connect(self) -> None:
        """Load what the first call needs; nothing is sent."""
        self._connected()

    def close(self) -> None:
        """Break off what runs and close the connections; they open again at the next call."""
        with self._lock:
            provider, self._provider = self._provider, None
        if provider:
            self._background.stop(provider.close())

    @property
    def _where(self) -> str:
        return f"the model's server at {self.address}"

    def _connected(self) -> Provider:
        with self._lock:
            self._provider = self._provider or self._connect(self.context)
            return self._provider

    def _snapshots(self, said: "SimpleQueue[str | Future[Reply]]", asked: int) -> Iterator[Reply]:
        """Yield what was said whenever there is more of it; all that came meanwhile makes one snapshot."""
        raw = shown = ""
        while True:
            pieces, answer = self._news(said)
            if answer:
                yield self._result(answer)
                return
            raw += "".join(pieces)
            text = without_thoughts(without_half_a_tag(raw))
            if text != shown:
                yield Reply(text, asked, estimated_tokens(raw))
                shown = text

    def _news(self, said: "SimpleQueue[str | Future[Reply]]") -> "tuple[list[str], Future[Reply] | None]":
        try:
            news = [said.get(timeout=self.seconds + _GRACE)]
        except Empty:
            raise _late(self._where, self.seconds) from None
        while not said.empty():
            news.append(said.get())
        last = news[-1]
        return [piece for piece in news if isinstance(piece, str)], None if isinstance(last, str) else last

    def _result(self, answer: "Future[Reply]") -> Reply:
        try:
            return answer.result()
        except CancelledError:
            raise ModelError(f"{self._where} was closed while it answered: ask again") from None


@dataclass(slots=True)
class _Heard:
    """What was heard in one try."""

    text: str = ""
    thought: bool = False
    finish: str | None = None
    usage: tuple[int, int] | None = None
    room: int = 0  # tokens that it had for thinking

    def take(self, piece: Piece) -> None:
        """Add a piece."""
        self.text += piece.text
        self.thought = self.thought or piece.thought
        self.finish = piece.finish or self.finish
        self.usage = piece.usage or self.usage


@dataclass(frozen=True, slots=True)
class _Call:
    """One question to a model and where its answer's pieces go; `context` is how many tokens the model takes."""

    provider: Provider
    where: str
    messages: Sequence[Message]
    max_tokens: int
    context: int
    seconds: float
    say: Callable[[str], None]

    async def answer(self) -> Reply:
        """Return the whole answer within the seconds given; raise ModelError where it fails."""
        try:
            async with asyncio.timeout(self.seconds) as limit:
                heard = await self._heard(limit.when() or 0.0)
        except TimeoutError:
            raise _late(self.where, self.seconds) from None
        return self._reply(heard)

    @property
    def asked(self) -> int:
        """The estimated tokens of the messages."""
        return sum(estimated_tokens(message.content) for message in self.messages)

    async def _heard(self, ends: float) -> _Heard:
        """Listen, and ask again where the failure may pass and nothing was said yet."""
        for pause in (*WAITS, None):
            heard = _Heard()
            try:
                await self._listen(heard)
                if self._was_lost_in_thought(heard):
                    heard = _Heard()
                    await self._listen(heard)
                return heard
            except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes set off in the libraries
                failure = self.provider.failure(error)
                seconds = max(pause or 0.0, failure.wait)
                in_time = asyncio.get_running_loop().time() + seconds < ends
                if pause is None or not failure.passing or heard.text or not in_time:
                    raise ModelError(f"{self.where} {failure.sentence}") from None
            await asyncio.sleep(seconds)
        raise AssertionError("the last try returns or raises")

    async def _listen(self, heard: _Heard) -> None:
        heard.room = self._room() if self.provider.thinks else 0
        limit = self.max_tokens + heard.room
        async with aclosing(self.provider.pieces(self.messages, limit)) as pieces:
            async for piece in pieces:
                heard.take(piece)
                if piece.text:
                    self.say(piece.text)
                if len(heard.text) > LONGEST_TOKEN * limit:
                    heard.finish = "length"
                    break

    def _was_lost_in_thought(self, heard: _Heard) -> bool:
        """Tell whether the model spent all its tokens on thinking, with no room for it; remember that it thinks."""
        lost = heard.finish == "length" and not without_thoughts(heard.text)
        self.provider.thinks = self.provider.thinks or lost or heard.thought or has_thoughts(heard.text)
        return lost and not heard.room and self._room() > 0

    def _room(self) -> int:
        """Return how many tokens of thinking fit beside the messages, whose estimate may be a quarter too low."""
        return max(0, min(ROOM_TO_THINK, self.context - self.asked * 5 // 4 - self.max_tokens))

    def _reply(self, heard: _Heard) -> Reply:
        text = without_thoughts(heard.text)
        if heard.finish == "content_filter":
            raise ModelError(f"{self.where} stopped at its provider's content filter: ask in other words")
        if not heard.finish and not heard.usage:
            raise ModelError(f"{self.where} broke off in the middle of its answer: ask again")
        if not text and heard.finish == "length":
            raise ModelError(f"{self.where} spent all its tokens before it said anything: use a model that thinks less")
        if not text:
            raise ModelError(f"{self.where} answered with nothing: ask again or use another model")
        asked, answered = heard.usage or (self.asked, estimated_tokens(heard.text))
        return Reply(text, asked, answered, "length" if heard.finish == "length" else "stop", done=True)


def _late(where: str, seconds: float) -> ModelError:
    """Say that a model was too slow."""
    remedy = "ask again, use a faster model, or raise CITEWISE_MODEL_TIMEOUT"
    return ModelError(f"{where} did not finish within {seconds:g} seconds: {remedy}")
