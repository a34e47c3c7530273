"""The figures of a run over questions and what sets two runs apart: pure functions of what was found for each question.

Intervals are those of the percentile bootstrap (Efron 1979), 95 %, over questions; the random numbers are seeded, so
equal runs get equal intervals. Knows nothing about notes, files or the search.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qa.types import LANGUAGES, Language

DEPTH = 10  # passages asked for
RESAMPLES = 1000
DECLINED_BELOW = 0.5  # probability, as in qa.answering
_SEED = 20200229
_NAMED = 20  # questions won and lost
_NAN = float("nan")

Interval = tuple[float, float]
Ranks = Sequence[int | None]  # 1-based; None: not found


@dataclass(frozen=True, slots=True)
class Searched:
    """What the search found for one question in one language."""

    id: str
    language: Language
    direction: str  # "question's language to note's"; empty where the notes do not answer
    ranks: tuple[int | None, ...]  # of each gold passage, 1 to DEPTH
    probability: float  # that the notes answer, as the search alone sees it
    milliseconds: float

    @property
    def rank(self) -> int | None:
        """Of the first gold passage."""
        return min((rank for rank in self.ranks if rank is not None), default=None)


@dataclass(frozen=True, slots=True)
class RetrievalRow:
    """How well one direction retrieves: shares of the questions, 0 to 1."""

    direction: str
    questions: int
    hit_at_1: float
    hit_at_5: float
    hit_at_10: float
    mrr_at_10: float  # mean reciprocal rank
    ndcg_at_10: float
    p50_ms: float
    p95_ms: float
    intervals: Mapping[str, Interval] = field(default_factory=dict)  # by the name of the figure


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """How well the search alone tells whether the notes answer; `nan` where no such question was asked."""

    language: Language
    answerable: int
    unanswerable: int
    auroc: float  # 1: every answerable question is more probable than every other; 0.5: chance
    declined_answerable: float
    declined_unanswerable: float
    intervals: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One figure of two runs on the questions that both were asked."""

    direction: str
    questions: int
    figure: str
    before: float
    now: float
    difference: float
    intervals: Mapping[str, Interval]  # of the difference


@dataclass(frozen=True, slots=True)
class Changed:
    """Which questions have their answer among the first five in one run only; not more than 20 are named."""

    direction: str
    won: int
    lost: int
    won_ids: tuple[str, ...]
    lost_ids: tuple[str, ...]


def hit_at(k: int, ranks: Ranks) -> float:
    """1 where a gold passage is among the first k, else 0."""
    return float(any(rank is not None and rank <= k for rank in ranks))


def reciprocal_rank(k: int, ranks: Ranks) -> float:
    """1 divided by the rank of the first gold passage, 0 where it is not among the first k."""
    return max((1 / rank for rank in ranks if rank is not None and rank <= k), default=0.0)


def ndcg(k: int, ranks: Ranks) -> float:
    """Normalised discounted cumulative gain of the first k, every gold passage worth the same.

    Two places of gold at one rank stand in one passage and count once.
    """
    found = {rank for rank in ranks if rank is not None and rank <= k}
    passages = len(found) + sum(rank is None or rank > k for rank in ranks)
    gain = sum(1 / math.log2(rank + 1) for rank in sorted(found))
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, passages) + 1))


FIGURES: Mapping[str, Callable[[Ranks], float]] = {
    "hit_at_1": lambda ranks: hit_at(1, ranks),
    "hit_at_5": lambda ranks: hit_at(5, ranks),
    "hit_at_10": lambda ranks: hit_at(10, ranks),
    "mrr_at_10": lambda ranks: reciprocal_rank(10, ranks),
    "ndcg_at_10": lambda ranks: ndcg(10, ranks),
}


def auroc(positive: Sequence[float] | NDArray[np.float64], negative: Sequence[float] | NDArray[np.float64]) -> float:
    """How often a positive is above a negative, a tie counting half; `nan` where one side is empty."""
    if not len(positive) or not len(negative):
        return _NAN
    ordered = np.sort(np.asarray(negative, np.float64))
    below, upto = (np.searchsorted(ordered, positive, side) for side in ("left", "right"))
    return float(np.mean(below + upto) / 2 / len(ordered))


