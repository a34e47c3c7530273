"""The sides that a sentence takes, and that a denied one is the other."""

from __future__ import annotations

import pytest

from qa.sides import sides_of


@pytest.mark.parametrize(
    ("text", "thing", "side"),
    [
        ("效果很好", "quality", True),
        ("效果不好", "quality", False),
        ("it is not good with small batches", "quality", False),
        ("it is not only good but cheap", "quality", True),
        ("不仅效果很好", "quality", True),
        ("无需预热", "need", False),
        ("推理时要关闭", "switch", False),
    ],
)
def test_a_sentence_takes_a_side(text: str, thing: str, side: bool) -> None:
    assert sides_of(text)[thing] == {side}


def test_what_takes_none_has_none() -> None:
    assert sides_of("卷积核在图像上滑动") == {}
