"""The derived FAISS index over the passages' unit vectors: built, saved, loaded and searched, never the truth."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import faiss

_FILE = "dense.faiss"
_HEADER = "dense.json"  # replaced last: it vouches for the file with its sum

_PRIOR_PASSAGES = 20  # weight of the whole index in the background of a group


class DenseIndex:
    """Exact inner product over float32 unit vectors; never changed once made."""

    def __init__(self, index: faiss.IndexIDMap2 | None, ids: np.ndarray, identity: str, generation: int) -> None:
        self._index = index
        self._ids = ids
        self.identity = identity  # of the database state it was made from
        self.generation = generation
        self._backgrounds: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # key: mean (dim,), covariance (dim, dim)

    def __len__(self) -> int:
        return len(self._ids)

    @classmethod
    def build(cls, ids: np.ndarray, vectors: np.ndarray | None, identity: str, generation: int) -> DenseIndex:
        """From ids (n,) int64 and vectors (n, dim) float32 with unit rows; `None` where there are none."""
        if vectors is None:
            return cls(None, ids, identity, generation)
        import faiss

        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)
        return cls(index, ids, identity, generation)

    @classmethod
    def load(cls, folder: Path, identity: str, generation: int) -> DenseIndex | None:
        """The saved index of exactly this database state; None where it is missing, torn or of another state."""
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            header = json.loads((folder / _HEADER).read_text(encoding="utf-8"))
            data = (folder / _FILE).read_bytes()
            if header != {"identity": identity, "sha256": hashlib.sha256(data).hexdigest()}:
                return None
            import faiss

            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
            if not isinstance(index, faiss.IndexIDMap2):
                return None
            return cls(index, faiss.vector_to_array(index.id_map), identity, generation)
        return None

    def save(self, folder: Path) -> None:
        """Write it beside the database; a folder that cannot be written only costs the next start some time."""
        if self._index is None:
            return
        import faiss

        data = faiss.serialize_index(self._index).tobytes()
        header = {"identity": self.identity, "sha256": hashlib.sha256(data).hexdigest()}
        with contextlib.suppress(OSError):
            _replace(folder / _FILE, data)
            _replace(folder / _HEADER, json.dumps(header).encode())

    def search(self, query: np.ndarray, k: int, ids: np.ndarray | None = None) -> list[tuple[int, float]]:
        """(id, inner product) best first, at most k, among `ids` where given; ties by id."""
        if self._index is None or (ids is not None and not len(ids)):
            return []
        import faiss

        parameters = faiss.SearchParameters()
        if ids is not None:
            parameters.sel = faiss.IDSelectorBatch(ids)
        k = min(k, len(self._ids) if ids is None else len(ids))
        scores, found = self._index.search(np.ascontiguousarray(query[None, :], dtype=np.float32), k, params=parameters)
        pairs = [(int(i), float(s)) for i, s in zip(found[0], scores[0], strict=True) if i >= 0]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def scores(self, query: np.ndarray, ids: Sequence[int]) -> dict[int, float]:
        """The inner product with each of these vectors."""
        vectors = self._vectors(np.array(ids, dtype=np.int64))
        return dict(zip(ids, (vectors @ query).tolist(), strict=True)) if len(vectors) else {}

    def background(self, query: np.ndarray, key: str, ids: Callable[[], np.ndarray]) -> tuple[float, float]:
        """Mean and standard deviation of the inner products with the vectors of `ids()`, which `key` names.

        Exact for all of them at the price of one small product: the mean of q.v is q.mean(v), its variance q'Cov(v)q.
        A small group leans on the whole index, as if a few average passages were in it. An empty index: 0 and 1.
        """
        if self._index is None:
            return 0.0, 1.0
        if key not in self._backgrounds:
            self._backgrounds[key] = self._moments(ids())
        mean, covariance = self._backgrounds[key]
        return float(mean @ query), float(np.sqrt(max(query @ covariance @ query, 1e-8)))

    def _moments(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        everything = self._vectors(self._ids)
        group = self._vectors(ids)
        whole_mean, share = everything.mean(axis=0), len(group) / (len(group) + _PRIOR_PASSAGES)
        whole = np.cov(everything, rowvar=False, bias=True)
        if not len(group):
            return whole_mean, whole
        mean = share * group.mean(axis=0) + (1 - share) * whole_mean
        return mean, share * np.cov(group, rowvar=False, bias=True) + (1 - share) * whole

    def _vectors(self, ids: np.ndarray) -> np.ndarray:
        if self._index is None or not len(ids):
            return np.empty((0, 0), dtype=np.float32)
        return self._index.reconstruct_batch(ids)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
