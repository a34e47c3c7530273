"""Text for the terminal, made of values."""

from __future__ import annotations

import pytest

from qa.cli_text import answer_text, hit_text, topic_lines
from qa.types import Answer, Hit, Language, Passage, Topic


@pytest.mark.parametrize(
    ("language", "end"),
    [("zh", "第 3-3 行 · 找到方式：语义、术语对照"), ("en", "lines 3-3 · found by meaning, glossary")],
)
def test_found_passage_says_by_what_it_was_found(language: Language, end: str) -> None:
    hit = Hit(
        Passage("a.md", "A", ("A", "B"), "x\n", 5, 7, 3, 3, "en"), 2, 1.0, 1, None, 0.9, (), ("meaning", "glossary")
    )
    assert hit_text(hit, language) == f"2. a.md · A > B · {end}\n    x"


def test_passage_found_by_nothing_that_stands_out_has_no_words_behind_its_lines() -> None:
    hit = Hit(Passage("a.md", "A", ("A", "B"), "x\n", 5, 7, 3, 3, "en"), 2, 1.0, 1, None, 0.1)
    assert hit_text(hit, "en") == "2. a.md · A > B · lines 3-3\n    x"


@pytest.mark.parametrize(("language", "count"), [("zh", "{} 段"), ("en", "{} passages")])
def test_topics_are_indented_and_say_both_names(language: Language, count: str) -> None:
    note = Topic("CNN", "dl/cnn.md", 3, (Topic("池化", "dl/cnn.md#池化", 2, (), "pooling"),))
    tags = Topic("#池化", "#池化", 5, (), "pooling")
    assert list(topic_lines((Topic("dl", "dl/", 3, (note,)), tags), language)) == [
        f"dl ({count.format(3)})",
        f"  CNN ({count.format(3)})",
        f"    池化 · pooling ({count.format(2)})",
        f"#池化 · pooling ({count.format(5)})",
    ]


@pytest.mark.parametrize(
    ("language", "sentence"), [("zh", "更早的 2 轮对话没有用到。"), ("en", "Earlier turns that were not used: 2.")]
)
def test_turns_that_were_left_out_are_said(language: Language, sentence: str) -> None:
    answer = Answer("q", {"zh": "池化。"}, (), (), True, forgotten_turns=2)
    assert answer_text(answer, language) == f"池化。\n\n{sentence}"
