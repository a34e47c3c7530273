"""Questions that want a yes or a no, and sentences that begin with one."""

from __future__ import annotations

import pytest

from qa.verdicts import begins_with_verdict, says_yes, wants_verdict, without_verdict


@pytest.mark.parametrize(
    "question",
    [
        "label smoothing 训出来的模型适合当蒸馏的老师吗？",
        "clip grad norm 会不会改变梯度的方向？",
        "PReLU 的可学习参数要不要加权重衰减？",
        "FlashAttention 是否精确？",
        "Does temperature scaling for calibration alter a classifier's accuracy?",
        "Two clusters sit far apart in a t-SNE plot: does the gap mean anything?",
        "I train in bf16, do I still need to scale the loss?",
    ],
)
def test_questions_that_want_yes_or_no(question: str) -> None:
    assert wants_verdict(question)


@pytest.mark.parametrize(
    "question",
    [
        "什么是梯度下降？",
        "批归一化在推理时怎么做？",
        "What is momentum?",
        "Should rare classes be oversampled before or after the split?",
        "How can CTC emit the double l in 'hello'?",
    ],
)
def test_questions_that_want_something_else(question: str) -> None:
    assert not wants_verdict(question)


@pytest.mark.parametrize(
    "sentence", ["Yes, it does.", "yes", "是的，会变。", "会，方向改变。", "可以。", "- 需要，", "有，两组。"]
)
def test_sentences_that_say_yes(sentence: str) -> None:
    assert says_yes(sentence)
    assert begins_with_verdict(sentence.lstrip("- "))


@pytest.mark.parametrize(
    "sentence",
    [
        "No, it does not.",
        "不会，方向不变。",
        "会议在周五。",
        "有两组参数。",
        "是因为梯度太小。",
        "Yesterday it did.",
        "可以把它们相加。",
    ],
)
def test_sentences_that_do_not(sentence: str) -> None:
    assert not says_yes(sentence)


@pytest.mark.parametrize(
    ("sentence", "rest"),
    [
        ("不会，算的是互相关。", "算的是互相关。"),
        ("不一定，要看数据。", "要看数据。"),
        ("Yes, it does.", "it does."),
        ("会议在周五。", "会议在周五。"),
        ("不会翻转。", "不会翻转。"),
    ],
)
def test_sentence_without_the_bare_yes_or_no_that_it_begins_with(sentence: str, rest: str) -> None:
    assert without_verdict(sentence) == rest
