"""Where headings, questions and other blocks stand: slips of the writer included."""

from __future__ import annotations

import pytest

from qa.blocks import Block, find_blocks
from qa.notes import line_starts


def blocks(text: str) -> list[Block]:
    return find_blocks(text, line_starts(text))


def headings(text: str) -> list[tuple[int, int, str]]:
    """(line, level, words) of the headings."""
    starts = line_starts(text)
    return [(starts.index(b.start) + 1, b.level, b.headings[-1]) for b in blocks(text) if b.kind == "heading"]


def kinds(text: str) -> list[tuple[str, str]]:
    return [(b.kind, text[b.start : b.end].strip()) for b in blocks(text)]


def questions(text: str) -> list[str]:
    return [b.headings[-1] for b in blocks(text) if b.kind in {"question", "answered"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# 池化", [(1, 1, "池化")]),
        ("### A `b` *c* [d](e) ###", [(1, 3, "A b c d")]),
        ("池化\n===\n\nPooling\n---", [(1, 1, "池化"), (4, 2, "Pooling")]),
        ("<h2>A &amp; <b>B</b></h2>\ntext", [(1, 2, "A & B")]),
        ('<h3 align="center">\n  池化\n</h3>\n\ntext', [(1, 3, "池化")]),
        ('<div align="center"><h1>Notes</h1></div>', [(1, 1, "Notes")]),
        ("# A\n\na\n\n# B\n\n#### C", [(1, 1, "A"), (5, 1, "B"), (7, 4, "C")]),
        ("# Title\n---\n\ntext", [(1, 1, "Title")]),
        ("text\n\n# 安装\npip install torch", [(3, 1, "安装")]),
        ("# import x\n\nx = 1", [(1, 1, "import x")]),
        ("import x\nx = 1\n\n## 训练\nmodel.fit(x)", [(4, 2, "训练")]),
        ("import x\nx = 1\n\n# 什么是过拟合？\nmodel.fit(x)", [(4, 1, "什么是过拟合？")]),
        ("import x\nx = 1\n\n# 二、训练\nmodel.fit(x)", [(4, 1, "二、训练")]),
        ("P(A) = P(B)\n\n# 独立\nP(AB) = P(A)P(B)", [(3, 1, "独立")]),
    ],
)
def test_headings_are_found(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert headings(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "no heading at all",
        "> # in a quote",
        "- # in a list\n- ## again",
        "- item\n\n  <h2>inside</h2>",
        "#tag",
        "#tag #other",
        "#####",
        "######## banner ########",
        "######## banner ########\n---",
        "```python\n# comment\n```",
        "    # comment\n    x = 1",
        "~~~\n# comment\n<h2>x</h2>\n~~~",
        "~~~ `a`\n# comment\n~~~",
        "import numpy as np\n# load\nx = np.load('a')\nplt.show()",
        "import x\n\n# draw the curve\nplt.plot(x)\nplt.show()",
        "# load the data\nx = np.load('a')\nprint(x)",
        "x = [1]\n# 画图\n# 保存\nplt.savefig('a.png')",
        "#comment\n----",
        "x = 1\n----",
        "return x\n====",
        "| a | b |\n====",
        "a | b\n----",
        "$y = wx$\n----",
        "loss = a + b\n====",
        "- item\n---",
        "1. item\n---",
        "**bold**\n---",
        "**什么是池化？**\n---",
        "池化层缩小特征图。\n---",
        "one line,\nanother\n---",
        "很长的一段" * 40 + "\n---",
        "one\ntwo\nthree\n---",
        "title: x\ntags: y\n---",
        "---\ntitle: x\n# comment\n---\ntext",
        "\n\n---\ntitle: x\n---\ntext",
        "<!--\n# hidden\n<h2>hidden</h2>\n-->",
        "<pre>\n# shown as it is\n\n## too\n</pre>",
        "$$\na\n= b\n- c\n# d\n$$",
        "\\[\na\n---\n# d\n\\]",
        "\\begin{align}\na\n===\n\\end{align}",
        "<h2>unclosed",
        "<h2></h2>",
        "a <h2>x</h2>",
    ],
)
def test_what_only_looks_like_a_heading_is_none(text: str) -> None:
    assert headings(text) == []


def test_heading_without_text_ends_the_sections_of_its_level() -> None:
    assert [b.headings for b in blocks("# A\n\na\n\n#\n\nb\n\n##  ##\n\nc")] == [("A",)] * 2 + [()] * 4


