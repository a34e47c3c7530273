"""A run of questions as tables and as JSON, what it depends on, and a former run read again."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qa import __version__, ranking, retrieval
from qa.answer_evaluation import AnswerRow
from qa.assistant import NotesQA
from qa.errors import QuestionFileError
from qa.evaluation import Retrieval
from qa.metrics import ComparedRow, DecisionRow, RetrievalRow, Searched


def configuration(notes: NotesQA, encoder: str) -> dict[str, Any]:
    """What the figures depend on: `encoder` is its name in the settings."""
    of_notes = notes.notes()
    hashes = "".join(f"{path} {note.sha256}\n" for path, note in sorted(of_notes.items()))
    constants = vars(ranking) | vars(retrieval)
    weights = {key.lower(): value for key, value in constants.items() if key.isupper() and key[0] != "_"}
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
