"""Records every call of a chat engine: what it was for, its tokens and its seconds; the engine stays as it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from langchain_core.messages import BaseMessage

from qa.chat import Engine, Message, Pattern
from qa.chat.engine import FinishReason
from qa.prompts import (
    agreement_messages,
    answer_messages,
    general_messages,
    telling_messages,
    verdict_messages,
    version_messages,
)
from qa.rewriting import rewrite_messages
from qa.translating import translation_messages
from qa.types import LANGUAGES

TRANSLATION, REWRITING, COVERED, DRAFT, CHECK, VERSION, GENERAL, OTHER = (
    "question translated",
    "follow-up rewritten",
    "whether notes answer",
    "draft",
    "check of a sentence",
    "sentence in the other language",
    "from general knowledge",
    "other",
)
_BLOCK_TOKENS = 32  # prefixes are kept in blocks of so many by OpenVINO
_REMEMBERED = 32  # prompts that a new one may share a prefix with; what was before them is likely to be dropped


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it went; moments in seconds of `time.perf_counter`."""

    kind: str
    prompt: str  # all messages in one text
    messages: tuple[Message, ...]
    text: str  # what was written; empty for a choice
    begun: float
    first: float  # the first piece; the end for a choice
    last: float  # the last piece
    ended: float


@dataclass(frozen=True, slots=True)
class Counted:
    """A call in tokens and seconds."""

    kind: str
    prompt_tokens: int
    cached_tokens: int  # of them, as far as an earlier prompt begins alike: an estimate, since engines do not tell
    written_tokens: int
    prefill_seconds: float  # to the first token, waiting for other calls included
    decode_seconds: float  # from the first piece to the last
    seconds: float

    @property
    def new_tokens(self) -> int:
        return self.prompt_tokens - self.cached_tokens


class RecordingEngine:
    """Passes everything on to the real engine.

    A thread of its own reads each stream, so that the moments are those of the engine, not of who reads it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._calls: list[Call] = []
        self._lock = threading.Lock()
        self._kinds = _kinds()

    @property
    def context_tokens(self) -> int:
        return self._engine.context_tokens

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        pattern: Pattern | None = None,
        stop: Sequence[str] = (),
        halt: threading.Event | None = None,
    ) -> Generator[str, None, FinishReason]:
        halting = halt or threading.Event()
        begun = time.perf_counter()
        pieces = self._engine.stream(messages, max_tokens=max_tokens, pattern=pattern, stop=stop, halt=halting)
        found: SimpleQueue[str | Exception | tuple[FinishReason]] = SimpleQueue()
        closed = threading.Event()

        def read() -> None:
            text, first, last = "", 0.0, 0.0
            end: Exception | tuple[FinishReason] = ("stop",)
            try:
                while not closed.is_set():
                    piece = next(pieces)
                    last = time.perf_counter()
                    first = first or last
                    text += piece
                    found.put(piece)
            except StopIteration as stopped:
                end = (stopped.value,)
            except Exception as error:  # raised again where the text is read
                end = error
            pieces.close()
            ended = time.perf_counter()
            self._keep(messages, False, text, begun, first or ended, last or ended, ended)
            found.put(end)

        reader = threading.Thread(target=read, name="bench-reader", daemon=True)
        reader.start()
        try:
            while isinstance(piece := found.get(), str):
                yield piece
            if isinstance(piece, Exception):
                raise piece
            return piece[0]
        finally:
            closed.set()
            if halt is None:
                halting.set()
            reader.join()

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, halt: threading.Event | None = None
    ) -> dict[str, float]:
        begun = time.perf_counter()
        chances = self._engine.choose(messages, options, halt=halt)
        ended = time.perf_counter()
        self._keep(messages, True, "", begun, ended, ended, ended)
        return chances

    def recall(self, messages: Sequence[Message]) -> bool:
        return self._engine.recall(messages)

    def read(self, messages: Sequence[Message], *, keep: bool, halt: threading.Event | None = None) -> None:
        self._engine.read(messages, keep=keep, halt=halt)

    def count_tokens(self, text: str) -> int:
        return self._engine.count_tokens(text)

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        return self._engine.count_prompt_tokens(messages)

    def close(self) -> None:
        self._engine.close()

    def calls(self) -> list[Call]:
        """All so far, in the order in which they began."""
        with self._lock:
            return sorted(self._calls, key=lambda call: call.begun)

    def counted(self, calls: Sequence[Call]) -> list[Counted]:
        """These in tokens; counting takes time, so not while something is measured."""
        everything = self.calls()
        return [self._counted(call, everything[: everything.index(call)][-_REMEMBERED:]) for call in calls]

    def _counted(self, call: Call, before: Iterable[Call]) -> Counted:
        whole = self.count_prompt_tokens(call.messages)
        shared = shared_prefix(call.prompt, [each.prompt for each in before])
        cached = min(self.count_tokens(shared), whole - 1) // _BLOCK_TOKENS * _BLOCK_TOKENS
        return Counted(
            call.kind,
            whole,
            cached,
            self.count_tokens(call.text),
            call.first - call.begun,
            call.last - call.first,
            call.ended - call.begun,
        )

    def _keep(
        self,
        messages: Sequence[Message],
        choice: bool,
        text: str,
        begun: float,
        first: float,
        last: float,
        ended: float,
    ) -> None:
        kind = self._kinds.get((messages[0].content, choice), OTHER)
        call = Call(kind, prompt_text(messages), tuple(messages), text, begun, first, last, ended)
        with self._lock:
            self._calls.append(call)


def prompt_text(messages: Iterable[Message]) -> str:
    """About as the chat template of the packaged model writes it."""
    return "".join(f"<|im_start|>{each.role}\n{each.content}<|im_end|>\n" for each in messages)


def shared_prefix(prompt: str, others: Iterable[str]) -> str:
    """The longest beginning that it has in common with one of the others."""
    return prompt[: max((_same(prompt, other) for other in others), default=0)]


def _same(one: str, other: str) -> int:
    """Characters at the beginning of both."""
    length = min(len(one), len(other))
    return next((at for at in range(length) if one[at] != other[at]), length)


def seconds_busy(calls: Iterable[Call]) -> float:
    """How long at least one of the calls was going on."""
    busy, until = 0.0, float("-inf")
    for call in sorted(calls, key=lambda call: call.begun):
        busy += max(0.0, call.ended - max(call.begun, until))
        until = max(until, call.ended)
    return busy


def _kinds() -> dict[tuple[str, bool], str]:
    """What a call is for, by its first message, which is always the same, and whether it is a choice."""
    kinds: dict[tuple[str, bool], str] = {}

    def add(kind: str, messages: Sequence[BaseMessage], choice: bool = False) -> None:
        kinds[str(messages[0].content), choice] = kind

    for language in LANGUAGES:
        add(TRANSLATION, translation_messages("", language))
        add(REWRITING, rewrite_messages("", (), language))
        add(COVERED, answer_messages("", (), language), choice=True)
        add(DRAFT, answer_messages("", (), language))
        add(CHECK, agreement_messages("", "", language), choice=True)
        add(CHECK, verdict_messages("", "", language), choice=True)
        add(CHECK, telling_messages("", ""), choice=True)
        add(VERSION, version_messages("", language))
        add(GENERAL, general_messages("", language))
    return kinds