def test_skipped_levels_nest_as_they_stand() -> None:
    text = "# A\n\n#### D\n\n## B\n\n### C\n\n# E"
    assert [b.headings for b in blocks(text)] == [("A",), ("A", "D"), ("A", "B"), ("A", "B", "C"), ("E",)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("**什么是梯度消失？**", "什么是梯度消失？"),
        ("1、**什么是梯度消失**", "什么是梯度消失"),
        ("**3. L1 和 L2 正则化的区别**", "3. L1 和 L2 正则化的区别"),
        ("__Q: What is pooling?__", "What is pooling?"),
        ("**What is `dropout`? 👶**", "What is dropout?"),
        ("**Explain the bias-variance trade-off.**", "Explain the bias-variance trade-off."),
        ("Q2：介绍一下池化", "介绍一下池化"),
        ("Q: Explain pooling", "Explain pooling"),
        ("**Q1.** What is pooling?", "What is pooling?"),
        ("问题3：池化有什么用", "池化有什么用"),
        ("- Q1：池化的作用？", "池化的作用？"),
        ("问：为什么要归一化？", "为什么要归一化？"),
        ("问题：为什么要归一化？", "为什么要归一化？"),
        ("2、什么是池化？", "什么是池化？"),
        ("（3）什么是池化？", "什么是池化？"),
        ("1. 什么是**池化**？", "什么是池化？"),
        ("- What is pooling?", "What is pooling?"),
        ("* [ ] What is a vs. b pooling?", "What is a vs. b pooling?"),
        ("1. What is pooling? Why do we need it?", "What is pooling? Why do we need it?"),
        ("**" + "很" * 150 + "长吗？**", "很" * 119 + "…"),
    ],
)
def test_questions_that_are_no_headings_are_found(line: str, words: str) -> None:
    assert questions(f"before\n\n{line}\n\nanswer") == [words]


@pytest.mark.parametrize(
    "line",
    [
        "**Advantages**",
        "**优点：**",
        "**如何做：**",
        "**bold** and more?",
        "**a** or **b**?",
        "为什么？因为梯度会消失。",
        "问题：梯度会消失。",
        "- sample4: 5 cm -> class ?",
        "- 为什么",
        "1. Have we tried another seed?",
        "- [What is pooling?](pooling.md)",
        "- It is a layer. What does it do?",
        "- http://a.org/?q=what",
        "> **什么是池化？**",
        "- a\n  - 什么是池化？",
        "Question marks are rare.",
        "`Q: what is it?`",
        "Q：指的是query",
        "- Q：查询的矩阵",
        "- 见`满足什么条件？`中的公式",
        "- 问答：[怎么选取大小？](https://a.org)",
        "***What we are after is a balance of the two.***",
        "- 鲁棒性更好，（31岁和32岁的差异在哪呢？）",
    ],
)
def test_what_only_looks_like_a_question_is_none(line: str) -> None:
    assert questions(f"before\n\n{line}\n\nafter") == []


def test_questions_stand_in_the_lines_of_a_paragraph() -> None:
    assert kinds("Q1：什么是池化？\nA：缩小特征图。\nQ2：为什么？\nA：省计算。\n") == [
        ("question", "Q1：什么是池化？"),
        ("text", "A：缩小特征图。"),
        ("question", "Q2：为什么？"),
        ("text", "A：省计算。"),
    ]


def test_question_holds_until_the_next_question_or_heading() -> None:
    text = "# A\n\n**什么是池化？**\n\na\n\n**优点：**\n\nb\n\n**什么是卷积？**\n\nc\n\n# B\n\nd"
    assert [b.headings for b in blocks(text) if b.kind == "text"] == [
        ("A", "什么是池化？"),
        ("A", "什么是池化？"),
        ("A", "什么是卷积？"),
        ("B",),
    ]


def test_question_of_a_list_item_ends_with_the_next_item() -> None:
    text = "- 什么是池化？\n\n  缩小特征图。\n- 卷积有参数。\n"
    assert [(b.kind, b.headings) for b in blocks(text)] == [
        ("question", ("什么是池化？",)),
        ("text", ("什么是池化？",)),
        ("text", ()),
    ]


def test_list_below_a_question_answers_it() -> None:
    assert [b.headings for b in blocks("**What is pooling?**\n\n- max\n- mean")] == [("What is pooling?",)] * 3


