"""Encodes with OpenVINO: the fastest way on x86 processors, for BERT and XLM-R with averaged token vectors.

It starts in a second, since neither torch nor transformers is imported, and the layers are computed in bfloat16
where the processor multiplies tiles of it.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.plain_bert import PlainBert, map_weights

_BATCH_TOKENS = 1024  # more leave the processor's second cache
_STEP = 16  # lengths are rounded up to it: each new shape costs some preparation
_WINDOW = 256  # texts that are tokenised, then sorted, at once: their tokens take 50 KB each
_STREAMS = 4  # at most, since each holds its own intermediate results; more cores then share a stream
_TABLES = ("embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight")

_Batch = tuple[list[int], list[list[int]]]  # places in the given order, and tokens


class OpenVINOEngine:
    """May be shared by threads: a query is computed beside the batches of passages that are on their way.

    Where the folder or the processor cannot be served, making it raises whatever the library raises. `precision` is
    "f32" or "bf16", by default the faster one on this processor.
    """

    def __init__(self, folder: Path, sizes: PlainBert, batch_size: int, precision: str | None = None) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else it warns when this process forks
        import openvino as ov
        from tokenizers import Tokenizer

        from qa.bert_graph import bert_graph

        self._sizes = sizes
        self._weights = map_weights(folder / "model.safetensors")  # the graph reads from them
        positions, types = (self._weights[name].astype(np.float32) for name in _TABLES)
        self._positions = positions[self._sizes.first_position :] + types[0]
        self._words = self._weights["embeddings.word_embeddings.weight"]
        self._batch_size = batch_size
        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "PERFORMANCE_HINT_NUM_REQUESTS": _STREAMS,
            "ENABLE_CPU_PINNING": False,  # a chat model may be at work on the same cores
            "INFERENCE_PRECISION_HINT": precision or _fastest(),
        }
        graph = bert_graph(self._sizes, self._weights)
        with ThreadPoolExecutor(1) as beside:  # compiling leaves the interpreter to the tokeniser, which takes as long
            compiled = beside.submit(lambda: ov.Core().compile_model(graph, "CPU", options))
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            model = compiled.result()
        self._tokenizer.enable_truncation(self._sizes.max_tokens)
        self._tokenizer.no_padding()
        self._streams = [
            model.create_infer_request() for _ in range(model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        ]
        self._asking = model.create_infer_request()
        self._encoding, self._query = threading.Lock(), threading.Lock()
        self.dimension = self._sizes.hidden
        self.name = f"OpenVINO, {options['INFERENCE_PRECISION_HINT']}"
        if not np.isfinite(self.encode_query("a")).all():
            raise ValueError(f"no numbers came out of {folder}")

    def encode_passages(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        vectors, done = np.zeros((len(texts), self.dimension), np.float32), 0
        running: deque[tuple[Any, _Batch]] = deque()

        def collect() -> Any:
            nonlocal done
            request, (places, tokens) = running.popleft()
            request.wait()
            vectors[places] = _averages(request, tokens)
            done += len(places)
            if progress:
                progress(done, len(texts))
            return request

        with self._encoding:
            free = list(self._streams)
            try:
                for batch in self._batches(texts):
                    request = free.pop() if free else collect()
                    request.start_async(self._inputs(batch[1]))
                    running.append((request, batch))
                while running:
                    collect()
            finally:
                for request, _ in running:  # something was raised, by `progress` perhaps
                    request.wait()
        return vectors

    def encode_query(self, text: str) -> NDArray[np.float32]:
        tokens = self._tokenizer.encode(self._sizes.query_prompt + text).ids
        with self._query:
            self._asking.infer(self._inputs([tokens]))
            (vector,) = _averages(self._asking, [tokens])
            return np.asarray(vector, np.float32)

    def _batches(self, texts: Sequence[str]) -> Iterator[_Batch]:
        """Texts of about one length together; those given come longest first already, by bytes."""
        for start in range(0, len(texts), _WINDOW):
            window = [self._sizes.passage_prompt + text for text in texts[start : start + _WINDOW]]
            tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(window)]
            order = sorted(range(len(tokens)), key=lambda i: -len(tokens[i]))
            while order:
                count = min(self._batch_size, max(1, _BATCH_TOKENS // len(tokens[order[0]])))
                yield [start + i for i in order[:count]], [tokens[i] for i in order[:count]]
                del order[:count]

    def _inputs(self, tokens: list[list[int]]) -> list[NDArray[np.float32]]:
        longest = -(-max(map(len, tokens)) // _STEP) * _STEP
        embeddings = np.zeros((len(tokens), longest, self.dimension), np.float32)
        kept = np.zeros((len(tokens), 1, 1, longest), np.float32)
        for row, ids in enumerate(tokens):
            embeddings[row, : len(ids)] = self._words[ids]
            embeddings[row, : len(ids)] += self._positions[: len(ids)]
            kept[row, ..., : len(ids)] = 1
        return [embeddings, kept]


def _averages(request: Any, tokens: list[list[int]]) -> NDArray[np.float32]:
    """In float32, whatever the layers were computed in."""
    output = request.get_output_tensor().data
    return np.array([output[row, : len(ids)].mean(axis=0) for row, ids in enumerate(tokens)], np.float32)


def _fastest() -> str:
    """The library's own choice takes bfloat16 without matrix tiles too, where it is slower than float32."""
    try:
        tiles = "amx_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:  # not Linux; processors with tiles are in servers
        tiles = False
    return "bf16" if tiles else "f32"
