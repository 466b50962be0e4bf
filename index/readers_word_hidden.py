"""Takes out of a Word document what nobody sees: text marked as hidden, in its background's colour, tiny, transparent.

Styles count as well as what is set by hand. Where text may lie on a picture, a shape or a table style's colours, which
only Word could place, its colour is not judged.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .hidden import WHITE, Colour, Hidden, alike

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from lxml.etree import _Element as Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MARKED, _TRANSPARENT, _TINY = "text marked as hidden", "transparent text", "tiny text"
_PALE, _ALIKE = "white text", "text in the colour of its background"
_SMALL, _NARROW = 4, 5  # half points; percent of a letter's width
_MOST_STYLES = 30
_UNKNOWN = "?"
_PENS = {"black": "000000", "white": "FFFFFF", "yellow": "FFFF00", "lightGray": "C0C0C0", "darkGray": "808080"}

_Properties = dict[str, str]
"""What is said of letters: vanish, color, sz, w; fill, paper (behind the letters, the paragraph); drawn, clear."""


class Concealed:
    """What a Word document says of its letters' looks, and the hidden text that was taken out of it."""

    def __init__(self, document: "WordDocument") -> None:
        self._document: Any = document.element
        self._styles = {node.get(f"{_W}styleId", ""): node for node in document.styles.element.iter(f"{_W}style")}
        default = document.styles.element.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr")
        self._default = _letters(default)
        self._known = dict[str, _Properties]()
        self._pieces = list[tuple[str, list[str]]]()
        self._last: Any = None

    @property
    def hidden(self) -> list[Hidden]:
        """The hidden text so far, piece by piece."""
        return [Hidden(kind, "".join(texts)) for kind, texts in self._pieces]

    def take_out(self, root: "Element") -> None:
        """Empty the runs of letters that nobody sees, in the body or the notes of the document."""
        kind = ""
        for run in root.iter(f"{_W}r"):
            texts = [node for node in run.iterchildren(f"{_W}t") if node.text]
            text = "".join(node.text or "" for node in texts)
            if not text.strip():
                continue
            before, kind = kind, self._kind(run)
            if kind and not any(above.tag == _FALLBACK for above in run.iterancestors()):
                self._keep(kind, text, run, follows=kind == before)
            for node in texts if kind else []:
                node.text = ""

    def _keep(self, kind: str, text: str, run: "Element", *, follows: bool) -> None:
        if not follows or not self._pieces:
            self._pieces.append((kind, []))
        paragraph = run.getparent()
        self._pieces[-1][1].append(text if paragraph is self._last else f" {text}")
        self._last = paragraph

    def _kind(self, run: "Element") -> str:
        """Tell how a run of letters is hidden, if it is."""
        letters = self._inherited(run) | _letters(run.find(f"{_W}rPr"))
        if letters.get("vanish") == "1":
            return _MARKED
        if letters.get("clear"):
            return _TRANSPARENT
        if _number(letters.get("sz"), 22) <= _SMALL or _number(letters.get("w"), 100) <= _NARROW:
            return _TINY
        colour = _colour(letters.get("color", ""))
        if colour is None or letters.get("drawn"):
            return ""
        ground = self._ground(run, letters)
        if ground is None or not alike(colour, ground):
            return ""
        return _PALE if alike(colour, WHITE) else _ALIKE

    def _inherited(self, run: "Element") -> _Properties:
        """Return what the document's defaults and the styles of a run and its paragraph say."""
        paragraph = next(run.iterancestors(f"{_W}p"), None)
        style = paragraph.find(f"{_W}pPr/{_W}pStyle") if paragraph is not None else None
        name = style.get(f"{_W}val", "") if style is not None else self._plain
        said = self._default | self._style(name)
        paper = _fill(paragraph.find(f"{_W}pPr/{_W}shd")) if paragraph is not None else ""
        if paper:
            said = said | {"paper": paper}
        style = run.find(f"{_W}rPr/{_W}rStyle")
        return said | self._style(style.get(f"{_W}val", "")) if style is not None else said

    @cached_property
    def _plain(self) -> str:
        """The style of paragraphs that name none."""
        marks = (
            name
            for name, node in self._styles.items()
            if node.get(f"{_W}type") == "paragraph" and _is_on(node, "default")
        )
        return next(marks, "")

    def _style(self, name: str) -> _Properties:
        """Return what a style and those it is based on say."""
        if name not in self._known:
            said = _Properties()
            for node in self._based_on(name):
                own = _letters(node.find(f"{_W}rPr"))
                paper = _fill(node.find(f"{_W}pPr/{_W}shd"))
                said = own | ({"paper": paper} if paper else {}) | said
            self._known[name] = said
        return self._known[name]

    def _based_on(self, name: str) -> "Iterator[Element]":
        """Yield a style and those that it is based on."""
        for _ in range(_MOST_STYLES):
            node: Any = self._styles.get(name)
            if node is None:
                return
            yield node
            based = node.find(f"{_W}basedOn")
            name = based.get(f"{_W}val", "") if based is not None else ""

    def _ground(self, run: "Element", letters: _Properties) -> Colour | None:
        """Return the colour behind a run of letters, None where it cannot be told."""
        fill = letters.get("fill") or letters.get("paper")
        if fill:
            return _colour(fill)
        for above in run.iterancestors():
            if above.tag == f"{_W}txbxContent":
                return _fill_of_shape(above)
            if above.tag in (f"{_W}tc", f"{_W}tbl"):
                fill = _fill(above.find(f"{above.tag}Pr/{_W}shd"))
                if fill:
                    return _colour(fill)
            if above.tag == f"{_W}tbl" and self._has_colours(above.find(f"{_W}tblPr/{_W}tblStyle")):
                return None
        return self._paper

    def _has_colours(self, style: "Element | None") -> bool:
        name = style.get(f"{_W}val", "") if style is not None else ""
        return any(_fill(shade) for node in self._based_on(name) for shade in node.iter(f"{_W}shd"))

    @cached_property
    def _paper(self) -> Colour | None:
        """The colour of the pages, None where something lies behind their text."""
        if any(anchor.get("behindDoc") in ("1", "true") for anchor in self._document.iter("{*}anchor")):
            return None
        background = self._document.find(f"{_W}background")
        return WHITE if background is None else _colour(background.get(f"{_W}color") or "FFFFFF")


