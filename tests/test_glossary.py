"""The glossary: how it is read, how it is looked up, and that the shipped one is sound."""

from __future__ import annotations

import importlib.resources
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from qa.errors import GlossaryError
from qa.glossary import Concept, Glossary, parse_glossary, read_glossary
from qa.language import normalize

POOLING = Concept(("池化", "汇聚"), ("pooling",))
MAX_POOLING = Concept(("最大池化",), ("max pooling", "max-pooling"))
BATCH_NORM = Concept(("批归一化", "批规范化"), ("batch normalization", "batch norm", "BN"))
OVERFITTING = Concept(("过拟合",), ("overfitting", "over-fitting"))
GLOSSARY = Glossary([POOLING, MAX_POOLING, BATCH_NORM, OVERFITTING])


def shipped() -> list[Concept]:
    data = importlib.resources.files("qa") / "data"
    terms, words = (
        parse_glossary((data / name).read_text(encoding="utf-8").split("\n"))
        for name in ("glossary.tsv", "ordinary_words.tsv")
    )
    return [*terms, *(replace(word, ordinary=True) for word in words)]


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


@pytest.mark.parametrize(
    "line", ["池化", "池化\t", "\tpooling", "池化\tpooling\tx", "池化 pooling", "池化\t汇聚", "a\tb"]
)
def test_line_without_two_sides_is_told_with_its_number(line: str) -> None:
    with pytest.raises(GlossaryError, match=r"Line 2 of the glossary is not 'Chinese<TAB>English'.* Write it as"):
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


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("Can it drop below zero?", False),
        ("What does ZeRO shard?", True),
        ("zero 分几个阶段？", True),
    ],
)
def test_a_word_is_no_name_where_it_is_written_small(text: str, is_named: bool) -> None:
    names = {name for concept in Glossary.load().concepts_in(text) for name in concept.en}
    assert ("ZeRO" in names) == is_named


def test_ordinary_words_stay_so_under_a_name_of_the_notes() -> None:
    word = Concept(("比例",), ("ratio",), ordinary=True)
    assert Glossary([word]).plus([("比例", "share", 1)]).concepts_in("share")[0].ordinary


@pytest.mark.parametrize(
    "line",
    [
        "池化｜汇聚\t\tpooling",
        "池化|汇聚  pooling",
        "池化 ｜ 汇聚　　pooling",
        "池化|汇聚 \t pooling",
        "pooling\t池化|汇聚",
    ],
)
def test_line_may_be_set_in_other_ways(line: str) -> None:
    assert parse_glossary([line, "＃ comment", "  # comment"]) == [POOLING]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "big5"])
def test_users_file_is_read_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "glossary.tsv"
    path.write_bytes("# 自己的名字，每行一個\r\n梯度下降\tgradient descent\r\n".encode(encoding))
    assert read_glossary(path) == [Concept(("梯度下降",), ("gradient descent",))]


def test_bad_line_of_the_users_file_is_told_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("池化\tpooling\n池化\n", encoding="utf-8")
    with pytest.raises(GlossaryError, match=r"Line 2 of .*mine\.tsv is not"):
        Glossary.load(path)


