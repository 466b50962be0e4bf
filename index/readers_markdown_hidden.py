"""Follows the HTML tags in Markdown: what stands between a tag that hides and its end is not shown."""

import re
from typing import TYPE_CHECKING

from .readers_css import style_of
from .readers_html_look import Look, look_of, removed_as

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_TAG = re.compile(r"<(/?)([a-z][\w-]*)((?:\"[^\"]{0,5000}\"|'[^']{0,5000}'|[^'\"<>])*+)>", re.I)
_VOID = frozenset("area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr".split("|"))
_MOST = 100


class OpenTags:
    """The tags that are open at a place in a document, and how text there is hidden."""

    def __init__(self, around: "OpenTags | None" = None) -> None:
        self._open: list[tuple[str, Look, str]] = [("", Look(), around.kind if around else "")]

    @property
    def kind(self) -> str:
        """How text is hidden here, if it is."""
        return self._open[-1][2]

    def feed(self, html: str) -> None:
        """Open and close what tags in a piece of HTML open and close."""
        for end, name, attributes in _TAG.findall(html):
            tag = name.lower()
            if end:
                depth = next((i for i in range(len(self._open) - 1, 0, -1) if self._open[i][0] == tag), 0)
                del self._open[depth or len(self._open) :]
            elif tag not in _VOID and not attributes.endswith("/") and len(self._open) < _MOST:
                self._open.append((tag, *self._inside(tag, attributes)))

    def _inside(self, tag: str, attributes: str) -> tuple[Look, str]:
        _, above, kind = self._open[-1]
        node = _element(tag, attributes)
        if kind or node is None or not node.attrib:
            return above, kind
        style = style_of(node, ())
        look = look_of(node, style, above, unsure=False)
        return look, removed_as(node, style, above.size) or look.kind


def _element(tag: str, attributes: str) -> "Element | None":
    import lxml.etree as etree

    root = etree.fromstring(f"<{tag} {attributes}>", etree.HTMLParser(no_network=True))
    return next(root.iter(tag), None)
