"""Answers made of the notes' own sentences."""

from __future__ import annotations

from fakes import WordEncoder

from qa.extractive import extract
from qa.glossary import Glossary
from qa.passages import split_note
from qa.types import Note, Passage

TEXT = "# A\n\n池化用来降维，减少计算量。卷积核在图像上滑动。\n\n| a | b |\n|---|---|\n\n```python\nx = 1\n```\n"
ENGLISH = "# B\n\nPooling reduces the amount of computation.\n"


def passages(*texts: str) -> list[Passage]:
    return [p for n, text in enumerate(texts) for p in split_note(Note(f"{n}.md", "T", text, "", "zh"))]


def answer(question: str, language: str, *texts: str) -> str:
    return extract(question, passages(*texts), language, WordEncoder(), Glossary.load())  # type: ignore[arg-type]


def test_best_sentence_comes_with_its_number() -> None:
    assert "池化用来降维，减少计算量 [1]。" in answer("池化有什么用？", "zh", TEXT)


def test_sentences_in_the_language_of_the_answer_come_first() -> None:
    assert "Pooling reduces the amount of computation [2]." in answer("What does pooling do?", "en", TEXT, ENGLISH)


def test_sentences_stand_in_the_order_of_the_notes() -> None:
    text = answer("卷积核和池化？", "zh", TEXT)
    assert text.index("池化用来降维") < text.index("卷积核在图像上滑动")


def test_passages_without_a_sentence_give_nothing() -> None:
    assert answer("池化？", "zh", "# 只有标题\n\n---\n") == ""
