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
SALES = """,2019,2018,2017
Revenue of Halden Freight,512,498,467
Wages of Halden Freight,203,199,187
"""


@pytest.fixture(scope="module", params=[True, False], ids=["reader", "no reader"])
def bot(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Chatbot]:
    folder = tmp_path_factory.mktemp("cells")
    (folder / "prices.csv").write_text(PRICES, "utf-8")
    (folder / "sales.csv").write_text(SALES, "utf-8")
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
    ],
)
def test_the_cell_is_told_whose_column_is_asked_for(bot: Chatbot, question: str, row: str, cell: str) -> None:
    answer = bot.ask(question)
    assert row in answer.citations[0].quote
    assert answer.short == cell
    assert len(answer.citations) == 1 or question.startswith("What were")


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
