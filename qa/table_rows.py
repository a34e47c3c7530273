"""A row of a Markdown table read as a sentence: its first cell, then each other cell behind the name of its column."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.language import has_han

_PARSER = MarkdownIt("commonmark").enable("table").disable("inline")
_LINE_IN_CELL = re.compile(r"\s*(?:<br\s*/?>|&#x0*[aA];|&#0*10;)\s*")


def row_as_sentence(text: str, start: int, end: int) -> str | None:
    """What stands at `text[start:end]` as a sentence; None where that is no whole row of a table below its head."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line = text[first : len(text) if last < 0 else last]
    if "|" not in line or line.strip() != text[start:end].strip():
        return None
    names, cells = _names_and_cells(_PARSER.parse(text), text.count("\n", 0, first))
    pairs = [(name, cell) for name, cell in zip(names[1:], cells[1:], strict=True) if cell]
    if not any(cells):
        return None
    if not pairs:
        return cells[0]
    colon, comma, semicolon = ("：", "，", "；") if has_han(line) else (": ", ", ", "; ")
    if len(cells) == 2 and cells[0]:
        return f"{cells[0]}{colon}{cells[1]}"
    said = (f"{name}{colon}{cell}" if name else cell for name, cell in pairs)
    return f"{cells[0]}{comma if cells[0] else ''}{semicolon.join(said)}"


def _names_and_cells(tokens: Sequence[Token], line: int) -> tuple[list[str], list[str]]:
    """Of the row in a line the names of its columns and its cells, as many; both empty where it is none of a table."""
    head, names, cells = -1, list[str](), list[str]()
    for token in tokens:
        if token.type == "table_open" and token.map:
            head, names = token.map[0], []
        elif token.type == "table_close":
            if cells:
                break
            head = -1
        elif token.type == "inline" and token.map and head >= 0:
            text = _LINE_IN_CELL.sub(" ", token.content)
            if token.map[0] == head:
                names.append(text)
            elif token.map[0] == line:
                cells.append(text)
    return (names, cells) if cells else ([], [])
