"""Reads so much of CSS as it takes to tell whether text is shown: rules by tag, class and id.

A rule that is not understood in full may hold or not: what it says of is UNKNOWN, so that nothing is thought hidden
which a browser might show.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from .readers_css_values import WINDOW, colour_of, length

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Style = dict[str, str]
"""Properties and their values, in small letters."""
UNKNOWN = "?"

_MOST_RULES, _MOST_STEPS, _MOST_ABOVE = 100, 8, 60  # a hostile page shall not take hours
_MOST_SELECTORS = 20_000
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.S)
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))", re.I | re.S)
_DECLARATION = re.compile(r"(?<![\w-])([\w-]++)\s*+:((?:[^;()\"']|\([^()]*\)|\"[^\"]*\"|'[^']*'|[()\"'])+)")
_WIDTH = re.compile(r"\(\s*(min|max)-width\s*:\s*([\d.]+)(px|r?em)?\s*\)")
_SELECTOR = re.compile(
    r"(?P<tag>(?:[\w-]|\\.)+|\*)|(?P<name>[.#](?:[\w-]|\\.)+)|(?P<other>\[[^\]]*\]|::?[\w-]+(?:\([^()]*\))?)"
    r"|(?P<gap>\s*[>+~]\s*|\s+)",
    re.S,
)
_MOMENTARY = re.compile(r":(?:hover|focus|active|checked|target|visited|before|after|first-l|placeholder|selection)")


@dataclass(frozen=True, slots=True)
class _Part:
    """One step of a selector: an element's tag and names (".class", "#id"), and whether it is a child of the last."""

    tag: str = ""
    names: frozenset[str] = frozenset()
    child: bool = False

    def fits(self, node: "Element") -> bool:
        return (not self.tag or self.tag == node.tag) and self.names <= names_of(node)


@dataclass(frozen=True, slots=True)
class Rule:
    """A selector, what it says, and what decides between rules that say otherwise."""

    parts: tuple[_Part, ...]
    style: Style
    rank: tuple[bool, int, int, int, int]

    def holds(self, node: "Element") -> bool:
        """Tell whether the elements above one are those that the rule asks for; it fits by itself."""
        *above, last = self.parts
        child, here = last.child, node.getparent()
        for part in reversed(above):
            for _ in range(_MOST_ABOVE):
                if here is None or part.fits(here) or child:
                    break
                here = here.getparent()
            if here is None or not part.fits(here):
                return False
            child, here = part.child, here.getparent()
        return True


class Sheet:
    """The rules of a page's style sheets."""

    def __init__(self, css: str) -> None:
        self._rules = dict[str, list[Rule]]()
        self._known = dict[tuple[object, ...], list[Rule]]()
        blocks = enumerate(_blocks(_COMMENT.sub(" ", css)))
        selectors = ((order, one.strip(), body) for order, (head, body) in blocks for one in head.split(","))
        for order, selector, body in islice(selectors, _MOST_SELECTORS):
            for rule in _rules(selector, order, body):
                last = rule.parts[-1]
                same = self._rules.setdefault(min(last.names, default=last.tag), [])
                if len(same) < _MOST_RULES:
                    same.append(rule)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def rules(self, node: "Element") -> list[Rule]:
        """Return the rules that hold for an element, the strongest last."""
        return [rule for rule in self._fitting(node) if rule.holds(node)] if self._rules else []

    def _fitting(self, node: "Element") -> list[Rule]:
        """Return the rules whose last step fits an element, the strongest last."""
        key = (node.tag, node.get("id"), node.get("class"))
        if key not in self._known:
            keys = ("", str(node.tag), *names_of(node))
            found = [rule for one in keys for rule in self._rules.get(one, ()) if rule.parts[-1].fits(node)]
            self._known[key] = sorted(found, key=lambda rule: rule.rank)
        return self._known[key]


def style_of(node: "Element", rules: Sequence[Rule]) -> Style:
    """Return what rules and the element's own attribute say of an element."""
    plain, important = declarations(node.get("style") or "")
    style = Style()
    for rule in rules:
        style |= rule.style if not rule.rank[0] else {}
    style |= plain
    for rule in rules:
        style |= rule.style if rule.rank[0] else {}
    return style | important


