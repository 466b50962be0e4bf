"""Takes out of a slide what nobody sees: shapes beside it, letters that are tiny, transparent or like their ground.

Colours are judged only where the ground is certain: the shape's own filling, or the slide's with nothing between.
"""

import re
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from .hidden import WHITE, Colour, Hidden, alike

if TYPE_CHECKING:
    from lxml.etree import _Element as Element
    from pptx.slide import Slide

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MARKED, _OUTSIDE, _TINY = "text marked as hidden", "text beyond the slide's edges", "tiny text"
_TRANSPARENT, _PALE, _ALIKE = "transparent text", "white text", "text in the colour of its background"
_SMALL = 200  # hundredths of a point
_FAINT = 5_000  # of 100,000
_FILLS = tuple(f"{_A}{name}" for name in ("solidFill", "gradFill", "blipFill", "pattFill", "grpFill", "noFill"))
_Frame = tuple[int, int, int, int]


class Stage:
    """A slide's edges, ground and colours, and what on it is not seen."""

    def __init__(self, slide: "Slide", width: int, height: int) -> None:
        self._slide: Any = slide
        self._edges = (0, 0, width, height)

    def take_out(self) -> list[Hidden]:
        """Take hidden shapes and letters out of the slide; return their words."""
        found = list[tuple[str, str]]()
        for shape in list(self._slide.shapes):
            kind = self._shape_kind(shape)
            if kind:
                found.append((kind, _words(shape.element)))
                shape.element.getparent().remove(shape.element)
        for paragraph in self._slide.element.iter(f"{_A}p"):
            for run in list(paragraph.iterchildren(f"{_A}r", f"{_A}fld")):
                kind = self._run_kind(run)
                if kind:
                    found.append((kind, _words(run)))
                    paragraph.remove(run)
        pieces = ((kind, " ".join(text for _, text in same)) for kind, same in groupby(found, key=itemgetter(0)))
        return [Hidden(kind, text) for kind, text in pieces if text.strip()]

    def _shape_kind(self, shape: Any) -> str:
        about = next(shape.element.iter("{*}cNvPr"), None)
        if about is not None and about.get("hidden") in ("1", "true"):
            return _MARKED
        frame = _frame(shape)
        return _OUTSIDE if frame and self._edges[2] and not _meet(frame, self._edges) else ""

    def _run_kind(self, run: "Element") -> str:
        """Tell how a run of letters is hidden, if it is."""
        said = run.find(f"{_A}rPr")
        if said is None:
            return ""
        if _number(said.get("sz"), 1800) <= _SMALL:
            return _TINY
        fill = next(said.iterchildren(*_FILLS), None)
        line = said.find(f"{_A}ln")
        drawn = (line is not None and line.find(f"{_A}noFill") is None) or said.find(f"{_A}effectLst/*") is not None
        if fill is None or drawn:
            return ""
        faded = fill.find(f"*/{_A}alpha")
        if fill.tag == f"{_A}noFill" or (faded is not None and _number(faded.get("val"), 0) < _FAINT):
            return _TRANSPARENT
        colour, ground = self._colour(fill), None
        if colour is not None:
            ground = self._ground(run)
        if colour is None or ground is None or not alike(colour, ground):
            return ""
        return _PALE if alike(colour, WHITE) else _ALIKE

    def _ground(self, run: "Element") -> Colour | None:
        """Return the colour behind a run of letters, None where it cannot be told."""
        for above in run.iterancestors():
            if above.tag == f"{_A}tc":
                fill = next(
                    (one for part in above.iterchildren(f"{_A}tcPr") for one in part.iterchildren(*_FILLS)), None
                )
                return self._colour(fill)  # otherwise the table's style decides
            if above.tag.endswith("}sp"):
                return self._ground_of_shape(above)
        return None

    def _ground_of_shape(self, element: "Element") -> Colour | None:
        own = element.find("{*}spPr")
        fill = next(own.iterchildren(*_FILLS), None) if own is not None else None
        if fill is not None and fill.tag != f"{_A}noFill":
            return self._colour(fill)
        shapes = list(self._slide.shapes)
        at = next((i for i, shape in enumerate(shapes) if shape.element is element), None)
        if at is None or (fill is None and element.find("{*}style") is not None):
            return None  # in a group, or filled as the theme says
        if fill is None and shapes[at].is_placeholder and self._is_filled_above(shapes[at]):
            return None
        frame = _frame(shapes[at])
        below = [*shapes[:at], *self._scenery]
        if frame is None or any(_may_lie_under(shape, frame) for shape in below):
            return None
        return self._backdrop

    def _is_filled_above(self, shape: Any) -> bool:
        """Tell whether a placeholder may have a ground of its own from the slide's layout."""
        layouts = (self._slide.slide_layout, self._slide.slide_layout.slide_master)
        parts = [one.element.find("{*}spPr") for layout in layouts for one in layout.placeholders]
        fills = [fill for part in parts if part is not None for fill in part.iterchildren(*_FILLS)]
        return any(fill.tag != f"{_A}noFill" for fill in fills)

    @cached_property
    def _scenery(self) -> list[Any]:
        """What the slide's layout and master put behind its shapes."""
        layout = self._slide.slide_layout
        return [shape for part in (layout, layout.slide_master) for shape in part.shapes if not shape.is_placeholder]

    @cached_property
    def _backdrop(self) -> Colour | None:
        """The colour of the slide itself."""
        layout = self._slide.slide_layout
        for part in (self._slide, layout, layout.slide_master):
            ground = part.element.find("{*}cSld/{*}bg")
            if ground is None:
                continue
            said = ground.find("{*}bgPr")
            if said is not None:
                return self._colour(next(said.iterchildren(*_FILLS), None))
            theme = ground.find("{*}bgRef")
            return self._colour(theme) if theme is not None and theme.get("idx") == "1001" else None
        return WHITE

    def _colour(self, fill: "Element | None") -> Colour | None:
        """Return the one colour of a filling, None for any other filling and for changed colours."""
        if fill is None or (fill.tag in _FILLS and fill.tag != f"{_A}solidFill") or not len(fill) or len(fill[0]):
            return None
        value, kind = fill[0].get("val", ""), fill[0].tag
        if kind == f"{_A}schemeClr":
            value = self._theme.get(value, "")
        elif kind == f"{_A}sysClr":
            value = fill[0].get("lastClr", "")
        elif kind == f"{_A}prstClr":
            value = {"white": "FFFFFF", "black": "000000"}.get(value, "")
        if not re.fullmatch(r"[0-9A-Fa-f]{6}", value):
            return None
        red, green, blue = bytes.fromhex(value)
        return red, green, blue

    @cached_property
    def _theme(self) -> dict[str, str]:
        """The theme's colours by the names that slides use."""
        import lxml.etree as etree

        master = self._slide.slide_layout.slide_master
        theme = next((r.target_part for r in master.part.rels.values() if r.reltype.endswith("/theme")), None)
        if theme is None or self._slide.element.find(".//{*}overrideClrMapping") is not None:
            return {}
        root = etree.fromstring(theme.blob, etree.XMLParser(resolve_entities=False, no_network=True))
        scheme, names = root.find(f".//{_A}clrScheme"), master.element.find("{*}clrMap")
        colours = [one for one in scheme if len(one)] if scheme is not None else []
        named = {one.tag.rpartition("}")[2]: one[0].get("lastClr") or one[0].get("val") or "" for one in colours}
        return named | {
            alias: named.get(name, "") for alias, name in (names.attrib.items() if names is not None else ())
        }


def _frame(shape: Any) -> _Frame | None:
    """Return a shape's left, top, right and bottom."""
    if None in (shape.left, shape.top, shape.width, shape.height):
        return None
    return shape.left, shape.top, shape.left + shape.width, shape.top + shape.height


def _meet(one: _Frame, other: _Frame) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _may_lie_under(shape: Any, frame: _Frame) -> bool:
    """Tell whether a shape may show under a frame; one that says it has no filling does not."""
    own = shape.element.find("{*}spPr")
    if own is not None and own.find(f"{_A}noFill") is not None:
        return False
    if shape.is_placeholder and (own is None or next(own.iterchildren(*_FILLS), None) is None):
        return False
    under = _frame(shape)
    return under is None or _meet(under, frame)


def _number(value: str | None, other: int) -> int:
    return int(value) if value and value.isascii() and value.isdigit() else other


def _words(node: "Element") -> str:
    return " ".join(text.text for text in node.iter(f"{_A}t") if text.text)
