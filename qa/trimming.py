"""Leaves of the excerpts what matters for a question: their best sentences, as the note has them, with gaps marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qa.grounds import Grounds, Scores
from qa.instructions import is_instruction
from qa.language import estimate_tokens, split_sentences
from qa.relevance import BESIDE
from qa.searchtext import readable
from qa.statements import is_table_head, leads_in
from qa.types import Passage

SENTENCES = 12
TOKENS = 480
SENTENCE_CHARS = 6  # what is shorter is an item of a list, and takes the place of no sentence
_GAP = " … "


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Excerpts that have a sentence that matters, whole and, the first of them, as the model is shown them."""

    whole: tuple[Passage, ...]
    shown: tuple[Passage, ...]  # their texts are no stretch of a note


def trim(grounds: Grounds, relevance: Scores, sentences: int = SENTENCES, tokens: int = TOKENS) -> Trimmed:
    """By (statements,) relevance, at most so many sentences of so many estimated tokens; the best always stays.

    What says nothing on the question beside the best is not shown.
    """
    chosen: list[int] = []
    left, places = tokens, sentences
    for row in sorted(grounds.singles(), key=lambda i: (-relevance[i], i)):
        text = grounds.statements[row].text
        cost = estimate_tokens(text)
        if places and (not chosen or cost <= left):
            chosen.append(row)
            left -= cost
            places -= len(text) >= SENTENCE_CHARS
    rows: dict[int, list[int]] = {}
    for row in sorted(row for row in chosen if relevance[row] >= relevance[chosen[0]] - BESIDE):
        rows.setdefault(grounds.statements[row].number, []).append(row)
    others = sorted({grounds.statements[row].number for row in chosen} - rows.keys())
    whole = tuple(grounds.passages[number - 1] for number in (*rows, *others))
    return Trimmed(whole, tuple(_shown(grounds, number, of) for number, of in rows.items()))


def _shown(grounds: Grounds, number: int, rows: Sequence[int]) -> Passage:
    passage = grounds.passages[number - 1]
    chosen = [(grounds.statements[row].start, grounds.statements[row].end) for row in rows]
    kept = _with_lead_ins(passage.text, chosen)
    coded = [grounds.statements[row] for row in rows if grounds.statements[row].is_code]
    parts: list[str] = []
    end = 0
    for start, stop in kept:
        gap = passage.text[end:start]
        if parts:
            parts.append(gap if not gap.strip(" \t\n\r-*>•") else ("\n…\n" if "\n" in gap else _GAP))
        text = passage.text[start:stop]
        parts.append(text if any(start < code.end and code.start < stop for code in coded) else readable(text))
        end = stop
    headings = tuple(name for name in passage.headings if not is_instruction(name))
    return replace(
        passage, headings=headings, title="" if is_instruction(passage.title) else passage.title, text="".join(parts)
    )


def _with_lead_ins(text: str, chosen: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans of the sentences that these stretches touch, each with the line that leads in to its list or table."""
    spans = split_sentences(text)
    kept: list[tuple[int, int]] = []
    lead_in: tuple[int, int] | None = None
    for span in spans:
        said = text[slice(*span)]
        if (leads_in(text, span[0], said) or is_table_head(text, span[0])) and not is_instruction(said):
            lead_in = span
        elif any(span[0] < end and start < span[1] for start, end in chosen):
            if lead_in and lead_in not in kept:
                kept.append(lead_in)
            kept.append(span)
    return kept
