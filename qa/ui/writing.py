"""Writes one answer into a conversation as it comes: what stands in its place, and what the sources panel shows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Literal

import gradio as gr

from qa.errors import AnswerStopped, NotesQAError
from qa.types import Answer, Done, Event, Extract, Failed, Language, Sources, TextDelta, Topic
from qa.ui import answers
from qa.ui.backend import Backend
from qa.ui.conversation import Conversation
from qa.ui.records import Record
from qa.ui.render import render_waiting
from qa.ui.sources import render_hits, render_sources
from qa.ui.suggesting import followups

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_UPDATES = 0.1  # each one sends the bubble again and draws it anew

# What an answer may say: only what the notes support; also what they do not, marked as such; or general knowledge.
Basis = Literal["notes", "mark", "general"]
BASES: tuple[Basis, ...] = ("notes", "mark", "general")


class Writer:
    """Asks one set of notes; `topics` gives the tree that questions to go on with are made from."""

    def __init__(self, notes: Backend, topics: Callable[[], Sequence[Topic]]) -> None:
        self._notes = notes
        self._topics = topics

    def write(
        self,
        conversation: Conversation,
        topic: str | None,
        basis: Basis,
        ui: Language,
        record: Record,
        halt: threading.Event,
    ) -> Iterator[tuple[Conversation, Any]]:
        """The conversation, whose last exchange is the question, with the answer so far; and the sources panel.

        The record hears all of it. Setting `halt` ends it without another word: the page says that it was stopped.
        """
        texts: dict[Language, str] = {}
        extract = ""
        shown = 0.0
        place = len(conversation.exchanges) - 1
        asked = conversation.exchanges[-1]
        stream: Iterator[Event] = iter(())
        try:
            stream = self._notes.stream(
                asked.question,
                language=asked.language,
                topic=topic,
                history=conversation.turns,
                strict={"notes": True, "mark": False}.get(basis),
                allow_general=basis == "general",
                halt=halt,
            )
            for event in stream:
                record.hear(event)
                match event:
                    case Sources(hits):
                        html = extract + render_waiting("writing", ui)
                        conversation = conversation.with_last(html=html, hits=hits)
                        yield conversation, render_hits(hits, ui, place, ranked=False)
                    case Extract(of_notes, _):
                        extract = answers.render_extract(of_notes, ui)
                        conversation = conversation.with_last(html=extract + render_waiting("writing", ui))
                        yield conversation, gr.skip()
                    case TextDelta(of, text, general) if not general:
                        texts = {**texts, of: texts.get(of, "") + text}
                        if time.monotonic() - shown >= _SECONDS_BETWEEN_UPDATES:
                            shown = time.monotonic()
                            conversation = conversation.with_last(html=answers.render_texts(texts), texts=texts)
                            yield conversation, gr.skip()
                    case Done(answer):
                        conversation = conversation.with_last(
                            html=answers.render_answer(answer, ui, place),
                            texts=answer.texts,
                            answer=answer,
                            hits=answer.hits,
                            followups=self._followups(conversation, answer, ui),
                        )
                        yield conversation, render_sources(answer, ui, place)
                    case Failed(AnswerStopped()):
                        return
                    case Failed(error, said):
                        yield _failed(conversation, error, ui, said or None, extract), gr.skip()
        except NotesQAError as error:
            record.close("failed")
            yield _failed(conversation, error, ui, texts, extract), gr.skip()
        except Exception as error:
            _LOG.exception("A question failed")
            record.close("failed")
            yield _failed(conversation, error, ui, texts, extract), gr.skip()
        finally:  # also when the reader pressed stop or closed the tab: the model must not go on
            if isinstance(stream, Generator):
                stream.close()

    def _followups(self, conversation: Conversation, answer: Answer, ui: Language) -> tuple[str, ...]:
        return followups(answer, self._topics(), ui, (each.question for each in conversation.exchanges))


def _failed(
    conversation: Conversation, error: Exception, ui: Language, texts: Mapping[Language, str] | None, extract: str
) -> Conversation:
    """Without a text to refer back to: what broke off is no answer."""
    return conversation.with_last(html=answers.render_error(error, ui, texts, extract), texts={})
