"""A question in, passages out: both searches, fused and reranked, of what one person sees and of documents as they are
now. How rankings are fused and scored is in search.py and rerank.py."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .consistency import consistent, see_to_changes
from .mirrors import Mirrors
from .openings import OPENING, lacking_names, with_openings
from .owners import sees
from .rerank import Candidate, Evidence, Question, Vector, ranked
from .rows import Row
from .search import BLENDED, CANDIDATES, KEPT, MEANING, RERANKED, Ranking, blend, fuse, understood
from .shelf import Vectors
from .sight import Sight
from .sketches import passage_similarity, similarities
from .store import Store, View
from .types import Context, Passage, SearchResult, Trace
from .words import words

_FEW = 3  # times as many passages asked for, before those of others are left out by the store, which takes longer

Sources = Sequence[str] | None
"""The documents that are searched; None for all."""


@dataclass(frozen=True, slots=True)
class Searcher:
    """The searches of a library, as `person` sees it."""

    store: Store
    mirrors: Mirrors
    person: str

    def search(self, query: str, k: int, sources: Sources, context: Context) -> list[SearchResult]:
        """Return the `k` passages that answer best, found by meaning and by words, best first."""

        def read(view: View) -> tuple[Evidence, list[Candidate]]:
            return self._gathered(view, query, max(k, BLENDED), sources, context)

        evidence, others = consistent(self.store, self.mirrors.refresh, read)
        found = [SearchResult(c.passage, c.score) for c in evidence.candidates]
        floor = found[-1].score if found else 0.0
        rest = [SearchResult(c.passage, floor - 1 - i) for i, c in enumerate(others)]  # in order, under the scored ones
        return [*found, *rest][:k]

    def evidence(self, question: str, sources: Sources, context: Context) -> Evidence:
        """Return the passages that answer best with a score for each of their sentences."""

        def read(view: View) -> Evidence:
            return self._gathered(view, question, BLENDED, sources, context)[0]

        return consistent(self.store, self.mirrors.refresh, read)

    def trace(self, query: str, k: int, sources: Sources, context: Context) -> Trace:
        """Return how a search came about: the first `k` by cosine similarity, by BM25, and by both, fused."""

        def read(view: View) -> Trace:
            documents, _ = self._scope(sources)
            if documents == [] or not query.strip():
                return Trace((), (), ())
            question = understood(query, context, self.mirrors.keywords.rarity)
            by_passage, _ = view.encoders.of_question(query, context)
            rankings = self._rankings(view, question, by_passage, k, documents)
            return Trace(*(tuple(self._results(view, ranking, k)) for ranking in rankings))

        return consistent(self.store, self.mirrors.refresh, read)

    def dense(self, query: str, k: int, sources: Sources) -> list[SearchResult]:
        """Return the `k` passages nearest in meaning; scores are cosine similarities."""

        def read(view: View) -> list[SearchResult]:
            documents, _ = self._scope(sources)
            if documents == [] or not query.strip():
                return []
            return self._results(view, self.nearest(view, view.encoders.of_question(query)[0], 2 * k, documents), k)

        return consistent(self.store, self.mirrors.refresh, read)

    def keyword(self, query: str, k: int, sources: Sources) -> list[SearchResult]:
        """Return the `k` passages that share the most telling words; scores are BM25."""

        def read(view: View) -> list[SearchResult]:
            documents, _ = self._scope(sources)
            found = [] if documents == [] else self.with_words(words(query), 2 * k, documents)
            return self._results(view, found, k)

        return consistent(self.store, self.mirrors.refresh, read)

    def nearest(self, view: View, vector: Vectors, k: int, documents: Sequence[str] | None) -> Ranking:
        """Return the `k` passages nearest to a vector, of `documents` or of all."""
        return self._seen(lambda n, person: view.shelf.query(vector, n, documents, person), k)

    def with_words(
        self, query: Sequence[str] | Mapping[str, float], k: int, documents: Sequence[str] | None
    ) -> Ranking:
        """Return the `k` passages that share the most telling words, of `documents` or of all."""
        return self._seen(lambda n, person: self.mirrors.keywords.search(query, n, documents, person), k)

    def _gathered(
        self, view: View, query: str, k: int, sources: Sources, context: Context
    ) -> tuple[Evidence, list[Candidate]]:
        """Return the reranked passages and, after them, those of the first `k` that were not looked at closely."""
        documents, among = self._scope(sources)
        question = understood(query, context, self.mirrors.keywords.rarity)
        if documents == [] or not query.strip():
            return ranked(question, [], 0.0, 0), []
        encoders = view.encoders
        by_passage, by_sentence = encoders.of_question(query, context)
        dense, _, fused = self._rankings(view, question, by_passage, k, documents)
        shown = self._shown(view, fused, k)
        candidates = [
            Candidate(row.passage, score, similarities(by_sentence, row.sketch, len(row.passage.sentences)))
            for row, score in shown
        ]
        foremost = blend(candidates[:BLENDED], question.meaning)
        lacking = lacking_names(question, foremost)
        foremost = with_openings(question, foremost, lacking, self._openings(view, lacking))
        nearest = dense[0][1] if dense else 0.0
        if not encoders.alike:  # on the bundled encoder's scale, which refusals were learnt on
            nearest = max((passage_similarity(by_sentence, row.sketch) for row, _ in shown), default=0.0)
        evidence = ranked(question, foremost[:RERANKED], nearest, among)
        rest = [*evidence.candidates[KEPT:], *foremost[RERANKED:], *candidates[BLENDED:]]
        return evidence.first(KEPT), rest

    def _openings(self, view: View, ids: Iterable[str]) -> dict[str, list[Passage]]:
        """Return, by the id of each of these passages, the passages that its document opens with."""
        records = self.store.visible(ids)
        first = {i: record.first_passage_ids(OPENING) for i, record in records.items()}
        rows = view.shelf.rows({opening: records[i] for i, ids in first.items() for opening in ids})
        return {i: [rows[opening].passage for opening in ids if opening in rows] for i, ids in first.items()}

    def _rankings(
        self, view: View, question: Question, vector: Vector, k: int, documents: list[str] | None
    ) -> tuple[Ranking, Ranking, Ranking]:
        """Return what is found by meaning, by words, and both fused."""
        dense = self.nearest(view, vector, max(CANDIDATES, k), documents)
        keyword = self.with_words(question.counts, max(CANDIDATES, k), documents)
        trust = 1.0 if view.encoders.passages.multilingual else question.meaning
        return dense, keyword, fuse(dense, keyword, MEANING * trust if keyword else 1.0)

    def _seen(self, found: Callable[[int, str | None], Ranking], k: int) -> Ranking:
        """Return the first `k` of a ranking that the person may see.

        Mostly there are few of others before them, and to ask for some more takes less time than to have the store
        leave those out; either way the ranking is as if only what the person may see were there.
        """
        for n in (k, _FEW * k):
            ranking = found(n, None)
            seen = [hit for hit in ranking if sees(self.person, hit[0])]
            if len(seen) >= k or len(ranking) < n:
                return seen[:k]
        return found(k, self.person)

    def _results(self, view: View, ranking: Ranking, k: int) -> list[SearchResult]:
        return [SearchResult(row.passage, score) for row, score in self._shown(view, ranking, k)]

    def _shown(self, view: View, ranking: Ranking, k: int) -> list[tuple[Row, float]]:
        """Return the first `k` of a ranking that belong to documents as they are now, with their scores."""
        found: list[tuple[Row, float]] = []
        for first in range(0, len(ranking), k):
            some = ranking[first : first + k]
            shown = self.store.visible(i for i, _ in some)
            kept = [(i, score) for i, score in some if i in shown][: k - len(found)]
            rows = view.shelf.rows({i: shown[i] for i, _ in kept})
            if len(shown) < len(some) or len(rows) < len(kept):  # of a version that is no more, or not yet
                see_to_changes(self.store, view)
            found += [(rows[i], score) for i, score in kept if i in rows]
            if len(found) >= k:
                break
        return found

    def _scope(self, sources: Sources) -> tuple[list[str] | None, int]:
        """Return the ids of the documents to search, None for all, and how many passages these have."""
        if sources is None:
            return None, self.mirrors.keywords.passages(self.person)
        documents = [record.document for record in Sight(self.store, self.person).of_sources(sources)]
        return [document.id for document in documents], sum(document.passages for document in documents)
