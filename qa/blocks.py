"""Finds where headings, questions and other blocks stand in a note; knows nothing about passages or their size.

markdown-it-py says where blocks begin, on the lines that `qa.scanning` leaves visible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.listings import find_question, is_link_to_note, is_wholly_bold
from qa.scanning import KEY, MARK_CHARS, is_code, scan

Kind = Literal["heading", "question", "answered", "label", "lead", "text", "lines", "links", "rule", "front_matter"]
QUESTION_CHARS = 120

# Inline marks matter in headings and questions only and take most of the time elsewhere.
_PARSER = MarkdownIt("commonmark").enable("table").disable("inline")

_BREAK_TAGS = re.compile(r"(?:\s*</?(?:br|hr)\b[^>]*>)+\s*", re.IGNORECASE)
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\S")
_LEAD = re.compile(r"(?:[:：]|如下(?:图|表)?(?:所示)?[。.]?|as follows\.?)\s*$")
_ORNAMENTS = " \u200d\ufe0f⭐👶🚀🌟✨🔥★☆❓❔"
_NO_TITLE = re.compile(r"\s*[#|$\\=<!>]|.*(?: \| |\|$|[。.；;，,]\s*$)|[^?？]*\S\s*=\s*\S[^?？]*$")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a note, [start, end) as offsets; `headings` is the path that holds from here on."""

    start: int
    end: int
    kind: Kind  # answered: question and answer; label: a bold line; lead: "as follows:"
    # lines: code, table, formula; links: an item of contents
    headings: tuple[str, ...]
    level: int = 0  # of a heading


@dataclass(frozen=True, slots=True)
class _Start:
    """What begins at a line, with its words; a sibling ends the question of an earlier item of its list."""

    kind: Kind
    name: str = ""
    level: int = 0
    sibling: bool = False


def find_blocks(text: str, starts: list[int]) -> list[Block]:
    """The blocks of a note, without gaps; `starts` are its lines as `qa.notes.line_starts` counts them."""
    found = _find_starts([text[a:b].rstrip("\r\n") for a, b in zip(starts, [*starts[1:], len(text)], strict=True)])
    first_lines = sorted(found)
    offsets = [*(starts[line] for line in first_lines), len(text)]
    path: list[tuple[int, str]] = []
    question: tuple[str, ...] = ()
    blocks: list[Block] = []
    for line, start, end in zip(first_lines, offsets, offsets[1:], strict=False):
        begun = found[line]
        kind = begun.kind
        if kind == "label" and question and blocks[-1].kind == "rule":
            kind = "question"  # set apart from the answer above it, so it is a topic as the questions are
        if kind == "heading":
            question = ()
            path = [outer for outer in path if outer[0] < begun.level]
            if begun.name:
                path.append((begun.level, begun.name))
        elif kind in {"question", "answered"}:
            question = (begun.name,)
        elif begun.sibling:
            question = ()
        blocks.append(Block(start, end, kind, (*(name for _, name in path), *question), begun.level))
    return blocks


def _find_starts(lines: list[str]) -> dict[int, _Start]:
    seen = scan(lines)
    env: dict[str, Any] = {}
    tokens = _PARSER.parse("\n".join(seen.lines), env)
    found: dict[int, _Start] = {}
    nested: set[int] = set()
    for index, token in enumerate(tokens):
        if token.map is None or token.nesting < 0 or token.level > 0:
            continue
        first, last = token.map
        if token.type == "heading_open":
            found.update(_heading(token, tokens[index + 1], lines, env))
        elif token.type == "paragraph_open":
            found.update(_paragraph(lines, first, last, env))
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            found.update(_list(lines, seen.regions, _items(tokens, index), env))
            nested.update(range(first, last))
        elif token.type == "hr" or (token.type == "html_block" and _BREAK_TAGS.fullmatch(token.content)):
            found[first] = _Start("rule")
        else:
            found[first] = _Start("text" if token.type == "blockquote_open" else "lines")
            if token.type == "blockquote_open":
                nested.update(range(first, last))
    for start, end in seen.regions.items():
        for line in range(start + 1, end):
            found.pop(line, None)
    for line, (level, name) in seen.headings.items():
        if line not in nested:
            found[line] = _Start("heading", plain_text(name, env), level)
    if seen.front_matter:
        found[0] = _Start("front_matter")
        found.setdefault(seen.front_matter, _Start("text"))
    found.setdefault(0, _Start("text"))
    return {line: start for line, start in found.items() if line < len(lines)}


