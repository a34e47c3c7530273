"""`python -m bench.peers.measuring`: one pipeline in a process of its own; `bench.peers` starts it and scores.

Reads what to do from a JSON file and writes what it measured beside it.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.peers.pipeline import Limits, Pipeline

PIPELINES = {
    "notes-qa": "notes_qa:NotesQAPipeline",
    "langchain": "langchain_tutorial:LangChainPipeline",
    "llamaindex": "llamaindex:LlamaIndexPipeline",
    "txtai": "txtai_pipeline:TxtaiPipeline",
    "haystack": "haystack_pipeline:HaystackPipeline",
}
# Nothing is asked from or told to the network; they must be set before the libraries are imported. OpenMP's threads do
# not spin while they wait: beside anything else on the same cores that made a search several times slower.
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "DO_NOT_TRACK": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
}
DEPTH = 5
_EDIT = "紫貂调度法第 {n} 版 (sable scheduling, revision {n}) 先把学习率升到峰值，再分 {n} 段线性下降。"


@dataclass(frozen=True, slots=True)
class Task:
    """What a process is to do; `edited` is a note to change, below the folder of notes."""

    name: str
    folder: str
    questions: list[str]  # to search for
    asked: list[str]  # to answer
    edited: str
    repeat: int  # edits
    answer_tokens: int
    context_tokens: int


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers.measuring", description=__doc__)
    parser.add_argument("task", type=Path, help="JSON file of a Task")
    parser.add_argument("result", type=Path, help="JSON file to write")
    options = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    task = Task(**json.loads(options.task.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as workplace:
        result = measure(task, Path(workplace))
    options.result.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


def measure(task: Task, workplace: Path) -> dict[str, Any]:
    """Seconds, megabytes (of 10^6 bytes), and the pieces of every search."""
    module, _, name = PIPELINES[task.name].partition(":")
    kind = getattr(importlib.import_module(f"bench.peers.{module}"), name)
    limits = Limits(task.answer_tokens, task.context_tokens)
    pipeline: Pipeline = kind(Path(task.folder), workplace, limits)
    built, passages = _timed(pipeline.build)
    pipeline.search(task.questions[0], DEPTH)  # what only the first search does is not counted
    searches = [_timed(functools.partial(pipeline.search, question, DEPTH)) for question in task.questions]
    refreshes, taken_up = _edits(pipeline, Path(task.folder, task.edited), task.repeat, 2 * passages)
    result = {
        "versions": {package: version(package) for package in kind.packages},
        "refreshes_by": kind.refreshes_by,
        "build": built,
        "passages": passages,
        "searches": [seconds for seconds, _ in searches],
        "found": [[asdict(piece) for piece in pieces] for _, pieces in searches],
        "refreshes": refreshes,
        "taken_up": taken_up,
        "searching_mb": _peak_mb(),
        "answers": [],
    }
    if task.asked:
        pipeline.load_chat()
        result["answers"] = [_answer(pipeline, question) for question in task.asked]
        result["answering_mb"] = _peak_mb()
    return result


def insert_paragraph(text: str, paragraph: str) -> str:
    """Between two paragraphs near the middle, or at the end where there is only one."""
    at = text.find("\n\n", len(text) // 2)
    at = len(text) if at < 0 else at
    return f"{text[:at]}\n\n{paragraph}{text[at:]}"


def _edits(pipeline: Pipeline, note: Path, repeat: int, everything: int) -> tuple[list[float], int]:
    """Seconds of each refresh after one note got another paragraph, and how many refreshes the index took up.

    That is so where a search for all there is finds the new paragraph, and the one that it replaced no longer.
    """
    text = note.read_text(encoding="utf-8", errors="replace")
    seconds, taken_up = [], 0
    for number in range(1, repeat + 1):
        edit = _EDIT.format(n=number)
        note.write_text(insert_paragraph(text, edit), encoding="utf-8")
        seconds.append(_timed(pipeline.refresh)[0])
        indexed = [piece.text for piece in pipeline.search(edit, everything)]
        new, old = (any(f"revision {n})" in piece for piece in indexed) for n in (number, number - 1))
        taken_up += new and not old
    return seconds, taken_up


def _answer(pipeline: Pipeline, question: str) -> dict[str, Any]:
    """Seconds to the first text (none where none came) and to the end, and the text; or why it failed."""
    first, text, error = None, "", ""
    started = time.perf_counter()
    try:
        for piece in pipeline.answer(question):
            if piece and first is None:
                first = time.perf_counter() - started
            text += piece
    except Exception as failed:  # each library wraps it in another error of its own
        error = f"{type(failed).__name__}: {failed}"
        print(error, file=sys.stderr)
    return {"first": first, "seconds": time.perf_counter() - started, "text": text, "error": error}


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def pipelines(only: Sequence[str]) -> list[str]:
    """The names to run, in their order."""
    return [name for name in PIPELINES if not only or name in only]


if __name__ == "__main__":
    main()
