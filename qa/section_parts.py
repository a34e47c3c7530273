"""What a question asks the names of, where the notes give it as sections of their own: the gates of an LSTM.

No single sentence of such notes names them all, so an answer that is drawn from sentences tells one and looks whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from qa.grounds import Grounds, covered
from qa.language import has_han, normalize, search_terms
from qa.left_out import names_more, stands_alone, terms_said
from qa.listings import BRACKETED, asks, without_number
from qa.queries import understand
from qa.support import Told
from qa.types import Passage

MOST_PARTS = 6
_KIND_ZH = re.compile(
    r"(?P<before>[^，,。；;：:、]*?)(?:哪些|哪几[个种类项大]?|几[个种类项])(?P<after>[^，,。；;？?！!、…（(]*)"
)
_PLURAL = r"(?:[a-z-]+ ){0,2}(?![a-z-]*(?:ss|is|us|ias)\b)[a-z-]{2,}s"
_KIND_EN = re.compile(
    r"\b(?:which|what)(?: are the)?(?: (?:most )?(?:main|common|different|various|typical|usual))?"
    r"(?: (?:kinds|types|sorts) of)?"
    rf" (?!(?:is|was|does|has|are|were|causes|makes|happens)\b)(?P<kind>{_PLURAL})"
    r"(?: (?:are|do|does|can|exist|of|in|for|has|have)\b|\W*$)"
)
_ARE = re.compile(r"\b(?:which|what) are (?!the\b)")  # "What are CNNs?" wants to know what they are
_HAS = re.compile(r"(?:都|一共|总共|主要|常见|常用|大致|可以)?(?:有|包括|包含|分为|分成|是)?\s*$")
_PARTICLES = "呢呀啊吗吧"
_NAME_BEFORE = re.compile(r"^[a-z0-9+-]+(?=[\u4e00-\u9fff])")  # of normalized text: "CNN改进有哪些"
_USUAL = "常见 常用 主要 不同 基本 经典"
_ANY_KIND = "方法 方式 种类 类型 算法 技术 手段"
_PLAIN_ZH = re.compile(rf"^(?:{_USUAL.replace(' ', '|')})|(?:{_ANY_KIND.replace(' ', '|')})$")
_PLAIN = frozenset(
    search_terms(f"{_USUAL} {_ANY_KIND} 分别 most main common different various typical usual kinds types")
)
# Sections that are no part of what the section above them names.
_ABOUT = re.compile(
    r"概述|简介|介绍|概念|定义|背景|历史|原理|总结|小结|参考|对比|比较|区别|选择|判断|策略|技巧|优缺点|优点|缺点|局限|应用|问题|其他|代码"
    r"|实现|习题|练习"
    r"|\b(?:overview|introduction|background|history|summary|references?|compar\w+|versus|vs|choosing|pick|strengths|pitfalls"
    r"|limits|limitations|applications?|implementation|exercises?|others?)\b",
    re.IGNORECASE,
)
_LONGEST_HEADING = 200  # characters that are looked at


class Section(NamedTuple):
    """A section whose own sections may be what a question asks the names of."""

    note_path: str
    path: tuple[str, ...]  # the title of its note and the headings down to it
    kind: str


def asked_section(grounds: Grounds, question: str) -> Section | None:
    """The section that has what the question asks the names of, of several the one with most; None where none has any.

    Of one name more may be found: not all of its passages need be among the grounds.
    """
    kind, of = kind_asked(question)
    if not kind:
        return None
    known = _PLAIN.union(search_terms(kind))
    units = understand(of, grounds.glossary).units
    subject = [unit for unit in units if not any(known.issuperset(names) for names in unit.alternatives)]
    places = {(p.note_path, p.path[:depth]) for p in grounds.passages for depth in range(1, len(p.path))}
    sections = [
        Section(note_path, path, kind)
        for note_path, path in places
        if all(covered(subject, frozenset(search_terms(" ".join(path)))))
    ]
    found = {section: len(_names(grounds, section)) for section in sections}
    best = max(sections, key=lambda each: (found[each], len(each.path), each), default=None)
    return best if best and found[best] else None


def section_parts(grounds: Grounds, section: Section, said: Sequence[Told], rows: Sequence[int]) -> Mapping[int, str]:
    """The rows that open the sections of a section, in their order, each with the name of its section.

    Without those whose words the sentences or `rows` say already. Empty where there is one, or more than can be said.
    """
    names = _names(grounds, section)
    if not 1 < len(names) <= MOST_PARTS:
        return {}
    terms = terms_said(grounds, said, rows)
    opening = {name: _opening(grounds, section, name) for name in names}
    found = {row: name for name, row in opening.items() if row is not None and row not in rows}
    return {
        row: found[row]
        for row in sorted(found, key=lambda row: _place(grounds, row))
        if names_more(grounds, row, terms)
    }


def kind_asked(question: str) -> tuple[str, str]:
    """What a question asks the names of and what of: 门 and "lstm 的" of "LSTM 有哪几个门"; empty where it does not."""
    text = " ".join(normalize(question).split())
    if not has_han(text):
        found = _KIND_EN.search(text)
        if not found or (_ARE.match(text, found.start()) and " of " not in text[: found.start("kind")]):
            return "", ""
        return found["kind"].split()[-1], f"{found['kind']} {text[found.end('kind') :]}"
    found = _KIND_ZH.search(text)
    if not found:
        return "", ""
    before, after = _HAS.sub("", found["before"]), found["after"].rstrip(_PARTICLES).strip()
    if after in _ANY_KIND.split():  # 降维有哪些方法
        after = ""
    phrase = _NAME_BEFORE.sub("", re.split(r"[的 ]", after or before)[-1])
    of = before + after.removesuffix(phrase) if after else before.removesuffix(phrase)
    return _bare_kind(phrase), of


def _bare_kind(words: str) -> str:
    """Without what any kind may be called: 降维 of 降维方法, unless nothing would be left."""
    return _PLAIN_ZH.sub("", _PLAIN_ZH.sub("", words)) or words


def _is_below(passage: Passage, section: Section) -> bool:
    above = passage.path[: len(section.path)]
    return passage.note_path == section.note_path and above == section.path != passage.path


def _names(grounds: Grounds, section: Section) -> list[str]:
    """The headings right below a section that name one of the kind, or are one by what the section is called."""
    below = [p.path[len(section.path)] for p in grounds.passages if _is_below(p, section)]
    names = list(dict.fromkeys(below))
    if not _is_kind(section.path[-1], section.kind):
        return [name for name in names if _is_kind(name, section.kind) and _core(name) != section.kind]
    # What stands right below the title of a note is all that it has to say.
    return names if len(section.path) > 1 and all(map(_is_part, names)) else []


def _opening(grounds: Grounds, section: Section, name: str) -> int | None:
    """The first row of a section in its note that can be read by itself: "$\\Phi$ is ..." cannot."""
    depth = len(section.path)
    rows = [
        row
        for row in grounds.singles()
        if _is_below(passage := grounds.passages[grounds.statements[row].number - 1], section)
        and passage.path[depth] == name
        and stands_alone(grounds, row)
        and not grounds.statements[row].text.startswith("$")
    ]
    return min(rows, key=lambda row: _place(grounds, row), default=None)


def _place(grounds: Grounds, row: int) -> int:
    statement = grounds.statements[row]
    return grounds.passages[statement.number - 1].start + statement.start


def _is_kind(heading: str, kind: str) -> bool:
    """Whether a heading ends with the kind, or its other name in brackets: 遗忘门 is a 门."""
    heading = heading[:_LONGEST_HEADING]
    wanted = search_terms(kind)[-1:]
    for name in (_core(heading), *(normalize(found).strip("（()） ") for found in BRACKETED.findall(heading))):
        if has_han(kind) and (name.endswith(kind) or _bare_kind(name).endswith(kind)):
            return True
        if not has_han(kind) and wanted and search_terms(name)[-1:] == wanted:
            return True
    return False


def _is_part(heading: str) -> bool:
    heading = heading[:_LONGEST_HEADING]
    return not asks(heading) and not _ABOUT.search(heading)


def _core(heading: str) -> str:
    """A heading without its number and what it says in brackets, normalized."""
    return normalize(BRACKETED.sub("", without_number(heading))).strip(" *_`:：")
