"""Measures retrieval and answers on questions with known answers, with nothing judged by a model."""

from __future__ import annotations

import hashlib
import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qa import __version__, calibration, retrieval
from qa.assistant import NotesQA
from qa.citations import numbers_in
from qa.errors import QuestionFileError
from qa.evidence import Evidence
from qa.metrics import DEPTH, ComparedRow, DecisionRow, RetrievalRow, Searched, decision_rows, retrieval_rows
from qa.notes import line_starts
from qa.passages import split_note
from qa.question_sets import Gold, Question, read_questions
from qa.types import LANGUAGES, Answer, Citation, Hit, Language, Note, Progress
from qa.writing import in_language

__all__ = [
    "Gold",
    "Question",
    "QuestionFileError",
    "Retrieval",
    "calibrate",
    "changed_settings",
    "configuration",
    "evaluate_answers",
    "evaluate_retrieval",
    "read_questions",
    "read_retrieval",
    "table",
    "to_json",
]

ReportProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What the search found for every question, and what that amounts to."""

    searched: list[Searched]
    evidence: list[Evidence]  # of each
    rows: list[RetrievalRow]
    decisions: list[DecisionRow]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """How good the answers to the questions of one language are: shares, 0 to 1; `nan` where nothing was asked."""

    language: Language
    questions: int
    in_language: float
    valid_citations: float  # citations whose quote stands in the note at its lines, and numbers that have one
    citation_precision: float  # citations that quote the section of the gold evidence
    citation_recall: float  # pieces of gold evidence that a citation quotes, in answers that were given
    facts: float  # gold facts that the answers hold; those of declined answers count as missed
    unsupported: float  # sentences of the texts that cite nothing
    left_out: float  # sentences that the model wrote and the check took out
    declined_unanswerable: float
    declined_answerable: float
    seconds: float  # median
    first_token: float  # median seconds to the first text


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


def evaluate_answers(
    notes: NotesQA,
    questions: Sequence[Question],
    progress: ReportProgress | None = None,
    languages: Sequence[Language] = LANGUAGES,
) -> tuple[list[AnswerRow], list[dict[str, Any]]]:
    """A row per language in which there are questions, and every answer with what was found wrong with it."""
    records: list[dict[str, Any]] = []
    rows = []
    total = sum(language in question.texts for question in questions for language in languages)
    for language in languages:
        of_language = []
        for question in questions:
            if language not in question.texts:
                continue
            started = time.perf_counter()
            answer = notes.ask(question.texts[language], language)
            of_language.append(_record(notes, question, language, answer, time.perf_counter() - started))
            if progress:
                progress(Progress("evaluate", len(records) + len(of_language), total))
        if of_language:
            rows.append(_answer_row(language, of_language))
        records += of_language
    return rows, records


def gold_rank(hits: Iterable[Hit], gold: Sequence[Gold]) -> int | None:
    """Rank of the first hit that holds one of the places of gold, itself or as another place of the same text."""
    return next((hit.rank for hit in hits if any(g.is_in(p) for g in gold for p in (hit.passage, *hit.copies))), None)


def configuration(notes: NotesQA, encoder: str) -> dict[str, Any]:
    """What the figures depend on: `encoder` is its name in the settings."""
    of_notes = notes.notes()
    hashes = "".join(f"{path} {note.sha256}\n" for path, note in sorted(of_notes.items()))
    weights = {key.lower(): value for key, value in vars(retrieval).items() if key.isupper() and key[0] != "_"}
    return {
        "notes_qa": __version__,
        "notes": len(of_notes),
        "notes_sha256": hashlib.sha256(hashes.encode("utf-8", "replace")).hexdigest(),
        "encoder_name": encoder,
        **notes.built_with(),
        "translated_by": notes.model_name if notes.chat_model is not None else None,
        "calibration": dict(notes.calibration().provenance),
        "retrieval": {key: value for key, value in weights.items() if isinstance(value, int | float)},
    }


def to_json(run: Retrieval, of_run: Mapping[str, Any], **others: Sequence[Any]) -> dict[str, Any]:
    """A run for other programs and for `read_retrieval`: what was not measured is null. `others` are lists of rows."""
    rows: dict[str, Sequence[Any]] = {"retrieval": run.rows, "decisions": run.decisions, **others}
    questions = [{**asdict(one), "direction": one.direction or None, "rank": one.rank} for one in run.searched]
    tables = {name: [_without_nan(asdict(row)) for row in of_name] for name, of_name in rows.items()}
    return {"configuration": of_run, **tables, "questions": questions}


def read_retrieval(path: Path) -> tuple[dict[str, Any], list[Searched]]:
    """Configuration and findings of a former run, from its JSON. Raises QuestionFileError."""
    try:
        run = json.loads(path.read_text(encoding="utf-8-sig"))
        searched = [
            Searched(
                str(one["id"]),
                one["language"],
                one["direction"] or "",
                tuple(None if rank is None else int(rank) for rank in one["ranks"]),
                float(one["probability"]),
                float(one["milliseconds"]),
            )
            for one in run["questions"]
        ]
        return dict(run["configuration"]), searched
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise QuestionFileError(
            f"The former run {str(path)!r} cannot be read: {error!r}. Make one with: notes-qa eval ... --json > FILE"
        ) from None


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Names of what two configurations differ in: where the notes do, more than the program has changed."""
    before, now = ({**of, **of.get("retrieval", {}), "retrieval": None} for of in (before, now))
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def table(rows: Sequence[RetrievalRow | DecisionRow | ComparedRow | AnswerRow]) -> str:
    """The rows as a Markdown table, each figure with its interval where it has one."""
    if not rows:
        return ""
    values = [{name: value for name, value in asdict(row).items() if name != "intervals"} for row in rows]
    header = [name.replace("_", " ") for name in values[0]]
    body = [[_cell(row, name, value) for name, value in of.items()] for row, of in zip(rows, values, strict=True)]
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(row: object, name: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value).replace("_", " ")
    low, high = getattr(row, "intervals", {}).get(name, (math.nan, math.nan))
    text = f"{value:.1f}" if name.endswith("_ms") else f"{value:.3f}"
    return text if math.isnan(low) else f"{text} ({low:.3f} to {high:.3f})"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(of_key) for key, of_key in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


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


