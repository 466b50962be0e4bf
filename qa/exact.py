"""The exact words that answer, from quotes: a cell of a table's row, what the reader points at, or a number or name."""

from collections.abc import Sequence

from index.questions import asks_for_several, is_survey, is_yes_or_no, kind_of
from index.rerank import Question
from index.types import Span

from .cells import cell_asked_for, is_no_cell, is_row
from .definitions import definition, term_asked_for
from .quotes import Quote
from .reading import Found
from .short import exact_words

_WORDS_THAT_TELL = 3


def exact_answer(question: str, quotes: Sequence[Quote], found: Found) -> str | None:
    """Return the exact words that answer, from the first quote that has them; what somebody said from any of them."""
    if is_survey(question):
        return None
    term = term_asked_for(question)
    if quotes and term and (named := definition(term, quotes[0].text)):
        return quotes[0].text[slice(*named)]
    if quotes and is_row(row := quotes[0].text):
        if cell := cell_asked_for(found.evidence.question, row):
            return row[slice(*cell)]
        if is_no_cell(found.evidence.question, row):
            return None
    if kind_of(question) == "statement" or not found.readings:
        told = ((quote, exact_words(question, quote.text)) for quote in quotes)
        said = next((quote.text[slice(*span)] for quote, span in told if span), None)
        if said or not found.readings:
            return said
    for quote in quotes:
        if quote.span not in quote.passage.sentences:  # a list: no few words answer
            return None
        if read := found.exact(quote.passage, quote.span):
            start, end = _whole(question, quote, (read[0] - quote.span[0], read[1] - quote.span[0]))
            words = quote.text[start:end]
            if not _says_nothing(question, words):
                return words
    return None


def is_told_by_one_row(question: Question, quotes: Sequence[Quote]) -> bool:
    """Tell whether the first quote is a table's row and a cell of it is what was asked for, alone."""
    row = quotes[0].text if quotes else ""
    return is_row(row) and not asks_for_several(question.text) and cell_asked_for(question, row) is not None


def _says_nothing(question: str, words: str) -> bool:
    """Tell words that are no answer: the year that was asked about; of what is or is not so, one or two words."""
    if words in question and not any(map(str.isalpha, words)):
        return True
    return is_yes_or_no(question) and len(words.split()) < _WORDS_THAT_TELL


def _whole(question: str, quote: Quote, read: Span) -> Span:
    """Return what was read, a number or a date with the words around that belong to it: "over 85 targets"."""
    told = exact_words(question, quote.text) if kind_of(question) in ("count", "date") else None
    return told if told and told[0] <= read[0] and read[1] <= told[1] else read
