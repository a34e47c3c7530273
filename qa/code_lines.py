"""Which lines of a stretch of a note are code in fences, also where the stretch begins or ends within them."""

from __future__ import annotations

import re

from qa.language import has_han
from qa.scanning import is_code

_FENCE = re.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*([^`~]*)$")
_COMMENT = re.compile(r"[ \t]*(?://|#|/?\*|--|\"\"\")")
_MOSTLY = 0.6  # share of the lines that look like code in a stretch of it


def code_lines(lines: list[str]) -> list[bool]:
    """Of each line whether it is code; the fences are none."""
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
    return coded


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
