"""Make the examples that the reader learns from: a question, a passage as citewise cuts it, where the answer stands.

    python -m training.reader_data --evaldata ../shared/evaldata --readerdata ../shared/readerdata \
        --start unpacked/.../model.safetensors --out examples

Documents are put into a library, so that passages, titles and headings are what the reader will meet, and wrong
passages are those that citewise's own search brings for the question. QAMR's questions stand on single sentences: other
sentences, drawn anew in each pass, are put around them. Near misses are SQuAD 2.0's own and those of
`near_misses.py`. Some questions are typed the way people type: lower case, key words only, misspelt.

Whole documents are kept out of training (`apart.py`). One file per pass, and `apart.jsonl`.
"""

import argparse
import gzip
import json
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tokenizers import Tokenizer

from index.sentences import sentences as split_sentences
from index.types import Passage, Span
from index.words import is_common, words
from qa import Chatbot, Settings
from qa.evaluate import read_questions, resolve
from qa.scoring import Question, holds, normalise, relevance

from .apart import is_apart
from .near_misses import Siblings, near_miss

LIBRARIES = {"wikipedia": ("squad2", "squad1_extra"), "papers": ("covidqa",), "reports": ("tatqa",)}
SCOPED = ("papers", "reports")
TRIED = 10  # passages looked at for each question
QAMR_A_PASS, MISSED = 11_000, 0.6  # MISSED: share of answered questions with a near miss made beside them


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a passage; `spans` are the answers' places in its text, none where it does not answer."""

    kind: str
    doc: str
    question: str
    passage: Passage
    spans: tuple[Span, ...] = ()

    def line(self) -> str:
        """Return it as a line of JSON."""
        p = self.passage
        shown = {"title": p.title, "heading": p.heading, "text": p.text, "sentences": p.sentences}
        return json.dumps({"kind": self.kind, "doc": self.doc, "question": self.question, **shown, "spans": self.spans})


