"""txtai's RAG quick start: text extractor by sections, embeddings database, RAG pipeline.

The quick start turns files to HTML by docling, half a gigabyte of models; markdown-it, which notes-qa has anyway, does
that for Markdown, and the extractor goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from markdown_it import MarkdownIt
from txtai import RAG, Embeddings
from txtai.pipeline import Textractor

from bench.peers.pipeline import (
    PASSAGE_PREFIX,
    QUERY_PREFIX,
    REQUESTS,
    Chat,
    Fingerprints,
    Limits,
    Piece,
    encoder_folder,
    note_paths,
)

SYSTEM = "You are a friendly assistant"
TEMPLATE = """
  Answer the following question using the provided context.

  Question:
  {question}

  Context:
  {context}
"""


class TxtaiPipeline:
    """A piece is a section, however long; the three nearest go into the prompt."""

    packages: ClassVar[tuple[str, ...]] = ("txtai", "transformers", "faiss-cpu")
    refreshes_by: ClassVar[str] = "`upsert` of the changed note's sections; that it changed is for the user to know"

    def __init__(self, folder: Path, workplace: Path, limits: Limits) -> None:  # noqa: ARG002
        self._folder = folder
        self._chat = Chat(limits)
        self._markdown = MarkdownIt("commonmark").enable("table")
        self._extract = Textractor(backend=None, sections=True)
        self._known = Fingerprints()
        self._embeddings = Embeddings(
            content=True,
            path=str(encoder_folder()),
            instructions={"query": QUERY_PREFIX, "data": PASSAGE_PREFIX},
        )
        self._embeddings.batchtransform(["warm-up"])

    def build(self) -> int:
        self._known.changed(self._folder)
        self._embeddings.index(self._sections(note_paths(self._folder)))
        return int(self._embeddings.count())

    def refresh(self) -> None:
        self._embeddings.upsert(self._sections(self._known.changed(self._folder)))

    def search(self, question: str, k: int) -> list[Piece]:
        return [Piece(hit["id"], hit["text"]) for hit in self._embeddings.search(question, k)]

    def load_chat(self) -> None:
        self._chat.load()

    def answer(self, question: str) -> Iterator[str]:
        rag = RAG(self._embeddings, self._complete, system=SYSTEM, template=TEMPLATE, output="flatten")
        for request in REQUESTS.values():
            yield from rag({"query": question, "question": f"{question} {request}"}, stream=True)

    def _complete(self, prompts: Sequence[Sequence[dict[str, str]]], **_: Any) -> Iterator[str]:
        for system, user in prompts:
            yield from self._chat.stream(user["content"], system["content"])

    def _sections(self, notes: Sequence[Path]) -> list[tuple[str, str]]:
        return [
            (path.relative_to(self._folder).as_posix(), section)
            for path in notes
            for section in self._extract(self._html(path.read_text(encoding="utf-8", errors="ignore")))
        ]

    def _html(self, markdown: str) -> str:
        return f"<html><body>{self._markdown.render(markdown)}</body></html>"  # a mere fragment gets no headings
