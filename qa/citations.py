"""A model's marks to verified quotes: the one function that every generated answer goes through, streamed or not.

Each statement of the model's text is held against the passages that it cites. Where they bear it out, it gets marks
that number the exact quotes in reading order; where another passage does, its marks are moved; where none does, it is
flagged or left out. What a statement is, `statements.py` says; what bears it out, `support.py`. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .checks.claims import Claim, read_claim, telling_words
from .checks.dates import Moment, states_moment
from .checks.figures import Figure, states_figure
from .checks.names import has_name, word_set
from .checks.sources import Source
from .checks.statements import Statement, statements
from .checks.support import answering, supporting
from .quotes import Quote, cite
from .types import Citation

UNSUPPORTED = "[unsupported]"
"""What follows a sentence that its quotes do not bear out."""

_NOT = r"\b(?:do(?:es)? not|don['’]t|doesn['’]t|did(?: not|n['’]t)|cannot|can['’]t|never|fails? to|lacks?|nowhere)\b"
_IS_NOT = r"\b(?:is|are|was|were)(?: not|n['’]t)(?: (?:explicit|direct|specifical)ly)?"
_TELL = "mention|state|specif|say|describ|address|discuss|indicate|tell|name|list|explain|report|clarif|identif|disclos"
_ABSENCE = re.compile(
    rf"\b(?:documents?|passages?|sources?|texts?|excerpts?|context|information|files?|materials?)\b.{{0,40}}?{_NOT}"
    rf".{{0,20}}?\b(?:{_TELL}|contain|provid|includ|give|cover|answer|offer|hold)"
    rf"|\b(?:data|they|it)\b.{{0,40}}?{_NOT}.{{0,20}}?\b(?:{_TELL})"
    r"|\b(?:no|not any|insufficient|not enough|without) (?:\w+ )?"
    r"(?:information|mention|details?|data|evidence|indication)\b"
    rf"|{_IS_NOT} (?:mentioned|stated|specified|described|addressed|discussed|disclosed|reported)\b"
    r"|\b(?:could|can)(?: ?not|n['’]t|not) (?:be )?(?:find|found|answer|determine|tell|say)",
    re.IGNORECASE,
)
_PERHAPS_ABSENCE = re.compile(rf"{_IS_NOT} (?:provided|given|found|covered|included|available)\b", re.IGNORECASE)
"""What says that something is not in the documents, or what a document says: the latter where one is cited for it."""
_BUT = re.compile(r"[,;] (?:but|although|though|however,?|yet) (.+)$", re.IGNORECASE | re.DOTALL)
"""What else a sentence says that begins with what is not in the documents."""
_YES_OR_NO = re.compile(r"^\W*(?:yes|no)\s*[,.:;!–—-]+\s*", re.IGNORECASE)
_FRAME = frozenset(
    """document passag sourc text excerpt provid follow inform accord answer question base context summari here mention
    describ state say said detail list overview point key includ regard note follow given relev sum brief short below
    abov quot cite refer find found result explain help sure certain yes""".split()
)


@dataclass(frozen=True, slots=True)
class Verified:
    """A checked text with its citations, and how many statements were borne out, not borne out, and said what lacks."""

    text: str
    citations: tuple[Citation, ...] = ()
    supported: int = 0
    unsupported: int = 0
    absent: int = 0
    left_out: bool = False


class Checker:
    """Check the text of one answer against the passages that the model was shown, again and again as it grows."""

    def __init__(self, question: str, sources: Sequence[Source], *, drop: bool = False) -> None:
        self.question = question
        self._sources = tuple(sources)
        self._spoken = sources[0].around.spoken if sources else "english"
        self._asked = frozenset(telling_words(question, self._spoken))
        self._asked_claim = read_claim(question, self._spoken)
        self._drop = drop
        self._shown = [f"{s.around.text}\n{s.passage.text}" for s in sources]
        self._words = word_set(" ".join([question, *self._shown]))
        self._known: dict[Statement, tuple[Quote, ...] | None] = {}

    def check(self, text: str, *, finished: bool = True) -> Verified:
        """Return the text with marks that resolve; with `finished` False its last sentence is not judged yet."""
        found = statements(text, finished=finished)
        judged = [(statement, self._judged(statement)) for statement in found]
        if finished and not any(quotes for _, quotes in judged):  # "Yes." by itself is not borne out by anything
            judged = [(s, () if quotes is None and self._asserts(s) else quotes) for s, quotes in judged]
        absent = sum(self._says_absent(s) and not quotes for s, quotes in judged)
        return _written(judged, absent, drop=self._drop and finished)

    def check_broken_off(self, text: str) -> Verified:
        """Return what could be judged of a text that was not written to its end: its last sentence is left out."""
        judged = [(s, self._judged(s)) for s in statements(text, finished=False) if s.finished]
        return _written(judged, 0, drop=self._drop)

    def _judged(self, statement: Statement) -> tuple[Quote, ...] | None:
        """Return the quotes that bear a statement out, () if there are none, None if it claims nothing."""
        key = replace(statement, lead="", tail="")
        if key not in self._known:
            self._known[key] = self._judge(statement)
        return self._known[key]

    def _judge(self, statement: Statement) -> tuple[Quote, ...] | None:
        if not statement.finished or statement.kind == "rule":
            return None
        claim = self._claim(statement)
        if statement.kind in ("heading", "header"):
            return None if self._all_stand(claim) else ()
        if not claim.factual and (claim.telling <= _FRAME or statement.text.rstrip("*_ ").endswith((":", "?"))):
            return None
        found = tuple(self._supporting(claim, statement.cited))
        if found or not self._says_absent(statement):
            return found
        also = _BUT.search(statement.text)
        if also and not _ABSENCE.search(also[1]):
            return tuple(self._supporting(read_claim(also[1], self._spoken), statement.cited))
        return None if self._all_stand(claim) else ()

    def _supporting(self, claim: Claim, cited: Sequence[int]) -> list[Quote]:
        says_more = len(claim.telling) > 1 or (claim.factual and bool(claim.telling or cited))
        found = supporting(claim, self._sources, cited, self._asked) if says_more else []
        if not found and len(claim.telling) < _BRIEF:
            found = answering(claim, self._sources, cited, self._asked)
        return found

    def _claim(self, statement: Statement) -> Claim:
        if statement.kind in ("row", "header"):
            return read_claim(" ; ".join(cell.strip() for cell in statement.text.strip("| ").split("|")), self._spoken)
        claim = read_claim(_YES_OR_NO.sub("", statement.text), self._spoken)
        return replace(claim, names=(), quoted=()) if statement.kind == "code" else claim

    def _all_stand(self, claim: Claim) -> bool:
        """Tell whether all figures, dates and names of what is no sentence of a document stand in one, or are asked."""
        text = "\n".join([self._asked_claim.text, *self._shown])
        names = [name for name in claim.names if name.certain]
        return all(has_name(name, self._words, text) for name in names) and all(
            self._stands(fact) for fact in (*claim.figures, *claim.moments)
        )

    def _stands(self, fact: Figure | Moment) -> bool:
        """Tell whether a figure or date of something that is no sentence stands in the question or in a passage."""
        texts = [self._asked_claim.text, *(line.claim.text for source in self._sources for line in source.lines)]
        if isinstance(fact, Figure):
            return any(states_figure(fact, text, text) for text in texts)
        return any(states_moment(fact, text, text) for text in texts)

    def _says_absent(self, statement: Statement) -> bool:
        if not statement.finished or statement.kind != "sentence":
            return False
        perhaps = not statement.cited and _PERHAPS_ABSENCE.search(statement.text)
        return bool(perhaps or _ABSENCE.search(statement.text))

    def _asserts(self, statement: Statement) -> bool:
        return statement.finished and statement.kind in ("sentence", "row", "code") and not self._says_absent(statement)


_BRIEF = 3
"""Telling words under which a statement only means something as an answer to its question."""


def _written(judged: Sequence[tuple[Statement, tuple[Quote, ...] | None]], absent: int, *, drop: bool) -> Verified:
    citations: dict[tuple[str, int, int], Citation] = {}
    parts: list[str] = []
    left_over = ""  # the bullet of a sentence that was left out, for the next one in its line
    supported = unsupported = 0
    for statement, quotes in judged:
        marks = ""
        if quotes:
            supported += 1
            marks = "".join(f"[{number}]" for number in sorted({_number(quote, citations) for quote in quotes}))
        elif quotes is not None:
            unsupported += 1
            if drop:
                left_over = "" if "\n" in statement.tail else left_over + statement.lead
                parts.append("\n" if "\n" in statement.tail and parts and not parts[-1].endswith("\n") else "")
                continue
            marks = UNSUPPORTED
        between = "\n" if statement.kind == "code" else " "
        lead = (left_over + statement.lead.lstrip(" ")) if left_over else statement.lead
        left_over = ""
        parts.append(f"{lead}{statement.text}{between + marks if marks else ''}{statement.tail}")
    text = re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip()
    return Verified(text, tuple(citations.values()), supported, unsupported, absent, drop)


def _number(quote: Quote, citations: dict[tuple[str, int, int], Citation]) -> int:
    """Return the number of a quote's citation, a new one if it has none yet; one that holds it will do."""
    made = cite(quote, len(citations) + 1)
    for citation in citations.values():
        if citation.source == made.source and citation.start <= made.start and made.end <= citation.end:
            return citation.number
    citations[made.source, made.start, made.end] = made
    return made.number
