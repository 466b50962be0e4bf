"""How well true statements are told from corrupted ones: `python -m benchmarks.verification [--limit N] [--show KIND]`.

True statements are sentences of documents, the same sentences reworded (figures and dates written another way, a clause
left out), and sentences of the answers that people wrote in clapnq, covidqa and mtrag. Each is checked as the answers
of a language model are, against five passages of its document, the right one cited. Corrupted statements differ from a
true one in one place: another number, date or name (at random, and from the same passages), a negation put in or taken
out, or a sentence of a passage that is not shown. Printed is the share of each that is judged rightly, with counts.
"""

import argparse
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import add_data_option, is_there
from index.passages import split
from index.readers import read
from index.sentences import sentences
from index.types import Extracted, Passage
from qa.checks.claims import read_claim
from qa.checks.dates import moments
from qa.checks.figures import figures
from qa.checks.names import names
from qa.checks.sources import read_sources
from qa.checks.statements import statements
from qa.checks.support import supporting
from qa.evaluate import read_questions

SHOWN = 5
SETS = ("squad2", "squad1_extra", "covidqa", "tatqa", "clapnq")
ANSWERED = ("clapnq", "covidqa", "mtrag_human", "mtrag_un")
MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True, slots=True)
class Case:
    """A statement, the passages shown with it, the one cited first, and what was done to it."""

    kind: str
    text: str
    shown: tuple[Passage, ...]
    cited: tuple[int, ...] = (1,)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", type=int, default=400, help="true sentences of each data set (default: 400)")
    add_data_option(parser)
    parser.add_argument("--show", help="print the cases of this kind that are judged wrongly")
    arguments = parser.parse_args()
    if not is_there(arguments.data):
        return
    right: dict[str, list[bool]] = defaultdict(list)
    for case in cases(arguments.data, arguments.limit):
        is_true = case.kind.startswith("true")
        borne_out = bool(judged(case))
        right[case.kind].append(borne_out == is_true)
        if borne_out != is_true and case.kind == arguments.show:
            print(f"- {case.text}\n    {case.shown[0].text[:900]!r}\n")
    for kind, judgements in sorted(right.items()):
        print(f"{kind:<40} {sum(judgements) / len(judgements):.3f}  of {len(judgements):,}")
    for name, kinds in (
        ("true, all but people's answers", [k for k in right if k.startswith("true") and "people" not in k]),
        ("number, date, name: caught", [k for k in right if k.startswith(("number", "date", "name"))]),
    ):
        judgements = [j for kind in kinds for j in right[kind]]
        print(f"{name:<40} {sum(judgements) / max(1, len(judgements)):.3f}  of {len(judgements):,}")


def judged(case: Case) -> list[object]:
    """Return the quotes that citewise would give for a case."""
    sources = read_sources(enumerate(case.shown, 1))
    return list(supporting(read_claim(case.text, sources[0].around.spoken), sources, case.cited))


def cases(data: Path, limit: int) -> Iterator[Case]:
    """Yield true statements and, after each, what can be made of it."""
    for name in SETS:
        chance = random.Random(name)
        documents = list(_documents(data / name))
        everything = [passage for passages in documents for passage in passages]
        drawn = [(passages, i) for passages in documents for i in range(len(passages))]
        chance.shuffle(drawn)
        for passages, i in drawn[:limit]:
            shown = _shown(passages, i, chance)
            text = _drawn(shown[0], chance)
            if text:
                yield Case(f"true: sentence ({name})", text, shown)
                reworded = _reworded(text, chance)
                if reworded != text:
                    yield Case("true: reworded", reworded, shown)
                yield from _corrupted(text, shown, everything, chance)
    for name in ANSWERED:
        yield from _answers(data / name, limit)


def _documents(folder: Path) -> Iterator[list[Passage]]:
    for path in sorted((folder / "docs").iterdir()):
        found = split(read(path), path.name, path.stem)
        if found:
            yield found


def _shown(passages: Sequence[Passage], i: int, chance: random.Random) -> tuple[Passage, ...]:
    others = [p for j, p in enumerate(passages) if j != i]
    return (passages[i], *chance.sample(others, min(SHOWN - 1, len(others))))


def _drawn(passage: Passage, chance: random.Random) -> str:
    """Return one of the sentences of a passage that could stand in an answer."""
    texts = [passage.text[a:b] for a, b in passage.sentences]
    usable = [t for t in texts if 40 <= len(t) <= 300 and t[0].isupper() and t[-1] in ".!" and "\n" not in t]
    return re.sub(r"\[\d+\]", "", chance.choice(usable)) if usable else ""


def _reworded(text: str, chance: random.Random) -> str:
    """Return a sentence with its figures and dates written another way, and perhaps without its last clause."""
    for moment in reversed(moments(text)):
        alone = sum(other.span == moment.span for other in moments(text)) == 1
        if moment.year and moment.month and moment.day and alone:
            written = f"{moment.day} {MONTHS[moment.month - 1][:3]} {moment.year}"
            text = text[: moment.span[0]] + written + text[moment.span[1] :]
    for figure in reversed(figures(text)):
        a, b = figure.span
        if re.fullmatch(r"\d{1,3}(,\d{3})+", text[a:b]):
            value = int(text[a:b].replace(",", ""))
            written = f"{value / 1000:g} thousand" if value < 10**6 else f"{value / 10**6:.9g} million"
            text = text[:a] + written + text[b:]
        elif re.fullmatch(r"[2-9]", text[a:b]) and re.fullmatch(r"\s\s?", text[a - 1 : a] + text[b : b + 1]):
            text = text[:a] + "zero one two three four five six seven eight nine".split()[int(text[a:b])] + text[b:]
    head, comma, _ = text.rpartition(", ")
    return head + "." if comma and len(head) > 60 and chance.random() < 0.5 else text


