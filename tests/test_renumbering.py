"""Numbers as the other language writes them."""

from __future__ import annotations

import pytest

from qa.renumbering import renumbered, uncounted


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("只有约 1200 万参数。", "只有约 12 million 参数。"),
        ("桶（默认 200 万）里", "桶（默认 2 million）里"),
        ("一百万个参数", "1 million 个参数"),
        ("有 1750 亿参数，1.4 万亿个 token", "有 175 billion 参数，1.4 trillion 个 token"),
        ("8 千步、约两万条、1.5 万多条", "8,000 步、约 20,000 条、15,000 多条"),
        ("1,234,567 万", "12,345,670,000"),
        ("比 LSTM 少四分之一，训练更快", "比 LSTM 少 a quarter，训练更快"),
        ("三分之二、五分之四、千分之一", "two thirds、4/5、1/1000"),
        ("缩小到百分之一。", "缩小到 1%。"),
        ("从六成提高到百分之八十五", "从 60% 提高到 85%"),
    ],
)
def test_chinese_numbers_become_english_ones(text: str, written: str) -> None:
    assert renumbered(text, "en") == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("about 12 million parameters", "about 1200 万 parameters"),
        ("1.2 billion, 3 Million", "12 亿, 300 万"),
        ("1.5 trillion tokens", "1.5 万亿 tokens"),
        ("1.234567 million", "1,234,567"),
        (
            "two thirds of a block, against one third for attention",
            "三分之二 of a block, against 三分之一 for attention",
        ),
        ("A quarter, three-eighths and a tenth less", "四分之一, 八分之三 and 十分之一 less"),
        ("a third gate and the one third party", "a third gate and the one third party"),
    ],
)
def test_english_numbers_become_chinese_ones(text: str, written: str) -> None:
    assert renumbered(text, "zh") == written


@pytest.mark.parametrize(
    "text",
    [
        "万一，千万不要",
        "训练上亿词",
        "百万级",
        "百分之零点五",
        "一万五千张图片",
        "一百二十万五千张",
        "1200万分之一",
        "版本 1.2.3",
        "  ",
    ],
)
def test_what_is_no_plain_number_stays(text: str) -> None:
    assert renumbered(text, "en") == text


def test_counts_that_a_translation_lacks_are_told_in_words() -> None:
    text = "只需两个模型，训练十二步，第二层有二十三种，分三类。"
    assert uncounted(text, "Three classes.") == [("两个", "two"), ("十二步", "twelve"), ("二十三种", "23")]
    assert uncounted("二十几个、每两步、一个", "Some.") == []
