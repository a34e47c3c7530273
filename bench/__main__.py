"""`python -m bench`: how long each stage of a build and of a question takes, as a Markdown table.

Run it on an idle machine; every figure is a median of repeated runs with their range.
"""

from __future__ import annotations

import argparse
import functools
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from qa.assistant import NotesQA
from qa.chat import LocalChatModel
from qa.question_sets import read_questions
from qa.settings import Settings
from qa.types import AnswerLanguage, Done, Sources, TextDelta

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "data" / "questions.jsonl"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--questions", type=int, default=12, help="questions to answer with the chat model")
    parser.add_argument("--searches", type=int, default=100, help="searches")
    parser.add_argument("--repeat", type=int, default=3, help="builds, refreshes and cold starts")
    options = parser.parse_args()
    rows: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        corpus, index = Path(folder, "corpus"), Path(folder, "index")
        shutil.copytree(ROOT / "corpus", corpus)
        settings = Settings(corpus=corpus, index=index)
        rows.append(("load of the machine before, 1 min", f"{os.getloadavg()[0]:.2f}"))
        rows += _builds(corpus, index, settings, options.repeat)
        with NotesQA.open(settings=settings) as notes:
            rows += _searches(notes, options.searches)
            rows += _answers(notes, options.questions)
        rows.append(("cold start of `notes-qa search`", _spread(_cold_starts(corpus, index, options.repeat), "s")))
    rows.append(("peak memory of the process", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"))
    print(f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| stage | median (range) |\n|---|---|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows))


def _builds(corpus: Path, index: Path, settings: Settings, repeat: int) -> list[tuple[str, str]]:
    with NotesQA.open(settings=settings, refresh=False) as notes:
        notes.warm_up_encoder()
        builds, rates = [], []
        for _ in range(repeat):
            shutil.rmtree(index, ignore_errors=True)
            changes = notes.rebuild()
            builds.append(changes.seconds)
            rates.append(changes.embedded / changes.seconds)
        note = corpus / "ai-interview.md"
        edits = []
        for number in range(repeat):
            with note.open("a", encoding="utf-8") as file:
                file.write(f"\n第 {number} 次补充：多尺度训练让检测器适应不同大小的目标。\n")
            edits.append(notes.rebuild().seconds)
        nothing = [notes.rebuild().seconds for _ in range(repeat)]
    return [
        (f"index build from nothing, {changes.passages} passages, encoder loaded", _spread(builds, "s")),
        ("passages per second of that build", _spread(rates, "/s")),
        ("refresh after one edited note", _spread(edits, "s")),
        ("refresh with nothing changed", _spread(nothing, "s")),
    ]


def _searches(notes: NotesQA, count: int) -> list[tuple[str, str]]:
    questions = [text for question in read_questions(QUESTIONS) for text in question.texts.values()]
    times = [_seconds(functools.partial(notes.search, question, 6)) for question in (questions * 2)[: count + 5]][5:]
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    return [("search, query encoding included, p50 / p95", f"{p50 * 1000:.0f} / {p95 * 1000:.0f} ms")]


def _answers(notes: NotesQA, count: int) -> list[tuple[str, str]]:
    loading = _seconds(notes.warm_up)
    rows = [("chat model loaded from its saved form", f"{loading:.1f} s")]
    answerable = [question for question in read_questions(QUESTIONS) if question.gold]
    chosen = answerable[:: max(1, len(answerable) // count)][:count]
    languages: Sequence[AnswerLanguage] = ("zh", "en", "both")
    for language in languages:
        sources, first, rates, totals = [], [], [], []
        for question in chosen:
            times = _timed(notes, question.texts["en" if language == "en" else "zh"], language)
            sources.append(times[0])
            totals.append(times[3])
            if times[1]:
                first.append(times[1])
                rates.append(times[2])
        rows += [
            (f"{language}: sources after the question", _spread(sources, "s")),
            (f"{language}: first token of a new question", _spread(first, "s")),
            (f"{language}: tokens per second while writing", _spread(rates, "/s")),
            (f"{language}: whole checked answer", _spread(totals, "s")),
        ]
    return rows


def _timed(notes: NotesQA, question: str, language: AnswerLanguage) -> tuple[float, float, float, float]:
    """Seconds to the sources, to the first token (0 where declined), tokens per second, seconds in all."""
    started = time.perf_counter()
    found = first = last = 0.0
    text = ""
    for event in notes.stream(question, language):
        now = time.perf_counter() - started
        if isinstance(event, Sources):
            found = now
        elif isinstance(event, TextDelta):
            first, last = first or now, now
            text += event.text
        elif isinstance(event, Done) and event.answer.abstained:
            first = 0.0
    model = notes.chat_model
    tokens = model.count_tokens(text) if isinstance(model, LocalChatModel) else 0
    return found, first, tokens / max(last - first, 1e-3), time.perf_counter() - started


def _cold_starts(corpus: Path, index: Path, repeat: int) -> list[float]:
    command = [sys.executable, "-m", "qa", "search", "池化", "--corpus", str(corpus), "--index", str(index)]
    return [
        _seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300))
        for _ in range(repeat)
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return "none"
    return f"{statistics.median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f})"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
