"""What happens in the page: each function takes what a component sent and yields what others show next.

Knows nothing about layout. Words follow the browser's language of each request.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from qa.conversations import Conversations, Options, new_id
from qa.errors import NotesQAError
from qa.types import (
    AnswerLanguage,
    Done,
    Event,
    Extract,
    Failed,
    IndexChanges,
    Language,
    Progress,
    Sources,
    TextDelta,
    Turn,
)
from qa.ui import render
from qa.ui.backend import Backend
from qa.ui.following import Following, Pace
from qa.ui.line import Line
from qa.ui.records import Record
from qa.ui.strings import language_of, phrase
from qa.ui.warming import Warming

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 0.3  # at the line that a question stands in; stop is obeyed between two of them
_SECONDS_BETWEEN_UPDATES = 0.1  # each one sends the bubble again and draws it anew

Update = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one browser tab has seen: bubbles as (role, HTML), and the exchanges as the notes get them."""

    bubbles: tuple[tuple[str, str], ...] = ()
    turns: tuple[Turn, ...] = ()
    writing: bool = False
    id: str = ""  # under which it is kept; empty until it is
    number: int = 0  # of the last exchange there, from 1 on; 0 where it is not kept

    def asked(self, html: str, waiting: str) -> Conversation:
        """With a question and the place for its answer."""
        return replace(self, bubbles=(*self.bubbles, ("user", html), ("assistant", waiting)), writing=True)

    def answered(self, html: str) -> Conversation:
        """With other text in the place of the last answer."""
        return replace(self, bubbles=(*self.bubbles[:-1], ("assistant", html)))

    def remembering(self, turn: Turn) -> Conversation:
        """With one more exchange to refer back to."""
        return replace(self, turns=(*self.turns, turn))

    def finished(self) -> Conversation:
        return replace(self, writing=False)

    def messages(self) -> list[dict[str, str]]:
        """As the chat component takes them."""
        return [{"role": role, "content": html} for role, html in self.bubbles]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page already shows, so that only news is sent to it."""

    status: str = ""
    refreshes: int = -1


class Events:
    """The page's events over one set of notes."""

    def __init__(
        self,
        notes: Backend,
        warming: Warming,
        following: Following,
        line: Line | None = None,
        conversations: Conversations | None = None,
    ) -> None:
        self._notes = notes
        self._warming = warming
        self._following = following
        self._line = line or Line()
        self._conversations = conversations

    def load(self, request: gr.Request) -> Update:
        """(sources, chat) of a page that was just opened."""
        ui = _language(request)
        return render.render_note("no_sources", ui), gr.Chatbot(placeholder=phrase("empty_chat", ui))

    def status(self, topic: str | None, seen: Seen, request: gr.Request) -> Update:
        """(a line each on the chat model and the index, topics, what the page shows then)."""
        ui = _language(request)
        now = self._following.now
        status = self._model_status(ui) + render.render_freshness(now, ui)
        topics: Any = gr.skip()
        if now.refreshes != seen.refreshes:
            choices = render.topic_choices(self._topics(), ui)
            kept = topic if any(topic == value for _, value in choices) else ""
            topics = gr.Dropdown(choices=choices, value=kept)
        elif status == seen.status:
            return gr.skip(), gr.skip(), gr.skip()
        return status, topics, Seen(status, now.refreshes)

    def _model_status(self, ui: Language) -> str:
        if self._warming.running:
            return render.render_waiting("model_loading", ui)
        if self._warming.error is not None:
            return render.render_model_failed(self._warming.error, ui)
        return render.render_model(self._notes.model_name, ui)

    def answer(
        self,
        question: str,
        language: AnswerLanguage,
        topic: str | None,
        allow_general: bool,
        conversation: Conversation,
        request: gr.Request,
    ) -> Iterator[Update]:
        """(question box, chat, sources, conversation, send button, stop button), until the answer is done."""
        question = question.strip()
        if not question:
            yield (gr.skip(),) * 6
            return
        ui = _language(request)
        history = conversation.turns
        conversation = conversation.asked(render.render_question(question), render.render_waiting("searching", ui))
        record = Record(self._conversations, request.username or "", conversation.id, ui)
        record.ask(question, Options(language, topic or "", allow_general))
        latest = conversation = replace(conversation, id=record.identity, number=record.number)
        yield "", conversation.messages(), "", conversation, gr.Button(visible=False), gr.Button(visible=True)
        with contextlib.closing(record), self._line.stand() as turn:
            while ahead := turn.wait(_SECONDS_BETWEEN_LOOKS):
                waiting = conversation.answered(render.render_waiting("waiting_turn", ui, ahead=ahead))
                yield gr.skip(), waiting.messages(), gr.skip(), waiting, gr.skip(), gr.skip()
            for latest, sources in self._write(
                question, language, topic or None, allow_general, history, conversation, ui, record
            ):
                yield gr.skip(), latest.messages(), sources, latest, gr.skip(), gr.skip()
        yield gr.skip(), gr.skip(), gr.skip(), latest.finished(), gr.Button(visible=True), gr.Button(visible=False)

    def _write(
        self,
        question: str,
        language: AnswerLanguage,
        topic: str | None,
        allow_general: bool,
        history: tuple[Turn, ...],
        conversation: Conversation,
        ui: Language,
        record: Record,
    ) -> Iterator[tuple[Conversation, Any]]:
        texts: dict[Language, str] = {}
        extract = ""
        shown = 0.0
        before = conversation
        stream: Iterator[Event] = iter(())
        try:
            stream = self._notes.stream(
                question, language=language, topic=topic, history=history, allow_general=allow_general
            )
            for event in stream:
                record.hear(event)
                match event:
                    case Sources(hits):
                        conversation = before.answered(extract + render.render_waiting("writing", ui))
                        yield conversation, render.render_hits(hits, ui)
                    case Extract(of_notes, _):
                        extract = render.render_extract(of_notes, ui)
                        conversation = before.answered(extract + render.render_waiting("writing", ui))
                        yield conversation, gr.skip()
                    case TextDelta(of, text, general) if not general:
                        texts[of] = texts.get(of, "") + text
                        if time.monotonic() - shown >= _SECONDS_BETWEEN_UPDATES:
                            shown = time.monotonic()
                            conversation = before.answered(render.render_texts(texts)).remembering(
                                Turn(question, "\n\n".join(texts.values()))
                            )
                            yield conversation, gr.skip()
                    case Done(answer):
                        conversation = before.answered(render.render_answer(answer, ui)).remembering(
                            Turn(question, answer.text)
                        )
                        yield conversation, render.render_sources(answer, ui)
                    case Failed(error, said):
                        yield before.answered(render.render_error(error, ui, said or None, extract)), gr.skip()
        except NotesQAError as error:
            record.close("failed")
            yield before.answered(render.render_error(error, ui, texts)), gr.skip()
        except Exception as error:
            _LOG.exception("A question failed")
            record.close("failed")
            yield before.answered(render.render_error(error, ui, texts)), gr.skip()
        finally:  # also when the reader pressed stop or closed the tab: the model must not go on
            if isinstance(stream, Generator):
                stream.close()

    def stopped(self, conversation: Conversation, request: gr.Request) -> Update:
        """(chat, conversation, send button, stop button) after the running answer was cancelled; its text stays."""
        if conversation.writing:
            _, html = conversation.bubbles[-1]
            conversation = conversation.answered(render.render_stopped(html, _language(request))).finished()
        return conversation.messages(), conversation, gr.Button(visible=True), gr.Button(visible=False)

    def new_chat(self, request: gr.Request) -> Update:
        """(chat, sources, conversation, send button, stop button) of an empty conversation."""
        empty = render.render_note("no_sources", _language(request))
        return [], empty, Conversation(id=new_id()), gr.Button(visible=True), gr.Button(visible=False)

    def rebuild(self, request: gr.Request) -> Iterator[Update]:
        """(report, rebuild button) while the index is being refreshed."""
        ui = _language(request)
        yield render.render_progress(None, ui), gr.Button(interactive=False)
        reports: queue.Queue[Progress | IndexChanges | Exception] = queue.Queue()
        threading.Thread(target=self._rebuild, args=(reports,), name="rebuild", daemon=True).start()
        pace = Pace()
        while isinstance(report := _latest(reports), Progress):
            yield render.render_progress(report, ui, pace.seconds(report)), gr.skip()
        self._following.report(report)
        ready = gr.Button(interactive=True)
        if isinstance(report, Exception):
            yield render.render_error_line(report, ui), ready
        else:
            yield render.render_changes(report, ui), ready

    def _rebuild(self, reports: queue.Queue[Progress | IndexChanges | Exception]) -> None:
        try:
            reports.put(self._notes.rebuild(progress=reports.put))
        except Exception as error:
            if not isinstance(error, NotesQAError):
                _LOG.exception("A refresh failed")
            reports.put(error)

    def _topics(self) -> tuple[Any, ...]:
        try:
            return self._notes.topics()
        except NotesQAError as error:  # the first question will say so in the chat
            _LOG.info("No topics: %s", error)
            return ()


def _latest(reports: queue.Queue[Progress | IndexChanges | Exception]) -> Progress | IndexChanges | Exception:
    """The newest report, after a pause; the last one is never passed over, since nothing follows it."""
    report = reports.get()
    time.sleep(_SECONDS_BETWEEN_UPDATES if isinstance(report, Progress) else 0)
    while not reports.empty():
        report = reports.get()
    return report


def _language(request: gr.Request) -> Language:
    return language_of(request.headers.get("accept-language", ""))
