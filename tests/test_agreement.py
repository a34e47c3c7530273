"""Whether a sentence and its version in the other language say the same."""

from __future__ import annotations

import pytest

from qa.agreement import differences
from qa.glossary import Glossary


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("池化用来降维，减少计算量。", "Pooling reduces dimensions and the amount of computation."),
        ("ReLU 不能解决梯度消失。", "ReLU cannot solve vanishing gradients."),
        ("前馈网络占三分之二的参数。", "The feed-forward network holds 2/3 of the parameters."),
        ("LSTM 有三个门。", "An LSTM has three gates."),
        ("循环神经网络难以并行。", "RNNs can hardly run in parallel."),
        ("阈值取 0.5。", "The threshold is 0.5."),
        ("可以用它来检查代码有没有写错。", "It tells whether the code is wrong."),
    ],
)
def test_the_same_in_both_languages_does_not_differ(zh: str, en: str) -> None:
    assert differences(zh, en, Glossary.load()) == []


@pytest.mark.parametrize(
    ("zh", "en", "difference"),
    [
        ("阈值取 0.5。", "The threshold is 0.7.", "number"),
        ("共有 12 层。", "There are some layers.", "number"),
        ("ReLU 不能解决梯度消失。", "ReLU solves vanishing gradients.", "negation"),
        ("池化减少计算量。", "Pooling does not reduce computation.", "negation"),
        ("GRU 有两个门。", "The LSTM has two gates.", "term"),
    ],
)
def test_numbers_negations_and_names_are_compared(zh: str, en: str, difference: str) -> None:
    assert difference in differences(zh, en, Glossary.load())
