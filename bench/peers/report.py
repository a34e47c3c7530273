"""The table of a run, a column a pipeline, in brackets the ratio to notes-qa; then how each refreshes, and versions."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

OURS = "notes-qa"
Result = Mapping[str, Any]


def print_report(results: Mapping[str, Result], left_out: int) -> None:
    """Print Markdown; `left_out` counts questions whose gold is not in these notes."""
    names = list(results)
    searched = len(next(iter(results.values()))["ranks"]) if results else 0
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}; {searched} searches", end="")
    print(f"; {left_out} questions left out, their gold is not in these notes\n" if left_out else "\n")
    print(f"| | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for title, figure, unit in (*_costs(), *_hits(results), *_answers()):
        values = {name: figure(result) for name, result in results.items()}
        if any(value is not None for value in values.values()):
            ours = values.get(OURS)
            cells = (_cell(value, unit, None if name == OURS else ours) for name, value in values.items())
            print(f"| {title} | {' | '.join(cells)} |")
    print(f"| edits that the refresh took up | {' | '.join(_edits(r) for r in results.values())} |")
    print(f"| answers that failed | {' | '.join(_failed(r) for r in results.values())} |")
    print("\nRefreshed by:\n")
    for name, result in results.items():
        print(f"- {name}: {result['refreshes_by']}.")
    print("\nVersions:\n")
    for name, result in results.items():
        print(f"- {name}: {', '.join(f'{package} {number}' for package, number in result['versions'].items())}")


Row = tuple[str, Callable[[Result], float | None], str]


def _costs() -> list[Row]:
    return [
        ("passages", lambda r: r["passages"], ""),
        ("index built from nothing, encoder loaded", lambda r: r["build"], "s"),
        ("refresh after one edited note, median", lambda r: _median(r["refreshes"]), "s"),
        ("search, query encoding included, p50", lambda r: 1000 * statistics.median(r["searches"]), "ms"),
        ("search, p95", lambda r: 1000 * _p95(r["searches"]), "ms"),
    ]


def _hits(results: Mapping[str, Result]) -> list[Row]:
    directions = sorted({direction for result in results.values() for direction in result["directions"]})
    counts = {d: next(iter(results.values()))["directions"].count(d) for d in directions}
    return [
        (f"hit@{k}, {direction} ({counts[direction]})", _hit(k, direction), "share")
        for direction in directions
        for k in (1, 5)
    ] + [("characters of the five pieces, median: more hold more", _read, "")]


def _read(result: Result) -> float | None:
    return _median([sum(len(piece["text"]) for piece in pieces) for pieces in result["found"]])


def _hit(k: int, direction: str) -> Callable[[Result], float | None]:
    def share(result: Result) -> float | None:
        ranks = [rank for rank, of in zip(result["ranks"], result["directions"], strict=True) if of == direction]
        return statistics.mean(rank is not None and rank <= k for rank in ranks)

    return share


def _answers() -> list[Row]:
    def whole(result: Result) -> list[Mapping[str, Any]]:
        return [answer for answer in result["answers"] if not answer["error"]]

    return [
        ("first token, median", lambda r: _median([a["first"] for a in whole(r) if a["first"] is not None]), "s"),
        ("answer in both languages, median", lambda r: _median([a["seconds"] for a in whole(r)]), "s"),
        ("its characters, median", lambda r: _median([len(a["text"]) for a in whole(r)]), ""),
        ("peak memory, index and search", lambda r: r["searching_mb"], "MB"),
        ("peak memory, with the chat model", lambda r: r.get("answering_mb"), "MB"),
    ]


def _cell(value: float | None, unit: str, ours: float | None) -> str:
    if value is None:
        return "none"
    shown = f"{value:.3f}" if unit == "share" else f"{value:.2f} s" if unit == "s" else f"{value:.0f} {unit}".rstrip()
    return f"{shown} ({value / ours:.2f}×)" if ours else shown


def _edits(result: Result) -> str:
    return f"{result['taken_up']} of {len(result['refreshes'])}"


def _failed(result: Result) -> str:
    failed = [answer["error"] for answer in result["answers"] if answer["error"]]
    return f"{len(failed)} of {len(result['answers'])}"


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
