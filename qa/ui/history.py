"""The panel of kept conversations: to find, open, rename, save and delete them. What happens is in `history_events`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.events import Dependency

from qa.conversations import LONGEST_TITLE
from qa.ui.chat_tab import ChatTab
from qa.ui.downloads import RATINGS
from qa.ui.history_events import HistoryEvents
from qa.ui.strings import i18n

_QUIET: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
HISTORY_CSS = Path(__file__).with_name("history.css")


@dataclass(frozen=True, slots=True)
class History:
    """The panel's own components."""

    words: gr.Textbox
    choices: gr.Radio
    hint: gr.Markdown
    current: gr.Column
    title: gr.Textbox
    rename: gr.Button
    markdown: gr.Button
    json: gr.Button
    delete: gr.Button
    confirm: gr.Column
    confirmed: gr.Button
    cancelled: gr.Button
    rated: gr.Markdown
    ratings: gr.Button
    address: gr.Markdown

    def shown(self) -> list[Block]:
        """What `HistoryEvents` sets together, in the order of its `Panel`."""
        return [
            self.choices,
            self.hint,
            self.current,
            self.title,
            self.markdown,
            self.json,
            self.confirm,
            self.rated,
            self.ratings,
            self.address,
        ]


def build_history(with_logout: bool) -> History:
    """The panel, to be called where it shall stand."""
    small: dict[str, Any] = {"size": "sm", "min_width": 96}
    gr.Markdown(i18n("conversations"), elem_id="nq-history-title")
    words = gr.Textbox(
        label=i18n("find_conversation"),
        placeholder=i18n("find_conversation_hint"),
        show_label=False,
        container=False,
        max_lines=1,
        elem_id="nq-find",
    )
    choices = gr.Radio(
        [], label=i18n("conversations"), show_label=False, container=False, visible=False, elem_id="nq-conversations"
    )
    hint = gr.Markdown(elem_id="nq-history-hint")
    with gr.Column(visible=False, elem_id="nq-current") as current:
        gr.Markdown(i18n("this_conversation"), elem_classes="nq-history-label")
        with gr.Row(elem_id="nq-rename-row"):
            title = gr.Textbox(
                label=i18n("conversation_title"),
                show_label=False,
                container=False,
                max_lines=1,
                max_length=LONGEST_TITLE,
                scale=1,
                elem_id="nq-rename-title",
            )
            rename = gr.Button(i18n("rename"), elem_id="nq-rename", scale=0, size="sm", min_width=64)
        with gr.Row(elem_classes="nq-history-row"):
            markdown = gr.Button(i18n("save_markdown"), elem_id="nq-save-md", **small)
            json = gr.Button(i18n("save_json"), elem_id="nq-save-json", **small)
        delete = gr.Button(i18n("delete"), elem_id="nq-delete", **small)
        with gr.Column(visible=False, elem_id="nq-confirm") as confirm:
            gr.Markdown(i18n("delete_sure"))
            with gr.Row(elem_classes="nq-history-row"):
                confirmed = gr.Button(i18n("delete_yes"), variant="stop", elem_id="nq-delete-yes", **small)
                cancelled = gr.Button(i18n("cancel"), elem_id="nq-delete-no", **small)
    with gr.Column(elem_id="nq-ratings"):
        gr.Markdown(i18n("ratings"), elem_classes="nq-history-label")
        rated = gr.Markdown(elem_id="nq-rated")
        ratings = gr.Button(i18n("save_ratings"), link=RATINGS, visible=False, elem_id="nq-save-ratings", **small)
    if with_logout:
        gr.Button(i18n("logout"), link="/logout", elem_id="nq-logout", **small)
    address = gr.Markdown(visible="hidden", elem_id="nq-address")
    return History(
        words, choices, hint, current, title, rename, markdown, json, delete, confirm, confirmed, cancelled, rated,
        ratings, address,
    )  # fmt: skip


def connect_history(history: History, tab: ChatTab, loaded: Dependency, events: HistoryEvents) -> list[Dependency]:
    """Let the panel's components do what they say, after the page has `loaded`.

    Returns what brings another conversation into the page.
    """
    panel = history.shown()
    opened = [*tab.shown, *panel]
    known = [tab.conversation, history.words]
    choice = [history.choices, *known]
    gr.on([history.words.change, history.words.submit], events.show, known, panel, trigger_mode="multiple", **_QUIET)
    gr.on([history.rename.click, history.title.submit], events.rename, [*known, history.title], panel, **_QUIET)
    history.delete.click(events.ask_delete, None, history.confirm, **_QUIET)
    history.cancelled.click(events.keep, None, history.confirm, **_QUIET)
    return [
        loaded.then(events.load, known, opened, **_QUIET),
        history.choices.input(events.open, choice, opened, cancels=tab.asked, **_QUIET),
        history.confirmed.click(events.delete, known, opened, cancels=tab.asked, **_QUIET),
    ]


def show_history_after(changed: Iterable[Dependency], history: History, tab: ChatTab, events: HistoryEvents) -> None:
    """Let the panel follow what changes the list or the ratings: an answer's end, stop, a new chat, a thumb."""
    for event in changed:
        event.then(events.show, [tab.conversation, history.words], history.shown(), **_QUIET)
