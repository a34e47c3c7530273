"""What a machine could do at best with a model: from its arithmetic, its memory and the model's size alone.

Engines that multiply in 8 bits may pass a limit computed from float32 products.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from qa.chat.gguf import _exactly, _number, _string, _value
from qa.chat.opening import hub_file, parse_spec
from qa.settings import Settings
from qa.weights import assemble_chat_gguf

_PACKAGED = ("auto", "gguf:packaged")


@dataclass(frozen=True, slots=True)
class ModelSize:
    """What a model costs for each token."""

    weights: int  # those that every token is multiplied with; no table of embeddings
    size: int  # bytes of the file, about what is read for each decoded token


def decode_limit(gigabytes_per_second: float, model: ModelSize) -> float:
    """Tokens per second of one answer: each reads the whole model."""
    return gigabytes_per_second * 1e9 / model.size


def prefill_limit(gflops: float, model: ModelSize) -> float:
    """Tokens of a prompt per second: each is multiplied with every weight."""
    return gflops * 1e9 / (2 * model.weights)


def encode_limit(gflops: float, weights: int, tokens: float) -> float:
    """Texts of so many tokens per second; attention, which is little at such lengths, not counted."""
    return gflops * 1e9 / (2 * weights * tokens)


def dense_limit(gigabytes_per_second: float, passages: int, dimension: int, bytes_each: int = 4) -> float:
    """Seconds in which all vectors can be read once."""
    return passages * dimension * bytes_each / (gigabytes_per_second * 1e9)


def encoder_weights(folder: Path) -> int:
    """Weights of a sentence-transformers folder that are no embedding table."""
    with (folder / "model.safetensors").open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    shapes = {name: tensor["shape"] for name, tensor in header.items() if name != "__metadata__"}
    return sum(math.prod(shape) for name, shape in shapes.items() if not name.startswith("embeddings."))


def chat_model_size(settings: Settings) -> ModelSize | None:
    """Of the chat model of the settings; None where it is no file."""
    spec = parse_spec(settings.chat_model)
    if str(spec) in _PACKAGED:
        return gguf_size(assemble_chat_gguf(settings.cache, None))
    if spec.kind == "gguf":
        return gguf_size(Path(spec.rest).expanduser())
    return gguf_size(hub_file(spec.rest)) if spec.kind == "hf" else None


def gguf_size(path: Path) -> ModelSize:
    """Of a GGUF file."""
    weights = 0
    with path.open("rb") as file:
        _exactly(file, 8)
        tensors, entries = struct.unpack("<QQ", _exactly(file, 16))
        for _ in range(entries):
            _string(file)
            _value(file, _number(file, "I"))
        for _ in range(tensors):
            name, dimensions = _string(file), _number(file, "I")
            shape = struct.unpack(f"<{dimensions}Q", _exactly(file, 8 * dimensions))
            _exactly(file, 12)  # its type and the offset of its data
            if name not in ("token_embd.weight", "output.weight"):  # the latter serves the last token alone
                weights += math.prod(shape)
    return ModelSize(weights, path.stat().st_size)
