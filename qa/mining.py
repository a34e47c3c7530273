"""Finds pairs of a Chinese and an English name of one thing in a note; knows nothing about the index.

Notes in two languages say such pairs themselves: `池化（Pooling）`, `Dropout（随机失活）`, a heading `Pooling 池化`. A
wrong pair spoils every search for its names, and a missed one only leaves things as they were: what is unsure is out.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import rjieba

from qa.glossary import Glossary
from qa.language import has_han
from qa.naming import (
    BORDERS,
    JOINING,
    MOST_HAN,
    UNSURE,
    is_chinese_name,
    is_english_name,
    is_same_thing,
    is_translated,
    name_length,
    same_initials,
    translates_word_by_word,
    words_of,
)
from qa.scanning import scan
from qa.searchtext import search_text

# Changing what `pairs_in` returns changes what is stored with the notes: count this up.
MINER_VERSION = "brackets+headings/1"

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_LOOK_BACK = 40  # characters before a bracket

# What a name cannot reach across stands as private characters while the marks of Markdown are taken off.
_BREAK, _HEADING, _OPEN, _CLOSE = "\ue000", "\ue001", "\ue002", "\ue003"
_LINE_END = re.compile(r"\r\n?")
_HEADING_START = re.compile(r"^( {0,3}#{1,6}[ \t]+)(?:\d+(?:[.．]\d+)*[.．、)）]?[ \t]*)?")
_CODE = re.compile(r"(?<!`)`++[^`\n]*+`++|\$\$?[^$\n]{1,300}+\$\$?|\\\([^\n]{1,300}?\\\)")
_EMPHASIS = re.compile(r"\*\*+|==|<(?:b|strong|em|mark)>|</(?:b|strong|em|mark)>")
_OPENING, _CLOSING = f"{_OPEN}“「『\"'‘【《", f"{_CLOSE}”」』\"'’】》"
_QUOTES = _OPENING + _CLOSING

_BRACKET = re.compile(r"\(([^()\n]{2,80})\)")
_RUN = re.compile(rf"[{_HAN}A-Za-z0-9+#&'·-]+(?: [{_HAN}A-Za-z0-9+#&'·-]+)*$")
_LATIN_END = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#&'-]*(?: [A-Za-z0-9+#&'-]+)*$")
_PIECES = re.compile(r"[,;、/|]|\b(?:or|aka)\b|(?:或|又称|也称|简称|缩写|全称)(?:为|是)?:?")
_LEAD = re.compile(
    r"^(?:英文(?:名称?|全称|缩写|简称)?|英语|英|中文(?:名称?)?|全称|缩写|简称|又称|也称|即|也就是)(?:为|是|叫|作)?[:\s]*"
)
_ALSO_CALLED = re.compile(
    ",? ?(?:即|也就是|也即|又称|也称|简称|缩写|英文|英语|中文|译)(?:名称?|全称|缩写|简称)?(?:为|是|叫|作)?:? ?"
)
_RUN_AFTER = re.compile(rf"[{_HAN}A-Za-z0-9+#&' -]{{2,40}}(?=[,。;:!?()、.{_BREAK}]|$)")
_SLASH = re.compile(
    rf"(?:^|[,。;:、(|]|  ){_HEADING}?([^/,。;:、()|\n]{{2,40}}?) ?/ ?([^/,。;:、()|\n]{{2,40}}?)(?=$|[,。;:、()|]|  )"
)
_DOUBLE = re.compile(rf"([{_HAN}]+) ([A-Za-z][A-Za-z0-9' -]*)|([A-Za-z][A-Za-z0-9' -]*) ([{_HAN}]+)")


def pairs_in(text: str) -> list[tuple[str, str]]:
    """(Chinese name, English name) of each pair that a note says itself, each once, in order; linear in the text."""
    lines = _plain_lines(text)
    note = _Note(lines)
    found: dict[tuple[str, str], None] = {}
    for line in lines:
        pairs = (_in_brackets(line, note), _in_words(line, note), _in_slashes(line), _in_heading(line))
        found |= dict.fromkeys(itertools.chain(*pairs))
    return list(found)


class _Note:
    """What else a note says: which names stand by themselves in it, and which words it writes small."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def names_alone(self, name: str) -> bool:
        """Whether a Chinese name stands between borders in at least two places."""
        return self._alone[name] > 1

    def writes_small(self, word: str) -> bool:
        return word.casefold() in self._small

    @functools.cached_property
    def _alone(self) -> Counter[str]:
        border = re.compile(
            rf"[^{_HAN}A-Za-z0-9-]+|[的是即和与或及为在称叫]|使用|采用|通过|利用|提出|引入|进行|例如|比如|包括"
        )
        return Counter(run for line in self._lines for run in border.split(line) if 2 <= len(run) <= 2 * MOST_HAN)

    @functools.cached_property
    def _small(self) -> frozenset[str]:
        return frozenset(word for line in self._lines for word in re.findall(r"(?<![\w.])[a-z]{3,}(?![\w.(])", line))


