"""Words that turn a sentence into its opposite."""

from __future__ import annotations

import pytest

from qa.opposites import named_sides, opposed, swapped


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("抬高低频词被抽中的概率。", "It raises the chance of high-frequency words."),
        ("训练误差和验证误差都高，是欠拟合。", "Both errors are high, which is underfitting (overfitting)."),
        ("把编码器的状态交给下一步。", "The state of the decoder is handed on."),
        ("这样会减少参数。", "This increases the parameters."),
    ],
)
def test_a_translation_that_names_the_other_side_is_the_opposite(zh: str, en: str) -> None:
    assert opposed(zh, en)


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("误差不超过最优的三倍。", "The error is no more than three times the best."),
        ("误差不超过最优的三倍。", "The error is less than three times the best."),
        ("编码器的输出是解码器的输入。", "What the encoder puts out is the decoder's input."),
        ("减少参数，增加通道。", "Fewer parameters and more channels."),
        (
            "抬高低频词的概率，避免全是高频词。",
            "It raises that of low-frequency words, so that not all are high-frequency.",
        ),
    ],
)
def test_both_sides_and_what_is_denied_are_no_opposite(zh: str, en: str) -> None:
    assert not opposed(zh, en)


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("为了抬高高频词被抽中的概率。", "作用是抬高低频词被抽中的概率，避免负例全是高频词。"),
        ("The decoder state is the first input.", "The encoder state is the first input."),
        ("它减少参数量。", "它增加参数量，减少计算量。"),
        ("卷积之前加归一化。", "卷积之后加归一化。"),
    ],
)
def test_an_opposite_in_the_same_words_is_a_swap(sentence: str, note: str) -> None:
    assert swapped(sentence, note)


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("它减少计算量。", "它增加参数量，减少计算量。"),
        ("避免高频词。", "作用是抬高低频词被抽中的概率，避免负例全是高频词。"),
        ("The encoder reads.", "The decoder writes what the encoder reads."),
        ("增加", "减少"),
        ("编码器的输出送给解码器。", "解码器的输入是上一步的词。"),
        ("It scales the output.", "It scales the input."),
        ("More than one.", "Less than one."),
    ],
)
def test_the_opposite_elsewhere_is_none(sentence: str, note: str) -> None:
    assert not swapped(sentence, note)


def test_the_sides_in_a_text_are_named_in_the_other_language() -> None:
    assert named_sides("低频词不是高频词", "en") == [("高频", "high-frequency"), ("低频", "low-frequency")]
    assert named_sides("the encoder, not two decoders", "zh") == [("encoder", "编码器"), ("decoders", "解码器")]
    assert named_sides("Underfitting means too few terms.", "zh") == [("Underfitting", "欠拟合")]
