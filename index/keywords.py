"""BM25 over passages in tantivy: a mirror of the store that can be deleted and is then built again.

The mirror carries the generation it shows, written in the same commit as its passages; so it is never half a step
behind without knowing it.
"""

import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import tantivy

from .owners import EVERYBODY, owner_of
from .passages import header
from .types import Passage
from .words import is_common, words

_GENERATION = "generation"
BACKGROUND = 1_000
COMMON = 0.5
"""The most that a word like "the" counts."""
_WRITER_MEMORY = 64_000_000
_ALL = "*"  # the owner of what is everybody's: an empty term is none


class Keywords:
    """A keyword index kept in `folder`; one process writes at a time, any number read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = self._open()
        self._generation = self._read_generation()

    @property
    def generation(self) -> int:
        """The commit of the store that this mirror shows, -1 for none."""
        return self._generation

    @property
    def total(self) -> int:
        """The number of passages in the mirror, whoever may see them."""
        return max(0, self._index.searcher().num_docs - 1)  # one document holds the generation

    def passages(self, seen_by: str = EVERYBODY) -> int:
        """Return the number of passages that a person may see."""
        found = self._index.searcher().search(self._seen_by(seen_by), 1)
        return found.count or 0  # pyright: ignore[reportAttributeAccessIssue] - tantivy's own types leave it out

    def reload(self) -> None:
        """See what another process has written."""
        self._index.reload()
        self._generation = self._read_generation()

    def apply(self, changed: Iterable[tuple[str, Iterable[Passage]]], generation: int) -> None:
        """Replace the passages of the documents named by id, none for one that is gone; all or nothing."""
        writer = self._index.writer(_WRITER_MEMORY, num_threads=1)
        try:
            for document, passages in changed:
                writer.delete_documents_by_term("document", document)
                for passage in passages:
                    writer.add_document(_row(document, passage))
            writer.delete_documents_by_term("document", _GENERATION)
            writer.add_document(tantivy.Document(document=_GENERATION, id=str(generation)))
            writer.commit()
            writer.wait_merging_threads()
        except BaseException:
            writer.rollback()
            raise
        self.reload()

    def clear(self) -> None:
        """Forget everything, so that it is built again."""
        writer = self._index.writer(_WRITER_MEMORY, num_threads=1)
        writer.delete_all_documents()
        writer.commit()
        writer.wait_merging_threads()
        self.reload()

    def search(
        self,
        query: Sequence[str] | Mapping[str, float],
        k: int,
        documents: Sequence[str] | None = None,
        seen_by: str | None = None,
    ) -> list[tuple[str, float]]:
        """Return ids and BM25 scores of the best `k` passages for words made by `words()`, best first.

        They are taken from `documents` (None: all), or from those that the person `seen_by` may see. Where the query
        says what each word counts, its share of the score is multiplied by that.
        """
        counts = query if isinstance(query, Mapping) else dict.fromkeys(query, 1.0)
        terms = [(tantivy.Occur.Should, self._word(word, count)) for word, count in counts.items()]
        if not terms or not k:
            return []
        wanted = tantivy.Query.boolean_query(terms)
        only = None if seen_by is None else self._seen_by(seen_by)
        if documents is not None:
            only = tantivy.Query.term_set_query(self._index.schema, "document", list(documents))
        if only is not None:
            within = tantivy.Query.const_score_query(only, 0.0)
            wanted = tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), (tantivy.Occur.Must, within)])
        searcher = self._index.searcher()
        hits = searcher.search(wanted, k, count=False).hits
        return [(str(searcher.doc(address)["id"][0]), float(score)) for score, address in hits]

    def rarity(self, query: Sequence[str]) -> dict[str, float]:
        """Return the inverse document frequency of each word.

        It is taken as if the library stood among `BACKGROUND` passages on other subjects: in a small library every word
        on its subject is common, and no word is known to be rare. A word that any text may hold counts little.
        """
        searcher = self._index.searcher()
        total = searcher.num_docs + BACKGROUND
        found = {word: searcher.doc_freq("words", word) for word in dict.fromkeys(query)}
        values = {word: math.log(1 + total / (n + 2)) for word, n in found.items()}
        return {word: min(value, COMMON) if is_common(word) else value for word, value in values.items()}

    def _seen_by(self, person: str) -> tantivy.Query:
        return tantivy.Query.term_set_query(self._index.schema, "owner", [_ALL, person or _ALL])

    def _word(self, word: str, count: float) -> tantivy.Query:
        term = self._term("words", word)
        return term if count == 1.0 else tantivy.Query.boost_query(term, count)

    def _term(self, field: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._index.schema, field, value, "freq")

    def _open(self) -> tantivy.Index:
        try:
            return self._create()
        except (ValueError, OSError):  # damaged: what it held is in the store
            shutil.rmtree(self._folder, ignore_errors=True)
            return self._create()

    def _create(self) -> tantivy.Index:
        self._folder.mkdir(parents=True, exist_ok=True)
        return tantivy.Index(_schema(), path=str(self._folder))

    def _read_generation(self) -> int:
        searcher = self._index.searcher()
        hits = searcher.search(self._term("document", _GENERATION), 1, count=False).hits
        return int(searcher.doc(hits[0][1])["id"][0]) if hits else -1


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("document", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("owner", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _row(document: str, passage: Passage) -> tantivy.Document:
    found = " ".join(words(f"{header(passage)}\n{passage.text}"))
    return tantivy.Document(document=document, owner=owner_of(document) or _ALL, id=passage.id, words=found)
