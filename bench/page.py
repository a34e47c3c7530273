"""`python -m bench.page`: how long the chat page takes, as its reader sees it in Debian's Chromium.

Starts `notes-qa chat` over an index that is built already, opens the page again and again, asks, and stops most answers
at their sources so that the model is idle at the next Enter. Times are taken in the page, from the key to the frame
after the change. Run it on an idle machine; needs the `test` extra and `chromium`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from bench.scale import ROOT, MixedEncoder, made_sentences, write_made_notes
from qa.encoder import SentenceEncoder
from qa.index import Index
from qa.indexing import refresh
from qa.question_sets import read_questions
from qa.settings import Settings

QUESTIONS = ROOT / "tests" / "data" / "questions.jsonl"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 300_000  # milliseconds
# When Enter is pressed, when the panel first shows sources after it, and when the answer's first words stand there.
WATCH = """
(() => {
  const seen = window.benchSeen = {};
  const mark = (name) => { if (!(name in seen)) requestAnimationFrame(() => { seen[name] ??= performance.now(); }); };
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    for (const name in seen) delete seen[name];
    seen.enter = performance.now();
  }, true);
  document.addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
    if (seen.enter === undefined) return;
    if (document.querySelector('#nq-sources .nq-source')) mark('sources');
    if (document.querySelector('#nq-chat .nq-writing, #nq-chat .nq-answer[id]')) mark('word');
  }).observe(document.body, {childList: true, subtree: true}));
})();
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A running `notes-qa chat`."""

    address: str
    process: subprocess.Popen[str]
    serving: float  # seconds from its start until the page is there
    ready: float  # and until the chat model is loaded


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--asks", type=int, default=40, help="questions that are stopped at their sources")
    parser.add_argument("--answers", type=int, default=5, help="questions whose first word is waited for")
    parser.add_argument("--opens", type=int, default=10, help="times that the page is opened in a new browser")
    parser.add_argument("--passages", type=int, default=0, help="made notes of so many passages instead of corpus/")
    parser.add_argument("--conversations", type=int, default=8, help="pages with a conversation, for the memory")
    options = parser.parse_args()
    print(f"load of the machine before, 1 min: {os.getloadavg()[0]:.2f}\n")
    print("| what | median | 95 % | most |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        corpus, passages = _notes(Path(folder), options.passages)
        with served_chat(corpus, Path(folder)) as served, chromium() as browser:
            _print(f"page served after the command, {passages} passages", [served.serving], "s")
            _print("chat model ready after the command", [served.ready], "s")
            opened = [_opened(browser, served) for _ in range(options.opens)]
            _print("page can be typed into after its first opening in a browser", [first for first, _ in opened], "s")
            _print("the same, opened again", [again for _, again in opened], "s")
            page = open_page(browser, served)
            questions = [text for each in read_questions(QUESTIONS) for text in each.texts.values()][::7]
            found = [_asked(page, served, question, "sources") for question in (questions * 9)[: options.asks + 2]][2:]
            _print("sources after Enter", [1000 * seconds for seconds in found], "ms")
            if words := [_asked(page, served, question, "word") for question in questions[: options.answers]]:
                _print("first word after Enter", words, "s")
            page.context.close()
            before = _memory(served.process.pid)
            pages = [open_page(browser, served) for _ in range(options.conversations)]
            for number, page in enumerate(pages):
                _asked(page, served, questions[number], "sources")
            print(f"| memory with the model, after these questions, nobody there | {before:.0f} MB | | |")
            print(f"| memory with {len(pages)} open conversations | {_memory(served.process.pid):.0f} MB | | |")


def _notes(folder: Path, passages: int) -> tuple[Path, int]:
    """Notes with an index beside them, and its passages; made ones are encoded as in `bench.scale`."""
    corpus, index = folder / "corpus", Index(folder / "index")
    settings = Settings()
    encoder = SentenceEncoder.open(settings.encoder, settings.cache)
    if not passages:
        shutil.copytree(ROOT / "corpus", corpus)
        return corpus, refresh(corpus, index, encoder).passages
    sentences = made_sentences(ROOT / "corpus")
    write_made_notes(corpus, sentences, passages)
    mixed = MixedEncoder(encoder.encode_passages(sentences))
    mixed.fingerprint, mixed.location = encoder.fingerprint, encoder.location  # else the page encodes all of it anew
    return corpus, refresh(corpus, index, mixed).passages


@contextmanager
def served_chat(corpus: Path, folder: Path) -> Iterator[Served]:
    """`notes-qa chat` over these notes; index and conversations lie in the folder."""
    environment = os.environ | {
        "NOTES_QA_CORPUS": str(corpus), "NOTES_QA_INDEX": str(folder / "index"),
        "NOTES_QA_CONVERSATIONS": str(folder / "conversations.db"),
    }  # fmt: skip
    command = [sys.executable, "-m", "qa", "chat", "--port", "0"]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    killer = threading.Timer(PATIENCE / 1000, process.kill)  # else a start that hangs would hang this
    killer.start()
    try:
        assert process.stdout
        address = next(match[0] for line in process.stdout if (match := re.search(r"http://\S+", line)))
        serving = time.perf_counter() - started
        while httpx.get(f"{address}/healthz", timeout=60).json()["model_loading"]:
            time.sleep(0.05)
        ready = time.perf_counter() - started
        killer.cancel()
        yield Served(address, process, serving, ready)
    finally:
        killer.cancel()
        process.send_signal(signal.SIGINT)
        process.wait(30)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


def open_page(browser: Browser, served: Served, locale: str = "zh-CN", dark: bool = False) -> Page:
    """The page once it says what the model and the index are at, with its times noted."""
    context = browser.new_context(
        locale=locale, viewport={"width": 1280, "height": 800}, color_scheme="dark" if dark else "light"
    )
    context.set_default_timeout(PATIENCE)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(served.address)
    page.wait_for_function("() => document.querySelectorAll('#nq-status .nq-small').length === 2")
    return page


def _opened(browser: Browser, served: Served) -> tuple[float, float]:
    """Seconds from the address to a box that takes letters: with an empty browser cache, and after that."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    seconds = []
    for _ in range(2):
        page = context.new_page()
        started = time.perf_counter()
        page.goto(served.address, wait_until="commit")
        page.locator("#nq-question textarea").fill("?", timeout=PATIENCE)
        seconds.append(time.perf_counter() - started)
        page.close()
    context.close()
    return seconds[0], seconds[1]


