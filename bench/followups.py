"""`python -m bench.followups --kept FILE`: whether follow-up questions are answered about the right thing.

Asks those of tests/data/followup_answers.jsonl with the turn before each, the model's words kept in FILE from run to
run. An answer is about the right thing where it cites the section of the gold quote and nothing that neither stands
there nor names the subject. The bar is 9 of 10 in each language.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.kept_engine import kept_model
from qa.assistant import NotesQA
from qa.encoder import SentenceEncoder
from qa.index import Index
from qa.language import detect_language
from qa.passages import split_note
from qa.settings import Settings
from qa.types import LANGUAGES, Answer, Citation, Note, Turn

FOLLOW_UPS = Path("tests/data/followup_answers.jsonl")
BAR = 0.9


def main() -> None:
    """Ask and print: a line for each answer that is about something else or misses a fact, then a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.followups", description=__doc__)
    parser.add_argument("--kept", type=Path, required=True, help="file of what the model said")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--index", type=Path, default=Path("index"))
    options = parser.parse_args()
    settings = Settings(corpus=options.corpus, index=options.index)
    encoder = SentenceEncoder.open(settings.encoder, settings.cache, settings.encoder_batch, None)
    model = kept_model(options.kept, settings)
    rows = [json.loads(line) for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]
    found = []
    with NotesQA(options.corpus, Index(options.index), encoder, settings, lambda: (model, "kept")) as notes:
        notes.rebuild()
        notes.warm_up_encoder()  # else the quick engine encodes the first question, a little differently
        of_notes = notes.notes()
        for row in rows:
            history = [Turn(turn["question"], turn["answer"]) for turn in row["history"]]
            answer = notes.ask(row["question"], history=history)
            right, facts = is_about(answer, row, of_notes), facts_said(answer, row)
            found.append((detect_language(row["question"]), right, facts))
            if not right or not all(facts):
                cited = [f"{c.note_path} > {c.headings[-1]}" for c in answer.citations]
                print(f"{row['id']} about it: {right}, facts: {facts}, cites: {cited}\n    {answer.text!r}")
    print("\n| language | questions | about the right thing | facts | bar |\n|---|---|---|---|---|")
    for language in LANGUAGES:
        rights = [right for of, right, _ in found if of == language]
        facts = [fact for of, _, said in found if of == language for fact in said]
        met = "met" if sum(rights) >= BAR * len(rights) else "missed"
        print(f"| {language} | {len(rights)} | {sum(rights)} | {sum(facts)} of {len(facts)} | {met} |")


def is_about(answer: Answer, row: Mapping[str, Any], notes: Mapping[str, Note]) -> bool:
    """Whether the answer cites a section of gold, and only that or what names the subject."""
    sections = {_section(notes[gold["note"]], gold["quote"]) for gold in row["gold"]}
    in_gold = [(citation.note_path, citation.headings) in sections for citation in answer.citations]
    return any(in_gold) and all(
        gold or _names(citation, row["about"]) for gold, citation in zip(in_gold, answer.citations, strict=True)
    )


def facts_said(answer: Answer, row: Mapping[str, Any]) -> list[bool]:
    """Of each gold fact, whether the answer has one of its forms."""
    said = answer.text.casefold()
    return [any(form.casefold() in said for form in fact.split("|")) for fact in row["facts"]]


def _section(note: Note, quote: str) -> tuple[str, tuple[str, ...]]:
    start = note.text.index(quote)
    return note.path, next(passage.headings for passage in split_note(note) if passage.start <= start < passage.end)


def _names(citation: Citation, subjects: str) -> bool:
    text = f"{' '.join(citation.headings)} {citation.quote}".casefold()
    return any(subject.casefold() in text for subject in subjects.split("|"))


if __name__ == "__main__":
    main()
