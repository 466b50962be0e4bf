"""Answers written by a language model from the passages that were found, each sentence checked before it counts.

What the model writes goes through `citations.py`. When it fails, or nothing that it says is borne out, the answer by
quotes stands in its place, with one line that says why.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from index.types import Passage
from index.words import language

from .checks.claims import telling_words
from .checks.sources import read_sources
from .citations import Checker, Verified
from .confidence import is_covered
from .extract import NOT_FOUND, not_covered
from .models import Message, Model, ModelError, Reply, Stopped
from .parts import Part
from .prompts import NOT_COVERED, STANDALONE, SYSTEM, answer_prompt, standalone_prompt
from .prompts import NOT_FOUND as SAYS_NOT_FOUND
from .short import exact_words
from .stopping import Stop
from .types import Answer, Turn

ANSWER_TOKENS = 1_000
"""Tokens that an answer may have at most; a model that thinks first gets more for that."""
PASSAGE_TOKENS = 6_000
"""Tokens of passages at most, whatever the model could read: more cost more and are answered worse."""
QUESTION_TOKENS = 200
OWN_WORDS = "these are the documents' own words"
_LETTERS_A_TOKEN = 3.5

Numbered = list[tuple[int, tuple[Passage, ...]]]


def standalone_by(model: Model, question: str, history: Sequence[Turn], stop: Stop | None = None) -> Reply:
    """Have the model make a follow-up stand alone, in half of its time; raise ModelError where it cannot."""
    messages = [Message("system", STANDALONE), Message("user", standalone_prompt(question, history))]
    reply = model.complete(messages, QUESTION_TOKENS, model.seconds / 2, stop)
    line = next((line.strip() for line in reply.text.splitlines() if line.strip()), "")
    said = re.sub(r"^(?:standalone question|question)\s*:\s*", "", line, flags=re.IGNORECASE).strip(" \"'“”`*")
    return replace(reply, text=said if 0 < len(said) <= max(400, 3 * len(question)) else "")


def answer_by_model(
    model: Model,
    question: str,
    by_quotes: Answer,
    parts: Sequence[Part] = (),
    *,
    drop: bool = False,
    seconds: float,
    stop: Stop | None = None,
) -> Iterator[Answer]:
    """Yield the answer as the model writes it, the last one checked; `by_quotes` stands in where the model fails.

    The model is shown the passages of `by_quotes`, and `question` as it stands alone. With `drop`, sentences that are
    not borne out are left out instead of flagged. `seconds` is how long it may take; once `stop` is
    requested, the last one holds the sentences that were checked until then.
    """
    began = perf_counter()
    numbered = shown([result.passage for result in by_quotes.results], model.context)
    sources = read_sources(((n, passage) for n, passages in numbered for passage in passages), by_quotes.citations)
    checker = Checker(question, sources, drop=drop)
    messages = [Message("system", SYSTEM), Message("user", answer_prompt(question, numbered))]
    draft = replace(by_quotes, text="", short=None, citations=(), status="answered", model=model.name)
    draft = replace(draft, note=None, done=False)
    yield draft
    reply = Reply("", 0, 0)
    try:
        for reply in model.stream(messages, _answer_tokens(model.context), seconds, stop):
            if not reply.done:
                verified = checker.check(_spoken(reply.text), finished=False)
                yield replace(draft, text=verified.text, citations=verified.citations)
    except Stopped:
        yield _broken_off(draft, checker.check_broken_off(_spoken(reply.text)))
        return
    except ModelError as error:
        yield _instead(by_quotes, str(error), began)
        return
    written = perf_counter()
    answer = _finished(draft, reply, checker, by_quotes, parts)
    before = by_quotes.timings
    spent = {
        "model": (written - began) * 1000,
        "check": (perf_counter() - written) * 1000,
        "prompt_tokens": before.get("prompt_tokens", 0.0) + reply.prompt_tokens,
        "completion_tokens": before.get("completion_tokens", 0.0) + reply.completion_tokens,
    }
    yield replace(answer, timings={**before, **spent})


def shown(passages: Sequence[Passage], context: int) -> Numbered:
    """Return the passages for the model, best first, within its context; neighbours share a number, none is cut."""
    room = min(PASSAGE_TOKENS, context - _answer_tokens(context) - _tokens(SYSTEM) - QUESTION_TOKENS)
    groups: list[list[Passage]] = []
    for passage in passages:
        needed = _tokens(passage.text) + _tokens(passage.title + passage.heading) + 20
        if needed > room:
            part = _as_much_as_fits(passage, room - 60)
            if part is None:
                continue
            passage = part
        room -= needed
        neighbours = next((group for group in groups if any(_adjacent(passage, other) for other in group)), None)
        if neighbours is None:
            groups.append([passage])
        else:
            neighbours.append(passage)
    return [(n, tuple(sorted(group, key=lambda p: p.start))) for n, group in enumerate(groups, 1)]


def _as_much_as_fits(passage: Passage, room: int) -> Passage | None:
    """Return the first sentences of a passage that fit, or None where not even one does."""
    fitting = [span for span in passage.sentences if _tokens(passage.text[: span[1]]) <= room]
    if not fitting:
        return None
    end = fitting[-1][1]
    return replace(passage, text=passage.text[:end], end=passage.start + end, sentences=tuple(fitting))


def _adjacent(one: Passage, other: Passage) -> bool:
    (document, number), (another, place) = one.id.rsplit(".", 1), other.id.rsplit(".", 1)
    return document == another and abs(int(number) - int(place)) == 1


def _answer_tokens(context: int) -> int:
    return min(ANSWER_TOKENS, context // 4)


def _tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many: a sign of a script without letters counts as one."""
    wide = 0 if text.isascii() else sum(ord(char) > 0x2E80 for char in text)
    return int((len(text) - wide) / _LETTERS_A_TOKEN) + 2 * wide + 1


