"""Which note sentence supports each sentence of an answer."""

from __future__ import annotations

import pytest
from fakes import WordEncoder

from qa.glossary import Glossary
from qa.passages import split_note
from qa.support import Verifier, contradicts
from qa.types import Note, Passage

TEXT = (
    "# A\n\n## 一\n\n池化用来降维。\n\n池化增强平移不变性。\n\n"
    "## 二\n\n- 填充保住边缘像素。\n- 步长大于一会缩小图像。\n"
)


@pytest.fixture
def passages() -> list[Passage]:
    return split_note(Note("a.md", "A", TEXT, "", "zh"))


@pytest.fixture
def verifier() -> Verifier:
    return Verifier(WordEncoder(), Glossary.load())


def test_sentence_rests_on_the_note_sentence_it_repeats(verifier: Verifier, passages: list[Passage]) -> None:
    (checked,) = verifier.check("填充保住边缘像素 [2]。", passages)
    (support,) = checked.supports
    assert passages[support.number - 1].text[support.start : support.end] == "填充保住边缘像素。"


def test_number_is_corrected_where_another_passage_is_the_source(verifier: Verifier, passages: list[Passage]) -> None:
    (checked,) = verifier.check("填充保住边缘像素 [1]。", passages)
    assert [support.number for support in checked.supports] == [2]


def test_sentence_that_joins_two_note_sentences_quotes_both(verifier: Verifier, passages: list[Passage]) -> None:
    (checked,) = verifier.check("池化用来降维，增强平移不变性。", passages)
    (support,) = checked.supports
    assert passages[0].text[support.start : support.end] == "池化用来降维。\n\n池化增强平移不变性。"


def test_sentence_that_is_nowhere_has_no_support(verifier: Verifier, passages: list[Passage]) -> None:
    (checked,) = verifier.check("巴黎举办了三场足球比赛 [1]。", passages)
    assert not checked.is_supported()


def test_nothing_is_supported_by_no_passages(verifier: Verifier) -> None:
    (checked,) = verifier.check("池化用来降维。", [])
    assert checked.supports == ()


def test_empty_answer_has_no_sentences(verifier: Verifier, passages: list[Passage]) -> None:
    assert verifier.check(" \n[1]", passages) == []


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("ReLU 解决了梯度消失。", "ReLU 的作用是“改善”，而不是“解决”。"),
        ("Dropout helps at inference.", "Dropout does not help at inference."),
    ],
)
def test_affirming_what_the_note_denies_is_a_contradiction(sentence: str, note: str) -> None:
    assert contradicts(sentence, note, Glossary.load())


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("ReLU 不能解决梯度消失。", "ReLU 的作用是“改善”，而不是“解决”。"),
        ("ReLU 改善了梯度消失。", "ReLU 的作用是“改善”，而不是“解决”。"),
        ("It does not help.", "Dropout does not help at inference."),
    ],
)
def test_saying_what_the_note_says_is_none(sentence: str, note: str) -> None:
    assert not contradicts(sentence, note, Glossary.load())
