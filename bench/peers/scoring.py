"""Whether a retrieved piece is right: pure functions of texts that treat every pipeline alike.

Libraries clean, cut and re-render notes, and few say where in the file a piece stands. So a piece is looked for in its
note by its words alone, without spaces, marks and markup; where it does not stand there as it is, the longest stretch
that it shares with the gold counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from bench.peers.pipeline import Piece
from qa.question_sets import Gold

Texts = Mapping[str, str]  # of the notes, by path


def bare(text: str) -> str:
    """Letters, digits and Chinese characters only."""
    return re.sub(r"[\W_]+", "", text)


def is_right(piece: Piece, gold: Gold, notes: Texts) -> bool:
    """Whether a piece covers at least half of the gold: of a quote's characters, or of the shorter one of both where
    gold is lines or a whole note, of which no piece could be asked to hold half.
    """
    if gold.note not in (piece.note, *piece.copies):
        return False
    note = notes[gold.note]
    wanted, found = bare(gold_text(gold, note)), bare(piece.text)
    needed = len(wanted) if gold.quote else min(len(wanted), len(found))
    return needed > 0 and 2 * shared(found, wanted, bare(note)) >= needed


def gold_text(gold: Gold, note: str) -> str:
    """The quote, the lines, or the whole note."""
    if gold.quote:
        return gold.quote
    if gold.lines is None:
        return note
    first, last = gold.lines
    return "\n".join(re.split(r"\r\n|\r|\n", note)[first - 1 : last])


def shared(piece: str, gold: str, note: str) -> int:
    """Characters of the gold that a piece covers, all three bare."""
    if gold in piece:
        return len(gold)
    places = list(_places(piece, note))
    if not places:
        matcher = SequenceMatcher(None, piece, gold, autojunk=False)
        return matcher.find_longest_match(0, len(piece), 0, len(gold)).size
    overlaps = (
        min(start + len(piece), at + len(gold)) - max(start, at) for start in places for at in _places(gold, note)
    )
    return max(0, *overlaps, 0)


def first_right(pieces: Sequence[Piece], golds: Sequence[Gold], notes: Texts) -> int | None:
    """Rank of the first right piece, 1-based."""
    ranks = (rank for rank, piece in enumerate(pieces, 1) if any(is_right(piece, gold, notes) for gold in golds))
    return next(ranks, None)


def _places(part: str, whole: str) -> Iterator[int]:
    at = whole.find(part) if part else -1
    while at >= 0:
        yield at
        at = whole.find(part, at + 1)
