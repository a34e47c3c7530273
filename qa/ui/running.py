"""The answers that are being written, one for each open page, so that another thread can end them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Running:
    """By the session of the page, as Gradio calls it; for any number of threads."""

    def __init__(self) -> None:
        self._halts: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def begin(self, session: str) -> Iterator[threading.Event]:
        """An answer for as long as the block runs; the event is set when it shall end. Ends the one before it."""
        halt = threading.Event()
        with self._lock:
            before, self._halts[session] = self._halts.get(session), halt
        if before is not None:
            before.set()
        try:
            yield halt
        finally:
            with self._lock:
                if self._halts.get(session) is halt:
                    del self._halts[session]

    def goes_on(self, session: str) -> bool:
        """Whether an answer of this page is being written that nobody has ended."""
        with self._lock:
            halt = self._halts.get(session)
        return halt is not None and not halt.is_set()

    def stop(self, session: str) -> None:
        """End the answer of this page; nothing where there is none."""
        with self._lock:
            halt = self._halts.get(session)
        if halt is not None:
            halt.set()