def mean_interval(values: Sequence[float]) -> Interval:
    """Of the mean; with the differences of two runs on the same questions it is the paired bootstrap."""
    return _interval(lambda sample: float(sample.mean()), values)


def auroc_interval(positive: Sequence[float], negative: Sequence[float]) -> Interval:
    """Positives and negatives are drawn apart, so that no resample lacks one of them."""
    return _interval(auroc, positive, negative)


def at_share(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of the values does not exceed: 0.5 a median, 0.95 a slow one."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def retrieval_rows(searched: Iterable[Searched]) -> list[RetrievalRow]:
    """A row per direction in which there are answerable questions, questions in Chinese first."""
    rows = []
    for direction, asked in _by_direction(searched).items():
        values = {name: [figure(one.ranks) for one in asked] for name, figure in FIGURES.items()}
        times = [one.milliseconds for one in asked]
        means = {name: sum(of_name) / len(asked) for name, of_name in values.items()}
        intervals = {name: mean_interval(of_name) for name, of_name in values.items()}
        rows.append(
            RetrievalRow(
                direction,
                len(asked),
                **means,
                p50_ms=at_share(times, 0.5),
                p95_ms=at_share(times, 0.95),
                intervals=intervals,
            )
        )
    return rows


def decision_rows(searched: Sequence[Searched]) -> list[DecisionRow]:
    """A row per language in which there are questions."""
    rows = []
    for language in LANGUAGES:
        yes, no = (
            [one.probability for one in searched if one.language == language and bool(one.ranks) == answerable]
            for answerable in (True, False)
        )
        if yes or no:
            declined = {
                name: [float(probability < DECLINED_BELOW) for probability in asked]
                for name, asked in (("declined_answerable", yes), ("declined_unanswerable", no))
            }
            intervals = {name: mean_interval(values) for name, values in declined.items()}
            shares = {name: sum(values) / len(values) if values else _NAN for name, values in declined.items()}
            intervals["auroc"] = auroc_interval(yes, no)
            rows.append(DecisionRow(language, len(yes), len(no), auroc=auroc(yes, no), intervals=intervals, **shares))
    return rows


def compare(before: Iterable[Searched], now: Iterable[Searched]) -> tuple[list[ComparedRow], list[Changed]]:
    """The figures of two runs on the answerable questions that they share, by id and direction."""
    former = {(one.direction, one.id): one.ranks for one in before if one.ranks}
    rows, changed = [], []
    for direction, asked in _by_direction(now).items():
        pairs = [(one.id, former[direction, one.id], one.ranks) for one in asked if (direction, one.id) in former]
        if not pairs:
            continue
        for name, figure in FIGURES.items():
            old, new = [figure(ranks) for _, ranks, _ in pairs], [figure(ranks) for _, _, ranks in pairs]
            differences = [b - a for a, b in zip(old, new, strict=True)]
            mean, mean_before, mean_now = (sum(values) / len(pairs) for values in (differences, old, new))
            intervals = {"difference": mean_interval(differences)}
            rows.append(ComparedRow(direction, len(pairs), name, mean_before, mean_now, mean, intervals))
        gains = [(identity, hit_at(5, ranks) - hit_at(5, old_ranks)) for identity, old_ranks, ranks in pairs]
        won, lost = ([identity for identity, gain in gains if gain == sign] for sign in (1, -1))
        changed.append(Changed(direction, len(won), len(lost), tuple(won[:_NAMED]), tuple(lost[:_NAMED])))
    return rows, changed


def _by_direction(searched: Iterable[Searched]) -> dict[str, list[Searched]]:
    answerable = sorted((one for one in searched if one.ranks), key=lambda one: one.direction, reverse=True)
    return {direction: list(group) for direction, group in itertools.groupby(answerable, lambda one: one.direction)}


def _interval(statistic: Callable[..., float], *groups: Sequence[float]) -> Interval:
    """Between the 2.5th and the 97.5th percentile of the statistic over resamples of each group."""
    if not all(map(len, groups)):
        return _NAN, _NAN
    random = np.random.default_rng(_SEED)
    arrays = [np.asarray(group, np.float64) for group in groups]
    drawn = [statistic(*(a[random.integers(0, len(a), len(a))] for a in arrays)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)
