"""The questions that other programs may put: `ask` and `search` over HTTP and as MCP tools.

Gradio makes both from the signatures, and their descriptions from the docstrings: those are documentation for users.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import gradio as gr
from mcp.types import TextContent

from qa.errors import NotesQAError
from qa.json_values import answer_to_json, hit_to_json
from qa.ui.backend import Backend
from qa.ui.line import Line

_MAX_HITS = 50
_SECONDS_BETWEEN_LOOKS = 60.0  # at the line that a question stands in


class Api:
    """Both endpoints over one set of notes; what goes wrong reaches the caller as the error's own sentence."""

    def __init__(self, notes: Backend, line: Line) -> None:
        self._notes = notes
        self._line = line

    def ask(
        self, question: str, language: Literal["auto", "zh", "en", "both"] = "auto", topic: str = ""
    ) -> dict[str, Any]:
        """Answer a question from the user's own Markdown notes, with a citation for every statement.

        Args:
            question: The question, in Chinese or English.
            language: Language of the answer: auto (that of the question), zh, en or both.
            topic: Look only below the folder, note, heading or tag of this name; empty means all notes.

        Returns:
            texts (by language), abstained (true where the notes do not cover the question), citations (number as in
            the text, note_path, headings, start_line and end_line counted from 1, quote) and conflicts (pairs of
            citation numbers that disagree).
        """
        try:
            with self._line.stand() as turn:
                while turn.wait(_SECONDS_BETWEEN_LOOKS):
                    pass
                return answer_to_json(self._notes.ask(question, language=language, topic=topic or None))
        except NotesQAError as error:
            raise gr.Error(str(error)) from error

    def search(self, query: str, top_k: int = 5, topic: str = "") -> dict[str, Any]:
        """Find passages of the user's own Markdown notes by meaning and words, across Chinese and English.

        Args:
            query: What to look for, in Chinese or English.
            top_k: How many passages, 1 to 50.
            topic: Look only below the folder, note, heading or tag of this name; empty means all notes.

        Returns:
            hits, best first: rank, note_path, headings, start_line and end_line counted from 1, text, score and ways
            (by what it was found: meaning, words, glossary, translation).
        """
        if not 1 <= top_k <= _MAX_HITS:
            raise gr.Error(f"top_k must be between 1 and {_MAX_HITS}, not {top_k}.")
        try:
            return {"hits": [hit_to_json(hit) for hit in self._notes.search(query, top_k=top_k, topic=topic or None)]}
        except NotesQAError as error:
            raise gr.Error(str(error)) from error


def answer_tools_in_json(page: gr.Blocks) -> None:
    """Let the MCP tools of a mounted page write JSON; Gradio itself writes Python's `str` of a result."""
    assert page.mcp_server_obj is not None, "mount the page with mcp_server=True first"

    def as_json(data: list[Any], _root_url: str) -> list[TextContent]:
        return [TextContent(type="text", text=json.dumps(output, ensure_ascii=False)) for output in data]

    page.mcp_server_obj.postprocess_output_data = as_json  # type: ignore[method-assign,assignment]
