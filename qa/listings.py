"""Recognises lines that ask or name and passages that do nothing else; knows nothing about files or passages' borders.

Such a passage (contents, links, questions without answers) matches every question about what it names and answers none.
Where in doubt it is taken to say something: short facts, definitions, tables, code and formulas are no listings.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_HAN = "\u3400-\u9fff"
_MARKER = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?(?:\[[ xX]\][ \t]+)?")
_NUMBER = (
    r"[（(]?(?:\d{1,3}|[一二三四五六七八九十]{1,3})(?:[)）、．:：]|\.(?!\d))[ \t]*"
    rf"|(?:\d{{1,2}}\.)+\d{{1,2}}[ \t.、]+(?=[{_HAN}A-Z])"
)
_NUMBERED = re.compile(_NUMBER)
_BOLD = re.compile(r"(\*\*|__)(?=\S)((?:(?!\1).)+)(?<=\S)\1")
_PREFIX = re.compile(
    r"(?:\*\*|__)?(?:(?:Q|Question|问题|问|题目|面试题)[ \t]*\d{1,3}[ \t]*(?:\*\*|__)?[ \t]*[:：.、．)）]"
    r"|(?:Q|Question|问题|问|题目|面试题)[ \t]*(?:\*\*|__)?[ \t]*[:：])[ \t]*(?:\*\*|__)?[ \t]*(?=\S)"
)
_ASKED = re.compile(r"(?:[^。！!?？.]|(?<!vs)\.(?!\s)|(?<=vs)\.)*?(?:[?？]+(?![A-Za-z0-9_=&/]))+")
_ASKS_ZH = re.compile(
    r"什么|怎么|怎样|如何|为何|何为|哪些|哪个|哪种|哪几|是否|几种|多少|[吗呢]$"
    r"|^(?:请|介绍|简述|解释|说说|说一下|谈谈|谈一下|讲讲|讲一下|描述|写出|推导|手写|对比|比较)"
)
_DIFFERENCE_ZH = re.compile(r"[和与跟、].{2,}(?:区别|异同|差异|不同|联系|关系)$")
_ASKS_EN = re.compile(
    r"^(?:what (?:is|are|was|does|do|kind|kinds)|what[’']s|why (?:is|are|does|do|use|not|we)"
    r"|explain|describe|define|compare|discuss|differences?|how (?:do|does|can|to|would|is|are)"
    r"|when (?:do|does|would|should|is|are)"
    r"|which (?:is|are|of))\b",
    re.IGNORECASE,
)
_WH_EN = re.compile(r"\b(?:what|why|how|when|which|who|where|explain|describe|define|compare|difference)\b", re.I)
_AUXILIARY_EN = re.compile(
    r"(?:is|are|was|do|does|did|can|could|should|would|will|have|has|may|suppose|given|if|in|on|for|with)\b", re.I
)
_CHECKLIST_EN = re.compile(r"(?:have|has|did|are) (?:we|you|i)\b", re.IGNORECASE)
_DEFINES = re.compile(r"指|表示|代表|即|is\b|means\b|stands\b|the\b")
_EDGE = re.compile(rf"^[^\w({{\[<$\\`]+|[^\w{_HAN}?？:：)）」”\"'`$%+#*>\]]+$")

_ANNOUNCES = re.compile(
    r"(?:[两二三四五六七几]\s*(?:种|个|类|条|点|步|项|大)|以下|如下|下面)[^。.：:！!？?\n]{0,12}[。.：:]?\s*\Z"
    r"|\b(?:two|three|four|five|six|following|below)(?: [a-z]+){0,4}[.:]?\s*\Z",
    re.IGNORECASE,
)

BRACKETED = re.compile(r"[（(][^（）()]*[)）]")  # of a heading, often its name in the other language
_HEADING = re.compile(r" {0,3}(?:#{1,6}(?:[ \t]|$)|<h[1-6]\b)")
_DECORATION = re.compile(
    r"\s*(?:(?:<!--(?:(?!-->).)*-->|</?(?:br|hr|center|div|p|details|summary|ul|ol)\b[^>]*>)\s*)*"
    r"|\s*(?:[-*_=][ \t]*){3,}"
)
_TOC_MARK = re.compile(r"\s*\[\[?toc\]?\]\s*|\s*@\[toc\].*|\s*\{:toc\}\s*", re.IGNORECASE)
_SAYING = re.compile(
    r"^[ \t]*(?:```|~~~|\$\$|\\\[|\\begin|\||!\[|<img|<table|<tr|<td|>)|^(?: {4}|\t)[^\s\-*+\d]", re.MULTILINE
)
_LINK = re.compile(
    r"\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)|\[[^\]]*\]|(?=:\s*http))"
    r"|<https?://[^>\s]+>|https?://[^\s<>）)，。]+|<a\b[^>]*>.*?</a>|\[\[[^\]]+\]\]",
    re.IGNORECASE,
)
_CONTENTS_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\[.*\]\([^()]*(?:#|\.md).*\)\s*")
_WORD = re.compile(rf"[{_HAN}]|[A-Za-z]+(?:['’-][A-Za-z]+)*")
_SENTENCE = re.compile(r"[。；！!：:=→]|\.(?:\s|$)|, |，|;")
_CONTENTS = re.compile(r"目录|大纲|索引|导航|contents|outline|index|overview of questions|toc", re.IGNORECASE)
_REFERENCES = re.compile(
    r"参考|引用|延伸阅读|相关阅读|相关链接|推荐阅读"
    r"|references?|bibliography|further reading|resources|links|see also|sources",
    re.IGNORECASE,
)
_CITED = re.compile(r"\b(?:19|20)\d\d\b|《|arxiv|et al|doi\b|^\s*\[\^?\d+\]", re.IGNORECASE)
_CHAPTER = re.compile(
    r"第[一二三四五六七八九十百\d]+[章节讲篇课部]|\d+(?:\.\d+)+[.、，\s]|(?:chapter|part|lecture|section)\s+\d", re.I
)
_POINTING = re.compile(r"参考|参见|详见|见|来源|摘自|原文|链接|see|source|reference|read|via|from|link", re.IGNORECASE)
_SEE = re.compile(r"(?:具体|详细|更多|可以?|请)*(?:参考|参见|详见|见)[:：\s]*[《【\[「][^》】\]」]*[》】\]」][。.]?")
# Where a linked page is: "[Why tanh?](https://...) - 知乎", "./glossary/[mean](...)".
_PLACE = re.compile(
    r"\s*\.{0,2}/\S*\s*|\W*(?:知乎|维基百科|百度百科|简书|博客园|掘金|哔哩哔哩|微信公众号|CSDN|Zhihu|Wikipedia|GitHub|Quora|Medium|YouTube|Reddit"
    r"|arXiv|Stack ?(?:Overflow|Exchange)|Cross Validated)(?:专栏|博客|社区|blog)?\W*",
    re.IGNORECASE,
)
# By the marks of GB/T 7714, or what English ones have.
_ENTRY = re.compile(
    r"[\s>*+-]*\[\d{1,3}\][^\n]*(?:\[(?:[JCMDNRS]|[A-Z]{1,2}/OL)\]|\barXiv\b|\bProceedings\b|\bet al\b)"
)
_CLAUSES = re.compile(r"[，,；;|]\s*\S")
_NO_SOURCE = re.compile(r"^!\[|^.?\[\W*\]|\([^()]*(?:#|\.(?:md|png|jpe?g|gif|svg|webp|bmp)\b)[^()]*\)$", re.IGNORECASE)
_BARE = re.compile(r".?<?https?://[^\s<>]+>?", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"[\W_]*(?:answer(?: here)?|todo|tbd|tba|待补充|待完善|待更新|未完待续|略|暂无)[\W_]*", re.IGNORECASE
)
_MARK_CHARS = 1000  # looking for links and marks in longer lines gets slow
_FEW_WORDS = 6  # beside its links a line with no more says nothing about them
_NAME_WORDS = 16
_POINTING_WORDS = 12  # "For more see [the paper](...)"


class Question(NamedTuple):
    """What a line asks, marks and number included as written, and what stands behind it in the same line."""

    text: str
    rest: str


def announces_list(text: str) -> bool:
    """Whether a text says at its end that several things follow: "there are four kinds of methods." """
    return _ANNOUNCES.search(text) is not None


def find_question(line: str, item: bool = False) -> Question | None:
    """The question that a line of a paragraph, or the first line of a list item, opens with."""
    line = line[:_MARK_CHARS]
    marker = _MARKER.match(line)
    body = line[marker.end() if marker else 0 :].strip()
    bold = is_wholly_bold(body)
    if prefix := _PREFIX.match(body):
        text, rest = _split_question(body[prefix.end() :])
        # 问题： also opens "the problem: ...", and Q: also "the matrix Q is ..."
        named = re.match(r"(?:\*\*|__)?(?:Q|问(?!题)|.*\d)", prefix.group()) and not _DEFINES.match(text)
        if (named and not (item and prefix.group()[0] == "Q")) or asks(text):
            return Question(_without_bold(text), rest)
    if bold is not None:
        return Question(bold, "") if len(bold) <= 300 and asks(bold) else None
    number = _NUMBERED.match(body)
    if (item or number) and not body.startswith("["):
        found = _ASKED.match(body, number.end() if number else 0)
        if found and asks(found.group()) and _closed(found.group()) and not _CHECKLIST_EN.match(found.group()):
            text, rest = _split_question(body[number.end() if number else 0 :])
            return Question(_without_bold(text), rest)
    return None


def _closed(text: str) -> bool:
    """Whether no bracket or code is open at the end: what is asked inside is asked in passing."""
    return len(re.findall(r"[(（\[]", text)) <= len(re.findall(r"[)）\]]", text)) and text.count("`") % 2 == 0


def asks(words: str) -> bool:
    """Whether words that stand apart (a bold line, a list item) ask something."""
    words = _EDGE.sub("", _without_bold(words.strip()))
    words = _NUMBERED.sub("", words, count=1).strip()
    han = len(re.findall(f"[{_HAN}]", words))
    marked = words.endswith(("?", "？"))
    if han >= 2:
        bare = words.rstrip("?？:： ")
        return (marked and han >= 3) or (len(bare) >= 6 and bool(_ASKS_ZH.search(bare) or _DIFFERENCE_ZH.search(bare)))
    latin = len(re.findall(r"[A-Za-z]+", words))
    if marked:
        return latin >= 2 and bool(_WH_EN.search(words) or _AUXILIARY_EN.match(words))
    return latin >= 4 and not words.endswith(":") and bool(_ASKS_EN.match(words))


def without_number(heading: str) -> str:
    """A heading without the number that it begins with."""
    heading = heading.strip()
    number = _NUMBERED.match(heading)
    return heading[number.end() :].strip() if number else heading


def is_wholly_bold(line: str) -> str | None:
    """What stands between the marks of a line that is bold from end to end, a number before it apart."""
    body = line.strip()[:_MARK_CHARS]
    number = _NUMBERED.match(body)
    found = _BOLD.match(body, number.end() if number else 0)
    if found is None or re.search(rf"[\w{_HAN}]", body[found.end() :]):
        return None
    return found.group(2)


def is_link_to_note(line: str) -> bool:
    """Whether a list item is a link to a heading or another note and nothing else, as in contents."""
    return _CONTENTS_ITEM.fullmatch(line) is not None


def only_points(text: str) -> bool:
    """Whether a sentence is pictures, links to notes or bare addresses and nothing else, or only says where something
    comes from."""
    text = text[:_MARK_CHARS]
    links = [text[max(0, match.start() - 1) : match.end()] for match in _LINK.finditer(text)]
    left = _LINK.sub(" ", text)
    if not _WORD.search(left):
        return bool(links) and all(_NO_SOURCE.search(link) or _BARE.fullmatch(link) for link in links)
    if _SEE.fullmatch(text.strip()):
        return True
    few = len(_WORD.findall(left)) <= _POINTING_WORDS and not _CLAUSES.search(left)
    return bool(links) and few and (_POINTING.search(left) or _PLACE.fullmatch(left)) is not None


def is_reference(line: str) -> bool:
    """Whether a line is an entry of a bibliography: "[1] A. Author. Title[J]. 1997." """
    return _ENTRY.match(line[:_MARK_CHARS]) is not None


def is_listing(text: str, headings: tuple[str, ...] = ()) -> bool:
    """Whether a passage below these headings names much and says nothing."""
    if re.match(r"\s*---[ \t]*[\r\n]+[\w-]+[ \t]*:", text) and text.rstrip().endswith(("---", "...")):
        return True
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip() and not _DECORATION.fullmatch(line)]
    body = [line for line in lines if not (_HEADING.match(line) or _TOC_MARK.fullmatch(line))]
    if not body or _SAYING.search("\n".join(body)):
        return bool(text.strip()) and not body
    contents, references = _headed(_CONTENTS, headings, lines), _headed(_REFERENCES, headings, lines)
    kinds = [_line_kind(line, references) for line in body]
    named = sum(kind in {"link", "question"} for kind in kinds)
    said = kinds.count("fact")
    if "question" in kinds and not _WH_EN.search("\n".join(body)) and not re.search(f"[{_HAN}]", "".join(body)):
        return False  # a checklist: Have we ...? Did we ...?
    if kinds == ["link"]:
        return references or contents or is_link_to_note(body[0]) or bool(_POINTING.search(_LINK.sub("", body[0])))
    if said == 0 and "link" in kinds and kinds.count("name") <= kinds.count("link"):
        return True
    if said == 0 and "question" in kinds and set(kinds) <= {"question", "blank"}:
        return True
    if said == 0 and contents and len(body) >= 2:
        return True
    if said == 0 and len(body) >= 3 and sum(_is_chapter(line) for line in body) >= 0.8 * len(body):
        return True
    return named >= 4 and said <= named // 4 and kinds.count("name") <= named


def _line_kind(line: str, references: bool) -> Literal["question", "blank", "link", "name", "fact"]:
    if "](" not in line and (question := find_question(line, item=True)):
        return "fact" if _WORD.search(question.rest) else "question"
    if _PLACEHOLDER.fullmatch(line):
        return "blank"
    if "![" in line or "<img" in line or len(line) > 2 * _MARK_CHARS:
        return "fact"
    left = _LINK.sub(" ", _MARKER.sub("", line, count=1))
    words = len(_WORD.findall(left))
    linked = _LINK.search(line) is not None
    if linked and words <= _FEW_WORDS:
        return "link"
    if references and (linked or _CITED.search(line)) and words <= 40:
        return "link"
    return "fact" if words > _NAME_WORDS or _SENTENCE.search(left.strip()) else "name"


def _is_chapter(line: str) -> bool:
    marker = _MARKER.match(line)
    return _CHAPTER.match(line, marker.end() if marker else 0) is not None or _CHAPTER.match(line.strip()) is not None


def _headed(pattern: re.Pattern[str], headings: tuple[str, ...], lines: list[str]) -> bool:
    """Whether the innermost heading, or a bold or bare first line, is a short one of this kind."""
    names = [*headings[-1:], lines[0]] if lines else headings[-1:]
    return any(len(name.strip("#*_ :：")) <= 30 and pattern.search(name) for name in names)


def _split_question(body: str) -> tuple[str, str]:
    found = _ASKED.match(body)
    if found is None:
        return body, ""
    end = found.end()
    while (more := _ASKED.match(body, end)) and asks(more.group()):  # What is a tree? How is it trained?
        end = more.end()
    rest = body[end:].strip(" \t*_")
    return body[:end], rest if _WORD.search(rest) else ""


def _without_bold(text: str) -> str:
    return text.replace("**", "").replace("__", "").strip()
