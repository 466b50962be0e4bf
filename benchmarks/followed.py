"""Make follow-ups of questions that stand alone, so that the question that stands alone is known.

Of SQuAD's questions: the article's subject becomes a pronoun ("When did they settle there?" of "When did the Normans
...?") after one question that names it and up to two more on the way. Of MuSiQue's: the answer of one step becomes a
pronoun in the next, after that step with the sentence that answers it. And of SQuAD's once more: a question as it is,
after a conversation about another article.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.evaluate import read_questions
from qa.scoring import Evidence, Question
from qa.types import Turn

SQUAD = ("squad2", "squad1_extra")
LIBRARY = (*SQUAD, "musique_100")
SUBJECTS = {  # article: its subject, and the pronouns for it
    "Ctenophora": (r"(?:the |a )?ctenophor[ae]s?|ctenophores?", "they", "their"),
    "European_Union_law": (r"(?:the )?(?:european union(?: law)?|eu)\b", "it", "its"),
    "Harvard_University": (r"harvard(?: university| college)?", "it", "its"),
    "Huguenot": (r"(?:the )?huguenots?", "they", "their"),
    "Jacksonville__Florida": (r"jacksonville(?:, florida)?", "it", "its"),
    "Normans": (r"(?:the )?normans?", "they", "their"),
    "Southern_California": (r"southern california", "it", "its"),
    "Warsaw": (r"warsaw", "it", "its"),
    "Apollo_program": (r"(?:the )?apollo(?: program)?", "it", "its"),
    "Chloroplast": (r"(?:a |the )?chloroplasts?", "they", "their"),
    "Doctor_Who": (r"doctor who", "it", "its"),
    "Genghis_Khan": (r"genghis(?: khan)?", "he", "his"),
    "Martin_Luther": (r"(?:martin )?luther", "he", "his"),
}
CHOSEN_ON = ("Warsaw", "Normans", "Genghis_Khan", "Chloroplast", "Southern_California")
OF_EACH = 30  # questions of an article
_NO_NOUN = re.compile(
    r"\s*[?,]|\s*$| (?:is|was|were|are|do|does|did|has|have|had|in|on|to|by|from|for|at|of|with|use|live|experience"
    r"|grow|called|known|and|during|after|before|first|become|became|when|about|as)\b"
)
"""What may follow the subject, so that it is not part of a longer name."""
_POSSESSIVE = ("'s", "’s", "'", "’")


@dataclass(frozen=True, slots=True)
class Followed:
    """A follow-up and the question that it was made of; `chosen_on` if it was looked at when weights were chosen."""

    whole: Question
    follow_up: Question
    chosen_on: bool


def on_subjects(data: Path) -> list[Followed]:
    """Return SQuAD's questions with a pronoun for their article's subject, evenly spread."""
    made: list[Followed] = []
    for name in SQUAD:
        articles: dict[str, list[Question]] = {}
        for question in read_questions(data / name):
            if question.answerable:
                held = tuple(replace(e, doc=f"{name}/docs/{e.doc}") for e in question.evidence)
                articles.setdefault(Path(question.evidence[0].doc).stem, []).append(replace(question, evidence=held))
        for title in SUBJECTS.keys() & articles.keys():
            found = list(_on_subject(title, articles[title]))
            made += found[:: max(1, len(found) // OF_EACH)][:OF_EACH]
    return made


def _on_subject(title: str, questions: Sequence[Question]) -> Iterator[Followed]:
    subject, pronoun, possessive = SUBJECTS[title]
    named = [n for n, question in enumerate(questions) if re.search(subject, question.question, re.IGNORECASE)]
    for n in named:
        question = questions[n]
        match = re.search(rf"(?<![\w'])(?:{subject})(?:['’]s?)?(?![\w-])", question.question, re.IGNORECASE)
        earlier = [m for m in named if m < n and questions[m].question != question.question]
        if n < 3 or not match or not earlier:
            continue
        owns = match[0].endswith(_POSSESSIVE)
        before, after = question.question[: match.start()], question.question[match.end() :]
        text = before + (possessive if owns else pronoun) + after
        if (owns or _NO_NOUN.match(after)) and not re.search(subject, text, re.IGNORECASE):
            turns = [earlier[-1], *range(max(earlier[-1] + 1, n - 2), n)]
            history = tuple(Turn(questions[m].question, _answering(questions[m])) for m in turns)
            yield Followed(question, replace(question, question=text, history=history), title in CHOSEN_ON)


def _answering(question: Question) -> str:
    """Return the sentence of the evidence that holds the answer."""
    sentences = re.split(r"(?<=\.)\s+", question.evidence[0].text)
    return next((s for s in sentences if question.answers[0] in s), question.answers[0])


def changes_of_subject(followed: Sequence[Followed]) -> list[Followed]:
    """Return the whole questions, each after the conversation before one that is on another article."""
    half = len(followed) // 2
    moved = [*followed[half:], *followed[:half]]
    return [
        replace(f, follow_up=replace(f.whole, history=other.follow_up.history))
        for f, other in zip(followed, moved, strict=True)
        if f.whole.evidence[0].doc != other.whole.evidence[0].doc
    ]


def on_answers(data: Path) -> list[Followed]:
    """Return MuSiQue's later steps, with "it" for the answer of the step before."""
    lines = (data / "musique_100" / "questions.jsonl").read_text("utf-8").splitlines()
    return [f for n, line in enumerate(lines) for f in _on_answer(json.loads(line), chosen_on=n % 2 == 0)]


def _on_answer(record: dict, *, chosen_on: bool) -> Iterator[Followed]:
    steps = record["meta"]["decomposition"]
    answers = [step["answer"] for step in steps]
    evidence = tuple(Evidence(f"musique_100/docs/{e['doc']}", e.get("text") or "") for e in record["evidence"])
    sentences = [s for e in evidence for s in re.split(r"(?<=[.!?])\s+", e.text)]
    for n, step in enumerate(steps[1:], start=1):
        held = any(step["answer"].lower() in e.text.lower() for e in evidence)
        if held and set(re.findall(r"#(\d)", step["question"])) == {str(n)}:
            said = next((s for s in sentences if answers[n - 1] in s), answers[n - 1])
            history = (Turn(_worded(steps[n - 1]["question"], answers), said),)
            whole = Question(_worded(step["question"], answers), (step["answer"],), evidence)
            text = _worded(step["question"], ["it"] * n)
            yield Followed(whole, replace(whole, question=text, history=history), chosen_on)


def _worded(step: str, answers: Sequence[str]) -> str:
    """Return a step of MuSiQue ("#1 >> author") as a question, with answers for the steps that it refers to."""
    if ">>" in step:
        about, asked = (part.strip() for part in step.split(">>", 1))
        step = f"What is the {asked} of {about}?"
    return re.sub(r"#(\d)", lambda match: answers[int(match[1]) - 1], step)
