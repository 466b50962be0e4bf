"""The cell of a table's row that a question asks for, by its column: "Oak plank: Price: 18.40; Stock: 120"."""

from collections.abc import Iterator

from index.questions import NUMBER, kind_of
from index.rerank import Question
from index.types import Span
from index.words import words

_WORKED_OUT = frozenset(words("average change difference decrease growth increase ratio sum", "english"))


def is_row(text: str) -> bool:
    """Tell a row as `index/readers_tables.py` writes it, with two columns at least."""
    return "; " in text and "\n" not in text and all(": " in cell for cell in text.split("; "))


def is_worked_out(question: Question, row: str) -> bool:
    """Tell whether what is asked for is worked out from several cells, such as a change, and is no cell of the row."""
    return bool(_WORKED_OUT & set(question.words) - set(words(row, question.language)))


def cell_asked_for(question: Question, row: str) -> Span | None:
    """Return where in a row the value stands whose column is named in the question; None where several are."""
    numeric = kind_of(question.text) in ("count", "date")
    named: list[tuple[set[str], Span]] = []
    for column, (start, end) in _cells(row):
        value = row[start:end]
        told = set(words(value, question.language)) - set(question.words)
        asked = set(words(column, question.language)) & set(question.words)
        if asked and told and (not numeric or NUMBER.search(value)):
            named.append((asked, (start, end)))
    most = max((asked for asked, _ in named), key=len, default=set[str]())
    best = [span for asked, span in named if not asked < most]
    return best[0] if len(best) == 1 else None


def _cells(row: str) -> Iterator[tuple[str, Span]]:
    """Yield the name of each column and where its value stands."""
    at = 0
    for cell in row.split("; "):
        names, _, value = cell.rpartition(": ")
        at += len(cell)
        yield names.rpartition(": ")[2], (at - len(value), at)
        at += len("; ")
