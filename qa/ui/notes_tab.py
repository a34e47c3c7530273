"""The notes tab: which components stand where, and which event each one sends. What happens is in `notes_events`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from qa.ui.backend import Backend
from qa.ui.following import Following
from qa.ui.markdown import MATH_DELIMITERS
from qa.ui.note_drop import note_drop
from qa.ui.notes_events import Desk, Listed, NotesEvents
from qa.ui.strings import i18n

NOTES_CSS = Path(__file__).with_name("notes.css")
_OFFER_SECONDS = 3_600  # after which files that wait for a word on replacing others are forgotten
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_WRITING: dict[str, Any] = {**_QUIET, "concurrency_limit": 4, "concurrency_id": "notes"}


def build_notes_tab(
    page: gr.Blocks, timer: gr.Timer, notes: Backend, following: Following, rebuild: Callable[..., Any]
) -> None:
    """The tab's contents; call it inside `with gr.Tab(...)`.

    The timer's ticks bring news of the index, and `rebuild` is the event of `Events` that refreshes it.
    """
    events = NotesEvents(notes, following)
    desk, listed = gr.State(Desk()), gr.State(Listed())
    offered = gr.State((), time_to_live=_OFFER_SECONDS)
    with gr.Row(elem_id="nq-notes"):
        with gr.Column(scale=2, min_width=300, elem_id="nq-notes-left"):
            with gr.Row(elem_id="nq-notes-head"):
                fresh = gr.Markdown(elem_id="nq-notes-fresh")
                refresh = gr.Button(i18n("rebuild"), size="sm", elem_id="nq-notes-rebuild", scale=0, min_width=96)
            report = gr.Markdown(elem_id="nq-notes-report")
            query = gr.Textbox(
                value="",
                label=i18n("notes_search"),
                placeholder=i18n("notes_search"),
                show_label=False,
                container=False,
                elem_id="nq-notes-search",
            )
            rows = gr.Radio(
                choices=[],
                label=i18n("notes_list"),
                show_label=False,
                container=False,
                interactive=True,
                elem_id="nq-notes-list",
            )
            totals = gr.Markdown(elem_id="nq-notes-totals")
            skipped = gr.Markdown(elem_id="nq-notes-skipped")
            drop = note_drop(label=i18n("notes_drop"), height=112, buttons=[], elem_id="nq-notes-drop")
            added = gr.Markdown(elem_id="nq-notes-added")
            with gr.Row(elem_id="nq-notes-answers"):
                overwrite = gr.Button(
                    i18n("files_replace"), variant="stop", size="sm", visible=False, elem_id="nq-notes-replace"
                )
                dismiss = gr.Button(i18n("files_dismiss"), size="sm", visible=False, elem_id="nq-notes-dismiss")
        with gr.Column(scale=3, min_width=320, elem_id="nq-notes-right"):
            with gr.Row(elem_id="nq-note-head"):
                head = gr.Markdown(elem_id="nq-note-title")
                edit = gr.Button(i18n("note_edit"), size="sm", visible=False, elem_id="nq-note-edit", scale=0)
                save = gr.Button(
                    i18n("note_save"), variant="primary", size="sm", visible=False, elem_id="nq-note-save", scale=0
                )
                cancel = gr.Button(i18n("note_cancel"), size="sm", visible=False, elem_id="nq-note-cancel", scale=0)
            said = gr.Markdown(elem_id="nq-note-said")
            with gr.Row(elem_id="nq-note-answers"):
                theirs = gr.Button(i18n("note_load"), size="sm", visible=False, elem_id="nq-note-load")
                mine = gr.Button(
                    i18n("note_keep_mine"), variant="stop", size="sm", visible=False, elem_id="nq-note-mine"
                )
            text = gr.Markdown(elem_id="nq-note-text", latex_delimiters=MATH_DELIMITERS)
            editor = gr.Textbox(
                label=i18n("note_editor"),
                show_label=False,
                container=False,
                lines=24,
                max_lines=24,
                visible=False,
                elem_id="nq-note-editor",
            )
            kept = gr.Textbox(
                label=i18n("note_kept"),
                interactive=False,
                buttons=["copy"],
                lines=4,
                max_lines=10,
                visible=False,
                elem_id="nq-note-kept",
            )
            forget = gr.Button(i18n("note_forget"), size="sm", visible=False, elem_id="nq-note-forget")

    pane = [desk, head, said, text, editor, edit, save, cancel, theirs, mine, kept, forget]
    dropped = [drop, report, added, offered, overwrite, dismiss]
    writing = [editor, desk, listed]
    gr.on(
        [page.load, timer.tick],
        events.status,
        [query, desk, listed],
        [fresh, rows, totals, skipped, listed],
        queue=False,
        **_QUIET,
    )
    query.change(events.find, [query, desk, listed], [rows, totals], queue=False, trigger_mode="always_last", **_QUIET)
    rows.select(events.choose, writing, [rows, *pane], queue=False, **_QUIET)
    edit.click(events.edit, [desk, listed], pane, queue=False, **_QUIET)
    cancel.click(events.cancel, writing, pane, queue=False, **_QUIET)
    theirs.click(events.load_theirs, writing, pane, queue=False, **_QUIET)
    forget.click(events.forget, [desk], [desk, kept, forget], queue=False, **_QUIET)
    save.click(events.save, writing, [report, *pane], **_WRITING)
    mine.click(events.keep_mine, writing, [report, *pane], **_WRITING)
    drop.upload(events.drop, [drop], dropped, **_WRITING)
    overwrite.click(events.replace_files, [offered], dropped, **_WRITING)
    dismiss.click(events.dismiss, None, dropped, queue=False, **_QUIET)
    refresh.click(rebuild, None, [report, refresh], concurrency_limit=1, concurrency_id="rebuild", **_QUIET)
    page.load(events.nothing, None, [text], queue=False, **_QUIET)
