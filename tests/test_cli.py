"""The command line: results on standard output, everything else on standard error, errors in one line."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ARTICLE, SEEDS
from openai_replies import fails
from openai_server import OpenAIServer

from benchmarks.serving import address_of, environment
from ui import commands
from ui.cli import main

Run = Callable[..., subprocess.CompletedProcess[str]]
QUESTION = "How many targets were struck?"


@pytest.fixture(autouse=True)
def only_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("CITEWISE_", "OPENAI_", "SLACK_")):
            monkeypatch.delenv(name)


def test_help_is_instant_and_imports_nothing_heavy() -> None:
    script = (
        "import sys; from ui.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert time.perf_counter() - began < 2
    assert "citewise ask" in done.stdout
    heavy = {"gradio", "chromadb", "llama_index", "numpy", "rich", "fastapi", "index", "qa", "onnxruntime"}
    assert not heavy & set(done.stderr.split())


def test_version(citewise: Run) -> None:
    done = citewise("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "citewise")


def test_a_whole_session(citewise: Run, tmp_path: Path) -> None:
    (tmp_path / "tea.txt").write_text("Tea is picked in April.\n")
    added = citewise("add", tmp_path / "tea.txt", SEEDS, "--json", "--library", "lib")
    assert added.returncode == 0
    assert len(json.loads(added.stdout)["documents"]) == 2
    asked = citewise("--library", "lib", "ask", *QUESTION.split())
    assert asked.returncode == 0
    assert "over 85 targets" in asked.stdout
    assert f"[1] {ARTICLE}" in asked.stdout
    assert asked.stderr == ""


def test_ask_as_json_cites_by_offsets(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from qa import Chatbot, Settings

    assert main(["ask", QUESTION, "--json", "--library", str(library)]) == 0
    answer = json.loads(capsys.readouterr().out)
    with Chatbot.open(library, Settings()) as bot:
        for citation in answer["citations"]:
            text = bot.index.text(citation["source"])
            assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert answer["citations"]
    assert answer["done"] is True


def test_ask_looks_only_in_the_named_sources(library: Path, notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--library", str(library), "list", "--json"]) == 0
    garden = next(d["source"] for d in json.loads(capsys.readouterr().out) if "garden" in d["source"])
    assert main(["--library", str(library), "ask", "Who planted the roses?", "--source", garden, "--json"]) == 0
    assert {r["passage"]["source"] for r in json.loads(capsys.readouterr().out)["results"]} == {garden}
    assert main(["--library", str(library), "ask", "Who?", "--source", "nowhere.txt"]) == 1
    assert "nowhere.txt" in capsys.readouterr().err


def test_no_answer_is_a_result_and_looks_like_none(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = "At which temperature does mercury boil?"
    assert main(["ask", question, "--json", "--library", str(library)]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "not_found"
    assert main(["ask", question, "--library", str(library)]) == 0
    assert capsys.readouterr().out.startswith("✗ ")


def test_search_lists_passages(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "drone", "attack", "-k", "2", "--json", "--library", str(library)]) == 0
    results = json.loads(capsys.readouterr().out)
    assert len(results) == 2
    assert results[0]["passage"]["source"] == ARTICLE
    assert main(["search", "drone", "attack", "--library", str(library)]) == 0
    assert capsys.readouterr().out.startswith(f"1. {ARTICLE}")


def test_remove_by_name_and_refuse_what_is_not_there(own_library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remove", ARTICLE, "--library", str(own_library)]) == 0
    assert capsys.readouterr().out == "removed 1 document\n"
    assert main(["remove", ARTICLE, "--library", str(own_library)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_empty_library_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["ask", "why?"], ["search", "why"]):
        assert main([*command, "--library", str(tmp_path / "new")]) == 1
        assert "citewise add PATH" in capsys.readouterr().err
    assert main(["list", "--library", str(tmp_path / "new")]) == 0


def test_a_broken_file_fails_by_name_and_the_others_go_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.txt").write_text("Bees sleep in winter.")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    code = main(["add", str(tmp_path / "good.txt"), str(tmp_path / "broken.pdf"), "--library", str(tmp_path / "lib")])
    told = capsys.readouterr()
    assert code == 1
    assert told.out.startswith("added 1 document")
    assert "1 failed" in told.out
    assert "broken.pdf: " in told.err


@pytest.mark.parametrize("usage", [["frobnicate"], ["search", "x", "-k", "0"]])
def test_wrong_usage_exits_2(usage: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(usage)


def test_a_wrong_setting_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CITEWISE_UNSUPPORTED", "perhaps")
    assert main(["list"]) == 1
    told = capsys.readouterr().err
    assert "CITEWISE_UNSUPPORTED" in told
    assert told.count("\n") == 1


def test_an_internal_error_is_one_line_unless_debugging(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> int:
        raise ValueError("two\nlines")

    monkeypatch.setattr(commands, "list_documents", broken)
    assert main(["list"]) == 1
    assert capsys.readouterr().err == (
        "citewise: internal error: ValueError: two␊lines (run with CITEWISE_DEBUG=1 for the trace)\n"
    )
    monkeypatch.setenv("CITEWISE_DEBUG", "1")
    with pytest.raises(ValueError, match="two"):
        main(["list"])


def test_a_document_cannot_write_escapes_to_the_terminal(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "secret lever of the tower", "--library", str(library)]) == 0
    shown = capsys.readouterr().out
    assert "secret lever" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_other_encodings_of_standard_output_do_not_crash(citewise: Run, library: Path) -> None:
    plain = citewise("ask", "Who praised the decision?", "--library", library, PYTHONIOENCODING="ascii", LANG="C")
    assert plain.returncode == 0, plain.stderr
    data = citewise("ask", "Who praised it?", "--json", "--library", library, PYTHONIOENCODING="ascii", LANG="C")
    assert json.loads(data.stdout)["question"] == "Who praised it?"


def test_a_closed_pipe_is_no_error(library: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m ui.cli list --json --library {library} | true"
    done = subprocess.run(
        command, shell=True, env=environment(), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_on_a_terminal_the_answer_is_wrapped_and_the_short_answer_bold(library: Path, tmp_path: Path) -> None:
    shown = on_terminal(["ask", QUESTION, "--library", str(library)], tmp_path)
    assert "\x1b[1;32mover 85" in shown
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 80 for line in shown.splitlines())


def test_on_a_terminal_add_shows_its_progress(tmp_path: Path) -> None:
    shown = on_terminal(["add", str(SEEDS), "--library", "lib"], tmp_path)
    assert "100%" in shown
    assert "added 1 document" in shown


def on_terminal(arguments: list[str], folder: Path) -> str:
    """Run the command line on a terminal of 80 columns; return what it printed."""
    ours, theirs = pty.openpty()
    settings = environment(TERM="xterm-256color", COLUMNS="80")
    settings.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "ui.cli", *arguments]
    process = subprocess.Popen(command, env=settings, cwd=folder, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # how a terminal says that the other side is gone
            break
        shown += chunk
    os.close(ours)
    assert process.wait(60) == 0, shown
    return shown.decode()


def test_interrupted_work_stops_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("\n".join(f"Line {n} says that {n * 7} birds were seen." for n in range(60_000)))
    hears = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "  # though nohup's child
    command = [sys.executable, "-c", f"{hears}from ui.cli import main; sys.exit(main())"]
    command += ["add", "long.txt", "--library", "lib"]
    process = subprocess.Popen(command, env=environment(), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert told == "citewise: stopped\n"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_serve_adds_its_paths_and_stops_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    import httpx

    command = [
        sys.executable,
        "-m",
        "ui.cli",
        "serve",
        str(SEEDS),
        "--port",
        "0",
        "--library",
        str(tmp_path / "lib"),
    ]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment(), cwd=tmp_path, stderr=log, stdout=subprocess.PIPE)
        address = address_of(process, tmp_path / "log")
        assert len(httpx.get(f"{address}/api/documents").json()) == 1
        process.send_signal(ending)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert output == b""
    told = (tmp_path / "log").read_text()
    assert "added 1 document" in told
    assert "Traceback" not in told


def test_serve_says_that_its_port_is_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert main(["serve", "--port", port, "--library", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert f"port {port} is taken" in told
    assert "--port" in told


def test_serve_refuses_other_hosts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for host in ("0.0.0.0", "192.168.1.4", "example.com"):
        assert main(["serve", "--host", host, "--port", "0", "--library", str(tmp_path)]) == 1
        assert "127.0.0.1" in capsys.readouterr().err


def test_doctor_finds_everything_in_order(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--library", str(library)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {"ok"}
    assert {"encoder", "library", "index", "model", "telemetry"} <= {line.split()[1] for line in lines}


def test_doctor_fails_where_the_library_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert main(["doctor", "--library", str(tmp_path / "file")]) == 1
    assert "fail  library" in capsys.readouterr().out


def test_doctor_proves_the_model_with_one_call(
    library: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer() as ai:
        monkeypatch.setenv("OPENAI_BASE_URL", ai.url)
        monkeypatch.setenv("CITEWISE_MODEL", "test-model")
        assert main(["doctor", "--library", str(library)]) == 0
        told = capsys.readouterr().out
        assert re.search(rf"ok    model +test-model at {ai.url}, 8,192 tokens of context, answered in \d+ ms", told)
        assert len(ai.requests) == 1
        ai.will(fails(401))
        assert main(["doctor", "--library", str(library)]) == 1
        assert re.search(r"fail  model +.* refused the key \(401\): check OPENAI_API_KEY\n", capsys.readouterr().out)
    monkeypatch.delenv("CITEWISE_MODEL")
    assert main(["doctor", "--library", str(library)]) == 1
    assert re.search(r"fail  model +CITEWISE_MODEL is not set: ", capsys.readouterr().out)


def test_eval_prints_the_figures_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "bees.txt").write_text("Bees sleep in winter. The hive holds 40,000 bees.")
    line = {
        "question": "How many bees does the hive hold?",
        "answers": ["40,000"],
        "answerable": True,
        "evidence": [{"doc": "bees.txt", "text": "The hive holds 40,000 bees."}],
    }
    (tmp_path / "questions.jsonl").write_text(json.dumps(line) + "\n")
    assert main(["eval", str(tmp_path), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["questions"] == 1
    assert figures["citations_verbatim"] == 1.0
    assert main(["eval", str(tmp_path / "docs")]) == 1


def test_slack_without_its_tokens_is_told_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["slack", "--library", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
