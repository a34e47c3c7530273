"""Which sentences of a passage say something, and where they stand."""

from __future__ import annotations

import pytest

from qa.passages import split_note
from qa.statements import statements
from qa.types import Note, Passage


def passage(text: str, before: str = "") -> Passage:
    note = Note("a.md", "a", before + text, "0", "zh")
    return next(p for p in split_note(note) if p.start >= len(before))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# 池化\n\n池化缩小特征图。它没有参数。", ["池化缩小特征图。", "它没有参数。"]),
        ("## 什么是池化？有什么用\n\n它缩小特征图。", ["它缩小特征图。"]),
        ("步骤如下：\n\n1. 打乱数据。\n2) 分批。", ["打乱数据。", "分批。"]),
        ("- [x] done\n- [ ] to do\n> 引用\n* star", ["done", "to do", "引用", "star"]),
        ("---\n\n```\ncode\n```\n\n$$\nx\n$$", ["code", "$$\nx\n$$"]),
        ("```python\nx = 1\n```\n~~~ sh\nls\n~~~", ["x = 1", "ls"]),
        ("| a | b |\n|---|---|", ["a | b |"]),
        ("-1 is negative. 3.5 is not.", ["-1 is negative.", "3.5 is not."]),
        ("一\r二\r\n三", ["一", "二", "三"]),
        ("| 层 | 参数 |\n|---|---|\n| 池化 | 没有 |", ["池化 | 没有 |"]),
        ("[图](a/b.png)\n\n![](https://a.org/b)\n\n来源：[论文](https://a.org)\n\n池化缩小。", ["池化缩小。"]),
        ("除以![](https://a.org/b.jpg)的目的是平衡。", ["除以![](https://a.org/b.jpg)的目的是平衡。"]),
        ("**怎么理解池化？**\n\n池化缩小。What is pooling?\n\nDid we pool?", ["池化缩小。", "Did we pool?"]),
        ("[什么是池化？有什么用？](a.md#L1)", []),
        ("**第一步**求期望；&#x20;\n&nbsp;\n第二步求极大。", ["**第一步**求期望；", "第二步求极大。"]),
        (
            "树不稳定； （适合 Bagging）\n(1) 先验。(2) 后验（更好）。",
            ["树不稳定； （适合 Bagging）", "(1) 先验。", "(2) 后验（更好）。"],
        ),
        (
            "It is slow. (Not here.) Use it.\n(In brackets.)",
            ["It is slow. (Not here.)", "Use it.", "(In brackets.)"],
        ),
        (
            '<div align="center"><img src="../图 20180829.png" height="" /></div>\n<!-- 略 -->\n<p>池化缩小。<br></p>',
            ["<p>池化缩小。"],
        ),
        (
            "池化缩小。\n> [为什么用 tanh？](https://a.org/b) - 知乎\n>> [RNN](https://a.org/c) - Wikipedia\n"
            "[1] Hochreiter S. Long short-term memory[J]. 1997.\n[2] 处省略，因为 1997 年还没有。",
            ["池化缩小。", "处省略，因为 1997 年还没有。"],
        ),
        ("则 `f(x) = x`，即\n\n![](a.png)\n\n--&gt;\n\n具体来说，即修改 `r` 为\n\n算法如下\n\n正文。", ["正文。"]),
        ("- 如何对一条序列计算其整体的概率\n- 如何选：看验证集。\n- 为什么有效", ["如何选：看验证集。", "为什么有效"]),
        ("https://a.org/a.xlsx\n\nb. 更新权值。\n\n- GitHub: https://github.com/a/b\n", ["更新权值。"]),
        ("#会议 周五和王工开会。\n\n##没有空格\n\n#工作 #2024\n\n正文。", ["#会议 周五和王工开会。", "正文。"]),
        ("```html\n<hr>\n```", ["<hr>"]),
        ("```c\n// The size.\nint size;\n[1, 2],\n```", ["int size;"]),
    ],
)
def test_statements_are_sentences_without_headings_and_marks(text: str, expected: list[str]) -> None:
    shown = [s.text.removeprefix("| ") for s in statements(passage(text), 1)]
    assert shown == expected


