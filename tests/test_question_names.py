"""What a translated question lost of the names in it."""

from __future__ import annotations

import pytest

from qa.glossary import Concept, Glossary
from qa.question_names import Lost, lost, with_words
from qa.types import Language

GLOSSARY = Glossary(
    [
        Concept(("池化",), ("pooling",)),
        Concept(("特征",), ("feature",)),
        Concept(("最大池化",), ("max pooling",)),
        Concept(("权重衰减",), ("weight decay",)),
        Concept(("权重",), ("weight",)),
        Concept(("误报",), ("false positive",)),
        Concept(("类型",), ("kind",), ordinary=True),
        Concept(("特点",), ("feature", "trait"), ordinary=True),
    ]
)
NOTES = "池化 特征 权重 误报 false positive ALiBi Transformer 类型 pooling"


def what_is_lost(
    question: str, translated: str, language: Language = "zh", told: tuple[tuple[str, str], ...] = ()
) -> Lost:
    return lost(question, translated, language, told, GLOSSARY, lambda name: name.rstrip("s") in NOTES)


@pytest.mark.parametrize(
    ("question", "translated", "words"),
    [
        ("What does pooling buy you?", "池子有什么好处？", (("pooling", "池化"),)),
        ("What does pooling buy you?", "池化有什么好处？", ()),
        ("How do early features differ?", "早期层有什么区别？", (("features", "特征"),)),
        ("How do early features differ?", "早期的特点有什么区别？", ()),  # by another thing of that name
        ("Which kind of word?", "哪个单词？", ()),
        ("What pools?", "什么？", ()),
    ],
)
def test_name_of_one_word_that_the_notes_have_is_lost(
    question: str, translated: str, words: tuple[tuple[str, str], ...]
) -> None:
    assert what_is_lost(question, translated).words == words


def test_short_chinese_name_is_lost_too() -> None:
    assert what_is_lost("误报的代价多大？", "What does a false alarm cost?", "en").words == (
        ("误报", "false positive"),
    )


def test_word_within_a_name_that_was_told_is_no_name() -> None:
    told = (("weight decay", "权重衰减"),)
    assert not what_is_lost("Is weight decay useful?", "衰减有用吗？", told=told)


def test_name_that_both_languages_write_alike_is_lost() -> None:
    assert what_is_lost("How does ALiBi tell positions?", "阿里云如何告诉位置？").names == ("ALiBi",)
    assert what_is_lost("Why do Transformers scale?", "为什么变压器缩放？").names == ("Transformers",)
    assert not what_is_lost("Why do Transformers scale?", "为什么 Transformer 缩放？")
    assert not what_is_lost("Does it rain in Shanghai?", "上海下雨吗？")  # the notes do not speak of it


def test_fewer_names_lost_is_less_then_fewer_words_left_as_they_are() -> None:
    first = what_is_lost("What does the recurrent pooling buy?", "循环的池子有什么好处？")
    assert what_is_lost("What does the recurrent pooling buy?", "循环池化有什么好处？").is_less_than(first)
    left = what_is_lost("What does the recurrent pooling buy?", "recurrent 池化有什么好处？")
    assert left.left == ("recurrent",)
    assert not left.is_less_than(first)
    assert left.is_less_than(Lost(names=("ALiBi",)))
    assert what_is_lost("误报的代价？", "What does 误报 cost?", "en").left == ("误", "报")


@pytest.mark.parametrize(
    ("question", "words", "said"),
    [
        ("If every weight counts: weighted?", [("weight", "权重")], "If every 权重 counts: weighted?"),
        ("Pooling: what for?", [("pooling", "池化")], "池化: what for?"),
        ("误报的代价？", [("误报", "false positive")], "false positive 的代价？"),
        ("Is a slash fine?", [("slash", r"\1")], r"Is a \1 fine?"),
    ],
)
def test_words_are_put_into_the_question(question: str, words: list[tuple[str, str]], said: str) -> None:
    assert with_words(question, words) == said
