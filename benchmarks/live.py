"""Ask a real language model the public questions: `make live MODEL=... BASE_URL=...`, or `python -m benchmarks.live`.

Which model answers is said by the settings (OPENAI_API_KEY, OPENAI_BASE_URL, CITEWISE_MODEL). Three sets: Wikipedia
articles with questions that they answer or nearly answer, long answers from Wikipedia, and business documents in which
instructions were planted. Printed for each: how many sentences are cited and supported, refusals, the answers found,
what fell back to quotes and why, tokens and time. Questions go to the model one at a time.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.data import add_data_option, is_there
from qa import Answer, Chatbot, Settings
from qa.evaluate import documents, read_questions, resolve
from qa.scoring import Question, holds, mean, quantile

SETS = (("squad2", "questions.jsonl"), ("clapnq", "questions.jsonl"), ("bipia", "questions_injected.jsonl"))
Asked = list[tuple[Question, Answer, float]]


def main() -> int:
    """Ask, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_data_option(parser)
    parser.add_argument("--limit", type=int, default=30, help="questions of each set (default: 30)")
    arguments = parser.parse_args()
    settings = Settings.from_env()
    if not is_there(arguments.data):
        return 1
    for name, listing in SETS:
        with TemporaryDirectory(prefix="citewise-live-") as work, Chatbot.open(Path(work), settings) as bot:
            if bot.model is None:
                print("no model is set: make live MODEL=... BASE_URL=... (or OPENAI_API_KEY)", file=sys.stderr)
                return 2
            print(f"{name}: {bot.model.name} at {bot.model.address}")
            for line, value in figures(_asked(bot, arguments.data / name, listing, arguments.limit)).items():
                print(f"  {line:<44} {value}")
    return 0


def _asked(bot: Chatbot, folder: Path, listing: str, limit: int) -> Asked:
    injected = folder / "docs_injected"
    with documents(folder) as docs:
        bot.add(injected if "injected" in listing and injected.is_dir() else docs)
    questions = resolve(bot, read_questions(folder, limit, scope="injected" in listing, listing=listing))
    found: Asked = []
    for question in questions:
        began = perf_counter()
        answer = bot.ask(question.question, question.history, list(question.sources) or None)
        found.append((question, answer, (perf_counter() - began) * 1000))
        print(f"\r  {len(found)} of {len(questions)}", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr)
    return found


def figures(asked: Asked) -> dict[str, str]:
    """Return what is printed of a set."""
    by_model = [answer for _, answer, _ in asked if answer.model != "extractive"]
    supported = sum(len(re.findall(r"(?:\[\d+\])+", answer.text)) for answer in by_model)
    flagged = sum(answer.text.count("[unsupported]") for answer in by_model)
    refused = [question for question, answer, _ in asked if answer.status == "not_found"]
    rightly = sum(question.answerable is False for question in refused)
    unanswerable = sum(question.answerable is False for question, *_ in asked)
    answerable = [(q, a) for q, a, _ in asked if q.answerable]
    fell_back = Counter(a.note.split(": ")[0] for _, a, _ in asked if a.note and a.model == "extractive")
    return {
        "questions (answerable)": f"{len(asked)} ({len(answerable)})",
        "written by the model": str(len(by_model)),
        "sentences cited and supported": _share(supported, supported + flagged),
        "answers in which every sentence is": _share(
            sum("[unsupported]" not in a.text and bool(a.citations) for a in by_model), _answers(by_model)
        ),
        "refusal precision": _share(rightly, len(refused)),
        "refusal recall": _share(rightly, unanswerable),
        "a quote holds the answer": _share(sum(_hit(q, a) for q, a in answerable if q.answers), len(answerable)),
        "tokens asked and answered, a question": " and ".join(
            f"{mean([a.timings.get(k, 0.0) for a in by_model]) or 0:.0f}"
            for k in ("prompt_tokens", "completion_tokens")
        ),
        "milliseconds, p50 and p95": " and ".join(
            f"{quantile([ms for *_, ms in asked], q) or 0:.0f}" for q in (0.5, 0.95)
        ),
        "fell back to quotes": "; ".join(f"{n} x {why}" for why, n in fell_back.items()) or "never",
    }


def _answers(by_model: Sequence[Answer]) -> int:
    return sum(answer.status != "not_found" for answer in by_model)


def _hit(question: Question, answer: Answer) -> bool:
    return any(holds(c.quote, question.answers, question.lang) for c in answer.citations)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f} ({part} of {whole})" if whole else "none"


if __name__ == "__main__":
    sys.exit(main())
