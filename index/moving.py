"""Move a library to another encoder while it answers questions.

Its passages, whose text is all in the store, are copied to a second shelf with the new encoder's vectors. Others may
write meanwhile: what they changed is copied at last, with the writers' lock held, and then one commit puts the new
shelf in the place of the old one. Stopped at any moment before, the library is the old one, and the next move to the
same encoder goes on from there; stopped after, it is the new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

from .encoders import Encoders
from .lock import WriterLock
from .rows import Record
from .shelf import Shelf
from .store import Store
from .types import OnProgress, Progress

GROUP = 64
"""Passages that are embedded and stored at once, and lost at most where a move is stopped."""
_HOWEVER_LONG = -1.0


@dataclass(frozen=True, slots=True)
class _Move:
    """What a move works with; documents changed after generation `begun` are copied afresh."""

    store: Store
    old: Shelf
    new: Shelf
    begun: int
    encoders: Encoders
    writer: WriterLock
    progress: OnProgress | None


def move(
    store: Store, encoders: Encoders, writer: WriterLock, patience: float, progress: OnProgress | None = None
) -> int:
    """Give a library the vectors of other encoders; return how many passages were embedded."""
    with writer.held(patience):
        store.refresh()
        old = store.view.shelf
        if old.fits(encoders) and old.dimension == encoders.passages.dimension:
            store.end_move()
            return 0
        new, begun = store.begin_move(encoders)
    moving = _Move(store, old, new, begun, encoders, writer, progress)
    seen = store.refresh()
    copied = _follow(moving, -1)
    with writer.held(_HOWEVER_LONG):
        store.refresh()
        copied += _follow(moving, seen)
        store.switch(new, encoders)
        store.end_move()
    return copied


def _follow(moving: _Move, since: int) -> int:
    """Bring the new shelf to what was committed after generation `since`; return how many passages were embedded."""
    records = list(moving.store.changes(since))
    for record in records:
        if record.generation > moving.begun:
            with moving.writer.held(_HOWEVER_LONG):
                moving.new.drop(record.document.id)
    present = [record for record in records if not record.removed]
    wanted = ((i, record) for record in present for i in record.passage_ids)
    numbers = {record.document.id: number for number, record in enumerate(present, start=1)}
    copied = 0
    while some := dict(islice(wanted, GROUP)):
        copied += _copy(moving, some)
        if moving.progress:
            last, record = list(some.items())[-1]
            done = (int(last.rpartition(".")[2]) + 1) / record.document.passages
            number = numbers[record.document.id]
            moving.progress(Progress(record.document.source, number, len(present), "embedding", done))
    return copied


def _copy(moving: _Move, wanted: Mapping[str, Record]) -> int:
    """Copy those passages that the new shelf lacks; return how many they were."""
    lacking = moving.new.lacks(list(wanted))
    rows = list(moving.old.rows({i: wanted[i] for i in lacking}).values())
    if not rows:
        return 0
    known = [row.sketch for row in rows] if moving.old.sentences == moving.new.sentences else None
    vectors, sketches = moving.encoders.of_passages([row.passage for row in rows], None, known)
    with moving.writer.held(_HOWEVER_LONG):
        moving.store.refresh()
        moving.store.may_write()
        moving.new.put([replace(row, sketch=s) for row, s in zip(rows, sketches, strict=True)], vectors)
    return len(rows)
