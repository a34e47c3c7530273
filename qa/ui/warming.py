"""Loads the chat model beside the page, and knows how far that is."""

from __future__ import annotations

import logging
import threading

from qa.ui.backend import Backend

_LOG = logging.getLogger(__name__)


class Warming:
    """Loading in the background: `running`, then either `error` or nothing more to say."""

    def __init__(self, notes: Backend) -> None:
        self._notes = notes
        self._thread = threading.Thread(target=self._load, name="warm-up", daemon=True)
        self.error: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _load(self) -> None:
        try:
            self._notes.warm_up()
        except Exception as error:  # shown in the page, and raised again by the first question
            _LOG.warning("The chat model could not be loaded: %s", error)
            self.error = error
