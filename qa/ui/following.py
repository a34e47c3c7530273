"""Keeps the index up to date beside the page, and knows how that goes."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace

from qa.types import IndexChanges, Progress
from qa.ui.backend import Backend

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = 30.0  # after an error that nobody expected


@dataclass(frozen=True, slots=True)
class Freshness:
    """What is known about the index right now."""

    progress: Progress | None = None  # of the refresh that is running
    seconds: float = 0.0  # that its present stage has taken
    changes: IndexChanges | None = None  # of the last refresh that changed something
    at: float = 0.0  # time.monotonic() of it
    error: Exception | None = None  # of the last refresh, where it failed
    refreshes: int = 0  # that changed something
    stale: tuple[str, ...] = ()  # what the index was built with that is another now, as IndexState says it


class Pace:
    """How long the present stage of a piece of work has taken."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = 0.0

    def seconds(self, progress: Progress) -> float:
        """Since the first report of this one's stage."""
        if progress.stage != self._stage:
            self._stage, self._began = progress.stage, time.monotonic()
        return time.monotonic() - self._began


class Following:
    """Refreshes in the background at the start and whenever notes change."""

    def __init__(self, notes: Backend, retry_seconds: float = _RETRY_SECONDS) -> None:
        self._notes = notes
        self._retry_seconds = retry_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follow-notes", daemon=True)
        self._pace = Pace()
        self.now = Freshness()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End soon; a refresh that is running goes on to its end."""
        self._stop.set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def report(self, result: IndexChanges | Exception) -> None:
        """Take the result of a refresh, whoever made it."""
        if isinstance(result, Exception):
            _LOG.warning("The index could not be refreshed: %s", result)
            self.now = replace(self.now, progress=None, error=result)
        elif result or self.now.changes is None:
            number = self.now.refreshes + 1
            self.now = Freshness(changes=result, at=time.monotonic(), refreshes=number)
        else:
            self.now = replace(self.now, progress=None, error=None)

    def _progress(self, progress: Progress) -> None:
        self.now = replace(self.now, progress=progress, seconds=self._pace.seconds(progress))

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self.now = replace(self.now, stale=self._notes.index_state().stale)
                self._notes.watch(self._stop, self.report, self._progress)
            except Exception as error:  # shown in the page; the notes stay as they were indexed
                self.report(error)
                self._stop.wait(self._retry_seconds)