def _spoken(text: str) -> str:
    """Return a model's text without its own signs for what the passages do not hold."""
    lines = [line for line in text.splitlines() if NOT_COVERED.rstrip(":") not in line]
    return re.sub(rf"[*`\"']*\b{SAYS_NOT_FOUND}\b[*`\"'.]*", "", "\n".join(lines))


def _finished(draft: Answer, reply: Reply, checker: Checker, by_quotes: Answer, parts: Sequence[Part]) -> Answer:
    """Return the checked answer for a model's whole text."""
    verified = checker.check(_spoken(reply.text))
    missing = [*_said_missing(reply.text, checker.question), *_passed_over(verified, parts)]
    silent = not verified.supported and not verified.unsupported
    if silent and (SAYS_NOT_FOUND in reply.text or verified.absent or missing):
        return replace(draft, text=NOT_FOUND, status="not_found", done=True)
    if silent or not verified.text:
        why = (
            "the model's answer was not borne out by the documents" if reply.text.strip() else "the model said nothing"
        )
        return replace(by_quotes, note=f"{why}: {OWN_WORDS}")
    flagged = verified.unsupported and not verified.left_out
    return replace(
        draft,
        text=verified.text,
        short=_short(checker.question, verified, by_quotes.short),
        citations=verified.citations,
        status="partial" if flagged or missing or verified.absent else "answered",
        note="; ".join(_notes(verified, reply, missing)) or None,
        done=True,
    )


def _broken_off(draft: Answer, verified: Verified) -> Answer:
    return replace(draft, text=verified.text, citations=verified.citations, status="partial", stopped=True, done=True)


def _notes(verified: Verified, reply: Reply, missing: Sequence[str]) -> Iterator[str]:
    if missing:
        yield not_covered(dict.fromkeys(missing))
    if verified.unsupported and verified.left_out:
        yield f"sentences left out that the documents do not bear out: {verified.unsupported}"
    if reply.finish == "length":
        yield "the model's answer was cut at its limit"


def _said_missing(text: str, question: str) -> list[str]:
    """Return the parts of the question that the model says are not covered, as far as they are in its words."""
    said = re.findall(rf"{NOT_COVERED.rstrip(':')}[*`]*:?[ \t*]*(.*)", text)
    asked = set(telling_words(question, language(question)))
    found: list[str] = []
    for part in (line.strip().strip("*`\"'") for line in said):
        words = set(telling_words(part, language(question)))
        found.append(part[:200] if words and 2 * len(words & asked) >= len(words) else "a part of the question")
    return found


def _passed_over(verified: Verified, parts: Sequence[Part]) -> list[str]:
    """Return the parts of the question that the library has too little on and that the answer does not take up."""
    answered = set(telling_words(verified.text, language(verified.text)))
    missing: list[str] = []
    for part in parts:
        words = set(telling_words(part.question, language(part.question)))
        if not is_covered(part.found) and 2 * len(words & answered) < len(words):
            missing.append(part.question)
    return missing


def _short(question: str, verified: Verified, read: str | None) -> str | None:
    """Return the exact words that answer: of a quote, and said in the text too; best those that were `read`."""
    for citation in verified.citations:
        if read and read in citation.quote and read.lower() in verified.text.lower():
            return read
        found = exact_words(question, citation.quote)
        if found and citation.quote[slice(*found)].lower() in verified.text.lower():
            return citation.quote[slice(*found)]
    return None


def _instead(by_quotes: Answer, why: str, began: float) -> Answer:
    spent = {**by_quotes.timings, "model": (perf_counter() - began) * 1000}
    return replace(by_quotes, note=f"{why}; {OWN_WORDS}", timings=spent)
