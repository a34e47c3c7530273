"""The shipped notes and the questions on them: enough, in both languages, and no quote that points nowhere."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

from qa.notes import line_starts, read_notes
from qa.passages import split_note
from qa.question_sets import Question, read_questions
from qa.types import LANGUAGES, Note

ROOT = Path(__file__).parent.parent


@cache
def notes() -> dict[str, Note]:
    found, skipped = read_notes(ROOT / "corpus")
    assert skipped == []
    return {note.path: note for note in found}


@cache
def questions() -> list[Question]:
    return read_questions(ROOT / "tests/data/questions.jsonl")


def lines(text: str) -> list[str]:
    return [text[start:end] for start, end in pairwise([*line_starts(text), len(text)])]


def test_corpus_has_enough_notes_in_both_languages() -> None:
    assert len(notes()) >= 12
    assert sum(note.language == "en" for note in notes().values()) >= 3


def test_corpus_has_enough_passages() -> None:
    assert sum(len(split_note(note)) for note in notes().values()) >= 150


def test_every_note_begins_with_its_title() -> None:
    assert [note.path for note in notes().values() if not note.text.startswith(f"# {note.title}\n")] == []


def test_every_passage_of_the_corpus_is_under_a_heading() -> None:
    assert [p.id for note in notes().values() for p in split_note(note) if not p.headings] == []


def test_there_are_enough_questions_and_enough_that_the_notes_do_not_answer() -> None:
    assert len(questions()) >= 80
    assert sum(not question.gold for question in questions()) >= 16


def test_no_two_questions_share_an_id_or_a_text() -> None:
    for values in ([q.id for q in questions()], *([q.texts[language] for q in questions()] for language in LANGUAGES)):
        assert len(set(values)) == len(values)


def test_every_gold_quote_stands_on_exactly_one_line_of_its_note() -> None:
    counts = {
        (question.id, gold.note, gold.quote): sum(gold.quote in line for line in lines(notes()[gold.note].text))
        for question in questions()
        for gold in question.gold
    }
    assert {key: count for key, count in counts.items() if count != 1} == {}


def test_every_gold_quote_stands_in_a_passage() -> None:
    passages = {path: [p.text for p in split_note(note)] for path, note in notes().items()}
    missing = [g for q in questions() for g in q.gold if not any(g.quote in text for text in passages[g.note])]
    assert missing == []


def test_every_answerable_question_has_facts_in_both_languages() -> None:
    assert [q.id for q in questions() if bool(q.gold) != all(q.facts[language] for language in LANGUAGES)] == []
