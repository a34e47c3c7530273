"""A chat engine that keeps what the real one said in a file, so that what comes after it is measured again at once."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from qa.chat import Engine, LocalChatModel, Message, Pattern, open_chat_model
from qa.chat.engine import FinishReason
from qa.priming import beginnings
from qa.settings import Settings

_SAVE_EVERY = 10


class KeptEngine:
    """Asks the real engine only what the file does not hold; loads it only then. Its times say nothing."""

    def __init__(self, path: Path, open_engine: Callable[[], Engine]) -> None:
        self._path = path
        self._open = open_engine
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self._new = 0

    @property
    def context_tokens(self) -> int:
        return 4096

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        pattern: Pattern | None = None,
        stop: Sequence[str] = (),
    ) -> Generator[str, None, FinishReason]:
        key = _key("stream", messages, max_tokens, pattern.regex if pattern else "", tuple(stop))
        if key not in self._known:
            stream = self._real().stream(messages, max_tokens=max_tokens, pattern=pattern, stop=stop)
            text = ""
            while True:
                try:
                    piece = next(stream)
                except StopIteration as end:
                    self._keep(key, [text, end.value])
                    return "length" if end.value == "length" else "stop"
                text += piece
                yield piece
        text, reason = self._known[key]
        yield text
        return "length" if reason == "length" else "stop"

    def choose(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        key = _key("choose", messages, tuple(options))
        if key not in self._known:
            self._keep(key, self._real().choose(messages, options))
        return dict(self._known[key])

    def recall(self, messages: Sequence[Message]) -> bool:  # noqa: ARG002
        return False

    def read(self, messages: Sequence[Message], *, keep: bool, halt: threading.Event | None = None) -> None:
        """Nothing need be read."""

    def count_tokens(self, text: str) -> int:
        return len(text.encode()) // 3

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        return sum(self.count_tokens(message.content) + 8 for message in messages)

    def close(self) -> None:
        self.save()
        if self._engine is not None:
            self._engine.close()

    def save(self) -> None:
        """Write what is known."""
        with self._lock:
            self._path.write_text(json.dumps(self._known, ensure_ascii=False, indent=0), encoding="utf-8")

    def _real(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self._open()
                for prompt in beginnings():
                    LocalChatModel(engine=self._engine, name_of_model="kept").recall(prompt)
            return self._engine

    def _keep(self, key: str, value: Any) -> None:
        with self._lock:
            self._known[key] = value
            self._new += 1
            due = self._new % _SAVE_EVERY == 0
        if due:
            self.save()


def kept_model(path: Path, settings: Settings) -> LocalChatModel:
    """The chat model of the settings with what it said kept in a file."""
    return LocalChatModel(engine=KeptEngine(path, lambda: _engine(settings)), name_of_model="kept")


def _engine(settings: Settings) -> Engine:
    model, _ = open_chat_model(settings.chat_model, cache=settings.cache, engine=settings.engine)
    if not isinstance(model, LocalChatModel):
        raise SystemExit("The chat model of the settings does not run in this process; set NOTES_QA_CHAT_MODEL.")
    engine: Engine = model.engine
    return engine


def _key(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
