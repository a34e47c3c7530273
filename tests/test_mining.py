"""Mining: which pairs of names a note says, which it does not, and that no text makes it slow."""

from __future__ import annotations

import time

import pytest

from qa.mining import pairs_in

COUNT = 100_000
MOST_SECONDS = 30.0  # what is not linear takes hours


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("双向RNN (BiRNN)", ["双向RNN=BiRNN"]),
        ("池化（Pooling）", ["池化=Pooling"]),
        ("循环神经网络(Recurrent Neural Network, RNN)", ["循环神经网络=Recurrent Neural Network", "循环神经网络=RNN"]),
        (
            "RNN（循环神经网络，Recurrent Neural Network）",
            ["循环神经网络=RNN", "循环神经网络=Recurrent Neural Network"],
        ),
        ("循环神经网络 RNN（Recurrent Neural Network）", ["循环神经网络=RNN", "循环神经网络=Recurrent Neural Network"]),
        ("Dropout（随机失活）", ["随机失活=Dropout"]),
        ("批归一化 / Batch Normalization", ["批归一化=Batch Normalization"]),
        ("**学习率** (learning rate)", ["学习率=learning rate"]),
        ("early stopping，即早停。", ["早停=early stopping"]),
        ("池化，英文为 pooling。", ["池化=pooling"]),
        ("写时复制（英文：copy-on-write）", ["写时复制=copy-on-write"]),
        ("## Pooling 池化", ["池化=Pooling"]),
        ("### 3.2 池化 Pooling", ["池化=Pooling"]),
        ("# **Beam Search 束搜索**", ["束搜索=Beam Search"]),
        ("| 池化（Pooling） | 缩小特征图 |", ["池化=Pooling"]),
        ("批次正規化 (Batch normalization)", ["批次正规化=Batch normalization"]),  # a traditional note
        ("- “惊群效应”（thundering herd）", ["惊群效应=thundering herd"]),
        ("切片(slicing)、缓存行(cache line)", ["切片=slicing", "缓存行=cache line"]),
    ],
)
def test_note_that_names_a_thing_twice_gives_a_pair(text: str, pairs: list[str]) -> None:
    assert ["=".join(pair) for pair in pairs_in(text)] == pairs


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("常用的优化器是随机梯度下降（SGD）。", ("随机梯度下降", "SGD")),
        ("训练生成对抗网络（GAN）很难。", ("生成对抗网络", "GAN")),
        ("这里叫缓存行填充（cache line padding）。", ("缓存行填充", "cache line padding")),
        ("系统采用写时复制（copy on write）技术。", ("写时复制", "copy on write")),
        ("更新门(update gate)和重置门(reset gate)", ("重置门", "reset gate")),
    ],
)
def test_name_begins_where_the_clause_before_it_ends(text: str, pair: tuple[str, str]) -> None:
    assert pairs_in(text)[-1] == pair


@pytest.mark.parametrize(
    "text",
    [
        "影响前面层对后面层影响越大（connectivity）",
        "平坦的极小（flat minimum）",
        "钻规则的空子（reward hacking）",
        "单词或子词（token）",
        "可能近似正确（PAC）",
        "“之”字形（zig-zag）",
        "`KL` 距离（Kullback-Leibler divergence）",
        "early stopping，即在验证集误差上升时停止训练。",
    ],
)
def test_name_whose_left_border_is_unsure_gives_nothing(text: str) -> None:
    assert pairs_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "反向代理（nginx）",
        "优化器（Adam）",
        "消息队列（Kafka）",
        "激活函数（ReLU）",
        "框架（PyTorch, TensorFlow）",
        "定理（Vapnik）",
        "Adam（首选）",
        "BatchNorm（训练阶段）",
    ],
)
def test_kind_with_an_instance_in_brackets_is_no_pair(text: str) -> None:
    assert pairs_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Dropout（必考）",
        "学习率（important）",
        "学习率（必考）",
        "学习率（见下）",
        "步骤（如下）",
        "模型（e.g. BERT）",
        "样本数（n=100）",
        "样本数（100）",
        "池化的输出（2012）",
        "实验结果（Hinton et al., 2012）",
        "实验结果（Hinton 2012）",
        "学习率（https://a.example/learning-rate）",
        "学习率（train.py）",
        "学习率（`lr`）",
        "学习率（$lr$）",
        "`x`（初始化）",
        "学习率（learning_rate）",
        "## CNN 结构",
        "## Python 基础",
        "## Model Training 模型优化",
        "RNN（网络缺点）",
        "训练 / test",
        "recurrent neural network，简称 RNN。",
        "",
        "（Pooling）",
        "池化（）",
    ],
)
def test_remark_source_number_or_code_is_no_name(text: str) -> None:
    assert pairs_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "```\n池化（Pooling）\n```",
        "    $$\n    池化（Pooling）\n    $$",
        "---\ntitle: 池化（Pooling）\n---\n",
        "<!-- 池化（Pooling） -->",
    ],
)
def test_what_is_not_read_as_text_gives_nothing(text: str) -> None:
    assert pairs_in(text) == []


def test_name_that_stands_alone_elsewhere_has_a_sure_border() -> None:
    assert pairs_in("守护进程（daemon）") == []  # or a thing that is done to a daemon
    assert pairs_in("守护进程（daemon）\n\n守护进程在后台运行。") == [("守护进程", "daemon")]


def test_pair_comes_once_and_line_ends_do_not_matter() -> None:
    assert pairs_in("池化（Pooling）\r\n\r\n池化（Pooling）\r步幅（stride）") == [
        ("池化", "Pooling"),
        ("步幅", "stride"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(" * COUNT,
        "（" * COUNT + "）" * COUNT,
        "”(ab)" * COUNT,
        "`a``" * COUNT,
        "词，即" * COUNT,
        "$a" * COUNT,
        "a/" * COUNT,
    ],
    ids=["open", "nested", "closed", "ticks", "words", "formulas", "slashes"],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    start = time.perf_counter()
    assert pairs_in(text) == []
    assert time.perf_counter() - start < MOST_SECONDS
