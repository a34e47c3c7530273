"""Which lines are code, also in a stretch that begins or ends within a fence."""

from __future__ import annotations

import pytest

from qa.code_lines import code_lines, says_nothing


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("池化。\n```python\nx = 1\n```\n好。", "x = 1"),
        ("x = pool(y)\nreturn x\n```\n\n池化缩小特征图。", "x = pool(y)\nreturn x"),
        ("x = pool(y)\nreturn x\n```\n\n再看：\n\n```python\ny = 2\n```", "x = pool(y)\nreturn x\ny = 2"),
        ("池化缩小特征图。\n\n```\nx = 1", "x = 1"),
        ("// the size\nsize = 3;\nreturn pool(x);", "// the size\nsize = 3;\nreturn pool(x);"),
        ("池化缩小特征图。\n\n# 好处\n\n没有参数。", ""),
        ("Use `pool(x)`.\n\nIt is small.", ""),
        ("好。\n```\n比如样本原来的权重为1，特征有3个取值A1,A2,A3。\n```\n好。", ""),
        ("好。\n```text\n比如样本原来的权重为1，特征有3个取值。\n```", "比如样本原来的权重为1，特征有3个取值。"),
        ("```\n# 先把所有的梯度都清成零再往后算\nx = 1\n```", "# 先把所有的梯度都清成零再往后算\nx = 1"),
        ("", ""),
    ],
)
def test_lines_between_fences_are_code(text: str, code: str) -> None:
    lines = text.split("\n")
    found = [line for line, is_code in zip(lines, code_lines(lines), strict=True) if is_code and line.strip()]
    assert "\n".join(found) == code


@pytest.mark.parametrize(
    ("line", "nothing"),
    [
        ("// number of points", True),
        ("# a comment", True),
        ("[10, 11, 12],", True),
        ("# 计算梯度", False),
        ("x = 1", False),
    ],
)
def test_comments_and_bare_numbers_say_nothing(line: str, nothing: bool) -> None:
    assert says_nothing(line) is nothing
