"""The chatbot: documents in a library, a question in, an Answer out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from time import perf_counter
from types import TracebackType

from platformdirs import user_data_path

from index.index import Index
from index.multilingual import MultilingualE5
from index.types import Added, Context, OnProgress, SearchResult

from .embeddings import OpenAIEncoder, open_encoder
from .examples import candidates
from .extract import answer_by_quotes
from .followup import context_of, standalone
from .generate import OWN_WORDS, answer_by_model, standalone_by
from .models import Model, ModelError, open_model
from .parts import Part, look_up
from .reading import looked_at
from .rewording import taken_as
from .settings import Settings
from .stopping import Stop
from .types import Answer, Turn
from .versions import with_conflicts


class Chatbot:
    """Answer questions from the documents of one library; holds no conversation, and is safe to share by threads."""

    def __init__(self, index: Index, settings: Settings, model: Model | None = None) -> None:
        self.index = index
        self.settings = settings
        self.model = model

    @classmethod
    def open(cls, library: str | Path | None = None, settings: Settings | None = None) -> "Chatbot":
        """Open the library in a folder, made if there is none; by default the one that the settings name."""
        settings = settings or Settings.from_env()
        folder = library or settings.library or default_library()
        return cls(_open_index(folder, settings), settings, open_model(settings))

    def __enter__(self) -> "Chatbot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the library and every connection to a provider."""
        self.index.close()
        if isinstance(self.index.encoder, OpenAIEncoder | MultilingualE5):
            self.index.encoder.close()
        if self.model:
            self.model.close()

    def seen_by(self, person: str) -> "Chatbot":
        """Return this open chatbot as one person sees it, who is asked about nobody else's uploads."""
        return Chatbot(self.index.seen_by(person), self.settings, self.model)

    def add(self, paths: str | Path | Iterable[str | Path], progress: OnProgress | None = None) -> Added:
        """Add files and folders; add a folder again to follow its changes."""
        return self.index.add([paths] if isinstance(paths, str | Path) else paths, progress)

    def ask(self, question: str, history: Sequence[Turn] = (), sources: Sequence[str] | None = None) -> Answer:
        """Answer a question, given the turns before it, from all documents or only from `sources`."""
        *_, last = self.stream(question, history, sources)
        return last

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        sources: Sequence[str] | None = None,
        stop: Stop | None = None,
    ) -> Iterator[Answer]:
        """Yield the answer as it grows, each time whole; the last one is complete and checked.

        Once `stop` is requested, from any thread, what was checked until then is the last one.
        """
        began = perf_counter()
        meant = self._meant(question, history, stop)
        condensed = perf_counter()
        found, parts = look_up(self.index, meant.question, sources, meant.context, reader=self.settings.reader)
        searched = perf_counter()
        answer = replace(
            answer_by_quotes(meant.question, found, parts),
            question=question,
            standalone=meant.standalone(question, history),
        )
        timings = {
            **meant.timings,
            "condense": (condensed - began) * 1000,
            "search": (searched - condensed) * 1000,
            "answer": (perf_counter() - searched) * 1000,
        }
        for shown in self._written(meant, replace(answer, timings=timings), parts, began, stop):
            yield with_conflicts(self.index, meant.question, shown, sources) if shown.done else shown

    def _written(
        self, meant: "_Meant", answer: Answer, parts: Sequence[Part], began: float, stop: Stop | None
    ) -> Iterator[Answer]:
        """Yield an answer by quotes, or the one that the model writes in its place."""
        if self.model is None or answer.status == "not_found":
            yield answer
        elif stop and stop.requested:
            yield replace(answer, text="", short=None, citations=(), status="partial", stopped=True)
        elif meant.failed:
            yield replace(answer, note=f"{meant.failed}; {OWN_WORDS}")
        else:
            drop, left = self.settings.unsupported == "drop", self.model.seconds - (perf_counter() - began)
            yield from answer_by_model(self.model, meant.question, answer, parts, drop=drop, seconds=left, stop=stop)

    def _meant(self, question: str, history: Sequence[Turn], stop: Stop | None = None) -> "_Meant":
        """Return the question as it is searched for: made to stand alone by the model, or with what it leans on."""
        if self.model is None or not history or not question.strip():
            return _Meant(*taken_as(question, history))
        try:
            reply = standalone_by(self.model, question, history, stop)
        except ModelError as error:
            return _Meant(question, context_of(question, history), failed=str(error))
        tokens = {"prompt_tokens": float(reply.prompt_tokens), "completion_tokens": float(reply.completion_tokens)}
        context = () if reply.text else context_of(question, history)
        return _Meant(reply.text or question, context, timings=tokens)

    def search(
        self, query: str, k: int = 10, sources: Sequence[str] | None = None, context: Context = ()
    ) -> list[SearchResult]:
        """Return the `k` passages that answer best, best first: the index's search, its foremost ones read closely.

        `context` is what the query leaves unsaid. Scores compare within one search only.
        """
        found = looked_at(self.index.evidence(query, sources, context), reader=self.settings.reader)
        results = [SearchResult(c.passage, c.score) for c in found.evidence.candidates]
        if k > len(results):
            seen = {result.passage.id for result in results}
            rest = (r for r in self.index.search(query, k, sources, context) if r.passage.id not in seen)
            floor = results[-1].score if results else 0.0
            results += [replace(r, score=floor - 1 - n) for n, r in enumerate(rest)]
        return results[:k]

    def examples(self, n: int = 4) -> list[str]:
        """Return up to `n` questions, made from the documents' own sentences, that the documents answer by quotes."""
        found: list[str] = []
        plain = Chatbot(self.index, self.settings)  # nobody has asked: the model gets nothing
        for question in islice(candidates(self.index, n), _TRIED * n):
            if len(found) < n and plain.ask(question).status == "answered":
                found.append(question)
        return found


def reindex(library: str | Path | None, settings: Settings, progress: OnProgress | None = None) -> tuple[str, int]:
    """Move a library to the encoder that the settings name; return its name and the passages embedded.

    Questions are answered meanwhile; see `Index.reindex`.
    """
    folder = library or settings.library or default_library()
    with Chatbot(_open_index(folder, settings, moving=True), settings) as bot:
        return bot.index.encoder.model_name, bot.index.reindex(progress=progress)


def _open_index(folder: str | Path, settings: Settings, moving: bool = False) -> Index:
    return Index(folder, settings.chroma_url, open_encoder(settings), moving, settings.chroma_token)


@dataclass(frozen=True, slots=True)
class _Meant:
    """What is searched for, with `context` for what it leaves unsaid; `failed` is why the model did not make it."""

    question: str
    context: Context = ()
    failed: str | None = None
    timings: dict[str, float] = field(default_factory=dict[str, float])

    def standalone(self, question: str, history: Sequence[Turn]) -> str | None:
        """Return what is searched for in words, where that is more than what was asked."""
        whole = standalone(self.question, history) if self.context else self.question
        return whole if whole != question else None


_TRIED = 4
"""Questions tried for each example that is shown."""


def default_library() -> Path:
    """Return the folder of the library that is used when none is named."""
    return user_data_path("citewise", appauthor=False) / "library"
