"""Answers and hits as plain JSON values, for the command line's --json, the HTTP endpoints and the MCP tools."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from qa.types import Answer, Citation, Hit


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """An answer with its citations; the texts by language, "zh" before "en"."""
    return {
        "question": answer.question,
        "texts": {language: answer.texts[language] for language in ("zh", "en") if language in answer.texts},
        "abstained": answer.abstained,
        "citations": [_citation(citation) for citation in answer.citations],
        "conflicts": [[conflict.first, conflict.second] for conflict in answer.conflicts],
        "sentences": [asdict(sentence) for sentence in answer.sentences],
        "not_mentioned": list(answer.unnamed),
        "general_knowledge": dict(answer.general),
        "chance": answer.chance,
        "forgotten_turns": answer.forgotten_turns,
        "model": answer.model,
        "timings": dict(answer.timings),
    }


def hit_to_json(hit: Hit) -> dict[str, Any]:
    """A found passage with its rank, 1 = best; lines 1-based, inclusive."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "score": hit.score,
        "note_path": passage.note_path,
        "headings": list(passage.headings),
        "start_line": passage.start_line,
        "end_line": passage.end_line,
        "text": passage.text,
        "dense_rank": hit.dense_rank,
        "lexical_rank": hit.lexical_rank,
        "cosine": hit.cosine,
        "ways": list(hit.ways),
        "also_in": [
            {"note_path": copy.note_path, "start_line": copy.start_line, "end_line": copy.end_line}
            for copy in hit.copies
        ],
    }


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "note_path": citation.note_path,
        "headings": list(citation.headings),
        "start_line": citation.start_line,
        "end_line": citation.end_line,
        "quote": citation.quote,
    }
