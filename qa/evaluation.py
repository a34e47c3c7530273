"""Measures the search on questions with known answers, and fits the calibration on what it found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qa import calibration
from qa.assistant import NotesQA, ReportProgress
from qa.errors import QuestionFileError
from qa.evidence import Evidence
from qa.metrics import DEPTH, DecisionRow, RetrievalRow, Searched, decision_rows, retrieval_rows
from qa.notes import line_starts
from qa.question_sets import Gold, Question
from qa.types import Hit, Note, Progress


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What the search found for every question, and what that amounts to."""

    searched: list[Searched]
    evidence: list[Evidence]  # of each
    rows: list[RetrievalRow]
    decisions: list[DecisionRow]


def evaluate_retrieval(
    notes: NotesQA,
    questions: Sequence[Question],
    progress: ReportProgress | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Retrieval:
    """A row per direction, and one per language on whether the search tells what the notes answer.

    Raises QuestionFileError where gold is not in the notes.
    """
    of_notes = notes.notes()
    for question in questions:
        _check_gold(question, of_notes)
    asked = [(question, language, text) for question in questions for language, text in question.texts.items()]
    for _, _, text in asked[:1]:
        notes.find(text, DEPTH)  # loads what later searches find loaded, so its time is not counted
    searched, evidence = [], []
    calibrated = notes.calibration()
    for done, (question, language, text) in enumerate(asked, 1):
        started = clock()
        found = notes.find(text, DEPTH)
        milliseconds = 1000 * (clock() - started)
        searched.append(
            Searched(
                question.id,
                language,
                f"{language} to {of_notes[question.gold[0].note].language}" if question.gold else "",
                tuple(gold_rank(found.hits, [gold]) for gold in question.gold),
                calibrated.chance(found.evidence, None, language),
                milliseconds,
            )
        )
        evidence.append(found.evidence)
        if progress:
            progress(Progress("evaluate", done, len(asked)))
    return Retrieval(searched, evidence, retrieval_rows(searched), decision_rows(searched))


def calibrate(run: Retrieval, source: Mapping[str, Any]) -> tuple[calibration.Calibration, list[DecisionRow]]:
    """A calibration fitted on the questions of a run, and how it decides on questions that it was not fitted on.

    For these rows, each half of the questions is decided by weights from the other half. Raises QuestionFileError where
    there are too few questions.
    """
    answered = [bool(one.ranks) for one in run.searched]
    made = calibration.fit(run.evidence, answered, calibration.shipped(), source)
    held_out = []
    numbers = {identity: number for number, identity in enumerate(dict.fromkeys(one.id for one in run.searched))}
    halves = [numbers[one.id] % 2 for one in run.searched]  # both languages of a question in one half
    for half in (0, 1):
        others = [i for i, of in enumerate(halves) if of != half]
        fitted = calibration.moved([run.evidence[i] for i in others], [answered[i] for i in others])
        for one, evidence, of in zip(run.searched, run.evidence, halves, strict=True):
            if of == half:
                held_out.append(replace(one, probability=fitted.chance(evidence, None, one.language)))
    return made, decision_rows(held_out)


def gold_rank(hits: Iterable[Hit], gold: Sequence[Gold]) -> int | None:
    """Rank of the first hit that holds one of the places of gold, itself or as another place of the same text."""
    return next((hit.rank for hit in hits if any(g.is_in(p) for g in gold for p in (hit.passage, *hit.copies))), None)


def _check_gold(question: Question, notes: Mapping[str, Note]) -> None:
    for gold in question.gold:
        name = f"Question {question.id!r} names {gold.note!r}, but"
        if gold.note not in notes:
            raise QuestionFileError(f"{name} the index has no such note.")
        text = notes[gold.note].text
        if gold.lines and gold.lines[1] > (count := len(line_starts(text))):
            raise QuestionFileError(f"{name} this note has {count} lines, not {gold.lines[1]}.")
        if gold.quote not in text:
            raise QuestionFileError(f"{name} this note does not say {gold.quote!r}.")
