"""Hits as other programs get them."""

from __future__ import annotations

from fakes_ui import POOLING, WARM_UP

from qa.json_values import hit_to_json
from qa.types import Hit


def test_hit_is_written_with_its_ranks_its_copies_and_by_what_it_was_found() -> None:
    assert hit_to_json(Hit(WARM_UP, 2, 0.5, 3, None, 0.9, (POOLING,), ("meaning", "translation"))) == {
        "rank": 2,
        "score": 0.5,
        "note_path": "training-tricks.md",
        "headings": ["Training tricks", "Warm-up"],
        "start_line": 3,
        "end_line": 5,
        "text": WARM_UP.text,
        "dense_rank": 3,
        "lexical_rank": None,
        "cosine": 0.9,
        "ways": ["meaning", "translation"],
        "also_in": [{"note_path": "ai-interview.md", "start_line": 5, "end_line": 24}],
    }
