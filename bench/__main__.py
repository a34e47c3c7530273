"""`python -m bench`: every stage of one question and of one build, beside what the machine could do at best.

Run it on an idle machine, which it looks at. Times are medians with their range: over the repeated runs, and with the
chat model over the questions, each of which is asked once. A limit counts the machine's own float32 (or bfloat16)
products and its memory alone: rates stay below it, times above.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import answer_stages, stages
from bench.figures import Figure, markdown, number_text, tables
from bench.kept_runs import Run, comparison, current_commit, load_run, now, save_run
from bench.machine import Idleness, Machine, measure_idleness, measure_machine
from bench.startup import startup_figures
from qa.encoder import SentenceEncoder
from qa.question_sets import Question, read_questions
from qa.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "data" / "questions.jsonl"
BUSY = "**THE MACHINE WAS NOT IDLE: these figures show what else it did. End that, wait a minute, run again.**"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, keep and compare."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--questions", type=int, default=12, help="questions for the chat model; 0 leaves it out")
    parser.add_argument("--searches", type=int, default=100, help="questions that are searched for")
    parser.add_argument("--repeat", type=int, default=3, help="builds, refreshes, cold starts, rounds of searches")
    parser.add_argument(
        "--corpus", type=Path, default=ROOT / "corpus", help="folder of notes, of which a copy is taken"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures here")
    parser.add_argument(
        "--compare", type=Path, nargs="+", metavar="FILE", help="an earlier run with this one, or with a later run"
    )
    options = parser.parse_args(arguments)
    if options.compare and len(options.compare) > 2:
        parser.error("--compare takes one file or two")
    if options.questions < 0 or min(options.searches, options.repeat) < 1:
        parser.error("--questions cannot be negative; --searches and --repeat are 1 at least")
    earlier = [load_run(path) for path in options.compare or ()]
    if len(earlier) == 2:
        print(comparison(*earlier))
        return
    run = _measured(options)
    print(_report(run))
    if options.json:
        save_run(run, options.json)
    if earlier:
        print(f"\n## Compared\n\n{comparison(earlier[0], run)}")


def _measured(options: argparse.Namespace) -> Run:
    before = measure_idleness()
    machine = measure_machine()
    with tempfile.TemporaryDirectory() as folder:
        corpus, index = Path(folder, "corpus"), Path(folder, "index")
        shutil.copytree(options.corpus, corpus)
        settings = Settings(corpus=corpus, index=index)
        encoder = SentenceEncoder.open(settings.encoder, settings.cache, settings.encoder_batch)
        bench = stages.Bench(corpus, index, settings, encoder, machine, options.repeat)
        questions = read_questions(QUESTIONS)
        texts = [text for question in questions for text in question.texts.values()][: options.searches]
        figures = [*stages.build_figures(bench), *stages.load_figures(bench)]
        figures += [*stages.search_figures(bench, texts), *stages.answer_figures(bench, texts)]
        if chosen := _chosen(questions, options.questions):
            figures += answer_stages.answer_figures(bench, chosen)
        figures += startup_figures(corpus, index, options.repeat)
    figures.append(Figure("memory", "highest of the process", "GB", (_peak_memory(),)))
    asked = {name: getattr(options, name) for name in ("questions", "searches", "repeat")}
    asked["corpus"] = options.corpus.name
    return Run(current_commit(ROOT), now(), machine, before, measure_idleness(), asked, tuple(figures))


def _chosen(questions: Sequence[Question], count: int) -> list[Question]:
    """So many of those that the notes answer, evenly from all of them."""
    answerable = [question for question in questions if question.gold]
    return answerable[:: max(1, len(answerable) // count)][:count] if count else []


def _report(run: Run) -> str:
    parts = [f"## {run.commit}, {run.date}", _machine_table(run.machine, run.before, run.after)]
    if not run.is_idle:
        parts.append(BUSY)
    parts.append(tables(run.figures))
    if any(figure.section.startswith("model calls") for figure in run.figures):
        parts.append(
            "Cached tokens are estimated from the longest beginning that a prompt shares with one of those before it; "
            "the engines do not tell. Calls of one answer overlap, so their shares may add up to more than one."
        )
    return "\n\n".join(parts)


def _machine_table(machine: Machine, before: Idleness, after: Idleness) -> str:
    bfloat16 = machine.gflops_bfloat16
    rows = [
        ("processor", f"{machine.processor}, {machine.cores} cores, {' '.join(machine.flags) or 'no known flags'}"),
        ("matrix product in float32", f"{number_text(machine.gflops)} GFLOP/s"),
        ("matrix product in bfloat16", f"{number_text(bfloat16)} GFLOP/s" if bfloat16 else "not in this processor"),
        ("memory read, two threads", f"{number_text(machine.gigabytes_per_second)} GB/s"),
        ("load before, mean of a minute", f"{before.load:.2f}"),
        ("processors that were free, before and after", f"{before.spin:.0%}, {after.spin:.0%}"),
        ("Python", machine.python),
    ]
    return markdown(("machine", ""), rows)


def _peak_memory() -> float:
    """Highest resident memory of this process in GB; `getrusage` would count that of the process it came from."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(re.findall(r"VmHWM:\s+(\d+)", status.read_text(encoding="utf-8"))[0]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
