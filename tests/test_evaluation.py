"""Measures on cases made by hand, and a former run that is read again."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes_chat import open_notes

from qa.assistant import NotesQA
from qa.calibration import Calibration, shipped
from qa.evaluation import (
    AnswerRow,
    Gold,
    Question,
    QuestionFileError,
    Retrieval,
    calibrate,
    changed_settings,
    configuration,
    evaluate_answers,
    evaluate_retrieval,
    gold_rank,
    read_questions,
    read_retrieval,
    table,
    to_json,
)
from qa.evidence import Evidence
from qa.metrics import ComparedRow, DecisionRow, RetrievalRow, Searched, compare
from qa.question_sets import heading_questions, write_notes
from qa.retrieval import LEXICAL_WEIGHT, Found
from qa.types import Answer, AnswerLanguage, Citation, Hit, Language, Note, Passage, Progress, Sentence

TEXT = "# 池化\r\n\r\n池化层缩小特征图。\r\n它没有参数。\r\n\r\n## B\r\n\r\nother\r\n"
NOTE = Note("cnn.md", "池化", TEXT, "0", "zh")
POOLING = Passage("cnn.md", "池化", ("池化",), TEXT[:26], 0, 26, 1, 4, "zh")
OTHER = Passage("cnn.md", "池化", ("池化", "B"), TEXT[30:43], 30, 43, 6, 8, "zh")
GOLD = (Gold("cnn.md", "缩小特征图"),)
ANSWERABLE = Question(
    "1", {"zh": "池化层做什么？", "en": "What does pooling do?"}, GOLD, {"zh": ("缩小|变小",), "en": ("shrink",)}
)
UNANSWERABLE = Question("2", {"zh": "今天天气？", "en": "Weather?"}, (), {"zh": (), "en": ()})
ENGLISH_ONLY = Question("3", {"en": "What does pooling do?"}, GOLD, {"zh": (), "en": ("shrink",)})
COVERED = Evidence(2.5, 2.5, 0.6, 0.9, 1.0, True)
NOT_COVERED = Evidence(-1.0, 0.2, 0.1, 0.0, 0.0, True)
QUOTED = Citation(1, POOLING, "池化层缩小特征图。\r\n它没有参数。", 3, 4)


def hits(*passages: Passage) -> list[Hit]:
    return [Hit(passage, rank, 1.0 / rank, rank, None, 0.8) for rank, passage in enumerate(passages, 1)]


def answer(text: str, *citations: Citation, language: Language = "zh", first_token: float | None = 0.5) -> Answer:
    timings = {} if first_token is None else {"first_token": first_token}
    said = (Sentence(language, text, tuple(c.number for c in citations), 0.1, "kept"),) if citations else ()
    return Answer("q", {language: text}, citations, (), not citations, timings=timings, sentences=said)


class ScriptedNotes:
    """Answers and finds what it was told, with the interface of NotesQA."""

    def __init__(self, found: dict[str, list[Hit]] | None = None, answers: dict[str, Answer] | None = None) -> None:
        self._found = found or {}
        self._answers = answers or {}

    def notes(self) -> dict[str, Note]:
        return {"cnn.md": NOTE}

    def calibration(self) -> Calibration:
        return shipped()

    def find(self, query: str, top_k: int = 5, topic: str | None = None) -> Found:
        hits = self._found.get(query, [])[:top_k]
        return Found(hits, COVERED if hits else NOT_COVERED)

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


def test_gold_stands_where_its_text_stands_too() -> None:
    copied = [replace(hits(OTHER)[0], copies=(POOLING,))]
    assert gold_rank(copied, GOLD) == 1


def test_gold_may_be_lines() -> None:
    assert gold_rank(hits(OTHER, POOLING), (Gold("cnn.md", lines=(3, 4)),)) == 2


def measured(found: dict[str, list[Hit]], *questions: Question) -> Retrieval:
    """With a clock that moves on by a second with each look at it."""
    return evaluate_retrieval(ScriptedNotes(found), questions, clock=itertools.count().__next__)


def test_retrieval_is_measured_per_direction() -> None:
    found = {"池化层做什么？": hits(POOLING), "What does pooling do?": hits(*[OTHER] * 5, POOLING)}
    first, second = measured(found, ANSWERABLE, UNANSWERABLE).rows
    assert (first.direction, first.questions, first.hit_at_1, first.mrr_at_10) == ("zh to zh", 1, 1.0, 1.0)
    assert (second.direction, second.hit_at_5, second.hit_at_10, second.mrr_at_10) == ("en to zh", 0.0, 1.0, 1 / 6)
    assert (first.p50_ms, first.p95_ms) == (1000, 1000)


def test_every_question_is_kept_with_what_was_found() -> None:
    gold = (*GOLD, Gold("cnn.md", "other"))
    question = replace(ENGLISH_ONLY, gold=gold)
    run = measured({"What does pooling do?": hits(OTHER, OTHER, POOLING)}, question, UNANSWERABLE)
    covered, not_covered = shipped().chance(COVERED, None, "en"), shipped().chance(NOT_COVERED, None, "en")
    assert run.searched == [
        Searched("3", "en", "en to zh", (3, 1), covered, 1000),
        Searched("2", "zh", "", (), not_covered, 1000),
        Searched("2", "en", "", (), not_covered, 1000),
    ]
    assert [one.rank for one in run.searched] == [1, None, None]


def test_what_the_search_declines_is_counted_per_language() -> None:
    zh, en = measured({"池化层做什么？": hits(POOLING)}, ANSWERABLE, UNANSWERABLE).decisions
    assert (zh.language, zh.auroc, zh.declined_answerable, zh.declined_unanswerable) == ("zh", 1.0, 0.0, 1.0)
    assert (en.language, en.auroc, en.declined_answerable, en.declined_unanswerable) == ("en", 0.5, 1.0, 1.0)


def test_passage_below_the_tenth_counts_as_not_found() -> None:
    found = {"池化层做什么？": hits(*[OTHER] * 10, POOLING)}
    assert measured(found, ANSWERABLE).rows[0].mrr_at_10 == 0.0


def test_each_search_is_reported() -> None:
    seen: list[Progress] = []
    evaluate_retrieval(ScriptedNotes(), [ANSWERABLE, ENGLISH_ONLY], seen.append)
    assert seen == [Progress("evaluate", done, 3) for done in (1, 2, 3)]


@pytest.mark.parametrize(
    ("gold", "sentence"),
    [
        (Gold("gone.md", "x"), "Question '1' names 'gone.md', but the index has no such note."),
        (Gold("cnn.md", "x y"), "Question '1' names 'cnn.md', but this note does not say 'x y'."),
        (Gold("cnn.md", lines=(3, 12)), "Question '1' names 'cnn.md', but this note has 9 lines, not 12."),
    ],
)
def test_gold_that_is_not_in_the_notes_is_told(gold: Gold, sentence: str) -> None:
    with pytest.raises(QuestionFileError) as error:
        measured({}, replace(ANSWERABLE, gold=(gold,)))
    assert str(error.value) == sentence


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


def test_table_is_markdown_with_intervals() -> None:
    interval = {"auroc": (0.25, 1.0), "declined_answerable": (math.nan, math.nan)}
    assert table([DecisionRow("zh", 3, 0, 1 / 3, 1.0, math.nan, interval)]).split("\n") == [
        "| language | answerable | unanswerable | auroc | declined answerable | declined unanswerable |",
        "| --- | --- | --- | --- | --- | --- |",
        "| zh | 3 | 0 | 0.333 (0.250 to 1.000) | 1.000 | nan |",
    ]
    row = RetrievalRow("zh to en", 3, 0.0, 0.5, 1.0, 0.5, 0.5, 12.34, 120.0)
    assert table([row]).endswith("| zh to en | 3 | 0.000 | 0.500 | 1.000 | 0.500 | 0.500 | 12.3 | 120.0 |")
    compared = ComparedRow("zh to en", 3, "hit_at_5", 0.5, 0.25, -0.25, {"difference": (-0.5, 0.0)})
    assert table([compared]).endswith("| zh to en | 3 | hit at 5 | 0.500 | 0.250 | -0.250 (-0.500 to 0.000) |")
    assert table([]) == ""


def strict(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def test_run_is_read_again_from_its_json(tmp_path: Path) -> None:
    run = measured({"What does pooling do?": hits(OTHER, POOLING)}, ANSWERABLE, UNANSWERABLE)
    value = to_json(run, {"notes": 1}, answers=[])
    path = tmp_path / "run.json"
    path.write_text(strict(value), encoding="utf-8")
    assert read_retrieval(path) == ({"notes": 1}, run.searched)
    assert compare(run.searched, read_retrieval(path)[1]) == compare(run.searched, run.searched)
    assert value["questions"][1] == {
        "id": "1",
        "language": "en",
        "direction": "en to zh",
        "ranks": (2,),
        "rank": 2,
        "probability": shipped().chance(COVERED, None, "en"),
        "milliseconds": 1000,
    }


def test_what_was_not_measured_is_null_in_json() -> None:
    value = json.loads(strict(to_json(measured({}, UNANSWERABLE), {})))
    assert value["retrieval"] == []
    assert (value["decisions"][0]["auroc"], value["decisions"][0]["declined_unanswerable"]) == (None, 1.0)
    assert value["decisions"][0]["intervals"]["auroc"] == [None, None]


@pytest.mark.parametrize(
    "text", [None, "{", "[]", "{}", '{"retrieval": []}', '{"configuration": {}, "questions": [1]}']
)
def test_file_that_is_no_former_run_is_told(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "run.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(QuestionFileError, match=r"The former run '.*run.json' cannot be read: .* --json > FILE"):
        read_retrieval(path)


def test_settings_that_differ_are_named() -> None:
    before = {"notes": 3, "splitter": "1", "retrieval": {"lexical_weight": 4.0, "candidates": 60}}
    now = {"notes": 3, "splitter": "2", "retrieval": {"lexical_weight": 6.0, "candidates": 60}, "search_text": "1"}
    assert changed_settings(before, now) == ["lexical_weight", "search_text", "splitter"]
    assert changed_settings(now, now) == []


FILES = {
    "cnn.md": "# 卷积网络笔记\n\n## 池化层的作用\n池化层缩小特征图，没有参数。\n\n## 卷积核的大小\n卷积核常取 3x3。\n",
    "opt.md": "# Optimizer notes\n\n## Weight decay in Adam\nDecay shrinks the weights at each step.\n\n"
    "## Nesterov momentum step\nMomentum looks ahead before the gradient.\n",
}


def test_real_notes_are_measured_on_a_question_file(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    gold = {"note": "opt.md", "start_line": 3, "end_line": 4}
    path.write_text(json.dumps({"id": "1", "en": "weight decay shrinks what", "gold": [gold]}), encoding="utf-8")
    with open_notes(tmp_path, FILES, None) as notes:
        (row,) = evaluate_retrieval(notes, read_questions(path)).rows
    assert (row.direction, row.hit_at_1, row.intervals["hit_at_1"]) == ("en to en", 1.0, (1.0, 1.0))


def test_configuration_names_what_the_figures_depend_on(tmp_path: Path) -> None:
    with open_notes(tmp_path, FILES, None) as notes:
        found = configuration(notes, "packaged")
        (tmp_path / "corpus" / "cnn.md").write_text("# 别的\n", encoding="utf-8")
        notes.rebuild()
        assert changed_settings(found, configuration(notes, "packaged")) == ["notes_sha256"]
    assert (found["notes"], found["encoder_name"], found["encoder"]) == (2, "packaged", "words/1")
    assert {"splitter", "segmenter", "search_text"} <= found.keys()
    assert found["retrieval"]["lexical_weight"] == LEXICAL_WEIGHT


def opened_without_words_of_headings(folder: Path) -> tuple[NotesQA, list[Question]]:
    with open_notes(folder / "whole", FILES, None) as notes:
        made = heading_questions(list(notes.notes().values()))
    write_notes(made.notes, folder / "masked" / "corpus")
    return open_notes(folder / "masked", {}, None), made.questions


def test_notes_are_measured_on_their_own_headings(tmp_path: Path) -> None:
    notes, questions = opened_without_words_of_headings(tmp_path)
    with notes:
        run = evaluate_retrieval(notes, questions)
        indexed = "".join(note.text for note in notes.notes().values())
    assert [(row.direction, row.questions) for row in run.rows] == [("zh to zh", 3), ("en to en", 3)]
    assert run.rows[1].hit_at_5 == 1.0
    assert [words for q in questions for words in q.texts.values() if words in indexed] == []


def test_calibration_is_tried_on_questions_that_it_was_not_fitted_on() -> None:
    asked = [
        replace(ENGLISH_ONLY, id=str(n), texts={"en": f"What is {n}?"}, gold=GOLD if n % 4 < 2 else ())
        for n in range(40)
    ]
    run = measured({f"What is {n}?": hits(POOLING) for n in range(40) if n % 4 < 2}, *asked)
    made, (row,) = calibrate(run, {"questions": "mine"})
    assert (row.answerable, row.unanswerable, row.auroc) == (20, 20, 1.0)
    assert (row.declined_answerable, row.declined_unanswerable) == (0.0, 1.0)
    assert made.provenance["questions"] == "mine"
    assert made.chance(COVERED, None, "en") >= shipped().chance(COVERED, None, "en")


def test_too_few_questions_calibrate_nothing() -> None:
    run = measured({"What does pooling do?": hits(POOLING)}, ENGLISH_ONLY)
    with pytest.raises(QuestionFileError, match="at least 5 questions"):
        calibrate(run, {})
