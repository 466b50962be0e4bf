"""An index as a llama-index retriever, for programs that are built with llama-index."""

from collections.abc import Sequence

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from .index import Index
from .types import SearchResult


class PassageRetriever(BaseRetriever):
    """An index as a llama-index retriever; a node's metadata holds source, title, page and heading."""

    def __init__(self, index: Index, k: int = 10, sources: Sequence[str] | None = None) -> None:
        self._searched, self._k, self._sources = index, k, sources
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._searched.search(query_bundle.query_str, self._k, self._sources)
        return [NodeWithScore(node=_node(result), score=result.score) for result in found]


def _node(result: SearchResult) -> TextNode:
    passage = result.passage
    about = {
        "source": passage.source,
        "title": passage.title,
        "page": passage.page,
        "heading": passage.heading,
    }
    return TextNode(
        id_=passage.id,
        text=passage.text,
        metadata=about,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
    )
