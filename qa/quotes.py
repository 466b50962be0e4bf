"""A quote: sentences of a passage, word for word, and the citation that says where it stands."""

import re
from dataclasses import dataclass

from index.types import Passage, Span

from .types import Citation

_LIKE_MARKS = re.compile(r"\[(?:\d{1,4}|unsupported)\]")


@dataclass(frozen=True, slots=True)
class Quote:
    """Sentences in a row of a passage; `span` is within its text.

    `telling` is the sentence for which an item of a list is quoted.
    """

    passage: Passage
    span: Span
    telling: Span | None = None

    @property
    def text(self) -> str:
        """The quoted words."""
        return self.passage.text[self.span[0] : self.span[1]]


def sentences_of(passage: Passage) -> list[Quote]:
    """Return the sentences of a passage."""
    return [Quote(passage, span) for span in passage.sentences]


def cite(quote: Quote, number: int) -> Citation:
    """Return the citation of a quote, its offsets within the document."""
    passage = quote.passage
    return Citation(
        number=number,
        source=passage.source,
        title=passage.title,
        page=passage.page,
        start=passage.start + quote.span[0],
        end=passage.start + quote.span[1],
        quote=quote.text,
        passage_id=passage.id,
    )


def without_marks(text: str) -> str:
    """Return a document's text without its own footnote numbers: left in an answer, they would be taken for marks."""
    return _LIKE_MARKS.sub("", text)
