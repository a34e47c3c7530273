"""A whole note in the sources panel, at the place of a passage, and whether it changed since the passage was read."""

from __future__ import annotations

from dataclasses import dataclass

from qa.types import Citation, Language, Note, Passage
from qa.ui.markdown import plain, render_markdown
from qa.ui.sources import locate_quote
from qa.ui.strings import phrase

_SHOWN_AROUND = 30_000  # characters before and after the place: a browser lays out more only slowly


@dataclass(frozen=True, slots=True)
class Place:
    """A passage, and what of it is to be marked: `passage.text[start:end]`."""

    passage: Passage
    start: int
    end: int


def place_of(found: Citation | Passage) -> Place:
    """A citation's quote; of a passage that nobody cites its first line."""
    if isinstance(found, Citation):
        return Place(found.passage, *locate_quote(found))
    start = len(found.text) - len(found.text.lstrip())
    end = found.text.find("\n", start)
    return Place(found, start, end if end >= 0 else len(found.text))


def changed(note: Note | None, passage: Passage) -> bool:
    """Whether the note no longer has the passage, wherever in it: lines that moved are no change of what was said."""
    return note is None or passage.text not in note.text


def render_whole_note(note: Note | None, place: Place, place_of_answer: int, ui: Language) -> str:
    """The note as it is now with a way back to the sources of that answer; says what is not as it was."""
    path = plain(place.passage.note_path)
    back = f'<button type="button" class="nq-back" id="nq-back-{place_of_answer}">‹ {phrase("back", ui)}</button>'
    head = f'<div class="nq-note-head">{back}<p class="nq-note">{path}</p></div>'
    return f'<div class="nq-whole">{head}{_notice(note, place, ui)}{_text(note, place)}</div>'


def _notice(note: Note | None, place: Place, ui: Language) -> str:
    if note is None:
        return f'<p class="nq-changed">{phrase("note_gone", ui)}</p>'
    return f'<p class="nq-changed">{phrase("note_changed", ui)}</p>' if changed(note, place.passage) else ""


def _text(note: Note | None, place: Place) -> str:
    if note is None:  # what was read of it is all there is
        return _body(place.passage.text, (place.start, place.end), place.passage.language)
    start, end = _found(note, place)
    first = note.text.rfind("\n", 0, start - _SHOWN_AROUND) + 1 if start > _SHOWN_AROUND else 0
    last = note.text.find("\n", end + _SHOWN_AROUND)
    text = note.text[first : last if last >= 0 else None]
    return _body(text, (start - first, end - first), note.language)


def _found(note: Note, place: Place) -> tuple[int, int]:
    """Where the marked words stand in the note now; (0, 0) if they do not."""
    passage = place.passage
    words = passage.text[place.start : place.end]
    if note.text[passage.start : passage.end] == passage.text:
        return passage.start + place.start, passage.start + place.end
    at = note.text.find(passage.text)
    if at >= 0:
        return at + place.start, at + place.end
    at = note.text.find(words) if words.strip() else -1
    return (at, at + len(words)) if at >= 0 else (0, 0)


def _body(text: str, marked: tuple[int, int], language: Language) -> str:
    return f'<div class="nq-passage" lang="{language}">{render_markdown(text, [marked])}</div>'
