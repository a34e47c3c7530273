"""Questions with known answers: read from a file, or made from the headings of the notes themselves.

A question from a heading would find that heading again, so it comes with notes in which the heading's words are gone.
"""

from __future__ import annotations

import bisect
import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from qa.blocks import Block, find_blocks
from qa.errors import QuestionFileError
from qa.front_matter import read_front_matter
from qa.language import detect_language, has_han, normalize
from qa.listings import is_listing
from qa.notes import line_starts
from qa.types import LANGUAGES, Language, Note, Passage

_LINE = '{"id": "1", "zh": "...", "en": "...", "gold": [{"note": "a.md", "quote": "..."}]}'
_SEED = 20200229

# A section longer than this is a chapter: any of its passages would count as right.
_LONGEST = 200  # lines
_SHORT: Mapping[Language, int] = {"zh": 4, "en": 2}  # Chinese characters, words: so little rarely stands for itself
_BLANK = "—"  # keeps the heading and takes its words
_NUMBER = re.compile(
    r"(?:第\s*[一二三四五六七八九十百\d]+\s*[章节讲篇课部回]|(?:chapter|part|section|lecture|step|question|q)\s*\d+"
    r"|[（(]?(?:\d{1,3}|[一二三四五六七八九十]{1,3})[)）、，．:：]|[一二三四五六七八九十]{1,3}\s+(?=\S)|(?:\d{1,3}|[一二三四五六七八九十]{1,3})(?:\.\d+)*\.(?=\D)"
    r"|\d+(?:\.\d+)+(?=[\s、，]|(?![倍万亿年月元个])[\u3400-\u9fff])|[①-⑳])"
    r"[\s:：.、，．)）-]*",
    re.IGNORECASE,
)
_GENERIC_ZH = """
引言 前言 序言 序 导言 导语 简介 介绍 概述 概论 概览 概要 综述 背景 背景知识 基础 基础知识 基本 基本概念 概念 定义
总结 小结 总览 结语 结论 后记 附录 参考 参考资料 参考文献 参考链接 引用 资料 延伸阅读 推荐阅读 链接 目录 大纲 索引
示例 例子 实例 举例 案例 例题 练习 习题 代码 代码实现 实现 源码 使用 用法 使用方法 安装 环境 配置 准备 准备工作 步骤
流程 过程 方法 原理 思想 思路 公式 推导 优点 缺点 优缺点 特点 特性 作用 应用 应用场景 场景 分类 类型 种类 区别 比较
对比 说明 注意 注意事项 备注 问题 常见问题 面试题 答案 解答 解析 分析 笔记 更新 更新日志 日志 版本 作者 致谢 许可 其他
其它 更多 补充 扩展 拓展 进阶 实验 结果 实验结果 数据 数据集 模型 算法 训练 测试 评估 输入 输出 参数 部分 内容 正文
题目 知识点 要点 重点 主要 相关 相关工作 一些 几个 常用 常见 的 与 和 及 或
"""
_GENERIC_EN = """
introduction intro overview preface foreword background basics basic fundamentals summary conclusion conclusions recap
outlook appendix reference references bibliography resources links reading further see also contents content table toc
outline index example examples exercise exercises demo code implementation usage install installation setup
requirements configuration getting started preparation steps step process procedure method methods approach principle
idea formula derivation advantages disadvantages advantage disadvantage pros cons features feature application
applications use case cases types type categories difference differences comparison notes note tips faq question
questions problem problems answer answers solution solutions analysis discussion update updates changelog version
author authors acknowledgements acknowledgments license licence contributing other others misc miscellaneous more
related work experiment experiments result results data dataset datasets model models algorithm algorithms training
testing test evaluation input inputs output outputs parameters parameter part chapter section general common main
important definition definitions concept concepts about home readme todo warning quick start advanced topics topic key
the a an of and or to in for with on by vs what why how is are some
"""
_GENERIC = re.compile(
    rf"(?:[\W\d_]|\b(?:{'|'.join(_GENERIC_EN.split())})\b"
    rf"|{'|'.join(sorted(_GENERIC_ZH.split(), key=len, reverse=True))})*"
)
_NAME_CHARS = 40  # longer words name something; matching them would get slow
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands: a verbatim quote of one line of a note, or lines of it (1-based, inclusive)."""

    note: str
    quote: str = ""
    lines: tuple[int, int] | None = None

    def is_in(self, passage: Passage) -> bool:
        """Whether a passage holds the quote, or half of the lines, or lies in them with half of its own."""
        if passage.note_path != self.note:
            return False
        if self.lines is None:
            return self.quote in passage.text
        start, end = self.lines
        shared = min(end, passage.end_line) - max(start, passage.start_line) + 1
        return shared > 0 and 2 * shared >= min(end - start, passage.end_line - passage.start_line) + 1


@dataclass(frozen=True, slots=True)
class Question:
    """A question in one language or both; without gold the notes do not answer it."""

    id: str
    texts: Mapping[Language, str]
    gold: tuple[Gold, ...]
    facts: Mapping[Language, tuple[str, ...]]  # each a phrase that a right answer holds; `a|b` are alternatives


@dataclass(frozen=True, slots=True)
class HeadingQuestions:
    """Questions from headings, and the notes without the words of these headings, line for line as they were."""

    questions: list[Question]
    notes: list[Note]
    left_out: int  # headings that name nothing alone, occur again, or have no section to be found; not those undrawn


def read_questions(path: Path) -> list[Question]:
    """The questions of a JSON Lines file. Raises QuestionFileError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionFileError(f"The question file {str(path)!r} cannot be read: {error}") from None
    questions: dict[str, Question] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            question = _question(json.loads(line))
            if question.id in questions:
                raise ValueError(f"the id {question.id!r} stands on an earlier line too")
        except (ValueError, RecursionError) as error:
            raise QuestionFileError(
                f"Line {number} of {str(path)!r} is not a question: {error}. A line looks like {_LINE}, with one "
                'language or both, and a place of gold may also be {"note": "a.md", "start_line": 3, "end_line": 5}.'
            ) from None
        questions[question.id] = question
    if not questions:
        raise QuestionFileError(f"The question file {str(path)!r} holds no question.")
    return list(questions.values())


