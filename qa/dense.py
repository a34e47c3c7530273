"""FAISS indexes over the passages' unit vectors, one for each language; never changed once made, never the truth.

A passage is a row, 0 to n - 1. One index a language, because candidates are drawn in each (the encoder prefers
passages in the question's own language), and because their cosines are measured against that language's background.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa.types import LANGUAGES, Language

if TYPE_CHECKING:
    import faiss

Rows = NDArray[np.int64]
Vectors = NDArray[np.float32]

FLAT_UP_TO = 20_000  # vectors of a language; above, 8 bits a component are searched four times as fast
_ADD_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over vectors, so that those of two groups add up."""

    count: float
    sum: NDArray[np.float64]  # (dim,)
    products: NDArray[np.float64]  # (dim, dim): sum of v v'

    @classmethod
    def of(cls, vectors: Vectors) -> Moments:
        exact = vectors.astype(np.float64)
        return cls(float(len(vectors)), exact.sum(axis=0), exact.T @ exact)

    def plus(self, other: Moments, sign: float = 1.0) -> Moments:
        """Those of both groups, or with `sign` -1 of this one without the other."""
        return Moments(
            self.count + sign * other.count, self.sum + sign * other.sum, self.products + sign * other.products
        )

    def standard(self, query: Vectors) -> tuple[float, float]:
        """Mean and variance of the inner products with the query: q.mean(v) and q'Cov(v)q."""
        exact = query.astype(np.float64)
        mean = float(self.sum @ exact) / self.count
        return mean, max(float(exact @ self.products @ exact) / self.count - mean * mean, 0.0)


class DenseRows:
    """The vectors of some rows, searchable by language."""

    def __init__(
        self,
        indexes: Mapping[Language, faiss.Index],
        rows: Mapping[Language, Rows],
        moments: Mapping[Language, Moments],
    ) -> None:
        self._indexes = indexes
        self._rows = rows  # of the passages in each language, ascending
        self.moments = moments

    @classmethod
    def build(
        cls, languages: NDArray[np.uint8], dimension: int, vectors: Callable[[Rows], Iterable[Vectors]]
    ) -> DenseRows:
        """`languages` (n,) are numbers in LANGUAGES; `vectors` gives those of rows in order, (m, dim) by (m, dim)."""
        indexes, rows, moments = {}, {}, {}
        for number, language in enumerate(LANGUAGES):
            of_language = np.flatnonzero(languages == number)
            rows[language] = of_language
            indexes[language], moments[language] = _build(len(of_language), dimension, vectors(of_language))
        return cls(indexes, rows, moments)

    @classmethod
    def from_parts(cls, parts: Mapping[Language, bytes], arrays: Mapping[str, np.ndarray]) -> DenseRows:
        """What `parts` and `arrays` gave. Raises KeyError and RuntimeError."""
        import faiss

        indexes = {name: faiss.deserialize_index(np.frombuffer(parts[name], np.uint8)) for name in LANGUAGES}
        rows = {name: arrays[f"rows_{name}"] for name in LANGUAGES}
        if any(indexes[name].ntotal != len(rows[name]) for name in LANGUAGES):
            raise RuntimeError("the FAISS index holds another number of vectors")
        moments = {
            name: Moments(float(len(rows[name])), arrays[f"sum_{name}"], arrays[f"products_{name}"])
            for name in LANGUAGES
        }
        return cls(indexes, rows, moments)

    def parts(self) -> dict[Language, bytes]:
        """The FAISS indexes as bytes, for saving."""
        import faiss

        return {name: faiss.serialize_index(index).tobytes() for name, index in self._indexes.items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """The rest, for saving."""
        arrays: dict[str, np.ndarray] = {f"rows_{name}": rows for name, rows in self._rows.items()}
        for name, moments in self.moments.items():
            arrays |= {f"sum_{name}": moments.sum, f"products_{name}": moments.products}
        return arrays

    def nearest(
        self, query: Vectors, language: Language, k: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[Rows, Vectors]:
        """At most k rows in a language with the highest inner products, and those; of the `allowed` (n,) only.

        Best first; as near as the index remembers the vectors.
        """
        index, rows = self._indexes[language], self._rows[language]
        k = min(k, len(rows) if allowed is None else int(allowed[rows].sum()))
        if not k:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        import faiss

        parameters = None
        if allowed is not None:
            mask = np.packbits(allowed[rows], bitorder="little")
            parameters = faiss.SearchParameters()
            parameters.sel = faiss.IDSelectorBitmap(mask)  # type: ignore[call-arg, arg-type]
        faiss.omp_set_num_threads(1)  # of this thread: one query gains nothing from more, and loses beside a chat model
        products, found = index.search(np.ascontiguousarray(query[None, :], np.float32), k, params=parameters)
        there = found[0] >= 0
        return np.asarray(rows[found[0][there]]), np.asarray(products[0][there])

    def moments_of(self, rows: Rows) -> dict[Language, Moments]:
        """Those of some rows, as well as the index remembers their vectors."""
        found = {}
        for name in LANGUAGES:
            places = np.flatnonzero(np.isin(self._rows[name], rows))
            dimension = self._indexes[name].d
            vectors = self._indexes[name].reconstruct_batch(places) if len(places) else np.empty((0, dimension))
            found[name] = Moments.of(np.asarray(vectors, np.float32))
        return found


def _build(count: int, dimension: int, batches: Iterable[Vectors]) -> tuple[faiss.Index, Moments]:
    import faiss

    kind = "Flat" if count <= FLAT_UP_TO else "SQ8"
    index = faiss.index_factory(dimension, kind, faiss.METRIC_INNER_PRODUCT)
    moments = Moments.of(np.empty((0, dimension), np.float32))
    for vectors in batches:
        contiguous = np.ascontiguousarray(vectors, np.float32)
        if not index.is_trained:
            index.train(contiguous)
        index.add(contiguous)
        moments = moments.plus(Moments.of(contiguous))
    return index, moments


def background(query: Vectors, group: Moments, whole: Moments, prior: float) -> tuple[float, float]:
    """Mean and standard deviation of the cosines of a group of passages; 0 and 1 where there is no passage at all.

    A small group leans on the whole index, as if `prior` average passages were in it.
    """
    if whole.count < 1:
        return 0.0, 1.0
    mean, variance = whole.standard(query)
    if group.count >= 1:
        share = group.count / (group.count + prior)
        own_mean, own_variance = group.standard(query)
        mean, variance = share * own_mean + (1 - share) * mean, share * own_variance + (1 - share) * variance
    return mean, float(np.sqrt(max(variance, 1e-8)))


def mean(group: Moments, whole: Moments, prior: float) -> Vectors:
    """(dim,) of a group of vectors, with `prior` average ones beside them; zeros where there is none at all."""
    if whole.count < 1:
        return np.zeros(whole.sum.shape, np.float32)
    return np.asarray((group.sum + prior * whole.sum / whole.count) / (group.count + prior), np.float32)


def total(moments: Iterable[Moments]) -> Moments:
    """Those of all groups; there is at least one."""
    first, *rest = moments
    for group in rest:
        first = first.plus(group)
    return first


def in_batches(rows: Rows) -> Sequence[Rows]:
    """Rows in parts small enough to be read at once."""
    return [rows[start : start + _ADD_AT_ONCE] for start in range(0, len(rows), _ADD_AT_ONCE)]
