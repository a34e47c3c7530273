"""Figures of a run: their text, their file, and the comparison of two."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from bench.figures import Figure, measured_text, number_text, tables
from bench.kept_runs import Run, comparison, load_run, mark, ratio, save_run
from bench.machine import Idleness, Machine

MACHINE = Machine("a processor", 2, ("avx2",), 40.0, None, 20.0, "3.11.7")
IDLE = Idleness(0.1, 1.0)
SLOW, FAST = Figure("search", "dense", "s", (2.0, 2.2, 2.1)), Figure("search", "dense", "s", (1.0, 1.1))


def run(*figures: Figure) -> Run:
    return Run("abc1234", "2026-01-01 10:00", MACHINE, IDLE, IDLE, {"repeat": 3}, figures)


def test_a_figure_is_its_median_with_the_range():
    assert measured_text(SLOW) == "2.10 s (2.00 to 2.20)"


def test_short_times_are_milliseconds_by_their_median():
    assert measured_text(Figure("search", "dense", "s", (0.002, 0.2, 0.003))) == "3.00 ms (2.00 to 200)"


def test_nothing_measured_is_said():
    assert measured_text(Figure("search", "dense", "s", ())) == "none"


def test_numbers_keep_three_digits():
    assert [number_text(value) for value in (1234.5, 12.345, 0.012345, 0, math.nan)] == [
        "1234", "12.3", "0.0123", "0", "none"
    ]  # fmt: skip


def test_a_limit_stands_beside_what_was_measured():
    table = tables([Figure("build", "encode", "/s", (5.0,), 10.0), Figure("build", "read", "s", (1.0,))])
    assert "| encode | 5.00 /s | 10.0 /s | 0.500 |" in table
    assert "| read | 1.00 s |  |  |" in table


def test_model_calls_are_a_row_for_each_kind():
    section = "model calls of an answer in zh"
    table = tables(
        [Figure(section, "draft: new", "tokens", (8.0,)), Figure(section, "draft: decode", "/s", (4.0,), 8.0)]
    )
    assert "| call | new | decode, of limit 8.00 /s |" in table
    assert "| draft | 8.00 tokens | 4.00 /s, 0.500 |" in table


def test_a_run_comes_back_from_its_file(tmp_path: Path):
    kept = run(SLOW, Figure("build", "encode", "/s", (5.0,), 10.0))
    save_run(kept, tmp_path / "run.json")
    assert load_run(tmp_path / "run.json") == kept


def test_times_that_fell_below_the_old_range_are_better():
    assert mark(SLOW, FAST) == "better"
    assert mark(FAST, SLOW) == "worse"


def test_rates_are_better_the_higher_they_are():
    slow, fast = replace(SLOW, unit="/s"), replace(FAST, unit="/s")
    assert mark(slow, fast) == "worse"
    assert mark(fast, slow) == "better"


def test_ranges_that_touch_are_not_marked():
    assert mark(SLOW, replace(FAST, values=(1.0, 2.0))) == ""


def test_single_runs_have_no_range():
    assert mark(replace(SLOW, values=(2.0,)), FAST) == "no range"
    assert mark(replace(SLOW, values=(2.0,)), replace(SLOW, values=(2.0,))) == ""


def test_other_counts_only_differ():
    assert mark(replace(SLOW, unit="tokens"), replace(FAST, unit="tokens")) == "differs"


def test_a_ratio_is_new_over_old():
    assert ratio(FAST, SLOW) == 2.0
    assert math.isnan(ratio(replace(FAST, values=()), SLOW))


def test_a_comparison_names_what_only_one_run_has():
    read, rows = Figure("build", "read", "s", (1.0,)), replace(SLOW, name="rows")
    text = comparison(run(SLOW, read), replace(run(FAST, rows), commit="def5678"))
    assert "| search: dense | 2.10 s (2.00 to 2.20) | 1.05 s (1.00 to 1.10) | 0.500 | better |" in text
    assert "Only in the old run: build." in text
    assert "Only in the new run: search: rows." in text
    assert "**" not in text


def test_a_comparison_doubts_busy_or_other_machines():
    other = replace(run(FAST), machine=replace(MACHINE, cores=8), before=Idleness(4.0, 1.0), options={"repeat": 1})
    text = comparison(run(SLOW), other)
    assert "not idle" in text
    assert "different machines" in text
    assert "options repeat differ" in text


def test_the_load_that_a_run_makes_itself_is_not_held_against_it():
    assert replace(run(), after=Idleness(2.0, 1.0)).is_idle
    assert not replace(run(), after=Idleness(2.0, 0.5)).is_idle