def heading_questions(notes: Sequence[Note], limit: int | None = None) -> HeadingQuestions:
    """A question for each heading that names something of its own, at most `limit` of them, evenly drawn."""
    sections = [section for note in notes for section in _sections(note)]
    counts = Counter(_key(section.words) for section in sections)
    naming = [s for s in sections if s.has_answer and counts[_key(s.words)] == 1 and not _is_generic(s.words)]
    chosen = draw(naming, limit)
    headings: dict[str, list[Block]] = {}
    for section in chosen:
        headings.setdefault(section.note, []).append(section.block)
    masked = [replace(note, text=_without_words(note.text, headings.get(note.path, ()))) for note in notes]
    return HeadingQuestions([_asked(section) for section in chosen], masked, len(sections) - len(naming))


def withhold_notes(made: HeadingQuestions) -> HeadingQuestions:
    """The same without every second note: what its headings ask is not answered any more."""
    kept = made.notes[::2]
    paths = {note.path for note in kept}
    asked = [q if q.gold[0].note in paths else replace(q, gold=()) for q in made.questions]
    return HeadingQuestions(asked, kept, made.left_out)


def write_notes(notes: Iterable[Note], folder: Path) -> None:
    """Each note as a UTF-8 file below a folder."""
    for note in notes:
        path = folder / note.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(note.text.encode("utf-8", "replace"))


def draw(items: Sequence[_T], limit: int | None) -> list[_T]:
    """At most `limit` of the items in their order, one at random from each of as many equal stretches; seeded."""
    if limit is None or limit >= len(items):
        return list(items)
    chance = random.Random(_SEED)
    borders = [number * len(items) // limit for number in range(limit + 1)]
    return [items[chance.randrange(start, end)] for start, end in itertools.pairwise(borders)]


def _question(item: Any) -> Question:
    """Raises ValueError that says what is wrong with the line."""
    if not isinstance(item, dict) or "id" not in item:
        raise ValueError("it is no object with an 'id'")
    texts: dict[Language, str] = {language: item[language] for language in LANGUAGES if language in item}
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts.values()):
        raise ValueError("it has no text under 'zh' or 'en'")
    gold = item.get("gold")
    if not isinstance(gold, list):
        raise ValueError("it has no list under 'gold'; where the notes do not answer, the list is empty")
    facts = {language: item.get(f"facts_{language}", []) for language in LANGUAGES}
    if not all(isinstance(of, list) and all(isinstance(fact, str) for fact in of) for of in facts.values()):
        raise ValueError("'facts_zh' and 'facts_en' are lists of texts")
    return Question(str(item["id"]), texts, tuple(map(_gold, gold)), {k: tuple(of) for k, of in facts.items()})


