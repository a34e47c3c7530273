"""The header of a GGUF file: what is in it, read without loading it."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from qa.errors import ModelNotFound

# https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_TENSOR_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0",
    10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 30: "BF16",
}  # fmt: skip
_SAMPLES = 16
_SAMPLE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class GGUFHeader:
    """What decides which engine can run a file."""

    architecture: str
    context_length: int | None  # tokens that the model was trained on
    tensor_types: frozenset[str]
    end_tokens: frozenset[int]


def read_header(path: Path) -> GGUFHeader:
    """Raises ModelNotFound where there is no file or it is not a GGUF."""
    try:
        with path.open("rb") as file:
            return _read(file, path)
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
        raise ModelNotFound(f"The model file '{path}' {why}. Check NOTES_QA_CHAT_MODEL.") from None
    except (struct.error, UnicodeDecodeError, KeyError, MemoryError, OverflowError):
        raise ModelNotFound(f"The model file '{path}' is a damaged GGUF file. Fetch it again.") from None


def fingerprint(path: Path) -> str:
    """Identifies a file of a gigabyte in milliseconds: its size and evenly spaced samples, hashed."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for sample in range(_SAMPLES):
            file.seek(max(0, size - _SAMPLE_BYTES) * sample // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _read(file: BinaryIO, path: Path) -> GGUFHeader:
    magic, version = struct.unpack("<4sI", _exactly(file, 8))
    if magic != b"GGUF" or version not in (2, 3):
        raise ModelNotFound(f"The file '{path}' is not a GGUF model of version 2 or 3. Check NOTES_QA_CHAT_MODEL.")
    tensors, entries = struct.unpack("<QQ", _exactly(file, 16))
    values: dict[str, Any] = {}
    for _ in range(entries):
        key = _string(file)
        values[key] = _value(file, _number(file, "I"))
    types = set()
    for _ in range(tensors):
        _string(file)
        dimensions = _number(file, "I")
        file.seek(8 * dimensions, 1)
        kind = _number(file, "I")
        types.add(_TENSOR_TYPES.get(kind, f"type {kind}"))
        file.seek(8, 1)  # offset of its data
    architecture = str(values.get("general.architecture", ""))
    ends = (values.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom"))
    return GGUFHeader(
        architecture=architecture,
        context_length=values.get(f"{architecture}.context_length"),
        tensor_types=frozenset(types),
        end_tokens=frozenset(token for token in ends if token is not None),
    )


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        return _number(file, _SCALARS[kind])
    of, count = struct.unpack("<IQ", _exactly(file, 12))
    if of in (_STRING, _ARRAY):
        for _ in range(count):  # a vocabulary: skipped, never kept
            if of == _STRING:
                file.seek(_number(file, "Q"), 1)
            else:
                _value(file, _ARRAY)
    else:
        file.seek(count * struct.calcsize("<" + _SCALARS[of]), 1)
    return None


def _string(file: BinaryIO) -> str:
    return _exactly(file, _number(file, "Q")).decode("utf-8")


def _number(file: BinaryIO, code: str) -> Any:
    return struct.unpack("<" + code, _exactly(file, struct.calcsize("<" + code)))[0]


def _exactly(file: BinaryIO, size: int) -> bytes:
    found = file.read(size)
    if len(found) < size:
        raise struct.error("the file ends in its header")
    return found
