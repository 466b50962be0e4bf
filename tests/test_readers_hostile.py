"""What is wrong with a file is told in plain words; nothing hostile hangs, fetches or fills the memory."""

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import make_documents as make
import pytest

from index.errors import ReadError
from index.readers import READERS, read, walk
from index.readers_checks import Limits

NO_TEXT = "it has no text: if it shows pictures of text, run OCR first"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


def reason(path: Path, limits: Limits | None = None) -> str:
    """Return why a file cannot be read: one line."""
    with pytest.raises(ReadError) as caught:
        read(path, limits or Limits())
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    return message


def assert_read_or_refused(path: Path) -> None:
    """Any outcome will do but no text, a wrong offset or another exception than ReadError."""
    try:
        extracted = read(path)
    except ReadError:
        return
    assert extracted.text.strip()
    assert all(0 <= a < b <= len(extracted.text) for a, b in extracted.headings + extracted.rows)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def sample(folder: Path, ending: str) -> Path:
    """Write a sound document with this ending."""
    path = folder / f"sound{ending}"
    makers: dict[str, Callable[[], Path]] = {
        ".pdf": lambda: make.pdf(path, ["Some text. " * 200]),
        ".docx": lambda: make.word(path, lambda d: d.add_paragraph("Some text.")),
        ".pptx": lambda: make.slides(path, lambda p: make.add_slide(p, "Some text.")),
        ".xlsx": lambda: make.workbook(path, {"S": [["a", "b"], [1, 2]]}),
        ".epub": lambda: make.book(path, {"a.xhtml": "<html><body><p>Some text.</p></body></html>"}),
    }
    return makers[ending]()


BINARY = [".pdf", ".docx", ".pptx", ".xlsx", ".epub"]
TEXT = [".txt", ".md", ".html", ".csv", ".tsv", ".eml"]


