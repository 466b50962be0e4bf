"""The thumbs under an answer, and the question why after a thumbs-down; kept with those of the browser."""

from typing import TYPE_CHECKING, Any

from qa.feedback import DOWN, UP, keep, rate

from .connect import LOG
from .desk import Desk, Given
from .passage import modal

if TYPE_CHECKING:
    from slack_sdk import WebClient

WHERE = "slack"
_TOO_OLD = "This answer is too old to rate; ask again."


def rate_answer(desk: Desk, client: "WebClient", body: dict[str, Any]) -> None:
    """Keep a thumb; after a thumbs-down ask why."""
    rating, _, key = str(body["actions"][0]["value"]).partition(":")
    if not keep_rating(desk, key, UP if rating == UP else DOWN, body["user"]["id"]):
        channel = (body.get("channel") or {}).get("id")
        if channel:
            client.chat_postEphemeral(channel=channel, user=body["user"]["id"], text=_TOO_OLD)
    elif rating == DOWN:
        client.views_open(trigger_id=body["trigger_id"], view=_why(key))


def keep_reason(desk: Desk, body: dict[str, Any]) -> None:
    """Add the reason to a thumbs-down."""
    view = body["view"]
    reason = view["state"]["values"]["reason"]["text"].get("value") or ""
    keep_rating(desk, view["private_metadata"], DOWN, body["user"]["id"], reason)


def keep_rating(desk: Desk, key: str, rating: str, user: str, reason: str = "") -> bool:
    """Keep a rating in the library; False if the answer is too old to be known."""
    record = desk.kept.answer(key)
    if record is None:
        LOG.info("an answer was rated that is not known any more")
        return False
    given = Given.of(record)
    library = desk.service.bot.index.library
    rated = rate(
        given.answer,
        rating,
        reason,
        history=given.history,
        generation=given.generation,
        who=user,
        where=WHERE,
        of=key,
    )
    keep(library, rated)
    return True


def _why(key: str) -> dict[str, Any]:
    text = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": 2_000}
    label = {"type": "plain_text", "text": "What was wrong?"}
    block = {"type": "input", "block_id": "reason", "optional": True, "label": label, "element": text}
    submit = {"type": "plain_text", "text": "Send"}
    return modal("A bad answer", [block], callback_id="reason", private_metadata=key, submit=submit)
