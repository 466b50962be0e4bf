"""BM25 over passages in tantivy: a mirror of the store that can be deleted and is then built again.

The mirror carries the generation it shows, written in the same commit as its passages; so it is never half a step
behind without knowing it. Its files never change once they are written: one that did is damaged, which tantivy, having
them in memory, would not tell, or would tell by wrong results.
"""

import json
import math
import shutil
import struct
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

import tantivy

from .errors import MirrorDamaged
from .owners import EVERYBODY, owner_of
from .passages import header
from .types import Passage
from .words import is_common, words

_GENERATION = "generation"
BACKGROUND = 1_000
COMMON = 0.5
"""The most that a word like "the" counts."""
_BROKEN = (ValueError, OSError)  # what tantivy raises for files that it can't read
_PANIC = "PanicException"  # or this one, which has no address to be imported from and is no Exception
_WRITER_MEMORY = 64_000_000
_CHANGING = (".json", ".lock")  # the only files that are written more than once
_ALL = "*"  # the owner of what is everybody's: an empty term is none


Stamps = dict[Path, tuple[int, int] | None]
"""Files with their sizes in bytes and the times they were last changed, in nanoseconds; None for one that is gone."""


class Keywords:
    """A keyword index kept in `folder`; one process writes at a time, any number read.

    Whatever finds a damaged file raises MirrorDamaged; `reload` then begins again with an empty index.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = tantivy.Index(_schema())  # in memory, until there is one that can be opened
        self._generation = -1
        self._files: Stamps | None = None
        self._load()

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
        with self._reading():
            found = self._index.searcher().search(self._seen_by(seen_by), 1)
            return found.count or 0  # pyright: ignore[reportAttributeAccessIssue] - tantivy's own types leave it out

    @property
    def is_doubtful(self) -> bool:
        """Whether a file that was loaded is gone or another one now: damaged, or put together with others by another
        process. `reload` finds out."""
        return self._files is None or any(_stamp(file) != stamp for file, stamp in self._files.items())

    def reload(self) -> None:
        """See what another process has written; nobody writes meanwhile. Of what is damaged nothing is kept."""
        if all(map(_is_whole, self._suspects())):
            self._load()
        else:
            self._files = None
        if self._files is None:
            self.clear()

    def apply(self, changed: Iterable[tuple[str, Iterable[Passage]]], generation: int) -> None:
        """Replace the passages of the documents named by id, none for one that is gone; all or nothing."""
        with self._reading():
            self._apply(changed, generation)
        self._load()

    def _apply(self, changed: Iterable[tuple[str, Iterable[Passage]]], generation: int) -> None:
        writer = self._open().writer(_WRITER_MEMORY, num_threads=1)
        try:
            writer.garbage_collect_files()  # those of one that was killed would have the names of new ones
            for document, passages in changed:
                writer.delete_documents_by_term("document", document)
                for passage in passages:
                    writer.add_document(_row(document, passage))
            writer.delete_documents_by_term("document", _GENERATION)
            writer.add_document(tantivy.Document(document=_GENERATION, id=str(generation)))
            writer.commit()
            writer.wait_merging_threads()
        except BaseException:  # tantivy's panic is no Exception
            with suppress(*_BROKEN):  # what is raised says why
                writer.rollback()
            del writer  # with its lock, which would be held as long as the error is
            raise

    def clear(self) -> None:
        """Forget everything, so that it is built again; nobody writes meanwhile.

        Searches that have begun find what there was.
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        self._generation, self._files = -1, None

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
        with self._reading():
            return self._search(tantivy.Query.boolean_query(terms), k, documents, seen_by)

    def _search(
        self, wanted: tantivy.Query, k: int, documents: Sequence[str] | None, seen_by: str | None
    ) -> list[tuple[str, float]]:
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
        with self._reading():
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

    def _load(self) -> None:
        """Open the files afresh, as far as they can be: what was opened before stays in memory whatever happens."""
        files = {file: _stamp(file) for file in _lasting(self._folder)}
        self._generation = -1
        with suppress(MirrorDamaged), self._reading():
            index = self._open()
            self._index, self._generation, self._files = index, self._read_generation(index), files

    def _open(self) -> tantivy.Index:
        self._folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(_schema(), path=str(self._folder))
        index.config_reader("manual")  # else a thread of tantivy's own reads files, in the middle of their damage too
        return index

    def _read_generation(self, index: tantivy.Index) -> int:
        searcher = index.searcher()
        hits = searcher.search(self._term("document", _GENERATION), 1, count=False).hits
        return int(searcher.doc(hits[0][1])["id"][0]) if hits else -1

    def _suspects(self) -> list[Path]:
        """Return the files that may be damaged: those that were written over, or all where something can't be read."""
        if self._files is None:
            return _lasting(self._folder)
        return [file for file, stamp in self._files.items() if _stamp(file) not in (stamp, None)]

    @contextmanager
    def _reading(self) -> Generator[None]:
        try:
            yield
        except BaseException as error:  # tantivy's panic is no Exception
            if not isinstance(error, _BROKEN) and type(error).__name__ != _PANIC:
                raise
            self._files = None
            reason = str(error).partition("\n")[0]
            raise MirrorDamaged(f"the keyword index at {self._folder} can't be used ({reason}): try again") from error


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("document", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("owner", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _lasting(folder: Path) -> list[Path]:
    """Return the files of an index that don't change once they are written."""
    try:
        return [file for file in folder.iterdir() if not file.name.endswith(_CHANGING)]
    except FileNotFoundError:
        return []


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _is_whole(file: Path) -> bool:
    """Tell whether a file's bytes are those that tantivy wrote, by the checksum at its end."""
    try:
        data = file.read_bytes()
        length, _ = struct.unpack("<II", data[-8:])
        footer = json.loads(data[-8 - length : -8])
        return crc32(data[: -8 - length]) == footer["crc"]
    except (OSError, ValueError, struct.error, TypeError, KeyError):
        return False


def _row(document: str, passage: Passage) -> tantivy.Document:
    found = " ".join(words(f"{header(passage)}\n{passage.text}"))
    return tantivy.Document(document=document, owner=owner_of(document) or _ALL, id=passage.id, words=found)