def _gold(item: Any) -> Gold:
    match item:
        case {"note": str(note), "quote": str(quote)} if quote and not {"start_line", "end_line"} & item.keys():
            return Gold(note, quote)
        case {"note": str(note), "start_line": int(start), "end_line": int(end)} if 1 <= start <= end:
            if "quote" not in item:
                return Gold(note, lines=(start, end))
    shown = json.dumps(item, ensure_ascii=False)
    raise ValueError(f"{shown} under 'gold' names no note with a quote, or with a start_line and an end_line from 1 on")


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading and the lines up to the next one of its level or above."""

    note: str
    words: str
    parents: tuple[str, ...]  # outermost first
    block: Block
    lines: tuple[int, int]
    has_answer: bool


def _sections(note: Note) -> list[_Section]:
    starts = line_starts(note.text)
    blocks = find_blocks(note.text, starts)
    names = {_key(name) for name in (PurePosixPath(note.path).stem, read_front_matter(note.text).title, *note.names)}
    sections = []
    for index, block in enumerate(blocks):
        if block.kind != "heading" or not _has_words(note.text, block):
            continue
        below = blocks[index + 1 :]
        ends = (i for i, other in enumerate(below) if other.kind == "heading" and other.level <= block.level)
        below = below[: next(ends, len(below))]
        text = note.text[block.start : below[-1].end if below else block.end].rstrip()
        first, last = (bisect.bisect_right(starts, at) for at in (block.start, block.start + len(text) - 1))
        words = _plain(block.headings[-1])
        says = any(other.kind not in {"heading", "rule", "links"} and _has_words(note.text, other) for other in below)
        answers = says and last - first < _LONGEST and _key(words) not in names and not is_listing(text, block.headings)
        sections.append(_Section(note.path, words, block.headings[:-1], block, (first, last), answers))
    return sections


def _asked(section: _Section) -> Question:
    words = section.words
    language = detect_language(words)
    size = len(words) if has_han(words) else len(words.split())
    parents = [name for name in map(_plain, section.parents) if not _is_generic(name) and _key(name) != _key(words)]
    if size <= _SHORT[language] and parents:
        colon = "" if parents[-1][-1] in "?？" else "：" if has_han(parents[-1] + words) else ":"
        words = f"{parents[-1]}{colon}{'' if colon == '：' else ' '}{words}"
    gold = Gold(section.note, lines=section.lines)
    identity = f"{section.note}#L{section.lines[0]}"
    return Question(identity, {detect_language(words): words}, (gold,), dict.fromkeys(LANGUAGES, ()))


def _plain(heading: str) -> str:
    """The words of a heading without its number and ornaments."""
    words = re.sub(r"^[^\w（(]+", "", heading)
    number = _NUMBER.match(words)
    words = words[number.end() :] if number else words
    return words.strip(" \t\u3000:：#*-—")


def _without_words(text: str, headings: Iterable[Block]) -> str:
    """A text with the same lines in which these headings are still headings and say nothing."""
    for block in sorted(headings, key=lambda block: block.start, reverse=True):
        old = text[block.start : block.end]
        ends = "".join(re.findall(r"\r\n|\r|\n", old))
        text = f"{text[: block.start]}{'#' * block.level} {_BLANK}{ends}{text[block.end :]}"
    return text


def _has_words(text: str, block: Block) -> bool:
    return re.search(r"\w", text[block.start : block.end]) is not None


def _is_generic(words: str) -> bool:
    """Whether words name nothing: numbers, marks, and what stands over sections of any subject."""
    return len(words) <= _NAME_CHARS and _GENERIC.fullmatch(normalize(words)) is not None


def _key(words: str) -> str:
    return " ".join(re.findall(r"\w+", normalize(words)))
