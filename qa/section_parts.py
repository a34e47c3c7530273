"""What a question asks the names of, where the notes give it as sections of their own: the gates of an LSTM.

No single sentence of such notes names them all, so an answer that is drawn from sentences tells one and looks whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.grounds import Grounds, covered
from qa.language import has_han, normalize, search_terms
from qa.left_out import names_more, stands_alone
from qa.listings import BRACKETED, asks, without_number
from qa.queries import understand
from qa.support import Support
from qa.types import Sentence

MOST_PARTS = 6
_KIND_ZH = re.compile(r"(?P<before>[^，,。；;：:]*?)(?:哪些|哪几[个种类项大]?|几[个种类项])(?P<after>[^，,。；;？?]*)")
_KIND_EN = re.compile(
    r"\b(?:which|what)\s+(?:are\s+)?(?:the\s+)?(?:\w+\s+)?(?:kinds\s+of\s+|types\s+of\s+)?(?P<kind>(?:[a-z-]+\s+)*?[a-z-]+s)(?:\s+(?:are|do|does|can|exist|of|in|for|has|have|is)\b|\W*$)"
)
_HAS = re.compile(r"(?:都|一共|总共|主要|常见|常用|大致|可以)*(?:有|包括|包含|分为|分成|是)?\s*$")
_NAME_BEFORE = re.compile(r"^[a-z0-9+-]+(?=[\u4e00-\u9fff])")  # of normalized text: "CNN改进有哪些"
_PLAIN_ZH = re.compile(r"^(?:常见|常用|主要|不同|基本|经典)|(?:方法|方式|种类|类型|算法|技术|手段)$")
_PLAIN = frozenset(search_terms("常见 常用 主要 不同 基本 经典 方法 方式 种类 类型 算法 技术 手段 分别"))
_PLAIN |= frozenset(search_terms("common main different various typical kinds types"))
# Sections that are no part of what the section above them names.
_ABOUT = re.compile(
    r"概述|简介|介绍|概念|定义|背景|原理|总结|小结|参考|对比|比较|区别|选择|优缺点|优点|缺点|应用|问题|其他|代码|实现"
    r"|\b(?:overview|introduction|background|summary|references?|compar\w+|versus|vs|choosing|pick|strengths|pitfalls"
    r"|applications?|implementation|others?)\b",
    re.IGNORECASE,
)


def asked_section(grounds: Grounds, question: str) -> tuple[str, ...]:
    """The headings down to the one whose sections have what the question asks the names of; empty where none has two.

    Of several the one with most of them.
    """
    kind, of = kind_asked(question)
    if not kind:
        return ()
    told = frozenset(search_terms(kind))
    units = understand(of, grounds.glossary).units
    subject = [unit for unit in units if not any(told & {*names} or {*names} <= _PLAIN for names in unit.alternatives)]
    found = {
        path: len(_names(grounds, path, kind))
        for path in _sections(grounds)
        if all(covered(subject, frozenset(search_terms(" ".join(path)))))
    }
    path = max(found, key=lambda path: (found[path], len(path)), default=())
    return path if found.get(path, 0) > 1 else ()


def section_parts(
    grounds: Grounds, question: str, said: Sequence[tuple[Sentence, tuple[Support, ...]]], rows: Sequence[int]
) -> list[int]:
    """The rows that open the sections of the asked one, in their order, where neither sentences nor `rows` tell them.

    Empty where there are too many to be said.
    """
    path = asked_section(grounds, question)
    names = _names(grounds, path, kind_asked(question)[0]) if path else []
    if len(names) > MOST_PARTS:
        return []
    terms = frozenset(search_terms(" ".join(sentence.text for sentence, _ in said)))
    terms = terms.union(*(grounds.terms[row] for row in rows))
    opening = (_opening(grounds, (*path, name)) for name in names)
    found = [row for row in opening if row is not None and row not in rows and names_more(grounds, row, terms)]
    places = {row: grounds.passages[grounds.statements[row].number - 1].start for row in found}
    return sorted(found, key=lambda row: places[row])


def kind_asked(question: str) -> tuple[str, str]:
    """What a question asks the names of and what of: 门 and "lstm 的" of "LSTM 有哪几个门"; empty where it does not."""
    text = normalize(question)
    if not has_han(text):
        found = _KIND_EN.search(text)
        return (found["kind"].split()[-1], f"{found['kind']} {text[found.end('kind') :]}") if found else ("", "")
    found = _KIND_ZH.search(text)
    if not found:
        return "", ""
    before, after = _HAS.sub("", found["before"]), found["after"].strip()
    phrase = _NAME_BEFORE.sub("", re.split(r"[的\s]", after or before)[-1])
    of = before + after.removesuffix(phrase) if after else before.removesuffix(phrase)
    return _PLAIN_ZH.sub("", _PLAIN_ZH.sub("", phrase)), of


def _sections(grounds: Grounds) -> set[tuple[str, ...]]:
    """The headings above passages, down to each that has sections."""
    return {p.headings[:depth] for p in grounds.passages for depth in range(1, len(p.headings))}


def _names(grounds: Grounds, path: tuple[str, ...], kind: str) -> list[str]:
    """The headings right below a path that name one of the kind, or are one by what the path names."""
    below = [p.headings[len(path)] for p in grounds.passages if p.headings[: len(path)] == path != p.headings]
    names = list(dict.fromkeys(below))
    if not _is_kind(path[-1], kind):
        return [name for name in names if _is_kind(name, kind) and _core(name) != kind]
    return names if all(map(_is_part, names)) else []


def _opening(grounds: Grounds, path: tuple[str, ...]) -> int | None:
    """The row of the first statement under a heading that can be read by itself: "$\\Phi$ is ..." cannot."""
    rows = (row for row in grounds.singles() if stands_alone(grounds, row))
    rows = (row for row in rows if not grounds.statements[row].text.startswith("$"))
    return next((row for row in rows if _is_below(grounds, row, path)), None)


def _is_below(grounds: Grounds, row: int, path: tuple[str, ...]) -> bool:
    return grounds.passages[grounds.statements[row].number - 1].headings[: len(path)] == path


def _is_kind(heading: str, kind: str) -> bool:
    """Whether a heading ends with the kind: 遗忘门 is a 门, a causal mask one of the masks."""
    core = _core(heading)
    if has_han(kind):
        return core.endswith(kind)
    return search_terms(core)[-1:] == search_terms(kind)[-1:]


def _is_part(heading: str) -> bool:
    return not asks(heading) and not _ABOUT.search(heading)


def _core(heading: str) -> str:
    """A heading without its number and what it says in brackets, normalized; in brackets is often its other name."""
    return normalize(BRACKETED.sub("", without_number(heading))).strip(" *_`:：")
