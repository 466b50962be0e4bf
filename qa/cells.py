"""The cell of a table's row that a question asks for, by its column: "Oak plank: Price: 18.40; Stock: 120"."""

import re
from collections.abc import Iterator

from index.questions import NUMBER, asks_for_several, kind_of
from index.readers_tables import is_value
from index.rerank import Question
from index.types import Span
from index.words import words

_WORKED_OUT = frozenset(words("average change difference decrease growth increase ratio sum", "english"))
_SUPERLATIVE = re.compile(r"\b(?:\w{2,}est|most|least)\b", re.IGNORECASE)


def is_row(text: str) -> bool:
    """Tell a row as `index/readers_tables.py` writes it, with two columns at least."""
    return "; " in text and "\n" not in text and all(": " in cell for cell in text.split("; "))


def is_no_cell(question: Question, row: str) -> bool:
    """Tell whether what is asked for is more than a cell of this row: worked out, or in several rows."""
    return asks_for_several(question.text) or _is_worked_out(question, row)


def cell_asked_for(question: Question, row: str) -> Span | None:
    """Return where in a row the value stands whose column is named in the question; None where several are.

    Where several things seem to be asked for, it must be a figure: "What were the wages?"
    """
    numeric, several = kind_of(question.text) in ("count", "date"), asks_for_several(question.text)
    named: list[tuple[set[str], Span]] = []
    for column, (start, end) in _cells(row):
        value = row[start:end]
        told = set(words(value, question.language)) - set(question.words)
        asked = set(words(column, question.language)) & set(question.words)
        if asked and told and (not numeric or NUMBER.search(value)) and (not several or is_value(value)):
            named.append((asked, (start, end)))
    most = max((asked for asked, _ in named), key=len, default=set[str]())
    best = [span for asked, span in named if not asked < most]
    return best[0] if len(best) == 1 and not _is_worked_out(question, row) else None


def _is_worked_out(question: Question, row: str) -> bool:
    """Tell whether what is asked for is worked out from several cells, as a change or the cheapest is."""
    asked = _WORKED_OUT & set(question.words) | set(words(" ".join(_SUPERLATIVE.findall(question.text)), "english"))
    return not asked <= set(words(row, question.language))


def _cells(row: str) -> Iterator[tuple[str, Span]]:
    """Yield the name of each column and where its value stands."""
    at = 0
    for cell in row.split("; "):
        names, _, value = cell.rpartition(": ")
        at += len(cell)
        yield names.rpartition(": ")[2], (at - len(value), at)
        at += len("; ")
