"""Keeps the figures of a run in a JSON file and compares those of two commits."""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, markdown, measured_text, number_text
from bench.machine import Idleness, Machine

_RATES = ("/s", "/min")  # more of them is better
_COSTS = ("s", "GB", "MB")


@dataclass(frozen=True, slots=True)
class Run:
    """All figures of one run and where they come from."""

    commit: str
    date: str
    machine: Machine
    before: Idleness
    after: Idleness
    options: Mapping[str, Any]
    figures: tuple[Figure, ...]

    @property
    def is_idle(self) -> bool:
        """Whether the machine had nothing else to do; its load at the end is the run's own."""
        return self.before.is_idle and Idleness(0.0, self.after.spin).is_idle


def save_run(run: Run, path: Path) -> None:
    """Write it, for `load_run`."""
    path.write_text(json.dumps(asdict(run), ensure_ascii=False, indent=1), encoding="utf-8")


def load_run(path: Path) -> Run:
    """Raises OSError, and KeyError or TypeError where the file is of another version."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Run(
        stored["commit"],
        stored["date"],
        Machine(**stored["machine"] | {"flags": tuple(stored["machine"]["flags"])}),
        Idleness(**stored["before"]),
        Idleness(**stored["after"]),
        stored["options"],
        tuple(Figure(**each | {"values": tuple(each["values"])}) for each in stored["figures"]),
    )


def comparison(old: Run, new: Run) -> str:
    """Both runs side by side; marked where the ranges of a figure do not touch."""
    earlier = {(figure.section, figure.name): figure for figure in old.figures}
    later = {(figure.section, figure.name): figure for figure in new.figures}
    rows = [
        (
            f"{section}: {name}",
            measured_text(earlier[section, name]),
            measured_text(figure),
            number_text(ratio(earlier[section, name], figure)),
            mark(earlier[section, name], figure),
        )
        for (section, name), figure in later.items()
        if (section, name) in earlier
    ]
    head = (
        "stage",
        f"old: {old.commit}, {old.date}",
        f"new: {new.commit}, {new.date}",
        "new / old",
        "beyond the ranges",
    )
    only = [f"Only in the old run: {text}." for text in _only(earlier, later)]
    only += [f"Only in the new run: {text}." for text in _only(later, earlier)]
    return "\n\n".join([*_doubts(old, new), markdown(head, rows), *only])


def ratio(old: Figure, new: Figure) -> float:
    """Median over median; `nan` where there is none."""
    return new.median / old.median if old.values and old.median else float("nan")


def mark(old: Figure, new: Figure) -> str:
    """`better` or `worse` where no value of one lies within the range of the other; counts and shares only differ."""
    if not old.values or not new.values:
        return ""
    if min(len(old.values), len(new.values)) == 1:
        return "" if old.values == new.values else "no range"
    higher, lower = min(new.values) > max(old.values), max(new.values) < min(old.values)
    if not higher and not lower:
        return ""
    if new.unit.endswith(_RATES):
        return "better" if higher else "worse"
    if new.unit in _COSTS:
        return "worse" if higher else "better"
    return "differs"


def current_commit(folder: Path) -> str:
    """Short, with a plus where files differ from it; `unknown` outside of git."""
    try:
        commit, changes = (
            subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
            for arguments in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "-uno"))
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}+" if changes else commit


def now() -> str:
    """The minute, as runs carry it."""
    return datetime.datetime.now().strftime("%Y-%m-%d %H:%M")


def _only(these: Collection[tuple[str, str]], those: Collection[tuple[str, str]]) -> Iterator[str]:
    """What the others do not have; of a section that they lack its name."""
    sections = {section for section, _ in those}
    for section in dict.fromkeys(section for section, _ in these):
        names = [name for of, name in these if of == section and (of, name) not in those]
        if names:
            yield f"{section}: {', '.join(names)}" if section in sections else section


def _doubts(old: Run, new: Run) -> Sequence[str]:
    """What speaks against comparing the two."""
    doubts = [f"**The machine was not idle during the run of {run.commit}.**" for run in (old, new) if not run.is_idle]
    if old.machine.processor != new.machine.processor or old.machine.cores != new.machine.cores:
        doubts.append("**The runs are of different machines.**")
    differing = sorted(key for key in old.options.keys() | new.options.keys() if _differ(key, old, new))
    if differing:
        doubts.append(f"**The options {', '.join(differing)} differ.**")
    return doubts


def _differ(key: str, old: Run, new: Run) -> bool:
    return bool(old.options.get(key) != new.options.get(key))