def _record(notes: NotesQA, question: Question, language: Language, answer: Answer, seconds: float) -> dict[str, Any]:
    text = answer.texts[language]
    valid = [_is_valid(notes, answer, number) for number in numbers_in(text)]
    places = [_place(notes, gold) for gold in question.gold]
    sentences = [sentence for sentence in answer.sentences if sentence.language == language]
    kept = [sentence for sentence in sentences if sentence.change != "dropped"]
    facts = question.facts[language]
    return {
        "id": question.id,
        "language": language,
        "question": question.texts[language],
        "answer": text,
        "answerable": bool(question.gold),
        "declined": answer.abstained,
        "chance": answer.chance,
        "in_language": in_language(text, language),
        "citations": len(valid),
        "valid_citations": sum(valid),
        "cited_right": sum(any(_in_section(c, place) for place in places) for c in answer.citations),
        "gold": len(places),
        "gold_quoted": sum(any(_quotes(c, place) for c in answer.citations) for place in places),
        "quotes": [[c.number, c.note_path, c.start_line, c.end_line, c.quote] for c in answer.citations],
        "citations_given": len(answer.citations),
        "written": len(sentences),
        "sentences": [{**asdict(sentence), "citations": list(sentence.citations)} for sentence in sentences],
        "kept": len(kept),
        "unsupported": sum(not sentence.citations for sentence in kept),
        "facts": [any(part.casefold() in text.casefold() for part in fact.split("|")) for fact in facts],
        "seconds": seconds,
        "first_token": answer.timings.get("first_token"),
    }


def _place(notes: NotesQA, gold: Gold) -> tuple[str, tuple[str, ...], tuple[int, int]]:
    """Note, headings and lines (1-based) of a piece of gold evidence."""
    note = notes.notes()[gold.note]
    lines = gold.lines
    if lines is None:
        first = note.text[: note.text.find(gold.quote)].count("\n") + 1
        lines = (first, first + gold.quote.count("\n"))
    headings = next((p.headings for p in split_note(note) if p.start_line <= lines[0] <= p.end_line), ())
    return gold.note, headings, lines


def _in_section(citation: Citation, place: tuple[str, tuple[str, ...], tuple[int, int]]) -> bool:
    note, headings, _ = place
    return _quotes(citation, place) or (citation.note_path == note and citation.headings == headings)


def _quotes(citation: Citation, place: tuple[str, tuple[str, ...], tuple[int, int]]) -> bool:
    note, _, (start, end) = place
    return citation.note_path == note and citation.start_line <= end and start <= citation.end_line


def _is_valid(notes: NotesQA, answer: Answer, number: int) -> bool:
    """Whether the number has a citation whose quote stands in the note on exactly its lines."""
    of_number = [citation for citation in answer.citations if citation.number == number]
    if len(of_number) != 1:
        return False
    citation = of_number[0]
    lines = notes.notes()[citation.note_path].text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    stretch = "\n".join(lines[citation.start_line - 1 : citation.end_line])
    quote = citation.quote.replace("\r\n", "\n").replace("\r", "\n")
    return quote in stretch and quote.count("\n") == citation.end_line - citation.start_line


def _answer_row(language: Language, records: Sequence[dict[str, Any]]) -> AnswerRow:
    answerable = [record for record in records if record["answerable"]]
    given = [record for record in answerable if not record["declined"]]
    others = [record for record in records if not record["answerable"]]
    first = [record["first_token"] for record in records if record["first_token"] is not None]
    return AnswerRow(
        language,
        len(records),
        _share(record["in_language"] for record in records),
        sum(record["valid_citations"] for record in records) / max(1, sum(record["citations"] for record in records)),
        _ratio(given, "cited_right", "citations_given"),
        _ratio(given, "gold_quoted", "gold"),
        _share(fact for record in answerable for fact in record["facts"]),
        _ratio(records, "unsupported", "kept"),
        1 - _ratio(records, "kept", "written"),
        _share(record["declined"] for record in others),
        _share(record["declined"] for record in answerable),
        statistics.median(record["seconds"] for record in records),
        statistics.median(first) if first else float("nan"),
    )


def _ratio(records: Iterable[Mapping[str, Any]], part: str, whole: str) -> float:
    of = list(records)
    total = sum(record[whole] for record in of)
    return float(sum(record[part] for record in of) / total) if total else float("nan")


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else float("nan")
