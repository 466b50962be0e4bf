"""What breaks a library from outside is found, told and mended; a library that is whole is left as it is."""

import json
from pathlib import Path
from typing import Any

import chromadb
import make_documents as make
import pytest
from chromadb.config import Settings

from index.index import Index
from index.types import Progress
from ui.cli import main

TEXT = "".join(f"The lighthouse number {n} at Skerrow was built of granite in {1800 + n}. " for n in range(150))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tower.txt").write_text(TEXT, "utf-8")
    (tmp_path / "docs" / "rose.txt").write_text("The roses were planted in May.\n", "utf-8")
    with Index(tmp_path / "library") as index:
        index.add([tmp_path / "docs"])
        index.upload("mine.txt", tmp_path / "docs" / "tower.txt")
    return tmp_path / "library"


def lose(library: Path, source: str) -> None:
    """Take some passages of a document away behind citewise's back."""
    with Index(library) as index:
        document = next(d.id for d in index.documents() if d.source.endswith(source))
    client = chromadb.PersistentClient(str(library / "chroma"), settings=Settings(anonymized_telemetry=False))
    passages = client.get_collection("citewise-passages", embedding_function=None)
    passages.delete(ids=passages.get(where={"document": document}, include=[], limit=2)["ids"])


def haunt(library: Path) -> None:
    """Put passages there that belong to no document, and to another version of one."""
    with Index(library) as index:
        (document, *_) = index.documents()
    client = chromadb.PersistentClient(str(library / "chroma"), settings=Settings(anonymized_telemetry=False))
    passages = client.get_collection("citewise-passages", embedding_function=None)
    (metadata,) = passages.get(limit=1, include=["metadatas"])["metadatas"] or []
    ids = ["0123456789abcdef.000000000000.000000", f"{document.id}.000000000000.000000"]
    passages.add(ids=ids, embeddings=[[1.0] * 384] * 2, metadatas=[metadata, metadata])


def age(library: Path) -> None:
    """Write passages and records as the first citewise did, each value by itself."""
    client = chromadb.PersistentClient(str(library / "chroma"), settings=Settings(anonymized_telemetry=False))
    for name in ("citewise-passages", "citewise-documents"):
        collection = client.get_collection(name, embedding_function=None)
        found = collection.get(include=["metadatas", "embeddings"])
        old: list[dict[str, Any]] = [dict(m) | json.loads(str(m.get("more", "{}"))) for m in found["metadatas"] or []]
        collection.delete(ids=found["ids"])
        collection.add(
            ids=found["ids"],
            embeddings=found["embeddings"],
            metadatas=[{name: value for name, value in row.items() if name != "more"} for row in old],
        )
    interrupted = {"kind": "intent", "document": "0123456789abcdef"}
    collection.add(ids=["intent.0123456789abcdef"], embeddings=[[0.0]], metadatas=[interrupted])


def test_a_library_of_the_first_citewise_is_used_like_any(library: Path, tmp_path: Path) -> None:
    def seen(index: Index) -> object:
        return [index.reading(d.id) for d in index.documents()], [r.passage for r in index.search("lighthouse granite")]

    with Index(library) as index:
        before = seen(index)
    age(library)
    with Index(library) as index:
        assert seen(index) == before
        assert not index._store.is_interrupted()
        assert index.check().is_good
        index.backup(tmp_path / "backup.zip")
    with Index(tmp_path / "other") as index:
        index.restore(tmp_path / "backup.zip")
        assert seen(index) == before


def test_a_whole_library_is_found_whole_and_mending_changes_nothing(library: Path) -> None:
    with Index(library) as index:
        before = index.documents(), [r.passage for r in index.search("lighthouse granite")]
        assert index.check().is_good
        mended = index.mend()
        assert not mended.documents
        assert not mended.failed
        assert (index.documents(), [r.passage for r in index.search("lighthouse granite")]) == before


def test_a_damaged_document_is_read_again_from_its_file(library: Path) -> None:
    lose(library, "tower.txt")
    with Index(library) as index:
        assert [Path(r.document.source).name for r in index.check().damaged] == ["tower.txt"]
        mended = index.mend()
        assert [Path(d.source).name for d in mended.documents] == ["tower.txt"]
        assert index.check().is_good
        source = mended.documents[0].source
        assert index.text(source) == TEXT.strip() or index.text(source) == TEXT
        assert index.add([library.parent / "docs"]).documents == ()  # it is followed in its folder as before


def test_a_damaged_upload_is_taken_out_and_named(library: Path) -> None:
    lose(library, "mine.txt")
    with Index(library) as index:
        (failure,) = index.mend().failed
        assert failure.source == "mine.txt"
        assert "add it again" in failure.reason
        assert index.check().is_good
        assert sorted(Path(d.source).name for d in index.documents()) == ["rose.txt", "tower.txt"]


def test_a_damaged_pdf_that_was_uploaded_is_read_again_from_its_copy(library: Path, tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "sent.pdf", [TEXT[:900]])
    with Index(library) as index:
        index.seen_by("ada").upload("terms.pdf", path)
        ada = index.seen_by("ada")
        (before,) = [d for d in ada.documents() if d.source == "terms.pdf"]
        text = ada.text("terms.pdf")
        record = index._store.records([before.id])[before.id]
        index._store.view.shelf.delete(record.passage_ids[:1])
        path.unlink()
        assert [d.source for d in index.mend().documents] == ["terms.pdf"]
        assert index.check().is_good
        assert ada.text("terms.pdf") == text
        assert ada.original(before.id).exists()
        assert "terms.pdf" not in [d.source for d in index.documents()]


def test_mending_that_is_stopped_goes_on_and_forgets_no_document(library: Path) -> None:
    lose(library, "tower.txt")

    def stop(step: Progress) -> None:
        if step.stage == "embedding":
            raise KeyboardInterrupt

    with Index(library) as index:
        listed = [document.source for document in index.documents()]
        with pytest.raises(KeyboardInterrupt):
            index.mend(stop)
        assert [document.source for document in index.documents()] == listed
        assert [r.passage.source for r in index.search("lighthouse granite")]
        assert len(index.check().damaged) == 1
        assert len(index.mend().documents) == 1
        assert index.check().is_good


def test_ghosts_go_and_the_mirror_is_built_again(library: Path) -> None:
    haunt(library)
    with Index(library) as index:
        index._mirrors.keywords.apply([("0123456789abcdef", [index.search("roses")[0].passage])], index.generation)
        health = index.check()
        assert (len(health.ghosts), health.mirror, health.damaged) == (2, 1, ())
        index.mend()
        assert index.check().is_good
        assert [Path(r.passage.source).name for r in index.search_keywords("roses planted")] == ["rose.txt"]


def test_the_doctor_tells_and_mends(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lose(library, "tower.txt")
    assert main(["doctor", "--library", str(library)]) == 1
    assert "citewise doctor --mend" in capsys.readouterr().out
    assert main(["doctor", "--mend", "--library", str(library)]) == 0
    shown = capsys.readouterr().out
    assert "was read again" in shown
    assert "every document is whole" in shown
