"""Numbers in brackets and the note sentences behind them; knows nothing about models."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from qa.code_lines import code_lines, says_nothing
from qa.language import has_han, split_sentences
from qa.listings import asks, only_points
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
_LEAD_IN = re.compile(r"[:：][*_\s]*$")
_LABEL = re.compile(r"(\*\*|__)([^*_\n，。：:；,.;!?！？]+)\1\s*")
_LABEL_HAN, _LABEL_LATIN = 8, 24  # characters of a bold line at most that only names what stands below it
_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^()\s]*\)")
_RULED = re.compile(
    r"[^\n]*(?:\r\n|[\r\n])[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*[\r\n]+[^\r\n|]*\|"
)
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*+]|\d{1,3}[.)、]|[（(]\d{1,3}[)）])[ \t]")
_CHECKS = re.compile(r"(?:have|has|did|do|does|are|is) (?:we|you|i|the|there)\b", re.IGNORECASE)
_LONGEST_LEAD = 60  # characters


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a passage: `passage.text[start:end]`."""

    number: int  # of its passage, 1-based
    start: int
    end: int
    text: str
    whole: bool = False  # all sentences of the passage in one
    is_code: bool = False
    items: int = 0  # the list of which it begins an item, counted from 1 in its passage; 0: none
    lead: str = ""  # the line that its list stands under, without its colon: "isolation forest"


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
    """The sentences of a passage that can support something.

    Those are no headings, questions, rules, fences, comments in code, lead-ins to a list, labels in bold, heads of
    tables, pictures and mere references. A displayed formula belongs to the sentence before it.
    """
    found: list[Statement] = []
    formulas = [match.span() for match in _DISPLAYED.finditer(passage.text)]
    before: int | None = None  # where the sentence before begins, be it a lead-in
    leads = _Leads(passage.text)
    starts = line_starts(passage.text)
    coded = code_lines([passage.text[a:b].rstrip("\r\n") for a, b in itertools.pairwise([*starts, len(passage.text)])])
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
        if _HEADING.match(passage.text, line_start):
            leads.end()
            continue
        if _NO_STATEMENT.fullmatch(text) or only_points(text):
            continue
        is_code = coded[bisect.bisect_right(starts, start) - 1]
        if is_code and says_nothing(text):
            continue
        before = start
        lead, items = ("", 0) if is_code else leads.of(line_start, text)  # a list goes on behind the code of an item
        if is_code or not (leads_in(passage.text, start, text) or is_table_head(passage.text, start) or _asks(text)):
            found.append(Statement(number, start, end, text, is_code=is_code, items=items, lead=lead))
    return found


class _Leads:
    """Follows the lists of a passage, line by line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._above: list[tuple[int, str]] = []  # indent and words of what lists stand under; -1: no item itself
        self._lists: dict[int, int] = {}  # by indent
        self._count = 0
        self._line = -1

    def end(self) -> None:
        """What comes next is of no list so far."""
        self._above, self._lists = [], {}

    def of(self, line_start: int, sentence: str) -> tuple[str, int]:
        """What the list stands under that a sentence in this line is of, and its number where it begins an item."""
        item = _ITEM.match(self._text, line_start)
        indent = len(item["indent"].expandtabs(4)) if item else -1
        begins = line_start != self._line
        is_lead = leads_in(self._text, line_start, sentence)
        if begins:
            self._line = line_start
            if item:
                self._lists = {at: number for at, number in self._lists.items() if at <= indent}
                if indent not in self._lists:
                    self._count += 1
                    self._lists[indent] = self._count
                self._above = [each for each in self._above if each[0] < indent]
            elif is_lead or not self._text[_line_start(self._text, max(0, line_start - 1)) : line_start].strip():
                self.end()  # other lines right below an item go on with it
        above = next((words for at, words in reversed(self._above) if at < indent), "")
        words = _LEAD_IN.sub("", _IMAGE.sub("", sentence)).strip("*_ ")
        if words and len(words) <= _LONGEST_LEAD and (item or is_lead):
            self._above.append((indent, words))
        return above, self._lists.get(indent, 0) if begins else 0


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def leads_in(text: str, at: int, sentence: str) -> bool:
    """Whether a sentence that stands at this offset of a text only introduces what follows: "steps:", or a name in bold
    on a line of its own that is no item of a list."""
    if _LEAD_IN.search(_IMAGE.sub("", sentence)):
        return True
    label = _LABEL.fullmatch(sentence)
    if label is None or _ITEM.match(text, _line_start(text, at)):
        return False
    return len(label[2]) <= (_LABEL_HAN if has_han(label[2]) else _LABEL_LATIN)


def _asks(sentence: str) -> bool:
    """Whether a sentence asks; a checklist in English, "Did we scale the input?", says what to do."""
    words = sentence.strip("*_ ")
    return words.endswith(("?", "？")) and (has_han(words) or asks(words)) and not _CHECKS.match(words)


def is_table_head(text: str, at: int) -> bool:
    """Whether the line of a text at this offset names the columns of a table."""
    line = _line_start(text, at)
    return "|" in text[line : at + 1] + text[at : at + 200].split("\n")[0] and _RULED.match(text, line) is not None


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
