"""The reader: what it sees of a passage, what it says, and what that counts."""

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import EncoderError
from index.minilm import FOLDER, open_tokenizer
from index.sentences import sentences
from index.types import Passage
from qa import Chatbot, Settings, Turn
from qa.reader import MODEL, NOTHING, read
from qa.reading import _whole_words
from qa.windows import HEADER_TOKENS, QUESTION_TOKENS, TEXT_TOKENS, windows

STORY = (
    "The lighthouse at Skerrow stands on a granite rock. It was built in 1874 by Ada Holm. "
    "Its lamp burned whale oil until 1902. Visitors may climb its 211 steps in summer."
)
BREAD = "The bakery in Tarn sells about 300 loaves a day. Its owner, Tom Reed, says that bread is patience."
TOKENIZER = open_tokenizer(FOLDER / "tokenizer.json")


def passage(text: str, title: str = "Skerrow") -> Passage:
    return Passage("p", "a.txt", text, 0, len(text), None, "", title, tuple(sentences(text)))


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Chatbot]:
    for name, text in {"skerrow": STORY, "bakery": BREAD}.items():
        (tmp_path / f"{name}.txt").write_text(text, "utf-8")
    with Chatbot.open(tmp_path / "library", Settings()) as bot:
        assert not bot.add(sorted(tmp_path.glob("*.txt"))).failed
        yield bot


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Who built the lighthouse?", "Ada Holm"),
        ("When was the lighthouse built?", "1874"),
        ("what did the lamp burn", "whale oil"),
        ("How many steps does it have?", "211"),
    ],
)
def test_it_points_at_the_exact_words(question: str, words: str) -> None:
    (reading,) = read(question, [passage(STORY)])
    best = int(reading.scores.argmax())
    span = reading.answers[best]
    assert span
    assert STORY[slice(*span)] == words


def test_a_passage_that_answers_is_told_from_one_that_does_not() -> None:
    answers, other = read("Who built the lighthouse at Skerrow?", [passage(STORY), passage(BREAD, "Tarn")])
    assert answers.answerable > other.answerable + 2
    assert answers.scores.max() > other.scores.max() + 2


def test_what_a_passage_says_does_not_depend_on_its_company_or_on_threads() -> None:
    question, others = "Who built the lighthouse?", [passage(BREAD), passage(STORY * 9), passage("One. Two. Three.")]
    (alone,) = read(question, [passage(STORY)])
    found: list[float] = []

    def many() -> None:
        found.append(read(question, [*others, passage(STORY)])[-1].answerable)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == pytest.approx([alone.answerable] * 4, abs=0.05)


@given(st.text(max_size=300), st.text(max_size=3000), st.text(max_size=200))
def test_every_answer_is_within_its_sentence_of_any_text(question: str, text: str, title: str) -> None:
    read_of = passage(text, title)
    (reading,) = read(question, [read_of])
    assert len(reading.scores) == len(reading.answers) == len(read_of.sentences)
    for (start, end), answer, score in zip(read_of.sentences, reading.answers, reading.scores, strict=True):
        assert answer is None or start <= answer[0] < answer[1] <= end
        assert (answer is None) == (score == NOTHING)


@given(st.text(max_size=3000), st.integers(1, 40))
def test_windows_hold_each_sentence_whole_and_stay_within_what_the_network_reads(text: str, times: int) -> None:
    long = passage((text + " The end of it. ") * times)
    found = windows(TOKENIZER, "Who built the lighthouse?" * 20, [long])
    assert max(len(window.ids) for window in found) <= QUESTION_TOKENS + HEADER_TOKENS + TEXT_TOKENS + 4 <= 256
    for window in found:
        places = [place for place in window.places if place]
        assert places == sorted(places)
        assert all(long.text[a:b] or a == b for a, b in places)


def test_the_answer_has_a_probability_the_exact_words_and_the_passage_first(bot: Chatbot) -> None:
    answer = bot.ask("Who built the lighthouse?")
    assert answer.short == "Ada Holm"
    assert answer.results[0].passage.source.endswith("skerrow.txt")
    assert answer.confidence is not None
    assert answer.confidence > 0.5
    other = bot.ask("What is the capital city of Peru?")
    assert other.status == "not_found"
    assert other.confidence is not None
    assert other.confidence < 0.15


def test_a_number_is_told_with_what_qualifies_it(bot: Chatbot) -> None:
    assert bot.ask("How many loaves does the bakery sell?").short == "about 300 loaves"


def test_it_can_be_turned_off_and_keeps_out_of_other_languages(bot: Chatbot) -> None:
    question = "¿Quién construyó el faro de la isla y cuándo fue construido por la familia?"
    off = Chatbot(bot.index, replace(bot.settings, reader=False))
    assert bot.search(question) == off.search(question)
    assert bot.search("Who built the lighthouse?")[0].score != off.search("Who built the lighthouse?")[0].score


def test_search_returns_each_passage_once_as_many_as_asked_for(tmp_path: Path) -> None:
    for n in range(30):
        (tmp_path / f"{n}.txt").write_text(f"Tower number {n} was built by Ada Holm in {1850 + n}.", "utf-8")
    with Chatbot.open(tmp_path / "library", Settings()) as bot:
        bot.add([tmp_path / f"{n}.txt" for n in range(30)])
        for k in (1, 10, 25):
            results = bot.search("Who built tower number 7?", k)
            assert len({result.passage.id for result in results}) == len(results) == k
            assert [r.score for r in results] == sorted((r.score for r in results), reverse=True)
            assert "number 7 " in results[0].passage.text


def test_a_missing_or_damaged_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="is missing: install citewise again"):
        read("Who?", [passage(STORY)], tmp_path / "model.onnx")
    (tmp_path / "broken.onnx").write_bytes(MODEL.read_bytes()[:1000])
    with pytest.raises(EncoderError, match="is damaged"):
        read("Who?", [passage(STORY)], tmp_path / "broken.onnx")


def test_the_model_card_names_the_file_as_it_is() -> None:
    card = (MODEL.parent / "MODEL_CARD.md").read_text("utf-8")
    stated = re.search(r"`model.onnx`.*?([0-9a-f]{64})", card)
    assert stated
    assert stated[1] == hashlib.sha256(MODEL.read_bytes()).hexdigest()


def test_a_follow_up_that_leaves_something_unsaid_is_not_read(bot: Chatbot) -> None:
    off = Chatbot(bot.index, replace(bot.settings, reader=False))
    history = [Turn("Who built the lighthouse at Skerrow?", "Ada Holm built it in 1874. [1]")]
    read, unread = bot.ask("When?", history), off.ask("When?", history)
    assert (read.text, read.short, read.confidence) == (unread.text, unread.short, unread.confidence)
    assert read.short == "1874"


@given(st.text(alphabet="ab1 .-é", max_size=30), st.integers(0, 30), st.integers(0, 30))
def test_exact_words_are_whole_words(text: str, a: int, b: int) -> None:
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    wide = _whole_words(text, start, end)
    assert wide[0] <= start <= end <= wide[1]
    if start < end:
        for at in wide:
            assert not (0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum())
    assert text[slice(*wide)].strip() == "" or not text[wide[0] : start].strip() or text[wide[0] : start].isalnum()
