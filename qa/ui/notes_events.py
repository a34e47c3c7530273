"""What happens in the notes tab: reading, editing and saving a note, and taking dropped files. Knows no layout.

Words that the reader wrote are never thrown away: where another text takes their place they move to a box of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from qa.errors import NoteChanged, NotesQAError
from qa.note_files import AddedFile, NewFile, NoteFile
from qa.note_tree import ListedNote, NoteTree
from qa.types import Language, SkippedFile
from qa.ui import notes_render as show
from qa.ui import render
from qa.ui.backend import Backend
from qa.ui.following import Following
from qa.ui.note_drop import Dropped, taken
from qa.ui.rebuilding import rebuild
from qa.ui.strings import phrase, ui_language
from qa.words import word

_LOG = logging.getLogger(__name__)
_EMPTY = NoteTree((), (), ())
_OFFERED_BYTES = 60_000_000  # of files that wait for a word on replacing others; of more only the first ones

Update = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """The note that one browser tab has open."""

    note: NoteFile | None = None
    editing: bool = False
    theirs: NoteFile | None = None  # what the file holds, where it changed while it was edited
    gone: bool = False  # the file vanished while it was edited
    kept: str = ""  # words of the reader that gave way to another text

    def unsaved(self, text: str) -> bool:
        """Whether a text of the editor is nowhere but there."""
        return self.editing and self.note is not None and text != self.note.text


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list of one browser tab shows."""

    fresh: str = ""
    refreshes: int = -1
    tree: NoteTree = _EMPTY


