"""The encoder and the index as they are, with a watch at each of their doors; the program is handed them as its parts.

So a stage is measured inside of a whole search or build, and no code of the program knows of it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from qa.encoder import Encoder, Vectors
from qa.index import Index, Waiting
from qa.snapshot import Snapshot
from qa.tables import Transaction

_OF_SNAPSHOT = {"nearest": "dense", "background": "dense", "mean": "dense", "coverage": "lexical"}
_ROWS = "rows"  # what else a snapshot reads


class Watch:
    """Seconds by stage since they were taken last; for any number of threads."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """The block belongs to this stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            with self._lock:
                self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    def take(self) -> dict[str, float]:
        """What was measured; begins anew."""
        with self._lock:
            seconds, self._seconds = self._seconds, {}
        return seconds


class TimedEncoder:
    """Stages `encode query` and `encode passages`."""

    def __init__(self, encoder: Encoder, watch: Watch) -> None:
        self._encoder = encoder
        self._watch = watch

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    @property
    def location(self) -> str:
        return self._encoder.location

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        with self._watch.on("encode passages"):
            return self._encoder.encode_passages(texts, progress)

    def encode_query(self, text: str) -> Vectors:
        with self._watch.on("encode query"):
            return self._encoder.encode_query(text)


class TimedIndex(Index):
    """Stages `open`, `dense`, `lexical` and `rows` of a snapshot, `store` and `commit` of a transaction.

    A commit moves the log into the database, makes the derived structures and saves them.
    """

    def __init__(self, folder: Path, watch: Watch) -> None:
        super().__init__(folder)
        self._watch = watch

    @contextlib.contextmanager
    def read(self) -> Iterator[Snapshot]:
        with contextlib.ExitStack() as stack:
            with self._watch.on("open"):
                snapshot = stack.enter_context(super().read())
            yield cast(Snapshot, _Timed(snapshot, self._watch, _OF_SNAPSHOT, _ROWS))

    @contextlib.contextmanager
    def write(self, waiting: Waiting | None = None) -> Iterator[Transaction]:
        block = super().write(waiting)
        with self._watch.on("store"):
            transaction = block.__enter__()
        try:
            yield cast(Transaction, _Timed(transaction, self._watch, {}, "store"))
        except BaseException:
            if not block.__exit__(*sys.exc_info()):
                raise
        else:
            with self._watch.on("commit"):
                block.__exit__(None, None, None)


class _Timed:
    """An object whose methods are stages."""

    def __init__(self, real: Any, watch: Watch, stages: Mapping[str, str], other: str) -> None:
        self._real = real
        self._watch = watch
        self._stages = stages
        self._other = other

    def __len__(self) -> int:
        return len(self._real)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if not callable(value):
            return value

        def timed(*arguments: Any, **named: Any) -> Any:
            with self._watch.on(self._stages.get(name, self._other)):
                return value(*arguments, **named)

        return timed
