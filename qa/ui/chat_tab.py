"""The chat tab: which components stand where, and which event each one sends. What happens then is in `events`."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from qa.types import AnswerLanguage
from qa.ui.events import Conversation, Events
from qa.ui.markdown import MATH_DELIMITERS
from qa.ui.strings import i18n

ANSWERS_AT_ONCE = 4  # more wait in a queue


@dataclass(frozen=True, slots=True)
class ChatTab:
    """The parts of the chat that the rest of the page writes to or listens to."""

    conversation: gr.State  # a Conversation
    chat: gr.Chatbot
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button
    topic: gr.Dropdown
    sources: gr.Markdown
    rebuild: gr.Button
    report: gr.Markdown
    asked: gr.events.Dependency  # an answer that is under way, to be cancelled


def build_chat(events: Events, language: AnswerLanguage, general: bool) -> ChatTab:
    """The components, inside the block that is open; `language` and `general` are what is chosen at first."""
    conversation = gr.State(Conversation())
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
                stop = gr.Button(i18n("stop"), variant="stop", scale=0, min_width=88, visible=False, elem_id="nq-stop")
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
        concurrency_limit=ANSWERS_AT_ONCE,
        concurrency_id="answers",
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
    stopped.then(  # the piece of text that was under way at that moment may have come after it
        events.stopped,
        [conversation],
        [chat, conversation, send, stop],
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
    return ChatTab(conversation, chat, question, send, stop, topic, sources, rebuild, report, asked)