class NotesEvents:
    """The tab's events over one set of notes.

    A "pane" is what shows the open note: (desk, head, outcome, text, editor, buttons to edit, save, cancel, load the
    changed file, keep the reader's text, the box of words that gave way, and the button to forget those).
    """

    def __init__(self, notes: Backend, following: Following) -> None:
        self._notes = notes
        self._following = following

    def status(self, query: str, desk: Desk, listed: Listed, request: gr.Request) -> Update:
        """(freshness, list, totals, skipped files, what is shown then); only news."""
        ui = ui_language(request)
        fresh = render.render_freshness(self._following.now, ui)
        refreshes = self._following.now.refreshes
        if refreshes == listed.refreshes:
            if fresh == listed.fresh:
                return (gr.skip(),) * 5
            return fresh, gr.skip(), gr.skip(), gr.skip(), replace(listed, fresh=fresh)
        try:
            tree = self._notes.note_tree()
        except NotesQAError as error:
            nothing = render.render_error_line(error, ui)
            return fresh, gr.Radio(choices=[], value=None), nothing, "", Listed(fresh, refreshes)
        listed = Listed(fresh, refreshes, tree)
        return fresh, *self._rows(query, desk, listed, ui), show.render_skipped(tree.skipped, ui), listed

    def nothing(self, request: gr.Request) -> str:
        """The text's place before a note is chosen."""
        return render.render_note("note_none", ui_language(request))

    def find(self, query: str, desk: Desk, listed: Listed, request: gr.Request) -> Update:
        """(list, totals) of the notes that the query names."""
        return self._rows(query, desk, listed, ui_language(request))

    def _rows(self, query: str, desk: Desk, listed: Listed, ui: Language) -> Update:
        rows = show.note_rows(listed.tree, query, ui)
        opened = desk.note.path if desk.note else ""
        kept = opened if any(path == opened for _, path in rows) else None
        return gr.Radio(choices=rows, value=kept), show.render_totals(listed.tree, query, rows, ui)

    def choose(self, event: gr.SelectData, text: str, desk: Desk, listed: Listed, request: gr.Request) -> Update:
        """(list, pane) after a row was chosen; an edited note that is not saved stays open."""
        ui = ui_language(request)
        path = str(event.value)
        if desk.unsaved(text) and desk.note:
            said = show.render_said(phrase("note_unsaved", ui, path=desk.note.path))
            return gr.Radio(value=desk.note.path), *self._pane(desk, said, listed, ui, editor=gr.skip())
        if path.endswith("/"):
            pane = self._pane(Desk(kept=desk.kept), "", listed, ui)
            return gr.skip(), *pane[:3], show.render_folder(path, listed.tree, ui), *pane[4:]
        return gr.skip(), *self._open(path, desk.kept, listed, ui)

    def _open(self, path: str, kept: str, listed: Listed, ui: Language, editing: bool = False) -> Update:
        try:
            note = self._notes.read_note(path)
        except NotesQAError as error:
            return self._pane(Desk(kept=kept), render.render_error_line(error, ui), listed, ui)
        return self._pane(Desk(note, editing and show.is_editable(note), kept=kept), "", listed, ui)

    def edit(self, desk: Desk, listed: Listed, request: gr.Request) -> Update:
        """The pane with the note's file, as it is now, in the editor."""
        ui = ui_language(request)
        if desk.note is None:
            return self._pane(desk, "", listed, ui)
        return self._open(desk.note.path, desk.kept, listed, ui, editing=True)

    def cancel(self, text: str, desk: Desk, listed: Listed, request: gr.Request) -> Update:
        """The pane with the note to read; what was edited goes into the box."""
        ui = ui_language(request)
        if desk.note is None:
            return self._pane(desk, "", listed, ui)
        return self._open(desk.note.path, _kept(desk, text) if desk.unsaved(text) else desk.kept, listed, ui)

    def save(self, text: str, desk: Desk, listed: Listed, request: gr.Request) -> Iterator[Update]:
        """(report, pane) while the note is saved and its new text goes into the index."""
        if desk.note is None or not desk.editing:
            yield gr.skip(), *self._pane(desk, "", listed, ui_language(request))
            return
        yield from self._save(text, desk, desk.note.sha256, listed, ui_language(request))

    def keep_mine(self, text: str, desk: Desk, listed: Listed, request: gr.Request) -> Iterator[Update]:
        """As `save`, over the changed file that was shown; where it is gone, as a new one."""
        ui = ui_language(request)
        if desk.note and desk.theirs:
            yield from self._save(text, desk, desk.theirs.sha256, listed, ui)
        elif desk.note and desk.gone:
            yield from self._add_again(text, desk, desk.note, listed, ui)
        else:
            yield gr.skip(), *self._pane(desk, "", listed, ui, editor=gr.skip())

    def _save(self, text: str, desk: Desk, sha256: str, listed: Listed, ui: Language) -> Iterator[Update]:
        assert desk.note
        path = desk.note.path
        try:
            saved = self._notes.save_note(path, text, sha256)
        except NoteChanged as error:
            yield gr.skip(), *self._conflict(text, desk, error, listed, ui)
            return
        except NotesQAError as error:
            yield gr.skip(), *self._pane(desk, render.render_error_line(error, ui), listed, ui, editor=gr.skip())
            return
        note = NoteFile(path, text, saved.sha256, saved.encoding)
        said = show.render_saved(saved, ui)
        yield gr.skip(), *self._pane(Desk(note, kept=desk.kept), said, listed, ui)
        if saved.changed:
            for report in self._refreshed(ui):
                yield report, *(gr.skip(),) * 12

    def _add_again(self, text: str, desk: Desk, note: NoteFile, listed: Listed, ui: Language) -> Iterator[Update]:
        *_, name = note.path.split("/")
        try:
            added = self._notes.add_note(NewFile(name, text.encode(errors="replace")))
        except NotesQAError as error:
            yield gr.skip(), *self._pane(desk, render.render_error_line(error, ui), listed, ui, editor=gr.skip())
            return
        said = show.render_added([added], ui)
        if added.outcome not in ("added", "same"):
            yield gr.skip(), *self._pane(desk, said, listed, ui, editor=gr.skip())
            return
        note = NoteFile(added.path, text, added.sha256, "utf-8")
        yield gr.skip(), *self._pane(Desk(note, kept=desk.kept), said, listed, ui)
        for report in self._refreshed(ui):
            yield report, *(gr.skip(),) * 12

    def _conflict(self, text: str, desk: Desk, error: NoteChanged, listed: Listed, ui: Language) -> Update:
        assert desk.note
        theirs = None
        if not error.gone:
            try:
                theirs = self._notes.read_note(desk.note.path)
            except NotesQAError as again:
                return self._pane(desk, render.render_error_line(again, ui), listed, ui, editor=gr.skip())
        desk = replace(desk, theirs=theirs, gone=error.gone)
        said = show.render_conflict(desk.note.path, text, theirs.text if theirs else None, ui) if desk.note else ""
        return self._pane(desk, said, listed, ui, editor=gr.skip())

    def load_theirs(self, text: str, desk: Desk, listed: Listed, request: gr.Request) -> Update:
        """The pane with the changed file in the editor, and the reader's text in the box."""
        ui = ui_language(request)
        if desk.note is None:
            return self._pane(desk, "", listed, ui)
        return self._open(desk.note.path, _kept(desk, text), listed, ui, editing=True)

    def forget(self, desk: Desk) -> Update:
        """(desk, box, its button) without the words that gave way."""
        return replace(desk, kept=""), gr.Textbox(value="", visible=False), gr.Button(visible=False)

    def drop(self, files: list[Dropped] | None, request: gr.Request) -> Iterator[Update]:
        """(drop zone, report, what became of the files, offered files, replace button, dismiss button)."""
        ui = ui_language(request)
        with taken(files) as dropped:
            added, offered = self._take(dropped)
        yield from self._told(added, offered, ui)

    def replace_files(self, offered: tuple[NewFile, ...], request: gr.Request) -> Iterator[Update]:
        """As `drop`, for files that may overwrite those that they were shown to collide with."""
        yield from self._told([self._add(file) for file in offered], (), ui_language(request))

    def dismiss(self) -> Update:
        """As `drop`, with nothing to tell and nothing offered."""
        return gr.skip(), gr.skip(), "", (), gr.Button(visible=False), gr.Button(visible=False)

    def _take(self, dropped: list[Dropped]) -> tuple[list[AddedFile], tuple[NewFile, ...]]:
        added: list[AddedFile] = []
        offered: list[NewFile] = []
        for file in dropped:
            try:
                new = NewFile(file.name, file.data())
            except OSError as error:
                why = f"{word('skip_unreadable', 'en')}: {error.strerror}"
                added.append(AddedFile(file.name, "", "refused", "", SkippedFile(file.name, why)))
                continue
            added.append(self._add(new))
            held = sum(len(each.data) for each in offered) + len(new.data)
            if added[-1].outcome == "exists" and added[-1].sha256 and held <= _OFFERED_BYTES:
                offered.append(replace(new, replaces=added[-1].sha256))
        return added, tuple(offered)

    def _add(self, file: NewFile) -> AddedFile:
        try:
            return self._notes.add_note(file)
        except NotesQAError as error:
            return AddedFile(file.name, "", "refused", "", SkippedFile(file.name, str(error), ""))

    def _told(self, added: list[AddedFile], offered: tuple[NewFile, ...], ui: Language) -> Iterator[Update]:
        said = show.render_added(added, ui)
        asked, told = gr.Button(visible=bool(offered)), gr.Button(visible=True)
        yield None, gr.skip(), said, offered, asked, told
        if any(file.outcome in ("added", "replaced") for file in added):
            for report in self._refreshed(ui):
                yield gr.skip(), report, *(gr.skip(),) * 4

    def _refreshed(self, ui: Language) -> Iterator[str]:
        """How the new text comes into the index; nothing is left to read where it did."""
        for report in rebuild(self._notes, self._following):
            if isinstance(report, tuple):
                yield render.render_progress(report[0], ui, report[1])
            else:
                yield render.render_error_line(report, ui) if isinstance(report, Exception) else ""

    def _pane(self, desk: Desk, said: str, listed: Listed, ui: Language, editor: Any = None) -> Update:
        note = desk.note
        if editor is None:
            editor = gr.Textbox(value=note.text if note and desk.editing else "", visible=desk.editing)
        head = show.render_head(note, _listed_as(note, listed), ui) if note else ""
        if note is None:
            text: Any = "" if said else render.render_note("note_none", ui)
        else:
            text = gr.Markdown(value="" if desk.editing else show.render_note_text(note, ui), visible=not desk.editing)
        clash = desk.theirs is not None or desk.gone
        mine = gr.Button(phrase("note_add_again" if desk.gone else "note_keep_mine", ui), visible=clash)
        return (
            desk,
            head,
            said,
            text,
            editor,
            gr.Button(visible=bool(note and not desk.editing and show.is_editable(note))),
            gr.Button(visible=desk.editing and not clash),
            gr.Button(visible=desk.editing),
            gr.Button(visible=desk.theirs is not None),
            mine,
            gr.Textbox(value=desk.kept, visible=bool(desk.kept)),
            gr.Button(visible=bool(desk.kept)),
        )


def _listed_as(note: NoteFile, listed: Listed) -> ListedNote | None:
    return next((each for each in listed.tree.notes if each.path == note.path), None)


def _kept(desk: Desk, text: str) -> str:
    """The words in the box with those that give way now."""
    return "\n\n".join(filter(None, (desk.kept, text)))
