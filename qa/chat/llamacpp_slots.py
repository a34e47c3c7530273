"""Which of llama.cpp's sequences takes a request, so that what one of them has read is seldom read again.

The server's own choice takes the sequence with the longest common beginning, and so cuts off the excerpts of an answer
that is not done yet as soon as another one begins.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.chat.engine import Message

_LOOK_SECONDS = 0.1  # between two looks at whether a request is still wanted
_WORTH = 40  # characters: what a kept beginning must save, to be taken up from its file


@dataclass(frozen=True, slots=True)
class Slot:
    """A sequence for one request; `beginning` is the file of what it should take up before, if any."""

    number: int
    beginning: str | None


class Slots:
    """Holds what each sequence read last, and which beginnings of prompts are kept in files."""

    def __init__(self, count: int) -> None:
        self._free: OrderedDict[int, str] = OrderedDict((number, "") for number in range(count))  # longest unused first
        self._beginnings: dict[str, str] = {}
        self._changed = threading.Condition()

    def keep(self, messages: Sequence[Message], file: str) -> None:
        """Say that a file holds what was made of this prompt."""
        with self._changed:
            self._beginnings[written(messages)] = file

    def forget(self, file: str) -> None:
        """Say that a file is of no use."""
        with self._changed:
            self._beginnings = {prompt: kept for prompt, kept in self._beginnings.items() if kept != file}

    def take(self, messages: Sequence[Message], unwanted: Callable[[], bool]) -> Slot | None:
        """Waits for a free sequence; None once the request is unwanted.

        One that already read most of the prompt; else the one that was not used for longest, with the best beginning.
        """
        prompt = written(messages)
        with self._changed:
            while not unwanted():
                if self._free:
                    return self._best(prompt)
                self._changed.wait(_LOOK_SECONDS)
        return None

    def give_back(self, number: int, messages: Sequence[Message]) -> None:
        """The request is over, and the sequence has read its prompt."""
        with self._changed:
            self._free[number] = written(messages)
            self._changed.notify()

    def _best(self, prompt: str) -> Slot:
        def shared(other: str) -> int:
            pairs = zip(prompt, other, strict=False)
            return next((n for n, (one, two) in enumerate(pairs) if one != two), min(len(prompt), len(other)))

        nearest = max(self._free, key=lambda number: shared(self._free[number]))
        kept = max(self._beginnings, key=shared, default="")
        if shared(kept) < _WORTH or shared(self._free[nearest]) > shared(kept) + _WORTH:
            del self._free[nearest]
            return Slot(nearest, None)
        number, _ = self._free.popitem(last=False)
        return Slot(number, self._beginnings[kept])


def written(messages: Sequence[Message]) -> str:
    """A prompt as text: two that begin alike here do so as tokens, too."""
    return "".join(f"\0{turn.role}\0{turn.content}" for turn in messages)