@pytest.mark.parametrize("ending", READERS)
@pytest.mark.parametrize("content", [b"", b" \n\t \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, ending: str, content: bytes) -> None:
    assert reason(written(tmp_path / f"a{ending}", content)) == "it is empty"


def test_a_document_without_text_is_said_to_have_none(tmp_path: Path) -> None:
    assert reason(make.word(tmp_path / "a.docx", lambda d: d.add_paragraph("  "))) == NO_TEXT
    assert reason(make.workbook(tmp_path / "a.xlsx", {"S": []})) == NO_TEXT
    assert reason(written(tmp_path / "a.html", b"<html><body></body></html>")) == "it is empty"


def test_a_scan_is_told_from_a_text(tmp_path: Path) -> None:
    assert "looks like a scan; run OCR" in reason(make.pdf(tmp_path / "a.pdf", ["", ""]))


def test_encrypted_files_are_said_to_be_encrypted(tmp_path: Path) -> None:
    assert reason(make.pdf(tmp_path / "a.pdf", ["x"], password="p")).startswith("it is encrypted: remove the password")
    for ending, old in ((".docx", ".doc"), (".pptx", ".ppt"), (".xlsx", ".xls")):
        message = reason(written(tmp_path / f"a{ending}", OLE))
        assert message.startswith(f"it is encrypted, or an old {old} file")
    locked = {
        "META-INF/encryption.xml": '<encryption xmlns="urn:x" xmlns:e="urn:e"><e:EncryptedData>'
        '<e:EncryptionMethod Algorithm="aes"/><e:CipherReference URI="OEBPS/a.xhtml"/>'
        "</e:EncryptedData></encryption>"
    }
    book = make.book(tmp_path / "a.epub", {"a.xhtml": "x"}, extra=locked)
    assert "copy protection" in reason(book)


def test_a_book_with_scrambled_fonts_only_is_read(tmp_path: Path) -> None:
    fonts = {
        "META-INF/encryption.xml": "<encryption><EncryptedData><EncryptionMethod Algorithm="
        '"http://www.idpf.org/2008/embedding"/><CipherReference URI="OEBPS/f.ttf"/></EncryptedData>'
        "</encryption>"
    }
    assert read(make.book(tmp_path / "a.epub", {"a.xhtml": "<p>Text</p>"}, extra=fonts)).text == "Text"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.pdf", b"<!DOCTYPE html><html><body>Not found</body></html>", "a web page (HTML)"),
        ("a.pdf", b"PK\x03\x04 whatever", "a zip archive"),
        ("a.docx", b"%PDF-1.7 whatever", "a PDF"),
        ("a.docx", b"{\\rtf1 whatever}", "an RTF document"),
        ("a.xlsx", b"name,age\nann,31\n", "plain text"),
        ("a.txt", b"%PDF-1.7 whatever", "a PDF"),
        ("a.txt", PNG, "a PNG image"),
        ("a.md", b"PK\x03\x04" + bytes(100), "a zip archive"),
        ("a.csv", b"PK\x03\x04" + bytes(100), "a zip archive"),
        ("a.html", b"\x1f\x8b" + bytes(100), "a gzip archive"),
        ("a.eml", OLE, "an old Office file"),
    ],
)
def test_a_wrong_ending_is_told_with_what_the_file_is(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    message = reason(written(tmp_path / name, data))
    assert message.startswith(f"its name ends in {Path(name).suffix} but it is {kind}: ")


def test_one_office_format_under_the_name_of_another_is_told(tmp_path: Path) -> None:
    path = sample(tmp_path, ".xlsx").rename(tmp_path / "a.docx")
    assert "but it is an Excel workbook" in reason(path)


@pytest.mark.parametrize("ending", TEXT)
def test_a_binary_file_is_no_text(tmp_path: Path, ending: str) -> None:
    data = bytes((i * 7919 >> 3) % 256 for i in range(1, 5000))
    if ending != ".eml":
        assert "binary file, not text" in reason(written(tmp_path / f"a{ending}", data))


def test_an_unknown_ending_is_told_with_those_that_are_read(tmp_path: Path) -> None:
    message = reason(written(tmp_path / "a.xyz", b"x"))
    assert message.startswith("citewise does not read .xyz files; it reads .pdf, ")
    assert "files without an ending" in reason(written(tmp_path / "README", b"x"))


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    assert "does not exist" in reason(tmp_path / "no.txt")
    (tmp_path / "folder.txt").mkdir()
    assert "it is a folder" in reason(tmp_path / "folder.txt")


@pytest.mark.parametrize("ending", BINARY)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
def test_half_a_file_is_damaged(tmp_path: Path, ending: str, share: float) -> None:
    data = sample(tmp_path, ending).read_bytes()
    path = written(tmp_path / f"half{ending}", data[: int(len(data) * share)])
    if ending == ".pdf" and share > 0.5:  # pdfium repairs what it can
        return
    assert "damaged" in reason(path)


@pytest.mark.parametrize("ending", BINARY)
def test_a_damaged_file_never_raises_anything_but_its_reason(tmp_path: Path, ending: str) -> None:
    data = sample(tmp_path, ending).read_bytes()
    for i in range(12):
        at = len(data) * i // 12
        broken = data[:at] + bytes(b ^ 0x5A for b in data[at : at + 40]) + data[at + 40 :]
        assert_read_or_refused(written(tmp_path / f"broken{ending}", broken))


PARTS = {
    ".docx": "word/document.xml",
    ".pptx": "ppt/slides/slide1.xml",
    ".xlsx": "xl/worksheets/sheet1.xml",
    ".epub": "OEBPS/book.opf",
}


@pytest.mark.parametrize("ending", PARTS)
def test_a_part_that_is_no_xml_is_damage(tmp_path: Path, ending: str) -> None:
    path = make.altered(sample(tmp_path, ending), PARTS[ending], lambda data: b"\0nonsense<<<")
    assert "it is damaged" in reason(path) or ending == ".epub"


@pytest.mark.parametrize("ending", PARTS)
def test_entities_neither_explode_nor_read_files(tmp_path: Path, ending: str) -> None:
    secret = written(tmp_path / "secret", b"very-secret-words")
    lol = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    kinds = (f'<!ENTITY l0 "lol">{lol}', f'<!ENTITY l9 SYSTEM "file://{secret}">')
    for kind in kinds:

        def change(data: bytes, kind: str = kind) -> bytes:
            start = data.index(b"?>") + 2 if data.startswith(b"<?xml") else 0
            body = data[start:].replace(b"Some text.", b"Some text. &l9;").replace(b"<v>1</v>", b"<v>&l9;</v>")
            body = body.replace(b"<dc:title>", b"<dc:title>&l9;")
            return data[:start] + f"<!DOCTYPE x [{kind}]>".encode() + body

        path = make.altered(sample(tmp_path, ending), PARTS[ending], change)
        try:
            extracted = read(path)
        except ReadError:
            continue
        assert "secret-words" not in extracted.text + extracted.title
        assert len(extracted.text) < 1000


def test_entities_in_html_are_harmless(tmp_path: Path) -> None:
    page = b'<!DOCTYPE x [<!ENTITY a "boom"><!ENTITY e SYSTEM "file:///etc/passwd">]><p>Text &a; &e;</p>'
    assert "root:" not in read(written(tmp_path / "a.html", page)).text


@pytest.mark.parametrize("ending", PARTS)
def test_a_zip_bomb_is_refused_by_its_declared_size(tmp_path: Path, ending: str) -> None:
    path = sample(tmp_path, ending)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/big.bin", bytes(120 * 2**20))
    assert "zip bomb" in reason(path)


def test_an_archive_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    path = sample(tmp_path, ".docx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/big.bin", bytes(50 * 2**20))
    size = struct.pack("<L", 50 * 2**20)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<L", 10)))
    assert "it is damaged" in reason(path)


def test_too_large_files_parts_and_texts_are_refused(tmp_path: Path) -> None:
    text = written(tmp_path / "a.txt", b"word " * 1000)
    assert "too large" in reason(text, Limits(file_bytes=4000))
    assert "more than 4,000 characters" in reason(text, Limits(characters=4000))
    assert "too large" in reason(sample(tmp_path, ".docx"), Limits(part_bytes=1000))
    assert "zip bomb" in reason(sample(tmp_path, ".docx"), Limits(unpacked_bytes=1000))


def test_deeply_nested_html_is_read_to_its_bottom_or_refused(tmp_path: Path) -> None:
    for tag in ("b", "font size=2"):
        path = written(tmp_path / "a.html", f"<p>top</p>{f'<{tag}>' * 100_000}bottom".encode())
        assert read(path).text.split() == ["top", "bottom"]
    for tag in ("div", "table", "ul", "span"):
        path = written(tmp_path / "a.html", f"<p>top</p>{f'<{tag}>' * 2_000}bottom".encode())
        assert read(path).text.replace("- ", "").split() == ["top", "bottom"]
        path = written(tmp_path / "a.html", f"<p>top</p>{f'<{tag}>' * 100_000}bottom".encode())
        assert "too deeply nested" in reason(path)


def test_deeply_nested_markdown_is_read_or_refused(tmp_path: Path) -> None:
    for opening in ("> ", "- ", "[", "*", "`", "<div>", "![", "| "):
        path = written(tmp_path / "a.md", (opening * 5_000 + "bottom").encode())
        try:
            assert "bottom" in read(path).text
        except ReadError:
            continue


def test_deeply_nested_word_markup_is_read_or_refused(tmp_path: Path) -> None:
    def nest(data: bytes) -> bytes:
        return data.replace(b"<w:r>", b"<w:ins>" * 5000 + b"<w:r>").replace(b"</w:r>", b"</w:r>" + b"</w:ins>" * 5000)

    path = make.altered(sample(tmp_path, ".docx"), PARTS[".docx"], nest)
    assert_read_or_refused(path)


def test_a_deeply_nested_mail_is_read_or_refused(tmp_path: Path) -> None:
    parts = "".join(f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(3000))
    path = written(tmp_path / "a.eml", f"Subject: x\n{parts}Content-Type: text/plain\n\nbottom".encode())
    assert_read_or_refused(path)


def test_a_mail_to_thousands_is_read_quickly(tmp_path: Path) -> None:
    people = ", ".join(f'"Person {i}" <p{i}@x.org>' for i in range(20_000))
    text = read(written(tmp_path / "a.eml", f"Subject: x\nTo: {people}\n\nHello".encode())).text
    assert "p19999@x.org" in text
    assert text.endswith("\n\nHello")


def test_endless_blanks_and_words_do_not_slow_the_reader_down(tmp_path: Path) -> None:
    for text in (" " * 300_000, "a" * 300_000, "|" * 100_000, "-" * 300_000, "\t\x0b" * 100_000):
        for ending in (".txt", ".md", ".html", ".csv"):
            assert_read_or_refused(written(tmp_path / f"a{ending}", f"x{text}x".encode()))
    path = make.workbook(tmp_path / "a.xlsx", {"S": [["n"], ["=A1"]]})
    make.altered(path, PARTS[".xlsx"], lambda data: data.replace(b"</f>", b"</f>" + b" " * 300_000))
    assert_read_or_refused(path)
    content = f"BT /F1 1 Tf 5 700 Td (x{' ' * 30_000}x) Tj ET"
    assert_read_or_refused(make.bare_pdf(tmp_path / "a.pdf", content))


def test_a_pipe_is_no_document(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert "no ordinary file" in reason(tmp_path / "a.txt")


def test_a_cell_far_out_does_not_make_a_sheet_enormous(tmp_path: Path) -> None:
    path = make.workbook(tmp_path / "a.xlsx", {"S": [["Name", "Age"], ["Ann", 31]]})
    make.altered(path, PARTS[".xlsx"], lambda data: data.replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>5</v></c></row></sheetData>'
    ))  # fmt: skip
    assert "Ann" in read(path).text


def test_a_sheet_is_read_whole_even_if_its_declared_size_is_wrong(tmp_path: Path) -> None:
    path = make.workbook(tmp_path / "a.xlsx", {"S": [["Name", "Age"], ["Ann", 31]]})
    make.altered(path, PARTS[".xlsx"], lambda data: data.replace(b'ref="A1:B2"', b'ref="A1"'))
    assert read(path).text.endswith("Name: Ann; Age: 31")


def test_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    page = (
        b'<html><head><link rel=stylesheet href="http://x.example/a.css"></head><body><img src="http://x.example">Text'
    )
    assert read(written(tmp_path / "a.html", page)).text == "Text"


@pytest.mark.parametrize("ending", READERS)
def test_random_bytes_are_read_or_refused(tmp_path: Path, ending: str) -> None:
    for seed in range(4):
        data = bytes((i * i * 31 + seed * 97 + (i >> 3)) % 256 for i in range(1500))
        heads = {
            ".pdf": b"%PDF-1.4\n",
            ".docx": b"PK\x03\x04",
            ".pptx": b"PK\x03\x04",
            ".xlsx": b"PK\x03\x04",
        }
        assert_read_or_refused(written(tmp_path / f"a{ending}", heads.get(ending, b"") + data))


# Folders


def names(root: Path, **told: Callable[..., None]) -> list[str]:
    return [path.relative_to(root).as_posix() for path in walk(root, **told)]


def touched(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")


def test_a_folder_is_walked_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    touched(tmp_path, "page 10.txt", "page 2.txt", "Page 1.txt", "b/x.md", "b/c/y.PDF", "a.txt", "z.txt")
    assert names(tmp_path) == [
        "a.txt",
        "b/c/y.PDF",
        "b/x.md",
        "Page 1.txt",
        "page 2.txt",
        "page 10.txt",
        "z.txt",
    ]


def test_hidden_lock_and_system_files_are_left_out(tmp_path: Path) -> None:
    touched(tmp_path, ".hidden.txt", ".git/x.txt", "~$a.docx", ".DS_Store", "Thumbs.db", "desktop.ini", "a.txt")
    assert names(tmp_path, on_skip=pytest.fail) == ["a.txt"]


def test_files_of_other_formats_are_told(tmp_path: Path) -> None:
    touched(tmp_path, "a.txt", "b.jpg", "c/README")
    skipped = list[Path]()
    assert names(tmp_path, on_skip=skipped.append) == ["a.txt"]
    assert skipped == [tmp_path / "b.jpg", tmp_path / "c/README"]


def test_links_are_followed_inside_the_folder_only_and_each_file_is_given_once(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    touched(root, "b/real.txt", ".kept/only.txt")
    touched(outside, "secret.txt")
    (root / "a-link.txt").symlink_to(root / "b/real.txt")
    (root / "kept").symlink_to(root / ".kept")
    (root / "b/loop").symlink_to(root)
    (root / "out.txt").symlink_to(outside / "secret.txt")
    (root / "outdir").symlink_to(outside)
    skipped = list[Path]()
    assert names(root, on_skip=skipped.append) == ["b/real.txt", "kept/only.txt"]
    assert skipped == [root / "out.txt", root / "outdir"]


def test_a_root_that_is_a_link_is_walked(tmp_path: Path) -> None:
    touched(tmp_path, "real/a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert names(tmp_path / "link") == ["a.txt"]


def test_what_cannot_be_opened_is_told_and_the_rest_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched(tmp_path, "a/x.txt", "b/y.txt")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    scandir = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    told = list[tuple[Path, str]]()
    assert names(tmp_path, on_error=lambda path, why: told.append((path, why))) == ["b/y.txt"]
    assert told == [
        (tmp_path / "a", "the folder cannot be read (Permission denied): change its permissions"),
        (tmp_path / "gone.txt", "it is a link to a file that does not exist: remove it or mend it"),
    ]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    told = list[Path]()
    assert names(tmp_path / "no", on_error=lambda path, _: told.append(path)) == []
    assert told == [tmp_path / "no"]
