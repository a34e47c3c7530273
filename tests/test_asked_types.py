"""Whether excerpts hold the kind of thing that a question asks for."""

from __future__ import annotations

import pytest
from fakes import WordEncoder

from qa.asked_types import lacks_type
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.types import Note

NETS = """# 卷积网络

常用的网络有：

- LeNet，最早用来识别手写数字的卷积网络
- AlexNet，2012 年的冠军，比 LeNet 更深，由 Krizhevsky 等人提出
- GoogLeNet，2014 年的冠军

池化用来降维。
"""


def lacks(question: str, text: str = NETS) -> bool:
    passages = split_note(Note("a.md", "A", text, "", "zh"))
    return lacks_type(question, Grounds(passages, SentenceVectors(WordEncoder()), Glossary.load()))


@pytest.mark.parametrize(
    "question",
    ["LeNet是谁在哪一年提出的？", "Who proposed LeNet, and in which year?", "LeNet是哪年的？", "谁发明了 LeNet？"],
)
def test_the_year_and_the_author_of_what_another_item_is_on_are_none(question: str) -> None:
    assert lacks(question)


@pytest.mark.parametrize(
    "question",
    [
        "AlexNet是谁在哪一年提出的？",
        "What year was GoogLeNet the winner?",
        "GoogLeNet是谁在哪一年提出的？",  # one of both is told
        "LeNet 是什么？",
        "VGG 是哪一年提出的？",  # nothing names it: that is for others to tell
        "哪一年提出的？",
    ],
)
def test_what_is_told_or_not_asked_for_is_not_lacking(question: str) -> None:
    assert not lacks(question)


def test_the_heading_names_what_its_section_is_on_and_another_name_is_the_same_thing() -> None:
    assert not lacks("谁提出了 LeNet？", "# LeNet\n\n由 LeCun 提出。\n")
    items = "# 网络\n\n长短期记忆网络有门。\n\n- LSTM，1997 年\n- GRU，更简单\n"
    assert not lacks("长短期记忆网络是哪一年提出的？", items)
    assert lacks("GRU 是哪一年提出的？", items)


@pytest.mark.parametrize(
    "told",
    [
        "LeNet（LeCun，1998）",
        "LeNet 来自贝尔实验室的论文",
        "Google 的 LeNet",
        "Proposed in a thesis, LeNet reads digits.",
    ],
)
def test_a_name_or_a_word_for_making_may_tell_who_it_was(told: str) -> None:
    assert not lacks("Who invented LeNet?", f"# 网络\n\n- {told}\n")
    assert not lacks("Who invented LeNet?", f"# 网络\n\n{told}\n")


@pytest.mark.parametrize("mark", ["-", "1.", "2、", "（3）", "①"])
def test_items_are_told_apart_however_they_are_marked(mark: str) -> None:
    assert lacks("LeNet 是哪一年提出的？", f"# 网络\n\n{mark} LeNet 识别数字\n{mark} AlexNet，2012 年，比 LeNet 深\n")


def test_rows_of_a_table_are_told_apart() -> None:
    table = "# 网络\n\n| 网络 | 说明 |\n|---|---|\n| LeNet | 识别数字 |\n| VGG | 2014 年 |\n"
    assert lacks("LeNet 是哪一年提出的？", table)
    assert not lacks("VGG 是哪一年提出的？", table)


@pytest.mark.parametrize("question", ["nDCG 的公式是什么？", "What is the formula of nDCG?"])
@pytest.mark.parametrize(
    "formula",
    ["nDCG 是 DCG 与 IDCG 之比。", "$y = \\max x$", "![](formula.png)", "TP / (TP + FP)", "误差÷样本数", "误差＝0"],
)
def test_a_formula_that_no_excerpt_has_is_lacking(question: str, formula: str) -> None:
    assert lacks(question, "# nDCG\n\nMRR / nDCG 看排序的质量。\n")
    assert not lacks(question, f"# nDCG\n\nnDCG 看排序的质量。\n\n{formula}\n")


def test_question_that_only_speaks_of_a_formula_does_not_ask_for_one() -> None:
    for question in ("池化的公式为什么这样写？", "Why does the formula of pooling look so?"):
        assert not lacks(question, "# 池化\n\n池化用来降维。\n")


TREES = """# 决策树

## CART

- 用基尼系数代替信息增益比
- $A1$ 与 $A2$ 分开。

## 连续特征

取信息增益最大的切点：$Gain(D,a)=max(Gain(D,a,t))$。
"""


def test_a_formula_of_something_else_is_none() -> None:
    assert lacks("基尼系数的公式怎么写？", TREES)
    assert not lacks("信息增益的公式是什么？", TREES)
    assert not lacks("连续特征的公式是什么？", TREES)  # no name: any formula may be it


def test_a_complexity_is_told_by_its_order_or_by_name() -> None:
    assert lacks("训练一棵决策树的时间复杂度是多少？", TREES)
    assert lacks("What is the time complexity of training a tree?", TREES)
    assert not lacks("怎么降低模型的复杂度？", TREES)
    assert not lacks("排序的时间复杂度是多少？", "# 排序\n\n快速排序平均要 $O(n \\log n)$ 步。\n")
