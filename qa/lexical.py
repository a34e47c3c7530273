"""How much of a question each passage covers: BM25 over the postings of one or more layers, all of them exact.

BM25 as Robertson and Zaragoza write it ("The Probabilistic Relevance Framework", 2009), with the inverse document
frequency of Lucene, which is never negative.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.postings import Postings

_K1, _B = 1.2, 0.75
_LEAST_PASSAGES = 100  # for rarity: in a handful of passages a missing word says little

Mask = NDArray[np.bool_]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Unit:
    """Something the question asks for: any one of the alternatives will do, each needs all of its terms."""

    alternatives: tuple[tuple[str, ...], ...]
    weight: float = 1.0  # beside its rarity in the notes


@dataclass(frozen=True, slots=True)
class Coverage:
    """What passages and notes hold of a question, each as a share of the question's weight, 0 to 1."""

    shares: Scores  # (rows,)
    named: float  # what any passage holds
    weights: tuple[float, ...] = ()  # of each unit


class LexicalIndex:
    """Searches layers of postings as one; row numbers go on from layer to layer, and only `alive` rows count."""

    def __init__(self, layers: Sequence[Postings], alive: Mask) -> None:
        self._layers = layers
        self._alive = alive
        self._whole = bool(alive.all())
        self._first = [0, *itertools.accumulate(len(layer) for layer in layers)][:-1]  # row of each layer
        lengths = np.concatenate([layer.lengths for layer in layers])
        self._passages = int(alive.sum())
        mean = float(lengths[alive].mean()) if self._passages else 1.0
        self._norms = (_K1 * (1 - _B + _B * lengths / max(mean, 1e-9))).astype(np.float32)

    def coverage(self, units: Iterable[Unit], allowed: Mask | None = None, graded: bool = True) -> Coverage:
        """The share of the units' weight (inverse document frequency) that each row covers; 0 where not allowed.

        A term that no passage holds counts as not covered, so that a chance match cannot decide a question alone. What
        a row holds counts by its BM25 beside the best, or if not `graded` in full.
        """
        shares = np.zeros(len(self._alive), np.float32)
        weights: list[float] = []
        known = 0.0
        for unit in units:
            rows, scores = self._match(unit.alternatives)
            weight = unit.weight * self._rarity(len(rows))
            weights.append(weight)
            if not len(rows):
                continue
            known += weight
            shares[rows] += np.float32(weight) * (scores / scores.max() if graded else 1)
        if allowed is not None:
            shares[~allowed] = 0.0
        total = sum(weights)
        return Coverage(shares / np.float32(total), known / total, tuple(weights)) if total else Coverage(shares, 0.0)

    def most_of(self, terms: Sequence[str]) -> float:
        """The largest share of these terms that a row holds, 0 to 1."""
        held = np.zeros(len(self._alive), np.int64)
        for term in terms:
            held[self._bm25(term)[0]] += 1
        return float(held.max(initial=0) / max(1, len(terms)))

    def _match(self, alternatives: Iterable[tuple[str, ...]]) -> tuple[NDArray[np.int64], Scores]:
        """Rows that hold all terms of an alternative, ascending, with the sum of their BM25 over the alternatives."""
        found = [self._all_of(terms) for terms in alternatives if terms]
        found = [(rows, scores) for rows, scores in found if len(rows)]
        if len(found) == 1:
            return found[0]
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows, places = np.unique(np.concatenate([rows for rows, _ in found]), return_inverse=True)
        return rows, np.bincount(places, np.concatenate([scores for _, scores in found])).astype(np.float32)

    def _all_of(self, terms: Sequence[str]) -> tuple[NDArray[np.int64], Scores]:
        rows, scores = self._bm25(terms[0])
        for term in terms[1:]:
            other_rows, other_scores = self._bm25(term)
            rows, here, there = np.intersect1d(rows, other_rows, assume_unique=True, return_indices=True)
            scores = scores[here] + other_scores[there]
        return rows, scores

    def _bm25(self, term: str) -> tuple[NDArray[np.int64], Scores]:
        parts = [layer.of(term) for layer in self._layers]
        rows = np.concatenate(
            [part.astype(np.int64) + first for (part, _), first in zip(parts, self._first, strict=True)]
        )
        counts = np.concatenate([part for _, part in parts]).astype(np.float32)
        if not self._whole:
            kept = self._alive[rows]
            rows, counts = rows[kept], counts[kept]
        rarity = math.log(1 + (self._passages - len(rows) + 0.5) / (len(rows) + 0.5))
        return rows, (np.float32(rarity * (_K1 + 1)) * counts / (counts + self._norms[rows])).astype(np.float32)

    def _rarity(self, count: int) -> float:
        passages = max(self._passages, _LEAST_PASSAGES)
        return math.log(1 + (passages - count + 0.5) / (count + 0.5))
