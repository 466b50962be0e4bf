"""The exact words that answer, from quotes: a cell of a table's row, what the reader points at, or a number or name."""

import re
from collections.abc import Sequence

from index.questions import asks_for_several, is_survey, is_yes_or_no, kind_of
from index.rerank import Question
from index.types import Span

from .cells import (
    cell_asked_for,
    cell_of_its_kind,
    is_no_cell,
    is_of_that_day,
    is_row,
    may_be_another,
    value_of_its_label,
)
from .definitions import definition, term_asked_for
from .quotes import Quote
from .reading import Found
from .short import exact_words
from .widening import (
    has_verb,
    is_numbering,
    whole_cell,
    with_date,
    with_enumeration,
    with_negation,
    without_next_number,
)


def exact_answer(question: str, quotes: Sequence[Quote], found: Found) -> str | None:
    """Return the exact words that answer, from the first quote that has them; what somebody said from any of them."""
    if is_survey(question):
        return None
    term = term_asked_for(question)
    if quotes and term and (named := definition(term, quotes[0].text)):
        return quotes[0].text[slice(*named)]
    if quotes and is_row(row := quotes[0].text):
        asked = found.evidence.question
        others = [quote.text for quote in quotes[1:]]
        if is_of_that_day(question, row) is False or may_be_another(asked, row, others):
            return None
        if cell := cell_asked_for(asked, row):
            return row[slice(*cell)]
        if is_no_cell(asked, row):
            return None
        if cell := cell_of_its_kind(asked, row):
            return row[slice(*cell)]
        quotes = quotes[:1]  # what the rows beside it say is of something else
    elif quotes and (value := value_of_its_label(found.evidence.question, quotes[0].text)):
        return None if is_yes_or_no(question) else quotes[0].text[slice(*value)]
    if not found.readings and found.evidence.question.unsaid and kind_of(question) in ("name", "place"):
        return None  # which name is meant, what stands near its words does not tell: they are few
    if kind_of(question) == "statement" or not found.readings:
        told = ((quote, exact_words(question, quote.text)) for quote in quotes)
        said = next((quote.text[slice(*span)] for quote, span in told if span), None)
        if said or not found.readings:
            return said
    for quote in quotes[:1] if is_yes_or_no(question) else quotes:
        sentences = _sentences(quote)
        if not sentences:  # a list: no few words answer
            return None
        for start, end in sentences:
            if read := found.exact(quote.passage, (start, end)):
                sentence = quote.passage.text[start:end]
                span = _whole(question, sentence, (read[0] - start, read[1] - start))
                if not _says_nothing(question, sentence, span):
                    return sentence[slice(*span)]
    return None


def _sentences(quote: Quote) -> list[Span]:
    """Return the sentences in which the exact words may stand, the one that the quote was chosen for first."""
    if not quote.telling:
        return [quote.span] if quote.span in quote.passage.sentences else []
    inside = [s for s in quote.passage.sentences if quote.span[0] <= s[0] and s[1] <= quote.span[1]]
    return sorted(inside, key=lambda sentence: sentence != quote.telling)


def is_told_by_one_row(question: Question, quotes: Sequence[Quote]) -> bool:
    """Tell whether the first quote is a table's row and a cell of it is what was asked for, alone."""
    row, others = quotes[0].text if quotes else "", [quote.text for quote in quotes[1:]]
    if not is_row(row) or asks_for_several(question.text) or may_be_another(question, row, others):
        return False
    return cell_asked_for(question, row) is not None


def _says_nothing(question: str, text: str, span: Span) -> bool:
    """Tell words that are no answer: the number of a clause, the question's own, or a piece where yes or no is asked.

    Whether something is so is told by what a sentence opens with, up to its verb at least: "No animals are allowed",
    not "on the premises". Where the question gives a choice, its own words may answer.
    """
    told = text[slice(*span)]
    if is_numbering(text, span) or (is_yes_or_no(question) and (span[0] or not has_verb(told))):
        return True
    if not any(map(str.isalpha, told)):
        return told in question
    return " or " not in question and _words(told) <= _words(question)


def _words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"\w+", text)}


def _whole(question: str, text: str, read: Span) -> Span:
    """Return what was read with the words that belong to it: "over 85 targets", "Do not store above 25 °C"."""
    if is_row(text):
        return whole_cell(text, read)
    kind = kind_of(question)
    told = exact_words(question, text) if kind in ("count", "date") else None
    if told and told[0] <= read[0] and read[1] <= told[1]:
        read = told
    elif told and kind == "date":
        read = with_date(text, read, told)
    elif kind == "count":
        read = without_next_number(text, read)
    if asks_for_several(question):
        read = with_enumeration(text, read)
    return with_negation(question, text, read)