def _plain_lines(text: str) -> list[str]:
    """The lines without marks, code and formulas, in plain characters."""
    lines = scan(_LINE_END.sub("\n", text).split("\n")).lines
    headings = (_HEADING_START.sub(rf"\1{_HEADING}", line, count=1) for line in lines)
    marked = (_with_marks(_CODE.sub(_BREAK, line)) for line in headings)
    return search_text("\n".join(marked)).split("\n")


def _with_marks(line: str) -> str:
    """A line in which marks of emphasis open and close by turns."""
    marks = itertools.cycle((_OPEN, _CLOSE))
    return _EMPHASIS.sub(lambda _: next(marks), line)


def _in_brackets(line: str, note: _Note) -> Iterator[tuple[str, str]]:
    for match in _BRACKET.finditer(line):
        pieces = [_LEAD.sub("", piece.strip(f" {_QUOTES}")).strip() for piece in _PIECES.split(match[1])]
        pieces = [piece for piece in pieces if piece]
        chinese = [piece for piece in pieces if has_han(piece)]
        english = [piece for piece in pieces if not has_han(piece)]
        if len(chinese) > 1 or len(english) > 2 or not all(map(is_english_name, english)):
            continue
        if len(english) == 2 and not same_initials(*english):
            continue
        before = line[max(0, match.start() - _LOOK_BACK) : match.start()]
        yield from _with_outside(before, chinese, english, note)


def _with_outside(before: str, chinese: list[str], english: list[str], note: _Note) -> Iterator[tuple[str, str]]:
    """The pairs of what stands in brackets with the name before them."""
    run, closed, at_joint = _run_before(before)
    latin = _LATIN_END.search(run)
    if latin is None:
        if english and not chinese and (name := _last_name(run, english, note, closed, at_joint)):
            yield from ((name, each) for each in english if is_same_thing(name, each))
        return
    outside, rest = latin[0], run[: latin.start()]
    if chinese:
        (name,) = chinese
        words = (outside, *english)
        if len(words) > 2 or not is_english_name(outside) or not is_chinese_name(name, words):
            return
        if same_initials(*words) if english else is_translated(outside, name, note.writes_small):
            yield from ((name, each) for each in words)
    elif len(english) == 1 and has_han(rest) and is_english_name(outside) and same_initials(outside, english[0]):
        both = [outside, *english]
        if name := _last_name(rest.rstrip(), both, note, closed=False, at_joint=at_joint):
            yield from ((name, each) for each in both)
    elif (
        english
        and has_han(rest)
        and (name := _last_name(run, english, note, closed, at_joint))
        and name.endswith(outside)
    ):
        yield from ((name, each) for each in english if is_same_thing(name, each))


