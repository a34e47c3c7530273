"""The sentences of a passage that say something, as they stand in it; knows nothing about questions and models."""

from __future__ import annotations

import bisect
import itertools
import re
from dataclasses import dataclass, replace

from qa.code_lines import code_lines, says_nothing
from qa.language import has_han, split_sentences
from qa.listings import asks, is_reference, only_points
from qa.notes import line_starts
from qa.searchtext import TAG, readable
from qa.types import Passage

# What may stand before the words of a line: quote and list marks, task boxes, a numbered item.
HEADING = re.compile(r"[ \t>]*(?:#{2,6}|#(?=\s|\Z))")  # also without the space that Markdown wants
_TAGS = re.compile(r"[ \t]*(?:#[^\s#]+[ \t]*)+")  # of a note: #work #2024
_LINE_MARKS = re.compile(r"(?:[>\s]|[-*+](?=\s)|\d{1,3}[.)、](?=\s)|\[[ xX]\](?=\s))*")
# Marks and spaces alone, be they written as &#x20;, the letter of an item, or the fence of a code block.
_NO_STATEMENT = re.compile(
    r"(?:[\s|:\-=*_`~#>+$]|&(?:#\d{1,6}|#[xX][0-9A-Fa-f]{1,5}|nbsp|[en]msp|[lg]t|amp|quot);?)*|[A-Za-z][.)、．]|(?:`{3,}|~{3,})[^`~]*"
)
_DISPLAYED = re.compile(r"(?<=\n)\$\$.+?\$\$(?=[ \t]*(?:[\r\n]|\Z))", re.DOTALL)
_LEAD_IN = re.compile(
    r"(?:[:：]|(?<=[，,])即|如下|修改[^，。]{1,12}为|可以得到)[*_\s]*$"
)  # of what follows, be it a formula
_SAYS = 25  # characters before the last clause of a lead-in from which on they are a statement
_LABEL = re.compile(r"(\*\*|__)([^*_\n，。：:；,.;!?！？]+)\1\s*")
_NAME_ONLY = re.compile(r"[^，。：:；,.;!?！？\n]*[\w$)）]")  # a line without marks
_LABEL_HAN, _LABEL_LATIN = 8, 24  # characters of a bold line at most that only names what stands below it
_ASIDE = re.compile(r"[*_]*[（(](?!\d+[)）])[^()（）\n]*[)）][*_]*[。．.；;，,]?")  # in brackets as a whole
_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^()\s]*\)")
_RULED = re.compile(
    r"[^\n]*(?:\r\n|[\r\n])[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*[\r\n]+[^\r\n|]*\|"
)
_NEXT_LINE = re.compile(r"[ \t]*(?:\r\n|[\r\n])(?:[ \t]*(?:\r\n|[\r\n]))*")
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*+]|\d{1,3}[.)、]|[（(]\d{1,3}[)）])[ \t]")
_BARE_QUESTION = re.compile(r"(?:如何|怎么|怎样|为什么|为何|什么是)[^，。；：！,.;:!\n]{4,40}")
_WORD = re.compile(r"\w")
_CHECKS = re.compile(r"(?:have|has|did|do|does|are|is) (?:we|you|i|the|there)\b", re.IGNORECASE)
_LONGEST_LEAD = 60  # characters
_LONGEST_LINE = 400  # of it no more is looked at


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


def statements(passage: Passage, number: int) -> list[Statement]:
    """The sentences of a passage that can support something.

    Those are no headings, questions, rules, fences, comments in code, lead-ins to a list, labels in bold, heads of
    tables, pictures, tags of HTML and mere references. A displayed formula belongs to the sentence before it, and so
    does a remark in brackets that follows on its line.
    """
    found: list[Statement] = []
    formulas = [match.span() for match in _DISPLAYED.finditer(passage.text)]
    before: int | None = None  # where the sentence before begins, be it a lead-in
    leads = _Leads(passage.text)
    starts = line_starts(passage.text)
    coded = code_lines([passage.text[a:b].rstrip("\r\n") for a, b in itertools.pairwise([*starts, len(passage.text)])])
    tagless = TAG.sub(lambda tag: "\0" * len(tag[0]), passage.text)  # no sentence ends within style="zoom:70%;"
    for start, end in split_sentences(tagless):
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
        is_code = coded[bisect.bisect_right(starts, start) - 1]
        line = _line_at(passage.text, line_start)
        if not is_code and (HEADING.match(line) or _TAGS.fullmatch(line)):
            leads.end()
            continue
        if _NO_STATEMENT.fullmatch(text) or only_points(text) or is_reference(line):
            continue
        if says_nothing(text) if is_code else _shows_only(text):
            continue
        if found and not is_code and _ASIDE.fullmatch(text) and _is_same_line(passage.text, found[-1].end, start):
            before = found[-1].start
            found[-1] = replace(found[-1], end=end, text=passage.text[before:end])
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
        is_lead = bool(_LEAD_IN.search(sentence)) or leads_in(self._text, line_start, sentence)
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


def _shows_only(sentence: str) -> bool:
    """Whether a sentence is tags of HTML and nothing else, such as those of a picture."""
    return "<" in sentence and not _WORD.search(readable(sentence))


def _line_at(text: str, start: int) -> str:
    return text[start : start + _LONGEST_LINE].splitlines()[0]


def _is_same_line(text: str, end: int, start: int) -> bool:
    return not text[end:start].strip(" \t")


def leads_in(text: str, at: int, sentence: str) -> bool:
    """Whether a sentence that stands at this offset of a text only introduces what follows: "steps:", or a name in bold
    on a line of its own; any short one that is an item of a list, where items of its own stand below it."""
    words = _IMAGE.sub("", sentence)
    if _LEAD_IN.search(words):  # unless it says something before: "..., or in PyTorch:"
        return max(words.rfind(mark) for mark in "，,；;") < _SAYS
    label = _LABEL.fullmatch(sentence)
    if item := _ITEM.match(text, _line_start(text, at)):
        words = label[2] if label else sentence.strip()
        named = label is not None or _NAME_ONLY.fullmatch(words) is not None
        return named and len(words) <= _LABEL_LATIN and _has_items_below(text, at + len(sentence), item)
    if label is None:
        return False
    return len(label[2]) <= (_LABEL_HAN if has_han(label[2]) else _LABEL_LATIN)


def _has_items_below(text: str, at: int, item: re.Match[str]) -> bool:
    """Whether the next line with text is an item that stands deeper than this one."""
    below = _NEXT_LINE.match(text, at)
    inner = _ITEM.match(text, below.end()) if below else None
    return inner is not None and len(inner["indent"].expandtabs(4)) > len(item["indent"].expandtabs(4))


def _asks(sentence: str) -> bool:
    """Whether a sentence asks, be it without a mark; a checklist in English, "Did we scale the input?", says what to
    do."""
    words = sentence.strip("*_ ")
    if _BARE_QUESTION.fullmatch(words):
        return True
    return words.endswith(("?", "？")) and (has_han(words) or asks(words)) and not _CHECKS.match(words)


def is_table_head(text: str, at: int) -> bool:
    """Whether the line of a text at this offset names the columns of a table."""
    line = _line_start(text, at)
    return "|" in text[line : at + 1] + text[at : at + 200].split("\n")[0] and _RULED.match(text, line) is not None
