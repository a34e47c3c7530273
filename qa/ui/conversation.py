"""What one browser tab has seen: questions with what stands in the place of their answers. Knows no components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qa.types import OTHER, Answer, AnswerLanguage, Hit, Language, Turn


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, and of its answer what has come so far."""

    question: str
    html: str  # in the answer's place
    language: AnswerLanguage = "auto"  # that was asked for
    texts: Mapping[Language, str] = field(default_factory=dict)
    hits: tuple[Hit, ...] = ()
    answer: Answer | None = None  # when it is finished
    followups: tuple[str, ...] = ()  # questions that may come next

    @property
    def other_language(self) -> Language | None:
        """The one in which it was not answered; none where it was in both, or not at all."""
        return OTHER[next(iter(self.texts))] if len(self.texts) == 1 else None

    @property
    def said(self) -> str:
        """The text of the answer as far as it came; empty where there is none to refer back to."""
        return self.answer.text if self.answer else "\n\n".join(self.texts.values())


@dataclass(frozen=True, slots=True)
class Conversation:
    """The exchanges, oldest first; `replacing` says that the next question takes the place of the last one.

    `id` is what it is kept under, empty until it is; `number` that of the last exchange there, from 1, or 0 where it is
    not kept.
    """

    exchanges: tuple[Exchange, ...] = ()
    writing: bool = False
    replacing: bool = False
    id: str = ""
    number: int = 0

    @property
    def last(self) -> Exchange | None:
        """The latest one, finished or not."""
        return self.exchanges[-1] if self.exchanges else None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The exchanges as the notes get them."""
        return tuple(Turn(each.question, each.said) for each in self.exchanges if each.said)

    def asked(self, exchange: Exchange) -> Conversation:
        """With a question whose answer is awaited."""
        kept = self.exchanges[:-1] if self.replacing else self.exchanges
        return Conversation((*kept, exchange), writing=True, id=self.id)

    def with_last(self, **changes: Any) -> Conversation:
        """With other values in the last exchange."""
        return replace(self, exchanges=(*self.exchanges[:-1], replace(self.exchanges[-1], **changes)))

    def replace_last(self) -> Conversation:
        """The next question takes the place of the last one."""
        return replace(self, replacing=bool(self.exchanges))

    def keep_last(self) -> Conversation:
        """It does not."""
        return replace(self, replacing=False)

    def finished(self) -> Conversation:
        """Nothing more is awaited."""
        return replace(self, writing=False)
