"""The page: the head and the tabs below it. What a tab shows is in a module of its own."""

from __future__ import annotations

import gradio as gr
from gradio.events import api

from qa.conversations import Conversations
from qa.types import AnswerLanguage
from qa.ui.access import Access
from qa.ui.api import Api
from qa.ui.backend import Backend
from qa.ui.chat_tab import build_chat
from qa.ui.events import Events, Seen
from qa.ui.following import Following
from qa.ui.history import build_history, connect_history, show_history_after
from qa.ui.history_events import HistoryEvents
from qa.ui.line import ANSWERS_AT_ONCE, Line
from qa.ui.notes_tab import build_notes_tab
from qa.ui.rating import connect_rating
from qa.ui.strings import i18n
from qa.ui.warming import Warming
from qa.ui.writing import Basis

_WAITING = 64  # questions that wait unseen before those in the line, then a refusal
_SECONDS_BETWEEN_STATUS = 1.0
_UPLOADS = (600, 3_600)  # seconds: how often files are looked for that nobody took, and how old they are then


def build_page(
    notes: Backend,
    warming: Warming,
    following: Following,
    language: AnswerLanguage = "auto",
    general: bool = False,
    strict: bool = True,
    conversations: Conversations | None = None,
    access: Access | None = None,
) -> gr.Blocks:
    """The page over these notes; `language`, `general` and `strict` are chosen at first of the answer's options.

    With `conversations` it keeps them and shows their panel; with an `access` that requires a login one can log out.
    """
    line = Line(lambda: notes.answers_at_once)
    events = Events(notes, warming, following, line, conversations)
    # The window's title is not translated by Gradio: it is the name of the program.
    page = gr.Blocks(
        title="notes-qa", analytics_enabled=False, fill_width=True, fill_height=True, delete_cache=_UPLOADS
    )
    with page:
        seen = gr.State(Seen())
        timer = gr.Timer(_SECONDS_BETWEEN_STATUS)
        if conversations is not None:
            with gr.Sidebar(open=False, elem_id="nq-history", width=300):
                history = build_history(access is not None and access.required)
        with gr.Row(elem_id="nq-head"):
            gr.Markdown(i18n("title"), elem_id="nq-title")
            status = gr.Markdown(elem_id="nq-status")
            # The next two are the script's: it writes down the choice in the browser.
            gr.Button(i18n("interface_other"), size="sm", elem_id="nq-interface", scale=0, min_width=0)
            gr.Button(i18n("appearance"), size="sm", elem_id="nq-appearance", scale=0, min_width=0)
            new_chat = gr.Button(i18n("new_chat"), size="sm", elem_id="nq-new", scale=0, min_width=96)
        with gr.Tabs(elem_id="nq-tabs", selected="chat"):
            with gr.Tab(i18n("chat"), id="chat", elem_id="nq-chat-tab"):
                basis: Basis = "general" if general else "notes" if strict else "mark"
                tab = build_chat(events, language, basis, rated=conversations is not None)
            with gr.Tab(i18n("tab_notes"), id="notes", elem_id="nq-notes-tab"):
                build_notes_tab(page, timer, notes, following, events.rebuild)

        renewed = new_chat.click(
            events.new_chat,
            None,
            tab.shown,
            cancels=tab.asked,
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        loaded = page.load(
            events.load,
            None,
            [tab.sources, tab.chat],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        page.unload(events.left)
        gr.on(
            [page.load, timer.tick],
            events.status,
            [tab.topic, seen, tab.conversation],
            [status, tab.topic, tab.chat, tab.notice, seen],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )

        if conversations is not None:
            kept = HistoryEvents(conversations, events.panel, events.running)
            ended = [*tab.asked, tab.stopped, renewed]
            opened = connect_history(history, tab, loaded, kept)
            rated = connect_rating(tab.rating, tab.conversation, conversations, [*ended, *opened]) if tab.rating else []
            show_history_after([*ended, *rated], history, tab, kept)

        endpoints = Api(notes, line)
        api(endpoints.ask, api_name="ask", concurrency_limit=ANSWERS_AT_ONCE, concurrency_id="answers")
        api(endpoints.search, api_name="search", concurrency_limit=ANSWERS_AT_ONCE, concurrency_id="searches")
    page.queue(max_size=_WAITING, default_concurrency_limit=ANSWERS_AT_ONCE)
    return page
