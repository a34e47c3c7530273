"""What happens in the page: each function takes what a component sent and yields what others show next.

Knows nothing about layout. Words follow the interface language of each request.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from qa.conversations import Conversations, Options, new_id
from qa.types import AnswerLanguage, Language
from qa.ui import answers, render
from qa.ui.backend import Backend
from qa.ui.conversation import Conversation, Exchange
from qa.ui.following import Following
from qa.ui.line import Line
from qa.ui.panel import Panel
from qa.ui.rebuilding import rebuild
from qa.ui.records import Record
from qa.ui.running import Running
from qa.ui.shown import Shown, empty_chat
from qa.ui.strings import ui_language
from qa.ui.topics import Topics
from qa.ui.warming import Warming
from qa.ui.writing import Basis, Writer

_SECONDS_BETWEEN_LOOKS = 0.3  # at the line that a question stands in; stop is obeyed between two of them
_NO_MODEL = "extractive"  # what the chat model is called where there is none

Update = tuple[Any, ...]


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
        self._topics = Topics(notes, following)
        self._writer = Writer(notes, self._topics.tree)
        self._line = line or Line()
        self._conversations = conversations
        self.panel = Panel(notes)
        self.running = Running()

    def load(self, request: gr.Request) -> Update:
        """(sources, chat) of a page that was just opened."""
        ui = ui_language(request)
        return render.render_note("no_sources", ui), self._empty(ui)

    def status(self, topic: str | None, seen: Seen, conversation: Conversation, request: gr.Request) -> Update:
        """(a line each on the chat model and the index, topics, chat, notice, what the page shows then)."""
        ui = ui_language(request)
        now = self._following.now
        status = self._model_status(ui) + render.render_freshness(now, ui)
        topics = chat = notice = gr.skip()
        if now.refreshes != seen.refreshes:
            choices = render.topic_choices(self._topics.tree(), ui)
            kept = topic if any(topic == value for _, value in choices) else ""
            topics = gr.Dropdown(choices=choices, value=kept)
            chat = gr.skip() if conversation.exchanges else self._empty(ui)
            notice = self.panel.notice(conversation, ui)
        elif status == seen.status:
            return (gr.skip(),) * 5
        return status, topics, chat, notice, Seen(status, now.refreshes)

    def _empty(self, ui: Language) -> gr.Chatbot:
        return empty_chat(self._topics.tree(), ui, indexed=self._following.now.changes is not None)

    def _model_status(self, ui: Language) -> str:
        if self._warming.running:
            return render.render_waiting("model_loading", ui)
        if self._warming.error is not None:
            return render.render_model_failed(self._warming.error, ui)
        if self._notes.model_name == _NO_MODEL:
            return render.render_note("no_model", ui)
        return render.render_model(self._notes.model_name, ui)

    def answer(
        self,
        question: str,
        language: AnswerLanguage,
        topic: str | None,
        basis: Basis,
        conversation: Conversation,
        request: gr.Request,
    ) -> Iterator[Update]:
        """What is `Shown`, until the answer is done."""
        question = question.strip()
        if not question or conversation.writing:
            yield Shown().update()
            return
        ui = ui_language(request)
        record = Record(self._conversations, request.username or "", conversation.id, ui)
        again = conversation.number if conversation.replacing else 0
        record.ask(question, Options(language, topic or "", basis == "general"), again)
        asked = conversation.asked(Exchange(question, render.render_waiting("searching", ui), language))
        latest = asked = replace(asked, id=record.identity, number=record.number)
        with (
            contextlib.closing(record),
            self.running.begin(request.session_hash or "") as halt,
            self._line.stand() as turn,
        ):
            yield Shown(asked, ui, question="", sources="", notice="").update()
            while ahead := turn.wait(_SECONDS_BETWEEN_LOOKS):
                if halt.is_set():
                    return
                waiting = render.render_waiting("waiting_turn", ui, ahead=ahead)
                yield Shown(asked.with_last(html=waiting), ui).update()
            for latest, sources in self._writer.write(asked, topic or None, basis, ui, record, halt):
                if halt.is_set():  # the page may show another conversation by now
                    return
                yield Shown(latest, ui, sources=sources).update()
            if not halt.is_set():
                yield Shown(latest.finished(), ui).update()

    def suggested(
        self,
        language: AnswerLanguage,
        topic: str | None,
        basis: Basis,
        conversation: Conversation,
        request: gr.Request,
        picked: gr.SelectData,
    ) -> Iterator[Update]:
        """As `answer`, for a question that was clicked on."""
        question = picked.value["text"] if isinstance(picked.value, dict) else str(picked.value)
        yield from self.answer(question, language, topic, basis, conversation, request)

    def again(
        self, topic: str | None, basis: Basis, conversation: Conversation, request: gr.Request
    ) -> Iterator[Update]:
        """As `answer`: the last question once more, in the place of its answer."""
        if (last := conversation.last) is None:
            yield Shown().update()
            return
        yield from self.answer(last.question, last.language, topic, basis, conversation.replace_last(), request)

    def in_other_language(
        self, topic: str | None, basis: Basis, conversation: Conversation, request: gr.Request
    ) -> Iterator[Update]:
        """As `answer`: the last question once more, in the language that it was not answered in."""
        last = conversation.last
        if last is None or (language := last.other_language) is None:
            yield Shown().update()
            return
        yield from self.answer(last.question, language, topic, basis, conversation, request)

    def edit(self, conversation: Conversation, request: gr.Request) -> Update:
        """What is `Shown` while the last question is back in the box; sent, it takes the place of the old one."""
        question = conversation.last.question if conversation.last else ""
        return Shown(conversation.replace_last(), ui_language(request), question=question).update()

    def keep(self, conversation: Conversation, request: gr.Request) -> Update:
        """What is `Shown` when an edit is given up."""
        return Shown(conversation.keep_last(), ui_language(request), question="").update()

    def stopped(self, conversation: Conversation, request: gr.Request) -> Update:
        """What is `Shown` after the running answer was cancelled; its text stays."""
        self.running.stop(request.session_hash or "")
        ui = ui_language(request)
        if conversation.writing and conversation.last:
            html = answers.render_stopped(conversation.last.html, ui)
            conversation = conversation.with_last(html=html).finished()
        return Shown(conversation, ui).update()

    def left(self, request: gr.Request) -> None:
        """Ends the work of a page that was closed: nobody reads its answer any more."""
        self.running.stop(request.session_hash or "")

    def settled(self, conversation: Conversation, request: gr.Request) -> Update:
        """As `stopped`, a moment after it: a piece of text may have come later. The next answer may be under way."""
        if self.running.goes_on(request.session_hash or ""):
            return Shown().update()
        return self.stopped(conversation, request)

    def new_chat(self, request: gr.Request) -> Update:
        """What is `Shown` of an empty conversation."""
        self.running.stop(request.session_hash or "")
        ui = ui_language(request)
        empty = render.render_note("no_sources", ui)
        return Shown(Conversation(id=new_id()), ui, question="", sources=empty, notice="").update()

    def rebuild(self, request: gr.Request) -> Iterator[Update]:
        """(report, rebuild button) while the index is being refreshed."""
        ui = ui_language(request)
        yield render.render_progress(None, ui), gr.Button(interactive=False)
        for report in rebuild(self._notes, self._following):
            if isinstance(report, tuple):
                yield render.render_progress(report[0], ui, report[1]), gr.skip()
            elif isinstance(report, Exception):
                yield render.render_error_line(report, ui), gr.Button(interactive=True)
            else:
                yield render.render_changes(report, ui), gr.Button(interactive=True)
