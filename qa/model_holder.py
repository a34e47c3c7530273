"""Holds the chat model of one `NotesQA`: loaded when it is first wanted, read ahead while nobody asks, freed once."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from qa.errors import ModelFailed
from qa.priming import Priming

if TYPE_CHECKING:  # LangChain takes a second to import, and a search does without it
    from langchain_core.language_models import BaseChatModel

    from qa.answering import GetModel

_ANSWERS_AT_ONCE = 4  # by a server, or without a model


class ModelHolder:
    """May be shared by threads; the first that wants the model loads it, the others wait."""

    def __init__(self, load: GetModel) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._priming = Priming()
        self._closed = False
        self.model: BaseChatModel | None = None  # None before it is loaded, and for extractive answers
        self.name = ""  # '' before it is loaded

    @property
    def answers_at_once(self) -> int:
        """How many questions to answer at the same time: one with a model of this process.

        It has all processors to itself then; side by side, all of them would wait longer. See bench/results.md.
        """
        if not self.name:
            return 1  # nobody knows yet
        from qa.chat import LocalChatModel

        return 1 if isinstance(self.model, LocalChatModel) else _ANSWERS_AT_ONCE

    def get(self) -> tuple[BaseChatModel | None, str]:
        """The model and its name. Raises what loading it does, and ModelFailed where it is closed."""
        with self._lock:
            self.check_open()
            if not self.name:
                self.model, self.name = self._load()
                from qa.chat import LocalChatModel

                if isinstance(self.model, LocalChatModel):
                    self._priming.start(self.model)
            return self.model, self.name

    def busy(self) -> AbstractContextManager[None]:
        """While somebody asks: nothing is read ahead."""
        return self._priming.paused()

    def wait_until_read(self) -> None:
        """Wait until all that prompts begin with is read; at once where no model of this process is loaded."""
        self._priming.join()

    def check_open(self) -> None:
        """Raises ModelFailed once it is closed."""
        if self._closed:
            raise ModelFailed("These notes are closed. Open them again with NotesQA.open(...).")

    def close(self) -> None:
        """Stop and free the model; a second call does nothing."""
        self._priming.close()
        with self._lock:
            self._closed = True
            close = getattr(self.model, "close", None)
            if close is not None:
                close()
            self.model = None
