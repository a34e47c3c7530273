"""Which of two engines answers sooner on this processor: measured once with the model itself, then remembered.

Neither is always ahead: with AVX-512 or AMX OpenVINO reads prompts several times as fast, without them llama.cpp writes
almost twice as fast; see bench/results.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from qa.chat.apart import run_apart
from qa.chat.engine import Engine, Message
from qa.errors import ModelFailed
from qa.types import Progress

_log = logging.getLogger(__name__)

NAMES = ("openvino", "llamacpp")
READ_TOKENS, WRITTEN_TOKENS = 550, 120  # of a checked answer, without what is in the cache; see bench/results.md
_SAMPLE_READ, _SAMPLE_WRITTEN = 200, 24
_SECONDS = 1800.0  # for an engine, most of it for a conversion at its first use
_CONTEXT_TOKENS = 1024
_AHEAD = 1.2  # how much sooner the second engine must be done to be taken, else chance would choose


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one engine with one model, in tokens a second."""

    read: float
    written: float

    @property
    def answer_seconds(self) -> float:
        """What an answer takes at this speed."""
        return READ_TOKENS / self.read + WRITTEN_TOKENS / self.written


def fastest(
    model: Path,
    cache: Path,
    progress: Callable[[Progress], None] | None = None,
    measure: Callable[[str], Speed] | None = None,
) -> str:
    """The engine to take: the first of NAMES, unless another one was measured to be clearly ahead.

    Where this model was not measured on this processor with these versions, each engine is, in a process of its own,
    which takes ten to twenty seconds. One that fails there is out of the running, and is tried again next time.
    """
    kept = cache / "engines" / f"{_key(model)}.json"
    speeds = _read(kept)
    if speeds is None:
        with _alone(kept):
            speeds = _read(kept)  # another process was faster
            if speeds is None:
                speeds = _all_measured(measure or (lambda name: _measured_apart(name, model, cache)), progress)
                if len(speeds) == len(NAMES):
                    _write(kept, speeds)
    best = min(speeds, key=lambda name: speeds[name].answer_seconds, default=NAMES[0])
    first = speeds.get(NAMES[0])
    if first and first.answer_seconds < _AHEAD * speeds[best].answer_seconds:
        return NAMES[0]
    return best


def speed_of(engine: Engine) -> Speed:
    """Reads numbers and goes on counting: neither the words nor what is made of them change the speed."""
    _timed(engine, 50, 4)  # what an engine does at its first prompt only
    read, first, written, last = _timed(engine, 100, _SAMPLE_WRITTEN)
    return Speed(read / first, written / last)


def _timed(engine: Engine, start: int, tokens: int) -> tuple[int, float, int, float]:
    """Tokens read and seconds to the first piece, tokens written after it and seconds for these."""
    numbers = " ".join(map(str, range(start, start + _SAMPLE_READ // 4)))
    messages = [Message("user", f"{numbers}\nGo on counting, numbers only, for as long as you can.")]
    read = engine.count_prompt_tokens(messages)
    begin = time.perf_counter()
    pieces = engine.stream(messages, max_tokens=tokens)
    head = next(pieces, "")
    first = time.perf_counter()
    rest = "".join(pieces)
    end = time.perf_counter()
    if not rest:
        raise ModelFailed(f"The chat model wrote only {head!r} when it was measured.")
    return read, first - begin, engine.count_tokens(rest), end - first


@contextlib.contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """While no other process measures: each would slow the other down."""
    lock: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    with contextlib.suppress(OSError):  # a cache that cannot be written
        kept.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(kept.with_suffix(".lock"), timeout=_SECONDS)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, Timeout):
            stack.enter_context(lock)
        yield


def _all_measured(measure: Callable[[str], Speed], progress: Callable[[Progress], None] | None) -> dict[str, Speed]:
    speeds = {}
    for number, name in enumerate(NAMES):
        if progress:
            progress(Progress("chat_measure", number, len(NAMES)))
        try:
            speeds[name] = measure(name)
        except (RuntimeError, ValueError) as error:
            _log.warning("The chat engine %s could not be measured: %s", name, error)
    _log.info("Tokens a second, read and written: %s", speeds)
    return speeds


def _measured_apart(name: str, model: Path, cache: Path) -> Speed:
    """Raises RuntimeError where the engine fails or ends its process, ValueError where it says no speed."""
    said = run_apart("qa.chat.fastest", name, str(model.resolve()), str(cache.resolve()), seconds=_SECONDS)
    read, written = map(float, said.split()[-2:])
    return Speed(read, written)


def _key(model: Path) -> str:
    """Of all that a speed depends on, but for what else the machine is doing."""
    packages = []
    for package in ("openvino-genai", "xllamacpp"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            packages.append(f"{package} {importlib.metadata.version(package)}")
    parts = [_processor(), str(os.cpu_count()), model.name, str(model.stat().st_size), *packages]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        told = sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
        if told:
            return "\n".join(told)
    return f"{platform.machine()} {platform.processor()}"


def _read(path: Path) -> dict[str, Speed] | None:
    """What was measured; None where it was not, or the file is torn."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        speeds = {name: Speed(float(stored[name]["read"]), float(stored[name]["written"])) for name in NAMES}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return speeds if all(min(speed.read, speed.written) > 0 for speed in speeds.values()) else None


def _write(path: Path, speeds: Mapping[str, Speed]) -> None:
    with contextlib.suppress(OSError):  # a cache that cannot be written: measured again next time
        path.write_text(json.dumps({name: asdict(speed) for name, speed in speeds.items()}), encoding="utf-8")


def _main(name: str, model: Path, cache: Path) -> None:
    engine: Engine
    if name == "openvino":
        from qa.chat.openvino_engine import OpenVINOEngine

        engine = OpenVINOEngine.open(model, cache=cache, context_tokens=_CONTEXT_TOKENS)
    else:
        from qa.chat.llamacpp_engine import LlamaCppEngine

        engine = LlamaCppEngine.open(model, cache=cache, context_tokens=_CONTEXT_TOKENS)
    try:
        speed = speed_of(engine)
    finally:
        engine.close()
    print(speed.read, speed.written)


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
