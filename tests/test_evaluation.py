"""The search measured on cases made by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fakes_chat import open_notes
from fakes_evaluation import (
    ANSWERABLE,
    COVERED,
    ENGLISH_ONLY,
    FILES,
    GOLD,
    NOT_COVERED,
    OTHER,
    POOLING,
    UNANSWERABLE,
    ScriptedNotes,
    hits,
    measured,
)

from qa.assistant import NotesQA
from qa.calibration import shipped
from qa.errors import QuestionFileError
from qa.evaluation import calibrate, evaluate_retrieval, gold_rank
from qa.metrics import Searched
from qa.question_sets import Gold, Question, heading_questions, read_questions, write_notes
from qa.types import Progress


def test_rank_of_gold_is_that_of_the_first_passage_that_holds_it() -> None:
    assert gold_rank(hits(OTHER, POOLING, POOLING), GOLD) == 2


def test_same_words_in_another_note_are_no_gold() -> None:
    assert gold_rank(hits(replace(POOLING, note_path="copy.md")), GOLD) is None


def test_gold_stands_where_its_text_stands_too() -> None:
    copied = [replace(hits(OTHER)[0], copies=(POOLING,))]
    assert gold_rank(copied, GOLD) == 1


def test_gold_may_be_lines() -> None:
    assert gold_rank(hits(OTHER, POOLING), (Gold("cnn.md", lines=(3, 4)),)) == 2


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


def test_real_notes_are_measured_on_a_question_file(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    gold = {"note": "opt.md", "start_line": 3, "end_line": 4}
    path.write_text(json.dumps({"id": "1", "en": "weight decay shrinks what", "gold": [gold]}), encoding="utf-8")
    with open_notes(tmp_path, FILES, None) as notes:
        (row,) = evaluate_retrieval(notes, read_questions(path)).rows
    assert (row.direction, row.hit_at_1, row.intervals["hit_at_1"]) == ("en to en", 1.0, (1.0, 1.0))


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
