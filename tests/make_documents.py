"""Builds small documents of every format with real libraries; tests read them back."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
import pptx.util
from fpdf import FPDF
from fpdf.enums import TextMode
from PIL import Image, ImageDraw, ImageFont


def pdf(path: Path, pages: Sequence[str], title: str = "", password: str = "") -> Path:
    """Write a PDF with a page for each text; an empty text gives a page with a picture only."""
    document = FPDF()
    document.set_title(title)
    for text in pages:
        document.add_page()
        document.set_font("helvetica", size=12)
        if text:
            document.multi_cell(0, 8, text)
        else:
            document.image(Image.new("RGB", (60, 30), "red"))
    if password:
        document.set_encryption(owner_password=password, user_password=password)
    document.output(str(path))
    return path


def bare_pdf(
    path: Path,
    content: str,
    to_unicode: Mapping[str, str] | None = None,
    resources: str = "",
    more: Sequence[str] = (),
    page: str = "",
    catalog: str = "",
) -> Path:
    """Write a one-page PDF by hand from its content stream; `to_unicode` gives characters another meaning.

    `resources`, `page` and `catalog` are added to what these dictionaries say, `more` are objects from number 7 on.
    """
    lines = [f"<{ord(c):02x}> <{t.encode('utf-16-be').hex()}>" for c, t in (to_unicode or {}).items()]
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(lines)} beginbfchar\n" + "\n".join(lines) + "\nendbfchar endcmap end end"
    )
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] {page} /Contents 4 0 R "
        f"/Resources << /Font << /F1 5 0 R >> {resources} >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"
        + (" /ToUnicode 6 0 R >>" if lines else " >>"),
        f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream",
        *more,
    ]
    out, offsets = b"%PDF-1.5\n", list[int]()
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{out.rfind(b'xref')}\n%%EOF".encode()
    path.write_bytes(out)
    return path


def scan(path: Path, words: Sequence[str], layer: Sequence[str]) -> Path:
    """Write a PDF that shows a picture of some lines, under invisible lines of text in their places."""
    picture = Image.new("RGB", (1240, 1754), "white")
    font = ImageFont.load_default(28)
    for i, line in enumerate(words):
        ImageDraw.Draw(picture).text((120, 200 + 60 * i), line, "#333333", font=font)
    document = FPDF(unit="pt", format=(595, 842))
    document.set_font("helvetica", size=13)
    document.add_page()
    document.image(picture, 0, 0, 595, 842)
    with document.local_context(text_mode=TextMode.INVISIBLE):
        for i, line in enumerate(layer):
            document.text(58, (200 + 60 * i) * 0.48 + 12, line)
    document.output(str(path))
    return path


def word(path: Path, fill: Callable[[Any], None], title: str = "") -> Path:
    """Write a Word document; `fill` gets python-docx's document."""
    document = docx.Document()
    fill(document)
    document.core_properties.title = title
    document.save(str(path))
    return path


def slides(path: Path, fill: Callable[[Any], None]) -> Path:
    """Write a presentation; `fill` gets python-pptx's presentation."""
    presentation = pptx.Presentation()
    fill(presentation)
    presentation.save(str(path))
    return path


def add_slide(presentation: Any, title: str, *texts: str) -> Any:
    """Add a slide with a title and text boxes from top to bottom, and return it."""
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = title
    for i, text in enumerate(texts):
        box = slide.shapes.add_textbox(pptx.util.Cm(2), pptx.util.Cm(6 + 2 * i), pptx.util.Cm(10), pptx.util.Cm(2))
        box.text_frame.text = text
    return slide


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write a workbook with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)


def book(path: Path, chapters: Mapping[str, str], title: str = "", extra: Mapping[str, str] | None = None) -> Path:
    """Write an e-book with these chapters, by file name."""
    items = "".join(
        f'<item id="c{i}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for i, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        f"<dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    parts = {"META-INF/container.xml": _CONTAINER, "OEBPS/book.opf": package, **(extra or {})}
    parts |= {f"OEBPS/{name}": body for name, body in chapters.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, body in parts.items():
            archive.writestr(name, body)
    return path


def mail(path: Path, plain: str = "", html: str = "", attachment: str = "", **headers: str) -> Path:
    """Write an e-mail."""
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    if plain:
        message.set_content(plain)
    if html and plain:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    if attachment:
        message.add_attachment(b"1234", maintype="application", subtype="pdf", filename=attachment)
    path.write_bytes(bytes(message))
    return path


def altered(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Rewrite one part of an Office file or e-book."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry, change(data) if entry.filename == part else data)
    path.write_bytes(out.getvalue())
    return path
