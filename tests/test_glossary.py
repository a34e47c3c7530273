"""The glossary: how it is read, how it is looked up, and that the shipped one is sound."""

from __future__ import annotations

import importlib.resources
from collections import Counter

import pytest

from qa.glossary import Concept, Glossary, parse_glossary
from qa.language import normalize

POOLING = Concept(("池化", "汇聚"), ("pooling",))
MAX_POOLING = Concept(("最大池化",), ("max pooling", "max-pooling"))
BATCH_NORM = Concept(("批归一化", "批规范化"), ("batch normalization", "batch norm", "BN"))
OVERFITTING = Concept(("过拟合",), ("overfitting", "over-fitting"))
GLOSSARY = Glossary([POOLING, MAX_POOLING, BATCH_NORM, OVERFITTING])


def shipped() -> list[Concept]:
    source = importlib.resources.files("qa") / "data" / "glossary.tsv"
    return parse_glossary(source.read_text(encoding="utf-8").split("\n"))


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("池化有什么用？", [POOLING]),
        ("最大池化和过拟合", [MAX_POOLING, OVERFITTING]),
        ("过拟合，最大池化，池化", [OVERFITTING, MAX_POOLING, POOLING]),
        ("汇聚就是池化", [POOLING]),
        ("What is Max Pooling?", [MAX_POOLING]),
        ("max-pooling and over-fitting", [MAX_POOLING, OVERFITTING]),
        ("为什么用 Batch Norm？", [BATCH_NORM]),
        ("ＢＮ　是什么", [BATCH_NORM]),
        ("batches are normalized", [BATCH_NORM]),
        ("normalized batches", []),
        ("", []),
    ],
)
def test_longest_names_are_found_once_and_none_inside_another(text: str, concepts: list[Concept]) -> None:
    assert GLOSSARY.concepts_in(text) == concepts


def test_name_of_two_concepts_finds_both() -> None:
    lda = [Concept(("线性判别分析",), ("LDA",)), Concept(("隐含狄利克雷分布",), ("LDA",))]
    assert Glossary(lda).concepts_in("what is LDA") == lda


def test_long_mixed_name_is_found() -> None:
    concept = Concept(("Wasserstein生成对抗网络",), ("WGAN",))
    assert Glossary([concept]).concepts_in("讲讲wasserstein生成对抗网络的损失") == [concept]


def test_empty_glossary_finds_nothing() -> None:
    assert Glossary([]).concepts_in("池化 pooling") == []


def test_length_counts_concepts() -> None:
    assert len(GLOSSARY) == 4


def test_lines_are_read_without_comments_and_blank_lines() -> None:
    assert parse_glossary(["# comment", "", "池化| 汇聚 \tpooling|"]) == [Concept(("池化", "汇聚"), ("pooling",))]


@pytest.mark.parametrize("line", ["池化", "池化\t", "\tpooling", "池化\tpooling\tx", "池化 pooling"])
def test_line_without_two_sides_is_told_with_its_number(line: str) -> None:
    with pytest.raises(ValueError, match=r"Line 2 of the glossary is not 'Chinese<TAB>English'"):
        parse_glossary(["# comment", line])


def test_shipped_glossary_is_read() -> None:
    assert len(Glossary.load()) == len(shipped()) >= 1000


def test_no_chinese_name_of_the_shipped_glossary_stands_twice() -> None:
    counts = Counter(normalize(name) for concept in shipped() for name in concept.zh)
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_name_of_the_shipped_glossary_finds_its_concept() -> None:
    glossary = Glossary.load()
    lost = {name for c in shipped() for name in (*c.zh, *c.en) if c not in glossary.concepts_in(name)}
    assert lost == {"describe", "i.i.d."}  # nothing but stop words
