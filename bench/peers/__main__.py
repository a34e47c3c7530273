"""`python -m bench.peers`: notes-qa and other pipelines over the same notes and questions, as a Markdown table.

Each pipeline runs in a process of its own, one after the other. Run it on an idle machine; the package's docstring says
how to install it and what is alike. Notes are `*.md` files; CORPUS may also be a JSON Lines file of passages. Searches
come before the chat model is loaded, as notes-qa translates questions by it once it is there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.peers.cases import Case, copy_notes, read_cases
from bench.peers.measuring import PIPELINES, Task, pipelines
from bench.peers.pipeline import Piece
from bench.peers.report import print_report
from bench.peers.scoring import first_right
from qa.notes import read_notes
from qa.question_sets import draw
from qa.types import Note

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=ROOT / "corpus", help="folder of notes, or file of passages")
    parser.add_argument("--questions", type=Path, nargs="+", default=[ROOT / "tests" / "data" / "questions.jsonl"])
    parser.add_argument("--only", nargs="+", choices=PIPELINES, default=[], help="pipelines; without it all")
    parser.add_argument("--searches", type=int, help="questions to search for, evenly drawn; without it all")
    parser.add_argument("--answers", type=int, default=4, help="questions to answer in both languages")
    parser.add_argument("--repeat", type=int, default=3, help="edits of a note")
    parser.add_argument("--answer-tokens", type=int, default=96, help="longest answer in one language")
    parser.add_argument("--context-tokens", type=int, default=4096, help="context of the chat model")
    parser.add_argument("--json", type=Path, help="file for all that was measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        original = Path(temporary, "notes")
        copy_notes(options.corpus, original)
        notes = {note.path: note for note in read_notes(original)[0]}
        every = [case for path in options.questions for case in read_cases(path)]
        cases = [case for case in every if all(gold.note in notes for gold in case.gold)]
        if not cases:
            parser.error("The notes hold the gold of no question.")
        searched = draw(cases, options.searches)
        asked = _to_answer(cases, options.answers)
        results: dict[str, dict[str, Any]] = {}
        for name in pipelines(options.only):
            folder = Path(temporary, name, "notes")
            copy_notes(options.corpus, folder)
            task = Task(
                name,
                str(folder),
                [case.text for case in searched],
                [case.text for case in asked],
                searched[0].gold[0].note,
                options.repeat,
                options.answer_tokens,
                options.context_tokens,
            )
            if result := _run(task, Path(temporary, name)):
                results[name] = result | _scores(result["found"], searched, notes)
    if options.json:
        options.json.write_text(
            json.dumps(
                {"cases": [asdict(case) for case in searched], "results": results}, ensure_ascii=False, indent=1
            ),
            encoding="utf-8",
        )
    print_report(results, left_out=len(every) - len(cases))


def _scores(
    found: Sequence[Sequence[Mapping[str, Any]]], searched: Sequence[Case], notes: Mapping[str, Note]
) -> dict[str, Any]:
    """Rank of the first right piece of every search, and its direction."""
    texts = {path: note.text for path, note in notes.items()}
    return {
        "ranks": [
            first_right([Piece(**piece) for piece in pieces], case.gold, texts)
            for pieces, case in zip(found, searched, strict=True)
        ],
        "directions": [f"{case.language} to {notes[case.gold[0].note].language}" for case in searched],
    }


def _to_answer(cases: Sequence[Case], count: int) -> list[Case]:
    """Evenly drawn, in Chinese where there are such: a question that has both languages is asked once."""
    chinese = [case for case in cases if case.language == "zh"]
    return draw(chinese or cases, count) if count else []


def _run(task: Task, folder: Path) -> dict[str, Any] | None:
    """What the process measured; none where it failed, which it has told on stderr by then."""
    given, made = folder / "task.json", folder / "result.json"
    given.write_text(json.dumps(asdict(task), ensure_ascii=False), encoding="utf-8")
    print(f"{task.name} (load {os.getloadavg()[0]:.1f}) ...", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "bench.peers.measuring", str(given), str(made)], cwd=ROOT, stdout=sys.stderr, check=False
    )
    if done.returncode:
        print(f"{task.name} failed with {done.returncode}", file=sys.stderr)
        return None
    measured: dict[str, Any] = json.loads(made.read_text(encoding="utf-8"))
    return measured


if __name__ == "__main__":
    main()
