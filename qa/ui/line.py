"""The line that questions stand in: so many are answered at once, the others know how many are before them.

Gradio's own queue tells a waiting reader nothing in his language, and shows the question only when its turn comes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

ANSWERS_AT_ONCE = 4  # where nothing else is said, and by the endpoints together


class Turn:
    """A place in the line."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def wait(self, seconds: float) -> int:
        """0 as soon as it is this one's turn; else, after so many seconds, how many are before it."""
        return self._line.wait(self, seconds)


class Line:
    """First come, first served, by `places` at once; for any number of threads."""

    def __init__(self, places: Callable[[], int] = lambda: ANSWERS_AT_ONCE) -> None:
        """`places` may become others when the chat model is loaded: it is asked at every look at the line."""
        self._places = places
        self._turns: list[Turn] = []
        self._moved = threading.Condition()

    @contextlib.contextmanager
    def stand(self) -> Iterator[Turn]:
        """A place for as long as the block runs, from the first wait to the end of the answer."""
        turn = Turn(self)
        with self._moved:
            self._turns.append(turn)
        try:
            yield turn
        finally:
            with self._moved:
                self._turns.remove(turn)
                self._moved.notify_all()

    def wait(self, turn: Turn, seconds: float) -> int:
        """As `Turn.wait`."""
        with self._moved:
            self._moved.wait_for(lambda: self._turns.index(turn) < self._places(), seconds)
            before = self._turns.index(turn)
        return before if before >= self._places() else 0
