"""`python -m bench.context DATA`: what of a conversation and of the notes around a hit counts, as Markdown tables.

Follow-ups on the shipped notes: is the right passage found with the question as it is, with the last question before
it, and as resolved. Excerpts on the note folders of DATA (as for `bench.retrieval`): how much of the section that
answers stands in what the model reads, of the hits alone and of the excerpts made of them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.retrieval import Sets
from qa.evaluation import gold_rank
from qa.followups import resolve
from qa.language import estimate_tokens
from qa.material import EXCERPT_TOKENS
from qa.metrics import DEPTH, hit_at
from qa.neighbourhood import excerpts
from qa.question_sets import Gold
from qa.retrieval import Retriever
from qa.types import Hit, Passage, Turn

FOLLOW_UPS = Path("tests/data/followups.jsonl")
TOP_K = 6
Ask = Callable[[str, Sequence[Turn]], str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.context", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the sets")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sets = Sets(options.data, Path(folder))
        _follow_ups(sets.over(Path("corpus"), "shipped"))
        notes = options.data / "notes-dev"
        _excerpts(sets.over(notes / "docs", "docs"), sets.lines("notes-dev", "questions.jsonl"))


def _follow_ups(retriever: Retriever) -> None:
    ways: dict[str, Ask] = {
        "as it is": lambda question, _: question,
        "the last question before it": lambda question, history: f"{history[-1].question}\n{question}",
        "resolved": lambda question, history: resolve(question, history, retriever.glossary()).text,
    }
    rows = [json.loads(line) for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]
    kinds = sorted({row["kind"] for row in rows})
    print(f"| follow-up, hit@1 / hit@5 | {' | '.join(kinds)} |\n|" + "---|" * (len(kinds) + 1))
    for name, ask in ways.items():
        cells = []
        for kind in kinds:
            of_kind = [row for row in rows if row["kind"] == kind]
            ranks = [_rank(retriever, ask, row) for row in of_kind]
            shares = " / ".join(f"{np.mean([hit_at(k, [rank]) for rank in ranks]):.3f}" for k in (1, 5))
            cells.append(f"{shares} ({len(of_kind)})")
        print(f"| {name} | {' | '.join(cells)} |")


def _rank(retriever: Retriever, ask: Ask, row: Mapping[str, Any]) -> int | None:
    history = [Turn(turn["question"], turn["answer"]) for turn in row["history"]]
    hits = retriever.find(ask(row["question"], history), DEPTH).hits
    gold = [Gold(place["note"], place["quote"]) for place in row["gold"]]
    return gold_rank(hits, gold)


def _excerpts(retriever: Retriever, questions: Sequence[Mapping[str, Any]]) -> None:
    makes: dict[str, Callable[[Sequence[Hit]], list[Passage]]] = {
        "hits, as many as fit": _hits_that_fit,
        "excerpts": lambda hits: excerpts(hits, retriever.note, EXCERPT_TOKENS),
    }
    print("\n| the model reads | questions | of the section's lines | whole section | tokens |\n|" + "---|" * 5)
    found = [(q["gold"], retriever.find(q["text_ctx"] or q["text"], TOP_K).hits) for q in questions]
    for name, make in makes.items():
        shares, tokens = [], []
        for gold, hits in found:
            passages = make(hits)
            shares.append(max(_share_read(passages, section) for section in gold))
            tokens.append(sum(estimate_tokens(passage.text) for passage in passages))
        whole = np.mean(np.array(shares) == 1)
        print(f"| {name} | {len(found)} | {np.mean(shares):.3f} | {whole:.3f} | {np.mean(tokens):.0f} |")


def _share_read(passages: Sequence[Passage], section: Mapping[str, Any]) -> float:
    lines = set(range(section["line"], section["end_line"] + 1))
    read = {n for p in passages if p.note_path == section["file"] for n in range(p.start_line, p.end_line + 1)}
    return len(lines & read) / len(lines)


def _hits_that_fit(hits: Sequence[Hit]) -> list[Passage]:
    """Up to four hits of at least half the best score, within the same budget."""
    passages: list[Passage] = []
    for hit in hits[:4]:
        tokens = sum(estimate_tokens(passage.text) for passage in (*passages, hit.passage))
        if passages and (tokens > EXCERPT_TOKENS or hit.score < 0.5 * hits[0].score):
            break
        passages.append(hit.passage)
    return passages


if __name__ == "__main__":
    main()
