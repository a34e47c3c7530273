"""Loads the chat model beside the page, and knows how far that is."""

from __future__ import annotations

import logging
import threading

from qa.ui.backend import Backend

_LOG = logging.getLogger(__name__)


class Warming:
    """Loading in the background: `running`, then either `error` or nothing more to say.

    The encoder loads beside whatever else there is to do, such as the import of the page's libraries. The chat model
    holds the interpreter meanwhile: it waits until the page is served.
    """

    def __init__(self, notes: Backend) -> None:
        self._notes = notes
        self._thread = threading.Thread(target=self._load, name="warm-up", daemon=True)
        self._served = threading.Event()
        self.error: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def page_is_served(self) -> None:
        """Let the chat model load."""
        self._served.set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _load(self) -> None:
        try:
            self._notes.warm_up_encoder()
            self._served.wait()
            self._notes.warm_up()
        except Exception as error:  # shown in the page, and raised again by the first question
            _LOG.warning("The chat model could not be loaded: %s", error)
            self.error = error