@pytest.mark.parametrize("damage", [b"\0\1\2", None])
def test_file_that_cannot_be_read_is_told(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "mine.tsv"
    path.mkdir() if damage is None else path.write_bytes(damage)
    with pytest.raises(
        GlossaryError, match=r"mine\.tsv' cannot be read: .* Correct the file or the setting 'glossary'"
    ):
        read_glossary(path)


@pytest.mark.parametrize(
    ("line", "name", "concept"),
    [
        # It names a concept that is there: its names are added and its first ones become the usual ones.
        (
            Concept(("下采样", "池化"), ("subsampling",)),
            "汇聚",
            Concept(("下采样", "池化", "汇聚"), ("subsampling", "pooling")),
        ),
        (Concept(("降采样",), ("Pooling",)), "池化", Concept(("降采样", "池化", "汇聚"), ("Pooling",))),
        # It names none.
        (Concept(("早停",), ("early stopping",)), "早停", Concept(("早停",), ("early stopping",))),
        # A short abbreviation alone may be anything.
        (Concept(("业务节点",), ("BN",)), "业务节点", Concept(("业务节点",), ("BN",))),
        (Concept(("业务节点",), ("BN",)), "批归一化", BATCH_NORM),
    ],
)
def test_users_line_joins_the_concept_that_it_names(line: Concept, name: str, concept: Concept) -> None:
    assert GLOSSARY.with_lines([line]).concepts_in(name) == [concept]


def test_line_that_shares_both_names_joins_only_that_one_of_two_concepts() -> None:
    lda = [Concept(("线性判别分析",), ("LDA",)), Concept(("隐含狄利克雷分布",), ("LDA",))]
    found = Glossary(lda).with_lines([Concept(("判别分析", "线性判别分析"), ("LDA",))]).concepts_in("LDA")
    assert found == [Concept(("判别分析", "线性判别分析"), ("LDA",)), lda[1]]


def test_first_of_two_lines_on_one_concept_gives_its_usual_names() -> None:
    lines = [Concept(("池化",), ("downsampling",)), Concept(("池化",), ("aggregation",))]
    (concept,) = GLOSSARY.with_lines(lines).concepts_in("池化")
    assert concept.en == ("downsampling", "aggregation", "pooling")


def test_mined_pair_adds_a_name_and_leaves_the_usual_ones() -> None:
    (concept,) = GLOSSARY.plus([("过度拟合", "overfitting", 1)]).concepts_in("过度拟合")
    assert concept == Concept(("过拟合", "过度拟合"), ("overfitting", "over-fitting"))


def test_mined_pairs_of_one_name_are_one_concept() -> None:
    grown = GLOSSARY.plus([("循环神经网络", "RNN", 2), ("循环神经网络", "recurrent neural network", 1)])
    assert grown.concepts_in("RNN") == [Concept(("循环神经网络",), ("RNN", "recurrent neural network"))]
    assert len(grown) == len(GLOSSARY) + 1


def test_mined_pair_that_joins_two_concepts_is_dropped() -> None:
    assert GLOSSARY.plus([("池化", "overfitting", 5)]).concepts_in("池化") == [POOLING]


@pytest.mark.parametrize(
    "pairs",
    [
        [("梯度", "shortcut", 1), ("捷径", "shortcut", 1), ("快捷连接", "Shortcuts", 1)],
        [("模块", "block", 1), ("模块", "unit", 1), ("模块", "module", 1)],
    ],
)
def test_name_that_notes_give_to_three_things_is_noise(pairs: list[tuple[str, str, int]]) -> None:
    assert len(GLOSSARY.plus(pairs)) == len(GLOSSARY)
    assert len(GLOSSARY.plus(pairs[:2])) > len(GLOSSARY)


def test_glossary_with_mined_pairs_does_not_depend_on_their_order() -> None:
    pairs = [("早停", "early stopping", 1), ("提前终止", "early stopping", 3), ("早停", "stopping early", 2)]
    grown = [GLOSSARY.plus(order).concepts_in("early stopping") for order in (pairs, pairs[::-1])]
    assert (
        grown[0]
        == grown[1]
        == [
            Concept(("提前终止",), ("early stopping",)),
            Concept(("早停",), ("stopping early", "early stopping")),
        ]
    )


@pytest.mark.parametrize(
    ("name", "concepts"),
    [
        ("池化", [POOLING]),
        (" Ｐｏｏｌｉｎｇ ", [POOLING]),
        ("Pooling 池化", [POOLING]),
        ("池化 max pooling", []),
        ("池化层", []),
        ("what is pooling", [POOLING]),  # no more than stop words besides
        ("pooling layer", []),
        ("", []),
    ],
)
def test_whole_name_finds_its_concept(name: str, concepts: list[Concept]) -> None:
    assert GLOSSARY.concepts_named(name) == concepts


def test_names_of_a_text_are_given_in_the_other_language() -> None:
    named = GLOSSARY.named_in("批规范化之后再做最大池化，缓解过拟合。", "en")
    assert named == [("批规范化", "batch normalization"), ("最大池化", "max pooling"), ("过拟合", "overfitting")]


def test_short_names_and_those_that_the_text_says_itself_are_not_given() -> None:
    assert GLOSSARY.named_in("池化（pooling）和汇聚；最大池化 max pooling。", "en") == []
    assert GLOSSARY.named_in("Max pooling fights overfitting.", "zh") == [("max pooling", "最大池化")]


def test_a_space_between_latin_and_chinese_words_makes_no_other_name() -> None:
    glossary = Glossary.load()
    assert glossary.concepts_in("用 K 均值算法") == glossary.concepts_in("用K均值算法") != []
    assert glossary.named_in("用 K 均值算法聚类", "en")[0] == ("K均值算法", "k-means")
    own = glossary.with_lines(parse_glossary(["L2 范数惩罚\tL2 norm penalty"]))
    assert own.concepts_named("L2 范数惩罚") == own.concepts_named("L2范数惩罚") != []
