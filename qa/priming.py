"""Has the model read the constant beginnings of the prompts before anybody asks, or take them up from an earlier run.

They are longer than most questions with their excerpts: the first question in each language would wait for them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qa.errors import AnswerStopped, NotesQAError
from qa.types import Language

if TYPE_CHECKING:  # imported with the first model
    from langchain_core.messages import BaseMessage

    from qa.chat import LocalChatModel

_PIECE_TOKENS = 100  # a few steps of the model
_SETTLED = 1.0  # seconds without a question

_log = logging.getLogger(__name__)


class Priming:
    """In a thread of its own, and only while nobody asks: no question waits for it longer than a step of the model."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._asking = 0
        self._halt = threading.Event()  # of what is being read
        self._closed = False

    def start(self, model: LocalChatModel) -> None:
        """Take up what an earlier run has kept, and begin to read the rest; once only."""
        with self._changed:
            if self._thread is not None or self._closed:
                return
            unread = [prompt for prompt in beginnings() if not model.recall(prompt)]
            self._thread = threading.Thread(target=self._read, args=(model, unread), name="priming", daemon=True)
            self._thread.start()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """While a question is answered: what is being read is given up, and read again when nobody asks any more."""
        with self._changed:
            self._asking += 1
            self._halt.set()
        try:
            yield
        finally:
            with self._changed:
                self._asking -= 1
                self._changed.notify_all()

    def join(self) -> None:
        """Wait until all is read, or it was closed."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End, and wait for the step under way: the model is about to go."""
        with self._changed:
            self._closed = True
            self._halt.set()
            self._changed.notify_all()
        self.join()

    def _read(self, model: LocalChatModel, unread: Sequence[list[BaseMessage]]) -> None:
        pieces = deque((piece, piece is prompt) for prompt in unread for piece in _pieces(prompt))
        while pieces and (halt := self._quiet()):
            started = time.monotonic()
            try:
                model.stopped_by(halt).read(*pieces[0])
            except AnswerStopped:
                continue
            except NotesQAError as error:  # longer than a small context, or the model was closed
                _log.debug("A prompt was not read ahead: %s", error)
            pieces.popleft()
            # A step may hold the interpreter: whoever opens the page meanwhile gets half of the time.
            halt.wait(time.monotonic() - started)

    def _quiet(self) -> threading.Event | None:
        """Waits until nobody asks; what ends the reading then, or None once it is over for good.

        For a moment more than that: after its last question a program that ends need not wait for a step of the model.
        """
        with self._changed:
            while not self._closed and self._asking:
                self._changed.wait_for(lambda: self._closed or not self._asking)
                self._changed.wait_for(lambda: self._closed or self._asking, _SETTLED)
            self._halt = threading.Event()
            return None if self._closed else self._halt


def beginnings() -> list[list[BaseMessage]]:
    """Prompts of each kind in each language, in the order in which a question needs them."""
    from qa.prompts import agreement_messages, check_messages, verdict_messages, version_messages
    from qa.translating import translation_messages

    pairs: tuple[tuple[Language, Language], ...] = (("zh", "en"), ("en", "zh"))
    prompts: list[list[BaseMessage]] = []
    for language, other in pairs:
        prompts += [translation_messages("?", other), check_messages("?", (), language)]
        prompts.append(agreement_messages("?", "?", language))
    prompts += [version_messages("?", other) for _, other in pairs]
    prompts += [verdict_messages("?", "?", language) for language, _ in pairs]
    return prompts


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
