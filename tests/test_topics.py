"""Topics: the tree, and what a name stands for."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

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


def all_of(topics: tuple[Topic, ...]) -> list[Topic]:
    return [each for topic in topics for each in (topic, *all_of(topic.children))]


def shape(topics: tuple[Topic, ...]) -> list[Any]:
    """Names, and (name, what is inside) of those with something inside."""
    return [(topic.name, shape(topic.children)) if topic.children else topic.name for topic in topics]


def test_tree_has_folders_notes_headings_and_counts_of_all_below() -> None:
    maximum = Topic("最大池化", "dl/cnn.md#池化（Pooling）/最大池化", 1)
    pooling = Topic("池化（Pooling）", "dl/cnn.md#池化（Pooling）", 3, (maximum,))
    cnn = Topic("CNN 笔记", "dl/cnn.md", 4, (pooling,))
    rnn = Topic("rnn", "dl/rnn.md", 2, (Topic("Gates", "dl/rnn.md#Gates", 1),))
    assert topic_tree(OUTLINE)[0] == Topic("dl", "dl/", 6, (cnn, rnn))


def test_heading_that_repeats_the_title_is_not_in_the_tree() -> None:
    assert shape(topic_tree(OUTLINE)[1:]) == [("ml", [("SVM", ["Kernel", "Appendix"])])]


def test_tree_of_nothing_is_empty() -> None:
    assert topic_tree([]) == ()


FOLDERS: Outline = [
    ("a/b.md", "AB", (), ("AB",), [1]),
    ("a/c/d.md", "ACD", ("Deep", "cnn"), ("ACD",), [2, 3]),
    ("a/c/e/f/g.md", "ACEFG", (), ("ACEFG", "x/c"), [4]),
    ("a/h.md", "AH", ("CNN",), ("AH",), [5]),
    ("b.md", "B", ("深度",), ("B", "c"), [6]),
    ("c/a/i.md", "CAI", ("cnn", "CNN", "深度"), ("CAI",), [7]),
    ("c/j.md", "CJ", (), ("CJ",), [8]),
]


def test_notes_stand_in_their_folders_at_the_place_of_the_first_and_others_at_the_top() -> None:
    a = ("a", ["AB", ("c", ["ACD", ("e", [("f", [("ACEFG", ["x/c"])])])]), "AH"])
    assert shape(topic_tree(FOLDERS)[:3]) == [a, ("B", ["c"]), ("c", [("a", ["CAI"]), "CJ"])]


def test_names_that_two_notes_share_are_tags_behind_the_notes() -> None:
    assert topic_tree(FOLDERS)[3:] == (Topic("#cnn", "#cnn", 4), Topic("#深度", "#深度", 2))


def test_name_that_only_one_note_has_is_no_tag() -> None:
    assert [topic.name for topic in topic_tree(OUTLINE)] == ["dl", "ml"]


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("a/", [1, 2, 3, 4, 5]),
        ("a", [1, 2, 3, 4, 5, 7]),
        ("a/c/", [2, 3, 4]),
        ("a/c", [2, 3, 4]),
        ("A/C", [2, 3, 4]),
        ("c/", [7, 8]),
        ("c", [2, 3, 4, 6, 7, 8]),
        ("c/a", [7]),
        ("f", [4]),
        ("a/c/e/f", [4]),
        ("x/c", [4]),
        ("#cnn", [2, 3, 5, 7]),
        ("＃CNN", [2, 3, 5, 7]),
        ("Cnn", [2, 3, 5, 7]),
        ("#deep", [2, 3]),
        ("a/b.md", [1]),
    ],
)
def test_path_of_a_folder_or_tag_means_only_that_and_a_name_all_that_have_it(name: str, ids: list[int]) -> None:
    assert passages_of_topic(FOLDERS, name) == ids


@pytest.mark.parametrize("name", ["/", "#", "a/c/e/", "b/", "a/c/"])
def test_path_that_no_topic_has_is_unknown(name: str) -> None:
    with pytest.raises(UnknownTopic):
        passages_of_topic(OUTLINE, name)


def test_paths_that_differ_in_case_only_are_different_topics() -> None:
    outline: Outline = [("DL/a.md", "A", (), (), [1]), ("dl/a.md", "A", (), (), [2]), ("dl/A.md", "A", (), (), [3])]
    found = {topic.path: passages_of_topic(outline, topic.path) for topic in all_of(topic_tree(outline))}
    assert found == {"DL/": [1], "DL/a.md": [1], "dl/": [2, 3], "dl/a.md": [2], "dl/A.md": [3]}
    assert passages_of_topic(outline, "Dl/") == [1, 2, 3]


def test_unknown_name_is_told_with_near_folders() -> None:
    with pytest.raises(UnknownTopic) as error:
        passages_of_topic([("卷积网络/a.md", "A", (), (), [1])], "卷积")
    assert error.value.near == ("卷积网络",)


@pytest.mark.parametrize("levels", [100, 300])
def test_folders_of_very_many_levels_are_told_apart_as_far_as_json_can_nest(levels: int) -> None:
    outline: Outline = [(f"{'d/' * depth}n.md", f"{depth}", (), (), [depth]) for depth in range(levels + 1)]
    *_, innermost = [topic for topic in all_of(topic_tree(outline)) if topic.path.endswith("/")]
    assert (innermost.path, innermost.passages) == ("d/" * 100, levels - 99)
    assert json.loads(json.dumps([asdict(topic) for topic in topic_tree(outline)], indent=2))[1]["passages"] == levels
    assert passages_of_topic(outline, "d/" * levels) == [levels]


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


@pytest.mark.parametrize("outline", [OUTLINE, FOLDERS])
@pytest.mark.parametrize("glossary", [None, Glossary.load()])
def test_every_topic_of_the_tree_is_found_by_its_path(outline: Outline, glossary: Glossary | None) -> None:
    for topic in all_of(topic_tree(outline, glossary)):
        assert len(passages_of_topic(outline, topic.path, glossary)) == topic.passages


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
    assert f"No folder, note, heading or tag is called {name!r}. Near names: " in str(error.value)


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


def test_path_of_a_folder_or_tag_is_no_other_name_of_the_same_thing() -> None:
    outline: Outline = [
        ("pooling/a.md", "A", ("pooling",), (), [1]),
        ("x/b.md", "池化", ("gate",), (), [2]),
        ("x/c.md", "C", ("pooling", "门"), (), [3]),
    ]
    wanted = ("pooling/", "#pooling", "#门", "pooling")
    assert [passages_of_topic(outline, name, GLOSSARY) for name in wanted] == [[1], [1, 3], [3], [1, 2, 3]]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("池化", "pooling"),
        ("汇聚", "pooling"),
        ("Pooling", "池化"),
        ("Gates", "门"),
        ("max-pooling", "最大池化"),
        ("svm", "支持向量机"),
        ("长短期记忆网络", "LSTM"),
        ("池化（重点）", "pooling"),
        ("池化（Pooling）", ""),
        ("Pooling (池化)", ""),
        ("Pooling 汇聚", ""),
        ("池化（Pooling layers）", ""),
        ("附录（池化）", ""),
        ("池化的好处", ""),
        ("Without any pooling", ""),
        ("笔记", ""),
        ("", ""),
    ],
)
def test_topic_has_its_name_in_the_other_language_where_it_is_known_and_not_said(name: str, other: str) -> None:
    (topic,) = topic_tree([("a.md", name, (), (), [1])], GLOSSARY)
    assert topic == Topic(name, "a.md", 1, (), other)


def test_name_of_several_things_has_no_name_in_the_other_language_but_the_nearest_one() -> None:
    glossary = Glossary(
        [
            Concept(("偏差",), ("bias",)),
            Concept(("偏置",), ("bias",)),
            Concept(("优化",), ("optimization",)),
            Concept(("优化器",), ("optimizer",)),
            Concept(("Transformer模型",), ("Transformer",)),
        ]
    )
    names = ("Bias", "Optimizers", "Optimization", "Transformer", "Transformer模型")
    topics = topic_tree([(f"{n}.md", name, (), (), [n]) for n, name in enumerate(names)], glossary)
    assert [topic.other for topic in topics] == ["", "优化器", "优化", "", ""]


def test_folders_headings_and_tags_have_their_names_in_the_other_language() -> None:
    outline: Outline = [("gating/a.md", "A", ("池化",), ("A", "svm"), [1]), ("gating/b.md", "B", ("池化",), (), [2])]
    assert [(topic.name, topic.other) for topic in all_of(topic_tree(outline, GLOSSARY)) if topic.other] == [
        ("gating", "门"),
        ("svm", "支持向量机"),
        ("#池化", "pooling"),
    ]


def test_without_a_glossary_no_other_name_is_known() -> None:
    assert not any(topic.other for topic in all_of(topic_tree(IN_TWO_LANGUAGES)))


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
