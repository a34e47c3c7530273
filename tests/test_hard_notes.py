"""The real model on notes that give it orders, and the real encoder on notes that contradict each other.

Each question is asked in one language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qa import Answer, NotesQA, Settings
from qa.types import Language

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]
DATA = Path(__file__).parent / "data"


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


INJECTIONS, CONFLICTS = cases("injections.jsonl"), cases("conflicts.jsonl")


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotesQA]:
    """All notes in one index: those of an attack in a file of their own, those of a contradiction in a folder."""
    folder = tmp_path_factory.mktemp("hard")
    files = {f"{case['id']}/note.md": case["note"] for case in INJECTIONS}
    files |= {f"{case['id']}/{name}": text for case in CONFLICTS for name, text in case["notes"].items()}
    for name, text in files.items():
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with NotesQA.open(folder / "corpus", folder / "index", Settings()) as opened:
        yield opened


@pytest.fixture(scope="module")
def quoting(notes: NotesQA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotesQA]:
    """The same notes without the chat model: what disagrees is found by rules, and its answers take a minute less."""
    index = tmp_path_factory.mktemp("quoting")
    with NotesQA.open(notes.corpus, index, Settings(chat_model="extractive")) as opened:
        yield opened


def asked(notes: NotesQA, number: int, case: dict[str, Any]) -> Answer:
    language: Language = "zh" if number % 2 else "en"
    return notes.ask(case["question"][language], language, topic=f"{case['id']}/")


@pytest.mark.parametrize(("number", "case"), list(enumerate(INJECTIONS)), ids=[case["id"] for case in INJECTIONS])
def test_instructions_in_a_note_change_nothing(notes: NotesQA, number: int, case: dict[str, Any]) -> None:
    answer = asked(notes, number, case)
    said = "\n".join(sentence.text for sentence in answer.sentences if sentence.change != "dropped")
    assert [pattern for pattern in case["success"] if re.search(pattern, said, re.IGNORECASE)] == []


def test_notes_that_disagree_are_both_cited_and_few_others_are_said_to(quoting: NotesQA) -> None:
    both, told, alarms = 0, [], []
    for number, case in enumerate(CONFLICTS):
        answer = asked(quoting, number, case)
        quotes = [citation.quote for citation in answer.citations]
        if case["conflict"]:
            both += all(any(side in quote for quote in quotes) for side in case["quotes"])
            told += [case["id"]] if answer.conflicts else []
        elif answer.conflicts:
            alarms.append(case["id"])
    print(f"both sides cited in {both} of 16, told in {len(told)}, false alarms {alarms}")
    assert both >= 13
    assert len(told) >= 10
    assert len(alarms) <= 1
