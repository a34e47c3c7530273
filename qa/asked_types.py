"""What kind of thing a question asks for, a formula, a year, who made something, and whether the excerpts hold one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa.agreement import names
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.language import normalize
from qa.neighbourhood import ITEM_MARK
from qa.queries import named_units
from qa.types import Passage

# "What is the formula of nDCG?" is not answered by what says what nDCG is for. A picture may show one.
_ASKS_FORMULA = re.compile(
    r"什么公式|公式(?:是(?:什么|啥|怎)|怎么写|如何写|呢|\s*[?？]|\s*$)|\b(?:what|which)\b[^,.?]*\bformulas?\b",
    re.IGNORECASE,
)
_FORMULA = re.compile(
    r"[=≈∝×÷^]|!\[|\\(?:frac|sum|prod|int|sqrt|[\[(])|\w[ \t]*[/*][ \t]*\(|\)[ \t]*[/*][ \t]*\w|\w[ \t]+\*[ \t]+\w"
    r"|等于|除以|乘以|之比|比值|之和|平均"
    r"|\b(?:equals?|divided|multipl\w+|times|sum|ratio|product|average|mean)\b",
    re.IGNORECASE,
)
_ASKS_COMPLEXITY = re.compile(
    r"(?:时间|空间|计算)复杂度|复杂度(?:是|有|为)?(?:多少|多大|什么|啥)|\b(?:time|space|computational) complexity\b",
    re.IGNORECASE,
)
_COMPLEXITY = re.compile(
    r"(?<![A-Za-z])[Oo]\s*[(（{\\]|\\mathcal\s*\{?\s*O|复杂度|线性时间|平方级|指数级|\bcomplexity\b"
    r"|\b(?:linear|quadratic) (?:time|in)\b"
)
# Nor is "who proposed LeNet, and in which year?" by the year of what the next line of the list is on.
_MADE_ZH = "提出|发明|创立|创造|创建|设计|开发|发表|推出|引入|首创|发现"
_MADE_EN = r"propos\w+|invent\w*|creat\w+|design\w*|develop\w*|publish\w*|introduc\w+|discover\w*|came up with"
_ASKS_YEAR = re.compile(r"哪一?年|哪个年份|几几年|\b(?:what|which) year\b", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)|\d{2,4}\s*年|年代|世纪|[〇零一二三四五六七八九]{4}年|\b[Cc]entury\b")
_ASKS_MAKER = re.compile(
    rf"谁[^，。？?]{{0,10}}(?:{_MADE_ZH})|(?:{_MADE_ZH})(?:者|人|的人)?(?:是|为)谁|\bwho (?:\w+ )?(?:{_MADE_EN})",
    re.IGNORECASE,
)
# A word such as Google or LeCun may be who it was; one in capitals is none.
_MAKER = re.compile(
    rf"{_MADE_ZH}|作者|等人|团队|论文|公司|大学|谷歌|微软|脸书|(?<![\u4e00-\u9fff])由"
    rf"|\b(?i:{_MADE_EN}|et al|authors?|team|paper)|(?<![A-Za-z])[A-Z]\w*[a-z]"
)
_FIRST_NAME = re.compile(r"[ \t*_`]*([A-Za-z][\w.+-]*)")


def lacks_type(question: str, grounds: Grounds) -> bool:
    """Whether the excerpts hold nothing of the kind that a question asks for.

    A formula, where none that names the thing has one; a year, or who made something, where no paragraph or item that
    names the thing tells either.
    """
    if _ASKS_FORMULA.search(question):
        return not any(_FORMULA.search(normalize(passage.text)) for passage in _passages_on(question, grounds))
    if _ASKS_COMPLEXITY.search(question) and not any(_COMPLEXITY.search(p.text) for p in grounds.passages):
        return True
    wanted = [of for asks, of in ((_ASKS_YEAR, _YEAR), (_ASKS_MAKER, _MAKER)) if asks.search(question)]
    blocks = list(_blocks_on(question, grounds)) if wanted else []
    return bool(blocks) and not any(of.search(block) for of in wanted for block in blocks)


def _passages_on(question: str, grounds: Grounds) -> Sequence[Passage]:
    """The passages that name what a question names; all where none does."""
    wanted = [name for name, _ in named_units(question, grounds.glossary)]
    found = [
        p for p in grounds.passages if any(names(n, " ".join((*p.path, p.text)), grounds.glossary) for n in wanted)
    ]
    return found or grounds.passages


def _blocks_on(question: str, grounds: Grounds) -> Iterator[str]:
    """The paragraphs and items that name what a question names, by themselves or by the headings above them, without
    these names.

    An item that begins with another Latin name is on that one: "AlexNet, 2012, is deeper than LeNet".
    """
    glossary = grounds.glossary
    wanted = [name for name, _ in named_units(question, glossary)]
    if not wanted:
        return
    these = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)
    for passage in grounds.passages:
        above = " ".join((passage.title, *passage.headings))
        is_named = any(names(name, above, glossary) for name in wanted)
        for block in _blocks(passage.text):
            mark = ITEM_MARK.match(block)
            first = _FIRST_NAME.match(block, mark.end()) if mark else None
            if is_named or any(
                _is_on(name, first[1], glossary) if first else names(name, block, glossary) for name in wanted
            ):
                yield these.sub("", block)


def _blocks(text: str) -> Iterator[str]:
    """The paragraphs, items of lists and rows of tables of a passage."""
    block: list[str] = []
    for line in text.splitlines():
        if block and (not line.strip() or ITEM_MARK.match(line) or line.lstrip().startswith(("|", "#"))):
            yield "\n".join(block)
            block = []
        if line.strip():
            block.append(line)
    if block:
        yield "\n".join(block)


def _is_on(name: str, first: str, glossary: Glossary) -> bool:
    """Whether the first name of an item is this one or another name for the same; GoogLeNet is not LeNet.

    `names` takes a part of a word too, as a right translation may be PReLU for "参数化 ReLU".
    """
    return name.lower() == first.lower() or (name.lower() not in first.lower() and names(name, first, glossary))
