"""Where a quote stands on a PDF's pages, the pages' pictures, and the copies of uploads that they are made from."""

import ctypes
import io
import os
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path

import make_documents as make
import pytest
from PIL import Image
from pypdfium2 import PdfDocument, PdfPage
from pypdfium2 import raw as pdfium

from index.errors import LibraryError, NoOriginal, UnknownSource
from index.files import fingerprint, upload
from index.index import Index
from index.pdf_boxes import Box, QuotePage, quote_pages
from index.pdf_painter import page_picture
from index.types import Reading

STORY = (
    "The lighthouse at Skerrow was built in 1874 by Ada Holm of Bergen. Its lamp burned whale oil until the winter "
    "of 1902, when the electric light came. Nobody has lived there since the last keeper left in 1961."
)


def reading_of(path: Path, index: Index) -> Reading:
    (document,) = index.add(path).documents
    return index.reading(document.id)


def pages_of(path: Path, reading: Reading, words: str, nth: int = 1) -> list[QuotePage]:
    """Return the pages of the `nth` place where the document's text has these words."""
    start = -1
    for _ in range(nth):
        start = reading.text.index(words, start + 1)
    return quote_pages(path, reading, (start, start + len(words)))


def bare(text: str) -> str:
    """Take out what the reader changes."""
    return "".join(c for c in text if not c.isspace() and c not in "-\xad\ufffe\x02")


def covered(page: PdfPage, boxes: tuple[Box, ...]) -> str:
    """Return the characters whose middle, as pdfium places it, lies in one of the rectangles."""
    textpage, x, y, box = page.get_textpage(), ctypes.c_int(), ctypes.c_int(), pdfium.FS_RECTF()
    found = ""
    for i in range(textpage.count_chars()):
        pdfium.FPDFText_GetLooseCharBox(textpage, i, box)
        middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        pdfium.FPDF_PageToDevice(page, 0, 0, 10_000, 10_000, 0, *middle, x, y)
        if any(l <= x.value / 1e4 <= r and t <= y.value / 1e4 <= b for l, t, r, b in boxes):  # noqa: E741  left and right, as elsewhere
            found += chr(pdfium.FPDFText_GetUnicode(textpage, i))
    return bare(found)


def shown(path: Path, pages: list[QuotePage]) -> list[str]:
    """Return what the rectangles of each page cover."""
    document = PdfDocument(path)
    return [covered(document[page.page - 1], page.boxes) for page in pages]


