"""Note sentences that say the opposite about the same thing."""

from __future__ import annotations

import pytest
from fakes import WordEncoder

from qa.conflicts import Disagreement, disagree, disagreements
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.types import Note


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Batch Normalization 在批量很小时效果很好。", "批量很小时，BN 的统计量不准，效果很差。"),
        ("Dropout 在推理时要关闭。", "推理阶段 Dropout 仍然保持开启。"),
        ("Adam 的泛化通常比 SGD 好。", "SGD 的泛化往往优于 Adam。"),
        (
            "The learning rate should be warmed up for Transformers.",
            "Transformers do not need a learning-rate warm-up.",
        ),
        ("The default C of a linear SVM is 1.0.", "The default value of C in a linear SVM is 10."),
        ("TCP 连接建立需要三次握手。", "建立 TCP 连接要四次握手。"),
        ("BN 在批量小时效果不好。", "BN 在批量小时效果很好。"),
        ("训练损失会单调下降。", "训练损失不单调下降。"),
        ("LayerNorm 依赖批量大小。", "Layer normalization does not depend on the batch size."),
    ],
)
def test_opposites_disagree_in_either_order(one: str, other: str) -> None:
    assert disagree(one, other, Glossary.load())
    assert disagree(other, one, Glossary.load())


def test_heading_tells_what_a_sentence_is_about() -> None:
    one, other = "ReLU 的作用是“改善”，而不是“解决”梯度消失。", "优点是计算快、不存在梯度消失问题。"
    assert disagree(one, other, Glossary.load(), ("激活函数", "ReLU 的优缺点"))
    assert not disagree(one, other, Glossary.load(), ("激活函数", "残差连接"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("梯度裁剪可以缓解梯度爆炸。", "残差连接可以缓解梯度消失。"),
        ("L1 正则产生稀疏解。", "L2 正则不会产生稀疏解。"),
        ("Dropout 在训练时随机丢弃神经元。", "推理时 Dropout 不丢弃任何神经元。"),
        ("Insertion sort is faster than quicksort.", "Quicksort is slower than insertion sort."),
        ("BERT base has 12 layers.", "BERT large has 24 layers."),
        ("Bagging reduces variance.", "Boosting mainly reduces bias."),
        ("索引能加快查询。", "索引会拖慢写入。"),
        ("池化没有可学习的参数。", "卷积层有可学习的参数。"),
        ("UDP does not guarantee delivery.", "TCP guarantees delivery in order."),
        ("Water boils at 100 °C at sea level.", "水在海平面上的沸点是 100 °C。"),
        ("同一句话。", "同一句话。"),
        ("要找到重要的矩阵，分配更多的参数。", "要把高秩给重要的矩阵，而将其余矩阵的秩降低。"),
        ("BN 不是只适合大批量。", "BN 适合大批量。"),
        ("Batch normalisation doesn't only help training.", "Batch normalisation helps training."),
        ("池化不仅效果很好，而且计算量小。", "池化效果很好，计算量小。"),
        ("Batch normalisation not only helps training but also regularises.", "Batch normalisation helps training."),
        ("k-means 可能找到局部最优的聚类。", "k-means 找到全局最优的聚类。"),
        ("$F_1$ 的值在 $P=1, R=0.1$ 时是 0.18。", "$F_1$ 的值在 $P=0.5, R=1$ 时是 0.67。"),
    ],
)
def test_what_can_both_be_true_does_not(one: str, other: str) -> None:
    assert not disagree(one, other, Glossary.load())
    assert not disagree(other, one, Glossary.load())


def test_two_ranges_are_not_two_numbers_for_one_thing() -> None:
    of = ("激活函数 > Sigmoid", "激活函数 > Tanh")
    assert not disagree("输出范围 (0,1)，可以解释为概率。", "输出范围 (-1,1)，以零为中心。", Glossary.load(), of)


def test_what_stands_under_one_heading_and_shares_nothing_else_is_about_two_things() -> None:
    of = ("RAG 知识库", "RAG 知识库")
    assert not disagree("知识会变，要出处。", "常见工具不必绑死品牌。", Glossary.load(), of)


def test_what_is_denied_of_something_else_is_no_opposite() -> None:
    of = ("激活函数 > Sigmoid", "支持向量机 > 概率输出")
    assert not disagree("输出范围 (0,1)，可以解释为概率。", "距离不是概率，所以要做概率校正。", Glossary.load(), of)
    assert disagree("距离可以解释为概率。", "距离不是概率，所以要做概率校正。", Glossary.load(), of)


def test_sentences_without_a_subject_are_about_that_of_their_headings() -> None:
    one, other = "输出范围 (0,1)，可以解释为概率。", "输出是距离不是概率，需要另做概率校正；"
    assert not disagree(one, other, Glossary.load(), ("激活函数 > Sigmoid", "支持向量机 > SVM 的优缺点"))
    assert disagree(one, other, Glossary.load(), ("激活函数 > Sigmoid", "激活函数 > Sigmoid 的输出"))


@pytest.mark.parametrize(
    ("between", "found"),
    [("\n\n", []), ("\n\n### 细节\n\n", []), ("\n\n## 二\n\n", [Disagreement(0, 1)])],
)
def test_what_one_section_says_side_by_side_are_two_cases(between: str, found: list[Disagreement]) -> None:
    text = f"# A\n\n## 一\n\nBN 在批量很小时效果很好。{between}BN 在批量很小时效果很差。\n"
    grounds = Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
    assert list(disagreements(grounds, [0], [0, 1])) == found


def test_what_opens_a_note_may_disagree_with_its_sections() -> None:
    text = "# A\n\nBN 在批量很小时效果很好。\n\n## 一\n\nBN 在批量很小时效果很差。\n"
    grounds = Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
    assert list(disagreements(grounds, [0], [0, 1])) == [Disagreement(0, 1)]


def test_only_sentences_asked_about_are_compared() -> None:
    text = (
        "# A\n\n## 一\n\nBN 在批量很小时效果很好。\n\n## 二\n\n池化用来降维。\n\n## 三\n\nBN 在批量很小时效果很差。\n"
    )
    grounds = Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
    assert list(disagreements(grounds, [0, 1], [0, 1, 2])) == [Disagreement(0, 2)]
    assert list(disagreements(grounds, [1], [0, 2])) == []
