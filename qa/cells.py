"""The cell of a table's row that a question asks for, by its column: "Oak plank: Price: 18.40; Stock: 120"."""

import re
from collections.abc import Iterator, Sequence

from index.questions import NUMBER, asks_for_several, kind_of
from index.readers_tables import is_value
from index.rerank import Question
from index.types import Span
from index.words import is_common, words

from .checks.dates import moments, states_moment

_WORKED_OUT = frozenset(
    words(
        "above altogether average below change combined difference decrease exceed growth increase overall ratio"
        " respectively sum total",
        "english",
    )
)
_COLUMNS = (  # what a column may be called that holds what is asked for
    (re.compile(r"\bhow many\b", re.IGNORECASE), "quantity qty stock count number pieces"),
    (re.compile(r"\bhow much\b|\bwhat\b.*\b(?:costs?|price)\b", re.IGNORECASE), "price cost amount fee charge"),
    (re.compile(r"\b(?:when|what date)\b", re.IGNORECASE), "date day"),
)
_COUNTED = re.compile(r"\bhow many (\w+)", re.IGNORECASE)
_ALIKE = 3  # letters that forms of one word share: "sleep", "slept"
_KNOWN = 2  # words of a cell by which a question tells it
_LABEL = re.compile(r"([^:.!?\n]{1,40}):[ \t]+((?!.*[.!?]\s)[^\n;]{1,80})$")
_SUPERLATIVE = re.compile(r"\b(?:\w{2,}est|most|least)\b", re.IGNORECASE)


def is_row(text: str) -> bool:
    """Tell a row as `index/readers_tables.py` writes it, with two columns at least."""
    return "; " in text and "\n" not in text and all(": " in cell for cell in text.split("; "))


def is_of_that_day(question: str, row: str) -> bool | None:
    """Tell whether a row is of a day that is asked about; None where none is, or the row has no date.

    "9 May" is asked for, and "2024-05-09" stands in the table: of their words they share none.
    """
    days, dates = [moment for moment in moments(question) if moment.day], moments(row)
    if not days or not any(moment.day for moment in dates):
        return None
    return any(states_moment(day, row) for day in days)


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
        asked = _shared(words(column, question.language), question)
        told = told if not is_of_that_day(question.text, value) else set()
        if asked and told and (not numeric or NUMBER.search(value)):
            named.append((asked, (start, end)))
    figures = all(is_value(row[a:b]) for _, (a, b) in named)
    if _is_worked_out(question, row) or (several and (len(named) > 1 or not figures)):
        return None
    if not named and not numeric:
        return _beside_what_is_known(question, row)
    most = max((asked for asked, _ in named), key=len, default=set[str]())
    best = _of_the_counted(question, [(asked, span) for asked, span in named if not asked < most])
    return best[0] if len(best) == 1 else None


def may_be_another(question: Question, row: str, others: Sequence[str]) -> bool:
    """Tell whether another of these rows of the same table has as much of the question, and may be meant as well.

    Of "Goodwill" and "Goodwill impairment" the first is meant, where the question says no more.
    """
    asked, columns = set(question.words), [name for name, _ in _cells(row)]
    held = set(words(row, question.language)) & asked
    for other in others:
        alike = is_row(other) and [name for name, _ in _cells(other)] == columns
        named = _name_of(row, question) <= asked and not _name_of(other, question) <= asked
        another_day = is_of_that_day(question.text, other) is False
        if alike and not named and not another_day and held <= set(words(other, question.language)):
            return True
    return False


def _name_of(row: str, question: Question) -> set[str]:
    """Return the words of what a row is about: "Goodwill" of "Goodwill: 2019: 12; 2018: 9", its first value else."""
    *names, _, value = ["", *row.partition("; ")[0].split(": ")]
    return set(words(" ".join(names) or value, question.language))


def cell_of_its_kind(question: Question, row: str) -> Span | None:
    """Return where the one value stands whose column holds such things: of "How many bolts?", "Quantity: 340"."""
    names = {name for pattern, names in _COLUMNS if pattern.search(question.text) for name in words(names, "english")}
    cells = ((set(words(column, question.language)) & names, span) for column, span in _cells(row))
    found = [span for named, span in cells if named and NUMBER.search(row[slice(*span)])]
    return found[0] if len(found) == 1 else None


def value_of_its_label(question: Question, line: str) -> Span | None:
    """Return where the value stands in a line with the label that is asked for: "Capacity: 8 kg"."""
    label = _LABEL.match(line)
    telling = {word for word in words(label[1], question.language) if not is_common(word)} if label else set[str]()
    return label.span(2) if label and telling and telling <= set(question.words) else None


def _beside_what_is_known(question: Question, row: str) -> Span | None:
    """Return the other cell of a row of two, where the question tells one: "Which status means not found?"."""
    values = [span for _, span in _cells(row)]
    shared = [len(set(words(row[a:b], question.language)) & set(question.words)) for a, b in values]
    return values[shared.index(0)] if len(values) == 2 and min(shared) == 0 and max(shared) >= _KNOWN else None


def _shared(column: Sequence[str], question: Question) -> set[str]:
    """Return the question's words that a column's name has; where it has some, also those that begin alike: "slept"."""
    same = set(column) & set(question.words)
    alike = {
        asked
        for asked in question.words
        for word in column
        if len(word) > _ALIKE < len(asked) and word[:_ALIKE] == asked[:_ALIKE]
    }
    return same | alike if same else same


def _of_the_counted(question: Question, named: Sequence[tuple[set[str], Span]]) -> list[Span]:
    """Return the cells whose columns say most of what is asked, where things are counted.

    Of as many words, those beside what is counted tell more: in "How many targets were destroyed?", "destroyed".
    """
    counted = set(words(" ".join(_COUNTED.findall(question.text)), question.language))
    most = max((len(asked) for asked, _ in named), default=0)
    longest = [(asked, span) for asked, span in named if len(asked) == most or not counted]
    telling = [span for asked, span in longest if not asked <= counted]
    return telling if counted and len(telling) == 1 else [span for _, span in longest]


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
