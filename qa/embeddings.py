"""Which encoder passages are searched by, and vectors from a provider: CITEWISE_EMBEDDING=openai:MODEL, any server
that speaks OpenAI's protocol.

Beside models.py the only file that names a provider. Documents leave the machine towards its address when they are
added, questions when they are asked. Whatever fails ends within a deadline in one EncoderError.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from itertools import pairwise
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from numpy.typing import NDArray

from index.errors import EncoderError
from index.multilingual import MultilingualE5

from .background import Background
from .failures import Failure, Refusal, harmless, reason_of, seconds_asked, told_in
from .settings import MULTILINGUAL, PROVIDER, Settings, SettingsError

OPENAI = "https://api.openai.com/v1"
NO_KEY = "no-key"
"""What is sent as the key where none is given: local servers take any."""
BATCH = 32
BATCH_CHARACTERS = 60_000
"""Texts, and their characters, that are sent at once."""
WAITS = (0.25, 1.0, 4.0, 15.0)
"""Seconds to wait before trying again, where the server does not ask for more; a question waits for the first two."""
SHORTEST = 200
"""Characters under which a text is not cut any more to fit a model."""
PREFIXES = {
    "nomic-embed": ("search_query: ", "search_document: "),
    "multilingual-e5": ("query: ", "passage: "),
    "e5-small": ("query: ", "passage: "),
    "e5-base": ("query: ", "passage: "),
    "e5-large": ("query: ", "passage: "),
    "mxbai-embed": ("Represent this sentence for searching relevant passages: ", ""),
}
"""What families of models were trained to read before a question and before a passage, by a part of their names."""

Vectors = NDArray[np.float32]


def open_encoder(settings: Settings) -> "OpenAIEncoder | MultilingualE5 | None":
    """Open the encoder that the settings name, None for the bundled one; nothing is sent yet."""
    if settings.embedding == MULTILINGUAL:
        return MultilingualE5()
    if not settings.embedding.startswith(PROVIDER):
        return None
    address = (settings.embedding_url or settings.base_url or OPENAI).rstrip("/")
    shared = not settings.embedding_url or _origin(address) == _origin(settings.base_url or OPENAI)
    key = (settings.embedding_key or (settings.api_key if shared else None) or "").strip()
    if _origin(address) == _origin(OPENAI) and not key:
        name = "OPENAI_API_KEY" if shared else "CITEWISE_EMBEDDING_KEY"
        raise SettingsError(f"CITEWISE_EMBEDDING is {settings.embedding}, which needs a key: set {name}")
    if not key.isascii() or not key.isprintable():
        raise SettingsError("the key for CITEWISE_EMBEDDING holds characters that no key has: copy it again")
    return OpenAIEncoder(settings.embedding.removeprefix(PROVIDER), address, key or NO_KEY, settings.model_timeout)


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


class OpenAIEncoder:
    """Embed text with a model at an address, from any thread; `seconds` is the time that one request may take."""

    multilingual = True

    def __init__(self, model: str, address: str, key: str, seconds: float) -> None:
        self.model_name = PROVIDER + model
        parts = urlsplit(address)
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._model, self._key, self._seconds = model, key, seconds
        self._url, self._local = address, parts.hostname in ("localhost", "127.0.0.1", "::1")
        found = (prefixes for part, prefixes in PREFIXES.items() if part in model.lower())
        self._before_question, self._before_passage = next(found, ("", ""))
        self._dimension = 0
        self._lock = Lock()
        self._client: Any = None
        self._background = Background()

    @property
    def dimension(self) -> int:
        """How many numbers a vector has, asked of the server the first time."""
        if not self._dimension:
            self._dimension = len(self.embed_question("How long is a vector?"))
        return self._dimension

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Embed passages: (len(texts), dimension); call `progress` with the number done so far."""
        parts: list[Vectors] = []
        for batch in _batches([self._before_passage + text for text in texts]):
            parts.append(self._wait_for(batch, WAITS))
            if progress:
                progress(sum(map(len, parts)))
        if any(one.shape[1] != other.shape[1] for one, other in pairwise(parts)):
            raise self._lie("gave vectors of different lengths")
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    def embed_question(self, text: str) -> Vectors:
        """Embed a question: (dimension,)."""
        return self._wait_for([self._before_question + text], WAITS[:2])[0]

    def close(self) -> None:
        """Break off what runs and close the connections; they open again at the next call."""
        with self._lock:
            client, self._client = self._client, None
        if client:
            self._background.stop(client.close())

    def _wait_for(self, texts: Sequence[str], waits: Sequence[float]) -> Vectors:
        with self._lock:
            self._client = self._client or self._opened()
        vectors = self._background.submit(self._in_time(texts, waits))
        try:
            return vectors.result()
        except CancelledError:
            raise self._error("was closed while it worked: try again") from None
        finally:
            vectors.cancel()  # which closes the connection where the user has stopped waiting

    def _opened(self) -> Any:
        import openai

        query = dict(parse_qsl(urlsplit(self._url).query))  # as in Azure's addresses
        http = openai.DefaultAsyncHttpxClient(
            params=query,
            headers={"api-key": self._key} if query else {},
            follow_redirects=False,  # they would carry the documents to another address,
            trust_env=not self._local,  # as would a proxy that the environment names
        )
        url = self._url.partition("?")[0]
        return openai.AsyncOpenAI(api_key=self._key, base_url=url, max_retries=0, timeout=None, http_client=http)

    async def _in_time(self, texts: Sequence[str], waits: Sequence[float]) -> Vectors:
        try:
            async with asyncio.timeout(self._seconds) as limit:
                return await self._fitting(texts, waits, limit.when() or 0.0)
        except TimeoutError:
            remedy = "try again, use a faster model, or raise CITEWISE_MODEL_TIMEOUT"
            raise self._error(f"did not finish within {self._seconds:g} seconds: {remedy}") from None

    async def _fitting(self, texts: Sequence[str], waits: Sequence[float], ends: float) -> Vectors:
        """Embed texts; in halves where they are too many for the server, by its beginning where one is too long."""
        try:
            return await self._tried(texts, waits, ends)
        except _TooMuch as error:
            half = len(texts) // 2
            if half:
                parts = [await self._fitting(some, waits, ends) for some in (texts[:half], texts[half:])]
                return np.concatenate(parts)
            if len(texts[0]) <= SHORTEST:
                raise self._error(f"finds the shortest texts too long for {self._model!r} ({error})") from None
            return await self._fitting([texts[0][: len(texts[0]) // 2]], waits, ends)

    async def _tried(self, texts: Sequence[str], waits: Sequence[float], ends: float) -> Vectors:
        """Embed texts, and try again where the failure may pass."""
        for pause in (*waits, None):
            try:
                return await self._sent(texts)
            except EncoderError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes set off in the libraries
                failure = self._failure(error)
                if isinstance(failure, _TooMuch):
                    raise failure from None
                seconds = max(pause or 0.0, failure.wait)
                in_time = asyncio.get_running_loop().time() + seconds < ends
                if pause is None or not failure.passing or not in_time:
                    raise self._error(failure.sentence) from None
            await asyncio.sleep(seconds)
        raise AssertionError("the last try returns or raises")

    async def _sent(self, texts: Sequence[str]) -> Vectors:
        """Send one request and return its vectors in the order of the texts."""
        sendable = [text.encode("utf-8", "replace").decode("utf-8") or " " for text in texts]
        answer = await self._client.embeddings.create(model=self._model, input=sendable, encoding_format="float")
        found = sorted(answer.data, key=lambda one: one.index)
        if [one.index for one in found] != list(range(len(texts))):
            raise self._lie(f"gave {len(found)} vectors for {len(texts)} texts, or numbered them wrongly")
        if len({len(one.embedding) for one in found}) != 1:
            raise self._lie("gave vectors of different lengths")
        return np.array([one.embedding for one in found], np.float32)

    def _failure(self, error: Exception) -> "Failure | _TooMuch":
        """Explain an error of the clients below, in words that hold no key."""
        import openai

        if isinstance(error, openai.APIStatusError):
            told = harmless(told_in(error.body), self._key)
            wait = seconds_asked(error.response.headers)
            refusal = Refusal(error.status_code, str(error.code or ""), told, wait)
            too_much = refusal.too_long or "too large" in told
            return _TooMuch(f"{refusal.status}: {told}") if too_much else self._refused(refusal)
        if isinstance(error, openai.APIConnectionError):
            reason = harmless(reason_of(error), self._key)
            return Failure(f"cannot be reached ({reason}): check that it runs, the network and {_ADDRESS}", True)
        return Failure(f"answers, but not in OpenAI's protocol: check {_ADDRESS}, which often ends in /v1")

    def _refused(self, refusal: Refusal) -> Failure:
        status, model = refusal.status, repr(self._model)
        said = f"{status}: {refusal.told}" if refusal.told else f"{status}"
        if status in (401, 403):
            return Failure(f"does not let this key use {model} ({said}): check the key and CITEWISE_EMBEDDING")
        if status == 404 and "model" in f"{refusal.code} {refusal.told}".lower():
            return Failure(f"has no model {model} (404): name one that it has in CITEWISE_EMBEDDING")
        if status in (404, 405):
            return Failure(f"has no embeddings at this address ({status}): check {_ADDRESS}, which often ends in /v1")
        if refusal.out_of_credit:
            return Failure("has no credit left for this key (429): check the account's plan and billing")
        if status == 429:
            return Failure("gets too many requests at the moment (429): try again later", True, refusal.wait)
        if status >= 500:
            return Failure(f"failed ({said}): try again later, and look into its log", True, refusal.wait)
        if status < 400:
            return Failure(f"has moved ({status}): set {_ADDRESS} to its new address")
        return Failure(f"refused the request ({said}): check CITEWISE_EMBEDDING and {_ADDRESS}")

    def _lie(self, said: str) -> EncoderError:
        return self._error(f"{said}: nothing of it was kept; look into its log, or use another server")

    def _error(self, sentence: str) -> EncoderError:
        return EncoderError(f"the embedding server at {self.address} {sentence}")


_ADDRESS = "CITEWISE_EMBEDDING_URL or OPENAI_BASE_URL"


class _TooMuch(Exception):
    """A request that is too long for the server."""


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Divide texts, in order, so that each part is within BATCH and, if it is more than one text, BATCH_CHARACTERS."""
    start = size = 0
    for at, text in enumerate(texts):
        if at > start and (at - start == BATCH or size + len(text) > BATCH_CHARACTERS):
            yield texts[start:at]
            start, size = at, 0
        size += len(text)
    if texts:
        yield texts[start:]
