"""What a server counts, for Prometheus: questions, how long answers take, uploads, errors.

Numbers only: no question, document or person's name is in a label. Each server has a registry of its own.
"""

from collections.abc import Generator, Iterator
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.types import Added, Document
from qa.types import Answer

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._registry = own = CollectorRegistry()
        by = ("front_end", "status")
        self._questions = Counter("citewise_questions", "Questions by outcome", by, registry=own)
        self._seconds = Histogram(
            "citewise_answer_seconds", "Seconds to a whole answer", by[:1], registry=own, buckets=_SECONDS
        )
        self._uploads = Counter("citewise_uploads", "Uploaded files by outcome", ("outcome",), registry=own)
        self._responses = Counter("citewise_responses", "HTTP responses by class", ("status",), registry=own)
        self._documents = Gauge("citewise_documents", "Documents in the library", registry=own)
        self._passages = Gauge("citewise_passages", "Passages in the library", registry=own)

    def watched(self, front_end: str, snapshots: Iterator[Answer]) -> Generator[Answer]:
        """Yield the snapshots of an answer; count it once it is whole, fails or is stopped."""
        began, status = perf_counter(), "error"
        try:
            for answer in snapshots:
                status = answer.status if answer.done else "stopped"
                yield answer
        except Exception:  # counted, and raised again
            status = "error"
            raise
        finally:
            self._questions.labels(front_end, status).inc()
            self._seconds.labels(front_end).observe(perf_counter() - began)

    def uploaded(self, added: Added) -> None:
        """Count what became of uploaded files."""
        for outcome, files in (("added", added.documents), ("unchanged", added.unchanged), ("failed", added.failed)):
            self._uploads.labels(outcome).inc(len(files))

    def responded(self, status: int) -> None:
        """Count a response."""
        self._responses.labels(f"{status // 100}xx").inc()

    def text(self, documents: list[Document] | None) -> bytes:
        """Return all figures in Prometheus's format, with those of the library if it is open."""
        self._documents.set(len(documents or ()))
        self._passages.set(sum(document.passages for document in documents or ()))
        return generate_latest(self._registry)


class Counted:
    """An ASGI middleware that counts responses; an error that passes it becomes a 500 further out."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Stand before an application."""
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.responded(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, counted)
        except Exception:  # counted, and raised again
            self.metrics.responded(500)
            raise
