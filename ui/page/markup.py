"""HTML for the chat page: questions, answers, quotes; pure functions over the shapes.

Gradio passes messages through a Markdown renderer. Two locks keep document text from becoming anything but
text: each message is one HTML block without a line break, which Markdown leaves alone, and every character of
foreign text that any markup could mean something by is written as a numeric entity. Looks are in `assets/chat.css`.
"""

import re

from index.types import Passage, SearchResult
from qa.types import Answer, Citation

from ..render import (
    MARK,
    NEAREST,
    UNSUPPORTED,
    count,
    evidence_link,
    excerpt,
    flowing,
    in_quote,
    is_quotes_only,
    one_line,
    place,
    visible,
)

_SPECIAL = re.compile(r"[!-/:-@\[-`{-~]")


def escape(text: str) -> str:
    """Return foreign text as HTML in which only letters, digits and spaces stand for themselves."""
    entities = _SPECIAL.sub(lambda m: f"&#{ord(m.group())};", visible(text))
    return entities.strip("\n").replace("\n", "<br>")


def question_html(question: str) -> str:
    """Show the person's question as they typed it."""
    return f'<div class="cw-question" dir="auto">{escape(question)}</div>'


def error_html(message: str) -> str:
    """Show in plain words what went wrong."""
    return f'<div class="cw-answer cw-error" role="alert"><p>{escape(message)}</p></div>'


def waiting_html(doing: str = "Searching your documents") -> str:
    """Show what is being done while there is no text yet."""
    return f'<div class="cw-answer cw-waiting" role="status"><p>{escape(doing)}</p></div>'


def empty_html() -> str:
    """Show what to do when there is nothing to ask."""
    return (
        '<div class="cw-answer cw-none"><p class="cw-badge">No documents yet</p>'
        '<p class="cw-text">Add some first: drop files on the panel, or run '
        "<code>citewise add</code> with a folder.</p></div>"
    )


def answer_html(answer: Answer) -> str:
    """Show an answer: the short answer, the text with marks, and every quote with its file and page."""
    if answer.status == "not_found":
        return _not_found(answer)
    if not answer.done and not answer.text:
        return waiting_html(f"Reading {count(len(answer.results), 'passage')}")
    parts: list[str] = []
    if answer.stopped:
        parts.append('<p class="cw-badge">Stopped</p>' + _stopped(answer))
    elif answer.status == "partial":
        parts.append('<p class="cw-badge">Only partly in your documents</p>')
    parts.append(_note(answer))
    if answer.short:
        parts.append(f'<p class="cw-short" dir="auto">{escape(answer.short)}</p>')
    if not (answer.done and is_quotes_only(answer)):
        parts.append(f'<p class="cw-text" dir="auto">{_marked(answer)}</p>')
    parts.append(_quotes(answer))
    if not answer.done:
        parts.append('<p class="cw-doing" role="status">Writing, and checking each sentence</p>')
    state = "" if answer.done else " cw-writing"
    return f'<div class="cw-answer{state}">{"".join(parts)}</div>'


def _stopped(answer: Answer) -> str:
    told = "Only what was checked until then is shown." if answer.text else "Nothing was checked until then."
    return f'<p class="cw-note">{told}</p>'


def _note(answer: Answer) -> str:
    return f'<p class="cw-note" dir="auto">{escape(answer.note)}</p>' if answer.note else ""


def _marked(answer: Answer) -> str:
    """Escape the answer's text, then set its own marks and flags; a `[7]` without a citation stays text."""
    citations = {c.number: c for c in answer.citations}
    shown: list[str] = []
    for piece in re.split(rf"({MARK.pattern.replace('(', '(?:')}|{re.escape(UNSUPPORTED)})", answer.text):
        mark = MARK.fullmatch(piece)
        if mark and int(mark.group(1)) in citations:
            shown.append(_cite(citations[int(mark.group(1))], "cw-mark"))
        elif piece == UNSUPPORTED:
            shown.append('<span class="cw-flag">not borne out by the quotes</span>')
        else:
            shown.append(visible(piece) and _inline(piece))
    return "".join(shown)


def _inline(text: str) -> str:
    """Escape a piece of text without trimming it, so that the pieces join as they stood."""
    lead = len(text) - len(text.lstrip("\n"))
    tail = len(text) - len(text.rstrip("\n"))
    return "<br>" * lead + escape(text) + "<br>" * (tail if lead < len(text) else 0)


def _link(spot: Citation | Passage) -> str:
    """Return the attribute of a link that opens a quote or passage in its document (`assets/evidence.js`)."""
    passage = spot.passage_id if isinstance(spot, Citation) else spot.id
    return f'href="{evidence_link(passage, spot.start, spot.end).replace("&", "&amp;")}"'


def _cite(citation: Citation, name: str) -> str:
    label = f"Quote {citation.number}, from {escape(place(citation.source, citation.page))}"
    return f'<a class="{name} cw-cite" {_link(citation)} title="{label}">{citation.number}</a>'


def _quotes(answer: Answer) -> str:
    if not answer.citations:
        return _nearest(answer) if answer.done else ""
    cards = "".join(_quote(c, answer.short) for c in answer.citations)
    sources = {c.source for c in answer.citations}
    title = f"{count(len(answer.citations), 'quote')} from {count(len(sources), 'document')}"
    shown = f'<details class="cw-quotes" open><summary>{title}</summary><ol>{cards}</ol></details>'
    return shown + (_others(answer) if answer.done else "")


def _others(answer: Answer) -> str:
    """List what was found and not cited, for the evidence pane; the conversation itself leaves it out."""
    cited = {citation.passage_id for citation in answer.citations}
    others = "".join(_passage(result) for result in answer.results if result.passage.id not in cited)
    return f'<ol class="cw-others">{others}</ol>' if others else ""


def _quote(citation: Citation, short: str | None) -> str:
    quote = flowing(citation.quote)
    where = in_quote(visible(short or ""), quote)
    if where:
        start, end = where
        words = f"{_inline(quote[:start])}<mark>{_inline(quote[start:end])}</mark>{_inline(quote[end:])}"
    else:
        words = escape(quote)
    return f'<li>{_cite(citation, "cw-number")}<blockquote dir="auto">{words}</blockquote>{_place(citation)}</li>'


def _place(spot: Citation | Passage) -> str:
    folder, _, name = one_line(spot.source).rpartition("/")
    shown = (f'<span class="cw-folder">{escape(folder)}/</span>' if folder else "") + (
        f'<bdi class="cw-file">{escape(name)}</bdi>'
    )
    page = "" if spot.page is None else f'<span class="cw-page">, page {spot.page}</span>'
    return f'<p class="cw-place"><a class="cw-cite" {_link(spot)}>{shown}{page}</a></p>'


def _nearest(answer: Answer) -> str:
    shown = "".join(_passage(r) for r in answer.results[:NEAREST])
    if not shown:
        return ""
    title = "The nearest passages, which may not answer it"
    return f'<details class="cw-quotes" open><summary>{title}</summary><ol>{shown}</ol></details>'


def _not_found(answer: Answer) -> str:
    if not answer.results:
        return empty_html()
    return (
        '<div class="cw-answer cw-none"><p class="cw-badge">Not in your documents</p>'
        f'<p class="cw-text" dir="auto">{escape(answer.text)}</p>{_note(answer)}{_nearest(answer)}</div>'
    )


def _passage(result: SearchResult) -> str:
    passage = result.passage
    return f'<li><p class="cw-excerpt" dir="auto">{escape(excerpt(passage.text))}</p>{_place(passage)}</li>'
