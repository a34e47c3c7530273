"""The command line over the word encoder, as a program of its own: `python fakes_cli.py index --corpus ...`.

PAUSE in the environment is the seconds for each 32 passages; the setting `encoder` becomes the fingerprint.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from fakes import WordEncoder

from qa.encoder import Vectors

_AT_ONCE = 32  # passages


class SlowEncoder(WordEncoder):
    """Takes its time for every few passages, and says which ones it has encoded."""

    def __init__(
        self, fingerprint: str = "words/1", pause: float = 0.0, tell: Callable[[Sequence[str]], None] | None = None
    ) -> None:
        super().__init__(fingerprint)
        self._pause = pause
        self._tell = tell

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        parts = [np.zeros((0, self.dimension), np.float32)]
        for start in range(0, len(texts), _AT_ONCE):
            time.sleep(self._pause)
            part = texts[start : start + _AT_ONCE]
            parts.append(super().encode_passages(part))
            if self._tell:
                self._tell(part)
            if progress:
                progress(start + len(part), len(texts))
        return np.concatenate(parts)


class OpenedEncoder(SlowEncoder):
    """Is opened as `qa.encoder.SentenceEncoder` is."""

    @classmethod
    def open(cls, name: str, cache: Path, batch_size: int = 16, progress: object = None) -> Self:
        return cls(name, float(os.environ.get("PAUSE", "0")))

    @classmethod
    def open_stored(cls, folder: Path, fingerprint: str, cache: Path) -> Self | None:
        return cls(fingerprint)


if __name__ == "__main__":
    import qa.encoder

    qa.encoder.SentenceEncoder = OpenedEncoder  # type: ignore[misc, assignment]
    from qa.cli import main

    sys.exit(main())