def main() -> None:
    """Gather the examples and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaldata", type=Path, default=Path("../shared/evaldata"))
    parser.add_argument("--readerdata", type=Path, default=Path("../shared/readerdata"))
    parser.add_argument("--out", type=Path, default=Path("examples"))
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--start", type=Path, required=True, help="the published encoder's model.safetensors")
    options = parser.parse_args()
    siblings = Siblings.load(options.start, Tokenizer.from_file(str(options.start.with_name("tokenizer.json"))))
    options.out.mkdir(parents=True, exist_ok=True)
    found = [e for library in LIBRARIES for e in _from_library(options.evaldata, library)]
    sentences = _qamr(options.readerdata / "qamr.jsonl.gz")
    policies = list(_policies(options.readerdata / "policyqa.jsonl.gz"))
    everything = [*found, *policies]
    _write(options.out / "apart.jsonl", [e for e in everything if is_apart(e.doc)])
    learnt = [e for e in everything if not is_apart(e.doc)]
    for number in range(options.passes):
        chance = random.Random(number)
        _write(options.out / f"pass{number}.jsonl", _one_pass(learnt, sentences, siblings, chance))


def _write(path: Path, examples: Iterable[Example]) -> None:
    lines = [example.line() for example in examples]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    print(path, len(lines), flush=True)


def _one_pass(
    learnt: Sequence[Example], facts: Sequence["Fact"], siblings: Siblings, chance: random.Random
) -> list[Example]:
    """Return one pass: every question with and without its answer, its wording and wrong passages drawn anew."""
    by_question: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in learnt:
        by_question[example.kind, example.question].append(example)
    groups = list(by_question.values())
    asked = {doc: list({e.question: None for e in some}) for doc, some in _by_doc(learnt).items()}
    policies = [g for g in groups if g[0].kind == "policies"]
    chosen = [g for g in groups if g[0].kind != "policies"] + chance.sample(policies, min(len(policies), 900))
    found: list[Example] = []
    for group in chosen:
        right = [e for e in group if e.spans]
        wrong = [e for e in group if not e.spans]
        some = right[:1] + chance.sample(wrong, min(len(wrong), 1 if right else 2))
        found += [_retyped(e, chance) for e in some]
        if right and chance.random() < MISSED:
            found += _missed(right[0], asked[right[0].doc], siblings, chance)
    found += _around(chance.sample(facts, min(len(facts), QAMR_A_PASS)), facts, siblings, chance)
    chance.shuffle(found)
    return found


def _by_doc(examples: Sequence[Example]) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        found[example.doc].append(example)
    return found


def _missed(example: Example, others: Sequence[str], siblings: Siblings, chance: random.Random) -> Iterator[Example]:
    question = near_miss(example.question, example.passage.text, others, siblings, chance)
    if question:
        yield _retyped(replace(example, question=question, spans=()), chance)


# passages of citewise's own


def _from_library(data: Path, name: str) -> Iterator[Example]:
    with tempfile.TemporaryDirectory() as folder, Chatbot.open(Path(folder) / "library", Settings()) as bot:
        bot.add([data / part / "docs" for part in LIBRARIES[name]])
        for part in LIBRARIES[name]:
            for question in resolve(bot, read_questions(data / part, scope=True)):
                yield from _examples(bot, name, question)


def _examples(bot: Chatbot, kind: str, question: Question) -> Iterator[Example]:
    """Yield the passage that answers, and those that the search brings and that do not."""
    (doc,) = question.sources
    found = bot.index.search(question.question, TRIED, [doc] if kind in SCOPED else None)
    if not question.answerable:  # nothing near it answers, and not what it was written against
        yield from (Example(kind, doc, question.question, r.passage) for r in found[:2])
        return
    is_relevant = relevance(question, bot.index.text)
    if not is_relevant:
        return
    for result in found:
        passage = result.passage
        if is_relevant(passage):
            if spans := _spans(passage, question):
                yield Example(kind, doc, question.question, passage, spans)
        elif not any(holds(passage.text, [answer]) for answer in question.answers):
            yield Example(kind, doc, question.question, passage)


def _spans(passage: Passage, question: Question) -> tuple[Span, ...]:
    """Return where the accepted answers stand in the sentence that has the most of the question's words."""
    asked = set(words(question.question))
    best: tuple[int, tuple[Span, ...]] = (-1, ())
    for a, b in passage.sentences:
        text = passage.text[a:b]
        spans = {(a + m.start(), a + m.end()) for answer in question.answers for m in _places(answer, text)}
        shared = len(asked & set(words(text)))
        if spans and shared > best[0]:
            best = shared, tuple(sorted(spans))
    return best[1]


def _places(answer: str, text: str) -> Iterator[re.Match[str]]:
    pattern = r"\s+".join(map(re.escape, answer.split()))
    return re.finditer(rf"(?<!\w){pattern}(?!\w)", text) if pattern else iter(())


# policies and single sentences


def _policies(path: Path) -> Iterator[Example]:
    for record in _lines(path):
        passage = _passage(record["title"], record["context"])
        spans = tuple((m.start(), m.end()) for a in record["answers"] for m in _places(a, record["context"]))
        yield Example("policies", record["title"], f"{record['question']}", passage, spans[:1])


@dataclass(frozen=True, slots=True)
class Fact:
    """A question of QAMR, the sentence it was asked of, and the article this is from."""

    question: str
    sentence: str
    answer: str
    article: str


def _qamr(path: Path) -> list[Fact]:
    found: dict[tuple[str, str], Fact] = {}
    for record in _lines(path):
        question, mark, _ = record["question"].partition("?")  # after it some hold the answer
        article = ":".join(record["id"].split(":")[:3])
        if mark and len(question.split()) > 2:
            fact = Fact(question.strip() + "?", record["context"], record["answers"][0], article)
            found[fact.question, fact.sentence] = fact
    return list(found.values())


