"""The words of Markdown without its marks: links, tags, tables, code and formulas, whole or cut off."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.characters import plain_characters
from qa.searchtext import readable, search_text


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ('见[论文](https://arxiv.org/abs/1502.03167 "BN")。', "见论文。"),
        ("[a](<b c.md>) [d](x_(y).md) [e](../f.md#g)", "a d e"),
        ("![卷积 过程](images/conv (1).png)", "卷积 过程"),
        ("![image-20200301.png](x.png)![](data:image/png;base64,AAAA)图", "图"),
        ("[![构建](badge.svg)](https://ci.example.org)", "构建"),
        ("[**粗** `代码`](x.md)", "粗 代码"),
        ("参见[论文][bn]和[这里][]", "参见论文和这里"),
        ("[bn]: https://arxiv.org/abs/1502.03167 'BN'\n正文", "正文"),
        ("正文[^1]\n\n[^1]: 脚注里的话", "正文\n脚注里的话"),
        ("[[梯度消失|这个问题]]与[[残差#动机]]、![[图.png]]", "这个问题与残差 动机、图.png"),
        ("<https://www.example.org/a?b=c> 见http://git.example.com/x_y_z。", "example.org 见git.example.com。"),
        ("<me@example.org>", "me@example.org"),
        ("单词![[公式]](https://www.zhihu.com/equation?tex=W_i)的上文", "单词W_i的上文"),
        ('单词<img src="https://www.zhihu.com/equation?tex=W_i" alt="公式">的上文', "单词W_i的上文"),
    ],
)
def test_text_of_links_stays_and_their_targets_go(markdown: str, words: str) -> None:
    assert search_text(markdown) == words


@pytest.mark.parametrize("text", ["f[i](x) = a[i][j]", "[CLS] 与 [SEP]", "x[1] [未链接]"])
def test_brackets_that_are_no_link_stay(text: str) -> None:
    assert search_text(text) == text


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("一行<br>二行<br/>三行", "一行 二行 三行"),
        ('<div align="center"><b>粗</b>体</div>', "粗体"),
        ("x<sub>i</sub> 10<sup>-3</sup>", "xi 10-3"),
        ('<img src="a.png" alt="残差块" width=50%>', "残差块"),
        ("<a name='x'></a>标题", "标题"),
        ("前<!-- [a](b) -->后", "前后"),
        ("前<!-- 没有写完", "前  没有写完"),
        ("List<String> 与 <module> a<b 且 c>d a <b and c> d", "List<String> 与 <module> a<b 且 c>d a <b and c> d"),
        ("&lt;div&gt;&nbsp;&times;", "<div> ×"),
        ("<td>a</td><td>b</td>", "a  b"),
    ],
)
def test_tags_go_and_their_text_stays(markdown: str, words: str) -> None:
    assert search_text(markdown) == words


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("## 2. 池化 ##\n# C#", "2. 池化\nC#"),
        ("标题\n====\n\n正文\n\n---\n***", "标题\n正文"),
        ("> - [x] 完成\n> 1. **一**\n  + 二", "完成\n一\n二"),
        ("> [!NOTE] 注意", "注意"),
        ("| 名称 | 大小 |\n|:--|--:|\n| 好 | `a|b` |", "名称  大小\n好  a|b"),
        ("名称 | 大小\n--|--\n甲 | 乙", "名称  大小\n甲  乙"),
        ("P(A|B) 与 a || b", "P(A|B) 与 a || b"),
        ("**粗**体 *斜*体 _斜的_ ~~删的~~ ***都***", "粗体 斜体 斜的 删的 都"),
        ("snake_case 3*3 x * y 2**8 1x1 L2", "snake_case 3*3 x * y 2**8 1x1 L2"),
        (r"3\*3 \_x\_ 1\. \# a\|b", "3*3 _x_ 1. # a|b"),
        ("2012. 年份", "2012. 年份"),
    ],
)
def test_marks_of_blocks_and_of_emphasis_go(markdown: str, words: str) -> None:
    assert search_text(markdown) == words


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("```python\n# 注释\nf(**kw)\na<b>[x](u.v)\n```\n**后**", "# 注释\nf(**kw)\na<b>[x](u.v)\n后"),
        ("~~~\n```\n*x*\n~~~", "```\n*x*"),
        ("用 `a*b*c` 和 ``x`y`` 与 `<br>`", "用 a*b*c 和 x`y 与 <br>"),
        ("没有`关上 **粗**", "没有关上 粗"),
        ("```\n没有[结束](x.md)", "没有结束"),
        ("x = 1\n```\n[后](y.md)\n```python\ny[0](z.w)\n```", "x = 1\n后\ny[0](z.w)"),
    ],
)
def test_code_stays_as_it_is(markdown: str, words: str) -> None:
    assert search_text(markdown) == words


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        (r"$$\alpha \mathbf{W}_{ij} + x_i$$", "alpha {W}{ij} + x_i"),
        (r"学习率 $\eta=0.1$，$1 \times 1$ 卷积", "学习率 eta=0.1,1 times 1 卷积"),
        ("从 $5 到 $6", "从 $5 到 $6"),
        ("\\begin{aligned}\n\\frac{a}{b} \\\\\n\\end{aligned}", "frac{a}{b} \\"),
    ],
)
def test_names_in_formulas_stay(markdown: str, words: str) -> None:
    assert search_text(markdown) == words


def test_values_of_front_matter_stay() -> None:
    markdown = '---\ntitle: "批归一化: 笔记"\ntags: [BN, 训练]\naliases:\n  - Batch Norm\n---\n# 正文'
    assert search_text(markdown) == "批归一化: 笔记\nBN, 训练\nBatch Norm\n正文"


def test_text_between_rulers_is_no_front_matter() -> None:
    assert search_text("---\nNote: 一句话\n没有键的一行\n---\n") == "Note: 一句话\n没有键的一行"


def test_characters_are_plain() -> None:
    assert search_text("**ＢＥＲＴ**　機器學習\r\n梯 度 消 失") == "BERT 机器学习\n梯度消失"


def test_data_inside_a_text_is_no_word() -> None:
    assert search_text("前 " + "iVBORw0KGgo" * 30 + " 后") == "前  后"


MARKS = "a * _ ` ~~~ [ ] ( ) ! < > <b> $ \\ # - x :// http ^ &lt; ~ 0 | ="


@given(st.lists(st.sampled_from(["池化 ", "\n", *MARKS.split()]), max_size=30))
@settings(max_examples=500, deadline=None)
def test_no_han_character_is_lost_outside_targets_and_tags(pieces: list[str]) -> None:
    text = "".join(pieces)
    # Behind a fence, which its marks may make up one by one, stands a language.
    if not {"(", "<", "<b>", "://", "]"} & set(pieces) and not any(fence in text for fence in ("~~~", "```")):
        assert search_text(text).count("池化") == text.count("池化")
    assert "\0" not in search_text(text)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("P", "S", "C", "Nd")), max_size=80))
@settings(max_examples=200, deadline=None)
def test_text_without_marks_is_only_made_plain(text: str) -> None:
    assert search_text(text).split() == plain_characters(text).split()


HOSTILE = [
    "[", "[[", "[[a|", "[[#", "<", "<a ", "<a \"", "<!--", "<img alt=", "(", "](", "](a", "](a \"", "![", "[a](",
    "[a]:", "[^", "<a b=", "<a b=c ", "![](", "![]((a)",
    "*", "_", "a*", "_a", "~", "`", "a``", "```\n", "~~~ x\n", "|", " |", "|-", "|-\n", ">", "- ", "#", "# ", " ", "\t",
    "\\",
    "$", "&amp;", "&", "http://", "\\begin{", "---\n", "a: ", "æ¢", "梯 ", "=", "\0", "\r", "1.",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("frame", ["{}", "x{}x", "|{}x\n|-|\n", "# {}x", "]({}x"])
def test_hostile_text_takes_no_longer_than_other_text(piece: str, frame: str) -> None:
    text = frame.format(piece * (100_000 // len(piece)))
    started = time.process_time()
    search_text(text)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ('<div align="center">**粗**体<br/>见[文](https://a.org)</div>', " **粗**体 见文 "),
        ("步长 10<sup>-3</sup>，x<sub>i</sub> 与 <font color=red>y</font>", "步长 10^{-3}，x_i 与 y"),
        ("用 `<br>` 换行，List<String> 与 a<b 且 c>d 不变", "用 `<br>` 换行，List<String> 与 a<b 且 c>d 不变"),
        ("前<!-- 无人看见 -->后", "前后"),
    ],
)
def test_what_a_reader_sees_is_without_tags_and_addresses(markdown: str, words: str) -> None:
    assert readable(markdown) == words
