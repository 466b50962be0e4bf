"""HTML of what can be done with an answer: buttons that `assets/answers.js` brings to life.

They name the conversation and the question's number, by which REST knows them.
"""

from collections.abc import Sequence

from ..conversations import Exchange
from .markup import escape


def tools_html(identity: str, exchange: Exchange, follow_ups: Sequence[str] = ()) -> str:
    """Offer to copy an answer, to rate it, to see how it came about, and what could be asked next."""
    rated = exchange.rating
    buttons = "".join(
        (
            _button("copy", "Copy", "Copy this answer with its quotes"),
            _button("up", "Good", "Good answer", _pressed(rated == "up")),
            _button("down", "Bad", "Bad answer", _pressed(rated == "down")),
            _button("why", "Why this answer", "How the search came to it", ' aria-expanded="false"'),
        )
    )
    return (
        f'<div class="cw-tools" data-conversation="{escape(identity)}" data-number="{exchange.number}">'
        f'<div class="cw-buttons">{buttons}<span class="cw-told" role="status"></span></div>'
        f'<div class="cw-more"></div>{_follow_ups(follow_ups)}</div>'
    )


def edit_html(identity: str) -> str:
    """Offer to change the last question and ask it again."""
    button = _button("edit", "Edit", "Edit this question and ask again")
    return f'<div class="cw-tools cw-edit" data-conversation="{escape(identity)}">{button}</div>'


def _button(does: str, name: str, title: str, state: str = "") -> str:
    return f'<button type="button" class="cw-tool" data-do="{does}" title="{title}"{state}>{name}</button>'


def _pressed(is_pressed: bool) -> str:
    return f' aria-pressed="{str(is_pressed).lower()}"'


def _follow_ups(questions: Sequence[str]) -> str:
    if not questions:
        return ""
    items = "".join(
        f'<li><button type="button" class="cw-next" data-do="ask" dir="auto">{escape(question)}</button></li>'
        for question in questions
    )
    return f'<nav class="cw-follow" aria-label="Questions that your documents answer"><ul>{items}</ul></nav>'
