"""What `notes-qa eval` does: notes and questions, measures, the judge, and the report."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from qa import calibration
from qa.answer_evaluation import AnswerRow, evaluate_answers
from qa.assistant import NotesQA
from qa.chat import open_chat_model
from qa.cli_bar import Bar, progress_bar
from qa.cli_text import compared_text
from qa.errors import ModelNotFound, QuestionFileError, SettingsError
from qa.evaluation import calibrate, evaluate_retrieval
from qa.judging import CONTEXT_TOKENS, judge_answers, judged_row
from qa.metrics import DecisionRow, compare
from qa.notes import read_notes
from qa.question_sets import Question, draw, heading_questions, read_questions, withhold_notes, write_notes
from qa.reports import changed_settings, configuration, read_retrieval, table, to_json
from qa.settings import Settings
from qa.types import Language
from qa.words import word


def evaluate(options: argparse.Namespace, settings: Settings, language: Language) -> None:
    """Measure what the options ask for and print it."""
    if options.records:
        _check_records(options)
    settings_before, before = read_retrieval(options.compare) if options.compare else ({}, [])
    with _judge(options, settings) as judge, progress_bar(language) as progress:
        with _measured(options, settings, language, progress) as (notes, questions, source):
            if options.translate:
                notes.warm_up()
            run = evaluate_retrieval(notes, questions, progress)
            of_run = configuration(notes, settings.encoder) | source
            asked = _evenly(questions, options.sample) if options.sample else questions
            answered = options.answers or judge
            if answered:
                notes.warm_up(whole=True)  # one question follows the other: there is no pause to read ahead in
            answers, records = evaluate_answers(notes, asked, progress) if answered else ([], [])
        if judge:  # when all figures are there and the notes are closed
            answers = _judged(judge, options, settings, answers, records, asked, progress)
    compared, changed = compare(before, run.searched)
    if options.compare and (names := changed_settings(settings_before, of_run)):
        print(word("settings_changed", language, names=", ".join(names)), file=sys.stderr)
    calibrated: list[DecisionRow] = []
    if options.calibrate:
        made, calibrated = calibrate(run, source)
        path = calibration.save(made, settings.index)
        print(word("calibrated", language, path=path), file=sys.stderr)
    if options.records:
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        options.records.write_text("".join(lines), encoding="utf-8")
    if options.json:
        value = to_json(run, of_run, answers=answers, calibrated=calibrated, compared=compared, changed=changed)
        print(json.dumps(value, ensure_ascii=False, indent=2, default=str), flush=True)
    else:
        tables = [table(run.rows), table(run.decisions), table(calibrated), table(answers), table(compared)]
        print("\n\n".join(filter(None, (*tables, "\n".join(compared_text(one, language) for one in changed)))))


@contextlib.contextmanager
def _judge(options: argparse.Namespace, settings: Settings) -> Iterator[BaseChatModel | None]:
    """The model that reads the answers, opened before anything is measured, so that a wrong name costs nothing."""
    if not options.judge:
        yield None
        return
    key = settings.judge_api_key if settings.judge_base_url else settings.api_key  # a key goes to its own server only
    model, _ = open_chat_model(
        options.judge,
        cache=settings.cache,
        engine=settings.engine,
        base_url=settings.judge_base_url or settings.base_url,
        api_key=key.get_secret_value() if key else None,
        context_tokens=_judge_context(settings),
        timeout=settings.timeout,
    )
    if model is None:
        raise ModelNotFound(f"{options.judge!r} is no chat model that could judge. Name one such as ollama:MODEL.")
    try:
        yield model
    finally:
        close = getattr(model, "close", None)
        if close is not None:
            close()


def _judged(
    judge: BaseChatModel,
    options: argparse.Namespace,
    settings: Settings,
    rows: Sequence[AnswerRow],
    records: Sequence[dict[str, Any]],
    questions: Sequence[Question],
    progress: Bar,
) -> list[AnswerRow]:
    """The rows with the judge's columns; what it said of each answer goes into the records."""
    found = judge_answers(
        judge,
        records,
        {question.id: question.facts for question in questions},
        context_tokens=_judge_context(settings),
        timeout=settings.timeout,
        progress=progress,
    )
    for record, one in zip(records, found, strict=True):
        record["judge"] = asdict(one) if one else None
    return [
        judged_row(
            row,
            options.judge,
            [one for record, one in zip(records, found, strict=True) if one and record["language"] == row.language],
        )
        for row in rows
    ]


def _judge_context(settings: Settings) -> int:
    return max(settings.context_tokens, CONTEXT_TOKENS)


@contextlib.contextmanager
def _measured(
    options: argparse.Namespace, settings: Settings, language: Language, progress: Bar
) -> Iterator[tuple[NotesQA, list[Question], dict[str, Any]]]:
    """The notes, the questions to be asked of them, and where these come from."""
    if not options.from_headings:
        questions = draw(read_questions(options.questions), options.limit)
        with NotesQA.open(settings=settings, progress=progress, refresh=not options.no_refresh) as notes:
            yield notes, questions, {"questions": options.questions.name, "limit": options.limit}
        return
    made = heading_questions(read_notes(settings.corpus)[0], options.limit)
    if options.calibrate:
        made = withhold_notes(made)
    if not made.questions:
        raise QuestionFileError(f"No heading in {str(settings.corpus)!r} names anything of its own to ask about.")
    print(word("headings", language, questions=len(made.questions), left_out=made.left_out), file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="notes-qa-", ignore_cleanup_errors=True) as folder:
        corpus = Path(folder, "notes")
        write_notes(made.notes, corpus)
        with NotesQA.open(corpus, Path(folder, "index"), settings, progress) as notes:
            yield notes, made.questions, {"questions": "headings", "limit": options.limit, "left_out": made.left_out}


def _evenly(questions: Sequence[Question], most: int) -> list[Question]:
    count = min(most, len(questions))
    return [questions[n * len(questions) // count] for n in range(count)]


def _check_records(options: argparse.Namespace) -> None:
    """Before anything is measured, so that hours of work are not lost."""
    if not (options.answers or options.judge):
        raise SettingsError("--records writes what was answered. Give --answers too.")
    try:
        with options.records.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise SettingsError(
            f"--records cannot be written to '{options.records}': {error.strerror or error}. Name a file in a folder "
            "that exists."
        ) from error