def _letters(node: "Element | None") -> _Properties:
    """Return what an element of run properties says."""
    said = _Properties()
    if node is None:
        return said
    vanish = node.find(f"{_W}vanish")
    if vanish is not None:
        said["vanish"] = "1" if _is_on(vanish, "val", absent=True) else "0"
    for name in ("color", "sz", "w"):
        found = node.find(f"{_W}{name}")
        if found is not None:
            said[name] = found.get(f"{_W}val") or ""
    pen = node.find(f"{_W}highlight")
    fill = _fill(node.find(f"{_W}shd"))
    if pen is not None and pen.get(f"{_W}val") != "none":
        fill = _PENS.get(pen.get(f"{_W}val") or "", _UNKNOWN)
    return said | ({"fill": fill} if fill else {}) | _effects(node)


def _effects(node: "Element") -> _Properties:
    """Tell letters that are seen by what is drawn around or in them, and letters that are not drawn at all."""
    filled, lined = node.find(f"{_W14}textFill"), node.find(f"{_W14}textOutline")
    drawn = [
        node.find(f"{space}{name}")
        for space, name in ((_W14, "shadow"), (_W14, "glow"), (_W, "outline"), (_W, "shadow"))
    ]
    if any(one is not None for one in drawn) or (lined is not None and lined.find(f"{_W14}noFill") is None):
        return {"drawn": "1"}
    if filled is None:
        return {}
    faded = [one.get(f"{_W14}val") for one in filled.iter(f"{_W14}alpha")]  # how much of it is lost
    if filled.find(f"{_W14}noFill") is not None or (faded and all(_number(one, 0) >= 95_000 for one in faded)):
        return {"clear": "1"}
    plain = filled.find(f"{_W14}solidFill/{_W14}srgbClr") if not faded else None
    return {"drawn": "1"} if plain is None else {"color": plain.get(f"{_W14}val") or ""}


def _is_on(node: "Element", name: str, *, absent: bool = False) -> bool:
    value = node.get(f"{_W}{name}")
    return absent if value is None else value not in ("0", "false", "off")


def _fill(shade: "Element | None") -> str:
    """Return the colour of a shading, "" for none and "?" for a pattern of two."""
    if shade is None:
        return ""
    pattern = shade.get(f"{_W}val", "clear")
    name = {"clear": "fill", "solid": "color"}.get(pattern)
    if name is None:
        return "" if pattern == "nil" else _UNKNOWN
    value = shade.get(f"{_W}{name}", "auto")
    if value == "auto":
        return "000000" if pattern == "solid" else ""
    return value


def _fill_of_shape(inside: "Element") -> Colour | None:
    """Return the colour that a shape around text is filled with, if it is one."""
    shape = next((above for above in inside.iterancestors() if above.tag.endswith("}wsp")), None)
    fill = shape.find("{*}spPr/{*}solidFill/{*}srgbClr") if shape is not None else None
    return _colour(fill.get("val", "")) if fill is not None and not len(fill) else None


def _colour(value: str) -> Colour | None:
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", value):
        return None
    red, green, blue = bytes.fromhex(value)
    return red, green, blue


def _number(value: str | None, other: float) -> float:
    try:
        return float((value or "").rstrip("%"))
    except ValueError:
        return other