def _run_before(before: str) -> tuple[str, bool, bool]:
    """(the words right before a bracket, whether marks enclose them, whether a joined name may stand before them)."""
    if before.endswith("  "):
        return "", False, False
    before = before.rstrip()
    if before.endswith(tuple(_CLOSING)):
        inner = before[:-1]
        start = max(map(inner.rfind, _OPENING))
        name = inner[start + 1 :].strip()
        return (name if start >= 0 and _RUN.fullmatch(name) else ""), True, False
    match = _RUN.search(before)
    if match is None or (match.start() == 0 and len(before) == _LOOK_BACK):
        return "", False, False
    earlier = before[: match.start()].rstrip()
    if earlier.endswith((_BREAK, *_CLOSING)):
        return "", False, False  # the name may begin in code or between marks
    return match[0], False, earlier.endswith("、") and not earlier.endswith(")、")


def _last_name(run: str, english: Sequence[str], note: _Note, closed: bool, at_joint: bool) -> str:
    """The Chinese name with which the words before a bracket end; empty where its left border is unsure."""
    tokens = words_of(run)
    first = 0 if closed else len(tokens)
    border = ""
    while first > 0:
        word = tokens[first - 1]
        if word in BORDERS or word in JOINING or word in UNSURE:
            border = word
            break
        if word == " " and first < len(tokens) and has_han(tokens[first]) and first > 1 and has_han(tokens[first - 2]):
            break
        first -= 1
    words = [token for token in tokens[first:] if token != " "]
    name = "".join(tokens[first:]).strip()
    for start in range(len(tokens) - 1, first - 1, -1):  # the glossary knows where some names begin
        known = "".join(tokens[start:]).strip()
        if has_han(known) and any(Glossary.load().shares_concept(known, each) for each in english):
            return known
    if not is_chinese_name(name, english):
        return ""
    lengths = [name_length(each) for each in english]
    if border in UNSURE or (border == "的" and len(words) < max(lengths)):
        return ""
    if (border in JOINING and first > 1) or at_joint:
        return name if len(words) in lengths and max(lengths) > 1 else ""
    verb_first = len(words) > 1 and rjieba.tag(words[0])[0][1] == "v"
    if closed or note.names_alone(name) or len(words) in lengths:
        return name
    return "" if verb_first or len(words) > max(lengths) + 1 else name


def _in_words(line: str, note: _Note) -> Iterator[tuple[str, str]]:
    """`early stopping，即早停` and `池化，英文为 pooling`."""
    for match in _ALSO_CALLED.finditer(line):
        before = _RUN.search(line[max(0, match.start() - _LOOK_BACK) : match.start()])
        after = _RUN_AFTER.match(line, match.end())
        if before is None or after is None:
            continue
        second, latin = after[0].strip(), _LATIN_END.search(before[0])
        if not has_han(second) and is_english_name(second):
            if name := _last_name(before[0], [second], note, closed=False, at_joint=True):
                yield name, second
        elif (
            latin
            and is_english_name(latin[0])
            and is_chinese_name(second, [latin[0]])
            and is_translated(latin[0], second, note.writes_small)
        ):
            yield second, latin[0]


def _in_slashes(line: str) -> Iterator[tuple[str, str]]:
    if "/" in line:
        for match in _SLASH.finditer(line):
            yield from _word_by_word(match[1].strip(f" {_QUOTES}"), match[2].strip(f" {_QUOTES}"))


def _in_heading(line: str) -> Iterator[tuple[str, str]]:
    """`Pooling 池化`."""
    if line.startswith(_HEADING) and (match := _DOUBLE.fullmatch(line[1:].strip(f" {_QUOTES}"))):
        yield from _word_by_word(match[1] or match[3], match[2] or match[4])


def _word_by_word(first: str, second: str) -> Iterator[tuple[str, str]]:
    chinese, english = (first, second) if has_han(first) else (second, first)
    if is_english_name(english) and is_chinese_name(chinese, [english]) and translates_word_by_word(chinese, english):
        yield chinese, english
