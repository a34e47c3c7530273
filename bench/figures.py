"""Measured figures, each with its range and where one is known its limit, as Markdown tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SMALLEST = 5e-5  # number that is told from 0
_SCALES = {"s": ((0.1, 1e3, "ms"), (1e-4, 1e6, "µs"))}  # below so much, times so much, called so


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured again and again; `section` and `name` find it again in another run."""

    section: str
    name: str
    unit: str  # s, /s, GB, %, or what is counted
    values: tuple[float, ...]
    limit: float | None = None  # what the machine could do at best, in the same unit

    @property
    def median(self) -> float:
        """`nan` where nothing was measured."""
        return statistics.median(self.values) if self.values else math.nan


def measured_text(figure: Figure) -> str:
    """The median, and the range where there is one."""
    if not figure.values:
        return "none"
    factor, unit = _scale(figure.median, figure.unit)
    low, high = (number_text(factor * value) for value in (min(figure.values), max(figure.values)))
    middle = f"{number_text(factor * figure.median)} {unit}"
    return middle if len(figure.values) == 1 else f"{middle} ({low} to {high})"


def tables(figures: Sequence[Figure]) -> str:
    """A table for each section, in the order in which they come.

    The figures of model calls, named `kind: what`, are a row for each kind.
    """
    parts = []
    for section in dict.fromkeys(figure.section for figure in figures):
        here = [figure for figure in figures if figure.section == section]
        by_kind = section.startswith("model calls")
        parts.append(f"### {section}\n\n{_by_kind(here) if by_kind else _plain(here)}")
    return "\n\n".join(parts)


def number_text(value: float) -> str:
    """Three digits that count, and no more than four behind the point."""
    if not math.isfinite(value):
        return "none"
    if abs(value) < _SMALLEST:
        return "0"
    return f"{value:.{min(4, max(0, 2 - math.floor(math.log10(abs(value)))))}f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """One table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(figures: Sequence[Figure]) -> str:
    if all(figure.limit is None for figure in figures):
        return markdown(("stage", "median (range)"), ((figure.name, measured_text(figure)) for figure in figures))
    rows = ((figure.name, measured_text(figure), *_limit_texts(figure)) for figure in figures)
    return markdown(("stage", "median (range)", "limit", "measured / limit"), rows)


def _limit_texts(figure: Figure) -> tuple[str, str]:
    if figure.limit is None:
        return "", ""
    factor, unit = _scale(figure.limit, figure.unit)
    return f"{number_text(factor * figure.limit)} {unit}", number_text(figure.median / figure.limit)


def _by_kind(figures: Sequence[Figure]) -> str:
    cells = {tuple(figure.name.split(": ", 1)): figure for figure in figures}
    kinds, columns = (list(dict.fromkeys(key[place] for key in cells)) for place in (0, 1))
    limits = {key[1]: _limit_texts(figure)[0] for key, figure in cells.items() if figure.limit is not None}
    head = [f"{column}, of limit {limits[column]}" if column in limits else column for column in columns]
    rows = [[kind, *(_cell(cells.get((kind, column))) for column in columns)] for kind in kinds]
    return markdown(("call", *head), rows)


def _cell(figure: Figure | None) -> str:
    if figure is None or not figure.values:
        return ""
    text = measured_text(figure)
    return text if figure.limit is None else f"{text}, {_limit_texts(figure)[1]}"


def _scale(value: float, unit: str) -> tuple[float, str]:
    factor, name = 1.0, unit
    for below, times, called in _SCALES.get(unit, ()):
        if abs(value) < below:
            factor, name = times, called
    return factor, name
