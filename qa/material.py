"""What one answer is drawn from: the excerpts that a search led to, trimmed to the sentences that matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.encoder import Encoder
from qa.found import Found
from qa.glossary import Glossary
from qa.grounds import Grounds, Scores
from qa.neighbourhood import excerpts
from qa.relevance import relevance
from qa.trimming import trim
from qa.types import Note, Turn
from qa.writing import Task

EXCERPT_TOKENS = 900  # of all excerpts together, before they are trimmed


@dataclass(frozen=True, slots=True)
class Material:
    """The task for the model, and what its answer is checked against."""

    task: Task  # its passages are those of the grounds, trimmed to what matters
    grounds: Grounds
    relevance: Scores  # (statements of the grounds,)


def gather(
    question: str,
    found: Found,
    note_of: Callable[[str], Note | None],
    encoder: Encoder,
    glossary: Glossary,
    history: Sequence[Turn] = (),
    known: Material | None = None,
) -> Material:
    """From what a search found; `known` is what was gathered before and need not be encoded again."""
    passages = excerpts(found.hits, note_of, EXCERPT_TOKENS)
    grounds = Grounds(passages, encoder, glossary, known.grounds if known else None)
    trimmed = trim(grounds, relevance(grounds, found))
    grounds = Grounds(trimmed.whole, encoder, glossary, grounds)
    return Material(Task(question, trimmed.shown, tuple(history)), grounds, relevance(grounds, found))
