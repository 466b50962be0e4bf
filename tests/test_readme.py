"""The README's commands are run as they stand there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS

from benchmarks.serving import environment, serving
from ui.cli import main

README = (ROOT / "README.md").read_text("utf-8")
CONSOLE = [
    shlex.split(line[2:], comments=True)
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
COMMANDS = [command for command in CONSOLE if command[0] == "citewise"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with what the README's examples name."""
    import make_documents as make

    reports = tmp_path / "reports"
    reports.mkdir()
    make.pdf(reports / "q3.pdf", ["Revenue grew by 12 percent in 2023.", "The accounts were audited by Holm & Berg."])
    (tmp_path / "notes.md").write_text("# Risks\n\nThe main liquidity risk is a late payment.\n", "utf-8")
    questions = tmp_path / "my-questions"
    shutil.copytree(SEEDS, questions / "docs")
    (questions / "questions.jsonl").write_text('{"question": "How many targets were struck?", "answers": ["85"]}\n')
    return tmp_path


def test_every_citewise_command_of_the_readme_runs_in_order(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    for name in [name for name in os.environ if name.startswith(("CITEWISE_", "OPENAI_", "SLACK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CITEWISE_LIBRARY", str(home / "library"))
    assert {command[1] for command in COMMANDS} >= {"add", "ask", "search", "list", "remove", "serve", "eval", "doctor"}
    for command in COMMANDS:
        if command[1:] not in (["slack"], ["serve", "~/reports"]):  # these run until they are stopped
            arguments = [str(home / part[2:]) if part.startswith("~/") else part for part in command[1:]]
            code, told = main(arguments), capsys.readouterr()
            assert code == 0, (command, told.err)
            assert told.out, command
    assert main(["list"]) == 0
    assert "notes.md" not in capsys.readouterr().out


def test_the_readme_s_server_serves(home: Path) -> None:
    (command,) = [command for command in COMMANDS if command[1] == "serve"]
    arguments = [str(home / part[2:]) if part.startswith("~/") else part for part in command[2:]]
    with serving(home / "library", *arguments) as address:
        assert address.startswith("http://127.0.0.1:")


def test_the_readme_s_python_runs(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    shutil.copytree(SEEDS, tmp_path / "seeds")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.startswith("over 85 targets In an escalation")


def test_every_make_target_of_the_readme_is_one() -> None:
    targets = [command for command in CONSOLE if command[0] == "make"]
    assert targets
    for target in targets:
        named = [part for part in target[1:] if "=" not in part]
        subprocess.run(["make", "-n", *named], cwd=ROOT, check=True, capture_output=True, env=dict(os.environ))


def test_every_setting_of_the_readme_is_known_and_none_is_left_out() -> None:
    from qa.settings import KNOWN

    told = set(re.findall(r"`(CITEWISE_[A-Z_]+)`", README))
    assert told == KNOWN
