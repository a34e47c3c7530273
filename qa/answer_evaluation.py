"""Measures answers on questions with known answers, with nothing judged by a model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qa.assistant import NotesQA, ReportProgress
from qa.citations import numbers_in
from qa.passages import split_note
from qa.question_sets import Gold, Question
from qa.types import LANGUAGES, Answer, Citation, Language, Progress
from qa.writing import in_language


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
        "facts": [not answer.abstained and _holds(text, fact) for fact in facts],  # a refusal names topics
        "seconds": seconds,
        "first_token": answer.timings.get("first_token"),
    }


def _holds(text: str, fact: str) -> bool:
    return any(part.casefold() in text.casefold() for part in fact.split("|"))


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
        _ratio(records, "valid_citations", "citations"),
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
