"""What searching needs beside the database: a base layer, made once and saved, and a layer of what came since.

Both are made from what the database stores and can always be made again. A base layer is the passages of one earlier
state; those that are gone are masked, newer ones stand in a small second layer, so that an edited note costs
milliseconds however many others there are. When a fifth has changed, everything becomes a new base.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.dense import DenseRows, Moments, Rows, Vectors, background, in_batches, mean, total
from qa.lexical import LexicalIndex
from qa.postings import Postings
from qa.types import LANGUAGES, Language

_HEADER = "derived.json"  # replaced last: it vouches for the other files with their sums
_ARRAYS = "terms.npz"
_CHANGED_SHARE = 0.2  # of the base, gone or new: then a new base is made
_PRIOR_PASSAGES = 20.0  # weight of the whole index in the background of a language


@dataclass(frozen=True, slots=True)
class Source:
    """Where the parts of a layer come from: the tables of one state of the database."""

    identity: str  # of that state
    encoder: str  # fingerprint
    dimension: int
    ids: NDArray[np.int64]  # of all passages, ascending; an id is never used again for another passage
    languages: NDArray[np.uint8]  # (n,) numbers in LANGUAGES
    terms: Callable[[NDArray[np.int64]], Iterable[tuple[str, str]]]
    vectors: Callable[[NDArray[np.int64]], Vectors]


@dataclass(frozen=True, slots=True)
class Layer:
    """Some passages, searchable; `ids` ascending."""

    identity: str
    encoder: str
    ids: NDArray[np.int64]
    languages: NDArray[np.uint8]
    postings: Postings
    dense: DenseRows

    @classmethod
    def build(cls, source: Source, places: Rows) -> Layer:
        """From the passages at these places of the source."""
        ids, languages = source.ids[places], source.languages[places]
        dense = DenseRows.build(
            languages, source.dimension, lambda rows: (source.vectors(ids[part]) for part in in_batches(rows))
        )
        return cls(source.identity, source.encoder, ids, languages, Postings.build(source.terms(ids)), dense)

    @classmethod
    def load(cls, folder: Path) -> Layer | None:
        """The saved base layer; None where it is missing or torn."""
        with contextlib.suppress(OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile):
            header = json.loads((folder / _HEADER).read_text(encoding="utf-8"))
            files = {name: (folder / name).read_bytes() for name in (_ARRAYS, *map(_faiss_file, LANGUAGES))}
            identity, encoder = header["identity"], header["encoder"]
            sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
            if header["sums"] != sums or not (isinstance(identity, str) and isinstance(encoder, str)):
                return None
            with np.load(io.BytesIO(files[_ARRAYS]), allow_pickle=False) as stored:
                arrays = dict(stored)
            parts: dict[Language, bytes] = {name: files[_faiss_file(name)] for name in LANGUAGES}
            return cls(
                identity,
                encoder,
                arrays["ids"],
                arrays["languages"],
                Postings.from_arrays(arrays),
                DenseRows.from_parts(parts, arrays),
            )
        return None

    def save(self, folder: Path) -> None:
        """Write it beside the database; a folder that cannot be written only costs the next start some time."""
        buffer = io.BytesIO()
        own: dict[str, np.ndarray] = {"ids": self.ids, "languages": self.languages}
        np.savez(buffer, allow_pickle=False, **own, **self.postings.arrays(), **self.dense.arrays())
        files = {_ARRAYS: buffer.getvalue()} | {_faiss_file(k): v for k, v in self.dense.parts().items()}
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        header = {"identity": self.identity, "encoder": self.encoder, "sums": sums}
        with contextlib.suppress(OSError):
            for name, data in files.items():
                _replace(folder / name, data)
            _replace(folder / _HEADER, json.dumps(header).encode())


class Derived:
    """The search of one state of the database; rows are the base layer's passages, then those that came since."""

    def __init__(self, base: Layer, since: Layer, alive: NDArray[np.bool_], identity: str) -> None:
        self.base = base
        self.identity = identity
        self.ids = np.concatenate([base.ids, since.ids])
        self.languages = np.concatenate([base.languages, since.languages])
        self.lexical = LexicalIndex([base.postings, since.postings], alive)
        self._alive = alive
        self._layers = [(base.dense, 0), (since.dense, len(base.ids))]
        self._base_is_whole = bool(alive[: len(base.ids)].all())
        gone = base.dense.moments_of(np.flatnonzero(~alive[: len(base.ids)]))
        self._moments: dict[Language, Moments] = {
            name: base.dense.moments[name].plus(gone[name], -1.0).plus(since.dense.moments[name]) for name in LANGUAGES
        }

    @classmethod
    def of(cls, source: Source, base: Layer | None) -> Derived:
        """The search of the source's state; on `base` where that is the state's own past and near enough."""
        if base is not None and base.encoder == source.encoder:
            alive = np.isin(base.ids, source.ids, assume_unique=True)
            since = np.flatnonzero(~np.isin(source.ids, base.ids, assume_unique=True))
            if len(since) + (~alive).sum() <= _CHANGED_SHARE * len(base.ids):
                alive = np.concatenate([alive, np.ones(len(since), np.bool_)])
                return cls(base, Layer.build(source, since), alive, source.identity)
        everything, nothing = np.arange(len(source.ids)), np.arange(0)
        alive = np.ones(len(source.ids), np.bool_)
        return cls(Layer.build(source, everything), Layer.build(source, nothing), alive, source.identity)

    def __len__(self) -> int:
        """Passages."""
        return int(self._alive.sum())

    @property
    def gone(self) -> int:
        """Passages of the base layer that are not in the index any more."""
        return int((~self._alive[: len(self.base.ids)]).sum())

    def mask(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(rows,) true where the row is one of these passages."""
        return np.isin(self.ids, ids) & self._alive

    def nearest(self, query: Vectors, language: Language, k: int, allowed: NDArray[np.bool_] | None) -> Rows:
        """At most k rows in a language with the highest cosines, best first, among those allowed."""
        found = []
        for (dense, first), (start, end) in zip(self._layers, self._bounds(), strict=True):
            mask = self._alive[start:end] if allowed is None else allowed[start:end]
            needed = allowed is not None or (first == 0 and not self._base_is_whole)
            rows, cosines = dense.nearest(query, language, k, mask if needed else None)
            found.append((rows + first, cosines))
        rows, cosines = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return np.asarray(rows[np.argsort(-cosines, kind="stable")[:k]])

    def background(self, query: Vectors, language: Language) -> tuple[float, float]:
        """Mean and standard deviation of the cosines of all passages in a language."""
        return background(query, self._moments[language], total(self._moments.values()), _PRIOR_PASSAGES)

    def mean(self, language: Language) -> Vectors:
        """(dim,) of all passages in a language; a few lean on the whole index."""
        return mean(self._moments[language], total(self._moments.values()), _PRIOR_PASSAGES)

    def share(self, language: Language) -> float:
        """Of all passages, those in a language."""
        return self._moments[language].count / max(1.0, total(self._moments.values()).count)

    def _bounds(self) -> list[tuple[int, int]]:
        size = len(self.base.ids)
        return [(0, size), (size, len(self.ids))]


def _faiss_file(language: Language) -> str:
    return f"dense-{language}.faiss"


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
