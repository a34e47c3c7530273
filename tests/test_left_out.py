"""Which statements are added to an answer or stand in for it: by nearness, and by the model's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from fakes import WordEncoder

from qa.glossary import Glossary
from qa.grounds import Grounds, Scores
from qa.left_out import following, left_out, other_sides, rest_of_list, standing_in
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.support import Support
from qa.types import Language, Note, Sentence

POOLING = "池化用来降低维数。"
NO_WEIGHTS = "池化层没有可以训练的参数。"
KERNEL = "卷积核在图像上逐步滑动。"
QUESTION = "它有什么用？"
TEXT = f"# 网络\n\n## 池化\n\n{POOLING}{NO_WEIGHTS}\n\n## 卷积\n\n{KERNEL}\n"


def grounds(text: str = TEXT) -> Grounds:
    return Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())


def relevance(of: Grounds, values: Sequence[float]) -> Scores:
    """These of the single sentences in their order."""
    scores = np.full(len(of.statements), -np.inf, np.float32)
    scores[of.singles()] = values
    return scores


def support_of(of: Grounds, row: int) -> Support:
    statement = of.statements[row]
    return Support(statement.number, statement.start, statement.end, 0.3)


def added(
    text: str,
    values: Sequence[float],
    said: str,
    number: int = 1,
    language: Language = "zh",
) -> list[str]:
    """To an answer that cites the passage with this number."""
    of = grounds(text)
    sentences = [(Sentence(language, said, (1,), 0.3, "cited"), (Support(number, 0, 1, 0.3),))]
    return [of.statements[row].text for row in left_out(of, relevance(of, values), sentences, language, {})]


def stand_ins(values: Sequence[float], told: Mapping[str, float | None]) -> list[str]:
    of = grounds()
    odds = {row: word for row in of.singles() if (word := told[of.statements[row].text]) is not None}
    rows = standing_in(of, relevance(of, values), QUESTION, odds)
    return [of.statements[row].text for row in rows]


def test_what_is_near_is_added_from_the_passages_that_are_cited() -> None:
    assert added(TEXT, (2, 1, 2), "下采样。") == [POOLING, NO_WEIGHTS]
    assert added(TEXT, (2, 1, 2), "滑窗。", number=2) == [KERNEL]


def test_what_is_said_already_is_not_added() -> None:
    assert added(TEXT, (2, 1, 0), POOLING) == [NO_WEIGHTS]


def test_at_most_three_are_added() -> None:
    text = "# 丢弃法\n\n它随机关掉神经元。训练要除以保留概率。测试什么也不做。卷积里很少用它。比例常取一半。\n"
    assert len(added(text, (1,) * 5, "下采样。")) == 3


def test_what_says_nothing_on_the_question_is_not_added() -> None:
    assert added(TEXT, (9, 1, 0), "下采样。") == [POOLING]


def test_best_from_elsewhere_is_added_only_where_it_is_far_better_and_in_the_language() -> None:
    assert added(TEXT, (1, 0.5, 3), "下采样。") == [KERNEL, POOLING, NO_WEIGHTS]
    assert added(TEXT, (1, 0.5, 1.5), "下采样。") == [POOLING, NO_WEIGHTS]
    assert added(TEXT, (1, 0.5, 3), "下采样。", language="en") == [POOLING, NO_WEIGHTS]


@pytest.mark.parametrize("other", ["| 池化 | 没有参数 |", "```\nreturn pool(x, kernel_size)\n```", "小"])
def test_rows_code_and_single_words_are_not_added(other: str) -> None:
    of = grounds(f"# 网络\n\n池化能降维。\n\n{other}\n")
    said = [(Sentence("zh", "池化能降维。", (1,), 0.3, "cited"), (Support(1, 0, 1, 0.3),))]
    assert list(left_out(of, relevance(of, [1.0] * len(of.singles())), said, "zh", {})) == []


def test_what_the_model_says_answers_stands_in() -> None:
    assert stand_ins((3, 2, 1), {POOLING: -1.0, NO_WEIGHTS: 3.0, KERNEL: 3.5}) == [NO_WEIGHTS, KERNEL]


def test_what_stands_beside_it_stands_in_sooner() -> None:
    assert stand_ins((3, 2, 2.5), {POOLING: 0.3, NO_WEIGHTS: 3.0, KERNEL: 0.3}) == [POOLING, NO_WEIGHTS]


def test_what_the_model_says_does_not_answer_is_not_added() -> None:
    of = grounds()
    values = relevance(of, (3, 2.9, 1))
    said = [(Sentence("zh", "下采样。", (1,), 0.3, "cited"), (Support(1, 0, 1, 0.3),))]
    odds = dict(zip(of.singles(), (2.0, -2.0, -2.0), strict=True))
    rows = left_out(of, values, said, "zh", odds)
    assert [of.statements[row].text for row in rows] == [POOLING]


def test_where_nothing_answers_the_likeliest_stands_in_alone() -> None:
    assert stand_ins((3, 2, 1), {POOLING: -3.0, NO_WEIGHTS: -1.0, KERNEL: -3.0}) == [NO_WEIGHTS]


def test_where_the_model_cannot_tell_the_nearest_stand_in() -> None:
    assert stand_ins((3, 1, 2), {POOLING: None, NO_WEIGHTS: None, KERNEL: None}) == [POOLING, KERNEL]


def test_of_which_the_model_cannot_tell_none_stands_in_beside_others() -> None:
    assert stand_ins((3, 1, 2), {POOLING: 3.0, NO_WEIGHTS: None, KERNEL: None}) == [POOLING]


def test_what_says_no_more_than_the_question_stands_in_for_nothing() -> None:
    of = grounds("# 网络\n\n- 池化\n- 卷积核\n")
    rows = relevance(of, (2, 1))
    assert [of.statements[row].text for row in standing_in(of, rows, "池化有什么用？", {})] == ["卷积核"]


def test_other_items_of_a_list_are_added_where_several_things_are_asked_for() -> None:
    of = grounds(
        "# 池化\n\n种类：\n\n- 最大池化取最大值。\n- 平均池化取平均值。\n- 全局池化取整张图。\n\n池化没有参数。\n"
    )
    said = [(Sentence("zh", "最大池化取最大值。", (1,), 0.3, "cited"), (support_of(of, 0),))]
    for question in ("池化有哪几种？", "What kinds of pooling are there?"):
        assert rest_of_list(of, question, said, []) == [1, 2]
    assert rest_of_list(of, question, said, [1]) == [2]
    assert rest_of_list(of, "池化为什么没有参数？", said, []) == []


def test_list_of_which_an_answer_has_little_is_not_said_whole() -> None:
    of = grounds("# 聚类\n\n缺点：\n\n- 对初值敏感。\n- 要先知道簇数。\n\n结果不稳定。\n\n离群点影响大。\n")
    said = [(Sentence("zh", "…", (1,), 0.3, "cited"), (support_of(of, row),)) for row in (0, 2, 3)]
    assert rest_of_list(of, "聚类有哪些缺点？", said, []) == []
    assert rest_of_list(of, "聚类有哪些缺点？", said[:2], []) == [1]


def test_what_an_item_goes_on_to_say_is_of_its_list() -> None:
    of = grounds("# 聚类\n\n- 降低特征维度。比如用 PCA。\n- 减少聚类数目。\n")
    said = [(Sentence("zh", "用 PCA。", (1,), 0.3, "cited"), (support_of(of, 1),))]
    assert [of.statements[row].text for row in rest_of_list(of, "太慢怎么办？", said, [])] == [
        "降低特征维度。",
        "减少聚类数目。",
    ]


def test_what_stands_in_no_list_adds_nothing() -> None:
    of = grounds("# 池化\n\n最大池化取最大值。\n\n平均池化取平均值。\n")
    said = [(Sentence("zh", "最大池化取最大值。", (1,), 0.3, "cited"), (support_of(of, 0),))]
    assert rest_of_list(of, "池化有哪几种？", said, []) == []


def test_code_stands_in_for_nothing() -> None:
    of = grounds("# 网络\n\n池化能降维。\n\n```\nreturn pool(x, kernel_size)\n```\n")
    rows = relevance(of, range(len(of.singles())))
    assert [of.statements[row].text for row in standing_in(of, rows, QUESTION, {})] == ["池化能降维。"]


def test_list_that_a_sentence_announces_is_said_with_it() -> None:
    of = grounds("# gRPC\n\n可以定义**四种**方法。\n\n- 普通调用\n- 服务端流\n- 客户端流\n- 双向流\n\n另有注释。\n")
    rows = rest_of_list(of, "有哪几种方法？", [], [0])
    assert [of.statements[row].text for row in rows] == ["普通调用", "服务端流", "客户端流", "双向流"]
    assert rest_of_list(of, "方法是什么？", [], [0]) == []


def test_other_side_of_a_comparison_is_said_too() -> None:
    elmo, bert = "ELMo 的两个方向各自训练。", "BERT 用两侧的上下文还原遮住的词。"
    of = grounds(f"# 词向量\n\n## ELMo\n\n{elmo}\n\n## BERT\n\n{bert}模型很大。\n")
    values = relevance(of, (3, 2, 1))

    def sides(question: str, values: Scores = values, rows: Sequence[int] = (0,)) -> list[str]:
        return [of.statements[row].text for row in other_sides(of, values, question, [], rows)]

    assert sides("ELMo 和 BERT 有什么区别？") == [bert]
    assert sides("How does ELMo differ from BERT?") == [bert]
    assert sides("ELMo 和 BERT 有什么区别？", rows=of.singles()) == []
    assert sides("ELMo 和 BERT 有什么区别？", relevance(of, (9, 2, 1))) == []  # far less on the question
    assert sides("ELMo 和 BERT 怎么训练？") == sides("How are ELMo and BERT trained?") == [bert]
    assert sides("ELMo 为什么比不过 BERT？") == []
    assert sides("ELMo 和 GPT 有什么区别？") == []


def test_mere_name_in_the_other_language_does_not_stand_in() -> None:
    of = grounds("# 输入\n\n- example age\n- 最近 20 次点击\n")
    rows = relevance(of, (2, 1))
    assert [of.statements[row].text for row in standing_in(of, rows, QUESTION, {})] == ["最近 20 次点击"]


PARAGRAPH = "# 网络\n\n模型创新不大。但是效果很好。而且通用性强。训练很贵。\n\n推理也慢。\n"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({1: 1.0}, ["但是效果很好。"]),
        ({1: 0.2}, []),
        ({2: 1.0}, []),  # not the next one
    ],
)
def test_what_goes_on_in_the_same_line_is_said_too_where_it_answers(
    told: dict[int, float], expected: list[str]
) -> None:
    of = grounds(PARAGRAPH)
    said = [(Sentence("zh", "创新不大。", (1,), 0.3, "cited"), (support_of(of, 0),))]
    assert [of.statements[row].text for row in following(of, said, [], told)] == expected


def test_what_stands_in_another_line_or_is_said_does_not_go_on() -> None:
    of = grounds(PARAGRAPH)
    odds = dict.fromkeys(range(5), 2.0)
    last = [(Sentence("zh", "训练很贵。", (1,), 0.3, "cited"), (support_of(of, 3),))]
    assert following(of, last, [], odds) == []
    both = [(Sentence("zh", "创新不大但是效果很好。", (1,), 0.3, "cited"), (support_of(of, 0),))]
    assert following(of, both, [], odds) == []
    assert [of.statements[row].text for row in following(of, [], [1], odds)] == ["而且通用性强。"]


@pytest.mark.parametrize(
    "question", ["K-means 太慢怎么办？", "如何防止过拟合？", "训练的步骤是什么？", "How can we avoid overfitting?"]
)
def test_ways_and_steps_are_several_things(question: str) -> None:
    of = grounds("# 网络\n\n## 过拟合\n\n办法：\n\n- 增加训练数据。\n- 使用正则化。\n- 提前停止训练。\n")
    said = [(Sentence("zh", "增加训练数据。", (1,), 0.3, "cited"), (support_of(of, 0),))]
    assert [of.statements[row].text for row in rest_of_list(of, question, said, [])] == [
        "使用正则化。",
        "提前停止训练。",
    ]
    assert rest_of_list(of, "过拟合是什么意思？", said, []) == []