def _lines(path: Path) -> Iterator[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _around(
    chosen: Sequence[Fact], facts: Sequence[Fact], siblings: Siblings, chance: random.Random
) -> Iterator[Example]:
    """Put other sentences around each one; now and then leave the answer out, or ask about something else."""
    of_article: dict[str, list[str]] = defaultdict(list)
    by_word: dict[str, set[str]] = defaultdict(set)
    everything = list(dict.fromkeys(fact.sentence for fact in facts))
    asked: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        asked[fact.article].append(fact.question)
        if fact.sentence not in of_article[fact.article]:
            of_article[fact.article].append(fact.sentence)
    for sentence in everything:
        for word in set(words(sentence)):
            by_word[word].add(sentence)
    for fact in chosen:
        near = _similar(fact, by_word)
        others = [s for s in of_article[fact.article] if s != fact.sentence]
        pool = [*near, *chance.sample(others, min(3, len(others))), *chance.sample(everything, 2)]
        pool = [s for s in dict.fromkeys(pool) if normalise(fact.answer) not in normalise(s) and s != fact.sentence]
        around = chance.sample(pool, min(len(pool), chance.choice((0, 1, 1, 2, 2, 3, 4))))
        missing = chance.random() < 0.25 and around
        put = around if missing else [*around, fact.sentence]
        chance.shuffle(put)
        text = " ".join(put)
        passage = _passage("", text, put)
        start = text.index(fact.sentence) if not missing else 0
        spans = [(start + m.start(), start + m.end()) for m in _places(fact.answer, fact.sentence)]
        example = Example("sentences", fact.article, fact.question, passage, () if missing else tuple(spans[:1]))
        if missing or spans:
            yield _retyped(example, chance)
        if spans and not missing and chance.random() < MISSED / 2:
            yield from _missed(example, asked[fact.article], siblings, chance)


def _similar(fact: Fact, by_word: dict[str, set[str]]) -> list[str]:
    """Return the sentences that share the most telling words with a question."""
    scores: dict[str, float] = defaultdict(float)
    for word in set(words(fact.question)):
        holders = by_word.get(word, set())
        if len(holders) < 100:
            for sentence in holders:
                scores[sentence] += 1 / (1 + len(holders))
    return sorted(scores, key=lambda s: (-scores[s], s))[:4]


def _passage(title: str, text: str, parts: Sequence[str] = ()) -> Passage:
    spans: list[Span] = []
    for part in parts:
        start = text.index(part, spans[-1][1] if spans else 0)
        spans.append((start, start + len(part)))
    found = tuple(spans) or tuple(split_sentences(text))
    return Passage("", "", text, 0, len(text), None, "", title, found)


# questions made harder


def _retyped(example: Example, chance: random.Random) -> Example:
    """Return it with its question as people type it, now and then, and its header left out, now and then."""
    question, dice = example.question, chance.random()
    if dice < 0.10:
        question = question.rstrip("?").lower()
    elif dice < 0.15:
        question = question.rstrip("?")
    elif dice < 0.20:
        kept = [word for word in question.rstrip("?").split() if not is_common(word.lower())]
        question = " ".join(kept) if len(kept) > 1 else question
    elif dice < 0.24:
        question = _misspelt(question, chance)
    passage = example.passage
    if chance.random() < 0.2:
        passage = replace(passage, title="", heading="")
    return replace(example, question=question, passage=passage)


def _misspelt(question: str, chance: random.Random) -> str:
    places = [i for i in range(1, len(question) - 2) if question[i : i + 2].isalpha()]
    if not places:
        return question
    i = chance.choice(places)
    left, right = question[:i], question[i + 2 :]
    return left + chance.choice((question[i + 1] + question[i], question[i], question[i] * 2 + question[i + 1])) + right


if __name__ == "__main__":
    main()
