"""What survives a kill, what a second process sees, and what happens when the keyword mirror is lost."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks.serving import environment
from index.errors import LibraryBusy, LibraryError
from index.index import Index
from index.lock import WriterLock
from index.store import Store

HERE = Path(__file__).parent
KILLS = {"follow": 4, "remove": 3, "create": 3, "reindex": 3}
GRANITE = "The lighthouse at Skerrow was built of granite in 1874."
CONCRETE = "The beacon at Skerrow was rebuilt of concrete in 1950."


# Killed at any moment


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start all the killing at once; each test waits for its own."""
    running = {
        what: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.stress_kills", tmp_path_factory.mktemp(what), what, str(kills)],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        for what, kills in KILLS.items()
    }
    yield running
    for process in running.values():
        process.kill()
        process.wait()


@pytest.mark.parametrize("what", KILLS)
def test_a_writer_killed_at_any_moment_leaves_every_document_old_or_new_and_whole(
    killed: dict[str, subprocess.Popen[str]], what: str
) -> None:
    out, _ = killed[what].communicate(timeout=180)
    rounds = [json.loads(line) for line in out.splitlines()]
    assert len(rounds) == KILLS[what]
    assert {each["at"]: each["problems"] for each in rounds if each["problems"]} == {}
    assert sum(each["killed"] for each in rounds) > len(rounds) / 2, "too few were caught at work to say anything"


# Two processes


class Other:
    """Another process that has the library open."""

    def __init__(self, library: Path) -> None:
        command = [sys.executable, HERE / "other_process.py", library]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, text=True)
        self.pid = self.process.pid
        assert self.hear() == "ready"

    def say(self, *words: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def ask(self, method: str, argument: object = None) -> Any:
        self.say(method, str(argument) if isinstance(argument, Path) else argument)
        return self.hear()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Callable[[], Other]]:
    started: list[Other] = []

    def start() -> Other:
        started.append(Other(tmp_path / "library"))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def texts(index: Index, question: str = "granite or concrete") -> list[str]:
    return sorted(result.passage.text for result in index.search(question))


def test_what_one_process_commits_the_other_sees_at_its_next_question(
    index: Index, tmp_path: Path, other: Callable[[], Other]
) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text(GRANITE)
    two.write_text(CONCRETE)
    index.add(one)
    there = other()
    assert there.ask("search", "granite") == [["one.txt", GRANITE]]

    index.add(two)  # this one adds, the other sees it
    assert sorted(text for _, text in there.ask("search", "granite or concrete")) == [CONCRETE, GRANITE]
    assert texts(index) == [CONCRETE, GRANITE]

    one.write_text(GRANITE.replace("granite", "basalt"))  # the other changes, this one sees it
    assert there.ask("add", one) == 1
    assert texts(index) == [CONCRETE, GRANITE.replace("granite", "basalt")]
    assert index.text(str(one)) == one.read_text()

    index.remove([two])  # this one removes
    assert [name for name, _ in there.ask("search", "granite or concrete")] == ["one.txt"]
    assert there.ask("documents") == ["one.txt"]
    assert there.ask("text", str(two)).startswith("UnknownSource")

    assert there.ask("remove", [str(one)]) == 1  # the other removes
    assert index.search("granite") == index.documents() == []


def test_one_program_at_a_time_opens_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that make Chroma's tables in a new library at once, one would fail: so it did in 6 of 40 tries."""
    monkeypatch.setattr("index.index.PATIENCE", 0.1)
    (tmp_path / "library").mkdir()
    with WriterLock(tmp_path / "library", "opening").held(0.0), pytest.raises(LibraryBusy):
        Index(tmp_path / "library")
    Index(tmp_path / "library").close()


