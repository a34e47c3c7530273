"""Whether a sentence and its version in the other language say the same."""

from __future__ import annotations

import pytest

from qa.agreement import differences, foreign_formulas, left_untold
from qa.glossary import Glossary


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("池化用来降维，减少计算量。", "Pooling reduces dimensions and the amount of computation."),
        ("ReLU 不能解决梯度消失。", "ReLU cannot solve vanishing gradients."),
        ("前馈网络占三分之二的参数。", "The feed-forward network holds 2/3 of the parameters."),
        ("LSTM 有三个门。", "An LSTM has three gates."),
        ("循环神经网络难以并行。", "RNNs can hardly run in parallel."),
        ("阈值取 0.5。", "The threshold is 0.5."),
        ("可以用它来检查代码有没有写错。", "It tells whether the code is wrong."),
        ("特征值大于等于 0 的矩阵半正定。", "A matrix with non-negative eigenvalues is positive semidefinite."),
        ("再抽 $k$ 个词，直接算 $e^{z}$。", "Draw k words and compute $e^z$."),
        ("$\\gamma$ 取 2，$\\alpha$ 取 0.25 时最好。", "It is best with $\\gamma = 2$ and $\\alpha = 0.25$."),
        ("价格是 5 和 6 美元。", "It costs $5 and $6."),
        ("$\\alpha \\approx 1.67$。", "Take $\\alpha = 1.67$."),
        ("取 $k=3$ 个词。", "Take $k$ words, with $k$ being 3."),
        ("普通 rpc 像函数调用一样。", "A normal RPC is like calling a function."),
        ("textcnn 和 lda 一样基础。", "TextCNN is as basic as LDA."),
        ("BERT是Google2018年提出的模型。", "BERT is a model proposed by Google in 2018."),
        ("Transformer 是 17年提出的。", "The Transformer was proposed in 2017."),
        ("双向的Encoder，因为decoder是不能用的。", "A bidirectional encoder, since the decoder cannot be used."),
    ],
)
def test_the_same_in_both_languages_does_not_differ(zh: str, en: str) -> None:
    assert differences(zh, en, Glossary.load()) == []


@pytest.mark.parametrize(
    ("zh", "en", "difference"),
    [
        ("阈值取 0.5。", "The threshold is 0.7.", "number"),
        ("共有 12 层。", "There are some layers.", "number"),
        ("ReLU 不能解决梯度消失。", "ReLU solves vanishing gradients.", "negation"),
        ("池化减少计算量。", "Pooling does not reduce computation.", "negation"),
        ("GRU 有两个门。", "The LSTM has two gates.", "term"),
        ("只有约 1200 万参数。", "It has only 1200 million parameters.", "number"),
        ("RMSNorm 去掉减均值这一步，也没有偏置。", "RMSNorm does not remove the mean step, nor the bias.", "negation"),
        ("RMSNorm 去掉减均值这一步，也没有偏置。", "It doesn't remove the mean step, nor the bias.", "negation"),
        ("抬高低频词的概率。", "It raises that of high-frequency words.", "opposite"),
        ("按词频的 $3/4$ 次方抽样。", "They are drawn by $(3/4)^3$ of the frequency.", "formula"),
        ("按 $p/q$ 的概率接受。", "It is accepted with a probability.", "formula"),
        ("$\\gamma$ 取 2，$\\alpha$ 取 0.25。", "Take $\\gamma = 0.25$ and $\\alpha = 2$.", "formula"),
        ("Transformer 是 17年提出的。", "The Transformer was proposed in 2018.", "number"),
        ("训练了 17年来的数据。", "It was trained on data of 2017.", "number"),
        ("$\\gamma$ 取 25。", "Take $\\gamma = 2$.", "formula"),
        ("损失降低了。", "CE is reduced.", "term"),
        ("参数 $a,b$ 可以学习。", "Parameters can be learned by training.", "formula"),
    ],
)
def test_numbers_negations_names_and_opposites_are_compared(zh: str, en: str, difference: str) -> None:
    assert difference in differences(zh, en, Glossary.load())


def test_not_only_denies_nothing() -> None:
    assert (
        differences(
            "检测既要知道是什么，也要知道在哪里。", "It knows not only what it is but also where.", Glossary.load()
        )
        == []
    )


def test_what_a_translation_leaves_untold_is_as_the_sentence_writes_it() -> None:
    text = "带 KL 约束的 LSTM 下溢成 0，再取 0.5。"
    assert left_untold(text, "An LSTM underflows, then 0.5.", Glossary.load()) == ["KL"]
    assert left_untold("共 12 层，按 $p/q$ 接受。", "There are layers.", Glossary.load()) == ["$p/q$", "12"]


@pytest.mark.parametrize(
    ("sentence", "note", "foreign"),
    [
        ("近似的公式是：H = (E.T * E) / (E.T * E).", "crf = CRF(S, SW, E, EW)", ["H=(E.T*E)/(E.T*E)"]),
        ("精确率 P = TP / (TP + FP)，召回率另算。", "精确率：P=TP/(TP+FP)", []),
        ("学习率 lr=1e-3，设置 bias=False。", "学习率要小。", []),
    ],
)
def test_an_equation_without_dollars_must_stand_in_the_note_too(sentence: str, note: str, foreign: list[str]) -> None:
    assert foreign_formulas(sentence, note) == foreign
