"""What the page needs of the notes, and nothing more; `qa.assistant.NotesQA` is one, the tests' script another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from qa.errors import NotesQAError
from qa.note_files import AddedFile, NewFile, NoteFile, SavedNote
from qa.note_tree import NoteTree
from qa.types import Answer, AnswerLanguage, Event, Hit, IndexChanges, IndexState, Note, Progress, Topic, Turn


class Backend(Protocol):
    """See `qa.assistant.NotesQA` for what each does; all may raise NotesQAError, and several threads call at once."""

    @property
    def model_name(self) -> str: ...

    @property
    def answers_at_once(self) -> int: ...

    def ask(
        self,
        question: str,
        language: AnswerLanguage = "auto",
        topic: str | None = None,
        history: Sequence[Turn] = (),
        top_k: int | None = None,
    ) -> Answer: ...

    def stream(
        self,
        question: str,
        language: AnswerLanguage = "auto",
        topic: str | None = None,
        history: Sequence[Turn] = (),
        *,
        strict: bool | None = None,
        allow_general: bool | None = None,
        halt: threading.Event | None = None,
    ) -> Iterator[Event]: ...

    def search(self, query: str, top_k: int = 5, topic: str | None = None) -> list[Hit]: ...

    def topics(self) -> tuple[Topic, ...]: ...

    def note(self, path: str) -> Note | None: ...

    def note_tree(self) -> NoteTree: ...

    def read_note(self, path: str) -> NoteFile: ...

    def save_note(self, path: str, text: str, sha256: str) -> SavedNote: ...

    def add_note(self, file: NewFile) -> AddedFile: ...

    def rebuild(self, full: bool = False, progress: Callable[[Progress], None] | None = None) -> IndexChanges: ...

    def watch(
        self,
        stop: threading.Event,
        report: Callable[[IndexChanges | NotesQAError], None],
        progress: Callable[[Progress], None] | None = None,
    ) -> None: ...

    def index_state(self) -> IndexState: ...

    def warm_up_encoder(self) -> None: ...

    def warm_up(self) -> None: ...
