"""Tells what an element of a web page looks like, from its style and the attributes of old, and whether it is shown."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .hidden import WHITE, Colour, alike
from .readers_css import Style
from .readers_css_values import colour_of, length

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

UNSHOWN, TRANSPARENT, TINY = "text that is not displayed", "transparent text", "tiny text"
PALE, ALIKE = "white text", "text in the colour of its background"
OUTSIDE, CUT = "text beyond the page's edges", "text that is cut off"

_AWAY = -500  # pixels
_SMALL = 2  # pixels
_FAINT = 0.05
_BLUE, _YELLOW = (0, 0, 238), (255, 255, 0)
_KEPT = ("inherit", "initial", "unset", "none", "currentcolor", "auto")
_AWAY_BY = re.compile(r"translate(?:x|y|3d)?\([^)]*-\d{4,}")
_SHRUNK = re.compile(r"scale(?:x|y|3d)?\(\s*0\s*[,)]")
_NO_WINDOW = re.compile(
    r"inset\(\s*(?:50|100)%|circle\(\s*0|rect\((?:\s*[01](?:px)?[\s,]*){4}\)|polygon\(\s*0 0\s*(?:,\s*0 0\s*)*\)"
)


@dataclass(frozen=True, slots=True)
class Look:
    """What the text of an element looks like, as its children inherit it; a colour that is not known is None."""

    size: float = 16.0
    colour: Colour | None = (0, 0, 0)
    opaque: float = 1.0
    ground: Colour | None = WHITE
    shown: bool = True
    indent: float = 0.0

    @property
    def kind(self) -> str:
        """How text that looks so is hidden, if it is."""
        if not self.shown:
            return UNSHOWN
        if self.size < _SMALL:
            return TINY
        if self.opaque < _FAINT:
            return TRANSPARENT
        if self.indent < _AWAY:
            return OUTSIDE
        if self.colour and self.ground and alike(self.colour, self.ground):
            return PALE if alike(self.colour, WHITE) else ALIKE
        return ""


def look_of(node: "Element", style: Style, above: Look, *, unsure: bool) -> Look:
    """Return what an element's own text looks like; `unsure` says that there may be styles that are not known."""
    if not style and not node.attrib and node.tag != "mark":
        return above
    look = _in_colour(node, style, _on_ground(node, style, above, unsure=unsure))
    size = length(style.get("font-size", ""), look.size)
    indent = length(style.get("text-indent", ""), look.size)
    visible = style.get("visibility") if node.tag not in ("html", "body") else None
    return replace(
        look,
        size=look.size if size is None else size,
        indent=look.indent if indent is None else indent,
        shown=visible == "visible" if visible in ("hidden", "collapse", "visible") else look.shown,
    )


def _on_ground(node: "Element", style: Style, look: Look, *, unsure: bool) -> Look:
    """Return a look on the element's own background."""
    if unsure or style.get("position") in ("absolute", "fixed"):
        look = replace(look, ground=None)
    own = style.get("background-color") or (node.get("bgcolor") or "").lower()
    if node.get("background") is not None:
        return replace(look, ground=None)
    if not own and node.tag == "mark":
        return replace(look, ground=_YELLOW, colour=(0, 0, 0))
    if not own or own in _KEPT:
        return look
    found = _given(own)
    if found and found[1] < 1:
        return replace(look, ground=_mixed(found, look.ground)) if found[1] else look
    return replace(look, ground=found[0] if found else None)


def _in_colour(node: "Element", style: Style, look: Look) -> Look:
    """Return a look with the element's own colour of letters."""
    old = {"font": "color", "body": "text"}.get(str(node.tag))
    own = style.get("-webkit-text-fill-color") or style.get("color") or (node.get(old) if old else "") or ""
    drawn = [style.get(name, "none") for name in ("text-shadow", "-webkit-text-stroke", "-webkit-text-stroke-width")]
    if any(value not in (*_KEPT, "0", "0px") for value in drawn) or "text" in (
        style.get("background-clip"),
        style.get("-webkit-background-clip"),
    ):
        return replace(look, colour=None, opaque=1.0)  # seen by its outline, shadow or the picture in it
    if not own and node.tag == "a" and node.get("href") is not None:
        return replace(look, colour=_BLUE, opaque=1.0)
    if not own or own in _KEPT:
        return look
    found = _given(own.lower())
    if found and found[1] < 1:
        return replace(look, colour=_mixed(found, look.ground), opaque=found[1])
    return replace(look, colour=found[0] if found else None, opaque=1.0)


def _given(value: str) -> tuple[Colour, float] | None:
    """Return a colour, also one of an attribute of old, that may lack its "#"."""
    return colour_of(value) or colour_of(f"#{value}")


def _mixed(found: tuple[Colour, float], ground: Colour | None) -> Colour | None:
    """Return the colour that one which lets some of the ground through makes with it."""
    if ground is None:
        return None
    colour, opaque = found
    red, green, blue = (round(a * opaque + b * (1 - opaque)) for a, b in zip(colour, ground, strict=True))
    return red, green, blue


def removed_as(node: "Element", style: Style, size: float) -> str:
    """Tell how an element is hidden with all that is in it, whatever that says of itself."""
    if node.tag in ("html", "body"):
        return ""  # a script shows it: nobody saves an empty page
    display = style.get("display")
    if display == "none" or style.get("content-visibility") == "hidden":
        return UNSHOWN
    if display in (None, "?") and (
        node.get("hidden") is not None or (node.tag == "dialog" and node.get("open") is None)
    ):
        return UNSHOWN
    if not style:
        return ""
    opacity = length(style.get("opacity", ""), 100)
    if (opacity is not None and opacity < _FAINT) or re.search(r"opacity\(\s*0?\.?0*%?\s*\)", style.get("filter", "")):
        return TRANSPARENT
    if _SHRUNK.search(style.get("transform", "")):
        return TINY
    if _is_away(style, size):
        return OUTSIDE
    return CUT if _is_cut(style, size) else ""


def _is_away(style: Style, size: float) -> bool:
    placed = style.get("position") in ("absolute", "fixed", "relative", "sticky")
    names = ("left", "right", "top", "bottom") if placed else ()
    offsets = [length(style.get(name, ""), size) for name in (*names, "margin-left", "margin-top")]
    return any(offset is not None and offset < _AWAY for offset in offsets) or bool(
        _AWAY_BY.search(style.get("transform", ""))
    )


def _is_cut(style: Style, size: float) -> bool:
    if _NO_WINDOW.search(style.get("clip-path", "")) or _NO_WINDOW.search(style.get("clip", "")):
        return True
    if style.get("overflow") not in ("hidden", "clip"):
        return False
    sides = [length(style.get(name, ""), size) for name in ("width", "height", "max-width", "max-height")]
    return any(side is not None and side <= 1 for side in sides)
