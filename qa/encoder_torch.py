"""Encodes with sentence-transformers: any of its folders, on any processor; the only home of torch.

It is imported when the engine is made: that takes seconds. Nothing is asked from the network and no code from a model
folder is run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa.errors import EncoderError

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer


class TorchEngine:
    """May be shared by threads, which then take turns; makes its vectors in float32 or, by default, in bfloat16 where
    the processor multiplies tiles of it.
    """

    def __init__(self, folder: Path, batch_size: int, precision: str | None = None) -> None:
        self._model = _load(folder, precision)
        self._batch_size = batch_size
        # The tokeniser is not thread-safe ("Already borrowed"), and two forward passes at once only compete for the
        # same cores. A question waits for one batch of passages at most.
        self._lock = threading.Lock()
        self.name = f"PyTorch, {_short(str(self._model.dtype))}"
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise EncoderError(f"The encoder in {folder} does not say how long its vectors are.")
        self.dimension = dimension

    def encode_passages(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), self._batch_size):
            batch = list(texts[start : start + self._batch_size])
            with self._lock:
                vectors[start : start + len(batch)] = _float32(
                    self._model.encode_document(
                        batch, batch_size=self._batch_size, show_progress_bar=False, convert_to_tensor=True
                    )
                )
            if progress:
                progress(start + len(batch), len(texts))
        return vectors

    def encode_query(self, text: str) -> NDArray[np.float32]:
        with self._lock:
            return _float32(self._model.encode_query(text, show_progress_bar=False, convert_to_tensor=True))


def _load(folder: Path, precision: str | None) -> SentenceTransformer:
    # OpenMP reads its variable once, when torch is imported; here is the last moment before it, and importing `qa`
    # stays free of side effects. Beside a chat model on the same cores, threads that spin while they wait made one
    # query take 140 to 460 ms instead of 20. What the user has set is kept.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_WARNINGS", "0")  # Intel's and LLVM's OpenMP print to stderr otherwise
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else it warns when this process forks
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    bars_were_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": getattr(torch, precision or _fastest())},
        )
    except Exception as error:  # a damaged folder fails in a dozen ways, with the errors of four libraries
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise EncoderError(
            f"The encoder in {folder} cannot be loaded: {reason[0]}. "
            "If notes-qa unpacked it, delete the folder: it is made again."
        ) from error
    finally:
        if bars_were_on:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _fastest() -> str:
    """Without matrix tiles bfloat16 is computed too, but slower than float32."""
    import torch

    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return "bfloat16" if able.get("amx_bf16") else "float32"


def _short(dtype: str) -> str:
    return dtype.removeprefix("torch.").replace("bfloat", "bf").replace("float", "f")


def _float32(vectors: torch.Tensor) -> NDArray[np.float32]:
    return np.asarray(vectors.float().numpy(), np.float32)
