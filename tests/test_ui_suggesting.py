"""Questions made from headings: which ones, in which words, and never one that was asked."""

from __future__ import annotations

from fakes_ui import POOLING, SECOND, citation

from qa.types import Answer, Topic
from qa.ui.suggesting import examples, followups

POOL = Topic("池化 Pooling", "ai-interview.md#CNN/池化 Pooling", 2)
CNN = Topic("CNN", "ai-interview.md#CNN", 4, (Topic("卷积层", "ai-interview.md#CNN/卷积层", 1), POOL))
NOTE = Topic("AI Interview", "ai-interview.md", 9, (CNN, Topic("2. RNN", "ai-interview.md#2. RNN", 5)))
OTHER = Topic("prob", "prob.md", 3, (Topic("什么是大数定律？", "prob.md#x", 3),))
TREE = (Topic("folder", "folder/", 3, (OTHER,)), NOTE, Topic("#tag", "#tag", 12))


def test_examples_take_turns_between_notes_the_largest_first_and_its_largest_heading() -> None:
    assert examples(TREE, "en") == (
        "What do my notes say about “RNN”?",
        "什么是大数定律？",
        "What do my notes say about “CNN”?",
    )


def test_a_note_without_headings_is_asked_about_itself() -> None:
    assert examples((Topic("随笔", "a.md", 1),), "zh") == ("笔记里怎么讲“随笔”？",)


def test_headings_that_make_no_question_are_passed_over() -> None:
    assert examples((Topic("n", "n.md", 1, (Topic("---", "n.md#-", 1), Topic("长" * 41, "n.md#l", 1))),), "zh") == ()
    assert examples((), "zh") == ()


def answer(question: str = "池化有什么作用？") -> Answer:
    return Answer(question, {"zh": "x [1]"}, (citation(1, POOLING, SECOND),), (), abstained=False)


def test_what_stands_beside_the_cited_heading_comes_next_then_what_is_around_it() -> None:
    assert followups(answer(), TREE, "zh") == ("笔记里怎么讲“卷积层”？", "笔记里怎么讲“RNN”？")


def test_nothing_is_suggested_that_was_asked_or_that_nobody_can_place() -> None:
    assert followups(answer(), TREE, "zh", ("笔记里怎么讲“卷积层”？",)) == ("笔记里怎么讲“RNN”？",)
    assert followups(answer("RNN 和卷积层"), TREE, "zh") == ("笔记里怎么讲“RNN”？",)
    assert followups(answer(), (), "zh") == ()
