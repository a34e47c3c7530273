"""Reads the constant beginnings of the prompts into the model's prompt cache before anybody asks.

They are longer than most questions with their excerpts: the first question in each language would wait for them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qa.errors import NotesQAError
from qa.types import Language

if TYPE_CHECKING:  # imported with the first model
    from langchain_core.messages import BaseMessage

    from qa.chat import LocalChatModel

_PIECE_TOKENS = 100  # a few steps of the model

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
                started = time.monotonic()
                model.stopped_by(self._over).choose(messages, yes_no("zh"))
                # A step of the model holds the interpreter: whoever opens the page meanwhile gets half of the time.
                self._over.wait(time.monotonic() - started)
        except NotesQAError as error:  # a question came, or the model was closed
            _log.debug("Priming ended: %s", error)


def beginnings() -> list[list[BaseMessage]]:
    """Prompts of each kind in each language, in the order in which a question needs them, long ones piece by piece."""
    from qa.prompts import agreement_messages, check_messages, verdict_messages, version_messages
    from qa.translating import translation_messages

    pairs: tuple[tuple[Language, Language], ...] = (("zh", "en"), ("en", "zh"))
    prompts: list[list[BaseMessage]] = []
    for language, other in pairs:
        prompts += [translation_messages("?", other), check_messages("?", (), language)]
        prompts.append(agreement_messages("?", "?", language))
    prompts += [version_messages("?", other) for _, other in pairs]
    prompts += [verdict_messages("?", "?", language) for language, _ in pairs]
    return [piece for prompt in prompts for piece in _pieces(prompt)]


def _pieces(prompt: list[BaseMessage]) -> Iterator[list[BaseMessage]]:
    """Beginnings that end before an example and are a good deal longer than the one before; then the whole prompt."""
    from qa.prompts import prompt_tokens

    read = 0
    for end in range(1, len(prompt) - 1):
        tokens = prompt_tokens(prompt[:end])
        if prompt[end].type == "human" and tokens - read >= _PIECE_TOKENS:
            read = tokens
            yield [*prompt[:end], prompt[-1]]
    yield prompt
