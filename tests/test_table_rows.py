"""Rows of tables read as sentences."""

from __future__ import annotations

import pytest

from qa.table_rows import row_as_sentence

THREE = """方法：

| 方法 | 做法 | 风险 |
|---|:-:|---|
| HyDE | 先写假想答案 | 领域外会搜错 |
| 多路 | 改写成几问 |  |
"""
TWO = "| Name | Meaning |\n| --- | --- |\n| BN | batch norm,&#xA;per channel |\n"


@pytest.mark.parametrize(
    ("table", "row", "sentence"),
    [
        (THREE, "| HyDE | 先写假想答案 | 领域外会搜错 |", "HyDE，做法：先写假想答案；风险：领域外会搜错"),
        (THREE, "| 多路 | 改写成几问 |  |", "多路，做法：改写成几问"),
        (TWO, "| BN | batch norm,&#xA;per channel |", "BN: batch norm, per channel"),
        (TWO.replace("|\n", "\n"), "| BN | batch norm,&#xA;per channel", "BN: batch norm, per channel"),
        ("a | b | c\n-|-|-\nx | y | z", "x | y | z", "x, b: y; c: z"),
        (
            "- 见表：\n\n  | 名 | 式 |\n  |---|---|\n  | 条件概率 | `P(a\\|b)` |",
            "| 条件概率 | `P(a\\|b)` |",
            "条件概率：`P(a|b)`",
        ),
        ("| a | b |\n|---|---|\n|  | y |", "|  | y |", "b: y"),
        ("| a | b |\n|---|---|\n| x |  |", "| x |  |", "x"),
        (f"{TWO}\n{THREE}", "| 多路 | 改写成几问 |  |", "多路，做法：改写成几问"),
    ],
)
def test_a_row_is_read_by_the_names_of_its_columns(table: str, row: str, sentence: str) -> None:
    start = table.index(row)
    assert row_as_sentence(table, start, start + len(row)) == sentence


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (THREE, "先写假想答案"),  # a part of a row
        (THREE, "方法："),
        ("x | y | z", "x | y | z"),  # its head is elsewhere
        ("P(a | b) 是条件概率。", "P(a | b) 是条件概率。"),
        ("| a | b |\n|---|---|\n|  |  |", "|  |  |"),
        ("text\n|---|---|\n| x | y |", "| x | y |"),
        (THREE, "| 方法 | 做法 | 风险 |"),
    ],
)
def test_what_is_no_row_below_its_head_is_not_read(text: str, part: str) -> None:
    start = text.index(part)
    assert row_as_sentence(text, start, start + len(part)) is None
