"""The reader's network in torch: MiniLM's layers, and on them where an answer begins and ends, and if there is one.

Parameters carry the names of the published weights, so that `export_encoder.py` writes them down as they are.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

LAYERS, HEADS, WIDTH, EPSILON = 6, 12, 384, 1e-12
DROPOUT = 0.1  # while it learns: it meets each of a few articles several times


class ReaderNetwork(nn.Module):
    """Read token ids (batch, tokens) and mask; return start and end (batch, tokens) and answerable (batch,) logits.

    The first token stands for "no answer here" in start and end.
    """

    def __init__(self, weights: dict[str, Tensor]) -> None:
        """Take weights by their published names, new heads where they have none."""
        super().__init__()
        for name, tensor in weights.items():
            if not name.startswith("pooler.") and tensor.is_floating_point():
                self.register_parameter(name.replace(".", "/"), nn.Parameter(tensor.clone().float()))
        for name, size in (("reader.span", 2), ("reader.answerable", 1)):
            if f"{name}.weight" not in weights:
                weight = torch.nn.init.normal_(torch.empty(size, WIDTH), std=0.02)
                self.register_parameter(f"{name}.weight".replace(".", "/"), nn.Parameter(weight))
                self.register_parameter(f"{name}.bias".replace(".", "/"), nn.Parameter(torch.zeros(size)))
        self.at("embeddings.word_embeddings.weight").requires_grad = False  # few questions know few words

    def at(self, name: str) -> nn.Parameter:
        """Return a parameter by its published name."""
        return self.get_parameter(name.replace(".", "/"))

    def tensors(self) -> dict[str, Tensor]:
        """Return all parameters by their published names."""
        return {name.replace("/", "."): value.detach().contiguous() for name, value in self.named_parameters()}

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run the network."""
        positions = self.at("embeddings.position_embeddings.weight")[: ids.shape[1]]
        kind = self.at("embeddings.token_type_embeddings.weight")[0]
        x = self._norm(
            functional.embedding(ids, self.at("embeddings.word_embeddings.weight")) + positions + kind,
            "embeddings.LayerNorm",
        )
        x = self._drop(x)
        seen = mask[:, None, None, :].bool()
        for number in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{number}", seen)
        start, end = self._linear(x, "reader.span").float().unbind(-1)
        hidden = ~mask.bool()
        answerable = self._linear(x[:, 0], "reader.answerable").float()[:, 0]
        return start.masked_fill(hidden, -1e4), end.masked_fill(hidden, -1e4), answerable

    def _layer(self, x: Tensor, name: str, seen: Tensor) -> Tensor:
        batch, tokens, _ = x.shape
        parts = [
            self._linear(x, f"{name}.attention.self.{part}").view(batch, tokens, HEADS, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        ]
        context = functional.scaled_dot_product_attention(
            parts[0], parts[1], parts[2], attn_mask=seen, dropout_p=DROPOUT if self.training else 0.0
        )
        context = context.transpose(1, 2).reshape(batch, tokens, WIDTH)
        context = self._linear(context, f"{name}.attention.output.dense")
        x = self._norm(x + self._drop(context), f"{name}.attention.output.LayerNorm")
        inner = functional.gelu(self._linear(x, f"{name}.intermediate.dense"))
        inner = self._drop(self._linear(inner, f"{name}.output.dense"))
        return self._norm(x + inner, f"{name}.output.LayerNorm")

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, DROPOUT, self.training)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self.at(f"{name}.weight"), self.at(f"{name}.bias"))

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(x, (WIDTH,), self.at(f"{name}.weight"), self.at(f"{name}.bias"), EPSILON)


def load(path: Path) -> ReaderNetwork:
    """Return the network with the weights of a safetensors file: the published encoder's, or a reader's."""
    return ReaderNetwork(load_file(path))
