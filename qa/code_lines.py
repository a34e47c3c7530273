"""Which lines of a stretch of a note are code in fences, also where the stretch begins or ends within them."""

from __future__ import annotations

import itertools
import re

from qa.language import count_han, han_share, has_han
from qa.scanning import is_code

_FENCE = re.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*([^`~]*)$")
_COMMENT = re.compile(r"[ \t]*(?://|#|/?\*|--|\"\"\")")
_PROSE_HAN, _PROSE_SHARE = 10, 0.5  # Han characters of a line, and their share of its letters
_MOSTLY = 0.6  # share of the lines that look like code in a stretch of it


def code_lines(lines: list[str]) -> list[bool]:
    """Of each line whether it is code; the fences are none, nor is Chinese prose in a fence that names no language."""
    fences = [(number, found[1].strip()) for number, line in enumerate(lines) if (found := _FENCE.match(line))]
    inside = _begins_inside(lines, fences)
    names = dict(fences)
    coded = []
    for number in range(len(lines)):
        if number in names:
            inside = not inside or bool(names[number])  # only an opening fence names a language
            coded.append(False)
        else:
            coded.append(inside)
    for start, end in _stretches(coded):
        if not names.get(start - 1) and all(map(_is_prose, filter(str.strip, lines[start:end]))):
            coded[start:end] = [False] * (end - start)  # an example that is told in a fence
    return coded


def _stretches(coded: list[bool]) -> list[tuple[int, int]]:
    """The [start, end) of the lines of code that follow each other."""
    found, start = [], 0
    for is_inside, lines in itertools.groupby(coded):
        end = start + len(list(lines))
        if is_inside:
            found.append((start, end))
        start = end
    return found


def _is_prose(line: str) -> bool:
    return count_han(line) >= _PROSE_HAN and han_share(line) >= _PROSE_SHARE and not is_code(line)


def says_nothing(line: str) -> bool:
    """Whether a line of code is a comment that is not in Chinese, or has no name."""
    return not has_han(line) and (_COMMENT.match(line) is not None or not re.search("[A-Za-z]", line))


def _begins_inside(lines: list[str], fences: list[tuple[int, str]]) -> bool:
    if not fences:
        return _is_mostly_code(lines)
    first, name = fences[0]
    closes = not name and (len(fences) % 2 == 1 or bool(fences[1][1]))
    return closes and _is_mostly_code(lines[:first])


def _is_mostly_code(lines: list[str]) -> bool:
    said = [line for line in lines if line.strip()]
    coded = [line for line in said if not has_han(line) and (is_code(line) or _COMMENT.match(line))]
    return len(coded) >= max(1, _MOSTLY * len(said)) and any(map(is_code, coded))
