"""The exact words of a table's row are the cell whose column is asked for, and none where several are to be added."""

from collections.abc import Iterator

import pytest

from qa import Chatbot, Settings

PRICES = """Product,Unit,Price (EUR),Stock,Supplier
Oak plank 2 m,piece,18.40,120,Tarn Timber
Pine plank 2 m,piece,9.90,340,Tarn Timber
Brass hinge,pair,4.25,1200,Lund Metal
Wood glue,litre,11.50,42,Fixit GmbH
"""
STOCK = """SKU,Item,Warehouse,Quantity,Reorder level,Last counted
A-100,Steel bolt M8,Hamburg,1200,500,2024-03-02
A-101,Steel bolt M10,Hamburg,340,500,2024-03-05
A-100,Steel bolt M8,Rotterdam,800,400,2024-02-11
C-010,Brass washer,Rotterdam,150,600,2024-02-12
"""
STRIKES = """Sector,Targets struck,Assessed destroyed
North,8,6
South,4,2
"""
SLEEP = """Group,Patients,Hours slept
Earplugs,34,5.8
Neither,33,5.1
"""
LEDGER = "Booking date,Payee,Amount\n" + "".join(
    f"2023-{month:02}-{day:02},{('Alnatura', 'Telekom', 'Moll')[day % 3]},{month}.{day:02}\n"
    for month in range(1, 13)
    for day in range(1, 11)
)
STATUS = """Status,Meaning
400,The body is not valid JSON
401,The token is missing or has expired
"""
SALES = """,2019,2018,2017
Revenue of Halden Freight,512,498,467
Wages of Halden Freight,203,199,187
Goodwill,88,91,93
Goodwill impairment,4,3,2
"""


@pytest.fixture(scope="module", params=[True, False], ids=["reader", "no reader"])
def bot(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Chatbot]:
    folder = tmp_path_factory.mktemp("cells")
    (folder / "prices.csv").write_text(PRICES, "utf-8")
    (folder / "sales.csv").write_text(SALES, "utf-8")
    (folder / "stock.csv").write_text(STOCK, "utf-8")
    (folder / "strikes.csv").write_text(STRIKES, "utf-8")
    (folder / "sleep.csv").write_text(SLEEP, "utf-8")
    (folder / "ledger.csv").write_text(LEDGER, "utf-8")
    (folder / "status.csv").write_text(STATUS, "utf-8")
    with Chatbot.open(folder / "library", Settings(reader=request.param)) as opened:
        assert not opened.add(sorted(folder.glob("*.csv"))).failed
        yield opened


@pytest.mark.parametrize(
    ("question", "row", "cell"),
    [
        ("How many pine planks are in stock?", "Pine plank", "340"),
        ("What is the stock of oak planks?", "Oak plank", "120"),
        ("What is the price of wood glue?", "Wood glue", "11.50"),
        ("Which supplier has wood glue?", "Wood glue", "Fixit GmbH"),
        ("What was the revenue of Halden Freight in 2018?", "Revenue", "498"),
        ("What were the wages of Halden Freight in 2017?", "Wages", "187"),
        ("How many targets were destroyed in the south?", "South", "2"),
        ("How many targets were struck in the south?", "South", "4"),
        ("What was the goodwill in 2018?", "Goodwill", "91"),
        ("How many hours did the patients with earplugs sleep?", "Earplugs", "5.8"),
        ("What is the reorder level of the brass washer?", "Brass washer", "600"),
    ],
)
def test_the_cell_is_told_whose_column_is_asked_for(bot: Chatbot, question: str, row: str, cell: str) -> None:
    answer = bot.ask(question)
    assert row in answer.citations[0].quote
    assert answer.short == cell
    assert len(answer.citations) == 1 or question.startswith("What were")


@pytest.mark.parametrize(
    ("question", "row", "cell"),
    [
        ("How many M8 bolts are in Rotterdam?", "Rotterdam", "800"),
        ("When was the brass washer counted?", "Brass washer", "2024-02-12"),
        ("Which status is returned when the token has expired?", "401", "401"),
    ],
)
def test_a_cell_is_known_by_what_it_holds(bot: Chatbot, question: str, row: str, cell: str) -> None:
    answer = bot.ask(question)
    assert row in answer.citations[0].quote
    assert answer.short == cell


@pytest.mark.parametrize(
    "question",
    [
        "How many M8 bolts are there in total?",
        "How many steel bolts are in Hamburg?",
        "Which items are below the reorder level?",
        "What was the revenue of Halden Freight in 2018 and 2019 respectively?",
    ],
)
def test_no_cell_is_told_where_several_rows_may_be_meant(bot: Chatbot, question: str) -> None:
    answer = bot.ask(question)
    assert len(answer.citations) > 1
    assert answer.short is None


def test_one_row_is_not_told_where_several_are_asked_for(bot: Chatbot) -> None:
    answer = bot.ask("Which products are from Tarn Timber?")
    assert answer.short is None
    assert {"Oak plank 2 m", "Pine plank 2 m"} <= {
        c.quote.split("; ")[0].removeprefix("Product: ") for c in answer.citations
    }


@pytest.mark.parametrize(
    "question",
    [
        "What was the change in the revenue of Halden Freight from 2018 to 2019?",
        "What is the average revenue of Halden Freight?",
        "What is the ratio of wages to revenue of Halden Freight in 2019?",
        "In which year was the revenue of Halden Freight highest?",
    ],
)
def test_what_would_have_to_be_worked_out_is_not_told(bot: Chatbot, question: str) -> None:
    answer = bot.ask(question)
    assert "Halden Freight" in answer.citations[0].quote
    assert answer.short is None


@pytest.mark.parametrize(
    ("question", "date", "cell"),
    [
        ("What amount was booked on 9 May 2023?", "2023-05-09", "5.09"),
        ("What was the amount of May 9th?", "2023-05-09", "5.09"),
        ("What amount was booked on the 5th of September?", "2023-09-05", "9.05"),
    ],
)
def test_a_day_is_found_however_it_is_written(bot: Chatbot, question: str, date: str, cell: str) -> None:
    answer = bot.ask(question)
    assert date in answer.citations[0].quote
    assert answer.short == cell


def test_a_row_of_another_day_gives_no_exact_words(bot: Chatbot) -> None:
    answer = bot.ask("What amount was booked on 30 May 2023?")  # no row is of that day
    assert not any("2023-05-30" in citation.quote for citation in answer.citations)
    assert answer.short is None
