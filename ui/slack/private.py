"""Answers that only the person who asked sees, and the button that shares them with the channel."""

from typing import Any

from . import thread as threads
from .asking import ask, blocks_of
from .blocks import MAX_TEXT, actions, answer_blocks, button, context, fallback, pages, section, told
from .connect import LOG, TIMEOUT, code_of, log, waiting
from .desk import SHORTCUT, Asked, Desk, Given
from .journal import Job
from .reply import Reply
from .rich import Block
from .text import escaped, question_in
from .workers import Again

_MESSAGES = 4
"""How many messages one reply may have; Slack takes five at a response URL."""
_NOT_HERE = "I am not in this channel, so I can't write here. Invite me with `/invite`, then share again."
_ALONE = "I am not in this channel, so only you see this."
_REFUSED = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})


def answer(desk: Desk, asked: Asked) -> None:
    """Answer a question in private."""
    text = question_in(asked.text, desk.me.user)
    given = ask(desk, asked, text, [], lambda _: None)
    if isinstance(given, str):
        respond(asked.response_url, escaped(given, MAX_TEXT), told(f"⚠️ {given}"))
        return
    desk.kept.keep_answer(asked.key, given.record())
    blocks = [context(f"You asked: {escaped(text, 600)}"), *blocks_of(desk, given.answer, asked.key)]
    if asked.way == SHORTCUT:
        blocks.append(context(_ALONE))
    elif given.answer.status != "not_found":
        blocks.append(actions([button("Share with this channel", "share", asked.key)]))
    for part in pages(blocks)[:_MESSAGES]:
        respond(asked.response_url, fallback(given.answer), part)


def share(desk: Desk, job: Job) -> None:
    """Post a private answer where everybody in the channel sees it."""
    from slack_sdk.errors import SlackApiError

    payload = job.payload
    record = desk.kept.answer(payload["answer"])
    if record is None:
        respond(payload["response_url"], "This answer is too old to share; ask again.", [])
        return
    given = Given.of(record)
    place = {
        "channel": payload["channel"],
        "thread_ts": payload["thread"],
        "user": payload["user"],
        "team": desk.me.team,
    }

    def about(kind: str = threads.ANSWER, page: int = 0, of: int = 1) -> dict[str, Any]:
        return threads.metadata(kind, job.key, page=page, of=of, asked=given.answer.question)

    written = [job.reply] if job.reply else []
    reply = Reply(desk.patient, desk.hasty, place, about, written, lambda ts: desk.journal.begun(job.key, ts))
    lead = context(f"<@{payload['user']}> asked: {escaped(given.answer.question, 600)}")
    blocks = answer_blocks(given.answer, payload["answer"], desk.settings.public_url)
    try:
        ts = reply.finish([lead, *blocks], fallback(given.answer))
    except SlackApiError as error:
        if code_of(error) not in _REFUSED:
            raise
        desk.journal.drop(job.key)
        respond(payload["response_url"], _NOT_HERE, [section(_NOT_HERE)])
        return
    desk.kept.note_thread(f"{payload['channel']}:{payload['thread'] or ts}", joined=True)
    respond(payload["response_url"], "Shared.", [], delete_original=True)


def respond(url: str, text: str, blocks: list[Block], **more: Any) -> None:
    """Write to the person alone, at the address that Slack gave for it."""
    from slack_sdk.webhook import WebhookClient

    client = WebhookClient(url, timeout=TIMEOUT, logger=log(), retry_handlers=waiting())
    fields: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False, **more}
    sent = client.send(text=text, blocks=blocks or None, **fields)
    if sent.status_code >= 500:
        raise Again(f"Slack answered {sent.status_code}")
    if sent.status_code != 200:
        LOG.warning("a private reply was refused: %s %s", sent.status_code, sent.body[:200])
