"""The text of an answer from a chat model: held to its language, without false numbers, in two languages at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from qa.chat import LocalChatModel, stream_text
from qa.citations import keep_numbers, without_numbers
from qa.language import han_share, has_han
from qa.prompts import answer_messages, language_pattern, prompt_tokens
from qa.types import Language, Passage, Turn

_HEAD_CHARS = 24  # of an answer that is looked at before any of it is shown, where no pattern holds the language


class WrongLanguage(Exception):
    """The model would not keep to the language."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is to answer from."""

    question: str
    passages: Sequence[Passage]  # numbered from 1 in the prompt and in the answer
    history: Sequence[Turn] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one call of a model."""

    answer_tokens: int = 320
    context_tokens: int = 4096
    timeout: float = 60.0  # seconds without a word from a server


def write(
    model: BaseChatModel, task: Task, languages: Sequence[Language], limits: Limits
) -> Iterator[tuple[Language, str]]:
    """Pieces of the answer in each language as they come. Closing it stops the model. Raises WrongLanguage."""
    return _together({language: _in_one_language(model, task, language, limits) for language in languages})


def in_language(text: str, language: Language) -> bool:
    """Whether a text, its citations apart, is written in a language; terms of the other one are allowed to both."""
    bare = without_numbers(text)
    return has_han(bare) and han_share(bare) > 0.2 if language == "zh" else han_share(bare) < 0.2


def _in_one_language(
    model: BaseChatModel, task: Task, language: Language, limits: Limits
) -> Generator[str, None, None]:
    held = isinstance(model, LocalChatModel)
    pieces = _pieces(model, task, language, limits) if held else _looked_at(model, task, language, limits)
    try:
        yield from keep_numbers(pieces, len(task.passages))
    finally:
        pieces.close()


def _looked_at(model: BaseChatModel, task: Task, language: Language, limits: Limits) -> Generator[str, None, None]:
    """For models that no pattern can hold: the beginning is looked at, and asked for once more where it is wrong."""
    for retry in (False, True):
        pieces = _pieces(model, task, language, limits, retry)
        try:
            head = ""
            for piece in pieces:
                head += piece
                if len(head) >= _HEAD_CHARS:
                    break
            if in_language(head, language):
                yield head
                yield from pieces
                return
        finally:
            pieces.close()
    raise WrongLanguage


def _pieces(
    model: BaseChatModel, task: Task, language: Language, limits: Limits, retry: bool = False
) -> Generator[str, None, None]:
    passages = task.passages
    messages = answer_messages(task.question, passages, language, task.history, retry)
    if prompt_tokens(messages) + limits.answer_tokens > limits.context_tokens:
        passages = passages[:1]
        messages = answer_messages(task.question, passages, language, (), retry)
    return stream_text(
        model,
        messages,
        pattern=language_pattern(language, len(passages)),
        max_tokens=limits.answer_tokens,
        timeout=limits.timeout,
    )


def _together(streams: Mapping[Language, Generator[str, None, None]]) -> Iterator[tuple[Language, str]]:
    """What comes from all streams as it comes; one stream stays in the caller's thread."""
    if len(streams) == 1:
        for language, stream in streams.items():
            try:
                yield from ((language, piece) for piece in stream)
            finally:
                stream.close()
        return
    pieces: queue.SimpleQueue[tuple[Language, str | BaseException | None]] = queue.SimpleQueue()
    stopped = threading.Event()

    def read(language: Language, stream: Generator[str, None, None]) -> None:
        try:
            for piece in stream:
                pieces.put((language, piece))
                if stopped.is_set():
                    break
            stream.close()
            pieces.put((language, None))
        except BaseException as error:  # raised again in the thread that reads
            pieces.put((language, error))

    threads = [threading.Thread(target=read, args=item, daemon=True) for item in streams.items()]
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            language, piece = pieces.get()
            if isinstance(piece, BaseException):
                raise piece
            if piece is None:
                running -= 1
            else:
                yield language, piece
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
