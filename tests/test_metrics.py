"""Figures by hand, by brute force, and by what is known of the bootstrap."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from qa.metrics import (
    FIGURES,
    Changed,
    ComparedRow,
    DecisionRow,
    Searched,
    at_share,
    auroc,
    auroc_interval,
    compare,
    decision_rows,
    hit_at,
    mean_interval,
    ndcg,
    reciprocal_rank,
    retrieval_rows,
)
from qa.types import Language


def searched(
    identity: str, *ranks: int | None, direction: str = "zh to en", chance: float = 0.9, ms: float = 1.0
) -> Searched:
    language: Language = "en" if direction.startswith("en") else "zh"
    return Searched(identity, language, direction if ranks else "", ranks, chance, ms)


@pytest.mark.parametrize(
    ("ranks", "hits", "reciprocal"),
    [
        ([1], [1, 1, 1], 1.0),
        ([5], [0, 1, 1], 0.2),
        ([10], [0, 0, 1], 0.1),
        ([11], [0, 0, 0], 0.0),
        ([None], [0, 0, 0], 0.0),
        ([None, 6, 2], [0, 1, 1], 0.5),
    ],
)
def test_first_gold_passage_counts(ranks: list[int | None], hits: list[int], reciprocal: float) -> None:
    assert [hit_at(k, ranks) for k in (1, 5, 10)] == hits
    assert reciprocal_rank(10, ranks) == reciprocal


@pytest.mark.parametrize(
    ("ranks", "value"),
    [
        ([1], 1.0),
        ([3], 0.5),
        ([2, 1], 1.0),
        ([1, None], 1 / (1 + 1 / math.log2(3))),
        ([11], 0.0),
        ([None, None], 0.0),
        ([1, 1], 1.0),  # two quotes in one passage
        ([2, 2, 1], 1.0),
    ],
)
def test_ndcg_is_as_computed_by_hand(ranks: list[int | None], value: float) -> None:
    assert ndcg(10, ranks) == pytest.approx(value, abs=1e-15)


def test_ndcg_is_the_share_of_the_best_order() -> None:
    def gain(ranks: tuple[int | None, ...]) -> float:
        return sum(1 / math.log2(rank + 1) for rank in ranks if rank and rank <= 10)

    for gold in (1, 2, 3):
        best = max(map(gain, itertools.combinations(range(1, 13), gold)))
        for ranks in itertools.permutations([*range(1, 13), *[None] * gold], gold):
            assert ndcg(10, ranks) == pytest.approx(gain(ranks) / best)


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    chance = random.Random(1)
    for _ in range(50):
        yes, no = ([chance.randrange(5) / 4 for _ in range(chance.randrange(1, 12))] for _ in range(2))
        pairs = [(a > b) + (a == b) / 2 for a in yes for b in no]
        assert auroc(yes, no) == pytest.approx(sum(pairs) / len(pairs))


def test_auroc_of_one_side_alone_is_unknown() -> None:
    assert math.isnan(auroc([1.0], []))
    assert math.isnan(auroc([], [1.0]))
    assert all(map(math.isnan, auroc_interval([], [1.0])))


def test_interval_of_equal_values_is_that_value() -> None:
    assert mean_interval([0.25] * 7) == (0.25, 0.25)
    assert mean_interval([1.0]) == (1.0, 1.0)
    assert auroc_interval([0.9, 0.8], [0.1, 0.2]) == (1.0, 1.0)


def test_interval_of_a_share_is_that_of_the_binomial_distribution() -> None:
    values = [1.0] * 200 + [0.0] * 200
    low, high = mean_interval(values)
    assert low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.005)
    assert high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.005)


def test_interval_is_the_same_each_time() -> None:
    values = [random.Random(2).random() for _ in range(30)]
    assert mean_interval(values) == mean_interval(values)
    assert auroc_interval(values, values[:9]) == auroc_interval(values, values[:9])


def test_auroc_interval_holds_the_value_and_is_no_wider_than_possible() -> None:
    chance = random.Random(3)
    yes, no = [chance.gauss(1) for _ in range(60)], [chance.gauss() for _ in range(60)]
    low, high = auroc_interval(yes, no)
    assert 0.5 < low < auroc(yes, no) < high < 1


@pytest.mark.parametrize(("share", "value"), [(0.5, 3), (0.95, 5), (0.2, 1), (0.21, 2), (0.0, 1), (1.0, 5)])
def test_share_of_the_values_lies_at_or_below(share: float, value: int) -> None:
    assert at_share([5, 3, 1, 4, 2], share) == value


def test_row_holds_the_figures_of_its_direction() -> None:
    run = [searched("a", 1, ms=5), searched("b", None, ms=1), searched("c", 2, direction="zh to zh"), searched("d")]
    first, second = retrieval_rows(run)
    assert (first.direction, first.questions, first.hit_at_1, first.mrr_at_10) == ("zh to zh", 1, 0.0, 0.5)
    assert (second.direction, second.questions, second.hit_at_10, second.ndcg_at_10) == ("zh to en", 2, 0.5, 0.5)
    assert (second.p50_ms, second.p95_ms) == (1, 5)
    assert second.intervals == dict.fromkeys(FIGURES, (0.0, 1.0))


def test_decisions_are_counted_apart_for_each_language() -> None:
    run = [
        searched("a", 1, chance=0.8),
        searched("b", None, chance=0.49),
        searched("c", chance=0.5),
        searched("d", chance=0.1),
    ]
    (row,) = decision_rows(run)
    intervals = {"declined_answerable": (0.0, 1.0), "declined_unanswerable": (0.0, 1.0)}
    auroc_of_it = auroc_interval([0.8, 0.49], [0.5, 0.1])
    assert row == DecisionRow("zh", 2, 2, 0.75, 0.5, 0.5, {**intervals, "auroc": auroc_of_it})


def test_without_unanswerable_questions_their_rate_is_unknown() -> None:
    (row,) = decision_rows([searched("a", 1, direction="en to en", chance=0.2)])
    assert (row.language, row.answerable, row.unanswerable, row.declined_answerable) == ("en", 1, 0, 1.0)
    assert math.isnan(row.auroc)
    assert math.isnan(row.declined_unanswerable)


def test_runs_are_compared_on_the_questions_they_share() -> None:
    before = [searched("a", 1), searched("b", 6), searched("c", 1), searched("gone", 1), searched("open")]
    now = [searched("a", 2), searched("b", 4), searched("c", None), searched("new", 1), searched("open")]
    rows, changed = compare(before, now)
    assert rows[1] == ComparedRow(
        "zh to en", 3, "hit_at_5", 2 / 3, 2 / 3, 0.0, {"difference": mean_interval([0, 1, -1])}
    )
    assert (rows[0].figure, rows[0].before, rows[0].now, rows[0].difference) == ("hit_at_1", 2 / 3, 0.0, -2 / 3)
    assert changed == [Changed("zh to en", 1, 1, ("b",), ("c",))]


def test_run_compared_with_itself_differs_in_nothing() -> None:
    run = [searched(str(number), number % 12 + 1, direction="en to zh") for number in range(30)]
    rows, changed = compare(run, run)
    assert {(row.difference, row.intervals["difference"]) for row in rows} == {(0.0, (0.0, 0.0))}
    assert changed == [Changed("en to zh", 0, 0, (), ())]


def test_pairs_make_the_interval_of_a_difference_narrow() -> None:
    before = [float(number % 2) for number in range(100)]
    now = [1.0, *before[1:]]
    low, high = mean_interval([b - a for a, b in zip(before, now, strict=True)])
    assert low == 0.0
    assert high <= 0.04


def test_of_many_questions_won_twenty_are_named() -> None:
    ids = [f"q{number:02}" for number in range(25)]
    _, (changed,) = compare([searched(i, None) for i in ids], [searched(i, 1) for i in ids])
    assert (changed.won, changed.won_ids) == (25, tuple(ids[:20]))


def test_runs_without_a_shared_question_have_nothing_to_compare() -> None:
    assert compare([searched("a", 1)], [searched("b", 1), searched("a", 1, direction="zh to zh")]) == ([], [])
