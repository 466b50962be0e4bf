"""What comes next is made in a thread: it is read and embedded while what came before is written."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from threading import enumerate as threads
from typing import Any

import pytest

from index.ahead import ahead
from index.index import Index
from index.minilm import MiniLM
from index.shelf import Shelf


def working() -> list[str]:
    return [thread.name for thread in threads() if thread.name == "citewise-ahead"]


def test_items_come_in_order_each_made_while_the_one_before_is_used() -> None:
    asked = [Event() for _ in range(6)]

    def items() -> Iterator[int]:
        for number in range(5):
            asked[number].set()
            yield number

    used: list[int] = []
    for item in ahead(items(), Event()):
        assert item == 4 or asked[item + 1].wait(30), "the next is made meanwhile"
        used.append(item)
    assert used == [0, 1, 2, 3, 4]
    assert not asked[5].is_set()
    assert not working()


def test_what_goes_wrong_in_making_an_item_is_raised_after_those_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    used: list[int] = []
    with pytest.raises(OSError, match="no more"):
        used.extend(ahead(items(), Event()))
    assert used == [1]
    assert not working()


def test_who_leaves_early_leaves_no_thread() -> None:
    over, made = Event(), list[int]()

    def items() -> Iterator[int]:
        while True:
            made.append(len(made))
            yield made[-1]

    stream = ahead(items(), over)
    assert [next(stream), next(stream)] == [0, 1]
    stream.close()
    assert over.is_set()
    assert not working()
    assert len(made) <= 5, "no more were made than one ahead, one ready"


def test_documents_are_embedded_while_those_before_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"The keeper number {n} lit the lamp of the granite tower." for n in range(3)]
    for n, text in enumerate(texts):
        (tmp_path / f"{n}.txt").write_text(text)
    begun = [Event() for _ in texts]
    numbers, put = iter(range(3)), iter(range(3))

    class Watched(MiniLM):
        def embed_passages(self, *arguments: Any) -> Any:
            begun[next(numbers)].set()
            return super().embed_passages(*arguments)

    def slow(shelf: Shelf, *arguments: Any) -> None:
        number = next(put)
        assert number == 2 or begun[number + 1].wait(30)
        plain(shelf, *arguments)

    plain = Shelf.put
    monkeypatch.setattr(Shelf, "put", slow)
    monkeypatch.setattr("index.adding.GROUP", 1)
    with Index(tmp_path / "library", encoder=Watched()) as index:
        assert len(index.add([tmp_path / f"{n}.txt" for n in range(3)]).documents) == 3
        assert sorted(index.text(d.source) for d in index.documents()) == texts
        assert index.check().is_good
    assert not working()


def test_an_add_that_is_broken_off_leaves_whole_documents_and_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(8):
        (tmp_path / f"{n}.txt").write_text(f"The keeper number {n} lit the lamp of the granite tower.")
    monkeypatch.setattr("index.adding.GROUP", 1)
    plain, left = Shelf.put, [1, 2, 3]

    def broken_off(shelf: Shelf, *arguments: Any) -> None:
        left.pop()
        if not left:
            raise KeyboardInterrupt
        plain(shelf, *arguments)

    monkeypatch.setattr(Shelf, "put", broken_off)
    with Index(tmp_path / "library") as index:
        with pytest.raises(KeyboardInterrupt):
            index.add([tmp_path / f"{n}.txt" for n in range(8)])
        assert not working()
        assert [Path(d.source).name for d in index.documents()] == ["0.txt", "1.txt"]
        assert index.check().is_good
