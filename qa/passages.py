"""Splits a note along its headings and questions into passages with exact offsets; never changes a character.

`qa.blocks` says where blocks stand; joining and cutting them is arithmetic on offsets, so that citations point into the
file as it is.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qa.blocks import Block, find_blocks
from qa.language import detect_language, estimate_tokens, split_sentences
from qa.listings import is_listing
from qa.notes import line_starts
from qa.types import Note, Passage

# Changing where passages begin or end changes the index: count this up.
SPLITTER_VERSION = "headings+questions+blocks/6"
MAX_TOKENS = 320  # by language.estimate_tokens: leaves room for the heading path in an encoder of 512

_OPENERS = frozenset({"heading", "question", "label", "lead"})  # belong to what follows them
_SMALL = 4  # a bold line opens a passage where it and what stands before it take more than this part of the limit
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK_LINE = re.compile(r"(?:\r\n|\r(?!\n)|\n)(?:[ \t\u3000]*(?:\r\n|\r|\n))+")
_FULL_LINE = re.compile(
    r"(?:(?<=[。！？；.!?;:：])[ \t]*(?:\r\n|\r|\n)|(?:\r\n|\r|\n)(?=[ \t]*(?:[-*+>|]|\d{1,3}[.)])[ \t]))"
)
_CLAUSES = ["；", "; ", "，", "、", ", ", " ", ""]


@dataclass(frozen=True, slots=True)
class _Unit:
    """A block with its openers before and thematic breaks after it: [start, end), the block itself from `body` on."""

    start: int
    body: int
    end: int
    kind: str
    headings: tuple[str, ...]
    opens: bool  # starts with a bold line that heads enough to open a passage


def split_note(note: Note, max_tokens: int = MAX_TOKENS) -> list[Passage]:
    """The passages of a note in order; together they cover every non-blank character once."""
    starts = line_starts(note.text)
    passages = []
    for headings, start, end in _pieces(note.text, find_blocks(note.text, starts), max_tokens):
        start, end = _strip(note.text, start, end)
        if start == end:
            continue
        text = note.text[start:end]
        passages.append(
            Passage(
                note_path=note.path,
                title=note.title,
                headings=headings,
                text=text,
                start=start,
                end=end,
                start_line=bisect.bisect_right(starts, start),
                end_line=bisect.bisect_right(starts, end - 1),
                language=detect_language(text),
                listing=is_listing(text, headings),
            )
        )
    return passages


def _pieces(text: str, blocks: list[Block], max_tokens: int) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """(headings, start, end) of the passages: sections, joined where they only name and cut where they are too long."""
    bare: list[list[Block]] = []  # sections of nothing but headings or questions
    for section in _sections(blocks):
        if _is_bare(section):
            if bare and not _fits(text, bare[0][0].start, section[-1].end, max_tokens):
                yield from _bare_pieces(text, bare, max_tokens)
                bare = []
            bare.append(section)
        else:
            yield from _bare_pieces(text, bare, max_tokens)
            bare = []
            yield from _pack(text, section, max_tokens)
    yield from _bare_pieces(text, bare, max_tokens)


def _sections(blocks: list[Block]) -> list[list[Block]]:
    """Headings or a question with all that follows up to the next; a heading takes in those right below it."""
    sections: list[list[Block]] = []
    for block in blocks:
        section = sections[-1] if sections else []
        only_headings = all(other.kind in {"heading", "rule"} for other in section)
        if block.kind == "heading":
            begins = not only_headings or max((other.level for other in section), default=0) >= block.level
        elif block.kind in {"question", "answered"}:
            begins = not only_headings
        else:
            begins = block.kind != "rule" and bool(section) and not only_headings and _ends(section[-1], block)
        if begins or not section:
            sections.append([block])
        else:
            section.append(block)
    return sections


def _ends(last: Block, block: Block) -> bool:
    return last.kind == "front_matter" or last.headings != block.headings


def _is_bare(section: list[Block]) -> bool:
    return all(block.kind in {"heading", "question", "rule"} for block in section) and any(
        block.kind != "rule" for block in section
    )


def _bare_pieces(text: str, sections: list[list[Block]], max_tokens: int) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Questions without answers and headings with nothing below them, together under the headings they share."""
    if not sections:
        return
    shared, *others = (section[-1].headings for section in sections)
    while any(path[: len(shared)] != shared for path in others):
        shared = shared[:-1]
    yield from ((shared, a, b) for a, b in _cut(text, sections[0][0].start, sections[-1][-1].end, max_tokens, False))


