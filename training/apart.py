"""Which documents the reader does not learn from, so that it can be measured on them."""

import hashlib
from pathlib import Path

APART = frozenset(["Apollo_program", "Geology", "Normans", "Pharmacy"])  # articles; of other documents, every fifth


def is_apart(doc: str) -> bool:
    """Tell whether a document, a file of a set or a policy's title, is kept out of training."""
    parts = Path(doc).parts
    if parts[0].startswith("Wiki1k") or Path(doc).stem in APART or any(part.startswith("squad") for part in parts):
        return Path(doc).stem in APART
    named = "/".join(("../shared/evaldata", *parts[-3:])) if len(parts) > 2 else doc  # as when the data was made
    return int(hashlib.sha256(named.encode()).hexdigest(), 16) % 5 == 0
