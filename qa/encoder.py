"""Turns passages and questions into unit vectors, with the fastest engine that can serve the model and the processor.

The engine is loaded when the first passage is encoded, not before: that takes time, and most commands never need it.
Until then questions go to a quick one, where the packaged weights come with it.
"""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qa.encoder_folder import find_folder, fingerprint_of, holds_encoder, readable_name
from qa.encoder_quick import QuickQueries, can_be_quick
from qa.plain_bert import read_plain_bert
from qa.types import Progress
from qa.weights import unpack_encoder, unpacked_from

Vectors = NDArray[np.float32]

_X86 = ("x86_64", "amd64")

_log = logging.getLogger(__name__)


class Encoder(Protocol):
    """What indexing and retrieval need; a fake in which shared words mean near vectors is enough for tests."""

    @property
    def fingerprint(self) -> str:
        """Names the vectors: equal texts get vectors of cosine 0.999 or more where it is equal. Cheap."""
        ...

    @property
    def location(self) -> str:
        """Where it was loaded from, so that an index built with it can find it again."""
        ...

    @property
    def name(self) -> str:
        """For people to read."""
        ...

    @property
    def dimension(self) -> int: ...

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        """(n, dimension) float32, unit rows in the order of `texts`; progress counts texts."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """(dimension,) float32, of length one."""
        ...


class Engine(Protocol):
    """One way to compute the vectors of a folder; their lengths are free."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        """Fastest when the texts come longest first."""
        ...

    def encode_query(self, text: str) -> Vectors: ...


class SentenceEncoder:
    """A sentence-transformers folder; may be shared by threads."""

    def __init__(
        self,
        folder: Path,
        cache: Path,
        load_engine: Callable[[], Engine],
        load_quick: Callable[[], QuickQueries | None] = lambda: None,
    ) -> None:
        self.folder = folder
        self._cache = cache
        self._load_engine = load_engine
        self._load_quick: Callable[[], QuickQueries | None] | None = load_quick
        self._loading = threading.Lock()
        self._engine: Engine | None = None
        self._quick: QuickQueries | None = None
        self._fingerprint: str | None = None

    @classmethod
    def open(
        cls, name: str, cache: Path, batch_size: int = 32, progress: Callable[[Progress], None] | None = None
    ) -> SentenceEncoder:
        """`name` is 'packaged', a folder, or the name of a model that the hub's client has downloaded before.

        Raises EncoderError where it is none of them, and WeightsError where the packaged one cannot be unpacked.
        """
        folder = unpack_encoder(cache, progress) if name == "packaged" else find_folder(name)
        return cls(folder, cache, lambda: load_engine(folder, batch_size), lambda: load_quick(folder, cache))

    @classmethod
    def open_stored(cls, folder: Path, fingerprint: str, cache: Path) -> SentenceEncoder | None:
        """The encoder that an index was built with, `None` where the folder is gone or holds another one now."""
        if not holds_encoder(folder):
            return None
        encoder = cls(folder, cache, lambda: load_engine(folder), lambda: load_quick(folder, cache))
        return encoder if encoder.fingerprint == fingerprint else None

    @property
    def fingerprint(self) -> str:
        if self._fingerprint is None:
            self._fingerprint = fingerprint_of(self.folder, self._cache / "encoders" / "fingerprints")
        return self._fingerprint

    @property
    def location(self) -> str:
        return str(self.folder.absolute())

    @property
    def name(self) -> str:
        """The folder's, and once it is loaded the engine's."""
        name = readable_name(self.folder)
        return f"{name} ({self._engine.name})" if self._engine else name

    @property
    def dimension(self) -> int:
        return self._loaded().dimension

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        # Bytes of UTF-8 follow the number of tokens in both languages; texts of one length need no padding.
        clean = [_encodable(text) for text in texts]
        order = sorted(range(len(clean)), key=lambda i: len(clean[i].encode()), reverse=True)
        engine = self._loaded()
        vectors = np.zeros((len(clean), engine.dimension), np.float32)
        vectors[order] = engine.encode_passages([clean[i] for i in order], progress)
        return _unit(vectors)

    def encode_query(self, text: str) -> Vectors:
        clean = _encodable(text)
        quick = self._quick_engine()
        vector = quick.encode_query(clean) if quick else None
        return _unit(self._loaded().encode_query(clean) if vector is None else vector)

    def _quick_engine(self) -> QuickQueries | None:
        """None where there is none, or no use for it any more."""
        with self._loading:
            if self._engine is None and self._load_quick is not None:
                self._quick, self._load_quick = self._load_quick(), None
            return self._quick if self._engine is None else None

    def _loaded(self) -> Engine:
        with self._loading:
            if self._engine is None:
                self._engine = self._load_engine()
                self._quick = None
            return self._engine


def load_engine(folder: Path, batch_size: int = 32) -> Engine:
    """OpenVINO where it can serve the folder, which one text shows, or else sentence-transformers.

    Raises EncoderError where neither can.
    """
    engine = _load_openvino(folder, batch_size) if platform.machine().lower() in _X86 else None
    if engine is None:
        from qa.encoder_torch import TorchEngine

        engine = TorchEngine(folder, batch_size)
    return engine


def load_quick(folder: Path, cache: Path) -> QuickQueries | None:
    """The engine of the package that this folder's weights came from; None where it is not there or does not run."""
    source = unpacked_from(folder, cache)
    if source is None or not can_be_quick():
        return None
    try:
        return QuickQueries(source)
    except Exception as error:  # native: its library is not there for this system
        _log.info("Questions wait for the encoder's engine: %s", error)
        return None


def _load_openvino(folder: Path, batch_size: int) -> Engine | None:
    try:
        sizes = read_plain_bert(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.info("Not for OpenVINO, so slower: the encoder in %s (%s)", folder, error)
        return None
    try:
        from qa.encoder_openvino import OpenVINOEngine

        return OpenVINOEngine(folder, sizes, batch_size)
    except Exception as error:  # the library is not installed, fails on this processor, or the weights are damaged
        _log.warning("OpenVINO cannot run the encoder in %s (%s); trying PyTorch, which is slower", folder, error)
        return None


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates, which JSON can carry, stop the tokeniser


def _unit(vectors: Vectors) -> Vectors:
    """Rows of length one, also where the folder has no Normalize module or computes in fewer bits."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)
