"""The language model that writes answers, if one is configured: any that speaks OpenAI's protocol.

The only file that names a provider. It knows no prompt and no document: messages in, text out. To add a provider is to
write a Provider and one branch in `open_model`.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .calls import Model
from .failures import TOO_LONG, Failure, Refusal, harmless, reason_of, refused, seconds_asked, told_in
from .provider import Message, ModelError, Piece, Provider, Reply, Stopped
from .settings import PROVIDER, Settings, SettingsError

__all__ = ["Message", "Model", "ModelError", "Reply", "Stopped", "open_model"]

OPENAI = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5.4-mini"
"""OpenAI's model where only a key is given: of the small ones that openai and llama-index know, the newest."""
DEFAULT_CONTEXT = 8192
"""Tokens to plan for where nothing is known about a model."""
NO_KEY = "no-key"
"""What is sent as the key where none is given: local servers take any."""


def open_model(settings: Settings) -> Model | None:
    """Open the model that the settings name, None where they name none; nothing is sent yet."""
    if (settings.model or "").lower() == "none" or not (settings.model or settings.api_key or settings.base_url):
        return None
    address = (settings.base_url or OPENAI).rstrip("/")
    key = (settings.api_key or "").strip()
    if address == OPENAI and not key:
        raise SettingsError("CITEWISE_MODEL is set, but not where the model is: set OPENAI_API_KEY or OPENAI_BASE_URL")
    if address != OPENAI and not settings.model and settings.embedding.startswith(PROVIDER):
        return None  # the address is there for the vectors
    if address != OPENAI and not settings.model:
        listed = f"curl {_shown(address)}/models"
        raise SettingsError(f"CITEWISE_MODEL is not set: name one of the models that this command lists: {listed}")
    if not key.isascii() or not key.isprintable():
        raise SettingsError("OPENAI_API_KEY holds characters that no key has: copy the key again")
    name = settings.model or DEFAULT_MODEL

    def connect(context: int) -> Provider:
        return _OpenAI(name, address, key or NO_KEY, context, settings.model_timeout)

    def context() -> int:
        return settings.model_context or _known_context(name) or DEFAULT_CONTEXT

    return Model(name, _shown(address), settings.model_timeout, context, connect)


