"""Splits a note along its headings into passages with exact offsets; never changes a character.

The Markdown parser says where headings and blocks stand; everything else is arithmetic on line numbers, so that
citations point into the file as it is.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from langchain_text_splitters import RecursiveCharacterTextSplitter
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from qa.language import detect_language, estimate_tokens
from qa.notes import line_starts
from qa.types import Note, Passage

# Changing where passages begin or end changes the index: count this up.
SPLITTER_VERSION = "headings+blocks/2"
MAX_TOKENS = 320  # by language.estimate_tokens: leaves room for the heading path in an encoder of 512

_PARSER = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
_SEPARATORS = ["\n\n", "\n", "。", "！", "？", "；", ". ", "! ", "? ", "; ", "，", "、", ", ", " ", ""]


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole lines of a note, [start, end) as offsets; `headings` is the path that holds from here on."""

    start: int
    end: int
    headings: tuple[str, ...]
    is_heading: bool


def split_note(note: Note, max_tokens: int = MAX_TOKENS) -> list[Passage]:
    """The passages of a note in order; together they cover every non-blank character once."""
    starts = line_starts(note.text)
    passages = []
    for headings, start, end in _pieces(note.text, starts, max_tokens):
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
            )
        )
    return passages


def _pieces(text: str, starts: list[int], max_tokens: int) -> list[tuple[tuple[str, ...], int, int]]:
    """(headings, start, end): blocks joined while they fit, a heading always with what follows it."""
    pieces: list[tuple[tuple[str, ...], int, int]] = []
    start: int | None = None
    headings: tuple[str, ...] = ()
    only_headings = True
    previous_end = 0
    for block in _blocks(text, starts):
        fits = start is not None and estimate_tokens(text[start : block.end]) <= max_tokens
        if start is not None and not (only_headings or (fits and not block.is_heading)):
            pieces.append((headings, start, previous_end))
            start = None
        if start is None:
            start, only_headings = block.start, True
        headings, only_headings = block.headings, only_headings and block.is_heading
        previous_end = block.end
        if estimate_tokens(text[start : block.end]) > max_tokens:
            cuts = _cut_block(text, start, block, max_tokens)
            pieces += [(headings, a, b) for a, b in cuts[:-1]]
            start, only_headings = cuts[-1][0], False
    if start is not None:
        pieces.append((headings, start, previous_end))
    return pieces


def _blocks(text: str, starts: list[int]) -> list[_Block]:
    """The blocks of a note; each reaches to the next one's start, since some lines (link targets) make no token."""
    lines, headings_at = _block_lines(text)
    first_lines = sorted({0, *lines})
    offsets = [*(starts[line] for line in first_lines), len(text)]
    path: list[tuple[int, str]] = []
    blocks = []
    for line, start, end in zip(first_lines, offsets, offsets[1:], strict=False):
        heading = headings_at.get(line)
        if heading is not None:
            path = [*(outer for outer in path if outer[0] < heading[0]), heading]
        blocks.append(_Block(start, end, tuple(name for _, name in path), heading is not None))
    return blocks


def _block_lines(text: str) -> tuple[list[int], dict[int, tuple[int, str]]]:
    """First lines (0-based) of the blocks, and (level, text) of those that are headings.

    The items of a list that is longer than a passage could be are blocks of their own.
    """
    lines: list[int] = []
    headings: dict[int, tuple[int, str]] = {}
    tokens = _PARSER.parse(text)
    for token, following in zip(tokens, [*tokens[1:], None], strict=False):
        if token.map is None or token.nesting < 0:
            continue
        if token.level == 0 or (token.type == "list_item_open" and token.level == 1):
            lines.append(token.map[0])
        if token.type == "heading_open" and token.level == 0 and following is not None:
            headings[token.map[0]] = (int(token.tag[1:]), plain_text(following))
    return lines, headings


def plain_text(inline: Token) -> str:
    """The words of an inline token without marks, link targets and images' addresses."""
    words = "".join(
        " " if child.type in {"softbreak", "hardbreak"} else child.content
        for child in inline.children or ()
        if child.type in {"text", "code_inline", "text_special", "image", "softbreak", "hardbreak"}
    )
    return " ".join(words.split())


def _cut_block(text: str, start: int, block: _Block, max_tokens: int) -> list[tuple[int, int]]:
    """A block too long for one passage, in parts; the headings before it, from `start` on, stay with the first one."""
    heading_tokens = estimate_tokens(text[start : block.start])
    if heading_tokens > max_tokens // 2:
        return _cut(text, start, block.end, max_tokens)
    (_, first_end), *rest = _cut(text, block.start, block.end, max_tokens - heading_tokens)
    return [(start, first_end), *rest]


def _cut(text: str, start: int, end: int, max_tokens: int) -> list[tuple[int, int]]:
    """[start, end) in parts of at most `max_tokens`, at line, sentence and clause ends where there are any."""
    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
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
