"""Excerpts: what completes a hit, which hits become one, and how the budget is spent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qa.blocks import find_blocks
from qa.language import detect_language, estimate_tokens
from qa.neighbourhood import excerpts
from qa.notes import line_starts
from qa.passages import split_note
from qa.types import Hit, Note, Passage

PLENTY = 5000
KINDS = """# CNN

## 池化

池化层缩小特征图，没有可学习的参数，下面把常见的几种分开说明，并且比较它们在图像分类任务里的用处与代价。

池化的种类：

- 最大池化保留最大值
- 平均池化保留平均值
- 随机池化按概率取值

选哪一种要看任务，分类网络里最大池化最常用，而分割网络里常常两种都试一试，再看验证集上的结果来决定。

## 填充

- 填充让边缘像素参与更多次运算
"""


def note(text: str, path: str = "a.md") -> Note:
    return Note(path, "A", text, "0", "zh")


def cut(of: Note, first: str, last: str = "") -> Passage:
    """The stretch of a note from one text to the end of another, as a passage."""
    start = of.text.index(first)
    end = of.text.index(last or first, start) + len(last or first)
    starts = line_starts(of.text)
    headings = next(block.headings for block in reversed(find_blocks(of.text, starts)) if block.start < end)
    lines = [sum(at <= offset for at in starts) for offset in (start, end - 1)]
    return Passage(of.path, of.title, headings, of.text[start:end], start, end, lines[0], lines[1], "zh")


def hits(*passages: Passage, scores: Sequence[float] = ()) -> list[Hit]:
    given = scores or [1.0] * len(passages)
    return [Hit(p, rank, score, 1, 1, 0.9) for rank, (p, score) in enumerate(zip(passages, given, strict=True), 1)]


def excerpt_texts(found: Sequence[Hit], *notes: Note, budget: int = PLENTY) -> list[str]:
    return [excerpt.text for excerpt in excerpts(found, {each.path: each for each in notes}.get, budget)]


def completed(text: str, first: str, last: str = "", budget: int = PLENTY) -> str:
    """The excerpt around one hit."""
    own = note(text)
    (found,) = excerpt_texts(hits(cut(own, first, last)), own, budget=budget)
    return found


def filler(tokens: int) -> str:
    return ("很多字" * tokens)[: tokens - 1] + "。"


@pytest.mark.parametrize("item", ["- 最大池化保留最大值", "- 平均池化保留平均值", "- 随机池化按概率取值"])
def test_item_comes_with_its_list_and_the_line_that_introduces_it(item: str) -> None:
    assert completed(KINDS, item) == "池化的种类：\n\n- 最大池化保留最大值\n- 平均池化保留平均值\n- 随机池化按概率取值"


def test_introducing_line_comes_with_its_list() -> None:
    assert completed(KINDS, "池化的种类：").endswith("- 随机池化按概率取值")
    assert completed(KINDS, "池化层缩小", "池化的种类：").endswith("- 随机池化按概率取值")


@pytest.mark.parametrize(
    "announced", ["聚类评估分为三个子任务。", "评估的方法如下。", "There are three kinds of tasks."]
)
def test_list_comes_with_the_sentence_that_announces_it(announced: str) -> None:
    items = "\n".join(f"{number}. {filler(120)}" for number in (1, 2, 3))
    text = f"## 评估\n\n{announced}\n\n{items}\n"
    assert completed(text, announced) == text[text.index(announced) :].strip()
    assert completed(text.replace(announced, "聚类评估要看数据。"), "聚类评估要看数据。") != text.strip()


def test_list_that_is_too_long_stays_behind_what_announces_it() -> None:
    items = "\n".join(f"{number}. {filler(250)}" for number in (1, 2, 3))
    assert completed(f"## 评估\n\n分为三个子任务。\n\n{items}\n", "分为三个子任务。") == "分为三个子任务。"


def test_list_ends_with_its_section() -> None:
    assert completed("## A\n\n- one\n- two\n\n## B\n\n- three", "- two") == "- one\n- two"
    assert completed("## A\n\n- one\n- two\n\n## A\n\n- three", "- three") == "- three"


def test_list_ends_at_a_thematic_break_and_a_question_at_the_next_item() -> None:
    assert completed("# T\n\n* one\n* two\n\n* * *\n\n* three", "* two") == "* one\n* two"
    own = note(f"1. 什么是池化？\n\n   池化{filler(60)}\n\n2. 卷积{filler(60)}")
    assert len(excerpt_texts(hits(cut(own, f"池化{filler(60)}"), cut(own, f"2. 卷积{filler(60)}")), own)) == 2


def test_list_of_another_mark_is_another_list() -> None:
    text = "# T\n\n1. a list of steps\n2. the second step\n\n* a remark\n* another remark"
    assert completed(text, "1. a list of steps") == "1. a list of steps\n2. the second step"


@pytest.mark.parametrize(
    "items",
    [
        "1、先做归一化\n2、再做卷积\n3、最后做池化",
        "步骤有三\n1，先做归一化\n2，再做卷积\n3，最后做池化",
        "（1）先做归一化\n\n（2）再做卷积\n\n（3）最后做池化",
        "①先做归一化\n②再做卷积\n③最后做池化",
        "一、先做归一化\n\n二、再做卷积\n\n三、最后做池化",
        "　　1．先做归一化\n　　2．再做卷积\n　　3．最后做池化",
        "1) normalise first\n2) then convolve\n3) pool last",
        "+ normalise first\n    - by the batch\n+ then convolve\n\n+ pool last",
    ],
)
def test_items_are_known_by_any_numbering(items: str) -> None:
    text = f"# 步骤\n\n{filler(60)}\n\n{items}\n\n{filler(60)}"
    second = next(line for line in items.split("\n") if "卷积" in line or "convolve" in line)
    assert completed(text, second.strip("　")) == items


def test_torn_table_gets_its_head() -> None:
    text = f"# T\n\n{filler(60)}\n\n| 层 | 大小 |\n|---|---|\n| 卷积 | 3x3 |\n| 池化 | 2x2 |\n\n{filler(60)}"
    assert completed(text, "| 池化 | 2x2 |") == "| 层 | 大小 |\n|---|---|\n| 卷积 | 3x3 |\n| 池化 | 2x2 |"


def test_torn_code_gets_its_fences_and_what_introduces_it() -> None:
    code = "用法如下：\n\n```python\nx = load()\n\n# train\ny = fit(x)\n\nshow(y)\n```"
    assert completed(f"# T\n\n{filler(60)}\n\n{code}\n\n{filler(60)}", "# train\ny = fit(x)") == code


def test_running_text_is_not_completed() -> None:
    text = f"# T\n\n{filler(90)}{filler(60)}\n\n{filler(80)}"
    assert completed(text, filler(60)) == filler(60)


def test_whole_list_between_texts_stays_as_it_is() -> None:
    items = "- 最大池化保留最大值\n- 平均池化保留平均值\n- 随机池化按概率取值，训练的时候相当于加了一点噪声"
    text = f"# T\n\n{filler(60)}\n\n{items}\n\n{filler(60)}"
    assert completed(text, items) == items


@pytest.mark.parametrize("begun", ["# 什么是池化？", "# 什么是池化？\n\n先说结论。", "先说结论。"])
def test_hit_that_says_next_to_nothing_gets_the_next_block(begun: str) -> None:
    text = f"# 什么是池化？\n\n先说结论。\n\n池化{filler(60)}\n\n还有{filler(60)}"
    assert completed(text, begun) == text[text.index(begun) : text.index("\n\n还有")]


def test_heading_does_not_count_as_saying_something() -> None:
    text = f"# {'很长的标题' * 12}\n\n先说结论。\n\n池化{filler(60)}"
    assert completed(text, text[: text.index("\n\n池化")]) == text


def test_completion_as_long_as_another_passage_and_more_is_left_out() -> None:
    items = [f"- {n} {filler(70)}" for n in range(8)]
    text = "# T\n\n" + "\n".join(items)
    assert completed(text, items[2]) == "\n".join(items[:3])  # 2 before, 5 behind
    assert completed(text, items[6]) == "\n".join(items[6:])


def test_excerpt_of_a_whole_passage_is_that_passage() -> None:
    own = note(KINDS)
    passage = split_note(own)[0]
    assert excerpts(hits(passage), {own.path: own}.get, PLENTY) == [passage]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_excerpt_says_where_it_stands_and_in_which_language(end: str) -> None:
    own = note(KINDS.replace("池化的种类：", "Kinds:").replace("\n", end))
    (excerpt,) = excerpts(hits(cut(own, "- 平均池化保留平均值")), {own.path: own}.get, PLENTY)
    assert (excerpt.start_line, excerpt.end_line) == (7, 11)
    assert excerpt.text == own.text[excerpt.start : excerpt.end]
    assert (excerpt.headings, excerpt.title, excerpt.language) == (("CNN", "池化"), "A", "zh")


def test_hits_that_touch_are_one_in_the_order_of_the_note_at_the_rank_of_the_best() -> None:
    own, other = note(f"# T\n\n{filler(60)}\n\n再说{filler(60)}"), note(f"# U\n\n{filler(70)}", "b.md")
    first, second = cut(own, "# T", filler(60)), cut(own, f"再说{filler(60)}")
    found = hits(second, cut(other, filler(70)), first)
    assert excerpt_texts(found, own, other) == [own.text, filler(70)]


def test_small_gap_between_hits_is_filled_and_a_large_one_is_not() -> None:
    for gap, count in ((20, 1), (60, 2)):
        own = note(f"# T\n\n甲{filler(60)}\n\n其间{filler(gap)}\n\n乙{filler(60)}")
        found = excerpt_texts(hits(cut(own, f"乙{filler(60)}"), cut(own, f"甲{filler(60)}")), own)
        assert len(found) == count
        assert ("其间" in found[0]) == (count == 1)


def test_hit_between_two_others_makes_them_one() -> None:
    parts = [f"{name}{filler(60)}" for name in "甲乙丙"]
    own = note("# T\n\n" + "\n\n".join(parts))
    assert excerpt_texts(hits(cut(own, parts[2]), cut(own, parts[0]), cut(own, parts[1])), own) == ["\n\n".join(parts)]


def test_hits_of_two_sections_stay_two_though_they_touch() -> None:
    own = note(f"# 示例\n\n甲{filler(60)}\n\n# 示例\n\n乙{filler(60)}")
    found = excerpt_texts(hits(cut(own, f"甲{filler(60)}"), cut(own, "# 示例\n\n乙", filler(60))), own)
    assert found == [f"甲{filler(60)}", f"# 示例\n\n乙{filler(60)}"]


def test_part_of_a_list_that_came_along_is_not_shown_again() -> None:
    own = note(KINDS)
    found = hits(cut(own, "- 最大池化保留最大值"), cut(own, "- 随机池化按概率取值"))
    assert excerpt_texts(found, own) == [
        "池化的种类：\n\n- 最大池化保留最大值\n- 平均池化保留平均值\n- 随机池化按概率取值"
    ]


def test_listing_neither_joins_nor_is_joined() -> None:
    own = note(f"# T\n\n{filler(60)}\n\n- [池化](#a)\n- [填充](#b)\n- [卷积](#c)\n\n再说{filler(60)}")
    texts = [cut(own, filler(60)), cut(own, f"再说{filler(60)}")]
    listing = replace(cut(own, "- [池化](#a)", "- [填充](#b)"), listing=True)
    assert excerpt_texts(hits(*texts, listing), own) == [texts[0].text, texts[1].text, listing.text]


def test_listing_is_not_completed_and_not_shown_where_it_came_along_already() -> None:
    own = note(KINDS)
    listing = replace(cut(own, "- 随机池化按概率取值"), listing=True)
    assert excerpt_texts(hits(listing), own) == [listing.text]
    assert len(excerpt_texts(hits(cut(own, "- 最大池化保留最大值"), listing), own)) == 1


def test_contents_do_not_complete_a_hit() -> None:
    text = "# 什么是池化？\n\n见下。\n\n- [池化](#a)\n- [填充](#b)\n- [卷积](#c)"
    assert completed(text, "见下。") == "见下。"


def test_best_hit_is_completed_before_the_next_is_taken() -> None:
    own, other = note(f"# T\n\n- 甲{filler(60)}\n- 乙{filler(60)}"), note(f"# U\n\n{filler(60)}", "b.md")
    found = hits(cut(own, f"- 甲{filler(60)}"), cut(other, filler(60)))
    assert excerpt_texts(found, own, other, budget=124) == [own.text[5:]]
    assert excerpt_texts(found, own, other, budget=123) == [f"- 甲{filler(60)}", filler(60)]


def test_only_the_two_best_hits_are_completed() -> None:
    notes = [note("# T\n\n- 最大池化\n- 平均池化", f"{name}.md") for name in "abc"]
    found = hits(*(cut(each, "- 平均池化") for each in notes))
    assert excerpt_texts(found, *notes) == ["- 最大池化\n- 平均池化"] * 2 + ["- 平均池化"]


def test_hit_that_does_not_fit_leaves_the_room_to_a_later_one() -> None:
    notes = [note(f"# T\n\n{filler(tokens)}", f"{tokens}.md") for tokens in (100, 200, 50)]
    found = hits(*(cut(each, each.text[5:]) for each in notes))
    assert excerpt_texts(found, *notes, budget=150) == [filler(100), filler(50)]


def test_hit_of_less_than_half_the_best_score_is_left_out() -> None:
    notes = [note(f"# T\n\n{filler(tokens)}", f"{tokens}.md") for tokens in (60, 61, 62)]
    found = hits(*(cut(each, each.text[5:]) for each in notes), scores=[4.0, 2.0, 1.99])
    assert excerpt_texts(found, *notes) == [filler(60), filler(61)]


def test_six_excerpts_are_the_most_and_a_seventh_hit_may_join_one() -> None:
    notes = [note(f"# T\n\n{filler(60)}\n\n再说{filler(60)}", f"{name}.md") for name in "abcdefg"]
    found = hits(*(cut(each, filler(60)) for each in notes), cut(notes[1], f"再说{filler(60)}"))
    assert excerpt_texts(found, *notes) == [
        filler(60), f"{filler(60)}\n\n再说{filler(60)}", *[filler(60)] * 4
    ]  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("text", "budget", "kept"),
    [
        (f"# T\n\n{filler(60)}\n\n{filler(70)}", 100, f"# T\n\n{filler(60)}"),
        (f"# T\n\n{filler(60)}\n\n{filler(20)}\n{filler(70)}", 100, f"# T\n\n{filler(60)}"),
        (f"# T\n\n- 甲{filler(60)}\n- 乙{filler(70)}", 100, f"# T\n\n- 甲{filler(60)}"),
        (f"# T\n\n{filler(60)}\n{filler(70)}", 100, f"# T\n\n{filler(60)}"),
        (f"# T\r\n\r\n优点：\r\n\r\n{filler(60)}\r\n{filler(70)}", 40, f"# T\r\n\r\n优点：\r\n\r\n{filler(60)}"),
        (f"{filler(60)}{filler(60)}", 100, f"{filler(60)}{filler(60)}"),
    ],
)
def test_best_hit_over_the_budget_loses_its_last_blocks_or_lines(
    text: str, budget: int, kept: str, known: bool
) -> None:
    own = note(text)
    (excerpt,) = excerpts(hits(cut(own, text)), lambda _: own if known else None, budget)
    assert (excerpt.text, excerpt.end) == (kept, len(kept))
    assert excerpt.end_line == len(kept.splitlines())


@pytest.mark.parametrize("now", [None, "# CNN\n\n- 别的内容", KINDS.replace("- 最大", "\n- 最大")])
def test_hit_of_a_note_that_is_gone_or_changed_stays_as_it_was_found(now: str | None) -> None:
    passage = cut(note(KINDS), "- 平均池化保留平均值")
    assert excerpts(hits(passage), lambda _: note(now) if now else None, PLENTY) == [passage]


def test_note_of_a_million_characters_is_not_searched_for_blocks() -> None:
    own = note(KINDS + "字" * 1_000_000)
    passage = cut(note(KINDS), "- 平均池化保留平均值")
    assert excerpts(hits(passage), {own.path: own}.get, PLENTY) == [passage]


def test_nothing_comes_of_nothing() -> None:
    assert excerpts([], {}.get, PLENTY) == []


LINES = st.sampled_from(
    [
        "",
        "　　",
        "---",
        "# 池化",
        "## 示例",
        "**什么是梯度消失？**",
        "优点：",
        "- 一项",
        "- two\n  - 里面",
        "1、先归一化",
        "（2）再卷积",
        "| 层 | size |\n|---|---|\n| conv | 3x3 |\n| pool | 2x2 |",
        "```\nx = 1",
        "```",
        "> 引用",
        "$$\na\n=\nb\n$$",
        "- [一](#一)\n- [二](b.md)",
        "正文一句。又一句！",
        "Max pooling keeps the largest value.",
        "字" * 30,
        "word " * 20,
    ]
)
MARKDOWN = st.builds(
    lambda lines, end: end.join(lines).replace("\n", end),
    st.lists(LINES, max_size=30),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


# What joins two others has a listing between them that was taken by itself.
@example(
    ["> 引用\r\r\n- [一](#一)\r\n- [二](b.md)\r\r\n> 引用\r\r\n- [一](#一)\r\n- [二](b.md)\r\r\n1、先归一化"], 60, 0, 0
)
@settings(max_examples=300, deadline=None)
@given(
    st.lists(MARKDOWN, min_size=1, max_size=2),
    st.sampled_from([10, 60, 150, 600]),
    st.integers(0, 2**32),
    st.integers(),
)
def test_excerpts_of_any_hits_are_stretches_of_their_notes(
    contents: list[str], budget: int, seed: int, size: int
) -> None:
    notes = {f"{number}.md": note(text, f"{number}.md") for number, text in enumerate(contents)}
    passages = [passage for each in notes.values() for passage in split_note(each, 30 + size % 60)]
    found = hits(*random.Random(seed).sample(passages, min(8, len(passages))))
    result = excerpts(found, notes.get, budget)
    assert result == excerpts(found, notes.get, budget)
    assert bool(result) == bool(found)
    assert len(result) <= 6
    assert len(result) == 1 or sum(estimate_tokens(excerpt.text) for excerpt in result) <= budget
    for excerpt in result:
        text, starts = notes[excerpt.note_path].text, line_starts(notes[excerpt.note_path].text)
        assert text[excerpt.start : excerpt.end] == excerpt.text == excerpt.text.rstrip() != ""
        lines = [sum(at <= offset for at in starts) for offset in (excerpt.start, excerpt.end - 1)]
        assert [excerpt.start_line, excerpt.end_line] == lines
        inside = [
            p for p in passages if p.note_path == excerpt.note_path and p.start < excerpt.end and excerpt.start < p.end
        ]
        assert {p.headings for p in inside} == {excerpt.headings}
        assert excerpt in passages or excerpt.language == detect_language(excerpt.text)
    for one, other in combinations(result, 2):
        assert one.note_path != other.note_path or one.end <= other.start or other.end <= one.start
    if found:
        best = found[0].passage
        assert result[0].note_path == best.note_path
        assert result[0].start <= best.start < result[0].end
