"""Coverage against BM25 written out in plain Python, over one layer, several, and with rows masked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.lexical import LexicalIndex, Unit
from qa.postings import HEADING_COUNT, Postings

Passage = tuple[str, str]  # terms of heading and text

WORDS = ["池化", "卷积", "gate", "reset", "l2", "c++"]
TERMS = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
PASSAGES = st.lists(st.tuples(TERMS, TERMS), max_size=10)
ALTERNATIVE = st.lists(st.sampled_from([*WORDS, "never"]), max_size=3).map(tuple)
WEIGHTS = st.sampled_from([0.5, 1.0, 1.5])
UNITS = st.lists(st.builds(Unit, st.lists(ALTERNATIVE, max_size=3).map(tuple), WEIGHTS), max_size=4)
LEAST_PASSAGES = 100


@dataclass(frozen=True)
class BruteForce:
    """Lucene's BM25 with k1 = 1.2 and b = 0.75, in 64 bits."""

    passages: Sequence[Passage]

    def bm25(self, term: str) -> dict[int, float]:
        counts = [
            Counter(f"{text} {' '.join([heading] * HEADING_COUNT)}".split())[term] for heading, text in self.passages
        ]
        lengths = [len(heading.split()) + len(text.split()) for heading, text in self.passages]
        mean = sum(lengths) / len(lengths) if lengths else 1.0
        holding = sum(count > 0 for count in counts)
        rarity = math.log(1 + (len(counts) - holding + 0.5) / (holding + 0.5))
        return {
            row: rarity * 2.2 * count / (count + 1.2 * (0.25 + 0.75 * length / mean))
            for row, (count, length) in enumerate(zip(counts, lengths, strict=True))
            if count
        }

    def match(self, unit: Unit) -> dict[int, float]:
        scores: dict[int, float] = {}
        for terms in filter(None, unit.alternatives):
            of_terms = [self.bm25(term) for term in terms]
            for row in set.intersection(*map(set, of_terms)):
                scores[row] = scores.get(row, 0.0) + sum(found[row] for found in of_terms)
        return scores

    def coverage(self, units: Sequence[Unit]) -> tuple[list[float], float]:
        shares, total, known = [0.0] * len(self.passages), 0.0, 0.0
        for unit in units:
            scores = self.match(unit)
            size = max(len(self.passages), LEAST_PASSAGES)
            weight = unit.weight * math.log(1 + (size - len(scores) + 0.5) / (len(scores) + 0.5))
            total += weight
            known += weight * bool(scores)
            for row, score in scores.items():
                shares[row] += weight * score / max(scores.values())
        return ([share / total for share in shares], known / total) if total else (shares, 0.0)


def built(passages: Sequence[Passage]) -> LexicalIndex:
    return LexicalIndex([Postings.build(passages)], np.ones(len(passages), np.bool_))


def every(*terms: str) -> list[Unit]:
    return [Unit(((term,),)) for term in terms]


@given(PASSAGES, UNITS)
@settings(max_examples=200, deadline=None)
def test_coverage_is_that_of_brute_force(passages: list[Passage], units: list[Unit]) -> None:
    shares, named = BruteForce(passages).coverage(units)
    coverage = built(passages).coverage(units)
    np.testing.assert_allclose(coverage.shares, np.array(shares), atol=1e-5)
    assert coverage.named == pytest.approx(named)


@given(PASSAGES, UNITS, st.data())
@settings(max_examples=100, deadline=None)
def test_mask_takes_rows_away_and_changes_no_other(
    passages: list[Passage], units: list[Unit], data: st.DataObject
) -> None:
    allowed = np.array(data.draw(_mask(len(passages))), np.bool_)
    whole, masked = built(passages).coverage(units), built(passages).coverage(units, allowed)
    assert masked.shares.tolist() == np.where(allowed, whole.shares, 0).tolist()
    assert masked.named == whole.named


@given(st.lists(PASSAGES, min_size=1, max_size=3), UNITS, st.data())
@settings(max_examples=200, deadline=None)
def test_layers_with_dead_rows_are_the_living_rows_built_from_nothing(
    layers: list[list[Passage]], units: list[Unit], data: st.DataObject
) -> None:
    passages = [passage for layer in layers for passage in layer]
    alive = np.array(data.draw(_mask(len(passages))), np.bool_)
    layered = LexicalIndex([Postings.build(layer) for layer in layers], alive).coverage(units)
    fresh = built([passage for passage, lives in zip(passages, alive, strict=True) if lives]).coverage(units)
    np.testing.assert_allclose(layered.shares[alive], fresh.shares, atol=1e-5)
    assert layered.named == pytest.approx(fresh.named)
    assert not layered.shares[~alive].any()


