"""What a chat model is asked to rewrite, and which of its rewritings are believed."""

from __future__ import annotations

import pytest
from fakes_chat import ScriptedEngine

from qa.chat import LocalChatModel
from qa.rewriting import is_sane_rewrite, rewrite_messages, rewritten
from qa.types import Language, Turn

HISTORY = [
    Turn("什么是束搜索？", "束搜索每步保留 k 个前缀 [1]。"),
    Turn("How does Adam work?", "It keeps two moments {m} [1]."),
]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_only_the_last_message_depends_on_the_conversation(language: Language) -> None:
    first, second = rewrite_messages("它呢？", HISTORY, language), rewrite_messages("Why?", [], language)
    assert first[:-1] == second[:-1]
    assert {type(message) for message in first} == {type(message) for message in second}


def test_question_comes_last_after_what_was_said() -> None:
    content = str(rewrite_messages(" Why does it? ", HISTORY, "en")[-1].content)
    assert "A: It keeps two moments {m} [1].\n" in content
    assert content.endswith("Last question: Why does it?")


def test_long_and_old_turns_are_cut() -> None:
    content = str(rewrite_messages("它呢？", [Turn(f"问题{n}", "很长\n" * 1000) for n in range(5)], "zh")[-1].content)
    assert "问题2" not in content
    assert "问题3" in content
    assert len(content) < 600
    assert content.count("\n") <= 6


def test_question_that_is_too_long_is_not_sent_to_be_rewritten() -> None:
    engine = ScriptedEngine("束搜索有什么缺点？")
    model = LocalChatModel(engine=engine, name_of_model="scripted")
    assert rewritten(model, "它有什么缺点？", HISTORY, 9.0) == "束搜索有什么缺点？"
    assert rewritten(model, "它有什么缺点？" * 20, HISTORY, 9.0) == ""
    assert len(engine.prompts) == 1


@pytest.mark.parametrize(
    ("rewritten", "question"),
    [
        ("束搜索有什么缺点？", "它有什么缺点？"),
        ("Why does Adam keep two moments?", "Why does it keep two?"),
        ("What is Adam's k?", "And k?"),
        ("How does Adam work?", "Why?"),
        ("束搜索的 k 取多大？", "k 取多大？"),
    ],
)
def test_rewriting_that_keeps_to_what_was_said_is_believed(rewritten: str, question: str) -> None:
    assert is_sane_rewrite(rewritten, question, HISTORY)


@pytest.mark.parametrize(
    ("rewritten", "question"),
    [
        ("", "它有什么缺点？"),
        ("束搜索有什么缺点？\n束搜索慢。", "它有什么缺点？"),
        ("What are the drawbacks of 束搜索?", "它有什么缺点？"),
        ("束搜索有什么优点？", "它有什么缺点？"),
        ("束搜索和贪心解码有什么缺点？", "它有什么缺点？"),
        ("它有什么缺点？", "它有什么缺点？"),
        ("Why does it keep two moments?", "Why does it?"),
        ("How does Adam work?", "How does the second one work?"),
        ("Why does RMSProp keep two moments?", "Why does it keep two?"),
        ("Why does Adam keep " + "two moments, " * 60 + "?", "Why does it keep two?"),
    ],
)
def test_rewriting_that_strays_is_not_believed(rewritten: str, question: str) -> None:
    assert not is_sane_rewrite(rewritten, question, HISTORY)
