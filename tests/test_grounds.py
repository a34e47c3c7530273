"""The sentences that an answer is drawn from."""

from __future__ import annotations

import numpy as np
from fakes import WordEncoder

from qa.encoder import Vectors
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.types import Note, Passage

TEXT = "# A\n\n## 一\n\n池化用来降维。\n\n池化没有参数。\n\n## 二\n\n卷积核在图像上滑动。\n"


class CountingEncoder(WordEncoder):
    """Counts the texts that it encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.encoded: list[str] = []

    def encode_passages(self, texts: list[str]) -> Vectors:  # type: ignore[override]
        self.encoded += texts
        return super().encode_passages(texts)


def passages(text: str = TEXT) -> list[Passage]:
    return split_note(Note("a.md", "A", text, "", "zh"))


def test_rows_are_the_sentences_and_short_passages_as_a_whole() -> None:
    grounds = Grounds(passages(), WordEncoder(), Glossary.load())
    assert [(s.number, s.text, s.whole) for s in grounds.statements] == [
        (1, "池化用来降维。", False),
        (1, "池化没有参数。", False),
        (1, "池化用来降维。\n\n池化没有参数。", True),
        (2, "卷积核在图像上滑动。", False),
    ]
    assert len(grounds.vectors()) == len(grounds.terms) == len(grounds.languages) == 4
    assert [grounds.statements[i].text for i in grounds.singles()] == [
        "池化用来降维。",
        "池化没有参数。",
        "卷积核在图像上滑动。",
    ]


def test_sentence_counts_with_the_headings_above_it() -> None:
    encoder = WordEncoder()
    grounds = Grounds(passages(), encoder, Glossary.load())
    (vector,) = grounds.vectors_in_place([3])
    assert np.array_equal(vector, encoder.encode_passages(["A > 二: 卷积核在图像上滑动。"])[0])


def test_sentences_of_former_grounds_are_not_encoded_again() -> None:
    encoder = CountingEncoder()
    known = Grounds(passages(), encoder, Glossary.load())
    first = known.vectors()
    before = len(encoder.encoded)
    grounds = Grounds(passages(TEXT + "\n## 三\n\n填充保住边缘。\n"), encoder, Glossary.load(), known)
    assert np.array_equal(grounds.vectors()[:4], first)
    assert set(encoder.encoded[before:]) == {"填充保住边缘。"}


def test_no_passages_are_no_grounds() -> None:
    encoder = WordEncoder()
    grounds = Grounds([], encoder, Glossary.load())
    assert not grounds
    assert grounds.vectors().shape == (0, encoder.dimension)
