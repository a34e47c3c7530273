"""A note's own sentences as an answer says them."""

from __future__ import annotations

import pytest
from fakes import WordEncoder

from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.own_words import by_itself, own_words
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.types import Note


def grounds(text: str) -> Grounds:
    return Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("池化把[特征图](https://a.org/b)缩小。", "池化把特征图缩小。"),
        ("按 ![[公式]](https://www.zhihu.com/equation?tex=W_i) 预测。", "按 $W_i$ 预测。"),
        ("<p>步长取 10<sup>-3</sup><br/></p>", "步长取 10^{-3}"),
        ("```html\n<p>步长</p>\n```", "<p>步长</p>"),
        ("| 方法 | 做法 |\n|---|---|\n| HyDE | 见[文](https://a.org) |", "HyDE：见文"),
    ],
)
def test_addresses_go_and_rows_are_sentences(line: str, words: str) -> None:
    of = grounds(f"# A\n\n{line}\n")
    assert own_words(of.statements[-1], of) == words


def test_sentence_that_names_nothing_comes_after_what_it_stands_under() -> None:
    of = grounds("# 线性回归\n\n## Lasso\n\n目的是找出主要的。\n")
    statement = of.statements[0]
    assert by_itself(statement, of, ()) == "Lasso：目的是找出主要的。"
    assert by_itself(statement, of, ("什么时候用 Lasso？",)) == "目的是找出主要的。"
