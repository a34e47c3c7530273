"""The text of an answer from a chat model, held to its language and to the length of its context."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from qa.chat import LocalChatModel, stream_text
from qa.chat.engine import check_fits
from qa.citations import without_numbers
from qa.language import han_share, has_han
from qa.prompts import (
    MAX_HISTORY_TURNS,
    Terms,
    answer_messages,
    general_messages,
    language_pattern,
    prompt_tokens,
    version_messages,
)
from qa.types import Language, Passage, Turn

_HEAD_CHARS = 24  # of an answer that is looked at before any of it is shown, where no pattern holds the language
_LONG_HEAD_CHARS = 160  # the same where it begins in the other language, be it with a name, and is not yet a sentence
_SENTENCE_END = re.compile(r"[。！？\n]|[.!?]\s")
_VERSION_TOKENS = 120  # of one sentence in the other language


class WrongLanguage(Exception):
    """The model would not keep to the language."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is to answer from."""

    question: str
    passages: Sequence[Passage]  # numbered from 1 in the prompt and in the answer
    language: Language  # in which it is to be written
    history: Sequence[Turn] = ()  # as much of it as the model is shown
    terms: Mapping[Language, Terms] = field(default_factory=dict)  # of passages in the other language


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one call of a model."""

    answer_tokens: int = 320
    context_tokens: int = 4096
    timeout: float = 60.0  # seconds without a word from a server


def fitted(model: BaseChatModel, task: Task, limits: Limits) -> Task:
    """The task as far as the model's context holds it with an answer: old turns go first, then the last passages.

    Raises ModelFailed where the question alone is too long for a server, which
    would drop the beginning of the prompt and say nothing.
    """
    task = replace(task, history=tuple(task.history[-MAX_HISTORY_TURNS:]))
    context = limits.context_tokens
    if isinstance(model, LocalChatModel):
        context = min(context, model.context_tokens)  # some models were made for less than is set
    while (tokens := _most_tokens(model, task)) > context - limits.answer_tokens:
        if task.history:
            task = replace(task, history=task.history[1:])
        elif len(task.passages) > 1:
            task = replace(task, passages=task.passages[:-1])
        elif isinstance(model, LocalChatModel):
            break  # a shorter answer may fit; the engine counts exactly, and says in a sentence where none does
        else:
            check_fits(tokens, context, limits.answer_tokens)
    return task


def write(model: BaseChatModel, task: Task, limits: Limits) -> Generator[str, None, None]:
    """Pieces of the answer as they come. Closing it stops the model. Raises WrongLanguage."""
    if isinstance(model, LocalChatModel):
        yield from _pieces(model, task, limits)
    else:
        yield from _looked_at(model, task, limits)


def in_other_language(
    model: BaseChatModel, sentence: str, language: Language, terms: Terms, limits: Limits
) -> Generator[str, None, None]:
    """Pieces of a sentence of an answer in a language, with these names. Closing it stops the model."""
    return stream_text(
        model,
        version_messages(sentence, language, terms),
        pattern=language_pattern(language, 1),
        max_tokens=min(_VERSION_TOKENS, limits.answer_tokens),
        stop=("\n",),
        timeout=limits.timeout,
    )


def write_general(
    model: BaseChatModel, question: str, language: Language, limits: Limits
) -> Generator[str, None, None]:
    """Pieces of an answer from general knowledge, without notes. Closing it stops the model."""
    return stream_text(
        model,
        general_messages(question, language),
        pattern=language_pattern(language, 1),
        max_tokens=limits.answer_tokens,
        timeout=limits.timeout,
    )


def in_language(text: str, language: Language) -> bool:
    """Whether a text, its citations apart, is written in a language; terms of the other one are allowed to both."""
    bare = without_numbers(text)
    return has_han(bare) and han_share(bare) > 0.2 if language == "zh" else han_share(bare) < 0.2


def _most_tokens(model: BaseChatModel, task: Task) -> int:
    """Tokens of the longest prompt that the task may become."""
    count = model.count_prompt_tokens if isinstance(model, LocalChatModel) else prompt_tokens
    return count(_messages(task, retry=True))


def _messages(task: Task, retry: bool = False) -> list[BaseMessage]:
    terms = task.terms.get(task.language, ())
    return answer_messages(task.question, task.passages, task.language, task.history, terms, retry)


def _looked_at(model: BaseChatModel, task: Task, limits: Limits) -> Generator[str, None, None]:
    """For models that no pattern can hold: the beginning is looked at, and asked for once more where it is wrong."""
    for retry in (False, True):
        pieces = _pieces(model, task, limits, retry)
        try:
            head = ""
            for piece in pieces:
                head += piece
                long = len(head) >= _LONG_HEAD_CHARS or _SENTENCE_END.search(head)
                if len(head) >= _HEAD_CHARS and (long or in_language(head, task.language)):
                    break
            if in_language(head, task.language):
                yield head
                yield from pieces
                return
        finally:
            pieces.close()
    raise WrongLanguage


def _pieces(model: BaseChatModel, task: Task, limits: Limits, retry: bool = False) -> Generator[str, None, None]:
    return stream_text(
        model,
        _messages(task, retry),
        pattern=language_pattern(task.language, len(task.passages)),
        max_tokens=limits.answer_tokens,
        timeout=limits.timeout,
    )