def test_item_that_answers_itself_is_one_block() -> None:
    assert kinds("1. 什么是池化？缩小特征图。\n2. 什么是卷积？加权求和。") == [
        ("answered", "1. 什么是池化？缩小特征图。"),
        ("answered", "2. 什么是卷积？加权求和。"),
    ]


def test_list_of_nothing_but_questions_opens_none() -> None:
    assert kinds("1. 什么是池化？\n2. 什么是卷积？") == [("text", "1. 什么是池化？"), ("text", "2. 什么是卷积？")]


def test_bold_line_set_apart_by_a_rule_ends_an_answer() -> None:
    text = "**What is recall?**\n\na\n\n<br/>\n\n**The trade-off**\n\nb"
    assert [b.headings[-1] for b in blocks(text) if b.kind == "text"] == ["What is recall?", "The trade-off"]


@pytest.mark.parametrize(
    "rest",
    [
        "\n\n## 池化\n\n缩小特征图",
        "\n\n**什么是池化？**\n\n缩小特征图",
        "\n\n池化层缩小特征图，减少计算。\n\n## 池化\n",
        "\n\nPooling layers shrink the feature map of a network.\n\n## 池化\n",
        "\n\n## 池化\n\n```python\ny = 2\n```\n",
        "\n```python\ny = 2\n```\n\n## 池化\n",
    ],
)
@pytest.mark.parametrize("fence", ["```", "```python", "~~~"])
def test_unclosed_fence_ends_where_clearly_no_code_stands(fence: str, rest: str) -> None:
    found = blocks(f"{fence}\nx = 1\n\n# comment\ny = x" + rest)
    assert found[-1].headings in {("池化",), ("什么是池化？",)}
    assert ("comment",) not in [b.headings for b in found]


def test_missing_end_of_a_fence_does_not_turn_the_later_ones_inside_out() -> None:
    text = "```\na\n\n## A\n\n```\n# one\n```\n\n## B\n\n```\n# two\n```\n\n## C\n"
    assert [name for _, _, name in headings(text)] == ["A", "B", "C"]


def test_closed_fence_keeps_blank_lines_headings_and_prose() -> None:
    code = "```markdown\nx\n\n# 标题\n\nA sentence that reads like prose and is long enough.\n```"
    assert kinds(code + "\n\nend") == [("lines", code), ("text", "end")]


def test_longer_fence_holds_others() -> None:
    code = "````markdown\n```python\nx = 1\n```\n\n# 标题\n````"
    assert kinds(code + "\n\n# A") == [("lines", code), ("heading", "# A")]


def test_fence_in_a_list_item_that_is_indented_badly_ends_at_its_mark() -> None:
    text = "1. one\n   ```python\nimport x\n# comment\n   ```\n2. two\n\n# A"
    assert [name for _, _, name in headings(text)] == ["A"]
    assert [text for _, text in kinds(text)][1:] == ["2. two", "# A"]


def test_odd_dollars_open_nothing() -> None:
    text = "$$\nx\n\n得到下面的结果，它是标量。\n\n# A\n\n$$\n= y\n$$\n\n# B"
    assert [name for _, _, name in headings(text)] == ["A", "B"]


def test_formula_with_blank_lines_and_look_alikes_is_one_block() -> None:
    formula = "$$\na\n\n= b\n- c\n***\n1. d\n$$"
    assert kinds(f"得到：\n{formula}\nend") == [("lead", "得到："), ("lines", formula), ("text", "end")]


@pytest.mark.parametrize(
    "opener", ["<!-- note", "<pre>", "<script>", "<?php", "<!DOCTYPE", "$$", "\\[", "\\begin{align}"]
)
def test_what_is_never_closed_swallows_nothing(opener: str) -> None:
    assert headings(f"{opener}\nx\n\n# A") == [(4, 1, "A")]


def test_front_matter_is_a_block_of_its_own() -> None:
    assert kinds("---\ntitle: x\n\ntags: [a]\n---\n\n# A") == [
        ("front_matter", "---\ntitle: x\n\ntags: [a]\n---"),
        ("text", ""),
        ("heading", "# A"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_agree_with_those_of_the_parser(end: str) -> None:
    text = end.join(["a\x0cb\u2028c\x0bd\x00", "", "# A\x85", "", "", "B", "===", "", "- c", "- d", "", "# E"])
    assert [line for line, _, _ in headings(text)] == [3, 6, 12]
