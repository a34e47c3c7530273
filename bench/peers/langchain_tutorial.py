"""LangChain's "Build a RAG application": directory loader, recursive splitter, FAISS, one prompt.

The tutorial's FAISS lives in langchain-community, which is no longer maintained and says so when it is imported. So
does its HuggingFaceBgeEmbeddings, taken because langchain-huggingface cannot be installed beside huggingface-hub 2.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import faiss
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_text_splitters import RecursiveCharacterTextSplitter

from bench.peers.pipeline import PASSAGE_PREFIX, QUERY_PREFIX, REQUESTS, Chat, Limits, Piece, encoder_folder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from langchain_community.docstore import InMemoryDocstore
    from langchain_community.document_loaders import DirectoryLoader, TextLoader
    from langchain_community.embeddings import HuggingFaceBgeEmbeddings
    from langchain_community.vectorstores import FAISS

# `rlm/rag-prompt` of LangChain's hub, which the tutorial pulls.
PROMPT = (
    "You are an assistant for question-answering tasks. Use the following pieces of retrieved context to answer the "
    "question. If you don't know the answer, just say that you don't know. Use three sentences maximum and keep the "
    "answer concise.\nQuestion: {question} \nContext: {context} \nAnswer:"
)


class LangChainPipeline:
    """Pieces of 1000 characters that overlap by 200; the four nearest go into the prompt."""

    packages: ClassVar[tuple[str, ...]] = (
        "langchain-core", "langchain-community", "langchain-text-splitters", "sentence-transformers", "faiss-cpu",
    )  # fmt: skip
    refreshes_by: ClassVar[str] = (
        "`index(cleanup='full')` with a record manager; a piece whose place in its note moved counts as another one"
    )

    def __init__(self, folder: Path, workplace: Path, limits: Limits) -> None:  # noqa: ARG002
        self._folder = folder
        self._chat = Chat(limits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            embeddings = HuggingFaceBgeEmbeddings(
                model_name=str(encoder_folder()),
                model_kwargs={"device": "cpu"},
                encode_kwargs={"normalize_embeddings": True},
                query_instruction=QUERY_PREFIX,
                embed_instruction=PASSAGE_PREFIX,
            )
        dimension = len(embeddings.embed_query("dimension"))
        self._store = FAISS(embeddings, faiss.IndexFlatL2(dimension), InMemoryDocstore(), {})
        self._records = InMemoryRecordManager("notes")
        self._splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
        self._prompt = ChatPromptTemplate.from_messages([("human", PROMPT)])

    def build(self) -> int:
        self.refresh()
        return len(self._store.index_to_docstore_id)

    def refresh(self) -> None:
        loader = DirectoryLoader(
            str(self._folder),
            glob="**/*.md",
            loader_cls=TextLoader,
            loader_kwargs={"encoding": "utf-8"},
            silent_errors=True,
        )
        pieces = self._splitter.split_documents(loader.load())
        index(pieces, self._records, self._store, cleanup="full", source_id_key="source", key_encoder="sha256")

    def search(self, question: str, k: int) -> list[Piece]:
        return [self._piece(document) for document in self._store.similarity_search(question, k=k)]

    def load_chat(self) -> None:
        self._chat.load()

    def answer(self, question: str) -> Iterator[str]:
        chain = self._prompt | self._chat.model | StrOutputParser()
        for request in REQUESTS.values():
            context = "\n\n".join(document.page_content for document in self._store.similarity_search(question))
            yield from chain.stream({"question": f"{question} {request}", "context": context})

    def _piece(self, document: Document) -> Piece:
        note = Path(document.metadata["source"]).relative_to(self._folder).as_posix()
        return Piece(note, document.page_content)
