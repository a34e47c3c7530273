"""The page: the head and the tabs below it. What a tab shows is in a module of its own."""

from __future__ import annotations

import gradio as gr
from gradio.events import api

from qa.types import AnswerLanguage
from qa.ui.api import Api
from qa.ui.backend import Backend
from qa.ui.chat_tab import ANSWERS_AT_ONCE, build_chat
from qa.ui.events import Events, Seen
from qa.ui.following import Following
from qa.ui.notes_tab import build_notes_tab
from qa.ui.strings import i18n
from qa.ui.warming import Warming

_WAITING = 64  # questions in the queue, then a refusal
_SECONDS_BETWEEN_STATUS = 1.0
_UPLOADS = (600, 3_600)  # seconds: how often files are looked for that nobody took, and how old they are then


def build_page(
    notes: Backend,
    warming: Warming,
    following: Following,
    language: AnswerLanguage = "auto",
    general: bool = False,
    strict: bool = True,
) -> gr.Blocks:
    """The page over these notes; the last three are what is chosen at first of the answer's options."""
    events = Events(notes, warming, following)
    # The window's title is not translated by Gradio: it is the name of the program.
    page = gr.Blocks(
        title="notes-qa", analytics_enabled=False, fill_width=True, fill_height=True, delete_cache=_UPLOADS
    )
    with page:
        seen = gr.State(Seen())
        timer = gr.Timer(_SECONDS_BETWEEN_STATUS)
        with gr.Row(elem_id="nq-head"):
            gr.Markdown(i18n("title"), elem_id="nq-title")
            status = gr.Markdown(elem_id="nq-status")
            # The next two are the script's: it writes down the choice in the browser.
            gr.Button(i18n("interface_other"), size="sm", elem_id="nq-interface", scale=0, min_width=0)
            gr.Button(i18n("appearance"), size="sm", elem_id="nq-appearance", scale=0, min_width=0)
            new_chat = gr.Button(i18n("new_chat"), size="sm", elem_id="nq-new", scale=0, min_width=96)
        with gr.Tabs(elem_id="nq-tabs", selected="chat"):
            with gr.Tab(i18n("chat"), id="chat", elem_id="nq-chat-tab"):
                tab = build_chat(events, language, "general" if general else "notes" if strict else "mark")
            with gr.Tab(i18n("tab_notes"), id="notes", elem_id="nq-notes-tab"):
                build_notes_tab(page, timer, notes, following, events.rebuild)

        new_chat.click(
            events.new_chat,
            None,
            tab.shown,
            cancels=tab.asked,
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        page.load(
            events.load,
            None,
            [tab.sources, tab.chat],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        gr.on(
            [page.load, timer.tick],
            events.status,
            [tab.topic, seen, tab.conversation],
            [status, tab.topic, tab.chat, tab.notice, seen],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )

        endpoints = Api(notes)
        api(endpoints.ask, api_name="ask", concurrency_limit=ANSWERS_AT_ONCE, concurrency_id="answers")
        api(endpoints.search, api_name="search", concurrency_limit=ANSWERS_AT_ONCE, concurrency_id="searches")
    page.queue(max_size=_WAITING, default_concurrency_limit=ANSWERS_AT_ONCE)
    return page
