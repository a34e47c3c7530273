"""All notes of a corpus with their sizes on the disk and their passages in the index, and what is left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qa.notes import FoundFile, find_files, read_found
from qa.snapshot import Snapshot
from qa.types import Language, SkippedFile


@dataclass(frozen=True, slots=True)
class ListedNote:
    """One note of the index."""

    path: str  # posix, relative to the corpus
    title: str
    languages: tuple[Language, ...]  # of its passages, the most frequent first; its own where it has none
    passages: int
    size: int | None  # bytes of its file now; None where that is gone


@dataclass(frozen=True, slots=True)
class NoteTree:
    """By path: the notes, the files that will be notes after the next refresh, and the files that are none."""

    notes: tuple[ListedNote, ...]
    waiting: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]

    @property
    def passages(self) -> int:
        return sum(note.passages for note in self.notes)


def note_tree(corpus: Path, snapshot: Snapshot) -> NoteTree:
    """The notes of an index beside the files below a folder; only files that are not indexed are read for it.

    Raises CorpusNotFound.
    """
    found, in_the_way = find_files(corpus)
    listed = snapshot.listed_notes()
    files = {file.name: file for file in found}
    new = read_found([file for file in found if file.name not in listed], in_the_way)
    notes = tuple(
        ListedNote(
            path,
            title,
            tuple(sorted(counts, key=lambda each: (-counts[each], each != language))) or (language,),
            sum(counts.values()),
            _size(files.get(path)),
        )
        for path, (title, language, counts) in listed.items()
    )
    return NoteTree(notes, tuple(note.path for note in new.notes), tuple(new.skipped))


def _size(file: FoundFile | None) -> int | None:
    try:
        return file.path.stat().st_size if file else None
    except OSError:
        return None
