"""Answers made of the notes' own sentences."""

from __future__ import annotations

import numpy as np
from fakes import WordEncoder

from qa.extractive import extract
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.language import search_terms
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.types import Language, Note

TEXT = "# A\n\n池化用来降维，减少计算量。卷积核在图像上滑动。\n\n| a | b |\n|---|---|\n\n```python\nx = 1\n```\n"
ENGLISH = "# B\n\nPooling reduces the amount of computation.\n"


def grounds(*texts: str) -> Grounds:
    passages = [p for n, text in enumerate(texts) for p in split_note(Note(f"{n}.md", "T", text, "", "zh"))]
    return Grounds(passages, SentenceVectors(WordEncoder()), Glossary.load())


def answer(question: str, language: Language, *texts: str) -> list[tuple[int, str]]:
    made = grounds(*texts)
    words = set(search_terms(question)) | {"pool"}
    relevance = np.array([len(words & terms) for terms in made.terms], np.float32)
    found = [made.statements[row] for row in extract(made, relevance, language)]
    return [(each.number, each.text) for each in found]


def test_best_sentence_comes_with_its_number() -> None:
    assert (1, "池化用来降维，减少计算量。") in answer("池化有什么用？", "zh", TEXT)


def test_sentences_in_the_language_of_the_answer_come_first() -> None:
    many = "# A\n\n池化减少计算量。\n\n池化降维。\n\n池化缩小特征图。\n\n池化没有参数。\n"
    assert (2, "Pooling reduces the amount of computation.") in answer("What does pooling do?", "en", many, ENGLISH)


def test_sentences_stand_in_the_order_of_the_notes() -> None:
    found = [text for _, text in answer("卷积核和池化？", "zh", TEXT)]
    assert found.index("池化用来降维，减少计算量。") < found.index("卷积核在图像上滑动。")


def test_passages_without_a_sentence_give_nothing() -> None:
    assert answer("池化？", "zh", "# 只有标题\n\n---\n") == []
