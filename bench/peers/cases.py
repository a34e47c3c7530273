"""The notes and the questions of a run: notes-qa's own kind, and the public sets that `bench.retrieval` reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.language import detect_language
from qa.question_sets import Gold, read_questions
from qa.types import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class Case:
    """A question in one language; gold without quote and lines is a whole note."""

    id: str
    language: Language
    text: str
    gold: tuple[Gold, ...]


def copy_notes(corpus: Path, folder: Path) -> None:
    """A folder of notes, or a JSON Lines file of passages, each of which becomes a note."""
    if corpus.is_dir():
        shutil.copytree(corpus, folder, ignore=shutil.ignore_patterns(".git"))
        return
    folder.mkdir(parents=True)
    for passage in _lines(corpus):
        (folder / note_of(passage["id"])).write_text(passage["text"], encoding="utf-8")


def read_cases(path: Path) -> list[Case]:
    """The answerable questions of a file. Raises QuestionFileError where it is of none of the kinds."""
    if _is_public(path):
        return [_public(item, path) for item in _lines(path)]
    return [
        Case(question.id, language, text, question.gold)
        for question in read_questions(path)
        for language, text in question.texts.items()
        if question.gold
    ]


def note_of(passage: str) -> str:
    """The name of a passage's note; says nothing, as the id would: the names of notes may be searched too."""
    return f"{hashlib.blake2b(passage.encode(), digest_size=6).hexdigest()}.md"


def _is_public(path: Path) -> bool:
    first = next((line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()), "")
    try:
        return "text" in json.loads(first)
    except ValueError:
        return False  # the reader of questions says what is wrong with it


def _public(item: Mapping[str, Any], path: Path) -> Case:
    text = item.get("text_ctx") or item["text"]
    named = (language for language in LANGUAGES if f".{language}" in path.suffixes)
    language = item.get("lang") or next(named, None) or detect_language(text)
    return Case(item["id"], language, text, tuple(map(_gold, item["gold"])))


def _gold(place: Any) -> Gold:
    if isinstance(place, str):
        return Gold(note_of(place))
    return Gold(place["file"], lines=(place["line"], place["end_line"]))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