def _pack(text: str, section: list[Block], max_tokens: int) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """The units of a section, joined while they fit."""
    start: int | None = None
    headings: tuple[str, ...] = ()
    end = section[0].start
    kind = ""
    for unit in _units(text, section, max_tokens):
        if start is not None and (
            not _fits(text, start, unit.end, max_tokens)
            or (kind == "links") != (unit.kind == "links")
            or (unit.opens and estimate_tokens(text[start : unit.start]) > max_tokens // _SMALL)
        ):
            yield headings, start, end
            start = None
        if start is None:
            start = unit.start
        headings, kind = unit.headings, unit.kind
        if not _fits(text, start, unit.end, max_tokens):
            *cuts, (start, _) = _cut_unit(text, unit, max_tokens)
            yield from ((headings, a, b) for a, b in cuts)
        end = unit.end
    if start is not None:
        yield headings, start, end


def _units(text: str, section: list[Block], max_tokens: int) -> list[_Unit]:
    units: list[_Unit] = []
    start: int | None = None
    opens = False
    for index, block in enumerate(section):
        if start is None:
            start = block.start
            opens = block.kind == "label" and _heads_much(text, section[index:], max_tokens)
        if block.kind in _OPENERS and index + 1 < len(section):
            continue
        if block.kind == "rule" and units and start == block.start:
            last = units.pop()
            units.append(_Unit(last.start, last.body, block.end, last.kind, last.headings, last.opens))
            start = None
        elif block.kind != "rule" or index + 1 == len(section):
            units.append(_Unit(start, block.start, block.end, block.kind, block.headings, opens))
            start = None
    return units


def _heads_much(text: str, blocks: list[Block], max_tokens: int) -> bool:
    following = (block.start for block in blocks[1:] if block.kind == "label")
    return estimate_tokens(text[blocks[0].start : next(following, blocks[-1].end)]) > max_tokens // _SMALL


def _fits(text: str, start: int, end: int, max_tokens: int) -> bool:
    return end - start <= 3 * max_tokens + 3 and estimate_tokens(text[start:end].rstrip()) <= max_tokens


def _cut_unit(text: str, unit: _Unit, max_tokens: int) -> list[tuple[int, int]]:
    """A unit too long for one passage, in parts; the openers before it stay with the first one."""
    opening = estimate_tokens(text[unit.start : unit.body])
    if opening > max_tokens // 2:
        return _cut(text, unit.start, unit.end, max_tokens, unit.kind == "lines")
    first, *rest = _cut(text, unit.body, unit.end, max_tokens, unit.kind == "lines", opening)
    return [(unit.start, first[1]), *rest]


def _cut(text: str, start: int, end: int, max_tokens: int, by_lines: bool, opening: int = 0) -> list[tuple[int, int]]:
    """[start, end) in parts of at most `max_tokens`, the first less `opening`.

    Cut where a blank line, the end of a full line, of a sentence, a line or a clause allows it, the first of them that
    makes parts that fit; code and tables never inside a line that fits.
    """
    cutters = [_blank_lines, _lines] if by_lines else [_blank_lines, _full_lines, _sentences, _lines]
    atoms = _atoms(text, start, end, max_tokens - opening, [*cutters, _sentences])
    parts: list[tuple[int, int]] = []
    for a, b in atoms:
        limit = max_tokens - (opening if len(parts) <= 1 else 0)
        if parts and _fits(text, parts[-1][0], b, limit):
            parts[-1] = (parts[-1][0], b)
        else:
            parts.append((a, b))
    return parts


Cutter = Callable[[str], list[int]]


def _atoms(text: str, start: int, end: int, max_tokens: int, cutters: list[Cutter]) -> list[tuple[int, int]]:
    if _fits(text, start, end, max_tokens):
        return [(start, end)]
    if not cutters:
        return _clauses(text, start, end, max_tokens)
    ends = [start, *(start + at for at in cutters[0](text[start:end]) if 0 < at < end - start), end]
    return [atom for a, b in itertools.pairwise(ends) for atom in _atoms(text, a, b, max_tokens, cutters[1:])]


def _blank_lines(text: str) -> list[int]:
    return [match.end() for match in _BLANK_LINE.finditer(text)]


def _full_lines(text: str) -> list[int]:
    return [match.end() for match in _FULL_LINE.finditer(text)]


def _lines(text: str) -> list[int]:
    return [match.end() for match in _LINE_END.finditer(text)]


def _sentences(text: str) -> list[int]:
    """Ends of sentences, those that go on in the next line included."""
    return [end for _, end in split_sentences(re.sub(r"[\r\n]", " ", text))]


def _clauses(text: str, start: int, end: int, max_tokens: int) -> list[tuple[int, int]]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # brings LangChain, which few notes need

    splitter = RecursiveCharacterTextSplitter(
        separators=_CLAUSES,
        keep_separator="end",
        strip_whitespace=False,
        chunk_size=max_tokens,
        chunk_overlap=0,
        length_function=estimate_tokens,
    )
    cuts = []
    for part in splitter.split_text(text[start:end]):
        cuts.append((start, start + len(part)))
        start += len(part)
    return cuts


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    """Without blank lines before and white space after; the first line keeps its indentation."""
    end = start + len(text[start:end].rstrip())
    blank = len(text[start:end]) - len(text[start:end].lstrip())
    line_start = max(text.rfind("\n", start, start + blank), text.rfind("\r", start, start + blank)) + 1
    return max(start, line_start), end
