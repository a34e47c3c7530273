"""What this program asks of a chat engine; knows no engine, no LangChain and no prompt."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from qa.errors import ModelFailed

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]

_CONTROL_TOKEN = re.compile(r"<\|(?=[^|<>\s]{1,40}\|>)")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an answer may look like, as each engine wants it; both forms must mean the same language.

    `regex` matches the whole answer (OpenVINO). `gbnf` is a llama.cpp grammar whose first rule is `root`.
    """

    regex: str
    gbnf: str


class Engine(Protocol):
    """A loaded model. Every method may be called from several threads at once; decoding is greedy."""

    @property
    def context_tokens(self) -> int:
        """Tokens that a prompt and its answer may have together."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        pattern: Pattern | None = None,
        stop: Sequence[str] = (),
        halt: threading.Event | None = None,
    ) -> Generator[str, None, FinishReason]:
        """Text as it is decoded, whole characters only; the generator returns why it ended.

        Streams that are open at the same time are decoded in one batch. Closing the generator ends the decoding; so
        does setting `halt` in another thread, also while the prompt is being read: then AnswerStopped is raised.
        `stop` strings end the text and are left out of it. An answer that would pass the end of the context ends
        there with "length". Raises ModelFailed where the prompt alone fills the context.
        """

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, halt: threading.Event | None = None
    ) -> dict[str, float]:
        """Natural logarithm of how probable each option's first token is as the next token, no option excluded.

        `halt` as in `stream`. Raises NotImplementedError where an engine cannot tell.
        """

    def recall(self, messages: Sequence[Message]) -> bool:
        """Take up what was kept of a prompt, also by an earlier run; False where nothing is, or the engine cannot."""

    def read(self, messages: Sequence[Message], *, keep: bool, halt: threading.Event | None = None) -> None:
        """Read a prompt so that others which begin like it are read sooner.

        With `keep` in later runs too, where the engine can. `halt` as in `stream`.
        """

    def count_tokens(self, text: str) -> int:
        """Tokens of a bare text."""

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of a whole prompt with what the chat template adds."""

    def close(self) -> None:
        """Stop every stream and free the model; a second call does nothing."""


def without_control_tokens(text: str) -> str:
    """The text with `<|im_end|>` and its like spelled apart, so that a note cannot pose as the system."""
    return _CONTROL_TOKEN.sub("< |", text)


def check_fits(prompt_tokens: int, context_tokens: int, answer_tokens: int = 1) -> None:
    """Raise ModelFailed where no room is left for so many tokens of answer."""
    if prompt_tokens + answer_tokens > context_tokens:
        answer = f" and its answer up to {answer_tokens}" if answer_tokens > 1 else ""
        raise ModelFailed(
            f"The prompt has {prompt_tokens} tokens{answer}, but the chat model's context is {context_tokens} tokens. "
            "Ask a shorter question or raise NOTES_QA_CONTEXT_TOKENS."
        )


def until_stop(pieces: Iterable[str], stop: Sequence[str]) -> Generator[str, None, bool]:
    """The text before the first stop string; holds back what may begin one. Returns whether it met one."""
    marks = [mark for mark in stop if mark]
    held = ""
    for piece in pieces:
        held += piece
        found = [at for mark in marks if (at := held.find(mark)) >= 0]
        if found:
            if min(found):
                yield held[: min(found)]
            return True
        keep = max((_overlap(held, mark) for mark in marks), default=0)
        if len(held) > keep:
            yield held[: len(held) - keep]
            held = held[len(held) - keep :]
    if held:
        yield held
    return False


def _overlap(text: str, mark: str) -> int:
    """How many characters at the end of the text are the beginning of the mark."""
    return next((size for size in range(min(len(text), len(mark) - 1), 0, -1) if text.endswith(mark[:size])), 0)
