"""`python -m bench.reranking DATA RERANKER`: whether reordering the best passages pays, as a Markdown table.

DATA as for `bench.retrieval`. RERANKER is a cross-encoder's folder, the name of a downloaded one, gguf:PATH, or `chat`:
the chat model of the settings, which is asked of every passage by itself whether it states the answer.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.retrieval import Case, Sets, ranked_sets, ranks_of
from qa.chat import LocalChatModel, open_chat_model
from qa.language import detect_language
from qa.prompts import check_messages, yes_no
from qa.reranking import Reranker, Scores, open_reranker, rerank
from qa.retrieval import Retriever
from qa.settings import Settings
from qa.types import Passage

WEIGHTS = {"0.5": 0.5, "1": 1.0, "2": 2.0, "alone": 1e6}


class ChatReranker:
    """A chat model's log-odds of yes over no to whether a text states the answer."""

    def __init__(self, model: LocalChatModel) -> None:
        self._model = model
        self.name = model.name_of_model

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        language = detect_language(question)
        yes, no = yes_no(language)
        found = []
        for text in texts:
            passage = Passage("", "", (), text, 0, len(text), 1, 1, detect_language(text))
            logs = self._model.choose(check_messages(question, [passage], language), (yes, no))
            found.append(logs[yes] - logs[no])
        return np.array(found, np.float32)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.reranking", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the sets")
    parser.add_argument("reranker", help="what NOTES_QA_RERANKER takes, or chat")
    parser.add_argument("--only", default="XQuAD", help="sets whose name starts so")
    parser.add_argument("--depth", type=int, default=10, help="passages reordered")
    parser.add_argument("--sample", type=int, help="questions of each set; all without it")
    options = parser.parse_args()
    reranker = _open(options.reranker)
    print(f"{reranker.name}, the best {options.depth} reordered\n")
    weights = " | ".join(f"weight {name}" if name != "alone" else name for name in WEIGHTS)
    print(f"| hit@1 | questions | in the best {options.depth} | search | {weights} | p50 / p95 ms |")
    print("|" + "---|" * (len(WEIGHTS) + 5))
    with tempfile.TemporaryDirectory() as folder:
        for name, retriever, cases in ranked_sets(Sets(options.data, Path(folder)), options.only):
            if not any(case.hidden for case in cases):
                size = min(options.sample or len(cases), len(cases))
                sample = random.Random(0).sample(cases, size)
                print(f"| {name} | {size} | {_figures(reranker, retriever, sample, options.depth)} |", flush=True)


def _open(spec: str) -> Reranker:
    if spec != "chat":
        return open_reranker(spec)
    settings = Settings()
    model, _ = open_chat_model(settings.chat_model, cache=settings.cache, engine=settings.engine)
    if not isinstance(model, LocalChatModel):
        raise SystemExit("The chat model of the settings does not run in this process; set NOTES_QA_CHAT_MODEL.")
    return ChatReranker(model)


def _figures(reranker: Reranker, retriever: Retriever, cases: Sequence[Case], depth: int) -> str:
    within, before, after, taken = 0, 0, dict.fromkeys(WEIGHTS, 0), []
    for case in cases:
        hits = retriever.find(case.text, depth).hits
        started = time.perf_counter()
        scores = reranker.scores(case.text, [hit.passage.text for hit in hits])
        taken.append(1e3 * (time.perf_counter() - started))
        within += ranks_of(hits, case) != [None]
        before += ranks_of(hits, case) == [1]
        for name, weight in WEIGHTS.items():
            after[name] += ranks_of(rerank(hits, scores, weight), case) == [1]
    shares = " | ".join(f"{count / len(cases):.3f}" for count in (within, before, *after.values()))
    p50, p95 = np.percentile(taken, [50, 95])
    return f"{shares} | {p50:.0f} / {p95:.0f}"


if __name__ == "__main__":
    main()
