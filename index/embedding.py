"""The bundled encoder as a llama-index embedding, for programs that are built with llama-index.

citewise itself uses `minilm.py`: importing llama-index takes longer than answering a question.
"""

import asyncio
from pathlib import Path

from llama_index.core.base.embeddings.base import BaseEmbedding

from .minilm import FOLDER, WINDOW, MiniLM


class BundledEncoder(BaseEmbedding):
    """Embed text offline, from any thread; encoders of one folder share one model."""

    model_name: str = MiniLM.model_name
    embed_batch_size: int = WINDOW
    folder: Path = FOLDER

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return MiniLM(self.folder).embed(texts).tolist()

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)
