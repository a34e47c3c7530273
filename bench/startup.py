"""How long the commands take from the shell on, and which imports take it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Figure
from bench.stages import seconds

ROOT = Path(__file__).resolve().parent.parent
SECTION = "start"
_QUERY = "池化"
_BIGGEST = 5
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)", re.ASCII)  # microseconds of its own, cumulative, name


def startup_figures(corpus: Path, index: Path, repeat: int) -> list[Figure]:
    """`notes-qa --help`, `notes-qa search`, and what its imports take of it; the index is there."""
    search = ["search", _QUERY, "--corpus", str(corpus), "--index", str(index)]
    helping = tuple(seconds(lambda: _run(["--help"])) for _ in range(repeat))
    cold = tuple(seconds(lambda: _run(search)) for _ in range(repeat))
    packages = [by_package(_run(search, "-X", "importtime").stderr) for _ in range(repeat)]
    importing = tuple(sum(each.values()) for each in packages)
    figures = [
        Figure(SECTION, "`notes-qa --help`", "s", helping),
        Figure(SECTION, "cold start of `notes-qa search`", "s", cold),
        Figure(SECTION, "imports of `notes-qa search`, told by Python, which slows them", "s", importing),
    ]
    for name in biggest(packages[-1], _BIGGEST):
        own = [each.get(name, 0.0) for each in packages]
        share = 100 * own[-1] / importing[-1]
        figures.append(Figure(SECTION, f"of them {name}", "s", tuple(own)))
        figures.append(Figure(SECTION, f"share of {name} in the imports", "%", (share,)))
    return figures


def by_package(report: str) -> dict[str, float]:
    """Seconds of each top-level package's own modules in what `-X importtime` writes; together all imports."""
    packages: dict[str, float] = {}
    for line in report.splitlines():
        if found := _LINE.match(line):
            name = found[2].partition(".")[0]
            packages[name] = packages.get(name, 0.0) + int(found[1]) / 1e6
    return packages


def biggest(packages: Mapping[str, float], count: int) -> list[str]:
    """The packages that take the most, most first."""
    return sorted(packages, key=lambda name: (-packages[name], name))[:count]


def _run(arguments: Sequence[str], *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *flags, "-m", "qa", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, cwd=ROOT)
