"""What all peers are given: the development sets and libraries of a size, as files and as the texts in them."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.scale import documents
from index.readers import read
from index.types import Passage
from qa.evaluate import read_questions
from qa.scoring import Question, relevance


@dataclass(frozen=True, slots=True)
class DevSet:
    """A development set: the folders with its documents, the first with the questions too."""

    folders: tuple[str, ...]
    scope: bool = False  # whether a question is asked of its own document only, because it makes no sense elsewhere


SETS = {
    "wikipedia": DevSet(("squad2", "squad1_extra")),
    "xquad/en": DevSet(("xquad/en",)),
    "covidqa": DevSet(("covidqa",), scope=True),
    "clapnq": DevSet(("clapnq",)),
    "tatqa": DevSet(("tatqa",), scope=True),
    "hotpotqa": DevSet(("hotpotqa_100",)),
    "musique": DevSet(("musique_100",)),
    "financebench": DevSet(("financebench",)),
    "sec10q": DevSet(("sec10q",)),
}
"""As in `quality.py`: filings by page (financebench) and by document (sec10q)."""


@dataclass(frozen=True, slots=True)
class Given:
    """Documents for a peer: folders of files, and a file of their texts, a JSON line [source, text] each."""

    folders: tuple[Path, ...]
    texts: Path


def of_set(data: Path, name: str, cache: Path) -> Given:
    """Return the documents of a development set."""
    folders = tuple(data / folder / "docs" for folder in SETS[name].folders)
    return _given(folders, cache / "corpora" / f"{name.replace('/', '-')}.jsonl")


def of_size(data: Path, passages: int, cache: Path) -> Given:
    """Return documents that make about so many passages of 650 characters."""
    folder = cache / "corpora" / str(passages)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        documents(data, folder, passages)
    return _given((folder,), folder.with_suffix(".jsonl"))


def _given(folders: tuple[Path, ...], texts: Path) -> Given:
    if not texts.is_file():
        print(f"{texts.stem}: reading the documents ...", file=sys.stderr)
        texts.parent.mkdir(parents=True, exist_ok=True)
        partial = texts.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as lines:
            for folder in folders:
                for path in sorted(folder.rglob("*.*")):
                    _write(path, path.relative_to(folder).as_posix(), lines.write)
        partial.rename(texts)
    return Given(folders, texts)


def _write(path: Path, source: str, write: Callable[[str], object]) -> None:
    """Write a document's text as a line, or each page's, whose source is `name#page`."""
    extracted = read(path)
    ends = [*extracted.pages[1:], len(extracted.text)]
    parts = [(f"{source}#{n}", a, b) for n, (a, b) in enumerate(zip(extracted.pages, ends, strict=False), 1)]
    for name, start, end in parts or [(source, 0, len(extracted.text))]:
        text = extracted.text[start:end].strip()
        if text:
            write(json.dumps([name, text], ensure_ascii=False) + "\n")


def asked_of(data: Path, name: str, limit: int) -> list[Question]:
    """Return the answerable questions of a set whose evidence is known, at most `limit`, evenly spread."""
    wanted = SETS[name]
    questions = read_questions(data / wanted.folders[0], scope=wanted.scope)
    known = [q for q in questions if q.answerable and q.evidence]
    count = min(limit, len(known))
    return [known[i * len(known) // count] for i in range(count)]


def rank(question: Question, found: Sequence[tuple[str, str]], given: Given) -> int | None:
    """Return the first place, from 1, of a text that shows the answer, as `qa/scoring.py` judges passages."""
    shows = relevance(question, _texts(given.texts))
    assert shows is not None, "asked_of returns only questions with evidence"
    return next((n for n, (source, text) in enumerate(found, 1) if shows(_passage(source, text))), None)


def _passage(source: str, text: str) -> Passage:
    name, _, page = source.rpartition("#")
    return (
        Passage("", name, text, 0, len(text), int(page), "")
        if name
        else Passage("", source, text, 0, len(text), None, "")
    )


@cache
def _texts(file: Path) -> Callable[[str], str]:
    """Return a function that gives a document's whole text."""
    whole: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").split("\n"):
        if line:
            source, text = json.loads(line)
            whole.setdefault(source.rpartition("#")[0] or source, []).append(text)
    return lambda source: "\n\n".join(whole.get(source, []))
