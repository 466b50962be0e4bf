"""Takes out of a page's tree what a browser would not show, and returns the words.

What is in the file decides: its style sheets, style attributes and the attributes of old. Where a style sheet of
another file may say otherwise, colours are not judged. How an element looks is told by readers_html_look.py.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from .hidden import Hidden
from .readers_css import Sheet, style_of
from .readers_html_look import Look, look_of, removed_as

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_INLINE = frozenset("a abbr b bdi bdo cite code em font i kbd mark q s small span strong sub sup tt u var".split())
"""Elements that part no words."""


def take_hidden(root: "Element", css: str, dropped: Collection[str], *, unread: bool) -> list[Hidden]:
    """Take hidden text out of a page and return it; elements called `dropped` are left alone.

    `css` is what the page's style sheets say, `unread` that there are others.
    """
    walk = _Walk(Sheet(css), unread)
    walk.down(root, dropped)
    for node in walk.gone:
        node.clear(keep_tail=True)
        node.tag = "template"  # not shown, whatever it was
    return [Hidden(kind, "".join(texts)) for kind, texts in walk.found]


class _Walk:
    """Where the walk through one page stands: what was found so far, and the elements to be removed."""

    def __init__(self, sheet: Sheet, unread: bool) -> None:
        self.sheet, self.unread = sheet, unread
        self.found: list[tuple[str, list[str]]] = []
        self.gone: list[Element] = []
        self.open = ""
        self.looks = dict[Look, Look]()
        self.known = dict[tuple[object, ...], tuple[str, Look, str]]()

    def down(self, root: "Element", dropped: Collection[str]) -> None:
        import lxml.etree as etree

        first = Look()
        self.looks[first] = first
        looks = [(first, "")]
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, node in walker:
            if event == "end":
                looks.pop()
                if node.tail and not self.keeps(node.tail, looks[-1][1]):
                    node.tail = " "
                continue
            self.part(node)
            (look, kind), removed = looks[-1], ""
            if node.tag in dropped:
                walker.skip_subtree()
            elif node.attrib or self.sheet or node.tag == "mark":
                removed, look, kind = self.seen(node, look)
                if removed:
                    self.hide(removed, _words(node, dropped))
                    self.gone.append(node)
                    walker.skip_subtree()
            if node.text and node.tag not in dropped and not removed and not self.keeps(node.text, kind):
                node.text = " "
            looks.append((look, kind))

    def seen(self, node: "Element", above: Look) -> tuple[str, Look, str]:
        """Return how an element is hidden as a whole, what its text looks like, and how that is hidden."""
        rules = self.sheet.rules(node)
        key = (id(above), node.tag, *node.attrib.items(), *map(id, rules))
        if key in self.known:
            return self.known[key]
        style = style_of(node, rules)
        unsure = self.unread and bool(node.get("class") or node.get("id"))
        look = look_of(node, style, above, unsure=unsure)
        look = self.looks.setdefault(look, look)
        found = removed_as(node, style, above.size), look, look.kind
        self.known[key] = found
        return found

    def keeps(self, text: str, kind: str) -> bool:
        """Tell whether a piece of text is shown, and keep it if it is not."""
        if not kind and not text.isspace():
            self.open = ""
        elif kind:
            self.hide(kind, text)
        return not kind

    def hide(self, kind: str, text: str) -> None:
        """Keep hidden text, with what stands before it if that is hidden in the same way."""
        if not text.strip():
            return
        if kind != self.open:
            self.found.append((kind, []))
            self.open = kind
        self.found[-1][1].append(text)

    def part(self, node: "Element") -> None:
        """Keep apart what stands in different paragraphs or cells of hidden text."""
        if self.open:
            self.found[-1][1].append(_gap(node))


def _gap(node: "Element") -> str:
    return "" if node.tag in _INLINE else " "


def _words(node: "Element", dropped: Collection[str]) -> str:
    """Return the text in an element, but for elements that hold no text for people."""
    import lxml.etree as etree

    parts, walker = [node.text or ""], etree.iterwalk(node, events=("start", "end"))
    for event, inner in walker:
        if event == "end" and inner is not node:
            parts.append(inner.tail or "")
        elif event == "start" and inner is not node:
            if inner.tag in dropped:
                walker.skip_subtree()
            else:
                parts += [_gap(inner), inner.text or ""]
    return "".join(parts)
