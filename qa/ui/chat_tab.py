"""The chat tab: which components stand where, and which event each one sends. What happens then is in `events`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from qa.types import AnswerLanguage
from qa.ui.conversation import Conversation
from qa.ui.events import Events
from qa.ui.markdown import MATH_DELIMITERS
from qa.ui.rating import RatingParts, build_rating
from qa.ui.strings import i18n
from qa.ui.writing import BASES, Basis

_STANDING = 20  # questions that are answered or see how many are before them: each takes a thread, of about 40


@dataclass(frozen=True, slots=True)
class ChatTab:
    """The parts of the chat that the rest of the page writes to or listens to."""

    conversation: gr.State  # a Conversation
    chat: gr.Chatbot
    topic: gr.Dropdown
    sources: gr.Markdown
    notice: gr.Markdown
    shown: list[Any]  # the components that `Shown.update` has values for
    asked: list[Any]  # events of answers that may be under way, to be cancelled
    stopped: Any  # the event after which a stopped answer is shown
    rating: RatingParts | None


def build_chat(events: Events, language: AnswerLanguage, basis: Basis, rated: bool = False) -> ChatTab:
    """The components, inside the block that is open; `language` and `basis` are what is chosen at first.

    Answers can be `rated` where they are kept.
    """
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
            with gr.Row(elem_id="nq-after"):
                again, other, edit, keep, copy = (_quiet(name) for name in ("again", "in_en", "edit", "keep", "copy"))
                rating = build_rating() if rated else None
            with gr.Column(elem_id="nq-composer"):
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
                    chosen_basis = gr.Dropdown(
                        choices=[(i18n(f"basis_{value}"), value) for value in BASES],
                        value=basis,
                        label=i18n("basis"),
                        container=False,
                        filterable=False,
                        elem_id="nq-basis",
                        scale=1,
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
            notice = gr.Markdown(elem_id="nq-notice")
            sources = gr.Markdown(elem_id="nq-sources", latex_delimiters=MATH_DELIMITERS)
        # Written by the page's script: Gradio has no event for a click inside of its texts.
        pick = gr.Textbox(label=i18n("pick"), elem_id="nq-pick", visible="hidden")
        # Read by it: what the copy button puts on the clipboard.
        text = gr.Textbox(label=i18n("markdown"), elem_id="nq-text", visible="hidden", interactive=False)

    shown = [question, sources, notice, chat, conversation, send, stop, again, other, edit, keep, copy, text]

    def answering(triggers: list[Callable[..., Any]], event: Callable[..., Any], inputs: list[Any]) -> Any:
        return gr.on(
            triggers,
            event,
            inputs,
            shown,
            show_progress="hidden",
            concurrency_limit=_STANDING,
            concurrency_id="standing",
            api_visibility="private",
        )

    where = [topic, chosen_basis, conversation]
    asked = [
        answering([question.submit, send.click], events.answer, [question, answer_language, *where]),
        answering([chat.example_select, chat.option_select], events.suggested, [answer_language, *where]),
        answering([again.click], events.again, where),
        answering([other.click], events.in_other_language, where),
    ]
    at_once: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    stopped = stop.click(events.stopped, [conversation], shown, cancels=asked, **at_once)
    # The piece of text that was under way at that moment may have come after it.
    stopped = stopped.then(events.settled, [conversation], shown, **at_once)
    edit.click(events.edit, [conversation], shown, **at_once)
    keep.click(events.keep, [conversation], shown, **at_once)
    pick.change(events.panel.show, [pick, conversation], [sources], **at_once)
    rebuild.click(
        events.rebuild,
        None,
        [report, rebuild],
        show_progress="hidden",
        concurrency_limit=1,
        concurrency_id="rebuild",
        api_visibility="private",
    )
    return ChatTab(conversation, chat, topic, sources, notice, shown, asked, stopped, rating)


def _quiet(name: str) -> gr.Button:
    """A small button below the last answer, there when there is one."""
    return gr.Button(i18n(name), size="sm", scale=0, min_width=0, visible=False, elem_id=f"nq-{name.replace('_', '-')}")
