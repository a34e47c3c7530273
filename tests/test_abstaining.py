"""What is said where the notes do not cover a question."""

from __future__ import annotations

import pytest

from qa.abstaining import pointer, refusal
from qa.glossary import Glossary
from qa.types import LANGUAGES, Hit, Language, Passage


def hit(heading: str, title: str = "Title") -> Hit:
    return Hit(Passage("a.md", title, (heading,), "x", 0, 1, 1, 1, "zh"), 1, 1.0, 1, 1, 0.8)


@pytest.mark.parametrize(
    ("heading", "language", "name"),
    [
        ("池化（Pooling）", "zh", "池化"),
        ("池化（Pooling）", "en", "Pooling"),
        ("Word vectors", "en", "Word vectors"),
        ("梯度消失", "en", "vanishing gradient"),
    ],
)
def test_near_topics_are_named_in_the_language_of_the_answer(heading: str, language: Language, name: str) -> None:
    assert name in refusal(language, [hit(heading)], Glossary.load())


def test_each_topic_is_named_once_and_at_most_three() -> None:
    hits = [hit(name) for name in ("一号", "一号", "二号", "三号", "四号")]
    assert refusal("zh", hits, Glossary.load()) == "你的笔记没有讲到这个问题。最接近的主题：一号、二号、三号。"


def test_refusal_without_notes_names_no_topic() -> None:
    assert refusal("en", [], Glossary.load()) == "Your notes do not cover this question."


def test_pointer_says_in_its_language_where_the_other_stands() -> None:
    assert pointer("zh") == "这一点见笔记中的英文原文。"
    assert pointer("en") == "Your notes say it in Chinese."


def test_names_that_no_note_has_are_said_in_the_refusal() -> None:
    assert refusal("zh", [], Glossary.load(), ("SwiGLU", "Mamba")) == (
        "你的笔记没有讲到这个问题。笔记里没有提到SwiGLU、Mamba。"
    )
    assert refusal("en", [], Glossary.load(), ("Mamba",)) == (
        "Your notes do not cover this question. Your notes do not mention Mamba."
    )


def test_code_is_told_from_another_language() -> None:
    assert [pointer(language, is_code=True) for language in LANGUAGES] == [
        "这一点见笔记中的代码或公式。",
        "Your notes show it as code or a formula.",
    ]
