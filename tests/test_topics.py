"""Topics: the tree, and what a name stands for."""

from __future__ import annotations

import pytest

from qa.errors import UnknownTopic
from qa.glossary import Concept, Glossary
from qa.topics import Outline, heading_names, passages_of_topic, topic_tree
from qa.types import Topic

OUTLINE: Outline = [
    ("dl/cnn.md", "CNN 笔记", ("卷积网络",), ("CNN 笔记",), [1]),
    ("dl/cnn.md", "CNN 笔记", ("卷积网络",), ("CNN 笔记", "池化（Pooling）"), [2, 3]),
    ("dl/cnn.md", "CNN 笔记", ("卷积网络",), ("CNN 笔记", "池化（Pooling）", "最大池化"), [4]),
    ("dl/rnn.md", "rnn", (), (), [5]),
    ("dl/rnn.md", "rnn", (), ("Gates",), [6]),
    ("ml/svm.md", "SVM", ("支持向量机（Support Vector Machine）", "分类"), ("SVM", "Kernel"), [7]),
    ("ml/svm.md", "SVM", ("支持向量机（Support Vector Machine）", "分类"), ("Appendix",), [8]),
]


def test_tree_has_notes_headings_and_counts_of_all_below() -> None:
    maximum = Topic("最大池化", "dl/cnn.md#池化（Pooling）/最大池化", 1)
    pooling = Topic("池化（Pooling）", "dl/cnn.md#池化（Pooling）", 3, (maximum,))
    assert topic_tree(OUTLINE)[0] == Topic("CNN 笔记", "dl/cnn.md", 4, (pooling,))


def test_heading_that_repeats_the_title_is_not_in_the_tree() -> None:
    names = [(topic.name, [child.name for child in topic.children]) for topic in topic_tree(OUTLINE)[1:]]
    assert names == [("rnn", ["Gates"]), ("SVM", ["Kernel", "Appendix"])]


def test_tree_of_nothing_is_empty() -> None:
    assert topic_tree([]) == ()


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("CNN 笔记", [1, 2, 3, 4]),
        ("dl/cnn.md", [1, 2, 3, 4]),
        ("cnn", [1, 2, 3, 4]),
        ("池化（Pooling）", [2, 3, 4]),
        ("池化", [2, 3, 4]),
        ("ｐｏｏｌｉｎｇ", [2, 3, 4]),
        ("池化(POOLING)", [2, 3, 4]),
        ("最大池化", [4]),
        ("dl/cnn.md#池化（Pooling）/最大池化", [4]),
        ("dl", [1, 2, 3, 4, 5, 6]),
        ("  gates ", [6]),
        ("SVM", [7, 8]),
        ("卷积网络", [1, 2, 3, 4]),
        ("分类", [7, 8]),
        ("support vector machine", [7, 8]),
    ],
)
def test_name_stands_for_all_below_it(name: str, ids: list[int]) -> None:
    assert passages_of_topic(OUTLINE, name) == ids


def test_every_topic_of_the_tree_is_found_by_its_path() -> None:
    def all_of(topics: tuple[Topic, ...]) -> list[Topic]:
        return [each for topic in topics for each in (topic, *all_of(topic.children))]

    for topic in all_of(topic_tree(OUTLINE)):
        assert len(passages_of_topic(OUTLINE, topic.path)) == topic.passages


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("池化层", "池化"),
        ("Kernels", "Kernel"),
        ("gate", "Gates"),
        ("最大 池化", "最大池化"),
        ("卷积神经网络", "卷积网络"),
    ],
)
def test_unknown_name_is_told_with_near_ones(name: str, near: str) -> None:
    with pytest.raises(UnknownTopic) as error:
        passages_of_topic(OUTLINE, name)
    assert near in error.value.near
    assert f"No note or heading is called {name!r}. Near names: " in str(error.value)


@pytest.mark.parametrize("name", ["", "　", "zzzzqqqq"])
def test_unknown_name_with_no_near_one_is_told_where_to_look(name: str) -> None:
    with pytest.raises(UnknownTopic, match="See them all with: notes-qa topics"):
        passages_of_topic(OUTLINE, name)


GLOSSARY = Glossary(
    [
        Concept(("池化", "汇聚"), ("pooling",)),
        Concept(("最大池化",), ("max pooling",)),
        Concept(("门", "门控"), ("gate", "gating")),
        Concept(("支持向量机",), ("support vector machine", "SVM")),
        Concept(("长短期记忆网络",), ("LSTM",)),
    ]
)
IN_TWO_LANGUAGES: Outline = [
    ("zh/池化.md", "笔记", (), ("笔记",), [1]),
    ("zh/lstm.md", "长短期记忆网络", (), ("长短期记忆网络",), [2]),
    ("en/a.md", "Notes", (), ("Notes", "Pooling"), [3]),
    ("en/a.md", "Notes", (), ("Notes", "Pooling", "Max Pooling"), [4]),
    ("en/b.md", "Others", ("LSTM",), ("Others", "Pooling layers"), [5]),
    ("汇聚/c.md", "C", (), ("C",), [6]),
    ("en/d.md", "D", (), ("D", "Pooling 池化"), [7]),
]


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("Pooling", [1, 3, 4, 6, 7]),
        ("池化", [1, 3, 4, 6, 7]),
        ("pooling 汇聚", [1, 3, 4, 6, 7]),
        ("最大池化", [4]),
        ("LSTM", [2, 5]),
        ("en/a.md#Pooling", [3, 4]),
        ("zh/lstm.md", [2]),
        ("pooling layers", [5]),
    ],
)
def test_name_stands_for_the_same_thing_in_both_languages(name: str, ids: list[int]) -> None:
    assert passages_of_topic(IN_TWO_LANGUAGES, name, GLOSSARY) == ids


def test_without_a_glossary_only_the_written_name_counts() -> None:
    assert passages_of_topic(IN_TWO_LANGUAGES, "池化") == [1]


def test_unknown_name_is_told_with_headings_on_what_it_mentions() -> None:
    with pytest.raises(UnknownTopic) as error:
        passages_of_topic(IN_TWO_LANGUAGES, "最大池化的好处", GLOSSARY)
    assert error.value.near[0] == "Max Pooling"


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("池化（Pooling）", ("池化（Pooling）", "池化", "Pooling")),
        ("Pooling (池化)", ("Pooling (池化)", "Pooling", "池化")),
        ("池化", ("池化", "池化")),
        ("（附录）", ("（附录）", "附录")),
        ("", ()),
    ],
)
def test_double_heading_has_both_names(heading: str, names: tuple[str, ...]) -> None:
    assert heading_names(heading) == names
