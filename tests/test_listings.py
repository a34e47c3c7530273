"""Passages that name much and say nothing, and their opposite: where in doubt a passage says something."""

from __future__ import annotations

import pytest

from qa.listings import announces_list, is_listing, only_points, without_number


@pytest.mark.parametrize(
    "text",
    [
        "- [一，概述](#一概述)\n  - [1.1 卷积](#11-卷积)\n- [二，池化](#二池化)",
        "## Contents\n\n* [Pooling](#pooling)\n* [Dropout](#dropout)",
        "- 方差和偏差\n    - [解释方差](a.md#L1)\n    - [解释偏差](a.md#L4)",
        "## 目录\n\n- 线性回归\n- 决策树\n- 神经网络",
        "# Table of contents\n1. Linear models\n2. Trees",
        "- 第一章 线性模型\n- 第二章 决策树\n- 第三章 神经网络",
        "1.1 卷积\n1.2 池化\n1.3 激活函数",
        "[TOC]",
        "* [a](https://a.org)\n* [b](https://b.org) by [c](https://c.org)",
        "https://a.org\n<https://b.org>",
        "## 参考资料\n\n1. [卷积](https://a.org)\n2. 《动手学深度学习》第 6 章\n3. https://b.org",
        "## References\n\n- Ioffe and Szegedy. Batch normalization. 2015.\n- He et al. Deep residual learning. 2016.",
        "## 参考\n\n[卷积](https://a.org)",
        "参考：[卷积](https://a.org)",
        "- [Pooling layers](pooling.md)",
        "1. 什么是池化？\n2. 为什么要归一化？\n3. L1 和 L2 的区别？",
        "- What is pooling?\n- How does dropout work?",
        "**What is pooling?**\n\n**What is dropout?**",
        "**What is pooling?**\n\nAnswer here\n\n<br/>",
        "## 池化",
        "# A\n\n## B\n\n---",
        "<h2>池化</h2>",
        "<!-- end -->\n\n<br/>",
        "---\ntitle: x\ntags: [a]\n---",
        "<!-- start -->\n\n### A\n\n- [a](#a)\n- [b](#b)",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_only_names_is_a_listing(text: str, end: str) -> None:
    assert is_listing(text.replace("\n", end))


@pytest.mark.parametrize(
    "text",
    [
        "- L1: sparse\n- L2: smooth",
        "- ReLU\n- Sigmoid\n- tanh",
        "# 常见的激活函数有哪些？\n- ReLU\n- Sigmoid",
        "**有哪些池化？**\n\n最大池化",
        "**Which libraries do you know?**\n\n1. NumPy\n2. PyTorch",
        "池化：缩小特征图。\n卷积：加权求和。",
        "- **池化**：缩小特征图\n- **卷积**：加权求和",
        "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |",
        "| [a](#a) | 0.9 |\n|---|---|\n| [b](#b) | 0.8 |",
        "- [NumPy](https://numpy.org): arrays and fast operations on all of their elements\n"
        "- [pandas](https://pandas.org): tables with names for their rows and columns",
        "- [卷积](a.md)：用一个小窗口对输入加权求和。\n- [池化](b.md)：在窗口里取最大值或平均值。",
        "```python\nx = 1\n```",
        "    x = 1",
        "$$\nx\n$$",
        "$y = wx + b$",
        "# 池化\n\n缩小特征图。",
        "是的。",
        "# Q、K、V 是什么？\n- Q：指的是query",
        "The answer is in one line",
        "[ReLU](https://a.org)",
        "# 为什么？\n\n> 引用",
        "# 池化\n\n![图](a.png)",
        "- 损失函数：![](a.png)\n- 求导：![](b.png)",
        "1. Have we standardized the features?\n2. Did we shuffle?\n3. Are the weights random?",
        "Q1: What is pooling? It shrinks the feature map.\nQ2: What is dropout? It drops units.",
        "1.5 倍\n2.5 倍，见上。\n3.5 倍",
        "I like to get things done. How? See [a](b) and [c](d) for what I mean by that in practice.",
        "",
    ],
)
def test_what_says_something_is_none(text: str) -> None:
    assert not is_listing(text)


def test_headings_above_tell_what_a_list_is() -> None:
    items = "- Goodfellow: Deep learning, 2016\n- Bishop: Pattern recognition, 2006"
    assert [is_listing(items, path) for path in [(), ("A", "参考文献"), ("References", "A")]] == [False, True, False]


def test_names_below_contents_are_a_listing() -> None:
    assert [is_listing("- 卷积\n- 池化", path) for path in [("目录",), ("神经网络的层",)]] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "[图](../images/a.png)",
        "![池化](https://a.org/b)",
        "[GRU](#gru)",
        "https://a.org/b?c=d",
        "<https://a.org>",
        "./术语表/[指数衰减平均](https://a.org/b.md#c)",
        "来源文档 [manual.txt](https://a.org/manual.txt)",
        "For more see [the paper](https://a.org).",
    ],
)
def test_pictures_links_to_notes_and_sources_only_point(text: str) -> None:
    assert only_points(text)


@pytest.mark.parametrize(
    "text",
    [
        "[科学空间](https://a.org)",
        "Transformer 由 [论文](https://a.org) 提出",
        "除以![](https://a.org/b.jpg)的目的是平衡",
        "池化。",
    ],
)
def test_what_says_something_beside_its_links_does_not_only_point(text: str) -> None:
    assert not only_points(text)


@pytest.mark.parametrize(
    ("heading", "name"), [("3.2 池化", "池化"), ("一、卷积", "卷积"), ("2D pooling", "2D pooling"), ("池化", "池化")]
)
def test_heading_without_its_number(heading: str, name: str) -> None:
    assert without_number(heading) == name


@pytest.mark.parametrize(
    ("text", "announces"),
    [
        ("这一过程又分为三个子任务。", True),
        ("在 gRPC 中可以定义**四种**类型的服务方法。", True),
        ("方法如下：", True),
        ("There are four types of service methods.", True),
        ("The steps are the following:", True),
        ("三个门各管一件事，其中遗忘门决定丢掉哪些旧的内容。", False),
        ("Two layers are enough, as the figure shows for all of the data sets.", False),
    ],
)
def test_list_is_announced_at_the_end_of_a_text(text: str, announces: bool) -> None:
    assert announces_list(text) is announces


@pytest.mark.parametrize("line", ["- " + "vs.a" * 200, "1. " + "vs.a" * 200 + "?"])
def test_line_full_of_points_is_looked_at_once(line: str) -> None:
    assert not is_listing(line)
