"""What a question asks for."""

from __future__ import annotations

import pytest

from qa.glossary import Concept, Glossary
from qa.lexical import Unit
from qa.queries import (
    CONCEPT_WEIGHT,
    is_part_of_words,
    named_units,
    other_language,
    proper_names,
    subject_name,
    understand,
)

GLOSSARY = Glossary([Concept(("门控循环单元",), ("gated recurrent unit", "GRU")), Concept(("池化",), ("pooling",))])
ZH, EN = (("门控", "循环", "单元"),), (("gate", "recurr", "unit"), ("gru",))


def test_question_is_understood_as_units_of_terms_and_concepts() -> None:
    query = understand("What is GRU 填充？", GLOSSARY)
    assert query.units == (Unit((("填充",),)), Unit(ZH + EN, CONCEPT_WEIGHT))
    assert query.language == "en"


def test_several_of_a_name_are_that_name() -> None:
    assert understand("Why do GRUs forget?", GLOSSARY).units[-1] == Unit(ZH + EN, CONCEPT_WEIGHT)


def test_names_of_each_language_are_kept_apart() -> None:
    query = understand("What is GRU 填充？", GLOSSARY)
    assert query.said == (Unit((("填充",),)), Unit(EN))
    assert query.other_names == (Unit(ZH),)


def test_question_is_expanded_by_the_usual_names_in_the_other_language() -> None:
    assert (
        understand("What is a GRU with pooling?", GLOSSARY).expanded == "What is a GRU with pooling? 门控循环单元 池化"
    )
    assert understand("池化有什么用？", GLOSSARY).expanded == "池化有什么用？ pooling"
    assert understand("填充有什么用？", GLOSSARY).expanded == "填充有什么用？"


def test_translation_is_understood_too() -> None:
    query = understand("池化有什么用？", GLOSSARY, "What is pooling for?")
    assert query.translated == "What is pooling for?"
    assert query.translated_units == understand("What is pooling for?", GLOSSARY).units
    assert understand("池化有什么用？", GLOSSARY).translated_units == ()


def test_question_of_stop_words_has_no_units() -> None:
    assert understand("什么是 the？", GLOSSARY).units == ()


def test_other_language_is_the_one_the_question_is_not_in() -> None:
    assert (other_language("什么是 GRU？"), other_language("What is 池化?")) == ("en", "zh")


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("填充该怎么办？", ["填充"]),
        ("输出是由谁控制的？", ["由", "控制", "输出"]),  # no 是由
        ("它的性能如何？", ["性能"]),  # a word, though 能 is in it
        ("What exactly happens to too many paddings?", ["填充"]),
    ],
)
def test_words_of_any_question_and_where_two_words_meet_are_no_terms(question: str, terms: list[str]) -> None:
    assert [unit.alternatives[0][0] for unit in understand(question, Glossary.load()).units] == terms


def test_name_with_a_hyphen_is_found_with_a_space_too() -> None:
    (unit,) = understand("预训练", Glossary([Concept(("预训练",), ("pre-training", "k-means"))])).units
    assert ("pre", "train") in unit.alternatives
    assert ("k-means", "k", "mean") in unit.alternatives  # its parts alone stand in many notes


def test_latin_words_that_are_names() -> None:
    assert proper_names("Does ALiBi help Transformers? Will L2?") == ["ALiBi", "Transformers", "L2"]
    assert proper_names("relu 和 Adam 怎么选？") == ["relu", "Adam"]
    assert proper_names("What is RNN in Chinese?") == ["RNN"]
    assert proper_names("My ReLUs died, and so did all LSTMs.") == ["ReLU", "LSTM"]
    assert proper_names("v2 和 YOLOv3 差在哪？") == ["YOLOv3"]
    assert proper_names("Do GPT-style and BERT-based models differ from a Soft-NMS?") == ["GPT", "BERT", "Soft-NMS"]


def test_name_made_of_a_concept_and_another_word_is_one_of_its_own() -> None:
    glossary = Glossary(
        [Concept(("非极大值抑制",), ("non-maximum suppression", "NMS")), Concept(("残差网络",), ("ResNet",))]
    )
    assert [name for name, _ in named_units("Soft-NMS 是什么？", glossary)] == ["NMS", "Soft-NMS"]
    assert [name for name, _ in named_units("ResNet-50 有多少层？", glossary)] == ["ResNet"]


def test_name_with_a_number_is_found_as_formulas_write_it() -> None:
    assert understand("F2 和 F0.5", GLOSSARY).units[:2] == (
        Unit((("f2",), ("f_2", "f", "2"))),
        Unit((("f0.5",), ("f", "0.5", "0", "5"))),
    )
    assert named_units("F2", GLOSSARY) == [("F2", Unit((("f2",), ("f_2", "f", "2"))))]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Lion 优化器为什么省内存？", "Lion"),
        ("Why does Lion save memory beside pooling?", "Lion"),
        ("池化和 SwiGLU 有什么用？", ""),  # the first name is too short to be one for sure
        ("门控循环单元和 Lion", "门控循环单元"),
        ("does pooling help Lion?", ""),
        ("为什么？", ""),
    ],
)
def test_name_that_a_question_names_first(question: str, name: str) -> None:
    assert subject_name(question, GLOSSARY) == name


def test_what_begins_within_another_word_is_no_name() -> None:
    assert is_part_of_words("单样本", "为什么能压住简单样本？")
    assert is_part_of_words("大模型", "最大模型是哪个？")
    assert not is_part_of_words("单样本", "单样本学习是什么？")
    assert not is_part_of_words("梯度下降", "小批量梯度下降")
    assert not is_part_of_words("LSTM", "LSTM 是什么？")
