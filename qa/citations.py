"""Numbers in brackets and the note sentences behind them; knows nothing about models."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass

from qa.language import split_sentences
from qa.notes import line_starts
from qa.types import Citation, Passage

_NUMBER = re.compile(r"[ \t]*[\[［【](\d{1,4}(?:\s*[,，、]\s*\d{1,4})*)[\]］】]")
# Every beginning of the above, at the end of what has come so far.
_OPENING = re.compile(r"[ \t]*(?:[\[［【](?:\d{1,4}(?:\s*[,，、]\s*\d{1,4})*(?:\s*(?:[,，、]\s*)?)?)?)?\Z")
_MARK = re.compile(r"[。！？!?.；;，,：:]+$")
# What may stand before the words of a line: quote and list marks, task boxes, a numbered item.
_HEADING = re.compile(r"[ \t>]*#")
_LINE_MARKS = re.compile(r"(?:[>\s]|[-*+](?=\s)|\d{1,3}[.)、](?=\s)|\[[ xX]\](?=\s))*")
_NO_STATEMENT = re.compile(r"[\s|:\-=*_`~#>+$]*|(?:`{3,}|~{3,})[^`~]*")  # marks alone, or the fence of a code block
_DISPLAYED = re.compile(r"(?<=\n)\$\$.+?\$\$(?=[ \t]*(?:[\r\n]|\Z))", re.DOTALL)
_LEAD_IN = re.compile(r"[:：]\s*$")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a passage: `passage.text[start:end]`."""

    number: int  # of its passage, 1-based
    start: int
    end: int
    text: str
    whole: bool = False  # all sentences of the passage in one


def opening_of_number(text: str) -> int:
    """Where what may become a citation begins at the end of a text; its length where nothing does."""
    opening = _OPENING.search(text)
    return opening.start() if opening else len(text)


def numbers_in(text: str) -> list[int]:
    """The citations of a text in order, each once."""
    matches = (match for match in _NUMBER.finditer(text) if not _is_interval(match))
    return list(dict.fromkeys(number for match in matches for number in _numbers(match)))


def without_numbers(text: str) -> str:
    return _NUMBER.sub(lambda match: match.group() if _is_interval(match) else "", text).strip()


def cite(sentence: str, numbers: Iterable[int]) -> str:
    """The sentence with exactly these citations before its closing mark."""
    bare = without_numbers(sentence)
    mark = _MARK.search(bare)
    body, end = (bare[: mark.start()], mark.group()) if mark else (bare, "")
    return f"{body}{''.join(f' [{number}]' for number in numbers)}{end}"


def statements(passage: Passage, number: int) -> list[Statement]:
    """The sentences of a passage that can support something: no headings, rules, fences or lead-ins to a list.

    A displayed formula belongs to the sentence before it.
    """
    found: list[Statement] = []
    formulas = [match.span() for match in _DISPLAYED.finditer(passage.text)]
    before: int | None = None  # where the sentence before begins, be it a lead-in
    for start, end in split_sentences(passage.text):
        if formula := next((span for span in formulas if span[0] <= start < span[1]), None):
            if start == formula[0]:
                if found and found[-1].start == before:
                    found.pop()
                start = formula[0] if before is None else before
                found.append(Statement(number, start, formula[1], passage.text[start : formula[1]]))
            before = None
            continue
        line_start = _line_start(passage.text, start)
        if marks := _LINE_MARKS.match(passage.text, start, end):
            start = marks.end()
        text = passage.text[start:end]
        before = None
        if _HEADING.match(passage.text, line_start) or _NO_STATEMENT.fullmatch(text):
            continue
        before = start
        if not is_lead_in(text):
            found.append(Statement(number, start, end, text))
    return found


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def is_lead_in(sentence: str) -> bool:
    """Whether a sentence only introduces what follows: "steps:"."""
    return bool(_LEAD_IN.search(sentence))


def citation(number: int, passage: Passage, start: int, end: int) -> Citation:
    """The citation of `passage.text[start:end]`, with the lines of the note on which it stands."""
    starts = line_starts(passage.text)
    first, last = bisect.bisect_right(starts, start) - 1, bisect.bisect_right(starts, end - 1) - 1
    quote = passage.text[start:end]
    return Citation(number, passage, quote, passage.start_line + first, passage.start_line + last)


def _numbers(match: re.Match[str]) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", match.group(1))]


def _is_interval(match: re.Match[str]) -> bool:
    """Whether it is something like [0, 1] and no citation."""
    numbers = _numbers(match)
    return len(numbers) > 1 and 0 in numbers
