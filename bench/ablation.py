"""`python -m bench.ablation DATA [--translations FILE]`: what each part of the search brings, as Markdown tables.

DATA and FILE as for `bench.retrieval`. Every question is asked of every variant in turn, with its vectors known by
then, so the milliseconds are those of searching alone.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.retrieval import Case, Sets, ranked_sets, ranks_of
from bench.translations import KeptTranslations
from qa import ranking, retrieval
from qa.encoder import Encoder, Vectors
from qa.glossary import Glossary
from qa.metrics import DEPTH, hit_at
from qa.retrieval import Retriever, Translate
from qa.types import LANGUAGES, Hit


@dataclass(frozen=True, slots=True)
class Variant:
    """The search with some parts taken away."""

    name: str
    constants: Mapping[str, float] | None = None  # of qa.ranking and qa.retrieval
    glossary: bool = True
    translated: bool = False
    plain: bool = False  # the cosine and nothing else


NO_GLOSSARY = Glossary([])
VARIANTS = (
    Variant("cosine alone", plain=True),
    Variant("words alone (BM25)", {"LEXICAL_WEIGHT": 1e6, "LEXICAL_WEIGHT_ACROSS": 1e6}, glossary=False),
    Variant("whole, no chat model"),
    Variant("without glossary", glossary=False),
    Variant("without centring", {"CENTRING": 0.0, "PROJECTED": 0.0}),
    Variant("centring alone", {"PROJECTED": 0.0}),
    Variant("without words", {"LEXICAL_WEIGHT": 0.0, "LEXICAL_WEIGHT_ACROSS": 0.0}),
    Variant("words weigh the same across", {"LEXICAL_WEIGHT_ACROSS": ranking.LEXICAL_WEIGHT}),
    Variant("whole, translated", translated=True),
    Variant("translated, without glossary", glossary=False, translated=True),
    Variant("translated, by words only", {"TRANSLATION_WEIGHT": 0.0}, translated=True),
)


class RememberingEncoder:
    """The real encoder; each query is encoded once."""

    def __init__(self, real: Encoder) -> None:
        self._real = real
        self._known: dict[str, Vectors] = {}
        self.fingerprint, self.location, self.name = real.fingerprint, real.location, real.name
        self.dimension = real.dimension
        self.encode_passages = real.encode_passages

    def encode_query(self, text: str) -> Vectors:
        if text not in self._known:
            self._known[text] = self._real.encode_query(text)
        return self._known[text]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.ablation", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the sets")
    parser.add_argument("--translations", type=Path, help="file of translations")
    parser.add_argument("--only", default="", help="sets whose name starts so")
    parser.add_argument("--sample", type=int, help="questions of each set; all without it")
    options = parser.parse_args()
    translate = KeptTranslations(options.translations) if options.translations else None
    variants = [variant for variant in VARIANTS if translate or not variant.translated]
    print(f"| hit@1 / hit@5 | {' | '.join(variant.name for variant in variants)} |\n|" + "---|" * (len(variants) + 1))
    taken: dict[str, list[float]] = {variant.name: [] for variant in variants}
    with tempfile.TemporaryDirectory() as folder:
        sets = Sets(options.data, Path(folder), RememberingEncoder)
        for name, retriever, cases in ranked_sets(sets, options.only):
            size = min(options.sample or len(cases), len(cases))
            sample = random.Random(0).sample(cases, size)
            print(f"| {name} ({size}) | {_figures(sets, retriever, sample, variants, translate, taken)} |", flush=True)
    print("| p50 ms | " + " | ".join(f"{np.percentile(times, 50):.1f}" for times in taken.values()) + " |")
    if translate:
        translate.save()


def _figures(
    sets: Sets,
    retriever: Retriever,
    cases: Sequence[Case],
    variants: Sequence[Variant],
    translate: Translate | None,
    taken: dict[str, list[float]],
) -> str:
    ranks: dict[str, list[list[int | None]]] = {variant.name: [] for variant in variants}
    for case in cases:
        depth = DEPTH + 2 * len(case.hidden)
        for variant in variants:
            with _in_force(variant, sets):
                started = time.perf_counter()
                hits = (
                    _by_cosine(sets, retriever, case.text, depth)
                    if variant.plain
                    else retriever.find(case.text, depth, translate=translate if variant.translated else None).hits
                )
                taken[variant.name].append(1e3 * (time.perf_counter() - started))
            ranks[variant.name].append(ranks_of(hits, case))
    return " | ".join(
        " / ".join(f"{np.mean([hit_at(k, rank) for rank in of_variant]):.3f}" for k in (1, 5))
        for of_variant in ranks.values()
    )


@contextlib.contextmanager
def _in_force(variant: Variant, sets: Sets) -> Iterator[None]:
    """The search as the variant has it."""
    constants = variant.constants or {}
    of = {name: ranking if hasattr(ranking, name) else retrieval for name in constants}
    before, glossary = {name: getattr(of[name], name) for name in constants}, sets.glossary
    try:
        for name, value in constants.items():
            setattr(of[name], name, value)
        if not variant.glossary:
            sets.glossary = NO_GLOSSARY
        yield
    finally:
        sets.glossary = glossary
        for name, value in before.items():
            setattr(of[name], name, value)


def _by_cosine(sets: Sets, retriever: Retriever, text: str, depth: int) -> list[Hit]:
    vector = sets.encoder.encode_query(text)
    with sets.index_of[retriever].read() as snapshot:
        rows = np.sort(np.concatenate([snapshot.nearest(vector, language, depth) for language in LANGUAGES]))
        ids = snapshot.ids(rows)
        cosines = dict(zip(ids, (snapshot.vectors(ids) @ vector).tolist(), strict=True))
        best = sorted(ids, key=lambda i: (-cosines[i], i))[:depth]
        passages = snapshot.passages(best)
    return [Hit(passages[i], rank, cosines[i], rank, None, cosines[i]) for rank, i in enumerate(best, 1)]


if __name__ == "__main__":
    main()
