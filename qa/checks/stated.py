"""Which figures, dates, quoted words and names of a claim a candidate quote states, and of the same things."""

import re

from index.types import Span

from .claims import Claim, telling_words
from .dates import Moment, states_moment
from .figures import Figure, states_figure
from .names import Name, fold, has_name, word_set
from .sources import Line, Source, Window, stems

_NEAR = 4
"""Telling words on each side of a fact that tell what it is said of."""
_TABULAR = re.compile(r"\|.*\||\t|: [^;\n]*(?:;|$)|\d\)? +\(?[$\d]")


def missing_from(claim: Claim, window: Window) -> list[object]:
    """Return the figures, dates, quoted words and names of the claim that a window does not state."""
    text, around = window.text, window.source.around.text
    lacking: list[object] = [f for f in claim.figures if not _has_figure(claim, f, window)]
    lacking += [m for m in claim.moments if not states_moment(m, text, around)]
    lacking += [q for q in claim.quoted if not _has_words(q, text)]
    lacking += [d for d in claim.digits if not re.search(rf"(?<!\d){d}(?!\d)", text)]
    known = window.source.around_names.union(*(line.names for line in window.lines))
    whole = f"{text}\n{window.source.around.text}"
    lacking += [n for n in claim.names if not has_name(n, known, whole) and (n.certain or _displaces(claim, n, window))]
    return lacking


def stands_beside(claim: Claim, fact: object, window: Window) -> bool:
    """Tell whether a window has words that stand beside a fact in the claim, names not counted."""
    if not isinstance(fact, Figure | Moment | Name):
        return True
    names = telling_words(" ".join(name.text for name in claim.names), claim.spoken)
    near = _near(claim, fact.span) - set(names)
    return len(near & stems(window)) >= min(2, len(near))


def _has_figure(claim: Claim, figure: Figure, window: Window) -> bool:
    """Tell whether a window states a figure, and of the same thing as the claim."""
    near = _near(claim, figure.span)
    best = max((len(near & line.claim.telling) for line in window.source.lines), default=0)
    return any(
        states_figure(figure, line.claim.text, _header(window.source, line))
        and len(near & line.claim.telling) >= min(1, best)
        and not _counts_another(claim, figure, line.claim)
        for line in window.lines
    )


def _header(source: Source, line: Line) -> str:
    """Return where the unit of a line's bare numbers may be told: title and heading, and a table's first lines."""
    tabular = _TABULAR.search(line.claim.text) is not None
    return f"{source.around.text}\n{source.passage.text[:300] if tabular else ''}"


def _near(claim: Claim, span: Span) -> frozenset[str]:
    """Return the telling words nearest to a place in the claim."""
    before = " ".join(re.findall(r"\w+", claim.text[: span[0]])[-2 * _NEAR :])
    after = " ".join(re.findall(r"\w+", claim.text[span[1] :])[: 2 * _NEAR])
    return frozenset(telling_words(before, claim.spoken)[-_NEAR:] + telling_words(after, claim.spoken)[:_NEAR])


def _counts_another(claim: Claim, figure: Figure, line: Claim) -> bool:
    """Tell whether the line gives another number of what the claim counts: "7 bases" is not "7 targets", of 85."""
    noun = _noun_after(claim.text, figure.span[1])
    if noun is None:
        return False
    counted = [f for f in line.figures if _noun_after(line.text, f.span[1]) == noun]
    return bool(counted) and not any(f.values & figure.values for f in counted)


def _noun_after(text: str, end: int) -> str | None:
    following = re.match(r"[ -]([^\W\d_]{3,})", text[end:])
    found = telling_words(following[1], "english") if following else []
    return found[0] if found else None


def _has_words(words: str, text: str) -> bool:
    """Tell whether a text has words put in quotation marks; an ellipsis stands for anything."""
    parts = [flat(part) for part in re.split(r"…|\.\.\.|\[[^\]]*\]", words)]
    return all(part in flat(text) for part in parts if part)


def flat(text: str) -> str:
    """Return a text's words in lower case, one space between them; signs and points of numbers stay."""
    return " ".join(re.sub(r"[^\w\s](?![^\w\s]*\d)", "", text.casefold()).split())


def _displaces(claim: Claim, name: Name, window: Window) -> bool:
    """Tell whether a word that opens the claim stands where the quote has a name that the claim lacks."""
    following = re.match(r"\W+(\w+)", claim.text[name.span[1] :])
    if not following:
        return False
    own = word_set(claim.text)
    theirs = {n.text for line in window.lines for n in line.claim.names}
    pattern = rf"([^\W\d_][\w’'-]*)\W+{re.escape(following[1])}\b"
    return any(m[1] in theirs and fold(m[1]) not in own for m in re.finditer(pattern, window.text))
