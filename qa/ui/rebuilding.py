"""A refresh of the index that somebody in the page waits for, told as it goes."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator

from qa.errors import NotesQAError
from qa.types import IndexChanges, Progress
from qa.ui.backend import Backend
from qa.ui.following import Following, Pace

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_REPORTS = 0.1

_Report = Progress | IndexChanges | Exception


def rebuild(notes: Backend, following: Following) -> Iterator[tuple[Progress, float] | IndexChanges | Exception]:
    """(progress, seconds of its present stage) while it runs, and at last what changed or why it failed.

    The result is news for every page, and the refresh goes on to its end even where nobody listens any more.
    """
    reports: queue.Queue[_Report] = queue.Queue()
    threading.Thread(target=_rebuild, args=(notes, following, reports), name="rebuild", daemon=True).start()
    pace = Pace()
    while isinstance(report := _latest(reports), Progress):
        yield report, pace.seconds(report)
    yield report


def _rebuild(notes: Backend, following: Following, reports: queue.Queue[_Report]) -> None:
    result: IndexChanges | Exception
    try:
        result = notes.rebuild(progress=reports.put)
    except Exception as error:
        if not isinstance(error, NotesQAError):
            _LOG.exception("A refresh failed")
        result = error
    following.report(result)
    reports.put(result)


def _latest(reports: queue.Queue[_Report]) -> _Report:
    """The newest report, after a pause; the last one is never passed over, since nothing follows it."""
    report = reports.get()
    time.sleep(_SECONDS_BETWEEN_REPORTS if isinstance(report, Progress) else 0)
    while not reports.empty():
        report = reports.get()
    return report
