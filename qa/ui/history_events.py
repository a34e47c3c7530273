"""What happens in the panel of conversations, and how a kept one becomes the page's again. Knows nothing of layout.

What is kept is the answer itself; it is drawn anew, in the language of whoever reads it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import gradio as gr

from qa.conversation_files import QuestionFile, question_file
from qa.conversations import Conversations, StoredConversation, Summary, new_id
from qa.conversations import Exchange as Kept
from qa.errors import ConversationNotFound, ConversationsUnusable
from qa.types import Language
from qa.ui import answers, render
from qa.ui.conversation import Conversation, Exchange
from qa.ui.downloads import download_of
from qa.ui.markdown import plain
from qa.ui.panel import Panel as SourcesPanel
from qa.ui.panel import render_sources_of
from qa.ui.running import Running
from qa.ui.shown import Shown
from qa.ui.strings import error_sentence, phrase, ui_language

_LOG = logging.getLogger(__name__)

# (choices, hint, group of the open one, its title, its Markdown, its JSON, question before deleting, words on the
# ratings, button to save them, id for the page's address)
Panel = tuple[Any, ...]
# What is `Shown`, then a Panel
Opened = tuple[Any, ...]


class HistoryEvents:
    """The panel's events over the kept conversations; opening one ends the answer that is `running` in the page."""

    def __init__(self, conversations: Conversations, sources: SourcesPanel, running: Running) -> None:
        self._conversations = conversations
        self._sources = sources
        self._running = running

    def load(self, conversation: Conversation, words: str, request: gr.Request) -> Opened:
        """The conversation of the page's address, or a new one; a reader who was faster than this keeps his."""
        if conversation.exchanges:
            return *Shown().update(), *self.show(conversation, words, request)
        return self._opened(self._read(str(request.query_params.get("c", "")), request, quiet=True), words, request)

    def open(self, identity: str, conversation: Conversation, words: str, request: gr.Request) -> Opened:
        """The conversation that was chosen in the list; a question that is not sent yet stays in the box."""
        self._running.stop(request.session_hash or "")
        box = "" if conversation.replacing else None  # what is edited there belongs to the other one
        return self._opened(self._read(identity, request), words, request, box)

    def show(self, conversation: Conversation, words: str, request: gr.Request) -> Panel:
        """The panel as it is now."""
        owner, ui = owner_of(request), ui_language(request)
        try:
            every = self._conversations.find(owner)
            found = self._conversations.find(owner, words) if words.strip() else every
            made = question_file(self._conversations.read_rated(owner))
        except ConversationsUnusable as error:
            told = gr.Markdown(render.render_error_line(error, ui), visible=True)
            return gr.skip(), told, *(gr.skip(),) * 7, _address(conversation.id)
        current = next((summary for summary in every if summary.id == conversation.id), None)
        choices = [(_label(summary), summary.id) for summary in found]
        chosen = conversation.id if any(summary.id == conversation.id for summary in found) else None
        nothing = "no_conversation_found" if every else "no_conversations"
        return (
            gr.Radio(choices=choices, value=chosen, visible=bool(choices)),
            gr.Markdown("" if choices else render.render_note(nothing, ui), visible=not choices),
            gr.Column(visible=current is not None),
            current.title if current else "",
            gr.Button(link=download_of(conversation.id, "md")),
            gr.Button(link=download_of(conversation.id, "json")),
            gr.Column(visible=False),
            _ratings(made, ui),
            gr.Button(visible=made.questions > 0),
            _address(conversation.id),
        )

    def rename(self, conversation: Conversation, words: str, title: str, request: gr.Request) -> Panel:
        """The panel with another title of the open conversation."""
        try:
            self._conversations.rename(owner_of(request), conversation.id, title)
        except (ConversationNotFound, ConversationsUnusable) as error:
            tell(error, ui_language(request))
        return self.show(conversation, words, request)

    def ask_delete(self) -> Any:
        return gr.Column(visible=True)

    def keep(self) -> Any:
        return gr.Column(visible=False)

    def delete(self, conversation: Conversation, words: str, request: gr.Request) -> Opened:
        """A new conversation in the place of the open one, which is gone."""
        try:
            self._conversations.delete(owner_of(request), conversation.id)
        except ConversationNotFound:
            _LOG.info("A conversation was deleted twice")
        except ConversationsUnusable as error:
            tell(error, ui_language(request))
            return *Shown().update(), *self.show(conversation, words, request)
        self._running.stop(request.session_hash or "")
        return self._opened(Conversation(id=new_id()), words, request, "" if conversation.replacing else None)

    def _read(self, identity: str, request: gr.Request, quiet: bool = False) -> Conversation:
        """A kept one, or a new one where there is none; `quiet` says nothing of it."""
        ui = ui_language(request)
        stored: StoredConversation | None = None
        if identity:
            try:
                stored = self._conversations.read(owner_of(request), identity)
            except ConversationsUnusable as error:
                tell(error, ui)
            except ConversationNotFound as error:
                if not quiet:
                    tell(error, ui)
        return conversation_of(stored, ui) if stored else Conversation(id=new_id())

    def _opened(
        self, conversation: Conversation, words: str, request: gr.Request, question: str | None = None
    ) -> Opened:
        ui = ui_language(request)
        sources, notice = _sources(conversation, ui), self._sources.notice(conversation, ui)
        box = gr.skip() if question is None else question
        shown = Shown(conversation, ui, question=box, sources=sources, notice=notice)
        return *shown.update(), *self.show(conversation, words, request)


