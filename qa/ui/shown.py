"""What the chat's components show of a conversation: the values for each, in one fixed order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from qa.types import Language, Topic
from qa.ui.answers import render_question
from qa.ui.conversation import Conversation
from qa.ui.copying import answer_to_markdown
from qa.ui.strings import phrase
from qa.ui.suggesting import examples

_SAME: Any = object()  # what a component shows already


@dataclass(frozen=True, slots=True)
class Shown:
    """News for the components; what is left out stays as it is."""

    conversation: Conversation | None = None
    ui: Language = "en"
    question: Any = _SAME
    sources: Any = _SAME
    notice: Any = _SAME

    def update(self) -> tuple[Any, ...]:
        """In the order of the components: question, sources, notice, chat, conversation, then buttons and the text."""
        told = [gr.skip() if value is _SAME else value for value in (self.question, self.sources, self.notice)]
        if self.conversation is None:
            return (*told, *(gr.skip(),) * 10)
        return (*told, messages(self.conversation), self.conversation, *self._buttons(self.conversation))

    def _buttons(self, now: Conversation) -> tuple[Any, ...]:
        last = now.last
        ready = last is not None and not now.writing and not now.replacing
        other = last.other_language if last and ready else None
        answer = last.answer if last and ready else None
        return (
            gr.Button(visible=not now.writing),
            gr.Button(visible=now.writing),
            gr.Button(visible=ready),
            gr.Button(phrase(f"in_{other}", self.ui), visible=True) if other else gr.Button(visible=False),
            gr.Button(visible=ready),
            gr.Button(visible=now.replacing and not now.writing),
            gr.Button(visible=answer is not None),
            answer_to_markdown(answer, self.ui) if answer else "",
        )


def messages(conversation: Conversation) -> list[dict[str, Any]]:
    """As the chat component takes them; a question that is being edited stands in the box instead."""
    exchanges = conversation.exchanges[:-1] if conversation.replacing else conversation.exchanges
    found: list[dict[str, Any]] = []
    for exchange in exchanges:
        found.append({"role": "user", "content": render_question(exchange.question)})
        found.append({"role": "assistant", "content": exchange.html})
    if found and not conversation.writing and exchanges[-1].followups:
        found[-1]["options"] = [{"value": question} for question in exchanges[-1].followups]
    return found


def empty_chat(topics: Sequence[Topic], ui: Language, indexed: bool = True) -> gr.Chatbot:
    """The chat before the first question: what to do, and questions to click on.

    Without topics there are no notes, once it is known that all there are have been `indexed`.
    """
    head, hint = ("empty_title", "empty_chat") if topics or not indexed else ("empty_corpus", "empty_corpus_how")
    placeholder = (
        f'<div class="nq-empty"><p class="nq-empty-title">{phrase(head, ui)}</p><p>{phrase(hint, ui)}</p></div>'
    )
    return gr.Chatbot(placeholder=placeholder, examples=[{"text": question} for question in examples(topics, ui)])