def names_of(node: "Element") -> frozenset[str]:
    """Return an element's classes and id as selectors name them."""
    return frozenset(f".{name}" for name in (node.get("class") or "").split()) | frozenset(
        f"#{name}" for name in [node.get("id")] if name
    )


@lru_cache(4096)
def declarations(body: str) -> tuple[Style, Style]:
    """Return what a style attribute or a rule's body says, and what of it is important."""
    plain, important = dict[str, str](), dict[str, str]()
    for name, value in _DECLARATION.findall(_unescaped(_COMMENT.sub(" ", body)).lower()):
        value, mark, _ = re.sub(r"!\s*important", "!", value).partition("!")
        (important if mark else plain).update(_simple(name, value.strip()))
    return plain, important


def _simple(name: str, value: str) -> Style:
    """Write the properties that say several things at once as those that matter here."""
    if name in ("background", "background-image"):
        if "(" in value and not value.startswith(("rgb", "hsl")):
            return {"background-color": UNKNOWN}  # an image or a gradient
        found = next((word for word in re.findall(r"[\w#-]+(?:\([^()]*\))?", value) if colour_of(word)), "transparent")
        return {"background-color": found} if name == "background" else {}
    if name == "font":
        size = re.search(r"(?:^|\s)([\d.]+(?:p[xt]|r?em|%)?)(?=\s*/|\s)", value)
        return {"font-size": size[1]} if size else {}
    if name in ("overflow-x", "overflow-y"):
        return {"overflow": value}
    return {name: value}


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] and int(m[1], 16) < 0x110000 else m[2] or "", text)


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """Yield each rule's selectors and body, those within @media where they hold for a screen."""
    around = list[tuple[str, bool]]()
    pieces = re.split(r"([{}])", css)
    for before, brace in zip(pieces[::2], pieces[1::2], strict=False):
        if brace == "{":
            head = before.rpartition(";")[2].strip()
            shown = not around or around[-1][1]
            around.append((head, shown and (not head.startswith("@") or _is_for_screen(head.lower()))))
        elif around:
            head, shown = around.pop()
            if shown and not head.startswith("@"):
                yield head, before


def _is_for_screen(head: str) -> bool:
    """Tell whether a block like "@media screen and (min-width: 600px)" holds for an ordinary window."""
    for bound, number, unit in _WIDTH.findall(head):
        width = length(number + (unit or "px"), 16) or 0
        if width > WINDOW if bound == "min" else width < WINDOW:
            return False
    return bool(re.fullmatch(r"@layer[^()]*|@media(?:\s|only|screen|all|and|,)*", _WIDTH.sub("", head)))


def _rules(selector: str, order: int, body: str) -> Iterator[Rule]:
    parts, certain = _parts(selector)
    if not parts:
        return
    names = [name for part in parts for name in part.names]
    ids, tags = sum(name[0] == "#" for name in names), sum(part.tag != "" for part in parts)
    for style, important in zip(declarations(body), (False, True), strict=True):
        if style:
            said = style if certain else dict.fromkeys(style, UNKNOWN)
            yield Rule(parts, said, (important, ids, len(names) - ids, tags, order))


def _parts(selector: str) -> tuple[tuple[_Part, ...], bool]:
    """Return a selector's steps, and whether they are all it says; none for what is not always so."""
    parts, certain, at = [_Part()], True, 0
    while at < len(selector):
        found = _SELECTOR.match(selector, at)
        if len(parts) > _MOST_STEPS or not found or (found["other"] and _MOMENTARY.match(found["other"])):
            return (), False
        last, at = parts[-1], found.end()
        if found["tag"]:
            tag = "" if found["tag"] == "*" else found["tag"].lower()
            parts[-1] = _Part(tag, last.names, last.child)
        elif found["name"]:
            parts[-1] = _Part(last.tag, last.names | {_unescaped(found["name"])}, last.child)
        elif found["gap"]:
            certain = certain and not set("+~") & set(found["gap"])
            parts = [_Part()] if set("+~") & set(found["gap"]) else [*parts, _Part(child=">" in found["gap"])]
        else:
            certain = False
    return tuple(parts), certain
