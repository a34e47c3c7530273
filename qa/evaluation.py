"""Measures retrieval and answers on a question file: rates per direction, with nothing judged by a model."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qa.assistant import NotesQA
from qa.citations import numbers_in
from qa.errors import NotesQAError
from qa.types import LANGUAGES, Answer, Hit, Language, Progress
from qa.writing import in_language

_DEPTH = 10


class QuestionFileError(NotesQAError):
    """The question file cannot be used."""


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands: a verbatim quote of one line of a note."""

    note: str
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question in both languages; without gold the notes do not answer it."""

    id: str
    texts: dict[Language, str]
    gold: tuple[Gold, ...]
    facts: dict[Language, tuple[str, ...]]  # each a phrase that a right answer holds; `a|b` are alternatives


@dataclass(frozen=True, slots=True)
class RetrievalRow:
    """How well one direction retrieves: shares of the questions, 0 to 1."""

    direction: str  # "question's language to note's"
    questions: int
    hit_at_1: float
    hit_at_5: float
    mrr: float  # mean reciprocal rank within the first ten


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """How good the answers to the questions of one language are: shares, 0 to 1; `nan` where nothing was asked."""

    language: Language
    questions: int
    in_language: float
    valid_citations: float  # citations whose quote stands in the note at its lines, and numbers that have one
    cited_gold_note: float  # answers to answerable questions that cite the gold passage
    facts: float  # gold facts that the answers hold
    declined_unanswerable: float
    declined_answerable: float
    seconds: float  # median
    first_token: float  # median seconds to the first text


def read_questions(path: Path) -> list[Question]:
    """The questions of a JSON Lines file. Raises QuestionFileError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionFileError(f"The question file {str(path)!r} cannot be read: {error}") from None
    questions = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            questions.append(
                Question(
                    str(item["id"]),
                    {language: item[language] for language in LANGUAGES},
                    tuple(Gold(gold["note"], gold["quote"]) for gold in item["gold"]),
                    {language: tuple(item.get(f"facts_{language}", ())) for language in LANGUAGES},
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise QuestionFileError(
                f"Line {number} of {str(path)!r} is not a question: {error!r}. "
                'A line looks like {"id": "1", "zh": "...", "en": "...", "gold": [{"note": "a.md", "quote": "..."}]}.'
            ) from None
    if not questions:
        raise QuestionFileError(f"The question file {str(path)!r} holds no question.")
    return questions


def evaluate_retrieval(notes: NotesQA, questions: Sequence[Question]) -> list[RetrievalRow]:
    """A row per direction in which there are answerable questions."""
    ranks: dict[str, list[int | None]] = {}
    languages = {path: note.language for path, note in notes.notes().items()}
    for question in questions:
        if not question.gold:
            continue
        _check_gold(question, languages)
        for language in LANGUAGES:
            hits = notes.search(question.texts[language], _DEPTH)
            direction = f"{language} to {languages[question.gold[0].note]}"
            ranks.setdefault(direction, []).append(gold_rank(hits, question.gold))
    return [_retrieval_row(direction, found) for direction, found in sorted(ranks.items(), reverse=True)]


def evaluate_answers(
    notes: NotesQA, questions: Sequence[Question], progress: Callable[[Progress], None] | None = None
) -> tuple[list[AnswerRow], list[dict[str, Any]]]:
    """A row per language, and every answer with what was found wrong with it."""
    records: list[dict[str, Any]] = []
    rows = []
    for language in LANGUAGES:
        of_language = []
        for question in questions:
            started = time.perf_counter()
            answer = notes.ask(question.texts[language], language)
            of_language.append(_record(notes, question, language, answer, time.perf_counter() - started))
            if progress:
                progress(Progress("evaluate", len(records) + len(of_language), len(LANGUAGES) * len(questions)))
        rows.append(_answer_row(language, of_language))
        records += of_language
    return rows, records


def gold_rank(hits: Iterable[Hit], gold: Sequence[Gold]) -> int | None:
    """Rank of the first hit that holds one of the gold quotes."""
    return next((hit.rank for hit in hits if any(_holds(hit, g) for g in gold)), None)


def table(rows: Sequence[RetrievalRow] | Sequence[AnswerRow]) -> str:
    """The rows as a Markdown table."""
    if not rows:
        return ""
    values = [asdict(row) for row in rows]
    header = [name.replace("_", " ") for name in values[0]]
    body = [[f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()] for row in values]
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _holds(hit: Hit, gold: Gold) -> bool:
    return hit.passage.note_path == gold.note and gold.quote in hit.passage.text


def _check_gold(question: Question, languages: dict[str, Language]) -> None:
    for gold in question.gold:
        if gold.note not in languages:
            raise QuestionFileError(f"Question {question.id!r} names {gold.note!r}, but the index has no such note.")


def _retrieval_row(direction: str, ranks: Sequence[int | None]) -> RetrievalRow:
    count = len(ranks)
    return RetrievalRow(
        direction,
        count,
        sum(rank == 1 for rank in ranks) / count,
        sum(rank is not None and rank <= 5 for rank in ranks) / count,
        sum(1 / rank for rank in ranks if rank) / count,
    )


def _record(notes: NotesQA, question: Question, language: Language, answer: Answer, seconds: float) -> dict[str, Any]:
    text = answer.texts[language]
    valid = [_is_valid(notes, answer, number) for number in numbers_in(text)]
    cited = [g for g in question.gold for c in answer.citations if c.note_path == g.note and g.quote in c.passage.text]
    facts = question.facts[language]
    return {
        "id": question.id,
        "language": language,
        "question": question.texts[language],
        "answer": text,
        "answerable": bool(question.gold),
        "declined": answer.abstained,
        "in_language": in_language(text, language),
        "citations": len(valid),
        "valid_citations": sum(valid),
        "cited_gold": bool(cited),
        "facts": [any(part.casefold() in text.casefold() for part in fact.split("|")) for fact in facts],
        "seconds": seconds,
        "first_token": answer.timings.get("first_token"),
    }


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
        _share(record["cited_gold"] for record in given),
        _share(fact for record in answerable for fact in record["facts"]),
        _share(record["declined"] for record in others),
        _share(record["declined"] for record in answerable),
        statistics.median(record["seconds"] for record in records),
        statistics.median(first) if first else float("nan"),
    )


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else float("nan")
