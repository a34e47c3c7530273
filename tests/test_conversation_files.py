"""Conversations as files: Markdown that is safe anywhere, whole JSON, and questions that `notes-qa eval` reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fakes_ui import EN, FIRST, HOSTILE, PAYLOAD, POOLING, SECOND, ZH, citation, hits
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa.answer_json import read_answer
from qa.conversation_files import conversation_json, conversation_markdown, neutral_markdown, question_file
from qa.conversations import Exchange, Options, Rating, StoredConversation
from qa.question_sets import Gold, read_questions
from qa.types import Answer

QUESTION = "池化有什么作用？"
ANSWER = Answer(
    QUESTION, {"en": EN, "zh": ZH}, (citation(1, POOLING, FIRST), citation(2, POOLING, SECOND)), hits(POOLING), False
)
EXCHANGE = Exchange(QUESTION, Options("both"), ANSWER, answered=60.0)
UP, DOWN = Rating(True), Rating(False)


def conversation(*exchanges: Exchange, title: str = QUESTION) -> StoredConversation:
    return StoredConversation("abc", title, 0.0, 60.0, exchanges)


def test_markdown_has_the_answers_in_both_languages_and_the_places_with_their_quotes() -> None:
    rated = replace(EXCHANGE, rating=Rating(False, "sources", "第 3 行"))
    assert conversation_markdown(conversation(rated), "zh").split("\n") == [
        "# 池化有什么作用？",
        "",
        f"{datetime.fromtimestamp(0.0):%Y-%m-%d %H:%M} · notes-qa",
        "",
        "## 1. 池化有什么作用？",
        "",
        ZH,
        "",
        EN,
        "",
        "**来源**",
        "",
        "- \\[1\\] ai-interview.md · 第 7-9 行 · AI Interview › CNN › 池化 Pooling",
        "",
        "  > **往往相似**，所以把它们合并可以减少计算量。",
        "  >",
        "  > - 降维：特征图变小",
        "",
        "- \\[2\\] ai-interview.md · 第 10-10 行 · AI Interview › CNN › 池化 Pooling",
        "",
        "  > 增强平移不变性，`stride=2` 时输出",
        "",
        "*评价：没有帮助 · 来源不对 · 第 3 行*",
        "",
    ]


def test_markdown_says_what_is_general_and_what_was_not_finished() -> None:
    answer = Answer("a\nb", {}, (), (), False, general={"en": "Known."})
    text = conversation_markdown(conversation(Exchange("a\nb", Options(), answer, "stopped")), "en")
    assert text.endswith(
        "## 1. a b\n\n> a\n> b\n\n> **General knowledge of the model (not from the notes)**\n>\n> Known.\n\n"
        "(The answer was not finished.)\n"
    )


def test_nothing_of_an_exported_file_loads_or_runs() -> None:
    answer = Answer(PAYLOAD, {"en": PAYLOAD}, (citation(1, HOSTILE, PAYLOAD.splitlines()[3]),), (), False)
    text = conversation_markdown(conversation(Exchange(PAYLOAD, Options(), answer), title=PAYLOAD), "en")
    html = MarkdownIt("commonmark", {"html": True}).render(text)
    assert [tag for tag in ("<script", "<img", "<form", "<iframe", "<style", "<svg", "<details") if tag in html] == []


def test_code_keeps_its_angle_brackets() -> None:
    assert neutral_markdown("`List<int>` and\n\n```html\n<b>![x](y)</b>\n```\n\n1 < 2 ![a](b)") == (
        "`List<int>` and\n\n```html\n<b>![x](y)</b>\n```\n\n1 &lt; 2 !\\[a](b)"
    )


@pytest.mark.parametrize(
    "text", ["\\`<img src=x>`", "a `\n\nb <img src=x> ` c", "    `\n<img src=x>`", "```\n```x`\n<img src=x>\n`"]
)
def test_code_that_is_none_hides_nothing(text: str) -> None:
    assert "<img" not in MarkdownIt("commonmark", {"html": True}).render(neutral_markdown(text))


MARKS = st.sampled_from(["`", "```", "<b>", "![x](y)", "\\", "\n", " ", "~~~", "a", ">", "    "])


@given(st.lists(st.lists(MARKS, max_size=12).map("".join), max_size=3))
def test_no_arrangement_of_marks_makes_html_or_an_image(texts: list[str]) -> None:
    exchanges = [Exchange(text, Options(), Answer(text, {"en": text}, (), (), False)) for text in texts]
    html = MarkdownIt("commonmark", {"html": True}).render(conversation_markdown(conversation(*exchanges), "en"))
    assert "<b>" not in html
    assert "<img" not in html


def test_json_holds_everything() -> None:
    value = json.loads(conversation_json(conversation(replace(EXCHANGE, rating=UP))))
    (exchange,) = value.pop("exchanges")
    assert value == {
        "format": "notes-qa conversation",
        "version": 1,
        "title": QUESTION,
        "created": "1970-01-01T00:00:00+00:00",
        "updated": "1970-01-01T00:01:00+00:00",
    }
    assert read_answer(json.dumps(exchange.pop("answer"))) == ANSWER
    assert exchange == {
        "question": QUESTION,
        "options": {"language": "both", "topic": "", "allow_general": False},
        "answered": "1970-01-01T00:01:00+00:00",
        "ended": "done",
        "rating": {"good": True, "reason": "", "comment": ""},
    }


def test_a_helpful_answer_becomes_a_question_with_a_line_of_each_quote(tmp_path: Path) -> None:
    made = question_file([conversation(replace(EXCHANGE, rating=UP), EXCHANGE)])
    (tmp_path / "rated.jsonl").write_text(made.text, encoding="utf-8")
    (question,) = read_questions(tmp_path / "rated.jsonl")
    assert (question.id, question.texts) == ("abc-1", {"zh": QUESTION})
    assert question.gold == (
        Gold("ai-interview.md", "**往往相似**，所以把它们合并可以减少计算量。"),
        Gold("ai-interview.md", SECOND),
    )
    assert all(gold.is_in(POOLING) for gold in question.gold)
    assert (made.questions, made.left_out) == (1, {})


ABSTAINED = replace(ANSWER, abstained=True, citations=())


@pytest.mark.parametrize(
    ("change", "gold", "why"),
    [
        ({"rating": UP, "answer": ABSTAINED}, [], ""),  # the reader agrees: the notes do not answer
        ({"rating": Rating(False, "not_in_notes")}, [], ""),
        ({"rating": DOWN}, None, "bad"),
        ({"rating": Rating(False, "sources")}, None, "bad"),
        ({"rating": DOWN, "answer": ABSTAINED}, None, "bad"),  # where the answer stands is not known
        ({"rating": Rating(False, "not_in_notes"), "answer": ABSTAINED}, None, "bad"),
        ({"rating": UP, "ended": "stopped"}, None, "unfinished"),
        ({"rating": UP, "answer": replace(ANSWER, citations=())}, None, "uncited"),
    ],
)
def test_what_a_rating_says_of_a_question_and_what_it_does_not(change: Any, gold: Any, why: str) -> None:
    made = question_file([conversation(replace(EXCHANGE, **change))])
    assert [json.loads(line)["gold"] for line in made.text.splitlines()] == ([] if gold is None else [gold])
    assert made.left_out == ({why: 1} if why else {})


@pytest.mark.parametrize(
    ("question", "alone"), [("它有什么缺点？", 0), ("and the second one?", 0), ("What is dropout?", 1)]
)
def test_a_question_that_leans_on_the_one_before_is_left_out(question: str, alone: int) -> None:
    made = question_file([conversation(EXCHANGE, replace(EXCHANGE, question=question, rating=UP))])
    assert (made.questions, made.left_out) == (alone, {} if alone else {"followup": 1})