def test_a_writer_that_waits_in_vain_is_told_who_is_writing(
    index: Index, tmp_path: Path, other: Callable[[], Other], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.index.PATIENCE", 0.3)
    (tmp_path / "one.txt").write_text(GRANITE)
    (tmp_path / "two.txt").write_text(CONCRETE)
    index.add(tmp_path / "two.txt")
    there = other()
    there.say("add slowly", str(tmp_path / "one.txt"))
    assert there.hear() == "holding"
    for write in (index.add, index.remove):
        with pytest.raises(LibraryBusy, match=rf"process {there.pid} \(other_process\.py"):
            write([tmp_path / "two.txt"])
    assert texts(index) == [CONCRETE], "questions are answered meanwhile"
    with Index(tmp_path / "library") as third:
        assert texts(third) == [CONCRETE], "and the library can be opened"
    there.say("go on")
    assert there.hear() == 1
    assert texts(index) == [CONCRETE, GRANITE]
    assert index.remove([tmp_path / "two.txt"]) == 1


def test_a_writer_killed_half_way_shows_nothing_of_its_work_and_does_not_hold_the_library(
    index: Index, tmp_path: Path, other: Callable[[], Other], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.index.PATIENCE", 0.3)
    path = tmp_path / "one.txt"
    path.write_text(GRANITE)
    index.add(path)
    path.write_text(f"{CONCRETE} " * 120)
    there = other()
    there.say("add slowly", str(path))
    assert there.hear() == "holding"
    for step in ("while it is at work", "after it was killed"):
        assert [r.passage.text for r in index.search_dense(CONCRETE)] == texts(index, CONCRETE) == [GRANITE], step
        there.process.kill()
        there.process.wait()
    assert len(index.add(path).documents) == 1
    assert len(texts(index)) > 2
    assert not any("granite" in text for text in texts(index))


def test_threads_add_ask_and_remove_at_the_same_time(index: Index, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.txt" for n in range(12)]
    for n, path in enumerate(paths):
        path.write_text(f"The keeper number {n} lit the lamp of the granite tower.")

    def work(path: Path) -> None:
        index.add(path)
        assert str(path) in {result.passage.source for result in index.search(path.read_text(), k=20)}
        if path.stem in "0 1 2 3":
            index.remove([path])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, paths))
    assert {Path(d.source).name for d in index.documents()} == {f"{n}.txt" for n in range(4, 12)}
    assert len(index.search("granite", k=50)) == 8


def test_a_document_that_changes_in_the_middle_of_a_question_is_found_as_it_is_now(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.txt"
    path.write_text(GRANITE)
    index.add([path])

    def overtaken(method: str, year: str) -> None:
        """Change the document once, in the middle of the next call of a method of the store."""
        plain, left = getattr(Store, method), [year]

        def changing(store: Store, *arguments: Any) -> Any:
            late = method == "find"  # after it, the text of the version that was found is fetched
            found = plain(store, *arguments) if late else None
            if left:
                path.write_text(GRANITE.replace("1874", left.pop()))
                index.add([path])
            return found if late else plain(store, *arguments)

        monkeypatch.setattr(Store, method, changing)

    for number, search in enumerate((index.search, index.search_dense, index.search_keywords)):
        overtaken("visible", str(1880 + number))
        assert [r.passage.text for r in search("granite")] == [GRANITE.replace("1874", str(1880 + number))]
    overtaken("find", "1890")
    assert index.text(str(path)) == GRANITE.replace("1874", "1890")


# A library that can't be used


def test_a_library_that_is_a_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "library").write_text("")
    with pytest.raises(LibraryError, match="library"):
        Index(tmp_path / "library")


def test_a_damaged_store_is_an_error_that_says_so(own_library: Path) -> None:
    (own_library / "chroma" / "chroma.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(LibraryError, match=r"can't be opened"):
        Index(own_library)


def test_two_that_one_program_has_open_see_what_another_process_writes(
    index: Index, tmp_path: Path, other: Callable[[], Other]
) -> None:
    """Chroma would lend both one connection, which closing one of them does not renew: a notebook's cell run twice."""
    (tmp_path / "one.txt").write_text(GRANITE)
    (tmp_path / "two.txt").write_text(CONCRETE)
    index.add(tmp_path / "one.txt")
    with Index(tmp_path / "library") as again:
        other().ask("add", tmp_path / "two.txt")
        for opened in (index, again):
            assert sorted(r.passage.text for r in opened.search_dense("granite or concrete")) == [CONCRETE, GRANITE]


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on open files stands for whatever fails")
def test_a_library_that_could_not_be_opened_again_is_at_the_next_question(
    index: Index, tmp_path: Path, other: Callable[[], Other]
) -> None:
    import resource

    (tmp_path / "one.txt").write_text(GRANITE)
    assert texts(index) == []
    other().ask("add", tmp_path / "one.txt")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (8, hard))
    try:
        with pytest.raises(LibraryError, match=r"(?i)too many open files"):
            index.documents()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert texts(index) == [GRANITE]
    assert len(index.documents()) == 1


def test_what_was_committed_while_another_task_has_the_keywords_is_told_as_committed(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.mirrors.PATIENCE", 0.2)
    (tmp_path / "one.txt").write_text(GRANITE)
    with WriterLock(tmp_path / "library", "keywords").held(1):
        assert len(index.add(tmp_path / "one.txt").documents) == 1
    assert [r.passage.text for r in index.search_keywords("granite")] == [GRANITE]
