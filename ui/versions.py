"""What is said of documents that are versions of one another. Pure functions."""

from collections.abc import Iterable, Iterator

from index.types import Document, OtherVersion

from .render import one_line


def version_notes(documents: Iterable[Document]) -> Iterator[str]:
    """Yield a line for each pair of versions that the documents are of: what is another version of what."""
    told: set[frozenset[str]] = set()
    for document in documents:
        for other in document.versions:
            pair = frozenset((document.id, other.id))
            if pair not in told:
                told.add(pair)
                yield f"{one_line(document.source)} is {kinship(other)}"


def kinship(other: OtherVersion) -> str:
    """Say what a document is to another version of it."""
    name = one_line(other.source)
    return (
        f"the same as {name}" if other.same == 1 else f"another version of {name} ({100 * other.same:.0f} % the same)"
    )
