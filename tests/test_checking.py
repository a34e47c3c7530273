"""Whether the notes say what a sentence says, by the model's word where nearness is not sure."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import WordEncoder
from fakes_chat import ScriptedEngine

from qa.chat import LocalChatModel
from qa.checking import Checker
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.support import Support
from qa.types import Note

TEXT = "# A\n\n## 一\n\n池化用来降维。\n\n## 二\n\n标签平滑的模型当教师效果反而变差。\n\n"
TEXT += "## 三\n\n标签平滑的模型适合部署。\n"
GROUNDS = Grounds(split_note(Note("a.md", "A", TEXT, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
RELEVANCE = np.array([0.0, 2.0, 1.0], np.float32)


def checker(margin: float | dict[str, float] | None) -> tuple[Checker, ScriptedEngine]:
    engine = ScriptedEngine("", 0.0)
    if margin is None:
        return Checker(GROUNDS, RELEVANCE), engine
    engine.judge = (
        margin if isinstance(margin, float) else lambda text: next(of for word, of in margin.items() if word in text)
    )
    return Checker(GROUNDS, RELEVANCE, "适合当教师吗？", LocalChatModel(engine=engine, name_of_model="x")), engine


def quotes(made: Checker, sentence: str) -> list[str]:
    found = [each for each in made.supports(sentence) if each.score >= 0]
    return [GROUNDS.passages[each.number - 1].text[each.start : each.end] for each in found]


def test_note_sentence_in_its_own_words_needs_nobody_s_word() -> None:
    made, engine = checker(-5.0)
    assert quotes(made, "池化用来降维 [1]。") == ["池化用来降维。"]
    assert engine.chosen == []


def test_sentence_that_the_model_says_the_notes_deny_is_not_supported() -> None:
    made, _ = checker(-5.0)
    assert quotes(made, "标签平滑的模型适合当好教师。") == []


def test_number_goes_to_the_note_sentence_that_the_model_says_agrees() -> None:
    made, _ = checker({"反而变差。\n": 3.0, "": -3.0})
    sentence = "标签平滑的模型适合部署教师效果反而变差。"
    assert quotes(made, sentence) == ["标签平滑的模型当教师效果反而变差。"]


def test_model_is_asked_about_the_sentences_that_come_near_one_after_the_other() -> None:
    nearer, near = "标签平滑的模型当教师效果变差一些。", "标签平滑的模型当教师效果变差很多。"
    text = f"# A\n\n## 一\n\n池化用来降维。\n\n## 二\n\n{near}\n\n## 三\n\n{nearer}\n\n## 四\n\n卷积核在图像上滑动。\n"
    grounds = Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
    relevance = np.array([3.0, 1.0, 0.5, 2.0], np.float32)  # what says most on the question is neither of them
    for agreed in (nearer, near):
        engine = ScriptedEngine("", 0.0)
        engine.judge = lambda asked, agreed=agreed: 3.0 if agreed in asked else -3.0
        model = LocalChatModel(engine=engine, name_of_model="x")
        made = Checker(grounds, relevance, "适合当教师吗？", model)
        (found,) = made.supports("标签平滑的模型当教师效果变差不少。")
        assert found.score >= 0
        assert grounds.passages[found.number - 1].text[found.start : found.end] == agreed
        assert len(engine.chosen) == (1 if agreed == nearer else 2)


def test_what_a_sentence_adds_is_judged_without_its_bare_verdict() -> None:
    made, _ = checker(3.0)
    assert made._holds(GROUNDS.statements[2].text, Support(3, 0, 12, 0.0), "不会，标签平滑的模型适合部署。")
    assert not made._holds(GROUNDS.statements[2].text, Support(3, 0, 12, 0.0), "标签平滑占用显存，部署延迟高。")


def test_what_adds_reasons_to_a_note_sentence_is_not_asked_about() -> None:
    made, engine = checker(50.0)
    assert quotes(made, "标签平滑的模型适合部署。") == ["标签平滑的模型适合部署。"]
    assert quotes(made, "标签平滑的模型适合部署，推理显存占用低，延迟也小。") == []
    assert engine.chosen == []


def test_sentence_that_is_near_nothing_is_not_asked_about() -> None:
    made, engine = checker(50.0)
    assert quotes(made, "标签平滑的模型不宜部署成教师模型。") == []
    assert engine.chosen == []


@pytest.mark.parametrize(("margin", "agrees"), [(0.5, False), (1.0, True)])
def test_in_chinese_the_model_must_be_surer(margin: float, agrees: bool) -> None:
    made, _ = checker(margin)
    assert bool(quotes(made, "标签平滑的模型适合部署，当教师。")) is agrees


def test_sentence_with_a_number_that_no_source_has_is_not_asked_about() -> None:
    made, engine = checker(5.0)
    assert quotes(made, "标签平滑的模型有 7 个教师。") == []
    assert engine.chosen == []


def test_what_a_note_contradicts_is_not_asked_about() -> None:
    made, engine = checker(5.0)
    assert quotes(made, "池化不是用来降维。") == []
    assert engine.chosen == []


def test_without_a_model_nearness_decides() -> None:
    made, _ = checker(None)
    assert quotes(made, "标签平滑的模型适合部署 [3]。") == ["标签平滑的模型适合部署。"]
    assert quotes(made, "巴黎举办了足球比赛 [3]。") == []


def test_what_says_nothing_on_the_question_is_no_support_unless_all_is_to_be_shown() -> None:
    far = np.array([9.0, 2.0, 1.0], np.float32)
    sentence = "标签平滑的模型适合部署 [3]。"
    assert [each.score >= 0 for each in Checker(GROUNDS, far).supports(sentence)] == [False]
    assert [each.score >= 0 for each in Checker(GROUNDS, far, strict=False).supports(sentence)] == [True]
    assert [each.score >= 0 for each in Checker(GROUNDS, RELEVANCE).supports(sentence)] == [True]


def test_a_yes_is_held_against_what_the_notes_say_on_the_question() -> None:
    made, engine = checker({"问题": -1.0, "": 3.0})
    assert quotes(made, "是的，标签平滑的模型适合部署。") == []
    assert quotes(made, "标签平滑的模型适合部署。") == ["标签平滑的模型适合部署。"]
    assert sum("问题" in str(asked) for asked in engine.chosen) == 1
    agreeing, _ = checker({"问题": 1.0, "": 3.0})
    assert quotes(agreeing, "是的，标签平滑的模型适合部署。") == ["标签平滑的模型适合部署。"]
