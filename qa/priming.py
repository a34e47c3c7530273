"""Reads the constant beginnings of the prompts into the model's prompt cache before anybody asks.

They are longer than most questions with their excerpts: the first question in each language would wait for them.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from qa.errors import NotesQAError
from qa.types import Language

if TYPE_CHECKING:  # imported with the first model
    from langchain_core.messages import BaseMessage

    from qa.chat import LocalChatModel

_log = logging.getLogger(__name__)


class Priming:
    """In a thread of its own, until the first question: that one must not wait for it."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, model: LocalChatModel) -> None:
        """Begin, where nobody has asked yet; once only."""
        if self._thread is None and not self._over.is_set():
            self._thread = threading.Thread(target=self._read, args=(model,), name="priming", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Let a question pass: what is being read is given up within a step of the model."""
        self._over.set()

    def join(self) -> None:
        """Wait until all is read, or it was ended."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End, and wait for the step under way: the model is about to go."""
        self.end()
        self.join()

    def _read(self, model: LocalChatModel) -> None:
        from qa.prompts import yes_no

        try:
            for messages in beginnings():
                model.stopped_by(self._over).choose(messages, yes_no("zh"))
        except NotesQAError as error:  # a question came, or the model was closed
            _log.debug("Priming ended: %s", error)


def beginnings() -> list[list[BaseMessage]]:
    """One prompt of each kind in each language, in the order in which a question needs them."""
    from qa.prompts import agreement_messages, check_messages, version_messages
    from qa.translating import translation_messages

    pairs: tuple[tuple[Language, Language], ...] = (("zh", "en"), ("en", "zh"))
    prompts: list[list[BaseMessage]] = []
    for language, other in pairs:
        prompts += [translation_messages("?", other), check_messages("?", (), language)]
        prompts.append(agreement_messages("?", "?", language))
    return [*prompts, *(version_messages("?", other) for _, other in pairs)]
