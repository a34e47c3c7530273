"""`python -m bench.load`: several users asking at once against one at a time, and the memory of many questions.

The users stand in the page's own line, where so many are answered at once. No question is asked twice, since answers
and prompts are remembered: those asked one at a time and those asked at once are other ones, drawn evenly from the same
set. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.figures import markdown, number_text
from bench.machine import measure_idleness
from qa.assistant import NotesQA
from qa.question_sets import read_questions
from qa.settings import Settings
from qa.types import AnswerLanguage, Failed, Sources, TextDelta
from qa.ui.line import Line

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "data" / "questions.jsonl"
_LOOK_SECONDS = 1.0  # between two looks at the line
_LANGUAGES: tuple[AnswerLanguage, ...] = ("zh", "en", "both")
_TOP_K = (6, 5, 4, 7, 8)  # another number makes another question of it, of which no answer is remembered
_SEARCHED = 5  # passages
_WARM_UP = "什么是梯度下降？"


@dataclass(frozen=True, slots=True)
class Waited:
    """What one user saw of one question, in seconds since it was sent."""

    user: int
    turn: float  # its turn had come
    sources: float
    first: float  # text
    done: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1, help="questions of each user, one after the other")
    parser.add_argument("--places", type=int, default=0, help="answered at once; 0: as many as by the page")
    parser.add_argument("--memory", action="store_true", help="memory after questions instead")
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000], help="questions for --memory")
    parser.add_argument("--corpus", type=Path, default=ROOT / "corpus", help="folder of notes")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--extractive", action="store_true", help="users without the chat model")
    choice.add_argument("--model", action="store_true", help="--memory with the chat model, which takes hours")
    options = parser.parse_args()
    idleness = measure_idleness()
    print(f"load before {idleness.load:.2f}, processors free {idleness.spin:.0%}")
    if not idleness.is_idle:
        print("**THE MACHINE IS NOT IDLE**")
    extractive = not options.model if options.memory else options.extractive
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(corpus=options.corpus, index=Path(folder, "index"))
        if extractive:
            settings = settings.model_copy(update={"chat_model": "extractive"})
        with NotesQA.open(settings=settings) as notes:
            notes.warm_up(whole=True)
            if options.memory:
                _print_memory(notes, sorted(options.counts))
            else:
                _print_load(notes, options.users, options.rounds, options.places or notes.answers_at_once)


def asked_at_once(ask: Callable[[str], Iterator[str]], questions: Sequence[Sequence[str]], places: int) -> list[Waited]:
    """Every user, in a thread, asks one question after the other; `ask` says `sources` and `first` as they come.

    Raises what one of the users met.
    """
    line, waited, failed = Line(lambda: places), list[Waited](), list[BaseException]()
    start = threading.Barrier(len(questions))

    def user(number: int) -> None:
        try:
            start.wait()
            waited.extend(_waited(ask, line, number, question) for question in questions[number])
        except BaseException as error:  # raised again in the thread that waits
            failed.append(error)

    threads = [threading.Thread(target=user, args=(number,)) for number in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return waited


def fairness(waited: Sequence[Waited]) -> tuple[float, float]:
    """The slowest user's mean time to the first text over the fastest user's, and the same to the end."""
    users = sorted({each.user for each in waited})
    firsts = [statistics.mean(each.first for each in waited if each.user == user) for user in users]
    ends = [statistics.mean(each.done for each in waited if each.user == user) for user in users]
    return max(firsts) / min(firsts), max(ends) / min(ends)


def _waited(ask: Callable[[str], Iterator[str]], line: Line, user: int, question: str) -> Waited:
    started = time.perf_counter()
    moments: dict[str, float] = {}
    with line.stand() as turn:
        while turn.wait(_LOOK_SECONDS):
            pass
        at_turn = time.perf_counter() - started
        for what in ask(question):
            moments.setdefault(what, time.perf_counter() - started)
    done = time.perf_counter() - started
    return Waited(user, at_turn, moments.get("sources", done), moments.get("first", done), done)


def _print_load(notes: NotesQA, users: int, rounds: int, places: int) -> None:
    count = users * rounds
    answerable = [question for question in read_questions(QUESTIONS) if question.gold]
    texts = [question.texts["en" if number % 2 else "zh"] for number, question in enumerate(answerable)]
    if 2 * count > len(texts):
        sys.exit(f"There are {len(texts)} questions; {users} users with {rounds} each need {2 * count}.")
    chosen = texts[:: len(texts) // (2 * count)][: 2 * count]
    list(_asking(notes)(_WARM_UP))
    rows = []
    for name, questions in (
        ("one at a time", [chosen[::2]]),
        (f"{users} at once, {places} places", [chosen[1::2][number::users] for number in range(users)]),
    ):
        started = time.perf_counter()
        waited = asked_at_once(_asking(notes), questions, places)
        rows.append(_load_row(name, waited, time.perf_counter() - started))
    head = (
        "users", "answers a minute", "turn p50 / p95", "sources p50 / p95", "first text p50 / p95",
        "whole answer p50 / p95", "slowest user / fastest, first text and end",
    )  # fmt: skip
    print(f"\n{notes.model_name}, {count} questions each way\n\n{markdown(head, rows)}")


def _load_row(name: str, waited: Sequence[Waited], seconds: float) -> tuple[str, ...]:
    def spread(value: Callable[[Waited], float]) -> str:
        p50, p95 = np.percentile([value(each) for each in waited], [50, 95])
        return f"{number_text(p50)} / {number_text(p95)} s"

    users = len({each.user for each in waited})
    return (
        name,
        number_text(60 * len(waited) / seconds),
        spread(lambda each: each.turn),
        spread(lambda each: each.sources),
        spread(lambda each: each.first),
        spread(lambda each: each.done),
        ", ".join(f"{ratio:.2f}" for ratio in fairness(waited)) if users > 1 else "",
    )


def _asking(notes: NotesQA) -> Callable[[str], Iterator[str]]:
    def ask(question: str) -> Iterator[str]:
        for event in notes.stream(question):
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, (Sources, TextDelta)):
                yield "sources" if isinstance(event, Sources) else "first"

    return ask


def _print_memory(notes: NotesQA, counts: Sequence[int]) -> None:
    """A search and an answer for each question, no two of them the same.

    What is remembered on purpose, 256 answers and 30 MB of sentence vectors, fills up meanwhile.
    """
    texts = [text for question in read_questions(QUESTIONS) for text in question.texts.values()]
    different = itertools.product(_TOP_K, _LANGUAGES, texts)
    rows, asked = [("0", _resident_text(), "")], 0
    started = time.perf_counter()
    for count in counts:
        for top_k, language, text in itertools.islice(different, count - asked):
            notes.search(text, _SEARCHED)
            notes.ask(text, language, top_k=top_k)
            asked += 1
        gc.collect()
        rows.append((str(asked), _resident_text(), f"{time.perf_counter() - started:.0f} s"))
    print(f"\n{notes.model_name}\n\n{markdown(('questions', 'resident memory', 'time'), rows)}")


def _resident_text() -> str:
    return f"{_resident():.0f} MB"


def _resident() -> float:
    """Memory of this process in MB as Linux tells it; pages of mapped files count as far as they were read."""
    return int(re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))[0]) / 1e3


if __name__ == "__main__":
    main()
