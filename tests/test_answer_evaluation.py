"""Answers measured on cases made by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from fakes_evaluation import ANSWERABLE, ENGLISH_ONLY, OTHER, POOLING, QUOTED, UNANSWERABLE, ScriptedNotes, answer

from qa.answer_evaluation import AnswerRow, evaluate_answers
from qa.question_sets import Gold, Question
from qa.types import Answer, Citation, Progress


def answers_measured(zh: Answer, en: Answer, question: Question = ANSWERABLE) -> tuple[AnswerRow, AnswerRow]:
    notes = ScriptedNotes(answers={question.texts["zh"]: zh, question.texts["en"]: en})
    (first, second), _ = evaluate_answers(notes, [question])
    return first, second


def test_good_answer_scores_one_everywhere() -> None:
    zh, en = answers_measured(
        answer("它缩小特征图 [1]。", QUOTED), answer("It shrinks the map [1].", QUOTED, language="en")
    )
    for row in (zh, en):
        assert (row.in_language, row.valid_citations, row.citation_recall, row.facts) == (1.0, 1.0, 1.0, 1.0)
        assert (row.citation_precision, row.unsupported) == (1.0, 0.0)
        assert (row.declined_answerable, row.first_token) == (0.0, 0.5)
        assert math.isnan(row.declined_unanswerable)


def test_answer_in_the_wrong_language_is_seen() -> None:
    zh, _ = answers_measured(answer("It shrinks the map [1].", QUOTED), answer("x", QUOTED, language="en"))
    assert (zh.in_language, zh.facts) == (0.0, 0.0)


@pytest.mark.parametrize(
    "citation",
    [
        replace(QUOTED, number=2),
        replace(QUOTED, quote="池化层放大特征图。", end_line=3),
        replace(QUOTED, start_line=4, end_line=5),
        replace(QUOTED, end_line=8),
    ],
)
def test_number_without_a_quote_on_its_lines_is_not_valid(citation: Citation) -> None:
    zh, _ = answers_measured(answer("它缩小特征图 [1]。", citation), answer("x", QUOTED, language="en"))
    assert zh.valid_citations == 0.0


def test_where_nothing_is_cited_no_citation_is_wrong() -> None:
    zh, _ = answers_measured(answer("你的笔记没有讲到这个问题。"), answer("x", QUOTED, language="en"))
    assert math.isnan(zh.valid_citations)


def test_citation_of_another_passage_is_valid_and_not_gold() -> None:
    other = Citation(1, OTHER, "other", 8, 8)
    zh, _ = answers_measured(answer("它缩小特征图 [1]。", other), answer("x", QUOTED, language="en"))
    assert (zh.valid_citations, zh.citation_precision, zh.citation_recall) == (1.0, 0.0, 0.0)


def test_another_sentence_of_the_gold_section_is_precise_and_no_recall() -> None:
    beside = Citation(1, POOLING, "它没有参数。", 4, 4)
    zh, _ = answers_measured(answer("它没有参数 [1]。", beside), answer("x", QUOTED, language="en"))
    assert (zh.citation_precision, zh.citation_recall) == (1.0, 0.0)


def test_sentences_without_support_are_counted() -> None:
    told = answer("它缩小特征图 [1]。", QUOTED)
    marked, dropped = (replace(told.sentences[0], citations=(), change=of) for of in ("marked", "dropped"))
    zh, _ = answers_measured(
        replace(told, sentences=(*told.sentences, marked, dropped, dropped)), answer("x", language="en")
    )
    assert (zh.unsupported, zh.left_out) == (0.5, 0.5)


def test_declining_is_right_only_without_gold() -> None:
    declined = answer("你的笔记没有讲到这个问题。"), answer("Your notes do not cover it.", language="en")
    zh, _ = answers_measured(*declined, question=UNANSWERABLE)
    assert (zh.declined_unanswerable, math.isnan(zh.declined_answerable)) == (1.0, True)
    naming = answer("你的笔记没有讲到这个问题。最接近的主题：缩小。")
    assert answers_measured(naming, declined[1])[0].facts == 0.0
    zh, _ = answers_measured(*declined)
    assert (zh.declined_answerable, math.isnan(zh.citation_recall)) == (1.0, True)


def test_every_answer_is_recorded_and_counted() -> None:
    seen: list[Progress] = []
    texts = {"池化层做什么？": answer("缩小 [1]。", QUOTED), "What does pooling do?": answer("x", language="en")}
    _, records = evaluate_answers(ScriptedNotes(answers=texts), [ANSWERABLE], seen.append)
    assert [(r["id"], r["language"], r["declined"], r["facts"]) for r in records] == [
        ("1", "zh", False, [True]),
        ("1", "en", True, [False]),
    ]
    assert seen == [Progress("evaluate", 1, 2), Progress("evaluate", 2, 2)]
    assert json.loads(json.dumps(records, ensure_ascii=False)) == records


def test_answer_without_a_first_token_has_no_time_for_it() -> None:
    zh, _ = answers_measured(answer("x", first_token=None), answer("x", language="en"))
    assert math.isnan(zh.first_token)


def test_question_in_one_language_is_answered_in_it_only() -> None:
    notes = ScriptedNotes(answers={"What does pooling do?": answer("It shrinks [1].", QUOTED, language="en")})
    seen: list[Progress] = []
    (row,), _ = evaluate_answers(notes, [ENGLISH_ONLY], seen.append)
    assert (row.language, row.questions, row.facts) == ("en", 1, 1.0)
    assert seen == [Progress("evaluate", 1, 1)]


def test_cited_lines_are_gold() -> None:
    question = replace(ANSWERABLE, gold=(Gold("cnn.md", lines=(6, 8)),))
    zh, en = answers_measured(
        answer("x [1]。", Citation(1, OTHER, "other", 8, 8)), answer("x [1].", QUOTED, language="en"), question
    )
    assert (zh.citation_recall, en.citation_recall) == (1.0, 0.0)
