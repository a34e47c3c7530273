"""`python -m bench.vectors TEXTS`: which FAISS index to take at which size, on real vectors, as a Markdown table.

The vectors are those of pairs of sentences drawn from a folder of notes. Above their number, a vector is the mean of
two of them: nearer to real ones than random numbers, on which approximate search says nothing. One query at a time, on
one thread.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from qa.encoder import SentenceEncoder, Vectors
from qa.language import split_sentences
from qa.notes import read_folder
from qa.passages import split_note
from qa.searchtext import search_text
from qa.settings import Settings

KINDS = {  # with the parameters of a search
    "Flat": "",
    "SQ8": "",
    "RaBitQfs,Refine(SQ8)": "k_factor_rf=20",
    "IVF{lists},Flat": "nprobe=64",
    "HNSW32": "efSearch=128",
}
QUERIES = 300
K = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.vectors", description=__doc__)
    parser.add_argument("texts", type=Path, help="folder of notes that lends the sentences")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--encode", type=int, default=100_000, help="real vectors; more are mixed from these")
    parser.add_argument("--keep", type=Path, help="file (.npy) that keeps the real vectors for the next run")
    options = parser.parse_args()
    everything = _real_vectors(options.texts, options.encode + QUERIES, options.keep)
    real, queries = everything[QUERIES:], everything[:QUERIES]
    print("| vectors | index | build | MB | p50 / p95 ms | recall@10 |\n|---|---|---|---|---|---|")
    for size in options.sizes:
        vectors = real[:size] if size <= len(real) else _mixed(real, size)
        exact = None
        for kind in KINDS:
            row, found = _row(kind, vectors, queries, exact)
            exact = found if exact is None else exact
            print(row, flush=True)


def _row(
    kind: str, vectors: Vectors, queries: Vectors, exact: NDArray[np.int64] | None
) -> tuple[str, NDArray[np.int64]]:
    lists = 2 ** round(np.log2(4 * np.sqrt(len(vectors))))
    index = faiss.index_factory(vectors.shape[1], kind.format(lists=lists), faiss.METRIC_INNER_PRODUCT)
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    started = time.perf_counter()
    index.train(vectors)
    index.add(vectors)
    built = time.perf_counter() - started
    if KINDS[kind]:
        faiss.ParameterSpace().set_index_parameters(index, KINDS[kind])  # type: ignore[arg-type]
    faiss.omp_set_num_threads(1)
    found, taken = [], []
    for query in queries:
        started = time.perf_counter()
        found.append(index.search(query[None, :], K)[1][0])
        taken.append(1e3 * (time.perf_counter() - started))
    ids = np.stack(found)
    recall = 1.0 if exact is None else np.mean([len(set(a) & set(b)) / K for a, b in zip(ids, exact, strict=True)])
    megabytes = len(faiss.serialize_index(index)) / 1e6
    p50, p95 = np.percentile(taken, [50, 95])
    name = kind.format(lists=lists)
    return (
        f"| {len(vectors):,} | {name} | {built:.1f} s | {megabytes:.0f} | {p50:.2f} / {p95:.2f} | {recall:.3f} |",
        ids,
    )


def _real_vectors(texts: Path, count: int, keep: Path | None) -> Vectors:
    if keep is not None and keep.is_file():
        return np.asarray(np.load(keep), np.float32)
    settings = Settings()
    pairs = _pairs(texts, count)
    vectors = SentenceEncoder.open(settings.encoder, settings.cache).encode_passages(pairs)
    if keep is not None:
        np.save(keep, vectors)
    return vectors


def _pairs(folder: Path, count: int) -> list[str]:
    cleaned = [search_text(p.text) for note in read_folder(folder, {}).notes for p in split_note(note)]
    found = dict.fromkeys(text[start:end][:80] for text in cleaned for start, end in split_sentences(text))
    sentences: Sequence[str] = [sentence for sentence in found if len(sentence) > 12]
    order = random.Random(0)
    return [" ".join(order.sample(sentences, 2)) for _ in range(count)]


def _mixed(real: Vectors, size: int) -> Vectors:
    order = np.random.default_rng(0)
    vectors = real[order.integers(0, len(real), size)] + real[order.integers(0, len(real), size)]
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


if __name__ == "__main__":
    main()
