"""What the chat model is told, and the patterns that hold its answers."""

from __future__ import annotations

import re

import pytest

from qa.notes import note_title
from qa.passages import split_note
from qa.prompts import answer_messages, check_messages, language_pattern, prompt_tokens, version_messages, yes_no
from qa.types import Language, Note, Passage, Turn

TEXT = "# CNN\n\n## 池化\n\n池化用来降维。\n\n## 填充\n\n填充保住边缘 {x}。\n"


@pytest.fixture
def passages() -> list[Passage]:
    return split_note(Note("cnn.md", note_title(TEXT, "cnn.md"), TEXT, "", "zh"))


def test_passages_are_numbered_from_one_under_their_headings(passages: list[Passage]) -> None:
    content = str(answer_messages("池化？", passages, "zh")[-1].content)
    assert "[1] CNN > 池化\n池化用来降维。" in content
    assert "[2] CNN > 填充\n填充保住边缘 {x}。" in content
    assert content.endswith("问题：池化？")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_prefix_is_the_same_for_every_question(passages: list[Passage], language: Language) -> None:
    first, second = (answer_messages(question, passages, language)[:-1] for question in ("池化？", "What is padding?"))
    assert first == second


def test_check_shares_all_but_its_end_with_the_answer(passages: list[Passage]) -> None:
    answer, check = answer_messages("池化？", passages, "zh"), check_messages("池化？", passages, "zh")
    assert answer[:-1] == check[:-1]
    assert str(check[-1].content).startswith(str(answer[-1].content))
    assert yes_no("zh") == ("是", "否")


def test_long_turns_are_cut_and_old_ones_left_out(passages: list[Passage]) -> None:
    history = [Turn(f"问题{n}", "很长" * 1000) for n in range(5)]
    messages = answer_messages("池化？", passages, "zh", history)
    assert [str(m.content) for m in messages if str(m.content).startswith("问题")][:2] == ["问题3", "问题4"]
    assert prompt_tokens(messages) < 1500
    assert [str(m.content)[-3:] for m in messages if str(m.content).startswith("很长")] == ["很 …"] * 2


def matches(language: Language, text: str) -> bool:
    return re.fullmatch(language_pattern(language, 4).regex, text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Pooling halves the map [1]. See f(x) = max(0, x), α ≤ 0.1 — “fast” [4].",
        "The [CLS] token is first [2].",
        "a_1 [i]",
    ],
)
def test_english_pattern_admits(text: str) -> None:
    assert matches("en", text)


@pytest.mark.parametrize("text", ["池化 halves the map [1].", "Pooling halves the map [5].", "Pooling [12].", ""])
def test_english_pattern_refuses(text: str) -> None:
    assert not matches("en", text)


@pytest.mark.parametrize(
    "text", ["池化用来降维 [1]。", "ReLU 计算快 [2]，Leaky ReLU 更好。\n$x \\le 0$", "BERT 的 [CLS] 向量 [3]。"]
)
def test_chinese_pattern_admits(text: str) -> None:
    assert matches("zh", text)


@pytest.mark.parametrize("text", ["Pooling halves the feature map [1].", "池化用来降维 [7]。", ""])
def test_chinese_pattern_refuses(text: str) -> None:
    assert not matches("zh", text)


def test_names_of_what_passages_say_are_told_before_the_question(passages: list[Passage]) -> None:
    terms = [("池化层", "pooling layer"), ("过拟合", "overfitting")]
    answer = answer_messages("What is pooling?", passages, "en", terms=terms)
    check = check_messages("What is pooling?", passages, "en", terms=terms)
    told = "Terms: 池化层 = pooling layer; 过拟合 = overfitting\nQuestion: What is pooling?"
    assert str(answer[-1].content).endswith(told)
    assert str(check[-1].content).startswith(str(answer[-1].content))
    assert "Terms:" not in str(answer_messages("What is pooling?", passages, "en")[-1].content)


def test_sentence_to_be_translated_comes_with_its_names() -> None:
    messages = version_messages("A random forest averages.", "zh", [("random forest", "随机森林")])
    assert messages[-1].content == "术语：random forest = 随机森林\nA random forest averages."
    assert version_messages("池化。", "en")[-1].content == "池化。"
