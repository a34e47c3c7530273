"""Reorders the passages of a search by a reranker, a model that reads question and passage together; off by default.

A reranker only ever moves passages that the search has found. Late or broken, it leaves their order as it was.
"""

from __future__ import annotations

import atexit
import logging
import mmap
import os
import secrets
import shutil
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.encoder_folder import find_folder, readable_name
from qa.errors import EncoderError, ModelFailed, ModelNotFound, SettingsError
from qa.indexing import embedded_text
from qa.types import Hit

if TYPE_CHECKING:
    import torch
    from sentence_transformers import CrossEncoder

WEIGHT = 1.0  # of the reranker against the search, each in its own standard deviations
SECONDS = 1.0  # that a question waits at most; ten passages take 12 layers of width 384 half a second on 4 cores
_BATCH = 4  # pairs between two looks at the clock
_MAX_TOKENS = 512  # of a pair: question, passage and marks
_CHARS_PER_TOKEN = 8  # more than any common vocabulary has on average
_HEADS = (b"cls.weight", b"cls.output.weight")  # what turns a GGUF's last layer into a score

_CHOOSE = "Set NOTES_QA_RERANKER to a cross-encoder's folder or gguf:PATH, or leave it empty."

Scores = NDArray[np.float32]

_log = logging.getLogger(__name__)


class Reranker(Protocol):
    """A model that says how well each text answers a question; may be shared by threads."""

    @property
    def name(self) -> str:
        """For people to read."""
        ...

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """(n,) in the order of `texts`, higher is better, on a scale of its own; a long text counts by its start."""
        ...


