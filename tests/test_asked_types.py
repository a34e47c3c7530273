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


@pytest.mark.parametrize("question", ["nDCG 的公式是什么？", "What is the formula of nDCG?"])
def test_a_formula_that_no_excerpt_has_is_lacking(question: str) -> None:
    assert lacks(question, "# nDCG\n\nnDCG 看排序的质量。\n")
    assert not lacks(question, "# nDCG\n\nnDCG 是 DCG 与 IDCG 之比。\n")
