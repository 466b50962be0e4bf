"""The stress test, for some seconds (`make stress` runs it for long); that it tells what is wrong is tested too."""

import re
from pathlib import Path

import pytest

from benchmarks.stress import main
from benchmarks.stress_kills import problems
from benchmarks.stress_processes import _checked, _note, put, text_of
from index.index import Index


def test_processes_see_each_others_commits_in_one_folder_and_on_one_chroma_server(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--kills", "0", "--tries", "4", "--minutes", "0.05"]) == 0
    shown = capsys.readouterr().out
    assert "4 of 4 seen at once" in shown
    assert re.search(r"three processes, one Chroma server +\| \d+ reads and \d+ changes in 0.05 min +\| +0 ", shown)


def test_a_stale_answer_a_ghost_and_a_lost_document_would_be_told(index: Index, tmp_path: Path) -> None:
    (tmp_path / "board").mkdir()
    path = str(tmp_path / "tower.txt")
    put(index, path, text_of("tower", 1))
    _note(tmp_path, "tower", 1, 2)
    assert _checked(index, tmp_path, "tower") == []
    _note(tmp_path, "tower", 2, 3)
    assert len(_checked(index, tmp_path, "tower")) == 3, "each search shows version 1, which is neither"
    assert list(problems(index, {"tower.txt": {text_of("tower", 1)}})) == []
    assert "tower.txt is" in next(iter(problems(index, {"tower.txt": {text_of("tower", 2)}})))
    index._store.view.shelf.drop(index.documents()[0].id)
    assert any("finds" in problem for problem in problems(index, {"tower.txt": {""}}))
