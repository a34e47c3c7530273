"""What a question asks the names of is told from the sections that have them, and nothing is taken for such."""

from __future__ import annotations

import pytest
from fakes import WordEncoder

from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.section_parts import MOST_PARTS, asked_section, kind_asked, section_parts
from qa.sentence_vectors import SentenceVectors
from qa.types import Language, Note

LSTM = """# 面试

## LSTM

### 遗忘门（Forget Gate）

决定旧的信息要丢掉多少。

### 记忆门（Memory Gate）

$$i=\\sigma(x)$$

$i$ 是它的输出。决定新的信息要记住多少。

## RNN

### 缺陷

离得远的东西记不住。

### 对策

用门来控制记与忘。
"""
KINDS = """# 激活函数

## ReLU 的变体

### Leaky ReLU

负半轴有一个小斜率。

### ELU

负半轴是指数曲线。

## 概述

每层之后都有一个。
"""
MASKS = """# Attention

## Masks

### Causal mask

A decoder must not see the future.

### Padding mask

Short sequences are filled up.
"""


def grounds(text: str, language: Language = "zh") -> Grounds:
    note = Note("a.md", "A", text, "", language)
    return Grounds(split_note(note), SentenceVectors(WordEncoder()), Glossary.load())


def parts(text: str, question: str, language: Language = "zh", rows: tuple[int, ...] = ()) -> list[str]:
    of = grounds(text, language)
    section = asked_section(of, question)
    return [of.statements[row].text for row in section_parts(of, section, (), rows)] if section else []


GATES = ["决定旧的信息要丢掉多少。", "决定新的信息要记住多少。"]


@pytest.mark.parametrize(
    "question",
    [
        "LSTM 有哪几个门？",
        "LSTM 的门有哪些？各有什么用？",
        "长短期记忆网络有几个门",
        "LSTM 有哪些门呢！",
        "Which gates does an LSTM have?",
    ],
)
def test_sections_that_end_with_the_kind_are_told(question: str) -> None:
    assert parts(LSTM, question) == GATES


def test_sections_below_one_that_names_the_kind_are_told() -> None:
    assert parts(KINDS, "ReLU 有哪些常见的变体？") == ["负半轴有一个小斜率。", "负半轴是指数曲线。"]
    assert asked_section(grounds(KINDS), "ReLU 的变体有哪些") == ("a.md", ("A", "激活函数", "ReLU 的变体"), "变体")
    expected = ["A decoder must not see the future.", "Short sequences are filled up."]
    assert parts(MASKS, "What kinds of masks are there?", "en") == expected
    assert parts(MASKS, "Which masks does attention have?", "en") == expected


@pytest.mark.parametrize(
    "question",
    ["LSTM 的遗忘门有什么用？", "RNN 有哪些门？", "LSTM 有哪些缺陷？", "GRU 有哪几个门？", "什么是门？", "门有多大？"],
)
def test_other_questions_and_other_subjects_get_none(question: str) -> None:
    assert parts(LSTM, question) == []


def test_sections_about_it_are_none_of_it() -> None:
    assert parts(KINDS, "激活函数有哪些？") == []


@pytest.mark.parametrize(
    "question",
    ["What are masks?", "What is attention?", "What causes a mask?", "What is bias?", "Which losses are there?"],
)
def test_what_asks_what_something_is_gets_none(question: str) -> None:
    assert parts(MASKS + "\n## Bias\n\n### Selection bias\n\nIt is one.\n\n### Bias\n\nTwo.\n", question, "en") == []


def test_a_name_is_asked_for_as_a_whole() -> None:
    losses = "# Functions\n\n## Losses\n\n### Hinge function\n\nIt is flat.\n\n### Huber function\n\nIt is round.\n"
    assert parts(losses, "What are the most common activation functions?", "en") == []
    assert parts(losses, "Which functions are losses?", "en") == ["It is flat.", "It is round."]


def test_the_parts_are_of_one_note_and_may_have_sections_of_their_own() -> None:
    one = "# LSTM\n\n## 遗忘门\n\n### 作用\n\n旧的要丢掉多少。\n\n## 记忆门\n\n### 作用\n\n新的要写进多少。\n"
    notes = [Note("a.md", "LSTM", one, "", "zh"), Note("b.md", "LSTM", "# LSTM\n\n## 与门\n\n两个都要。\n", "", "zh")]
    passages = [passage for note in notes for passage in split_note(note)]
    of = Grounds(passages[::-1], SentenceVectors(WordEncoder()), Glossary.load())
    section = asked_section(of, "LSTM 有哪些门？")
    assert section is not None
    found = section_parts(of, section, (), ())
    assert [(of.statements[row].text, name) for row, name in found.items()] == [
        ("旧的要丢掉多少。", "遗忘门"),
        ("新的要写进多少。", "记忆门"),
    ]


def test_all_that_a_note_says_is_no_kind() -> None:
    assert parts("# 优化器\n\n## SGD\n\n按批更新。\n\n## 学习率\n\n要衰减。\n", "优化器有哪些？") == []


def test_what_is_told_already_is_left_out() -> None:
    of = grounds(LSTM)
    row = next(i for i in of.singles() if of.statements[i].text == GATES[0])
    assert parts(LSTM, "LSTM 有哪几个门？", rows=(row,)) == GATES[1:]


def test_more_than_can_be_said_are_not_begun() -> None:
    def of(count: int) -> str:
        return "# 门\n\n" + "".join(f"## {n}号门\n\n第 {n} 号的用法写在这里。\n\n" for n in "一二三四五六七"[:count])

    assert len(parts(of(MOST_PARTS), "有哪些门？")) == MOST_PARTS
    assert parts(of(MOST_PARTS + 1), "有哪些门？") == []


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("有哪些常见的激活函数？", "激活函数"),
        ("降维方法有哪几种", "降维"),
        ("CNN改进有哪些", "改进"),
        ("What are the gates of an LSTM?", "gates"),
        ("What does dropout do?", ""),
        ("What is principal component analysis?", ""),
        ("What are CNNs?", ""),
        ("归一化方法有哪些？", "归一化"),
        ("降维有哪些方法", "降维"),
        ("梯度消失怎么解决", ""),
    ],
)
def test_kind_is_read_from_the_question(question: str, kind: str) -> None:
    assert kind_asked(question)[0] == kind
