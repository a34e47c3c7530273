"""The tree of topics for the page, read again only when the index has changed."""

from __future__ import annotations

import logging

from qa.errors import NotesQAError
from qa.types import Topic
from qa.ui.backend import Backend
from qa.ui.following import Following

_LOG = logging.getLogger(__name__)


class Topics:
    """Holds the tree of the latest refresh; may be shared by threads."""

    def __init__(self, notes: Backend, following: Following) -> None:
        self._notes = notes
        self._following = following
        self._held: tuple[int, tuple[Topic, ...]] = (-1, ())

    def tree(self) -> tuple[Topic, ...]:
        """Empty where there are no notes, or no index yet."""
        refreshes = self._following.now.refreshes
        held, tree = self._held
        if held != refreshes:
            try:
                tree = self._notes.topics()
            except NotesQAError as error:  # the first question will say so in the chat
                _LOG.info("No topics: %s", error)
                return ()
            self._held = refreshes, tree
        return tree
