"""Vectors of sentences that were encoded lately: most of a question's were compared with an earlier one too."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from qa.encoder import Encoder, Vectors

_KEPT = 20_000  # 30 MB at 384 dimensions


class SentenceVectors:
    """Encodes sentences as passages, each once as long as it is kept; may be shared by threads."""

    def __init__(self, encoder: Encoder, kept: int = _KEPT) -> None:
        self._encoder = encoder
        self._kept = kept
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()  # the one that was not asked for longest is first
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str]) -> Vectors:
        """(n, dimension) float32, unit rows in the order of `texts`."""
        found: dict[str, Vectors] = {}
        with self._lock:
            for text in texts:
                if text in self._vectors:
                    self._vectors.move_to_end(text)
                    found[text] = self._vectors[text]
        if new := list(dict.fromkeys(text for text in texts if text not in found)):
            encoded = dict(zip(new, self._encoder.encode_passages(new), strict=True))
            found |= encoded
            with self._lock:
                self._vectors |= encoded
                while len(self._vectors) > self._kept:
                    self._vectors.popitem(last=False)
        rows = np.array([found[text] for text in texts], np.float32)
        return rows.reshape(-1, self._encoder.dimension)
