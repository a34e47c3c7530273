"""Splitting notes: every character once, exact offsets and lines, headings, and the limit."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.blocks import find_blocks
from qa.language import estimate_tokens
from qa.notes import line_starts
from qa.passages import split_note
from qa.types import Note, Passage

LINES = st.sampled_from(
    [
        "",
        " ",
        "　　",
        "---",
        "# 池化（Pooling）",
        "## Max *pooling* `k=2`",
        "### 三级",
        "#### ",
        "##########",
        "#tag #other",
        "Title\n===",
        "<h2>标题</h2>",
        "<h3>\n标题\n</h3>",
        "**什么是梯度消失？**",
        "**优点：**",
        "Q2：如何解决？\nA：换激活函数。",
        "1. 什么是池化？\n2. What is pooling? It shrinks.\n\n   answer",
        "- [一](#一)\n- [二](b.md)",
        "　　池化层缩小特征图，减少计算量。它没有可学习的参数！",
        "Max pooling keeps the largest value. Average pooling keeps the mean.",
        "- 第一项：dropout",
        "- second item\n  - nested 项",
        "1. 一\n2. two",
        "| 层 | size |\n|---|---|\n| conv | 3x3 |",
        "```python\n# no heading\nx = {1: '['}",
        "import x\n# comment\nx.y()",
        "```",
        "~~~",
        "> 引用 quote\n> ```",
        "$$\n\\frac{a}{b}\n=\n$$",
        "$$",
        "\\[",
        "\\begin{align}",
        "[link]: http://example.org/a",
        "<div>\nhtml\n</div>",
        "<!--",
        "<br/>",
        "    indented code",
        "title: front matter",
        "😀é\x0b\x0c\u2028\u0085mark\x00",
        "字" * 45,
        "word " * 40,
        "x" * 300,
    ]
)
MARKDOWN = st.builds(
    lambda lines, end: end.join(lines), st.lists(LINES, max_size=25), st.sampled_from(["\n", "\r\n", "\r"])
)


def note(text: str) -> Note:
    return Note("a.md", "a", text, "0", "zh")


def split(text: str, max_tokens: int = 60) -> list[Passage]:
    return split_note(note(text), max_tokens)


def texts(text: str, max_tokens: int = 60) -> list[str]:
    return [passage.text for passage in split(text, max_tokens)]


def mutated(text: str, seed: int) -> str:
    """Some lines and characters lost, doubled, or marks put in, as in a file that is being edited."""
    luck = random.Random(seed)
    lines = text.splitlines(keepends=True)
    for _ in range(luck.randint(0, 4)):
        at = luck.randrange(len(lines) + 1)
        lines[at : at + 1] = lines[at : at + 1] * luck.choice([0, 2]) + luck.choice([[], ["\r"], ["```\n"]])
    text = "".join(lines)
    characters = list(text)
    for _ in range(luck.randint(1, 12)):
        at = luck.randrange(len(characters) + 1)
        characters[at : at + luck.randint(0, 3)] = luck.choice(
            ["", "#", "\n", "\r", "`" * 3, "　", "- ", "|", "---\n", "[", "$$", "**", "？", "<", "\x00", "    "]
        )
    return "".join(characters)


def check(text: str, max_tokens: int) -> None:
    """What is always true of the passages of a note."""
    passages = split(text, max_tokens)
    starts = line_starts(text)
    blocks = find_blocks(text, starts)
    assert [b.end for b in blocks] == [*(b.start for b in blocks[1:]), len(text)]
    assert {b.start for b in blocks} <= set(starts)
    assert "".join("".join(p.text.split()) for p in passages) == "".join(text.split())
    for first, second in pairwise(passages):
        assert first.end <= second.start
    for p in passages:
        assert text[p.start : p.end] == p.text != ""
        assert starts[p.start_line - 1] <= p.start
        assert p.end > starts[p.end_line - 1]
        assert all(start > p.start for start in starts[p.start_line : p.start_line + 1])
        assert all(start >= p.end for start in starts[p.end_line : p.end_line + 1])
        assert estimate_tokens(p.text) <= max_tokens
    assert split(text, max_tokens) == passages


@given(MARKDOWN, st.sampled_from([12, 60, 320]))
@settings(max_examples=400, deadline=None)
def test_passages_cover_a_note_once_at_its_offsets_and_lines(text: str, max_tokens: int) -> None:
    check(text, max_tokens)


@given(MARKDOWN, st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_passages_cover_a_note_that_is_being_edited(text: str, seed: int) -> None:
    check(mutated(text, seed), 60)


@given(st.text(max_size=80))
@settings(max_examples=50, deadline=None)
def test_passages_cover_any_text(text: str) -> None:
    check(text, 12)


@pytest.mark.parametrize("text", ["", "\n", " \r\n\u3000\n"])
def test_blank_note_has_no_passages(text: str) -> None:
    assert split(text) == []


def test_heading_stays_with_what_follows_it() -> None:
    assert texts("# A\n\n## B\n\nunder b\n\n## C\n\nunder c") == ["# A\n\n## B\n\nunder b", "## C\n\nunder c"]


def test_heading_stays_with_a_paragraph_that_must_be_cut() -> None:
    sentence = "池化层缩小特征图。"
    assert texts("## 池化\n\n" + sentence * 12) == ["## 池化\n\n" + sentence * 6, sentence * 6]


def test_headings_are_the_path_to_the_passage() -> None:
    passages = split("before\n\n# A\n\na\n\n## B *b*\n\nb\n\n### C `c`\n\nc\n\n## D [d](http://e)\n\nd\n")
    assert [p.headings for p in passages] == [(), ("A",), ("A", "B b"), ("A", "B b", "C c"), ("A", "D d")]


def test_underlined_heading_counts() -> None:
    assert [p.headings for p in split("池化\n===\n\ntext")] == [("池化",)]


def test_marks_inside_code_are_no_headings() -> None:
    assert [p.headings for p in split("# A\n\n```python\n# not B\n```\n")] == [("A",)]


def test_front_matter_belongs_to_no_heading() -> None:
    assert [(p.headings, p.text) for p in split("---\ntitle: x\n---\n# A\n\na")] == [
        ((), "---\ntitle: x\n---"),
        (("A",), "# A\n\na"),
    ]


def test_short_paragraphs_of_one_heading_share_a_passage() -> None:
    assert texts("## A\n\none\n\ntwo\n\n- three\n- four") == ["## A\n\none\n\ntwo\n\n- three\n- four"]


def test_paragraphs_that_do_not_fit_together_stay_whole() -> None:
    first, second = "一" * 40 + "。", "二" * 40 + "。"
    assert texts(f"{first}\n\n{second}") == [first, second]


def test_long_list_is_cut_between_its_items() -> None:
    items = [f"- 第{n}项" + "很长" * 12 for n in "一二三四"]
    assert texts("\n".join(items)) == ["\n".join(items[:2]), "\n".join(items[2:])]


def test_long_paragraph_is_cut_after_sentences() -> None:
    sentence = "池化层缩小特征图并减少计算。"
    assert texts(sentence * 8) == [sentence * 4, sentence * 4]


def test_first_line_keeps_its_indentation() -> None:
    assert texts("# A\n\n" + "字" * 58 + "\n\n　　缩进的一段。") == ["# A\n\n" + "字" * 58, "　　缩进的一段。"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_an_editor(end: str) -> None:
    text = end.join(["# A", "", "一", "二", "", "# B", "", "三"])
    assert [(p.start_line, p.end_line) for p in split(text)] == [(1, 4), (6, 8)]


def test_each_passage_has_its_own_language() -> None:
    passages = split("# 池化\n\n池化层缩小特征图。\n\n# Pooling\n\nPooling shrinks the feature map.")
    assert [p.language for p in passages] == ["zh", "en"]


def test_lines_that_make_no_block_are_covered() -> None:
    assert texts("text\n\n[a]: http://example.org\n") == ["text\n\n[a]: http://example.org"]


def test_front_matter_is_a_listing() -> None:
    assert [p.listing for p in split("---\ntitle: x\n---\n# A\n\na")] == [True, False]


def test_question_starts_a_passage_and_takes_what_follows() -> None:
    text = "## A\n\n**什么是池化？**\n\n缩小特征图。\n\n**什么是卷积？**\n\n加权求和。"
    assert texts(text) == ["## A\n\n**什么是池化？**\n\n缩小特征图。", "**什么是卷积？**\n\n加权求和。"]


def test_each_passage_of_an_answer_carries_the_question() -> None:
    sentence = "池化层缩小特征图。"
    passages = split("## A\n\nQ1：什么是池化？\n\n" + sentence * 12 + "\n\n## B\n\nb")
    assert [p.headings for p in passages] == [("A", "什么是池化？")] * 3 + [("B",)]


def test_questions_without_answers_share_a_listing() -> None:
    text = "# A\n\n**什么是池化？**\n\n**什么是卷积？**\n\n**什么是感受野？**\n\n输入中影响输出的区域。"
    assert [(p.headings, p.listing, p.end_line) for p in split(text)] == [
        (("A",), True, 5),
        (("A", "什么是感受野？"), False, 9),
    ]


def test_headings_with_nothing_below_share_a_listing() -> None:
    text = "# A\n\n## B\n\n## C\n\n## D\n\nunder d\n\n## E"
    assert [(p.headings, p.listing) for p in split(text)] == [(("A",), True), (("A", "D"), False), (("A", "E"), True)]


def test_small_bold_lines_share_a_passage() -> None:
    text = "## A\n\n**优点：**\n\n快。\n\n**缺点：**\n\n不准。"
    assert texts(text) == [text]


def test_bold_line_that_heads_much_opens_a_passage() -> None:
    first, second = "**Max**\n\n" + "一" * 25, "**Mean**\n\n" + "二" * 25
    assert texts(f"{first}\n\n{second}") == [first, second]


def test_line_that_leads_to_a_block_stays_with_it() -> None:
    assert texts("一" * 30 + "\n\n代码如下：\n\n```\n" + "x = 1\n" * 16 + "```") == [
        "一" * 30,
        "代码如下：\n\n```\n" + "x = 1\n" * 16 + "```",
    ]


def test_contents_without_a_heading_are_a_passage_of_their_own() -> None:
    contents = "- [池化](#池化)\n- [卷积](#卷积)"
    passages = split(contents + "\n\n本文介绍网络的层。\n\n# 池化\n\n缩小特征图。")
    assert [(p.text, p.listing) for p in passages][:2] == [(contents, True), ("本文介绍网络的层。", False)]


@pytest.mark.parametrize(
    "block",
    [
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 10,
        "$$\n" + "x + y\n" * 18 + "$$\n",
        "```python\n" + "x = 1\n\n" * 12 + "```\n",
        "- 项目\n" + "  - 细节很多\n" * 6,
    ],
)
def test_block_that_fits_stays_whole(block: str) -> None:
    assert texts("一" * 40 + "。\n\n" + block) == ["一" * 40 + "。", block.rstrip()]


@pytest.mark.parametrize(
    ("head", "row", "tail"),
    [
        ("| a | b |\n|---|---|\n", "| 池化, 缩小。 | 2 |\n", ""),
        ("$$\n", "x = y, z; w\n", "$$\n"),
        ("```python\n", "x = f(1, 2)  # 一。二\n", "```\n"),
    ],
)
def test_block_that_does_not_fit_is_cut_between_its_lines(head: str, row: str, tail: str) -> None:
    parts = texts(head + row * 40 + tail)
    assert len(parts) > 2
    assert "".join(part + "\n" for part in parts) == head + row * 40 + tail


def test_long_section_is_cut_at_sentences() -> None:
    sentences = ["池化层缩小特征图，并减少计算，" + "很" * (n % 9) + "有用。" for n in range(600)]
    parts = texts("".join(sentences), 320)
    assert all(part.endswith("。") and estimate_tokens(part) > 290 for part in parts[:-1])


def test_sentences_that_go_on_in_the_next_line_stay_whole() -> None:
    sentence = "Max pooling keeps the largest\nvalue of each window. "
    parts = texts(sentence * 12)
    assert all(part.endswith("window.") for part in parts)


def test_words_stay_whole_where_no_sentence_fits() -> None:
    assert all(part.split()[-1] == "word" for part in texts("word " * 100, 12))
