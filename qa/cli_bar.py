"""How far the work is, as a bar on the terminal; loads tqdm with the first stage only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qa.words import word

if TYPE_CHECKING:
    from qa.types import Language, Progress


class Bar:
    """A progress bar on the terminal for each stage of the work; nothing where nobody watches."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._bar: Any = None
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        from tqdm import tqdm

        if progress.stage != self._stage:
            self.close()
            self._stage = progress.stage
            name = word(f"stage_{progress.stage}", self._language, detail=progress.detail)
            self._bar = tqdm(total=progress.total, desc=name, file=sys.stderr, disable=None, leave=False)
        self._bar.total = progress.total
        self._bar.update(progress.done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        self._stage = ""


@contextlib.contextmanager
def progress_bar(language: Language) -> Iterator[Bar]:
    """A bar that is gone from the terminal afterwards."""
    bar = Bar(language)
    try:
        yield bar
    finally:
        bar.close()
