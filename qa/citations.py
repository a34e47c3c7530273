"""Numbers in brackets and what they stand for; knows nothing about models."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator

from qa.notes import line_starts
from qa.types import Citation, Passage

_NUMBER = re.compile(r"(?P<gap>[ \t]*)[\[【](?P<numbers>\d{1,4}(?:\s*[,，、]\s*\d{1,4})*)[\]】]")
_MOST = 30  # citations of an answer
_CODE = re.compile(r"`[^`]*(?:`|\Z)")  # what is not closed yet may be
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
_OF_FORMULA = re.compile(r"[{^_\\]")  # right behind one of these a number in brackets is of a formula
_WORD_ASCII = re.compile(r"[A-Za-z0-9)\]]")
_ENDS = re.compile(r"[ \t]*(?:[。！？!?.；;，,：:\n\[【]|\Z)")
# Every beginning of the above, at the end of what has come so far.
_OPENING = re.compile(r"[ \t]*(?:[\[【](?:\d{1,4}(?:\s*[,，、]\s*\d{1,4})*(?:\s*(?:[,，、]\s*)?)?)?)?\Z")
_MARK = re.compile(r"[。！？!?.；;，,：:]+$")
ITEM_NUMBER = re.compile(r"\s*(?:\d{1,2}[.)、](?=\s)|[（(]\d{1,2}[)）])\s*")  # is no part of what an item says


def opening_of_number(text: str) -> int:
    """Where what may become a citation begins at the end of a text; its length where nothing does."""
    opening = _OPENING.search(text)
    return opening.start() if opening else len(text)


def numbers_in(text: str) -> list[int]:
    """The citations of a text in order, each once."""
    return list(dict.fromkeys(number for match in _citations(text) for number in _numbers(match)))


def without_numbers(text: str) -> str:
    """The text without its citations; what else stands in brackets, such as a shape, stays."""
    pieces, position = [], 0
    for match in _citations(text):
        pieces.append(text[position : match.start()])
        position = match.end()
    return "".join([*pieces, text[position:]]).strip()


def with_own_numbers(text: str) -> str:
    """What a note says, so that nobody takes a number in brackets for a citation: a shape [32, 10] is ［32, 10］."""

    def put(match: re.Match[str]) -> str:
        gap, inner = match["gap"], match["numbers"]
        in_formula = any(start <= match.start() < end for start, end in formulas)
        return f"{gap}\\lbrack {inner}\\rbrack " if in_formula else f"{gap}［{inner}］"

    formulas = [found.span() for found in _FORMULA.finditer(text)]
    return _NUMBER.sub(put, text)


def cite(sentence: str, numbers: Iterable[int]) -> str:
    """The sentence with exactly these citations before its closing mark."""
    bare = without_numbers(sentence)
    mark = _MARK.search(bare)
    body, end = (bare[: mark.start()], mark.group()) if mark else (bare, "")
    return f"{body}{''.join(f' [{number}]' for number in numbers)}{end}"


def citation(number: int, passage: Passage, start: int, end: int) -> Citation:
    """The citation of `passage.text[start:end]`, with the lines of the note on which it stands."""
    starts = line_starts(passage.text)
    first, last = bisect.bisect_right(starts, start) - 1, bisect.bisect_right(starts, end - 1) - 1
    quote = passage.text[start:end]
    return Citation(number, passage, quote, passage.start_line + first, passage.start_line + last)


def _numbers(match: re.Match[str]) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", match["numbers"])]


def _citations(text: str) -> Iterator[re.Match[str]]:
    """The numbers in brackets that are citations: from 1 to about as many as an answer has, none of code or formulas.

    Right behind an English word they are only at the end of a clause, else an index: x[1].
    """
    codes = [found.span() for found in _CODE.finditer(text)]
    end = -1
    for match in _NUMBER.finditer(text):
        if any(start < match.start() < stop for start, stop in codes):
            continue
        if not all(1 <= number <= _MOST for number in _numbers(match)):
            continue
        before = text[: match.start()][-1:]
        behind_word = _WORD_ASCII.match(before) and end != match.start() and not _ENDS.match(text, match.end())
        if not match["gap"] and (behind_word or _OF_FORMULA.match(before)):
            continue
        end = match.end()
        yield match