def _shown(address: str) -> str:
    """Return an address without the user, password and query that it may hold."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _known_context(name: str) -> int | None:
    """Return the tokens that llama-index knows a model to take."""
    from llama_index.llms.openai.utils import ALL_AVAILABLE_MODELS

    return ALL_AVAILABLE_MODELS.get(_bare(name))


def _bare(name: str) -> str:
    """Return a model's name without its maker's, which gateways put before it."""
    return name.rpartition("/")[2]


class _OpenAI:
    """Speaks OpenAI's protocol through llama-index, and learns which parameters the server takes."""

    def __init__(self, name: str, address: str, key: str, context: int, seconds: float) -> None:
        import openai
        from llama_index.llms.openai.utils import O1_MODELS
        from llama_index.llms.openai_like import OpenAILike

        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query))  # as in Azure's older addresses, which want the key under another name
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        self._client = openai.DefaultAsyncHttpxClient(
            params=query,
            headers={"api-key": key} if query else {},
            follow_redirects=False,  # they would carry the documents to another address,
            trust_env=not local,  # as would a proxy that the environment names
            event_hooks={"response": [_remember]},
        )
        try:
            self._llm = OpenAILike(
                model=name,
                api_base=address.partition("?")[0],
                api_key=key,
                temperature=0.0,  # 1 where llama-index knows that the model takes nothing else
                is_chat_model=True,
                context_window=context,
                max_retries=0,  # Call has its own, within its deadline,
                timeout=2 * seconds,  # which comes first
                async_http_client=self._client,  # pyright: ignore[reportCallIssue] - taken by its base class
            )
        except ValueError:  # a model that llama-index knows to have no chat
            raise ModelError(f"the model {name!r} cannot chat: name another one in CITEWISE_MODEL") from None
        self.thinks = _bare(name) in O1_MODELS
        self._name, self._address, self._key = name, address, key
        self._limits = ("max_completion_tokens",) if self.thinks else ("max_tokens", "max_completion_tokens")
        self._refused: set[str] = set()
        self._streams = True

    async def pieces(self, messages: Sequence[Message], max_tokens: int) -> AsyncGenerator[Piece, None]:
        """Yield an answer's pieces; where the server refuses a parameter, ask again without it, now and later."""
        while True:
            parameters = self._parameters(max_tokens)
            try:
                async with aclosing(self._sent(messages, parameters)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except Exception as error:  # servers refuse a parameter in many ways; anything else is raised again
                if not (name := _refused_parameter(error, parameters)):
                    raise
                self._refused.add(name)

    def _parameters(self, max_tokens: int) -> dict[str, Any]:
        import openai

        limit = next((name for name in self._limits if name not in self._refused), None)
        wanted = {"temperature": self._llm.temperature, "stream_options": {"include_usage": True}}
        parameters = wanted | ({limit: max_tokens} if limit else {})
        return {name: openai.omit if name in self._refused else value for name, value in parameters.items()}

    async def _sent(self, messages: Sequence[Message], parameters: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        """Send one request, streamed if the server can, and see that its response is closed however this ends."""
        from llama_index.core.llms import ChatMessage

        chat = [ChatMessage(role=m.role, content=_encodable(m.content)) for m in messages]
        responses: list[Any] = []
        _responses.set(responses)
        try:
            if self._streams:
                spoke = False
                async for chunk in await self._llm.astream_chat(chat, **parameters):
                    spoke = True
                    yield _piece(chunk.raw)
                if spoke:
                    return
            whole = await self._llm.achat(chat, **parameters)
            self._streams = "json" not in responses[0].headers.get("content-type", "")
            yield _piece(whole.raw)
        finally:
            for response in responses:
                await response.aclose()

    def failure(self, error: Exception) -> Failure:
        """Explain an error of the clients below, in words that hold no key."""
        import httpx
        import openai

        if isinstance(error, openai.APIStatusError):
            told = harmless(told_in(error.body), self._key)
            wait = seconds_asked(error.response.headers)
            return refused(Refusal(error.status_code, str(error.code or ""), told, wait), self._name, self._address)
        if isinstance(error, openai.APIConnectionError):
            reason = harmless(reason_of(error), self._key)
            return Failure(f"cannot be reached ({reason}): check that it runs, the network and OPENAI_BASE_URL", True)
        if isinstance(error, httpx.TransportError):
            return Failure("broke off in the middle of its answer: ask again", True)
        if isinstance(error, openai.APIError):
            told = harmless(error.message, self._key)
            return Failure(f"stopped with an error ({told}): ask again, and look into its log if it stays so")
        return Failure("answers, but not in OpenAI's protocol: check OPENAI_BASE_URL, which often ends in /v1")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


_responses: ContextVar[list[Any]] = ContextVar("_responses")
"""The responses to the request that a task has under way: the clients close them late, or never, when left early."""


async def _remember(response: Any) -> None:
    _responses.get().append(response)


def _piece(raw: Any) -> Piece:
    """Take from a chunk, or from a whole completion, what matters."""
    usage = (raw.usage.prompt_tokens, raw.usage.completion_tokens) if raw.usage else None
    if not raw.choices:
        details = raw.usage and raw.usage.completion_tokens_details
        return Piece(thought=bool(details and details.reasoning_tokens), usage=usage)
    choice = raw.choices[0]
    said = getattr(choice, "delta", None) or choice.message
    thought = bool(getattr(said, "reasoning_content", None) or getattr(said, "reasoning", None))
    return Piece(said.content or "", thought, choice.finish_reason, usage)


def _refused_parameter(error: Exception, sent: Mapping[str, Any]) -> str | None:
    """Return the parameter that a server says it does not take, of those that were sent."""
    import openai

    if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
        return None
    told = told_in(error.body)
    if TOO_LONG.search(told):
        return None
    named = re.findall(r"\w+", f"{error.param} {told}")
    return next((name for name in named if sent.get(name, openai.omit) is not openai.omit), None)


def _encodable(text: str) -> str:
    """Return a text with question marks for the halves of characters that no JSON can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
