"""The search behind LangChain's interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from qa.types import Hit

Search = Callable[[str, int, str | None], list[Hit]]  # query, top_k, topic


class NotesRetriever(BaseRetriever):
    """Passages as documents; metadata holds note_path, headings, start_line, end_line, rank and score."""

    search: Search
    top_k: int = 5
    topic: str | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - the signature is LangChain's
    ) -> list[Document]:
        return [_document(hit) for hit in self.search(query, self.top_k, self.topic)]


def _document(hit: Hit) -> Document:
    passage = hit.passage
    metadata: dict[str, Any] = {
        "note_path": passage.note_path,
        "headings": list(passage.headings),
        "start_line": passage.start_line,
        "end_line": passage.end_line,
        "rank": hit.rank,
        "score": hit.score,
    }
    return Document(page_content=passage.text, metadata=metadata, id=passage.id)
