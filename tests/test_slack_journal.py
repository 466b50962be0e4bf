"""The journal: each job once, in order within its thread, by whoever lives; and the bot's small memory."""

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import LibraryError
from ui.database import Database
from ui.slack.database import FILE, open_database
from ui.slack.journal import Job, Journal
from ui.slack.kept import Kept
from ui.slack.workers import Again, Workers


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def journal(database: Database) -> Iterator[Journal]:
    opened = Journal(database)
    yield opened
    opened.close()


def job(key: str, thread: str = "", at: float = 0.0) -> Job:
    return Job(key, "ask", thread or key, at, {"text": key})


def test_a_job_is_taken_once_and_known_for_ever(journal: Journal) -> None:
    assert journal.put(job("a"))
    assert not journal.put(job("a"))
    taken = journal.take()
    assert taken
    assert (taken.key, taken.payload, taken.attempts) == ("a", {"text": "a"}, 1)
    assert journal.take() is None
    journal.done("a")
    journal.tidy()
    assert not journal.put(job("a"))
    assert journal.take() is None
    assert journal.open_jobs() == 0


def test_a_thread_s_jobs_wait_for_each_other_and_others_do_not(journal: Journal) -> None:
    for one in (job("t2", "t", 2), job("u1", "u", 3), job("t1", "t", 1)):
        journal.put(one)
    assert [taken.key for _ in range(3) if (taken := journal.take())] == ["t1", "u1"]
    journal.done("t1")
    assert (taken := journal.take())
    assert taken.key == "t2"


def test_a_job_that_is_put_off_waits_and_comes_sooner_if_it_is_told_again(journal: Journal) -> None:
    journal.put(job("a"), delay=60)
    assert journal.take() is None
    journal.put(job("a"))
    assert journal.take()
    journal.again("a", 60)
    assert journal.take() is None


def test_what_a_process_took_is_free_when_it_closes(database: Database) -> None:
    first, second = Journal(database), Journal(database)
    first.put(job("a"))
    assert first.take()
    second.sweep()
    assert second.take() is None  # the first lives
    first.begun("a", "1.0")
    first.close()
    taken = second.take()
    assert taken
    assert (taken.attempts, taken.reply) == (2, "1.0")
    second.close()
    assert list(database.path.parent.glob("slack-*.lock")) == []


def _take_and_die(folder: Path) -> None:
    journal = Journal(open_database(folder))
    journal.take()
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_process_took_is_free_at_once(tmp_path: Path) -> None:
    setup = open_database(tmp_path)
    journal = Journal(setup)
    journal.put(job("a"))
    process = multiprocessing.get_context("spawn").Process(target=_take_and_die, args=(tmp_path,))
    process.start()
    process.join(30)
    assert process.exitcode == -9
    assert journal.take() is None
    journal.sweep()
    assert journal.take()
    assert len(list(tmp_path.glob("slack-*.lock"))) == 1
    journal.close()
    setup.close()


def test_copies_that_share_a_journal_do_each_job_once(tmp_path: Path) -> None:
    names, done = [str(n) for n in range(100)], list[str]()

    def work() -> None:
        database = open_database(tmp_path)
        journal = Journal(database)
        for name in names:
            journal.put(job(name, at=float(name)))
        while taken := journal.take():
            done.append(taken.key)
            journal.done(taken.key)
        journal.close()
        database.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert Counter(done) == Counter(names)


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["put", "take", "done", "again", "die"])), max_size=40)
)
def test_whatever_happens_nothing_is_done_twice_or_out_of_order(
    steps: list[tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = open_database(tmp_path_factory.mktemp("journal"))
    journal, running, done, known = Journal(database), list[str](), list[str](), set[str]()
    for number, step in steps:
        key = f"{number}"
        if step == "put":
            assert journal.put(job(key, f"thread {number % 2}", number)) is (key not in known)
            known.add(key)
        elif step == "take" and (taken := journal.take()):
            assert taken.key not in running + done
            running.append(taken.key)
        elif step == "done" and running:
            journal.done(running[0])
            done.append(running.pop(0))
        elif step == "again" and running:
            journal.again(running.pop(), 0)
        elif step == "die":
            journal.close()
            journal, running = Journal(database), []
        assert len({int(key) % 2 for key in running}) == len(running)  # one at a time in each thread
    for key in running:
        journal.done(key)
        done.append(key)
    while taken := journal.take():
        journal.done(taken.key)
        done.append(taken.key)
    assert sorted(done) == sorted(known)
    journal.close()
    database.close()


def test_workers_do_everything_and_finish_what_they_began(database: Database, journal: Journal) -> None:
    began, go, done = threading.Event(), threading.Event(), list[str]()

    def do(one: Job) -> None:
        began.set()
        go.wait(20)
        done.append(one.key)

    workers = Workers(journal, do, lambda *_: None, lambda: None)
    workers.start()
    journal.put(job("a"))
    workers.wake()
    assert began.wait(20)
    stopper = threading.Thread(target=workers.stop)
    stopper.start()
    journal.put(job("b"))
    go.set()
    stopper.join(20)
    assert done == ["a"]
    assert journal.open_jobs() == 1  # b is for the next start


def test_a_job_that_fails_is_tried_again_and_then_given_up(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ui.slack.workers._BACKOFF", 0.0)
    tried, given_up = list[int](), threading.Event()

    def do(one: Job) -> None:
        tried.append(one.attempts)
        raise Again("later") if len(tried) % 2 else RuntimeError("broken")

    workers = Workers(journal, do, lambda *_: given_up.set(), lambda: None)
    journal.put(job("a"))
    workers.start()
    assert given_up.wait(20)
    workers.stop()
    assert tried == [1, 2, 3, 4, 5]
    assert journal.open_jobs() == 0
    assert "broken" in caplog.text


def test_a_damaged_or_newer_file_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to look at" * 50)
    with pytest.raises(LibraryError, match="backup"):
        open_database(tmp_path)
    (tmp_path / FILE).unlink()
    open_database(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryError, match="version 99"):
        open_database(tmp_path)


def test_the_memory_forgets_what_is_old(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(database)
    kept.keep_answer("k", {"text": "ü"})
    kept.note_thread("C1:1", joined=True)
    kept.note_thread("C1:1", joined=False)  # once in, always in
    kept.note_thread("C1:2", joined=False)
    kept.set_limit("C1", ["d1"])
    assert kept.first_time("v0=x")
    assert not kept.first_time("v0=x")
    kept.forget("v0=x")
    assert kept.first_time("v0=x")
    assert (kept.joined("C1:1"), kept.joined("C1:2"), kept.joined("C1:3")) == (True, False, None)
    kept.tidy()
    assert kept.answer("k") == {"text": "ü"}
    for name in ("_ANSWERS", "_STRANGE", "_REPLAYS"):
        monkeypatch.setattr(f"ui.slack.kept.{name}", -1.0)
    kept.tidy()
    assert (kept.answer("k"), kept.joined("C1:1"), kept.joined("C1:2")) == (None, True, None)
    assert kept.limit("C1") == ["d1"]
    assert kept.first_time("v0=x")
    kept.set_limit("C1", None)
    assert kept.limit("C1") is None
