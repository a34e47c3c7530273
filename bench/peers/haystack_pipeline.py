"""Haystack's tutorials 27 and 30: an indexing pipeline for Markdown files, and a pipeline that answers from its store.

Its splitter counts words between spaces, of which a Chinese paragraph has hardly any: such pieces are pages long, and
of each the encoder reads the first 512 tokens. Ten of them rarely fit into 4096 tokens, so most answers fail there:
`--context-tokens 32768` shows what they take.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import ClassVar

from haystack import Pipeline, component
from haystack.components.builders import PromptBuilder
from haystack.components.converters import MarkdownToDocument
from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.document_stores.types import DuplicatePolicy
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

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

TEMPLATE = """
Answer the questions based on the given context.

Context:
{% for document in documents %}
    {{ document.content }}
{% endfor %}

Question: {{ question }}
Answer:
"""


@component  # type: ignore[untyped-decorator, unused-ignore]
class LocalGenerator:
    """The chat model as a component."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    @component.output_types(replies=list[str])  # type: ignore[untyped-decorator, unused-ignore]
    def run(self, prompt: str, streaming_callback: Callable[[str], None]) -> dict[str, list[str]]:
        pieces = []
        for piece in self._chat.stream(prompt):
            streaming_callback(piece)
            pieces.append(piece)
        return {"replies": ["".join(pieces)]}


class HaystackPipeline:
    """Pieces of 150 words that overlap by 50; the ten nearest go into the prompt."""

    packages: ClassVar[tuple[str, ...]] = ("haystack-ai", "sentence-transformers-haystack", "sentence-transformers")
    refreshes_by: ClassVar[str] = (
        "deleting the changed note's pieces and running the indexing pipeline on it (policy OVERWRITE); that it "
        "changed is for the user to know"
    )

    def __init__(self, folder: Path, workplace: Path, limits: Limits) -> None:  # noqa: ARG002
        self._folder = folder
        self._chat = Chat(limits)
        self._known = Fingerprints()
        self._store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        model = str(encoder_folder())
        embedder = SentenceTransformersDocumentEmbedder(model=model, prefix=PASSAGE_PREFIX, progress_bar=False)
        self._indexing = _chained(
            converter=MarkdownToDocument(progress_bar=False, store_full_path=True),
            cleaner=DocumentCleaner(),
            splitter=DocumentSplitter(split_by="word", split_length=150, split_overlap=50),
            embedder=embedder,
            writer=DocumentWriter(self._store, policy=DuplicatePolicy.OVERWRITE),
        )
        self._search = _chained(
            embedder=SentenceTransformersTextEmbedder(model=model, prefix=QUERY_PREFIX, progress_bar=False),
            retriever=InMemoryEmbeddingRetriever(self._store),
        )
        for pipeline in (self._indexing, self._search):
            pipeline.warm_up()

    def build(self) -> int:
        self._known.changed(self._folder)
        self._write(note_paths(self._folder))
        return int(self._store.count_documents())

    def refresh(self) -> None:
        changed = self._known.changed(self._folder)
        names = [str(path) for path in changed]
        self._store.delete_by_filter({"field": "meta.file_path", "operator": "in", "value": names})
        self._write(changed)

    def search(self, question: str, k: int) -> list[Piece]:
        found = self._search.run({"embedder": {"text": question}, "retriever": {"top_k": k}})["retriever"]["documents"]
        return [
            Piece(Path(document.meta["file_path"]).relative_to(self._folder).as_posix(), document.content)
            for document in found
        ]

    def load_chat(self) -> None:
        self._chat.load()
        self._answering = Pipeline()
        self._answering.add_component(
            "embedder",
            SentenceTransformersTextEmbedder(model=str(encoder_folder()), prefix=QUERY_PREFIX, progress_bar=False),
        )
        self._answering.add_component("retriever", InMemoryEmbeddingRetriever(self._store))
        self._answering.add_component("prompt_builder", PromptBuilder(TEMPLATE, required_variables="*"))
        self._answering.add_component("llm", LocalGenerator(self._chat))
        self._answering.connect("embedder.embedding", "retriever.query_embedding")
        self._answering.connect("retriever", "prompt_builder.documents")
        self._answering.connect("prompt_builder", "llm.prompt")
        self._answering.warm_up()

    def answer(self, question: str) -> Iterator[str]:
        for request in REQUESTS.values():
            yield from self._streamed(question, f"{question} {request}")

    def _streamed(self, question: str, asked: str) -> Iterator[str]:
        """A run of a pipeline returns at its end and tells its pieces to a callback, so it runs in another thread."""
        pieces: SimpleQueue[str | Exception | None] = SimpleQueue()

        def run() -> None:
            try:
                self._answering.run(
                    {
                        "embedder": {"text": question},
                        "prompt_builder": {"question": asked},
                        "llm": {"streaming_callback": pieces.put},
                    }
                )
                pieces.put(None)
            except Exception as error:  # raised again where the text is read
                pieces.put(error)

        threading.Thread(target=run, daemon=True).start()
        while (piece := pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def _write(self, notes: Sequence[Path]) -> None:
        if notes:
            self._indexing.run({"converter": {"sources": list(notes)}})


def _chained(**components: object) -> Pipeline:
    """Components that hand on what they make to the next one."""
    pipeline = Pipeline()
    for name, one in components.items():
        pipeline.add_component(name, one)
    for giver, taker in itertools.pairwise(components):
        pipeline.connect(giver, taker)
    return pipeline
