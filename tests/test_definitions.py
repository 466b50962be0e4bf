"""What a contract calls by a term is told where the term is asked for, and only there."""

from pathlib import Path

import pytest

from qa import Chatbot, Settings
from qa.definitions import definition, term_asked_for

LEASE = """LEASE AGREEMENT

This lease is made on 14 March 2024 between Northgate Estates Ltd (the "Landlord") and Pell & Sons Bakery (“Tenant”).

1. Term. "Term" means the five years from 1 May 2024.

2. Premises. The Landlord leases to the Tenant the ground floor of 27 Quay Street, Bristol, and the Tenant pays rent.

3. Insurance. The Landlord insures the building, and the Tenant its contents.
"""


@pytest.mark.parametrize("reader", [True, False])
@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("Who is the landlord?", "Northgate Estates Ltd"),
        ("who is the Tenant", "Pell & Sons Bakery"),
        ("What does “Term” mean?", "the five years from 1 May 2024"),
        ("What is the term?", "the five years from 1 May 2024"),
    ],
)
def test_a_defined_term_is_answered_by_its_definition(tmp_path: Path, question: str, short: str, reader: bool) -> None:
    (tmp_path / "lease.txt").write_text(LEASE, "utf-8")
    with Chatbot.open(tmp_path / "library", Settings(reader=reader)) as bot:
        bot.add([tmp_path / "lease.txt"])
        answer = bot.ask(question)
    assert answer.short == short
    assert short in answer.citations[0].quote


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("Who is the landlord?", "landlord"),
        ("What is meant by “Net Revenue”?", "Net Revenue"),
        ("What does the Term mean?", "Term"),
        ("Who insures the building?", None),
        ("When does the term end?", None),
        ("How much is the rent?", None),
    ],
)
def test_a_term_is_seen_where_nothing_else_is_asked_for(question: str, term: str | None) -> None:
    assert term_asked_for(question) == term


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ('between Northgate Estates Ltd (the "Buyer") and others', "Northgate Estates Ltd"),
        ("by Ines Calloway of 3 Hill Road, Bristol (hereinafter “the Buyer”)", None),  # which of these names?
        ("by Tarn Ltd, a company with its seat in Oslo (“Buyer”)", None),
        ("“Buyer” shall mean whoever signs below.", "whoever signs below"),
        ("The Buyer pays within 30 days.", None),
        ('He wrote "Buyer" on the door.', None),
        ('(the "Buyer")', None),
    ],
)
def test_a_definition_is_told_from_a_mention(sentence: str, told: str | None) -> None:
    found = definition("buyer", sentence)
    assert (sentence[slice(*found)] if found else None) == told
