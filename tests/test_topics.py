"""Topics: the tree, and what a name stands for."""

from __future__ import annotations

import pytest

from qa.errors import UnknownTopic
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