class Reordering:
    """A reranker with its weight and its time; may be shared by threads, which take turns."""

    def __init__(self, reranker: Reranker, weight: float = WEIGHT, seconds: float = SECONDS) -> None:
        self._reranker = reranker
        self._weight = weight
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(1, "rerank")

    def reorder(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits in their new order; as they were where the reranker is late or fails, which the log tells."""
        if not hits:
            return []
        deadline = time.monotonic() + self._seconds
        try:
            work = self._thread.submit(self._scores, question, [embedded_text(hit.passage) for hit in hits], deadline)
        except RuntimeError:  # closed meanwhile
            return list(hits)
        try:
            return rerank(hits, work.result(self._seconds), self._weight)
        except TimeoutError:
            work.cancel()
            _log.warning("Not reranked: %s took more than %g seconds", self._reranker.name, self._seconds)
        except CancelledError:  # closed meanwhile
            pass
        except Exception as error:  # of two native libraries; a search does without
            _log.warning("Not reranked: %s failed (%s)", self._reranker.name, error)
        return list(hits)

    def close(self) -> None:
        """Wait for the passages that are being read, end the thread and free the model."""
        self._thread.shutdown(cancel_futures=True)
        close = getattr(self._reranker, "close", None)
        if close is not None:
            close()

    def _scores(self, question: str, texts: Sequence[str], deadline: float) -> Scores:
        found: list[Scores] = []
        for start in range(0, len(texts), _BATCH):
            if time.monotonic() >= deadline:  # nobody waits any more
                raise TimeoutError
            found.append(self._reranker.scores(question, texts[start : start + _BATCH]))
        return np.concatenate(found)


def rerank(hits: Sequence[Hit], scores: Scores, weight: float) -> list[Hit]:
    """The hits by their score plus `weight` times the reranker's, which is brought to the same spread first.

    Listings stay behind all others, equal hits in their order. Raises ModelFailed where a score is no number.
    """
    if not np.isfinite(scores).all():
        raise ModelFailed("The reranker gave a score that is not a number.")
    spread = float(np.std([hit.score for hit in hits])) or 1.0
    deviation = float(np.std(scores)) or 1.0
    added = weight * spread * (scores.astype(np.float64) - scores.mean(dtype=np.float64)) / deviation
    rescored = [replace(hit, score=round(hit.score + more, 5)) for hit, more in zip(hits, added.tolist(), strict=True)]
    rescored.sort(key=lambda hit: (hit.passage.listing, -hit.score))
    return [replace(hit, rank=rank) for rank, hit in enumerate(rescored, 1)]


def open_reranker(spec: str) -> Reranker:
    """Load a cross-encoder by its folder or the name under which it was downloaded, or the file of gguf:PATH.

    Takes seconds. Raises SettingsError where there is none or it is something else.
    """
    kind, colon, path = spec.strip().partition(":")
    if colon and kind.lower() == "gguf":
        return LlamaCppReranker(Path(path.strip()).expanduser())
    try:
        folder = find_folder(spec.strip())
    except EncoderError:
        raise SettingsError(
            f"There is no reranker {spec!r}: no folder with a cross-encoder, and none of that name has been "
            f"downloaded. {_CHOOSE}"
        ) from None
    return CrossEncoderReranker(folder)


class CrossEncoderReranker:
    """A sentence-transformers folder of a cross-encoder."""

    def __init__(self, folder: Path) -> None:
        """Raises SettingsError."""
        self.name = readable_name(folder)
        self._model = _load_cross_encoder(folder)
        self._lock = threading.Lock()  # the tokeniser is not thread-safe

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        if not texts:
            return np.zeros(0, np.float32)
        with self._lock:
            found = self._model.predict(
                [(question, text) for text in texts],
                batch_size=_BATCH,
                activation_fn=_logits,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(found, np.float32)


class LlamaCppReranker:
    """A GGUF file with a head for scores, through llama.cpp's own server inside this process."""

    def __init__(self, gguf: Path) -> None:
        """Raises SettingsError."""
        self.name = gguf.stem
        tokens = _checked_context(gguf)
        import xllamacpp

        self._max_chars = tokens * _CHARS_PER_TOKEN
        self._folder = Path(tempfile.mkdtemp(prefix="notes-qa-"))  # its owner's alone
        params = xllamacpp.CommonParams()
        params.model.path = str(gguf)
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
        params.n_ctx = params.n_batch = params.n_ubatch = tokens
        params.n_parallel = 1
        # Threads wait for each other at every step, so one without a free core holds up all of them.
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 1) // 2)
        params.verbosity = 0
        params.ui = False
        params.api_keys = [secrets.token_urlsafe()]  # nobody comes in by its HTTP side
        params.port = 0
        if hasattr(socket, "AF_UNIX"):
            params.hostnames = [str(self._folder / "llama.sock")]
        try:
            self._server = xllamacpp.Server(params)
            self._score("", "")  # shows that it works; a server that has served nothing yet can hang when it is freed
        except Exception as error:  # native
            shutil.rmtree(self._folder, ignore_errors=True)
            raise SettingsError(f"llama.cpp cannot load the reranker '{gguf}': {error} {_CHOOSE}") from error
        atexit.register(self.close)  # native threads must not outlive the interpreter

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Raises ModelFailed."""
        return np.array([self._score(question[: self._max_chars], text[: self._max_chars]) for text in texts], "f4")

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        atexit.unregister(self.close)
        self._server = None  # its destructor waits for the native threads
        shutil.rmtree(self._folder, ignore_errors=True)

    def _score(self, question: str, text: str) -> float:
        if self._server is None:
            raise ModelFailed("The reranker is closed.")
        while "error" in (answer := self._server.handle_rerank({"query": question, "documents": [text]})):
            if not (question or text):
                raise ModelFailed(f"llama.cpp returned no score: {answer['error']}")
            # Too long a pair is refused before any work; there is no call that counts its tokens.
            if len(text) >= len(question):
                text = text[: len(text) // 2]
            else:
                question = question[: len(question) // 2]
        return float(answer["results"][0]["relevance_score"])


def _checked_context(gguf: Path) -> int:
    """Tokens that a pair may have. Without a head llama.cpp would give any number of the last layer as the score."""
    from qa.chat.gguf import read_header

    try:
        context = read_header(gguf).context_length or _MAX_TOKENS
    except ModelNotFound:
        raise SettingsError(f"The reranker '{gguf}' cannot be read or is no GGUF file. {_CHOOSE}") from None
    with gguf.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if all(content.find(struct.pack("<Q", len(name)) + name) < 0 for name in _HEADS):
            raise SettingsError(f"The model '{gguf}' is no reranker: it has no head for scores. {_CHOOSE}")
    return min(context, _MAX_TOKENS)


def _logits(scores: torch.Tensor) -> torch.Tensor:
    return scores  # a sigmoid would press the best ones together


def _load_cross_encoder(folder: Path) -> CrossEncoder:
    # As in `qa.encoder_torch`: threads that spin while they wait slow the chat model on the same cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_WARNINGS", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from sentence_transformers import CrossEncoder
    from transformers.utils import logging as transformers_logging

    verbosity, bars_were_on = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
        )
    except Exception as error:  # a damaged folder fails in a dozen ways, with the errors of four libraries
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise SettingsError(f"The reranker in {folder} cannot be loaded: {reason[0]}. {_CHOOSE}") from error
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars_were_on:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    # Any other BERT is loaded too, with a head of random weights.
    architecture = next(iter(getattr(model.config, "architectures", None) or ()), "an unknown model")
    if not architecture.endswith(("ForSequenceClassification", "ForCausalLM")) or model.num_labels != 1:
        raise SettingsError(
            f"The model in {folder} is no reranker: it is {architecture} with {model.num_labels} scores. {_CHOOSE}"
        )
    model.max_seq_length = min(model.max_seq_length or _MAX_TOKENS, _MAX_TOKENS)
    return model
