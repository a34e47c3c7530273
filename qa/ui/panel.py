"""What the sources panel shows when the reader picks something in it or a number in an answer."""

from __future__ import annotations

import re
from typing import Any

import gradio as gr

from qa.errors import NotesQAError
from qa.types import Citation, Language, Passage
from qa.ui.backend import Backend
from qa.ui.conversation import Conversation, Exchange
from qa.ui.markdown import plain
from qa.ui.note_view import changed, place_of, render_whole_note
from qa.ui.render import render_error_line
from qa.ui.sources import render_hits, render_sources
from qa.ui.strings import phrase, ui_language

# What the page's script writes: whether the sources or a note are wanted, of which answer of the conversation, and of
# the note by which card: that of citation c1 or hit h1. The number at the end makes each wish another one.
_PICK = re.compile(r"(?:(?P<sources>sources)|note:(?P<kind>[ch])(?P<number>\d{1,4})):(?P<place>\d{1,5}):\d+")


class Panel:
    """Over one set of notes."""

    def __init__(self, notes: Backend) -> None:
        self._notes = notes

    def show(self, pick: str, conversation: Conversation, request: gr.Request) -> Any:
        """The sources panel; what does not fit the conversation changes nothing."""
        ui = ui_language(request)
        match = _PICK.fullmatch(pick or "")
        if not match or int(match["place"]) >= len(conversation.exchanges):
            return gr.skip()
        place = int(match["place"])
        exchange = conversation.exchanges[place]
        if match["sources"]:
            return render_sources_of(exchange, place, len(conversation.exchanges), ui)
        found = _find(exchange, match["kind"], int(match["number"]))
        if found is None:
            return gr.skip()
        try:
            where = place_of(found)
            return render_whole_note(self._notes.note(where.passage.note_path), where, place, ui)
        except NotesQAError as error:
            return render_error_line(error, ui)

    def notice(self, conversation: Conversation, ui: Language) -> str:
        """Which notes that the last answer cites are not what they were; empty where all are."""
        answer = conversation.last.answer if conversation.last else None
        if answer is None or not answer.citations:
            return ""
        try:
            now = {path: self._notes.note(path) for path in {each.note_path for each in answer.citations}}
        except NotesQAError:  # the status line says it
            return ""
        cited = dict.fromkeys(each.note_path for each in answer.citations if changed(now[each.note_path], each.passage))
        names = phrase("list_comma", ui).join(plain(path) for path in cited)
        return (
            f'<div class="nq-changed" role="status">{phrase("sources_changed", ui, names=names)}</div>' if cited else ""
        )


def render_sources_of(exchange: Exchange, place: int, exchanges: int, ui: Language) -> str:
    """The panel of the exchange at that place of so many."""
    if exchange.answer is None:
        return render_hits(exchange.hits, ui, place, ranked=False)
    html = render_sources(exchange.answer, ui, place)
    if place == exchanges - 1:
        return html
    older = phrase("older", ui, question=plain(exchange.question))
    return f'<div class="nq-older nq-small">{older}</div>{html}'


def _find(exchange: Exchange, kind: str, number: int) -> Citation | Passage | None:
    if kind == "h":
        return next((hit.passage for hit in exchange.hits if hit.rank == number), None)
    citations = exchange.answer.citations if exchange.answer else ()
    return next((each for each in citations if each.number == number), None)
