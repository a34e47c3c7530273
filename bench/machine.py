"""Measures what this machine can do, and whether it has nothing else to do; knows no model and no notes."""

from __future__ import annotations

import hashlib
import os
import platform
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MATRIX = 2048  # rows and columns
_READ_BYTES = 1 << 29  # more than any cache
_READERS = 2  # threads; one alone seldom gets all of the memory's bandwidth
_SPIN_BYTES = 1 << 27
_IDLE_LOAD = 0.5  # processes waiting for a processor, mean of a minute
_IDLE_SPIN = 0.95
_FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
_BFLOAT16 = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True, slots=True)
class Idleness:
    """How much of the machine was free."""

    load: float  # of the last minute, this program's own included
    spin: float  # share of all processors that busy threads got, 0 to 1

    @property
    def is_idle(self) -> bool:
        """Whether figures can be trusted."""
        return self.load <= _IDLE_LOAD and self.spin >= _IDLE_SPIN


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor and its memory, with all cores at work."""

    processor: str
    cores: int
    flags: tuple[str, ...]  # those of matrix products that it has
    gflops: float  # float32 matrix product, 10^9 operations per second
    gflops_bfloat16: float | None  # None where the processor has no such product
    gigabytes_per_second: float  # memory read
    python: str

    @property
    def most_gflops(self) -> float:
        """In the faster of the two."""
        return max(self.gflops, self.gflops_bfloat16 or 0.0)


def measure_machine(repeat: int = 5) -> Machine:
    """Takes some seconds; the best of the runs counts, as a limit should."""
    name, flags = _processor()
    bfloat16 = _bfloat16_gflops(repeat) if set(flags).intersection(_BFLOAT16) else None
    return Machine(
        name,
        os.cpu_count() or 1,
        tuple(flag for flag in _FLAGS if flag in flags),
        _gflops(repeat),
        bfloat16,
        _gigabytes_per_second(repeat),
        platform.python_version(),
    )


def measure_idleness() -> Idleness:
    """Takes about half a second for each core."""
    cores = os.cpu_count() or 1
    data = bytes(_SPIN_BYTES)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    started, used = time.perf_counter(), time.process_time()
    ended: list[float] = []

    def spin() -> None:
        hashlib.sha256(data).digest()  # without the interpreter's lock
        ended.append(time.perf_counter())

    _together([spin] * cores)
    # Until the first is done all of them are at work; where the others then take longer, somebody was in their way.
    wall = cores * (max(ended) - started)
    return Idleness(load, min(1.0, (time.process_time() - used) / wall))


def _gflops(repeat: int) -> float:
    # On any values but zeros; float32 as the layers of a model.
    matrix = np.random.default_rng(0).random((_MATRIX, _MATRIX), np.float32)
    out = np.empty_like(matrix)
    return 2 * _MATRIX**3 / _best(lambda: np.matmul(matrix, matrix, out=out), repeat) / 1e9


def _bfloat16_gflops(repeat: int) -> float:
    import torch

    matrix = torch.rand((_MATRIX, _MATRIX)).to(torch.bfloat16)
    return 2 * _MATRIX**3 / _best(lambda: matrix @ matrix, repeat) / 1e9


def _gigabytes_per_second(repeat: int) -> float:
    """The fastest of three reductions: which of them the processor does as fast as it reads depends on it."""
    numbers = np.ones(_READ_BYTES // 8, np.int64)
    parts = np.split(numbers, _READERS)
    floats = [part.view(np.float32) for part in parts]
    ways: list[Sequence[Callable[[], object]]] = [
        [_reduction(np.maximum, part) for part in parts],
        [_reduction(np.bitwise_or, part) for part in parts],
        [_reduction(np.add, part) for part in floats],
    ]
    return _READ_BYTES / min(_best(_running(way), repeat) for way in ways) / 1e9


def _reduction(operation: np.ufunc, part: np.ndarray) -> Callable[[], object]:
    return lambda: operation.reduce(part)


def _running(tasks: Sequence[Callable[[], object]]) -> Callable[[], None]:
    return lambda: _together(tasks)


def _together(tasks: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _best(work: Callable[[], object], repeat: int) -> float:
    """Seconds of the fastest run, after one that warms up."""
    work()
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def _processor() -> tuple[str, frozenset[str]]:
    """Its name and its flags; without /proc no flags."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine(), frozenset()
    values = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return values.get("model name", platform.machine()), frozenset(values.get("flags", "").split())
