"""From a question in Slack to its answer there: the thread is read, the Chatbot asked, the reply written.

A question may come to be answered twice, after a crash or by another copy of the bot. Then the thread is looked at
first: an answer that stands there whole is left alone, one that was begun is written to its end.
"""

from functools import partial
from typing import Any

from index.errors import CitewiseError

from . import private
from . import thread as threads
from .asking import ask, blocks_of
from .blocks import MAX_TEXT, context, fallback, section, told
from .connect import LOG, code_of, is_lasting
from .desk import COMMAND, DIRECT, FOLLOW_UP, MENTION, SHORTCUT, Asked, Desk, Given
from .journal import Job
from .reply import Reply
from .rich import Block
from .text import escaped, is_call, is_small_talk, question_in
from .workers import Again

_PATIENCE = 3
"""How often a question waits for an earlier one of its thread."""
_NOT_THERE = frozenset({"not_in_channel", "channel_not_found"})
_STATUS = "is searching the documents…"
_STEPS = ["Searching the documents…", "Reading what they say…", "Checking the quotes…"]
_HELP = (
    "Ask me anything that the documents answer, for example _{example}_. I quote them word for word, with file and "
    "page. In a thread I am in, just go on asking; share a file with me to add it; `/ask` answers only you."
)
_NO_EXAMPLE = "What was decided?"


def answer(desk: Desk, job: Job) -> None:
    """Answer the question of a job, once."""
    from slack_sdk.errors import SlackApiError

    asked = Asked(**job.payload)
    if asked.way == COMMAND:
        private.answer(desk, asked)
        return
    try:
        _answer_in_thread(desk, job, asked)
    except SlackApiError as error:
        if code_of(error) not in _NOT_THERE or not asked.response_url:
            raise
        private.answer(desk, asked)


def _answer_in_thread(desk: Desk, job: Job, asked: Asked) -> None:
    said = _thread(desk, job, asked)
    if job.attempts <= _PATIENCE and threads.is_missing(said, desk.me, asked.ts, direct=asked.way == DIRECT):
        raise Again("an earlier question of this thread has not come yet", 1.0)
    written, whole = threads.reply_to(said, asked.key, asked.ts)
    if whole or not _is_for_us(desk, asked, said):
        return
    reply = _reply(desk, job, asked, written or ([job.reply] if job.reply else []))
    text = question_in(asked.text, desk.me.user)
    if text and not is_small_talk(text):
        _set_status(desk, asked)
        given = ask(desk, asked, text, threads.turns(said, desk.me, asked.ts), reply.show)
        _finish(desk, asked, reply, given)
    elif is_call(text) and _needs_help(desk, asked):
        reply.finish(_help(desk), "Ask me anything that the documents answer.", threads.NOTICE)


def _needs_help(desk: Desk, asked: Asked) -> bool:
    """Tell whether somebody called the bot and asked nothing; a shared file is seen to elsewhere."""
    if asked.way == MENTION:
        said = threads.read(desk.patient, desk.me, asked.channel, asked.thread)
        return not any(message.ts == asked.ts and message.has_files for message in said)
    return asked.way == DIRECT and asked.thread == asked.ts


def _finish(desk: Desk, asked: Asked, reply: Reply, given: Given | str) -> None:
    """Write the answer, or say why there is none."""
    lead = _lead(asked)
    if isinstance(given, str):
        reply.finish([*lead, *told(f"⚠️ {given}")], escaped(given, MAX_TEXT), threads.NOTICE)
        return
    desk.kept.keep_answer(asked.key, given.record())
    ts = reply.finish([*lead, *blocks_of(desk, given.answer, asked.key)], fallback(given.answer))
    desk.kept.note_thread(f"{asked.channel}:{asked.thread or ts}", joined=True)


def _thread(desk: Desk, job: Job, asked: Asked) -> list[threads.Said]:
    """Return what was said in the thread, if it matters: for its turns, and to see what is answered already."""
    from slack_sdk.errors import SlackApiError

    again = job.attempts > 1 or asked.check or desk.settings.chroma_url is not None
    if asked.thread == asked.ts and not again:
        return []
    try:
        return threads.read(desk.patient, desk.me, asked.channel, asked.thread)
    except SlackApiError as error:
        if not is_lasting(error):
            raise
        LOG.warning("a thread can't be read, so its earlier turns are not known: %s", error.response.get("error"))
        return []


def _is_for_us(desk: Desk, asked: Asked, said: list[threads.Said]) -> bool:
    """Tell whether a message without a mention stands in a thread that the bot is in."""
    if asked.way != FOLLOW_UP:
        return True
    thread = f"{asked.channel}:{asked.thread}"
    joined = threads.is_joined(said, desk.me) or bool(desk.kept.joined(thread))
    desk.kept.note_thread(thread, joined)
    return joined


def _reply(desk: Desk, job: Job, asked: Asked, written: list[str]) -> Reply:
    spelt_out = question_in(asked.text, desk.me.user) if asked.way == SHORTCUT else ""
    place = {"channel": asked.channel, "thread_ts": asked.thread, "user": asked.user, "team": asked.team}

    def about(kind: str = threads.ANSWER, page: int = 0, of: int = 1) -> dict[str, Any]:
        return threads.metadata(kind, asked.key, page=page, of=of, asked=spelt_out)

    return Reply(desk.patient, desk.hasty, place, about, written, partial(desk.journal.begun, job.key))


def _lead(asked: Asked) -> list[Block]:
    """Say who asked what, where no message of the thread says it."""
    if asked.way != SHORTCUT:
        return []
    return [context(f"<@{asked.user}> asked: {escaped(question_in(asked.text, ''), 600)}")]


def _help(desk: Desk) -> list[Block]:
    try:
        example = next(iter(desk.service.bot.examples(1)), _NO_EXAMPLE)
    except CitewiseError:
        example = _NO_EXAMPLE
    return [section(_HELP.format(example=escaped(example, 200).replace("_", " ")))]


def _set_status(desk: Desk, asked: Asked) -> None:
    """Show that the documents are being searched, if Slack likes."""
    from slack_sdk.errors import SlackApiError

    try:
        desk.hasty.assistant_threads_setStatus(
            channel_id=asked.channel, thread_ts=asked.thread, status=_STATUS, loading_messages=_STEPS
        )
    except (SlackApiError, OSError) as error:
        LOG.info("the status could not be set: %s", error)
