"""What a text asks, without what is said around it: instructions, definitions, a preamble.

"What were the costs of goods sold? Answer in millions, and rely on the income statement." A search finds more by the
whole text; whether the documents hold the answer, and which words give it, is told by the question alone.
"""

import re

from index.sentences import sentences

from .followup import leaning_of

_ASKING = (
    r"(?:(?:in|at|by|for|from|to|of|on|with|since|until|and|also|so|then|but|please),? )*"
    r"(?:how|what|when|where|who|whom|whose|which|why|is|are|was|were|do|does|did|has|have|had|can|could|will|would"
    r"|should|may|might)\b"
)
_ASKS = re.compile(_ASKING, re.IGNORECASE)
_INTRODUCED = re.compile(rf"^[^?]*:\s+(?={_ASKING})", re.IGNORECASE)
_END = ("?", "？", "؟")


def core_of(question: str) -> str:
    """Return the sentences that ask; the text itself where none does, or where they say nothing without the others."""
    text = question.strip()
    told = [text[start:end] for start, end in sentences(text)]
    asks = [sentence for sentence in told if sentence.endswith(_END)]
    others = [sentence for sentence in told if not sentence.endswith(_END)]
    if not asks or any(_ASKS.match(other) for other in others):
        return question
    core = " ".join(_INTRODUCED.sub("", sentence) for sentence in asks)
    return question if core == text or leaning_of(core) >= 1 else core
