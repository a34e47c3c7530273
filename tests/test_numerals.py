"""The numbers that a text states."""

from __future__ import annotations

import pytest

from qa.numerals import numbers_of, stated_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("L2 正则、GPT-4、1x1 卷积和 3D 卷积", set()),
        ("a batch of 1,000 at 0.50 or 90%", {"1000", "0.5", "90"}),
        ("学习率 ０.００１", {"0.001"}),
        ("版本 1.2.3", {"1.2.3"}),
        ("输出范围 (0,1)", {"0", "1"}),
        ("four-fifths fewer, and a quarter of it", {"5", "4"}),
        ("参数少四分之一，约十分之三", {"4", "10"}),
        ("the fifth of seven layers, a third gate, one third party", set()),
        ("one third of it, two-thirds, a tenth more", {"3", "10"}),
        ("准确率为百分之九十", set()),
        ("约 1200 万参数、1.5 万亿个 token", {"12000000", "1500000000000"}),
        ("12 million parameters, 1.5 Trillion tokens", {"12000000", "1500000000000"}),
        ("1.2.3 万", {"1.2.3"}),
        ("1,024,000 and 1,02", {"1024000", "1", "2"}),
    ],
)
def test_stated_numbers_are_those_in_digits_without_names(text: str, numbers: set[str]) -> None:
    assert stated_numbers(text) == numbers


@pytest.mark.parametrize(
    ("stated", "source"),
    [
        ("三分之二", "2/3"),
        ("two thirds", "2 3"),
        ("一百二十层", "120"),
        ("两万", "20000"),
        ("twelve heads", "12"),
        ("90 %", "0.9"),
        ("0.95", "95"),
        ("从六成以上降到 4% 以内", "60% to 4%"),
        ("七成五、八成半", "75 85"),
        ("25%", "a quarter"),
        ("一半，即 50%", "1/2"),
        ("three eighths", "八分之三"),
        ("for each unit of the feature", "特征增加 1"),
        ("一百万", "1 million"),
        ("三亿五千万", "350 million"),
        ("GPT-3 175B", "1750 亿"),
        ("1.2e3 or 64K", "64000"),
    ],
)
def test_a_number_has_many_spellings(stated: str, source: str) -> None:
    assert stated_numbers(source) <= numbers_of(stated)


def test_two_components_are_not_twenty_percent() -> None:
    assert "20" not in numbers_of("两成分、三成为")


@pytest.mark.parametrize(
    ("stated", "source"), [("200 million", "200 万"), ("一百万", "100 million"), ("12 万", "12 million")]
)
def test_the_same_digits_with_another_unit_are_another_number(stated: str, source: str) -> None:
    assert not stated_numbers(source) & numbers_of(stated)


def test_another_number_is_another_number() -> None:
    assert not stated_numbers("13") & numbers_of("twelve heads, 14 layers")
