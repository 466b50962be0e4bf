"""The figures of an evaluation: each rule on an example worked out by hand, then a whole folder."""

import json
from pathlib import Path

import pytest
from fpdf import FPDF

from index.errors import CitewiseError
from index.types import Passage
from qa.evaluate import documents, evaluate, read_questions
from qa.scoring import (
    Evidence,
    Question,
    Reply,
    claim,
    exact_match,
    f1,
    holds,
    normalise,
    overlaps,
    quantile,
    recall,
    relevance,
    rows,
    summarise,
    windows,
)
from qa.settings import Settings
from qa.types import Answer, Citation, Turn
from ui.cli import main

PARAGRAPH = (
    "The old lighthouse at Skerrow was built in 1874 by the engineer Ada Holm. It stands 41 metres above the "
    "sea, and its lamp was lit with whale oil until 1902."
)


def passage(text: str, source: str = "docs/skerrow.txt", page: int | None = None) -> Passage:
    return Passage("p", source, text, 0, len(text), page, "")


def answered(question: Question, text: str, quotes: tuple[str, ...] = (), **rest: object) -> Reply:
    citations = tuple(Citation(n, "s", "t", None, 0, len(q), q, "p") for n, q in enumerate(quotes, 1))
    return Reply(question, Answer(question.question, text, citations=citations, **rest), 10.0, len(quotes))


class TestWords:
    def test_case_punctuation_articles_and_white_space_do_not_count(self):
        assert normalise("The  Lamp, was lit\nwith a «whale oil»!") == "lamp was lit with whale oil"

    def test_each_language_has_its_own_articles(self):
        assert normalise("La torre de los vientos", "es") == "torre de vientos"
        assert normalise("Der Turm an dem Meer", "de") == "turm an meer"
        assert normalise("La torre", "en") == "la torre"

    def test_chinese_counts_by_character(self):
        assert normalise("灯塔建于1874年。", "zh") == "灯 塔 建 于 1874 年"
        # 3 shared of 4 said and 3 accepted: 2 * 3 / 7
        assert f1("灯塔建于", ["灯塔建"], "zh") == pytest.approx(6 / 7)

    def test_f1_is_the_best_over_the_accepted_answers(self):
        # "built in 1874" and "1874" share one word: 2 * 1 / (3 + 1); with "in 1874" two: 2 * 2 / (3 + 2)
        assert f1("built in 1874", ["1874"]) == pytest.approx(0.5)
        assert f1("built in 1874", ["1874", "in 1874"]) == pytest.approx(0.8)
        assert f1("granite", ["1874"]) == 0.0
        assert f1("granite", []) == 0.0

    def test_exact_match_ignores_what_does_not_count(self):
        assert exact_match("the Ada Holm.", ["Ada Holm"]) == 1.0
        assert exact_match("engineer Ada Holm", ["Ada Holm"]) == 0.0

    def test_a_quote_holds_a_short_answer_only_in_whole_words(self):
        assert holds("It stands 41 metres above the sea.", ["41 Metres"])
        assert holds("It stands 41 metres above the sea.", ["41"])
        assert not holds("It was built in 1841.", ["41"])
        assert not holds("It was built in 1841.", ["the"])
        assert holds("lit with whale oil until 190", ["it with whale oil until"])  # an accepted answer cut in a word


