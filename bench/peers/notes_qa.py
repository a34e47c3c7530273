"""notes-qa itself, by its Python interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from bench.peers.pipeline import Limits, Piece
from qa.assistant import NotesQA
from qa.settings import Settings
from qa.types import Failed, TextDelta


class NotesQAPipeline:
    """One question gets both languages, decoded together and checked against the notes."""

    packages: ClassVar[tuple[str, ...]] = ("notes-qa", "openvino", "openvino-genai", "faiss-cpu")
    refreshes_by: ClassVar[str] = "`rebuild`, which finds what changed by its content and encodes new passages only"

    def __init__(self, folder: Path, workplace: Path, limits: Limits) -> None:
        settings = Settings(max_answer_tokens=limits.answer, context_tokens=limits.context)
        self._notes = NotesQA.open(folder, workplace / "index", settings, refresh=False)
        self._notes.warm_up_encoder()

    def build(self) -> int:
        return self._notes.rebuild().passages

    def refresh(self) -> None:
        self._notes.rebuild()

    def search(self, question: str, k: int) -> list[Piece]:
        return [
            Piece(hit.passage.note_path, hit.passage.text, tuple(copy.note_path for copy in hit.copies))
            for hit in self._notes.search(question, k)
        ]

    def load_chat(self) -> None:
        self._notes.warm_up()

    def answer(self, question: str) -> Iterator[str]:
        for event in self._notes.stream(question, "both"):
            if isinstance(event, TextDelta):
                yield event.text
            elif isinstance(event, Failed):
                raise event.error
