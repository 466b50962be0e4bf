"""Many people ask one server at the same moment: no error, and each gets the words of their own document."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from served import served

from benchmarks.people import Ask, documents, on_the_page, over_rest, wait_together

PEOPLE = 16


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("people")
    documents(folder / "docs", PEOPLE)
    with served(folder / "library", folder / "docs") as address:
        yield address


@pytest.mark.parametrize("ask", [over_rest, on_the_page])
def test_each_gets_their_own_answer(address: str, ask: Ask) -> None:
    seconds, wrong = wait_together(ask, address, PEOPLE)
    assert wrong == []
    assert len(seconds) == PEOPLE