class TestEvidence:
    def test_an_answer_stands_with_twenty_characters_of_the_evidence_on_each_side(self):
        assert windows(["1874"], PARAGRAPH) == ("kerrow was built in 1874 by the engineer Ada",)

    def test_the_window_ends_where_the_evidence_ends(self):
        assert windows(["41"], "It stands\n 41 metres high.") == ("It stands 41 metres high.",)

    def test_whole_words_are_preferred_to_parts_of_words(self):
        assert windows(["4"], "In 1874, 4 keepers.") == ("In 1874, 4 keepers.",)
        assert len(windows(["4"], "74 and again, after a very long pause indeed, 4 keepers.")) == 1
        assert windows(["87"], "In 1874.") == ("In 1874.",)
        assert windows(["brass"], PARAGRAPH) == ()

    def test_a_passage_must_hold_the_answer_with_the_evidences_own_words(self):
        test = relevance(Question("When?", ("1874",), (Evidence("skerrow.txt", PARAGRAPH),)), str)
        assert test is not None
        assert test(passage("Intro. The old lighthouse at\nSkerrow was built in 1874 by the engineer Ada Holm."))
        assert not test(passage("In 1874 another lighthouse was built."))
        assert not test(passage(PARAGRAPH, source="docs/other.txt"))

    def test_a_page_is_found_by_its_number_in_the_right_document(self):
        test = relevance(Question("When?", ("1874",), (Evidence("skerrow.pdf", PARAGRAPH, page=3),)), str)
        assert test is not None
        assert test(passage("anything", "docs/skerrow.pdf", 3))
        assert not test(passage(PARAGRAPH, "docs/skerrow.pdf", 2))

    def test_a_long_answer_is_found_where_half_of_its_evidence_stands(self):
        test = relevance(Question("Tell me.", ("A tall old tower.",), (Evidence("skerrow.txt", PARAGRAPH),)), str)
        assert test is not None
        assert test(passage("It stands 41 metres above the sea, and its lamp was lit"))
        assert test(passage(f"Something before. {PARAGRAPH} Something after."))
        assert not test(passage("The lamp of the old house was built by the sea in 1902, and it stands until today."))

    def test_overlap_is_half_of_the_shorter_texts_runs_of_three_words(self):
        # "one two three four" has 2 runs; "two three four five six seven" shares 1 of them
        assert overlaps("one two three four", "two three four five six seven")
        assert not overlaps("one two three four five", "three four five six seven")
        assert not overlaps("", "one two")

    def test_a_table_row_is_found_by_all_its_words_however_its_headers_are_told(self):
        table = "| | 2019 | 2018 |\n| --- | --- | --- |\n| Cash | $3,795 | $ - |\n| Debt | 12 | 14 |"
        assert rows(["3,795"], table) == (frozenset({"cash", "3795"}),)
        test = relevance(Question("Cash?", ("$3,795",), (Evidence("skerrow.txt", table),)), str)
        assert test is not None
        assert test(passage("Cash: 2019: $3,795; 2018: $ -"))
        assert not test(passage("Debt: 2019: 12; 2018: 14"))
        total = relevance(Question("In all?", ("3,807",), (Evidence("skerrow.txt", table),)), str)
        assert total is not None
        assert total(passage("Cash: 2019: $3,795; 2018: $ -"))
        assert not total(passage("All amounts are told in thousands of crowns."))

    def test_evidence_that_names_only_a_document_stands_for_its_whole_text(self):
        question = Question("How high?", ("41 metres",), (Evidence("docs/skerrow.txt"),))
        test = relevance(question, {"docs/skerrow.txt": PARAGRAPH}.__getitem__)
        assert test is not None
        assert test(passage("By the engineer Ada Holm. It stands 41 metres above the sea, and more"))
        assert not test(passage("It is 41 metres high."))

    def test_a_question_without_evidence_is_left_out(self):
        assert relevance(Question("Why?", ("because",)), str) is None


class TestFigures:
    def test_recall_is_the_share_found_by_that_depth(self):
        assert [recall([1, 4, None, 2], k) for k in (1, 3, 5, 10)] == [0.25, 0.5, 0.75, 0.75]
        assert recall([], 1) is None

    def test_quantiles_are_values_that_occurred(self):
        assert quantile([4, 1, 3, 2], 0.5) == 2
        assert quantile(list(range(1, 101)), 0.95) == 95
        assert quantile([], 0.5) is None

    def test_the_claim_is_the_short_answer_or_the_text_without_marks(self):
        assert claim(Answer("q", "It was 1874. [1]", short="1874")) == "1874"
        assert claim(Answer("q", "Built in 1874 [1][2]. So [unsupported]")) == "Built in 1874. So"

    def test_refusals_and_answers_are_counted_against_what_is_known(self):
        known = Question("When?", ("1874",))
        unknown = Question("Who painted it?", answerable=False)
        undecided = Question("Tell me about it.", answerable=None)
        figures = summarise(
            [
                answered(known, "In 1874. [1]", ("Built in 1874.",), short="1874"),
                answered(known, "In 1902. [1] At sea. [2]", ("Until 1902.", "At sea.")),
                answered(known, "Nothing.", status="not_found"),
                answered(unknown, "Nothing.", status="not_found"),
                answered(unknown, "Ada Holm. [1]", ("Ada Holm.",)),
                answered(undecided, "Nothing.", status="not_found"),
            ],
            [1, 7, None],
        )
        assert (figures["questions"], figures["answerable"]) == (6, 3)
        assert figures["recall_at"] == {"1": 1 / 3, "3": 1 / 3, "5": 1 / 3, "10": 2 / 3}
        assert figures["answer_hit"] == 1 / 3
        assert figures["exact_match"] == 2 / 5  # 1874, and one of two unanswerable questions refused
        assert figures["f1_answerable"] == 1 / 3
        assert (figures["citations"], figures["citations_verbatim"]) == (4, 1.0)
        assert (figures["quotes_mean"], figures["quotes_max"]) == (1.5, 2)
        assert (figures["refusal_precision"], figures["refusal_recall"]) == (0.5, 0.5)
        assert figures["false_refusals"] == 1 / 3
        assert figures["latency_ms"] == {"p50": 10.0, "p95": 10.0}

    def test_shares_of_nothing_are_none_and_no_citation_is_wrong(self):
        figures = summarise([], [])
        assert figures["answer_hit"] is None
        assert figures["citations_verbatim"] == 1.0


