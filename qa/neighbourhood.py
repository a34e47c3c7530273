"""Makes excerpts for the model out of hits: what completes a hit in its section comes along, within a budget.

An excerpt is a `Passage` too, one stretch of a note. Knows neither the question nor the index.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from qa.blocks import Block, find_blocks
from qa.language import detect_language, estimate_tokens
from qa.listings import announces_list, is_listing
from qa.notes import line_starts
from qa.types import Hit, Note, Passage

_MAX_EXCERPTS = 6
_SCORE_SHARE = 0.5  # of the best hit's score that another must have: reading costs a second per 100 tokens
_GAP_TOKENS = 40  # between two hits of a section: so little costs hardly more than naming the section once more
_COMPLETION_TOKENS = 320  # at either side, as many as a passage has: more would crowd out the other hits
_ANNOUNCED_TOKENS = 480  # the same for a list that a sentence announced: "there are three tasks."
_COMPLETED = 2  # hits at most: completing worse ones takes tokens and measured no better
_SHORT_TOKENS = 40  # a hit that says no more than this only begins something
_LONG_NOTE = 200_000  # characters; finding the blocks of a longer note takes over 0.1 s

_TITLES = frozenset({"heading", "question", "answered"})  # begin a section
_OPENERS = frozenset({"label", "lead"})  # belong to what follows them
# How an item begins, in the ways of numbering that Markdown does not know too. The bullet, or the mark behind the
# number, tells one list from the next, as in Markdown.
ITEM_MARK = re.compile(
    r"[ \t\u3000]*(?:(?P<bullet>[-*+])[ \t]"
    r"|[（(]?(?:\d{1,3}|[一二三四五六七八九十]{1,3})(?P<mark>\.(?!\d)|[)）、．，])|[①-⑳])"
)
_LINE_END = re.compile(r"\r\n|\r|\n")


def excerpts(hits: Sequence[Hit], note_of: Callable[[str], Note | None], budget: int) -> list[Passage]:
    """At most six stretches of notes, best first, without overlap, together of at most `budget` estimated tokens.

    Hits are taken in turn as long as they fit; the best ones are completed right then: by the rest of a list, table or
    code with the line that introduces it, and by the next block where they say next to nothing. Hits of one section
    are one excerpt where little or nothing stands between them. Hits of less than half the best score are left out.
    The best one always comes along, without its end where it is too long. `note_of` gives the notes of the hits' index.
    """
    known: dict[str, _Blocks | None] = {}
    taken: list[_Stretch] = []
    for number, hit in enumerate(hits):
        passage = hit.passage
        if taken and hit.score < _SCORE_SHARE * hits[0].score:
            break
        if passage.note_path not in known:
            known[passage.note_path] = _blocks(note_of(passage.note_path))
        stretch = _stretch(passage, known[passage.note_path])
        if not taken:
            stretch = _trimmed(stretch, budget)
            taken = [stretch]
        elif _fit(more := _joined(taken, stretch), budget):
            taken = more
        else:
            continue
        for completed in _completions(stretch) if number < _COMPLETED else ():
            if _fit(more := _joined(taken, completed), budget):
                taken = more
    return [_excerpt(stretch) for stretch in taken]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The blocks of a note, by number in their order."""

    text: str  # of the note
    blocks: Sequence[Block]

    def at(self, offset: int) -> int:
        """The block in which an offset lies."""
        return bisect.bisect_right(self.blocks, offset, key=lambda block: block.start) - 1

    def section(self, number: int) -> tuple[int, int]:
        """[first, behind the last) of the blocks below the same title as this one, that title included."""
        first, end = number, number + 1
        while first and self._goes_on(first):
            first -= 1
        while end < len(self.blocks) and self._goes_on(end):
            end += 1
        return first, end

    def start_of(self, start: int) -> int:
        """Where the list, table or code starts that `start` is in the middle of, with what introduces it."""
        number = self.at(start)
        if self._is_inside(number, start):
            if not self._holds_together(number):
                return start
            start = self.blocks[number].start
        first, _ = self.section(number)
        while number > first and (self._opens(number - 1) or self._is_one_list(number - 1)):
            number -= 1
            start = self.blocks[number].start
        return start

    def end_of(self, start: int, end: int) -> int:
        """Where the list, table or code ends that `end` is in the middle of; a short stretch gets the next block."""
        number = self.at(end - 1)
        if self._is_inside(number, end):
            if not self._holds_together(number):
                return end
            end = self.blocks[number].end
        first, behind = self.section(number)
        if self.blocks[first].kind in {"heading", "question"}:
            start = max(start, self.blocks[first].end)
        while number + 1 < behind and (
            self._opens(number)
            or self._is_one_list(number)
            or (not self._holds_together(number) and estimate_tokens(self.text[start:end].strip()) < _SHORT_TOKENS)
        ):
            number += 1
            end = self.blocks[number].end
        return len(self.text[:end].rstrip())

    def _goes_on(self, number: int) -> bool:
        before, block = self.blocks[number - 1], self.blocks[number]
        return block.kind not in _TITLES and before.headings == block.headings

    def announces(self, end: int) -> bool:
        """Whether the block that ends there announces a list that follows."""
        number = self.at(end - 1)
        _, behind = self.section(number)
        if number + 1 >= behind or not self._holds_together(number + 1):
            return False
        block = self.blocks[number]
        return block.kind not in _TITLES and announces_list(self.text[block.start : block.end])

    def _opens(self, number: int) -> bool:
        return self.blocks[number].kind in _OPENERS or self.announces(self.blocks[number].end)

    def _is_inside(self, number: int, offset: int) -> bool:
        """Whether an offset has words of the block before it and behind it."""
        block = self.blocks[number]
        return bool(self.text[block.start : offset].strip() and self.text[offset : block.end].strip())

    def _holds_together(self, number: int) -> bool:
        """Whether parts of the block make little sense apart: in a list, a table or code, but not in running text."""
        block = self.blocks[number]
        if block.kind == "lines" or self._marker(number):
            return True
        lines = _LINE_END.split(self.text[block.start : block.end])
        return sum(ITEM_MARK.match(line) is not None for line in lines) > 1

    def _is_one_list(self, number: int) -> bool:
        """Whether a block and the next are items of one list."""
        marker = self._marker(number)
        return marker is not None and marker == self._marker(number + 1)

    def _marker(self, number: int) -> str | None:
        block = self.blocks[number]
        found = ITEM_MARK.match(self.text, block.start, block.end) if block.kind == "text" else None
        return found and (found["bullet"] or found["mark"] or "①")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """[start, end) of a note around one hit or several."""

    passage: Passage  # of one of them
    note: _Blocks | None  # None where nothing is known but the passage
    start: int
    end: int

    def text(self) -> str:
        if self.note is None:
            return self.passage.text[: self.end - self.start]
        return self.note.text[self.start : self.end]


