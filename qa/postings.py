"""An inverted file: which passages hold a term, and how often; arrays that never change, made from terms or read back.

Knows nothing about weights or ranking. A passage is a row, 0 to n - 1.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEADING_COUNT = 2  # a term of the heading counts as so many of the text
_MOST = 255  # a term is counted up to here in one passage


@dataclass(frozen=True, slots=True)
class Postings:
    """Rows and counts of all terms, one after the other, in the order of the terms' keys."""

    lengths: NDArray[np.float32]  # (n,) terms of each passage
    keys: NDArray[np.uint64]  # (terms,) ascending hashes; two of a million terms meet with a chance of 1 in 40 million
    starts: NDArray[np.int64]  # (terms + 1,) where each term's stretch begins
    rows: NDArray[np.int32]  # ascending within a term
    counts: NDArray[np.uint8]

    @classmethod
    def build(cls, passages: Iterable[tuple[str, str]]) -> Postings:
        """From the terms of heading and text of each passage, separated by spaces."""
        vocabulary: dict[str, int] = {}
        rows: list[int] = []
        terms: list[int] = []
        counts: list[int] = []
        lengths: list[int] = []
        for row, (heading, text) in enumerate(passages):
            in_heading, in_text = heading.split(), text.split()
            count = Counter(in_text)
            for term in in_heading:
                count[term] += HEADING_COUNT
            lengths.append(len(in_heading) + len(in_text))
            rows.extend([row] * len(count))
            terms.extend(vocabulary.setdefault(term, len(vocabulary)) for term in count)
            counts.extend(count.values())
        keys = np.array([_key(term) for term in vocabulary], np.uint64)
        by_key = np.argsort(keys)
        place = np.empty(len(keys), np.int64)
        place[by_key] = np.arange(len(keys))
        of_term = place[np.array(terms, np.int64)]
        order = np.argsort(of_term, kind="stable")  # rows stay ascending within a term
        return cls(
            lengths=np.array(lengths, np.float32),
            keys=keys[by_key],
            starts=np.searchsorted(of_term[order], np.arange(len(keys) + 1)).astype(np.int64),
            rows=np.array(rows, np.int32)[order],
            counts=np.minimum(np.array(counts, np.int64), _MOST).astype(np.uint8)[order],
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Postings:
        """What `arrays` gave. Raises KeyError."""
        return cls(*(arrays[f"postings_{name}"] for name in cls.__slots__))

    def arrays(self) -> dict[str, np.ndarray]:
        """For saving."""
        return {f"postings_{name}": getattr(self, name) for name in self.__slots__}

    def __len__(self) -> int:
        """Passages."""
        return len(self.lengths)

    def of(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Rows of the passages that hold a term, ascending, and how often each does."""
        key = np.uint64(_key(term))
        at = int(np.searchsorted(self.keys, key))
        if at == len(self.keys) or self.keys[at] != key:
            return self.rows[:0], self.counts[:0]
        stretch = slice(int(self.starts[at]), int(self.starts[at + 1]))
        return self.rows[stretch], self.counts[stretch]


def _key(term: str) -> int:
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "replace"), digest_size=8).digest(), "big")
