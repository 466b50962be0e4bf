"""A question in, an Answer out: every sentence of it with the words of a document that bear it out."""

from index.errors import CitewiseError
from index.types import Added, Document, Passage, SearchResult

from .chatbot import Chatbot
from .settings import Settings
from .types import Answer, Citation, Turn

__all__ = [
    "Added",
    "Answer",
    "Chatbot",
    "Citation",
    "CitewiseError",
    "Document",
    "Passage",
    "SearchResult",
    "Settings",
    "Turn",
]