def _corrupted(
    text: str, shown: tuple[Passage, ...], everything: Sequence[Passage], chance: random.Random
) -> Iterator[Case]:
    yield from _numbers_changed(text, shown, chance)
    yield from _dates_changed(text, shown, chance)
    yield from _names_changed(text, shown, everything, chance)
    negated = _negated(text)
    if negated:
        yield Case("negation", negated, shown)
    if len(shown) > 2:
        yield Case("sentence of another passage", text, shown[1:])


def _numbers_changed(text: str, shown: tuple[Passage, ...], chance: random.Random) -> Iterator[Case]:
    found = [f for f in figures(text) if re.fullmatch(r"[\d.,]*\d", text[slice(*f.span)].strip("$€£%"))]
    if not found:
        return
    figure = chance.choice(found)
    a, b = figure.span
    digits = re.search(r"\d[\d.,]*", text[a:b])
    assert digits
    old = digits[0].rstrip(".,")
    a, b = a + digits.start(), a + digits.start() + len(old)
    places = [i for i, char in enumerate(old) if char.isdigit()]
    place = chance.choice(places)
    new = old[:place] + chance.choice([d for d in "123456789" if d != old[place]]) + old[place + 1 :]
    yield Case("number: at random", text[:a] + new + text[b:], shown)
    theirs = {m for p in shown for m in re.findall(r"(?<![\w.,])\d(?:[\d,]*\d)?(?:\.\d+)?(?![\w])", p.text)}
    near = sorted(m for m in theirs if m not in text and abs(len(m) - len(old)) <= 1)
    if near:
        yield Case("number: from the same passages", text[:a] + chance.choice(near) + text[b:], shown)


def _dates_changed(text: str, shown: tuple[Passage, ...], chance: random.Random) -> Iterator[Case]:
    for match in re.finditer(rf"\b({'|'.join(MONTHS)})\b", text):
        other = chance.choice([m for m in MONTHS if m != match[1]])
        if any(m.span[0] <= match.start() < m.span[1] for m in moments(text)):
            yield Case("date: month", text[: match.start()] + other + text[match.end() :], shown)
            break
    years = list(re.finditer(r"\b(?:1[5-9]\d\d|20[012]\d)\b", text))
    if years:
        match = chance.choice(years)
        year = str(int(match[0]) + chance.choice([-9, -3, -2, -1, 1, 2, 4, 7, 10]))
        if year not in text:
            yield Case("date: year", text[: match.start()] + year + text[match.end() :], shown)
        theirs = sorted({y for p in shown for y in re.findall(r"\b(?:1[5-9]\d\d|20[012]\d)\b", p.text)} - {match[0]})
        theirs = [y for y in theirs if y not in text]
        if theirs:
            changed = text[: match.start()] + chance.choice(theirs) + text[match.end() :]
            yield Case("date: year from the same passages", changed, shown)


def _names_changed(
    text: str, shown: tuple[Passage, ...], everything: Sequence[Passage], chance: random.Random
) -> Iterator[Case]:
    ours = _runs(text)
    if not ours:
        return
    start, end = chance.choice(ours)
    own = text[start:end]
    for kind, pool in (("at random", [chance.choice(everything) for _ in range(4)]), ("from the same passages", shown)):
        theirs = sorted({p.text[a:b] for p in pool for a, b in _runs(p.text)})
        theirs = [n for n in theirs if not set(n.split()) & set(text.split()) and n not in own and own not in n]
        if theirs:
            yield Case(f"name: {kind}", text[:start] + chance.choice(theirs) + text[end:], shown)


def _runs(text: str) -> list[tuple[int, int]]:
    """Return the spans of names of one to three words, none that opens a sentence."""
    found: list[tuple[int, int]] = []
    for a, b in sentences(text):
        for name in names(text[a:b]):
            start, end = a + name.span[0], a + name.span[1]
            if not name.certain or name.span[0] == 0 or not name.text.replace("’s", "").replace("'s", "").isalpha():
                continue
            if len(name.text) < 3 or name.text in MONTHS:
                continue
            if found and found[-1][1] + 1 == start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return [(a, b) for a, b in found if text[a:b].count(" ") < 3]


def _negated(text: str) -> str:
    """Return a sentence that says the contrary, or nothing where none is easily made."""
    taken = re.sub(
        r"\b(was|were|is|are|did|do|does|has|have|had|could|would|will|can|should) not\b", r"\1", text, count=1
    )
    if taken != text:
        return taken
    put = re.sub(r"\b(was|were|is|are|has|have|had|could|would|will|can|should)\b(?! not)", r"\1 not", text, count=1)
    return put if put != text else ""


def _answers(folder: Path, limit: int) -> Iterator[Case]:
    """Yield the sentences of people's answers, as true statements on their evidence."""
    for question in [q for q in read_questions(folder) if q.answerable and q.answers][:limit]:
        shown = tuple(
            passage
            for i, evidence in enumerate(question.evidence)
            if evidence.text
            for passage in split(
                Extracted(Path(evidence.doc).stem.replace("_", " "), evidence.text), evidence.doc, f"{i}"
            )
        )
        if shown:
            for statement in statements(question.answers[0]):
                if len(statement.text) >= 40:
                    everything = tuple(range(1, len(shown) + 1))
                    yield Case(f"true: people's answers ({folder.name})", statement.text, shown, everything)


if __name__ == "__main__":
    main()