def _asked(page: Page, served: Served, question: str, until: str) -> float:
    """Seconds from Enter in a new conversation until there are sources, or a word."""
    if page.locator("#nq-chat .nq-question").count():
        page.locator("#nq-new").click()
        page.wait_for_function("() => !document.querySelector('#nq-sources .nq-source, #nq-chat .nq-question')")
    page.locator("#nq-question textarea").fill(question)
    page.locator("#nq-question textarea").press("Enter")
    page.wait_for_function("(name) => name in window.benchSeen", arg=until)
    seconds: float = page.evaluate("(name) => (benchSeen[name] - benchSeen.enter) / 1000", until)
    if page.locator("#nq-stop").is_visible():
        page.locator("#nq-stop").click()
    page.locator("#nq-send").wait_for()
    _wait_until_idle(served.process.pid)
    return seconds


def _wait_until_idle(process: int) -> None:
    """A step of the model that is under way comes to its end after the stop, and would hold up the next question."""
    used = -1.0
    while (now := _processor_seconds(process)) - used > 0.1:
        used = now
        time.sleep(0.5)


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> float:
    """Resident memory in MB."""
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[0]) / 1e3


def _print(name: str, values: Sequence[float], unit: str) -> None:
    digits = 0 if unit == "ms" else 2
    p95 = statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    shown = (f"{value:.{digits}f} {unit}" for value in (statistics.median(values), p95, max(values)))
    print(f"| {name} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
