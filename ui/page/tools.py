"""HTML of what can be done with an answer: buttons that `assets/answers.js` brings to life.

Their classes name what they do, the conversation and the question's number, by which REST knows them: Gradio's own
cleaning of HTML leaves no other attribute that could.
"""

from collections.abc import Sequence

from ..conversations import Exchange
from .markup import escape


def tools_html(identity: str, exchange: Exchange, follow_ups: Sequence[str] = ()) -> str:
    """Offer to copy an answer, to rate it, to see how it came about, and what could be asked next."""
    buttons = "".join(
        (
            _button("copy", "Copy", "Copy this answer with its quotes"),
            _button("up", "Helpful", "This answers it", exchange.rating == "up"),
            _button("down", "Not helpful", "Say what is wrong with this answer", exchange.rating == "down"),
            _button("why", "Why this answer", "How the search came to it"),
        )
    )
    return (
        f'<div class="cw-tools cw-of-{identity} cw-number-{exchange.number}"><div class="cw-buttons">{buttons}'
        f'<span class="cw-told" role="status"></span></div><div class="cw-more"></div>{_follow_ups(follow_ups)}</div>'
    )


def edit_html() -> str:
    """Offer to change the last question and ask it again."""
    return f'<div class="cw-tools cw-edit">{_button("edit", "Edit", "Edit this question and ask again")}</div>'


def _button(does: str, name: str, title: str, pressed: bool = False) -> str:
    classes = f"cw-tool cw-do cw-do-{does}{' cw-pressed' if pressed else ''}"
    return f'<button type="button" class="{classes}" title="{title}">{name}</button>'


def _follow_ups(questions: Sequence[str]) -> str:
    if not questions:
        return ""
    items = "".join(
        f'<li><button type="button" class="cw-next cw-do cw-do-ask" dir="auto">{escape(question)}</button></li>'
        for question in questions
    )
    return f'<div class="cw-follow"><p class="cw-ask-next">Ask next</p><ul>{items}</ul></div>'