def _blocks(note: Note | None) -> _Blocks | None:
    if note is None or len(note.text) > _LONG_NOTE:
        return None
    return _Blocks(note.text, find_blocks(note.text, line_starts(note.text)))


def _stretch(passage: Passage, note: _Blocks | None) -> _Stretch:
    if note is not None and note.text[passage.start : passage.end] != passage.text:
        note = None  # it was edited meanwhile
    return _Stretch(passage, note, passage.start, passage.end)


def _fit(stretches: Sequence[_Stretch], budget: int) -> bool:
    return len(stretches) <= _MAX_EXCERPTS and sum(estimate_tokens(each.text()) for each in stretches) <= budget


def _trimmed(stretch: _Stretch, budget: int) -> _Stretch:
    """Up to the last block that fits, else up to the last line, else up to the first line that says something."""
    text = stretch.text()
    if estimate_tokens(text) <= budget:
        return stretch
    saying = [block for block in find_blocks(text, line_starts(text)) if block.kind not in _TITLES | _OPENERS]
    said = saying[0].start if saying else 0
    lines = [match.end() for match in _LINE_END.finditer(text) if match.end() > said] or [len(text)]
    for ends in ([block.end for block in saying], lines):
        fitting = [end for end in ends if estimate_tokens(text[:end].rstrip()) <= budget]
        if fitting:
            return replace(stretch, end=stretch.start + len(text[: fitting[-1]].rstrip()))
    return replace(stretch, end=stretch.start + len(text[: lines[0]].rstrip()))


def _completions(stretch: _Stretch) -> Iterator[_Stretch]:
    """The stretch with what belongs before it, and with what belongs behind it."""
    note = stretch.note
    if note is None or stretch.passage.listing:
        return
    start, end = note.start_of(stretch.start), note.end_of(stretch.start, stretch.end)
    behind = _ANNOUNCED_TOKENS if note.announces(stretch.end) else _COMPLETION_TOKENS
    for a, b, most in ((start, stretch.start, _COMPLETION_TOKENS), (stretch.end, end, behind)):
        added = note.text[a:b]
        if added.strip() and estimate_tokens(added) <= most and not is_listing(added, stretch.passage.headings):
            yield replace(stretch, start=min(a, stretch.start), end=max(b, stretch.end))


def _joined(taken: Sequence[_Stretch], stretch: _Stretch) -> list[_Stretch]:
    """With one more stretch: made one with those that it is near to, in the place of the best of them."""
    joined, place = list(taken), len(taken)
    while near := [number for number, each in enumerate(joined) if _is_near(each, stretch)]:
        for number in near:  # what has grown may reach over others
            each, start, end = joined[number], stretch.start, stretch.end
            made = stretch if each.passage.listing else each
            stretch = replace(made, start=min(each.start, start), end=max(each.end, end))
        joined = [each for number, each in enumerate(joined) if number not in near]
        place = min(place, near[0])
    joined.insert(place, stretch)
    return joined


def _is_near(one: _Stretch, other: _Stretch) -> bool:
    """Whether they overlap, or stand in one section with next to nothing in between; a listing stays alone."""
    note = one.note
    if note is None or note is not other.note:
        return False
    if one.start < other.end and other.start < one.end:
        return True
    if one.passage.listing or other.passage.listing:
        return False
    gap = note.text[min(one.end, other.end) : max(one.start, other.start)].strip()
    return (
        note.section(note.at(one.end - 1)) == note.section(note.at(other.end - 1))
        and estimate_tokens(gap) <= _GAP_TOKENS
        and not is_listing(gap, one.passage.headings)
    )


def _excerpt(stretch: _Stretch) -> Passage:
    passage, text = stretch.passage, stretch.text()
    if text == passage.text:
        return passage
    before = text[: passage.start - stretch.start]
    start_line = passage.start_line - len(_LINE_END.findall(before))
    end_line = start_line + len(_LINE_END.findall(text))
    return replace(
        passage,
        text=text,
        start=stretch.start,
        end=stretch.end,
        start_line=start_line,
        end_line=end_line,
        language=detect_language(text),
    )
