"""Measures on cases made by hand, and question files that cannot be used."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from qa.evaluation import (
    AnswerRow,
    Gold,
    Question,
    QuestionFileError,
    RetrievalRow,
    evaluate_answers,
    evaluate_retrieval,
    gold_rank,
    read_questions,
    table,
)
from qa.types import Answer, AnswerLanguage, Citation, Hit, Language, Note, Passage, Progress

TEXT = "# 池化\r\n\r\n池化层缩小特征图。\r\n它没有参数。\r\n\r\n## B\r\n\r\nother\r\n"
NOTE = Note("cnn.md", "池化", TEXT, "0", "zh")
POOLING = Passage("cnn.md", "池化", ("池化",), TEXT[:26], 0, 26, 1, 4, "zh")
OTHER = Passage("cnn.md", "池化", ("池化", "B"), TEXT[30:43], 30, 43, 6, 8, "zh")
GOLD = (Gold("cnn.md", "缩小特征图"),)
ANSWERABLE = Question(
    "1", {"zh": "池化层做什么？", "en": "What does pooling do?"}, GOLD, {"zh": ("缩小|变小",), "en": ("shrink",)}
)
UNANSWERABLE = Question("2", {"zh": "今天天气？", "en": "Weather?"}, (), {"zh": (), "en": ()})
QUOTED = Citation(1, POOLING, "池化层缩小特征图。\r\n它没有参数。", 3, 4)


def hits(*passages: Passage) -> list[Hit]:
    return [Hit(passage, rank, 1.0 / rank, rank, None, 0.8) for rank, passage in enumerate(passages, 1)]


def answer(text: str, *citations: Citation, language: Language = "zh", first_token: float | None = 0.5) -> Answer:
    timings = {} if first_token is None else {"first_token": first_token}
    return Answer("q", {language: text}, citations, (), abstained=not citations, timings=timings)


class ScriptedNotes:
    """Answers and finds what it was told, with the interface of NotesQA."""

    def __init__(self, found: dict[str, list[Hit]] | None = None, answers: dict[str, Answer] | None = None) -> None:
        self._found = found or {}
        self._answers = answers or {}

    def notes(self) -> dict[str, Note]:
        return {"cnn.md": NOTE}

    def search(self, query: str, top_k: int = 5, topic: str | None = None) -> list[Hit]:
        return self._found.get(query, [])[:top_k]

    def ask(self, question: str, language: AnswerLanguage | None = None) -> Answer:
        return self._answers[question]


def answers_measured(zh: Answer, en: Answer, question: Question = ANSWERABLE) -> tuple[AnswerRow, AnswerRow]:
    notes = ScriptedNotes(answers={question.texts["zh"]: zh, question.texts["en"]: en})
    (first, second), _ = evaluate_answers(notes, [question])
    return first, second


def test_rank_of_gold_is_that_of_the_first_passage_that_holds_it() -> None:
    assert gold_rank(hits(OTHER, POOLING, POOLING), GOLD) == 2


def test_same_words_in_another_note_are_no_gold() -> None:
    assert gold_rank(hits(replace(POOLING, note_path="copy.md")), GOLD) is None


def test_retrieval_is_measured_per_direction() -> None:
    found = {"池化层做什么？": hits(POOLING), "What does pooling do?": hits(*[OTHER] * 5, POOLING)}
    assert evaluate_retrieval(ScriptedNotes(found), [ANSWERABLE, UNANSWERABLE]) == [
        RetrievalRow("zh to zh", 1, 1.0, 1.0, 1.0),
        RetrievalRow("en to zh", 1, 0.0, 0.0, 1 / 6),
    ]


def test_passage_below_the_tenth_counts_as_not_found() -> None:
    found = {"池化层做什么？": hits(*[OTHER] * 10, POOLING)}
    assert evaluate_retrieval(ScriptedNotes(found), [ANSWERABLE])[0].mrr == 0.0


def test_gold_in_a_note_that_is_not_there_is_told() -> None:
    question = replace(ANSWERABLE, gold=(Gold("gone.md", "x"),))
    with pytest.raises(QuestionFileError, match=r"Question '1' names 'gone.md', but the index has no such note"):
        evaluate_retrieval(ScriptedNotes(), [question])


def test_good_answer_scores_one_everywhere() -> None:
    zh, en = answers_measured(
        answer("它缩小特征图 [1]。", QUOTED), answer("It shrinks the map [1].", QUOTED, language="en")
    )
    for row in (zh, en):
        assert (row.in_language, row.valid_citations, row.cited_gold_note, row.facts) == (1.0, 1.0, 1.0, 1.0)
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


def test_citation_of_another_passage_is_valid_and_not_gold() -> None:
    other = Citation(1, OTHER, "other", 8, 8)
    zh, _ = answers_measured(answer("它缩小特征图 [1]。", other), answer("x", QUOTED, language="en"))
    assert (zh.valid_citations, zh.cited_gold_note) == (1.0, 0.0)


def test_declining_is_right_only_without_gold() -> None:
    declined = answer("你的笔记没有讲到这个问题。"), answer("Your notes do not cover it.", language="en")
    zh, _ = answers_measured(*declined, question=UNANSWERABLE)
    assert (zh.declined_unanswerable, math.isnan(zh.declined_answerable)) == (1.0, True)
    zh, _ = answers_measured(*declined)
    assert (zh.declined_answerable, math.isnan(zh.cited_gold_note)) == (1.0, True)


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


def test_table_is_markdown() -> None:
    assert table([RetrievalRow("zh to en", 3, 1 / 3, 1.0, 0.5)]).split("\n") == [
        "| direction | questions | hit at 1 | hit at 5 | mrr |",
        "| --- | --- | --- | --- | --- |",
        "| zh to en | 3 | 0.333 | 1.000 | 0.500 |",
    ]
    assert table([]) == ""


def written(folder: Path, *lines: str) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


LINE = '{"id": 1, "zh": "问", "en": "q", "gold": [{"note": "a.md", "quote": "一\u2028二"}], "facts_zh": ["答"]}'


def test_questions_are_read(tmp_path: Path) -> None:
    expected = Question("1", {"zh": "问", "en": "q"}, (Gold("a.md", "一\u2028二"),), {"zh": ("答",), "en": ()})
    assert read_questions(written(tmp_path, LINE, "", LINE, "")) == [expected, expected]


@pytest.mark.parametrize(
    "line", ["{", "5", "[]", '{"id": "1", "zh": "问", "en": "q"}', '{"id": "1", "zh": "问", "gold": []}']
)
def test_line_that_is_no_question_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(QuestionFileError, match=r"Line 2 of '.*' is not a question: .* A line looks like"):
        read_questions(written(tmp_path, LINE, line))


def test_file_without_questions_is_told(tmp_path: Path) -> None:
    with pytest.raises(QuestionFileError, match="holds no question"):
        read_questions(written(tmp_path, "", "  "))


@pytest.mark.parametrize("data", [None, b"\xff\xfe\xfa"])
def test_file_that_cannot_be_read_is_told(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "questions.jsonl"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(QuestionFileError, match=r"The question file '.*questions.jsonl' cannot be read"):
        read_questions(path)
