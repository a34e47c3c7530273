"""Numbers in brackets: which stay, in any chunking, and the lines behind them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.citations import citation, cite, numbers_in, opening_of_number, with_own_numbers, without_numbers
from qa.notes import line_starts
from qa.passages import split_note
from qa.statements import statements
from qa.types import Note, Passage

TEXTS = st.text(st.sampled_from("a是 \n\t[]［］【】0123459,，、。."), max_size=40)
NUMBERED = st.lists(
    st.sampled_from(
        [
            "句子",
            " [1]",
            "[2, 3]",
            "【4】",
            "[0, 1]",
            "［2］",
            "[12, 3 ,4,5, 6,7]",
            "[CLS]",
            "[x",
            "[1",
            " ",
            "。",
            "[9]",
        ]
    ),
    max_size=12,
).map("".join)


def passage(text: str, before: str = "") -> Passage:
    note = Note("a.md", "a", before + text, "0", "zh")
    return next(p for p in split_note(note) if p.start >= len(before))


@given(TEXTS | NUMBERED, st.integers(0, 1000))
@settings(max_examples=200)
def test_what_is_not_held_back_reads_the_same_whatever_follows(text: str, cut: int) -> None:
    head = text[: cut % (len(text) + 1)]
    given_out = without_numbers(head[: opening_of_number(head)])
    assert without_numbers(text).startswith(given_out.rstrip())


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("池化", ""),
        ("有效 [", " ["),
        ("有效 [1", " [1"),
        ("有效 [1, ", " [1, "),
        ("。[CLS", ""),
        ("有效 ", " "),
        ("【2", "【2"),
    ],
)
def test_only_what_may_become_a_number_is_held_back(text: str, held: str) -> None:
    assert text[opening_of_number(text) :] == held


def test_numbers_of_a_text_come_in_order_and_once() -> None:
    assert numbers_in("a [3]. b [1, 3]【2】. In [0, 1].") == [3, 1, 2]


def test_text_without_numbers_keeps_its_intervals() -> None:
    assert without_numbers(" 压到 [0, 1] 之间 [2, 3]。") == "压到 [0, 1] 之间。"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("形状是 [32, 10]，其中 32 是批量 [2]。", [2]),
        ("用 `outputs[0]` 取出，`x[1]` 不变 [3]。", [3]),
        ("x[1] 是第二项，x[2]+1 不是。", []),
        ("第二层的输出 $a^{[2]}$ 由 $w_{[1]}$ 得出[1]。", [1]),
        ("用 ReLU[1]。And Adam[2][3], too.", [1, 2, 3]),
        ("年份 [2017]，第 [64, 99] 行。", []),
    ],
)
def test_what_code_formulas_and_shapes_hold_is_no_citation(text: str, numbers: list[int]) -> None:
    assert numbers_in(text) == numbers


def test_numbers_that_a_note_has_itself_are_taken_for_no_citation() -> None:
    text = "区间 [1, 5] 内，`outputs[0]`，$a^{[1]}$【2】"
    put = with_own_numbers(text)
    assert put == "区间 ［1, 5］ 内，`outputs［0］`，$a^{\\lbrack 1\\rbrack }$［2］"
    assert numbers_in(put) == []
    assert without_numbers(put) == put


@pytest.mark.parametrize(
    ("sentence", "cited"),
    [
        ("池化缩小特征图。", "池化缩小特征图 [1] [2]。"),
        ("It shrinks [7].", "It shrinks [1] [2]."),
        ("真的？！", "真的 [1] [2]？！"),
        ("no mark", "no mark [1] [2]"),
        ("缩放到 [0, 1]。", "缩放到 [0, 1] [1] [2]。"),
    ],
)
def test_sentence_is_cited_before_its_closing_mark(sentence: str, cited: str) -> None:
    assert cite(sentence, (1, 2)) == cited


def test_cited_sentence_has_exactly_the_numbers() -> None:
    assert numbers_in(cite("池化 [9] 有效 [3]。", (2, 5))) == [2, 5]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_a_citation_are_those_of_the_note(end: str) -> None:
    source = passage(end.join(["# A", "", "一。", "二。", "三。"]), before=end.join(["# Z", "", "前言。", "", ""]))
    start = source.text.index("二")
    found = citation(1, source, start, source.text.index("三") + 2)
    assert (found.start_line, found.end_line, found.number) == (8, 9, 1)
    assert citation(2, source, start, start + 2).end_line == 8


@given(st.lists(st.sampled_from(["池化。", "It is.", "", "　　缩进", "- 项"]), min_size=1, max_size=8), st.data())
@settings(max_examples=50)
def test_quote_of_a_citation_stands_on_its_lines(lines: list[str], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(["\n", "\r\n", "\r"])).join([*lines, "末尾"])
    starts = [*line_starts(text), len(text) + 1]
    for source in split_note(Note("a.md", "a", text, "0", "zh")):
        for statement in statements(source, 1):
            found = citation(1, source, statement.start, statement.end)
            assert found.quote in text[starts[found.start_line - 1] : starts[found.end_line]]
            assert found.start_line == found.end_line
