"""An encoder for tests: real interface, no model, and texts that share words are near each other."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np

from qa.encoder import Vectors
from qa.language import normalize
from qa.snapshot import Snapshot

_LATIN = 128  # code points below are words of English, the others count in pairs


class WordEncoder:
    """Each word and each pair of neighbouring Chinese characters adds a fixed random direction."""

    def __init__(self, fingerprint: str = "words/1", dimension: int = 64, fails_after: int | None = None) -> None:
        self.fingerprint = fingerprint
        self.name = fingerprint
        self.location = f"/encoders/{fingerprint}"
        self.dimension = dimension
        self.encoded: list[str] = []  # all passages, in order
        self.queries: list[str] = []
        self._fails_after = fails_after  # passages, then it raises as a broken model would

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        if self._fails_after is not None and len(self.encoded) + len(texts) > self._fails_after:
            raise RuntimeError("the encoder broke")
        self.encoded += texts
        if progress:
            progress(len(texts), len(texts))
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.dimension)

    def encode_query(self, text: str) -> Vectors:
        self.queries.append(text)
        return self._vector(text)

    def _vector(self, text: str) -> Vectors:
        counts = Counter(_words(text)) or Counter({"": 1})
        total = sum(count * _direction(word, self.dimension) for word, count in sorted(counts.items()))
        return np.asarray(total / np.linalg.norm(total), np.float32)


def _words(text: str) -> list[str]:
    text = normalize(text)
    latin = "".join(c if c.isalnum() and ord(c) < _LATIN else " " for c in text).split()
    wide = "".join(c if c.isalnum() and ord(c) >= _LATIN else " " for c in text).split()
    return latin + [run[i : i + 2] for run in wide for i in range(max(1, len(run) - 1))]


@cache
def _direction(word: str, dimension: int) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8], "big")
    return np.asarray(np.random.default_rng(seed).standard_normal(dimension), np.float32)


def cosines(snapshot: Snapshot, query: Vectors, ids: Iterable[int]) -> dict[int, float]:
    """Of the stored vectors of these passages, by id."""
    ordered = sorted(ids)
    return {i: float(vector @ query) for i, vector in zip(ordered, snapshot.vectors(ordered), strict=True)}
