"""Reads the values of CSS: lengths and colours."""

import colorsys
import re
from functools import lru_cache

from .hidden import Colour

WINDOW = 1280
"""How wide a browser's window is thought to be, in pixels."""


@lru_cache(4096)
def length(value: str, em: float) -> float | None:
    """Return a length in pixels, None where it depends on what is not known here; `em` is the font's size."""
    found = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(px|pt|r?em|ex|ch|%|v[wh]|in|cm|mm)?", value)
    if not found:
        return None
    units = {None: 1, "px": 1, "pt": 4 / 3, "em": em, "rem": 16, "ex": em / 2, "ch": em / 2, "%": em / 100}
    units |= {"vw": WINDOW / 100, "vh": 8, "in": 96, "cm": 37.8, "mm": 3.78}
    return float(found[1]) * units[found[2]]


_NAMES = {
    name: (int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16))
    for name, code in (
        *(("white", "ffffff"), ("snow", "fffafa"), ("ivory", "fffff0"), ("ghostwhite", "f8f8ff")),
        *(("floralwhite", "fffaf0"), ("mintcream", "f5fffa"), ("azure", "f0ffff"), ("whitesmoke", "f5f5f5")),
        *(("black", "000000"), ("gray", "808080"), ("grey", "808080"), ("silver", "c0c0c0"), ("red", "ff0000")),
        *(("maroon", "800000"), ("yellow", "ffff00"), ("green", "008000"), ("lime", "00ff00"), ("blue", "0000ff")),
        *(("navy", "000080"), ("teal", "008080"), ("aqua", "00ffff"), ("purple", "800080"), ("orange", "ffa500")),
    )
}


@lru_cache(4096)
def colour_of(value: str) -> tuple[Colour, float] | None:
    """Return a colour and how opaque it is, from 0 to 1; None for what is not known here."""
    value = value.strip()
    if value == "transparent":
        return (0, 0, 0), 0.0
    if value in _NAMES:
        return _NAMES[value], 1.0
    if re.fullmatch(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", value):
        digits = value[1:] if len(value) > 5 else "".join(digit * 2 for digit in value[1:])
        red, green, blue, *rest = bytes.fromhex(digits)
        return (red, green, blue), rest[0] / 255 if rest else 1.0
    found = re.fullmatch(r"(rgb|hsl)a?\(([^()]*)\)", value)
    numbers = re.findall(r"(-?[\d.]+)(%|deg)?", found[2]) if found else []
    if not found or len(numbers) not in (3, 4):
        return None
    try:
        return _mixed(found[1], [(float(number), unit) for number, unit in numbers])
    except ValueError:
        return None


def _mixed(kind: str, numbers: list[tuple[float, str]]) -> tuple[Colour, float]:
    """Return the colour of rgb(...) or hsl(...)."""
    opaque = numbers[3][0] / (100 if numbers[3][1] == "%" else 1) if len(numbers) > 3 else 1.0
    if kind == "rgb":
        red, green, blue = (number * 2.55 if unit == "%" else number for number, unit in numbers[:3])
    else:
        hue, saturation, light = (number for number, _ in numbers[:3])
        red, green, blue = (255 * part for part in colorsys.hls_to_rgb(hue / 360, light / 100, saturation / 100))
    return (_byte(red), _byte(green), _byte(blue)), opaque


def _byte(value: float) -> int:
    return max(0, min(255, round(value)))