def columns(path: Path) -> Path:
    """Write a page of two columns with the story running from one to the other."""
    lines = textwrap.wrap(STORY, 34)
    half = -(-len(lines) // 2)
    places = [(50 + 280 * (i // half), 700 - 16 * (i % half)) for i in range(len(lines))]
    text = "".join(f"BT /F1 12 Tf {x} {y} Td ({line}) Tj ET\n" for (x, y), line in zip(places, lines, strict=True))
    return make.bare_pdf(path, text)


def test_rectangles_cover_the_quotes_words_over_line_breaks(index: Index, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "a.pdf", ["An empty start.", f"Before it. {STORY} After it."])
    reading = reading_of(path, index)
    quote = reading.text[reading.text.index("Its lamp") : reading.text.index(" Nobody")]
    (page,) = pages_of(path, reading, quote)
    assert page.page == 2
    assert shown(path, [page]) == [bare(quote)]
    assert 2 <= len(page.boxes) <= 3


def test_rectangles_stay_in_their_columns(index: Index, tmp_path: Path) -> None:
    path = columns(tmp_path / "a.pdf")
    reading = reading_of(path, index)
    start, end = reading.text.index("Its lamp"), reading.text.index("Nobody")
    (page,) = quote_pages(path, reading, (start, end))
    assert shown(path, [page]) == [bare(reading.text[start:end])]
    left = [box for box in page.boxes if box[2] < 0.52]
    right = [box for box in page.boxes if box[0] > 0.48]
    assert left
    assert right
    assert len(left) + len(right) == len(page.boxes)


def test_the_space_between_two_cells_is_not_covered(index: Index, tmp_path: Path) -> None:
    cells = "BT /F1 12 Tf 50 700 Td (Net sales) Tj ET\nBT /F1 12 Tf 450 700 Td (1,200) Tj ET"
    path = make.bare_pdf(tmp_path / "a.pdf", cells)
    reading = reading_of(path, index)
    (page,) = quote_pages(path, reading, (0, len(reading.text)))
    assert [round(box[0], 2) for box in page.boxes] == [0.08, 0.75]


def test_a_quote_over_two_pages_has_rectangles_on_both(index: Index, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "a.pdf", ["One. The keeper left", "in the spring of 1961. Two."])
    reading = reading_of(path, index)
    start, end = reading.text.index("The keeper"), reading.text.index(" Two.")
    pages = quote_pages(path, reading, (start, end))
    assert [page.page for page in pages] == [1, 2]
    assert shown(path, pages) == ["Thekeeperleft", "inthespringof1961."]


def test_a_broken_word_and_a_minus_sign_are_covered(index: Index, tmp_path: Path) -> None:
    lines = ["The light-", "house stood. It fell by", "-5 metres. The lighthouse is gone."]
    text = "".join(f"BT /F1 12 Tf 50 {700 - 20 * i} Td ({line}) Tj ET\n" for i, line in enumerate(lines))
    path = make.bare_pdf(tmp_path / "a.pdf", text)
    reading = reading_of(path, index)
    at = reading.text.index("-5")
    (page,) = quote_pages(path, reading, (at, at + 2))
    (box,) = page.boxes
    assert box[2] - box[0] > 0.012  # the figure alone is 6.7 points of 600 wide
    (page,) = quote_pages(path, reading, (0, reading.text.index(" stood")))
    assert shown(path, [page]) == ["Thelighthouse"]


def test_of_equal_sentences_the_right_one_is_covered(index: Index, tmp_path: Path) -> None:
    page = "The lamp was lit. It is dark. The lamp was lit. It is bright."
    path = make.pdf(tmp_path / "a.pdf", [page, page])
    reading = reading_of(path, index)
    places = [pages_of(path, reading, "The lamp was lit.", nth)[0] for nth in (1, 2, 3, 4)]
    assert [place.page for place in places] == [1, 1, 2, 2]
    assert places[0].boxes[0][0] < places[1].boxes[0][0]
    assert places[0].boxes == places[2].boxes
    assert places[1].boxes == places[3].boxes


@pytest.mark.parametrize("page", ["/Rotate 90", "/Rotate 270", "/CropBox [40 600 400 780]"])
def test_rectangles_follow_a_turned_or_cropped_page(index: Index, tmp_path: Path, page: str) -> None:
    path = make.bare_pdf(tmp_path / "a.pdf", "BT /F1 12 Tf 50 700 Td (The lamp was lit in May.) Tj ET", page=page)
    reading = reading_of(path, index)
    (found,) = pages_of(path, reading, "was lit")
    picture = Image.open(io.BytesIO(page_picture(path, 1, 800))).convert("L")
    across, down = picture.size
    for left, top, right, bottom in found.boxes:
        box = (int(left * across), int(top * down), int(right * across) + 1, int(bottom * down) + 1)
        assert picture.crop(box).getextrema()[0] < 130
    assert shown(path, [found]) == ["waslit"]


def test_a_quote_that_an_older_reader_made_is_found_by_its_words(index: Index, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "a.pdf", [STORY])
    now = reading_of(path, index)
    old = Reading(now.document, "A running title.\n\n" + now.text.replace("Bergen", "Bergen (Norway)"), now.pages)
    quote = "Its lamp burned whale oil"
    assert shown(path, pages_of(path, old, quote)) == [bare(quote)]
    lost = Reading(now.document, "Nothing of this is on the page.", ((0, 1),))
    (page,) = quote_pages(path, lost, (0, 7))
    assert page.boxes == ()


def test_a_page_is_painted_as_wide_as_asked(tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "a.pdf", [STORY])
    picture = Image.open(io.BytesIO(page_picture(path, 1, 640)))
    assert abs(picture.width - 640) <= 1
    assert picture.convert("L").getextrema() == (0, 255)


def test_an_endless_page_is_painted_small(tmp_path: Path) -> None:
    path = make.bare_pdf(tmp_path / "a.pdf", "BT /F1 12 Tf 50 700 Td (Long.) Tj ET", page="/MediaBox [0 0 20 14000]")
    picture = Image.open(io.BytesIO(page_picture(path, 1, 2400)))
    assert picture.width * picture.height < 8_100_000


def test_a_page_that_would_take_for_ever_is_given_up(tmp_path: Path) -> None:
    def form(content: str, inner: str = "") -> str:
        resources = f"/Resources << /XObject << /X {inner} >> >>" if inner else ""
        return (
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] {resources} /Length {len(content)} >>\n"
            f"stream\n{content}\nendstream"
        )

    nested = [form("/X Do " * 12, f"{8 + i} 0 R") for i in range(8)]
    path = make.bare_pdf(
        tmp_path / "a.pdf",
        "/X Do",
        resources="/XObject << /X 7 0 R >>",
        more=[*nested, form("0 0 10 10 re f " * 50)],
    )
    with pytest.raises(NoOriginal, match="takes too long to paint"):
        page_picture(path, 1, 800, seconds=2)


def test_what_cannot_be_painted_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "a.pdf"
    broken.write_bytes(b"%PDF-1.7 broken")
    with pytest.raises(NoOriginal, match="page 1 can't be painted"):
        page_picture(broken, 1, 800)
    with pytest.raises(NoOriginal, match="page 9 can't be painted"):
        page_picture(make.pdf(tmp_path / "b.pdf", [STORY]), 9, 800)


def test_a_file_in_a_folder_is_read_where_it_is_until_it_changes(index: Index, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "a.pdf", [STORY])
    (document,) = index.add(path).documents
    assert index.original(document.id) == path
    os.utime(path, (1, 1))
    assert index.original(document.id) == path  # touched, not changed
    make.pdf(path, ["Another story."])
    with pytest.raises(NoOriginal, match="has changed since it was added"):
        index.original(document.id)
    path.unlink()
    with pytest.raises(NoOriginal, match="any more: add it again"):
        index.original(document.id)


def copies(index: Index) -> list[str]:
    return sorted(path.name for path in (index.library / "originals").glob("*"))


@pytest.fixture
def sent(index: Index, tmp_path: Path) -> Callable[..., str]:
    """Upload a file with a text; return the document's id."""

    def send(text: str, name: str = "a.pdf") -> str:
        path = make.pdf(tmp_path / "upload.pdf", [text])
        return index.upload(name, path).documents[0].id

    return send


def test_an_upload_is_kept_in_its_present_version_and_goes_with_the_document(
    index: Index, sent: Callable[..., str], tmp_path: Path
) -> None:
    document = sent(STORY)
    kept = index.original(document)
    assert fingerprint(kept) == index.document(document).version
    assert sent("Another story.") == document
    assert copies(index) == [index.original(document).name]
    assert index.original(document) != kept
    (tmp_path / "a.txt").write_text("Text is kept as text.")
    index.upload("a.txt", tmp_path / "a.txt")
    assert len(copies(index)) == 1
    index.remove(["a.pdf"])
    assert copies(index) == []
    with pytest.raises(UnknownSource):
        index.original(document)


def test_an_upload_of_before_is_kept_when_it_is_sent_again(index: Index, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "upload.pdf", [STORY])
    document = index.upload("a.pdf", path).documents[0].id
    shutil.rmtree(index.library / "originals")
    with pytest.raises(NoOriginal, match="not kept when it was added: add it again"):
        index.original(document)
    assert index.upload("a.pdf", path).unchanged == ("a.pdf",)
    assert index.original(document).exists()


def test_a_crash_leaves_no_copy_of_what_is_not_in_the_library(index: Index, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "upload.pdf", [STORY])
    document = index.upload("a.pdf", path).documents[0]
    other = upload("b.pdf", path)
    store = index._store  # stopped between these two steps of an add
    store.begin([document.id, other.id])
    for identity, version in ((document.id, "1" * 64), (other.id, "2" * 64)):
        shutil.copyfile(path, index.library / "originals" / f"{identity}.{version}.pdf")
    (index.library / "originals" / f"{other.id}.{'3' * 64}.part").write_bytes(b"half")
    with Index(index.library) as opened:
        assert copies(opened) == [opened.original(document.id).name]


def test_a_full_disk_is_told_and_nothing_of_the_document_stays(index: Index, tmp_path: Path) -> None:
    (index.library / "originals").write_text("a file where the folder belongs")
    with pytest.raises(LibraryError, match="can't be written"):
        index.upload("a.pdf", make.pdf(tmp_path / "upload.pdf", [STORY]))
    assert index.documents() == []
