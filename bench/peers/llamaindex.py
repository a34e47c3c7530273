"""LlamaIndex's starter tutorial with local models: directory reader, vector store index, query engine.

Markdown is read as plain text: the package of LlamaIndex that reads it otherwise cannot be installed beside pandas 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from llama_index.core import Document, SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.schema import QueryBundle
from llama_index.embeddings.huggingface import HuggingFaceEmbedding

from bench.peers.pipeline import PASSAGE_PREFIX, QUERY_PREFIX, REQUESTS, Chat, Limits, Piece, encoder_folder


class _LocalLLM(CustomLLM):  # type: ignore[misc, unused-ignore]
    """The documentation's way to bring a model of one's own."""

    packaged: Any  # a Chat; pydantic cannot check it

    @property
    def metadata(self) -> LLMMetadata:
        limits = self.packaged.limits
        return LLMMetadata(context_window=limits.context, num_output=limits.answer, model_name="packaged")

    @llm_completion_callback()  # type: ignore[untyped-decorator, unused-ignore]
    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:  # noqa: ARG002
        return CompletionResponse(text="".join(self.packaged.stream(prompt)))

    @llm_completion_callback()  # type: ignore[untyped-decorator, unused-ignore]
    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:  # noqa: ARG002
        text = ""
        for piece in self.packaged.stream(prompt):
            text += piece
            yield CompletionResponse(text=text, delta=piece)


class LlamaIndexPipeline:
    """Pieces of 1024 tokens that overlap by 20 to 200; the two nearest go into the prompt."""

    packages: ClassVar[tuple[str, ...]] = (
        "llama-index-core", "llama-index-embeddings-huggingface", "sentence-transformers",
    )  # fmt: skip
    refreshes_by: ClassVar[str] = "`refresh_ref_docs`, which encodes a changed note anew"

    def __init__(self, folder: Path, workplace: Path, limits: Limits) -> None:  # noqa: ARG002
        self._folder = folder
        self._chat = Chat(limits)
        self._embedding = HuggingFaceEmbedding(
            str(encoder_folder()), query_instruction=QUERY_PREFIX, text_instruction=PASSAGE_PREFIX, device="cpu"
        )

    def build(self) -> int:
        self._index = VectorStoreIndex.from_documents(self._documents(), embed_model=self._embedding)
        return len(self._index.index_struct.nodes_dict)

    def refresh(self) -> None:
        self._index.refresh_ref_docs(self._documents())

    def search(self, question: str, k: int) -> list[Piece]:
        found = self._index.as_retriever(similarity_top_k=k).retrieve(question)
        return [
            Piece(Path(hit.node.metadata["file_path"]).relative_to(self._folder).as_posix(), hit.node.get_content())
            for hit in found
        ]

    def load_chat(self) -> None:
        self._chat.load()

    def answer(self, question: str) -> Iterator[str]:
        engine = self._index.as_query_engine(llm=_LocalLLM(packaged=self._chat), streaming=True)
        for request in REQUESTS.values():
            asked = QueryBundle(f"{question} {request}", custom_embedding_strs=[question])
            yield from engine.query(asked).response_gen

    def _documents(self) -> list[Document]:
        reader = SimpleDirectoryReader(
            str(self._folder), recursive=True, required_exts=[".md"], filename_as_id=True, errors="ignore"
        )
        return list(reader.load_data())