def conversation_of(stored: StoredConversation, ui: Language) -> Conversation:
    """As the page holds it, drawn in the reader's language."""
    exchanges = tuple(_drawn(exchange, place, ui) for place, exchange in enumerate(stored.exchanges))
    return Conversation(exchanges, id=stored.id, number=len(exchanges))


def _drawn(kept: Kept, place: int, ui: Language) -> Exchange:
    """What failed is nothing to refer back to, as while it was written."""
    answer, language = kept.answer, kept.options.language
    if kept.ended == "done":
        html = answers.render_answer(answer, ui, place)
        return Exchange(kept.question, html, language, answer.texts, answer.hits, answer)
    html = answers.render_broken_off(answer.texts, ui)
    return Exchange(kept.question, html, language, answer.texts if kept.ended == "stopped" else {}, answer.hits)


def _sources(conversation: Conversation, ui: Language) -> str:
    if conversation.last is None:
        return render.render_note("no_sources", ui)
    exchanges = len(conversation.exchanges)
    return render_sources_of(conversation.last, exchanges - 1, exchanges, ui)


def _label(summary: Summary) -> str:
    """Title and, on a line of its own, the time of this machine."""
    return f"{summary.title}\n{datetime.fromtimestamp(summary.updated):%Y-%m-%d %H:%M}"


def _ratings(made: QuestionFile, ui: Language) -> str:
    """How many ratings can be saved as questions, and why others cannot."""
    if not made.questions and not made.left_out:
        return render.render_note("ratings_none", ui)
    lines = [phrase("ratings_count", ui, questions=made.questions)]
    if made.left_out:
        comma = phrase("list_comma", ui)
        reasons = comma.join(phrase(f"left_{why}", ui, count=count) for why, count in made.left_out.items())
        lines.append(phrase("ratings_left_out", ui, count=sum(made.left_out.values()), reasons=reasons))
    return "".join(f'<div class="nq-small">{plain(line)}</div>' for line in lines)


def _address(identity: str) -> str:
    return f"`{identity}`" if identity else ""


def tell(error: Exception, ui: Language) -> None:
    """Say what went wrong in a corner of the page."""
    gr.Warning(plain(error_sentence(error, ui)[0]))


def owner_of(request: gr.Request) -> str:
    """Who is logged in; empty where nobody has to."""
    return request.username or ""