def _heading(token: Token, inline: Token, lines: list[str], env: dict[str, Any]) -> dict[int, _Start]:
    assert token.map is not None
    first, last = token.map
    if token.markup in {"-", "="} and not _is_title(inline.content):
        return {**_paragraph(lines, first, last - 1, env), last - 1: _Start("rule")}
    name = plain_text(inline.content, env)
    if not name and len(token.markup) > 4:
        return {first: _Start("rule")}
    return {first: _Start("heading", name, int(token.tag[1:]))}


def _is_title(content: str) -> bool:
    """Whether an underlined paragraph is a heading: mostly a thematic break was meant below anything else."""
    lines = content.split("\n")
    if len(lines) > 2 or len(content) > 120 or is_wholly_bold(content) is not None:
        return False
    return not any(_NO_TITLE.match(line) or is_code(line) or _ITEM.match(line) for line in lines) and not (
        all(KEY.match(line) for line in lines) and content[0].islower()
    )


def _paragraph(lines: list[str], first: int, last: int, env: dict[str, Any]) -> dict[int, _Start]:
    """A paragraph, and the questions and labels that stand in its lines."""
    found: dict[int, _Start] = {}
    for line in range(first, last):
        begun = _question(lines[line], env, item=False)
        if begun is None and _is_label(lines[line]):
            begun = _Start("label", plain_text(lines[line], env))
        if begun is not None:
            found[line] = begun
            if line + 1 < last:
                found[line + 1] = _Start("text")
    found.setdefault(first, _Start("lead" if _LEAD.search(lines[last - 1]) else "text"))
    return found


def _is_label(line: str) -> bool:
    words = is_wholly_bold(line)
    return (words is not None and len(words) <= 80) or re.match(r" {0,3}\*\*\d{1,2}[.)、]", line) is not None


def _question(line: str, env: dict[str, Any], item: bool) -> _Start | None:
    question = find_question(line, item)
    if question is None:
        return None
    name = plain_text(question.text, env).strip(_ORNAMENTS)
    if len(name) > QUESTION_CHARS:
        name = name[: QUESTION_CHARS - 1].rstrip() + "…"
    return _Start("answered" if question.rest else "question", name) if name else None


def _list(
    lines: list[str], regions: dict[int, int], items: list[tuple[int, int]], env: dict[str, Any]
) -> dict[int, _Start]:
    """The items of a list as blocks; questions among them unless the list holds nothing but questions."""
    questions = {first: _question(lines[first], env, item=True) for first, _ in items if first not in regions}
    bare = [
        question is not None
        and question.kind == "question"
        and not any(line.strip() for line in lines[first + 1 : end])
        for (first, end), question in ((item, questions.get(item[0])) for item in items)
    ]
    if len(items) > 1 and all(bare):
        return {first: _Start("text") for first, _ in items}
    if len(items) > 1 and all(
        is_link_to_note(lines[at]) for at in range(items[0][0], items[-1][1]) if lines[at].strip()
    ):
        return {first: _Start("links") for first, _ in items}
    found: dict[int, _Start] = {}
    asked = False
    for first, end in items:
        question = questions.get(first)
        found[first] = question or _Start("text", sibling=asked)
        asked = asked or question is not None
        if question and any(line.strip() for line in lines[first + 1 : end]):
            found[first + 1] = _Start("text")
    return found


def _items(tokens: list[Token], index: int) -> list[tuple[int, int]]:
    """(first line, line behind the last one) of the items of the list that opens at `index`."""
    items = []
    for token in tokens[index + 1 :]:
        if token.level == 0:
            break
        if token.type == "list_item_open" and token.level == 1 and token.map is not None:
            items.append((token.map[0], token.map[1]))
    return items


def plain_text(marked: str, env: dict[str, Any]) -> str:
    """The words of a line without marks, link targets and images' addresses."""
    children: list[Token] = []
    _PARSER.inline.parse(marked.strip()[: 2 * MARK_CHARS], _PARSER, env, children)
    words = "".join(
        " " if child.type in {"softbreak", "hardbreak"} else child.content
        for child in children
        if child.type in {"text", "code_inline", "text_special", "image", "softbreak", "hardbreak"}
    )
    return " ".join(words.split())
