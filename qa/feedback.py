"""What people thought of answers: one line a rating in the library's `feedback.jsonl`, and out of it an evaluation.

The file only grows. A person who changes their mind, or adds a reason, writes a new line with the same id; the last
one counts. `export` writes what `evaluate.py` reads, so that a bad answer becomes a test case.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from index.errors import CitewiseError
from index.index import Index
from index.lock import WriterLock

from .types import Answer, Citation, Turn

FILE = "feedback.jsonl"
UP, DOWN = "up", "down"
_PATIENCE = 30.0
_NEWLINE = b"\n"


@dataclass(frozen=True, slots=True)
class Considered:
    """A passage that was looked at for an answer."""

    passage_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person (`who`) thought of one answer, given at `where`: `up` or `down`, with their reason.

    `time` is ISO 8601 in UTC; `generation` numbers the state of the index that answered.
    """

    id: str
    time: str
    rating: str
    question: str
    text: str
    status: str
    reason: str = ""
    short: str | None = None
    history: tuple[Turn, ...] = ()
    citations: tuple[Citation, ...] = ()
    results: tuple[Considered, ...] = ()
    model: str = "extractive"
    generation: int = 0
    who: str = ""
    where: str = ""


def rate(
    answer: Answer,
    rating: str,
    reason: str = "",
    *,
    history: Sequence[Turn] = (),
    generation: int = 0,
    who: str = "",
    where: str = "",
    of: str = "",
) -> Rating:
    """Return a rating of an answer; `of` names that very answer, so that the same person's next rating replaces it."""
    return Rating(
        id=hashlib.sha256("\0".join((where, of or answer.question + "\0" + answer.text, who)).encode()).hexdigest()[
            :16
        ],
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        rating=rating,
        question=answer.question,
        text=answer.text,
        status=answer.status,
        reason=reason.strip(),
        short=answer.short,
        history=tuple(history),
        citations=answer.citations,
        results=tuple(Considered(r.passage.id, r.passage.source) for r in answer.results),
        model=answer.model,
        generation=generation,
        who=who,
        where=where,
    )


def keep(library: Path, rating: Rating) -> None:
    """Append a rating to the library's file, whole or not at all, and see that it reaches the disk."""
    line = json.dumps(asdict(rating)).encode("ascii") + _NEWLINE
    with WriterLock(library, "feedback").held(_PATIENCE), (library / FILE).open("ab+") as file:
        file.truncate(_end_of_whole_lines(file))
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _end_of_whole_lines(file: BinaryIO) -> int:
    """Return where the last whole line ends: after it stands what a process wrote that was killed meanwhile."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 65_536)
        file.seek(start)
        found = file.read(end - start).rfind(_NEWLINE)
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def ratings(library: Path) -> list[Rating]:
    """Return the ratings in the order in which they were first given, each as it was last written."""
    path = library / FILE
    if not path.exists():
        return []
    found: dict[str, Rating] = {}
    whole, _, _ = path.read_bytes().rpartition(_NEWLINE)
    for number, line in enumerate(whole.split(_NEWLINE), 1):
        if line.strip():
            rating = _rating(line, f"{path}, line {number}")
            found[rating.id] = rating
    return list(found.values())


def _rating(line: bytes, where: str) -> Rating:
    try:
        record: dict[str, Any] = json.loads(line)
        parts: dict[str, Any] = {
            "history": tuple(Turn(**turn) for turn in record["history"]),
            "citations": tuple(Citation(**citation) for citation in record["citations"]),
            "results": tuple(Considered(**result) for result in record["results"]),
        }
        return Rating(**{**record, **parts})
    except (ValueError, TypeError, KeyError) as error:
        raise CitewiseError(f"{where} is no rating ({error}); delete that line to go on without it") from error


def questions(rated: Iterable[Rating]) -> Iterator[dict[str, Any]]:
    """Yield ratings as questions of an evaluation: what was right is expected again, what was wrong is left open.

    A thumbs-up on an answer expects its exact words, or else its quotes, and takes the quotes for evidence; on a "not
    found" it expects "not found". A thumbs-down says only that the answer was no good: `answerable` is null.
    """
    for rating in rated:
        right = rating.rating == UP and rating.status != "not_found"
        quotes = [citation.quote for citation in rating.citations]
        yield {
            "question": rating.question,
            "answers": ([rating.short] if rating.short else quotes) if right else [],
            "evidence": [_evidence(citation) for citation in rating.citations] if right else [],
            "answerable": right if rating.rating == UP else None,
            "history": [message for turn in rating.history for message in _messages(turn)],
            "meta": {
                name: getattr(rating, name)
                for name in ("id", "time", "rating", "reason", "status", "text", "model", "generation", "who", "where")
            },
        }


def _evidence(citation: Citation) -> dict[str, str]:
    return {"doc": plain_name(citation.source), "text": citation.quote}


def _messages(turn: Turn) -> Iterator[dict[str, str]]:
    yield {"role": "user", "text": turn.question}
    if turn.answer:
        yield {"role": "assistant", "text": turn.answer}


def export(index: Index, folder: Path) -> int:
    """Write the library's ratings and the text of its documents as an evaluation; return how many questions it has.

    Raises:
        CitewiseError: the folder holds another evaluation, or can't be written.
    """
    found = ratings(index.library)
    if (folder / "docs").exists():
        raise CitewiseError(f"{folder} has a docs/ folder, so it is another evaluation; export to a new folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "questions.jsonl", questions(found))
        _write(folder / "docs.jsonl", _documents(index))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CitewiseError(f"{folder} can't be written ({reason}); choose another folder") from error
    return len(found)


def _documents(index: Index) -> Iterator[dict[str, str]]:
    for document in index.documents():
        yield {"doc": plain_name(document.source), "text": index.text(document.source)}


def _write(path: Path, records: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def plain_name(source: str) -> str:
    """Return a source as the plain relative name that an evaluation's documents have."""
    parts = PurePosixPath(source.replace("\\", "/").replace(":", "_")).parts
    return "/".join(part for part in parts if part not in ("/", "..")) or "document"
