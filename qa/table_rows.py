"""A row of a Markdown table read as a sentence: its first cell, then each other cell behind the name of its column."""

from __future__ import annotations

import itertools
import re

from qa.language import has_han

_BORDER = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_LINE_IN_CELL = re.compile(r"\s*(?:<br\s*/?>|&#x0*[aA];|&#0*10;)\s*")


def row_as_sentence(text: str, start: int, end: int) -> str | None:
    """What stands at `text[start:end]` as a sentence; None where that is no whole row of a table below its head."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line = text[first : len(text) if last < 0 else last]
    if line.strip() != text[start:end].strip() or not _BORDER.search(line):
        return None
    head = _head(text[:first].splitlines())
    cells = _cells(line)
    if not head or not cells[0] or len(cells) > len(head):
        return None
    if len(cells) == 2:
        said = [cells[1]] if cells[1] else []
    else:
        pairs = zip(head[1:], cells[1:], strict=False)
        said = [f"{name}{_colon(cell)}{cell}" if name else cell for name, cell in pairs if cell]
    if not said:
        return None
    if has_han(line):
        return f"{cells[0]}{'：' if len(cells) == 2 else '，'}{'；'.join(said)}"
    return f"{cells[0]}{':' if len(cells) == 2 else ','} {'; '.join(said)}"


def _head(above: list[str]) -> list[str]:
    """The names of the columns, from the lines above a row; empty where it is of no table that begins there."""
    for name_line, line in itertools.pairwise(reversed(["", *above])):
        if _RULE.fullmatch(name_line) and "-" in name_line:
            return _cells(line) if _BORDER.search(line) else []
        if not _BORDER.search(name_line):
            return []
    return []


def _cells(line: str) -> list[str]:
    cells = _BORDER.split(line.strip().strip(">").strip().removeprefix("|").removesuffix("|"))
    return [_LINE_IN_CELL.sub(" ", cell.strip()) for cell in cells]


def _colon(cell: str) -> str:
    return "：" if has_han(cell) else ": "
