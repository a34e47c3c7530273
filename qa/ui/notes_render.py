"""Values to what the notes tab shows: rows of the list, a note, what was skipped, what became of files. Pure functions.

As in `render`, whatever comes from notes, file names or the reader passes through `markdown`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from qa.language import normalize
from qa.note_files import AddedFile, NoteFile, SavedNote
from qa.note_tree import ListedNote, NoteTree
from qa.types import Language, SkippedFile
from qa.ui.markdown import plain, render_markdown
from qa.ui.strings import phrase
from qa.words import skip_reason, word

EDITABLE_CHARACTERS = 1_000_000  # a browser's text box takes more, but slowly
_SHOWN_CHARACTERS = 200_000
_ROWS = 400
_COMPARED_LINES = 3_000
_DIFF_LINES = 200
_INDENT = "\u2003"  # an em space: the browser folds ordinary ones
_UNITS = ("B", "KB", "MB")

Choices = list[tuple[str, str]]


def note_rows(tree: NoteTree, query: str, ui: Language) -> Choices:
    """(two lines of plain text, path) for each folder and note whose path or title holds all words of the query."""
    words = normalize(query).split()
    notes = [note for note in tree.notes if _matches(f"{note.path} {note.title}", words)]
    rows: Choices = []
    open_folders: list[str] = []
    for note in sorted(notes[:_ROWS], key=lambda each: _order(each.path)):
        *folders, name = note.path.split("/")
        for depth, folder in enumerate(folders):
            if open_folders[: depth + 1] != folders[: depth + 1]:
                path = "".join(f"{each}/" for each in folders[: depth + 1])
                inside = [each for each in notes if each.path.startswith(path)]
                rows.append((_row(depth, f"{folder}/", _totals(inside, ui)), path))
        open_folders = folders
        rows.append((_row(len(folders), note.title, _facts(name, note, ui)), note.path))
    return rows


def render_totals(tree: NoteTree, query: str, shown: Choices, ui: Language) -> str:
    """How many notes there are, and how many the list leaves out."""
    lines = [_totals(tree.notes, ui)]
    if tree.waiting:
        lines.append(phrase("notes_waiting", ui, count=len(tree.waiting)))
    notes = sum(not path.endswith("/") for _, path in shown)
    if notes < len(tree.notes) and not query.strip():
        lines.append(phrase("notes_cut", ui, shown=notes))
    elif not notes:
        lines.append(phrase("notes_none_found" if tree.notes else "notes_empty", ui))
    return f'<div class="nq-small">{plain(phrase("sentence_space", ui).join(lines))}</div>'


def render_skipped(skipped: Sequence[SkippedFile], ui: Language) -> str:
    """The files that are no notes, and why, to be unfolded."""
    if not skipped:
        return ""
    items = "".join(
        f'<li><span class="nq-note">{plain(file.path)}</span>'
        f'<span class="nq-small">{plain(skip_reason(file, ui))}</span></li>'
        for file in skipped[:_ROWS]
    )
    head = phrase("notes_skipped", ui, count=len(skipped))
    return f'<details class="nq-skipped"><summary>{head}</summary><ul>{items}</ul></details>'


def render_head(note: NoteFile, listed: ListedNote | None, ui: Language) -> str:
    """The name of a note and what is known about its file."""
    *_, name = note.path.split("/")
    facts = [note.path]
    if listed:
        facts += [_languages(listed, ui), phrase("passage_count", ui, count=listed.passages), _size(listed.size)]
    if note.encoding != "utf-8":
        facts.append(note.encoding.upper())
    said = f'<p class="nq-small">{plain(_why_read_only(note, ui))}</p>' if _why_read_only(note, ui) else ""
    title = plain(listed.title if listed else name)
    return f'<div class="nq-notehead"><p class="nq-label">{title}</p>{_line(facts)}{said}</div>'


def render_note_text(note: NoteFile, ui: Language) -> str:
    """A note as it reads."""
    cut = len(note.text) > _SHOWN_CHARACTERS
    more = f'<p class="nq-small">{phrase("note_cut", ui)}</p>' if cut else ""
    text = render_markdown(note.text[:_SHOWN_CHARACTERS])
    return f'<div class="nq-answer nq-reading">{text or _small("note_blank", ui)}{more}</div>'


def render_folder(path: str, tree: NoteTree, ui: Language) -> str:
    """A folder of notes, as a table."""
    inside = [note for note in tree.notes if note.path.startswith(path)]
    rows = "".join(
        f"<tr><td>{plain(note.title)}</td><td>{plain(note.path.removeprefix(path))}</td>"
        f"<td>{note.passages}</td><td>{plain(_languages(note, ui))}</td><td>{_size(note.size)}</td></tr>"
        for note in inside[:_ROWS]
    )
    heads = ("column_title", "column_file", "column_passages", "column_languages", "column_size")
    head = "".join(f"<th>{phrase(key, ui)}</th>" for key in heads)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    title = f'<p class="nq-label">{plain(path)}</p><p class="nq-small">{_totals(inside, ui)}</p>'
    return f'<div class="nq-answer nq-reading">{title}{table}</div>'


def render_saved(saved: SavedNote, ui: Language) -> str:
    """That a note was saved, and in what encoding where that is another now."""
    said = phrase("note_saved" if saved.changed else "note_same", ui)
    if saved.converted:
        said += phrase("sentence_space", ui) + phrase("note_converted", ui)
    return render_said(said)


def render_said(sentence: str) -> str:
    """One sentence on what happened, as plain text."""
    return f'<div class="nq-said" role="status">{plain(sentence)}</div>'


def render_conflict(path: str, mine: str, theirs: str | None, ui: Language) -> str:
    """Why a note was not saved, and how the file differs from what the reader wrote; None where it is gone."""
    key = "edit_gone" if theirs is None else "edit_changed"
    said = f"<p>{plain(phrase(key, ui, path=path))}</p>"
    difference = "" if theirs is None else _difference(mine, theirs, ui)
    return f'<div class="nq-conflict" role="alert">{said}{difference}</div>'


def render_added(files: Sequence[AddedFile], ui: Language) -> str:
    """What became of each dropped file."""
    items = "".join(
        f'<li class="nq-{file.outcome}"><span class="nq-note">{plain(file.path or file.name)}</span>'
        f'<span class="nq-small">{plain(_outcome(file, ui))}</span></li>'
        for file in files[:_ROWS]
    )
    return f'<div class="nq-added" role="status"><ul>{items}</ul></div>'


def is_editable(note: NoteFile) -> bool:
    """Whether the page lets a note be edited."""
    return not note.read_only and len(note.text) <= EDITABLE_CHARACTERS


def _why_read_only(note: NoteFile, ui: Language) -> str:
    if note.read_only:
        return phrase("note_read_only", ui, reason=word(note.read_only, ui))
    return "" if is_editable(note) else phrase("note_too_long", ui)


def _outcome(file: AddedFile, ui: Language) -> str:
    if file.reason:
        return skip_reason(file.reason, ui)
    said = phrase(f"file_{file.outcome}", ui)
    if file.path != file.name:
        said += phrase("sentence_space", ui) + phrase("file_renamed", ui, name=file.name)
    return said


def _difference(mine: str, theirs: str, ui: Language) -> str:
    old, new = mine.split("\n"), theirs.split("\n")
    if max(len(old), len(new)) > _COMPARED_LINES:
        return ""
    lines = [line for line in difflib.unified_diff(old, new, n=1, lineterm="") if not line.startswith(("---", "+++"))]
    kinds = {"-": "nq-mine", "+": "nq-theirs", "@": "nq-small"}
    rows = "".join(
        f'<div class="{kinds.get(line[:1], "nq-both")}">{"…" if line.startswith("@@") else plain(line)}</div>'
        for line in lines[:_DIFF_LINES]
    )
    key = phrase("note_difference", ui)
    return f'<details class="nq-difference"><summary>{key}</summary><div class="nq-diff">{rows}</div></details>'


def _matches(text: str, words: Iterable[str]) -> bool:
    seen = normalize(text)
    return all(word in seen for word in words)


def _order(path: str) -> list[tuple[bool, str]]:
    """Folders before files, as file managers have it."""
    *folders, name = path.split("/")
    return [*((False, folder.casefold()) for folder in folders), (True, name.casefold())]


def _row(depth: int, title: str, facts: str) -> str:
    return "\n".join(f"{_INDENT * depth}{' '.join(line.split())}" for line in (title, facts))


def _facts(name: str, note: ListedNote, ui: Language) -> str:
    parts = (name, phrase("passage_count", ui, count=note.passages), _languages(note, ui), _size(note.size))
    return " · ".join(part for part in parts if part)


def _line(facts: Iterable[str]) -> str:
    return f'<p class="nq-small">{" · ".join(plain(fact) for fact in facts if fact)}</p>'


def _totals(notes: Sequence[ListedNote], ui: Language) -> str:
    return phrase("notes_count", ui, notes=len(notes), passages=sum(note.passages for note in notes))


def _languages(note: ListedNote, ui: Language) -> str:
    return phrase("list_comma", ui).join(phrase(f"language_{each}", ui) for each in note.languages)


def _size(size: int | None) -> str:
    if size is None:
        return ""
    unit = 0 if size < 1000 else 1 if size < 1_000_000 else 2
    return f"{size} B" if not unit else f"{size / 1000**unit:.1f} {_UNITS[unit]}"


def _small(key: str, ui: Language) -> str:
    return f'<p class="nq-small">{phrase(key, ui)}</p>'
