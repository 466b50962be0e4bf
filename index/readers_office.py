"""Reads Word documents and PowerPoint presentations. Spreadsheets are in readers_sheets.py."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .readers_blocks import Blocks, title_of
from .readers_slides_hidden import Stage
from .readers_tables import rows_of
from .readers_word_hidden import Concealed
from .types import Extracted

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from lxml.etree import _Element as Element
    from pptx.slide import Slide

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_EQUATION = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_DELETED = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}instrText", f"{_W}delText", _FALLBACK})
_MARKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_NOTES = ("/footnotes", "/endnotes")


def read_docx(path: Path) -> Extracted:
    """Read a Word document's body, tables, text boxes and notes; headers and deleted text are left out."""
    import docx

    document = docx.Document(str(path))
    word = _Word(document)
    word.concealed.take_out(document.element.body)
    word.add(document.element.body)
    word.notes(document)
    word.blocks.hide(*word.concealed.hidden)
    return word.blocks.extracted(title_of(document.core_properties.title, path))


class _Word:
    """Where the walk through a Word document stands."""

    def __init__(self, document: "WordDocument") -> None:
        self.blocks = Blocks()
        self.concealed = Concealed(document)
        self.styles = _style_kinds(document)

    def add(self, parent: "Element") -> None:
        """Add the paragraphs and tables in `parent`, in order, also those inside content controls."""
        todo = list(parent)[::-1]
        while todo:
            node = todo.pop()
            if node.tag == f"{_W}p":
                self.paragraph(node)
            elif node.tag == f"{_W}tbl":
                self.table(node)
            elif node.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml", f"{_W}moveTo"):
                todo += list(node)[::-1]

    def paragraph(self, node: "Element") -> None:
        text, kind = self.text(node), self.kind(node)
        if kind == "heading":
            self.blocks.heading(text)
        elif kind == "item":
            self.blocks.item(text)
        else:
            self.blocks.paragraph(text.strip())
        for box in node.iter(f"{_W}txbxContent"):
            if not any(above.tag == _FALLBACK for above in box.iterancestors()):
                self.add(box)

    def kind(self, node: "Element") -> str:
        """Return what a paragraph is: a heading, a list item or plain."""
        style = node.find(f"{_W}pPr/{_W}pStyle")
        kind = self.styles.get(style.get(f"{_W}val", "") if style is not None else "", "")
        outline = node.find(f"{_W}pPr/{_W}outlineLvl")
        if kind == "heading" or (outline is not None and outline.get(f"{_W}val", "9") < "9"):
            return "heading"
        number = node.find(f"{_W}pPr/{_W}numPr/{_W}numId")
        if number is not None:
            return "item" if number.get(f"{_W}val") != "0" else ""
        return kind

    def text(self, node: "Element") -> str:
        """Return a paragraph's text as the author sees it with all changes accepted."""
        parts, todo = list[str](), list(node)[::-1]
        while todo:
            child = todo.pop()
            if child.tag in (f"{_W}t", _EQUATION):
                parts.append(child.text or "")
            elif child.tag in _MARKS:
                parts.append(_MARKS[child.tag])
            elif child.tag not in _DELETED and child.tag != f"{_W}txbxContent":
                todo += list(child)[::-1]
        return "".join(parts)

    def table(self, node: "Element") -> None:
        grid, headers = list[list[str]](), 0
        for row in node.iter(f"{_W}tr"):
            if next(row.iterancestors(f"{_W}tbl")) is not node:
                continue
            if row.find(f"{_W}trPr/{_W}tblHeader") is not None and headers == len(grid):
                headers += 1
            grid.append(self.cells(row, grid[-1] if grid else [], repeat=len(grid) < 3))
        self.blocks.end()
        self.blocks.rows(rows_of(grid, headers or None))

    def cells(self, row: "Element", above: list[str], *, repeat: bool) -> list[str]:
        """Return a row's cells; a cell that goes on from above or over several columns is repeated."""
        cells = list[str]()
        found = [cell for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr")) is row]
        repeat = repeat and len(found) > 1  # a cell as wide as the table is a title
        for cell in found:
            span = cell.find(f"{_W}tcPr/{_W}gridSpan")
            merge = cell.find(f"{_W}tcPr/{_W}vMerge")
            goes_on = merge is not None and merge.get(f"{_W}val", "continue") == "continue"
            text = " ".join(self.text(p) for p in cell.iter(f"{_W}p"))
            if goes_on and len(cells) < len(above):
                text = above[len(cells)]
            across = int(span.get(f"{_W}val", "1")) if span is not None else 1
            cells += [text, *[text if repeat else ""] * (min(across, 100) - 1)]
        return cells

    def notes(self, document: "WordDocument") -> None:
        """Add the footnotes and endnotes after the text."""
        import lxml.etree as etree

        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        for relation in document.part.rels.values():
            if not relation.is_external and relation.reltype.endswith(_NOTES):
                root = etree.fromstring(relation.target_part.blob, parser)
                self.concealed.take_out(root)
                for note in root:
                    if note.get(f"{_W}type") in (None, "normal"):
                        self.add(note)


def _style_kinds(document: "WordDocument") -> dict[str, str]:
    """Return which paragraph styles are headings and which list items, by themselves or by inheritance."""
    nodes = {s.get(f"{_W}styleId", ""): s for s in document.styles.element.iter(f"{_W}style")}
    kinds = dict[str, str]()
    for name, node in nodes.items():
        seen = set[str]()
        style: Any = node
        while style is not None and style.get(f"{_W}styleId") not in seen:
            seen.add(style.get(f"{_W}styleId"))
            kind = _style_kind(style)
            if kind:
                kinds[name] = kind
                break
            based = style.find(f"{_W}basedOn")
            style = nodes.get(based.get(f"{_W}val", "")) if based is not None else None
    return kinds


def _style_kind(style: "Element") -> str:
    name = style.find(f"{_W}name")
    text = (name.get(f"{_W}val") or "").lower() if name is not None else ""
    if re.fullmatch(r"heading \d|title|subtitle", text):
        return "heading"
    outline = style.find(f"{_W}pPr/{_W}outlineLvl")
    if outline is not None and outline.get(f"{_W}val", "9") < "9":
        return "heading"
    return "item" if text.startswith("list ") and text != "list paragraph" else ""


def read_pptx(path: Path) -> Extracted:
    """Read a presentation slide by slide: title, shapes from top to bottom, tables, charts, speaker notes."""
    from pptx import Presentation

    presentation = Presentation(str(path))
    blocks, hidden = Blocks(), list[str]()
    for number, slide in enumerate(presentation.slides, 1):
        blocks.page()
        stage = Stage(slide, presentation.slide_width or 0, presentation.slide_height or 0)
        blocks.hide(*stage.take_out())
        _add_slide(blocks, slide)
        if slide.element.get("show") == "0":
            hidden.append(str(number))
    if hidden:
        blocks.warn(f"hidden slides were read too: {', '.join(hidden)}")
    return blocks.extracted(title_of(presentation.core_properties.title, path), "slide")


def _add_slide(blocks: Blocks, slide: "Slide") -> None:
    title = slide.shapes.title
    if title is not None:
        blocks.heading(title.text_frame.text)
    for shape in _in_reading_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _add_shape(blocks, shape)
    _add_diagrams(blocks, slide)
    if slide.has_notes_slide:
        frame = slide.notes_slide.notes_text_frame
        if frame is not None and frame.text.strip():
            blocks.paragraph("Notes: " + _lines_of(frame.text))


def _in_reading_order(shapes: Any) -> Iterator[Any]:
    """Yield shapes from top to bottom, then left to right, those inside groups at their group's place."""
    for shape in sorted(shapes, key=lambda s: (s.top or 0, s.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _add_diagrams(blocks: Blocks, slide: "Slide") -> None:
    """Add the texts of SmartArt, which are kept in parts of their own."""
    import lxml.etree as etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for relation in slide.part.rels.values():
        if relation.reltype.endswith("/diagramData"):
            root = etree.fromstring(relation.target_part.blob, parser)
            for paragraph in root.iter("{*}p"):
                blocks.item("".join(text.text or "" for text in paragraph.iter("{*}t")))
    blocks.end()


def _add_shape(blocks: Blocks, shape: Any) -> None:
    from pptx.enum.shapes import PP_PLACEHOLDER

    margin = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE)
    if shape.is_placeholder and shape.placeholder_format.type in margin:
        return
    if shape.has_text_frame:
        paragraphs = [_lines_of(p.text) for p in shape.text_frame.paragraphs if p.text.strip()]
        if len(paragraphs) == 1:
            blocks.paragraph(paragraphs[0])
        for text in paragraphs if len(paragraphs) > 1 else []:
            blocks.item(text)
        blocks.end()
    elif getattr(shape, "has_table", False):
        grid = [[cell.text for cell in row.cells] for row in shape.table.rows]
        blocks.end()
        blocks.rows(rows_of(grid, 1 if shape.table.first_row and len(grid) > 1 else None))
    elif getattr(shape, "has_chart", False):
        blocks.end()
        blocks.rows(rows_of(_chart_grid(shape.chart), 1))


def _lines_of(text: str) -> str:
    return text.replace("\x0b", "\n").strip()


def _chart_grid(chart: Any) -> list[list[str]]:
    """Return a chart's figures as a table: a column for each series."""
    plot = chart.plots[0]
    series = list(plot.series)
    names = [str(category) for category in plot.categories]
    values = [[f"{value:.15g}" if value is not None else "" for value in s.values] for s in series]
    rows = [[name, *(column[i] if i < len(column) else "" for column in values)] for i, name in enumerate(names)]
    return [["", *(str(s.name) for s in series)], *rows]