def test_large_random_index_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{n}" for n in range(300)]
    likely = 1 / np.arange(1, 301)
    passages = [
        (" ".join(rng.choice(words, 2)), " ".join(rng.choice(words, rng.integers(0, 80), p=likely / likely.sum())))
        for _ in range(600)
    ]
    units = [*every("w0", "w5", "w290", "never"), Unit((("w1", "w2"), ("w40",), ("w9", "w8", "w7")), 1.5)]
    shares, named = BruteForce(passages).coverage(units)
    coverage = built(passages).coverage(units)
    np.testing.assert_allclose(coverage.shares, np.array(shares), atol=1e-5)
    assert coverage.named == pytest.approx(named)


def test_terms_of_an_alternative_must_all_be_there() -> None:
    index = built([("", "update gate"), ("", "gate"), ("", "update")])
    assert np.flatnonzero(index.coverage([Unit((("update", "gate"),))]).shares).tolist() == [0]


def test_one_alternative_is_enough() -> None:
    index = built([("", "update gate"), ("", "池化"), ("", "other")])
    assert index.coverage([Unit((("gate",), ("池化",), ("never",)))]).shares.astype(bool).tolist() == [
        True,
        True,
        False,
    ]


def test_alternative_of_a_term_that_is_nowhere_finds_nothing() -> None:
    coverage = built([("", "update gate")]).coverage([Unit((("never", "gate"), ("gate", "never")))])
    assert (coverage.shares.tolist(), coverage.named) == ([0.0], 0.0)


def test_best_passage_of_the_only_unit_covers_all_of_it() -> None:
    assert built([("", "gate"), ("", "a b c gate"), ("", "d")]).coverage(every("gate")).shares[0] == 1.0


def test_what_a_row_holds_counts_in_full_where_it_is_not_graded() -> None:
    index = built([("", "gate"), ("", "a b c gate"), ("", "d")])
    assert index.coverage(every("gate"), graded=False).shares.tolist() == [1.0, 1.0, 0.0]


def test_most_terms_that_one_row_holds() -> None:
    index = built([("", "update gate"), ("", "gate reset")])
    assert index.most_of(("update", "reset", "gate")) == pytest.approx(2 / 3)
    assert (index.most_of(("never",)), index.most_of(()), built([]).most_of(("gate",))) == (0.0, 0.0, 0.0)


def test_missing_term_keeps_its_weight() -> None:
    passages = [("", "gate"), ("", "other")]
    missing, found = math.log(1 + 100.5 / 0.5), math.log(1 + 99.5 / 1.5)
    coverage = built(passages).coverage(every("gate", "never"))
    assert coverage.shares.tolist() == pytest.approx([found / (found + missing), 0.0])
    assert coverage.named == pytest.approx(found / (found + missing))


def test_passage_with_the_term_in_its_heading_is_before_one_with_it_in_its_text() -> None:
    in_heading, in_text = built([("gate", "a b"), ("a", "gate b")]).coverage(every("gate")).shares
    assert in_heading == 1.0
    assert in_text < in_heading


def test_rare_term_counts_more_than_a_frequent_one() -> None:
    passages = [("", f"often filler{n}") for n in range(50)] + [("", "rare filler")]
    shares = built(passages).coverage(every("often", "rare")).shares
    assert shares.argmax() == 50
    assert shares[50] > 2 * shares[:50].max()


@pytest.mark.parametrize("passages", [[], [("", "")], [("", ""), ("", "")], [("", "gate")], [("gate", "")] * 3])
@pytest.mark.parametrize(
    "units", [[], [Unit(())], [Unit(((),))], every("gate"), every("never"), [Unit((("gate",),), 0.0)]]
)
def test_smallest_indexes_and_questions_are_finite_and_between_0_and_1(
    passages: list[Passage], units: list[Unit]
) -> None:
    for alive in (np.ones(len(passages), np.bool_), np.zeros(len(passages), np.bool_)):
        coverage = LexicalIndex([Postings.build(passages), Postings.build([])], alive).coverage(units)
        assert coverage.shares.shape == (len(passages),)
        assert np.all((coverage.shares >= 0) & (coverage.shares <= 1))  # false for NaN
        assert 0.0 <= coverage.named <= 1.0


@given(PASSAGES, UNITS)
@settings(max_examples=100, deadline=None)
def test_shares_stay_between_0_and_1(passages: list[Passage], units: list[Unit]) -> None:
    shares = built(passages).coverage(units).shares
    assert np.all((shares >= 0) & (shares <= 1 + 1e-6))


def _mask(size: int) -> st.SearchStrategy[list[bool]]:
    return st.lists(st.booleans(), min_size=size, max_size=size)
