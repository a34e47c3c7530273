"""The page: which components stand where, and which event each one sends. What happens then is in `events`."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.events import api

from qa.conversations import Conversations
from qa.types import AnswerLanguage
from qa.ui.access import Access
from qa.ui.api import Api
from qa.ui.backend import Backend
from qa.ui.events import Conversation, Events, Seen
from qa.ui.following import Following
from qa.ui.history import ChatParts, build_history, connect_history, show_history_after
from qa.ui.line import ANSWERS_AT_ONCE, Line
from qa.ui.markdown import MATH_DELIMITERS
from qa.ui.rating import build_rating, connect_rating
from qa.ui.strings import i18n
from qa.ui.warming import Warming

CSS = Path(__file__).with_name("page.css")
_STANDING = 20  # questions that are answered or see how many are before them: each takes a thread, of about 40
_WAITING = 64  # questions more that wait unseen, then a refusal
_SECONDS_BETWEEN_STATUS = 1.0

# Fonts of the system only: nothing is loaded, and Chinese gets its own face on every platform.
THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.teal,
    neutral_hue=gr.themes.colors.stone,
    radius_size=gr.themes.sizes.radius_md,
    font=[
        "system-ui",
        "-apple-system",
        "Segoe UI",
        "PingFang SC",
        "Microsoft YaHei",
        "Noto Sans CJK SC",
        "Noto Sans SC",
        "sans-serif",
    ],
    font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace"],
).set(
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_600",
)


def build_page(
    notes: Backend,
    warming: Warming,
    following: Following,
    language: AnswerLanguage = "auto",
    general: bool = False,
    conversations: Conversations | None = None,
    access: Access | None = None,
) -> gr.Blocks:
    """The page over these notes; `language` and `general` are what is chosen at first of the answer's options."""
    line = Line()
    events = Events(notes, warming, following, line, conversations)
    with_logout = access is not None and access.required
    # The window's title is not translated by Gradio: it is the name of the program.
    page = gr.Blocks(title="notes-qa", analytics_enabled=False, fill_width=True, fill_height=True)
    with page:
        conversation = gr.State(Conversation())
        seen = gr.State(Seen())
        timer = gr.Timer(_SECONDS_BETWEEN_STATUS)
        if conversations is not None:
            with gr.Sidebar(open=False, elem_id="nq-history", width=300):
                history = build_history(with_logout)
        with gr.Row(elem_id="nq-head"):
            gr.Markdown(i18n("title"), elem_id="nq-title")
            status = gr.Markdown(elem_id="nq-status")
            new_chat = gr.Button(i18n("new_chat"), size="sm", elem_id="nq-new", scale=0, min_width=96)
        with gr.Row(elem_id="nq-main"):
            with gr.Column(scale=3, min_width=320, elem_id="nq-left"):
                chat = gr.Chatbot(
                    label=i18n("chat"),
                    show_label=False,
                    elem_id="nq-chat",
                    height="100%",
                    buttons=[],
                    latex_delimiters=MATH_DELIMITERS,
                    allow_tags=False,
                    feedback_options=None,
                    layout="bubble",
                )
                if conversations is not None:
                    rating = build_rating()
                with gr.Row(elem_id="nq-ask"):
                    question = gr.Textbox(
                        label=i18n("question"),
                        placeholder=i18n("question_hint"),
                        show_label=False,
                        container=False,
                        autofocus=True,
                        lines=1,
                        max_lines=6,
                        scale=1,
                        elem_id="nq-question",
                    )
                    send = gr.Button(i18n("send"), variant="primary", scale=0, min_width=88, elem_id="nq-send")
                    stop = gr.Button(
                        i18n("stop"), variant="stop", scale=0, min_width=88, visible=False, elem_id="nq-stop"
                    )
                with gr.Row(elem_id="nq-options"):
                    answer_language = gr.Radio(
                        choices=[(i18n(f"language_{value}"), value) for value in ("auto", "zh", "en", "both")],
                        value=language,
                        label=i18n("answer_language"),
                        container=False,
                        elem_id="nq-language",
                        scale=1,
                    )
                    allow_general = gr.Checkbox(
                        value=general,
                        label=i18n("allow_general"),
                        container=False,
                        elem_id="nq-allow-general",
                        scale=0,
                        min_width=180,
                    )
                    topic = gr.Dropdown(
                        choices=[(i18n("all_notes"), "")],
                        value="",
                        label=i18n("topic"),
                        container=False,
                        filterable=True,
                        num_choices_shown=500,
                        elem_id="nq-topic",
                        scale=1,
                    )
            with gr.Column(scale=2, min_width=300, elem_id="nq-right"):
                with gr.Row(elem_id="nq-right-head"):
                    gr.Markdown(i18n("sources"), elem_id="nq-sources-title")
                    rebuild = gr.Button(i18n("rebuild"), size="sm", elem_id="nq-rebuild", scale=0, min_width=96)
                report = gr.Markdown(elem_id="nq-report")
                sources = gr.Markdown(elem_id="nq-sources", latex_delimiters=MATH_DELIMITERS)

        asked = gr.on(
            [question.submit, send.click],
            events.answer,
            [question, answer_language, topic, allow_general, conversation],
            [question, chat, sources, conversation, send, stop],
            show_progress="hidden",
            concurrency_limit=_STANDING,
            concurrency_id="standing",
            api_visibility="private",
        )
        stopped = stop.click(
            events.stopped,
            [conversation],
            [chat, conversation, send, stop],
            cancels=[asked],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        stopped = stopped.then(  # the piece of text that was under way at that moment may have come after it
            events.stopped,
            [conversation],
            [chat, conversation, send, stop],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        renewed = new_chat.click(
            events.new_chat,
            None,
            [chat, sources, conversation, send, stop],
            cancels=[asked],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        rebuild.click(
            events.rebuild,
            None,
            [report, rebuild],
            show_progress="hidden",
            concurrency_limit=1,
            concurrency_id="rebuild",
            api_visibility="private",
        )
        loaded = page.load(
            events.load,
            None,
            [sources, chat],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        gr.on(
            [page.load, timer.tick],
            events.status,
            [topic, seen],
            [status, topic, seen],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )

        if conversations is not None:
            parts = ChatParts(conversation, chat, sources, send, stop, loaded, asked)
            ended = [asked, stopped, renewed]
            opened = connect_history(history, parts, conversations)
            rated = connect_rating(rating, conversation, conversations, [*ended, *opened])
            show_history_after([*ended, *rated], history, parts, conversations)

        endpoints = Api(notes, line)
        api(endpoints.ask, api_name="ask", concurrency_limit=ANSWERS_AT_ONCE, concurrency_id="answers")
        api(endpoints.search, api_name="search", concurrency_limit=ANSWERS_AT_ONCE, concurrency_id="searches")
    page.queue(max_size=_WAITING, default_concurrency_limit=ANSWERS_AT_ONCE)
    return page