class TestReading:
    def write(self, folder: Path, *lines: str) -> Path:
        (folder / "docs").mkdir()
        (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return folder

    def test_a_question_may_say_little(self, tmp_path: Path):
        folder = self.write(
            tmp_path, '{"question": "When?", "answers": "1874", "doc": "a.txt"}', "", '{"question": "Who?"}'
        )
        assert read_questions(folder) == [
            Question("When?", ("1874",), (Evidence("a.txt"),)),
            Question("Who?", answerable=False),
        ]

    def test_pages_count_from_one_and_messages_become_turns(self, tmp_path: Path):
        line = {
            "question": "And when?",
            "answers": ["1902"],
            "evidence": [{"doc": "a.pdf", "page": 0}],
            "answerable": None,
            "history": [
                {"role": "user", "text": "Who?"},
                {"role": "assistant", "text": "Ada Holm."},
                {"role": "user", "text": "Sure?"},
            ],
            "scope_doc": "a.pdf",
        }
        folder = self.write(tmp_path, json.dumps(line))
        [question] = read_questions(folder)
        assert question.evidence == (Evidence("a.pdf", page=1),)
        assert question.history == (Turn("Who?", "Ada Holm."), Turn("Sure?", ""))
        assert question.answerable is None
        assert question.sources == ()
        assert read_questions(folder, scope=True)[0].sources == ("a.pdf",)

    def test_a_limit_takes_questions_evenly_spread(self, tmp_path: Path):
        folder = self.write(tmp_path, *(json.dumps({"question": str(n)}) for n in range(10)))
        assert [q.question for q in read_questions(folder, limit=3)] == ["0", "3", "6"]
        assert len(read_questions(folder, limit=99)) == 10

    @pytest.mark.parametrize(
        "line",
        [
            "{",
            "[]",
            "{}",
            '{"question": 3}',
            '{"question": "?", "answers": [1]}',
            '{"question": "?", "evidence": [{}]}',
        ],
    )
    def test_a_malformed_line_is_named_by_its_number(self, tmp_path: Path, line: str):
        folder = self.write(tmp_path, '{"question": "fine"}', line)
        with pytest.raises(CitewiseError, match="line 2"):
            read_questions(folder)

    def test_a_folder_without_questions_or_documents_says_what_is_missing(self, tmp_path: Path):
        with pytest.raises(CitewiseError, match=r"questions\.jsonl"):
            read_questions(tmp_path)
        with pytest.raises(CitewiseError, match=r"docs\.jsonl"), documents(tmp_path):
            pass

    def test_listed_documents_become_files_and_stay_inside_their_folder(self, tmp_path: Path):
        (tmp_path / "docs.jsonl").write_text('{"doc": "news/a", "text": "Hello."}', encoding="utf-8")
        (tmp_path / "questions.jsonl").write_text(
            '{"question": "?", "evidence": [{"doc": "news/a"}]}', encoding="utf-8"
        )
        with documents(tmp_path) as docs:
            assert (docs / "news" / "a.txt").read_text(encoding="utf-8") == "Hello."
        assert read_questions(tmp_path)[0].evidence[0].doc == "news/a.txt"
        (tmp_path / "docs.jsonl").write_text('{"doc": "../a", "text": "Hello."}', encoding="utf-8")
        with pytest.raises(CitewiseError, match="line 1"), documents(tmp_path):
            pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three documents, one of them a PDF of two pages, and six questions."""
    folder = tmp_path_factory.mktemp("skerrow")
    (folder / "docs").mkdir()
    (folder / "docs" / "lighthouse.txt").write_text(f"The lighthouse\n\n{PARAGRAPH}\n", encoding="utf-8")
    bakery = (
        "# The bakery\n\nThe bakery in Harbour Lane opens at six in the morning. Its baker, Tomas Vell, "
        "sells rye bread and cardamom buns. On Sundays the bakery is closed.\n"
    )
    (folder / "docs" / "bakery.md").write_text(bakery, encoding="utf-8")
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    for text in (
        "The ferry to Skerrow leaves from the north pier every two hours.",
        "A return ticket for the ferry costs fourteen crowns. Bicycles travel free of charge.",
    ):
        pdf.add_page()
        pdf.multi_cell(0, text=text)
    pdf.output(str(folder / "docs" / "ferry.pdf"))
    lighthouse = [{"doc": "lighthouse.txt", "text": PARAGRAPH}]
    baker = [{"doc": "bakery.md", "text": "Its baker, Tomas Vell, sells rye bread and cardamom buns."}]
    history = [
        {"role": "user", "text": "Who built the lighthouse at Skerrow?"},
        {"role": "assistant", "text": "The engineer Ada Holm built the lighthouse."},
    ]
    questions = [
        {"question": "Who built the lighthouse at Skerrow?", "answers": ["Ada Holm"], "evidence": lighthouse},
        {
            "question": "How much is a ferry ticket?",
            "answers": ["fourteen crowns"],
            "evidence": [{"doc": "ferry.pdf", "page": 1}],
        },
        {
            "question": "What does the baker sell?",
            "answers": ["rye bread and cardamom buns"],
            "evidence": baker,
        },
        {"question": "When was it built?", "answers": ["1874"], "evidence": lighthouse, "history": history},
        {"question": "Which gene causes cystic fibrosis?", "answers": [], "answerable": False},
        {"question": "Is the island nice?", "answers": [], "answerable": None},
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    return folder


def test_a_folder_is_measured_with_the_real_index(folder: Path):
    seen: list[tuple[int, int]] = []
    figures = evaluate(folder, Settings(), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 6) for n in range(1, 7)]
    assert (figures["documents"], figures["failed"]) == (3, [])
    assert (figures["questions"], figures["answerable"], figures["with_evidence"]) == (6, 4, 4)
    assert figures["recall_at"] == {"1": 1.0, "3": 1.0, "5": 1.0, "10": 1.0}
    assert figures["answer_hit"] == 1.0
    assert figures["citations_verbatim"] == 1.0
    assert figures["refusal_recall"] == 1.0
    assert figures["false_refusals"] == 0.0
    assert json.loads(json.dumps(figures)) == figures
    contract = {"questions", "answerable", "recall_at", "answer_hit", "exact_match", "f1", "citations"}
    assert contract | {"citations_verbatim", "refusal_precision", "refusal_recall", "latency_ms"} <= figures.keys()


def test_the_reader_is_compared_on_request(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CITEWISE_READER", raising=False)
    assert main(["eval", str(folder), "--compare", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    without = figures["without_reader"]
    assert set(figures) == {*without, "without_reader", "documents", "failed"}
    assert without["questions"] == figures["questions"]
    assert figures["f1_answerable"] > without["f1_answerable"]  # it points at words where the rules know none
    assert main(["eval", str(folder), "--compare"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "without it" in lines[0]
    (shown,) = [line for line in lines if line.startswith("f1_answerable")]
    assert shown.split()[1:] == [f"{f['f1_answerable']:.3f}" for f in (figures, without)]


def test_an_evaluation_never_touches_a_chroma_server(folder: Path):
    figures = evaluate(folder, Settings(chroma_url="http://127.0.0.1:9"), limit=1)  # nothing listens there
    assert figures["questions"] == 1
