"""Answers that were given already, by everything that they depend on; knows nothing of how they are made."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from qa.types import Answer

_KEPT = 256


class AnswerCache:
    """The latest answers, for equal keys only; may be shared by threads."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Answer | None:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: Hashable, answer: Answer) -> None:
        with self._lock:
            self._answers[key] = answer
            self._answers.move_to_end(key)
            while len(self._answers) > self._kept:
                self._answers.popitem(last=False)
