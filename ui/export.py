"""A conversation as Markdown: every quote a footnote, with a link to its place where the public address is known.

What a person, a model or a document wrote is text here: nothing in it becomes a link, an image, HTML or a heading.
"""

import re
from collections.abc import Iterator

from qa.types import Answer, Citation

from .conversations import Conversation, Exchange
from .render import MARK, NEAREST, UNSUPPORTED, excerpt, place, public_link, visible

_ACTIVE = re.compile(r"[\\`*_\[\]<>&~|$]")
_OPENS = re.compile(r"^(\s*\d*)(?=[#+=-]|[.)]\s)", re.MULTILINE)
_FLAG = "*(not borne out by the quotes)*"


def markdown(conversation: Conversation, public_url: str | None = None, number: int | None = None) -> str:
    """Return a conversation, or only its exchange `number`, as Markdown with its quotes as footnotes."""
    chosen = [e for e in conversation.exchanges if number in (None, e.number)]
    title = [] if number else [f"# {_text(conversation.name)}"]
    said: list[str] = []
    notes: list[str] = []
    for exchange in chosen:
        said += _exchange(exchange, len(notes))
        citations = exchange.answer.citations if exchange.answer else ()
        notes += [_footnote(c, len(notes) + n, public_url) for n, c in enumerate(citations, 1)]
    return "\n\n".join([*title, *said, *notes]) + "\n"


def _exchange(exchange: Exchange, notes: int) -> Iterator[str]:
    """Yield the paragraphs of an exchange; its footnotes follow `notes` earlier ones."""
    yield f"## {_text(' '.join(exchange.question.split()))}"
    answer = exchange.answer
    if answer is None:
        yield f"*{_text(exchange.error or 'There is no answer.')}*"
        return
    if answer.stopped:
        yield "*Stopped before it was finished.*"
    elif answer.status == "partial":
        yield "*Only partly in the documents.*"
    if answer.note:
        yield f"*{_text(answer.note)}*"
    if answer.short:
        yield f"**{_text(' '.join(answer.short.split()))}**"
    yield _marked(answer, notes)
    if answer.status == "not_found" and answer.results:
        yield "The nearest passages, which may not answer it:"
        yield "\n".join(
            f"- {_nearest(r.passage.text, r.passage.source, r.passage.page)}" for r in answer.results[:NEAREST]
        )


def _nearest(text: str, source: str, page: int | None) -> str:
    return f"{_text(excerpt(text))} ({_text(place(source, page))})"


def _marked(answer: Answer, notes: int) -> str:
    """Return the answer's text with its marks as footnotes: those of the citations, numbered on from earlier ones."""
    order = {citation.number: notes + at for at, citation in enumerate(answer.citations, 1)}
    shown: list[str] = []
    for piece in re.split(rf"({MARK.pattern.replace('(', '(?:')}|{re.escape(UNSUPPORTED)})", answer.text):
        mark = MARK.fullmatch(piece)
        if mark and int(mark[1]) in order:
            shown.append(f"[^{order[int(mark[1])]}]")
        else:
            shown.append(_FLAG if piece == UNSUPPORTED else _text(piece))
    return "".join(shown)


def _footnote(citation: Citation, number: int, public_url: str | None) -> str:
    named = _text(place(citation.source, citation.page))
    link = public_url and public_link(public_url, citation.passage_id, citation.start, citation.end)
    quote = "\n".join(f"    > {line}" for line in _text(citation.quote).split("\n"))
    return f"[^{number}]: {f'[{named}]({link})' if link else named}\n\n{quote}"


def _text(text: str) -> str:
    """Escape what Markdown would mean something by."""
    return _OPENS.sub(r"\1\\", _ACTIVE.sub(lambda found: "\\" + found[0], visible(text)))
