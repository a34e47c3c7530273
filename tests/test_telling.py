"""The model's word on single sentences: of the most relevant ones, in Chinese only."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from fakes import WordEncoder
from fakes_chat import ScriptedEngine

from qa.chat import LocalChatModel, Message
from qa.glossary import Glossary
from qa.grounds import Grounds, Scores
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.telling import Teller
from qa.types import Note

WORDS = {"一。": 1.0, "二。": 3.0, "三。": -1.0, "四。": 9.0}
TEXT = "# A\n\n" + "".join(f"这是{word}\n\n" for word in WORDS) + "This one is written in English.\n"
GROUNDS = Grounds(split_note(Note("a.md", "A", TEXT, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())


class TellingEngine(ScriptedEngine):
    """Whose word on a sentence is that of WORDS."""

    def __init__(self) -> None:
        super().__init__("")
        self.asked: list[str] = []

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, halt: threading.Event | None = None
    ) -> dict[str, float]:
        self.asked.append(messages[-1].content)
        odds = next(odds for word, odds in WORDS.items() if word in messages[-1].content)
        return dict(zip(options, (odds, 0.0), strict=True))


def teller(question: str = "哪个？", grounds: Grounds = GROUNDS) -> tuple[Teller, TellingEngine]:
    engine = TellingEngine()
    return Teller(LocalChatModel(engine=engine, name_of_model="x"), question, grounds), engine


def relevance(*values: float) -> Scores:
    scores = np.full(len(GROUNDS.statements), -np.inf, np.float32)
    scores[GROUNDS.singles()] = values
    return scores


def test_model_tells_of_a_chinese_sentence_and_of_no_other() -> None:
    asking, _ = teller()
    assert asking.tells(1) == pytest.approx(3.0)
    assert asking.tells(4) is None
    assert teller("Which one?")[0].tells(1) is None


def test_it_is_asked_about_a_sentence_once() -> None:
    asking, engine = teller()
    asking.highest(relevance(5, 4, 3, 2, 1))
    assert len(engine.asked) == 3
    assert asking.of_best(relevance(5, 4, 3, 2, 1)) == pytest.approx({0: 1.0, 1: 3.0, 2: -1.0, 3: 9.0})
    assert len(engine.asked) == 4


def test_highest_word_on_the_three_most_relevant_sentences_counts() -> None:
    assert teller()[0].highest(relevance(5, 4, 3, 2, 1)) == pytest.approx(3.0)
    assert teller()[0].highest(relevance(5, 2, 4, 1, 3)) == pytest.approx(1.0)


def test_of_an_english_passage_it_cannot_tell_of_an_english_item_in_a_chinese_one_others_tell() -> None:
    assert teller()[0].highest(relevance(1, 2, 3, 4, 5)) == pytest.approx(9.0)
    english = split_note(Note("b.md", "B", "# B\n\nThis one is written in English.\n", "", "en"))
    both = Grounds([*GROUNDS.passages, *english], SentenceVectors(WordEncoder()), Glossary.load())
    scores = np.full(len(both.statements), -np.inf, np.float32)
    scores[both.singles()] = np.arange(len(both.singles()))
    assert teller(grounds=both)[0].highest(scores) is None
    empty = Grounds([], SentenceVectors(WordEncoder()), Glossary.load())
    assert teller(grounds=empty)[0].highest(np.zeros(0, np.float32)) is None