def test_items_of_a_list_know_their_list_and_what_it_stands_under() -> None:
    forest = "- 孤立森林:![](https://a.org/b.jpg)\n    - 深度有限。很好。\n    - 256 棵以下"
    text = f"# A\n\n- LOF 算法\n{forest}\n缺点：\n- 慢\n\n正文。"
    found = [(each.text, each.lead, each.items) for each in statements(passage(text), 1)]
    assert found == [
        ("LOF 算法", "", 1),
        ("深度有限。", "孤立森林", 2),
        ("很好。", "孤立森林", 0),
        ("256 棵以下", "孤立森林", 2),
        ("慢", "缺点", 3),
        ("正文。", "", 0),
    ]


def test_bold_name_on_a_line_of_its_own_says_nothing_but_leads_in() -> None:
    text = "# A\n\n**检索**\n\n- 看命中率\n\n**Faithful generation**\n- 看引用\n"
    text += "\n**BN 在批量很小时效果很差**\n\n- **池化**\n\n- **缺点：**\n    - 很慢\n- **定位**\n\n    - 输出框\n"
    text += "\n- $ID3$ 算法\n  - 没有考虑缺失值\n- 二叉树\n- 限制树的高度，再剪枝\n  - 交叉验证\n"
    found = [(each.text, each.lead) for each in statements(passage(text), 1)]
    assert found == [
        ("看命中率", "检索"),
        ("看引用", "Faithful generation"),
        ("**BN 在批量很小时效果很差**", ""),
        ("**池化**", ""),
        ("很慢", "缺点"),
        ("输出框", "定位"),
        ("没有考虑缺失值", "$ID3$ 算法"),
        ("二叉树", ""),
        ("限制树的高度，再剪枝", ""),
        ("交叉验证", "限制树的高度，再剪枝"),
    ]


def test_numbered_list_goes_on_behind_the_code_of_its_items() -> None:
    text = "有两种：\n\n1. 普通调用。\n\n```\nrpc Call(A) returns (B);\n```\n\n2. 流。\n\n另外一句。\n"
    (passage,) = split_note(Note("a.md", "A", text, "", "zh"))
    found = [(each.text, each.items) for each in statements(passage, 1) if not each.is_code]
    assert found == [("普通调用。", 1), ("流。", 1), ("另外一句。", 0)]


def test_statement_stands_in_its_passage() -> None:
    source = passage("# A\n\n- 池化缩小。\n- It has no weights. 好。")
    found = statements(source, 4)
    assert (
        [source.text[s.start : s.end] for s in found]
        == [s.text for s in found]
        == ["池化缩小。", "It has no weights.", "好。"]
    )
    assert {s.number for s in found} == {4}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<img src="https://a.org/80/b.jpg" alt="img" style="zoom:70%;" />\n\n文字。', ["文字。"]),
        (
            "每10批换成{320，352…..608}中的一个，最大608。好……再说。",
            ["每10批换成{320，352…..608}中的一个，最大608。", "好……", "再说。"],
        ),
        (
            "它只用了两个尺度，池化的步长是 1 而不是 2，所以要补零，用 PyTorch 来写就是：\n\n```python\npad(0, 1)\n```",
            ["它只用了两个尺度，池化的步长是 1 而不是 2，所以要补零，用 PyTorch 来写就是：", "pad(0, 1)"],
        ),
        ("下面具体介绍，如何用二分法对连续的特征离散化：\n\n- 先排序。\n\n具体参考《110_详解.md》", ["先排序。"]),
        ("With G, it is\n\n$$w=-G$$\n\nSo.", ["With G, it is\n\n$$w=-G$$", "So."]),
        ("公式如下：\n\n$$\na=b\n$$\n", ["公式如下：\n\n$$\na=b\n$$"]),
        ("## H\n\n$$\na=b\n$$\n\n文字。", ["$$\na=b\n$$", "文字。"]),
        ("前文。\n$$x$$ 是行内的。", ["前文。", "$$x$$ 是行内的。"]),
        ("一。二是\n\n$$a$$\n\n$$b$$", ["一。", "二是\n\n$$a$$", "$$b$$"]),
    ],
)
def test_displayed_formula_belongs_to_the_sentence_before(text: str, found: list[str]) -> None:
    passage = Passage("a.md", "A", (), text, 0, len(text), 1, 1 + text.count("\n"), "en")
    assert [statement.text for statement in statements(passage, 1)] == found
    assert all(text[s.start : s.end] == s.text for s in statements(passage, 1))
