"""The inverted file against counters."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.postings import HEADING_COUNT, Postings

WORDS = ["池化", "卷积", "gate", "l2", "c++", "ＧＲＵ", "\ud800", "'"]
TERMS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
PASSAGES = st.lists(st.tuples(TERMS, TERMS), max_size=12)


def counted(heading: str, text: str) -> Counter[str]:
    count = Counter(text.split())
    for term in heading.split():
        count[term] += HEADING_COUNT
    return count


def of(postings: Postings, term: str) -> dict[int, int]:
    rows, counts = postings.of(term)
    return dict(zip(rows.tolist(), counts.tolist(), strict=True))


@given(PASSAGES)
@settings(max_examples=100, deadline=None)
def test_postings_are_the_counters_of_the_passages(passages: list[tuple[str, str]]) -> None:
    postings = Postings.build(passages)
    counters = [counted(*passage) for passage in passages]
    assert len(postings) == len(passages)
    for term in WORDS:
        assert of(postings, term) == {row: count[term] for row, count in enumerate(counters) if term in count}


@given(PASSAGES)
@settings(max_examples=50, deadline=None)
def test_length_of_a_passage_is_the_number_of_its_terms(passages: list[tuple[str, str]]) -> None:
    lengths = [len(heading.split()) + len(text.split()) for heading, text in passages]
    assert Postings.build(iter(passages)).lengths.tolist() == lengths


@given(PASSAGES)
@settings(max_examples=50, deadline=None)
def test_arrays_round_trip(passages: list[tuple[str, str]]) -> None:
    built = Postings.build(passages)
    read = Postings.from_arrays(built.arrays())
    for name, array in built.arrays().items():
        np.testing.assert_array_equal(read.arrays()[name], array)
        assert read.arrays()[name].dtype == array.dtype
    assert [of(read, term) for term in WORDS] == [of(built, term) for term in WORDS]


def test_rows_of_a_term_ascend_however_many_there_are() -> None:
    rng = np.random.default_rng(0)
    passages = [("", " ".join(rng.choice(WORDS, 3))) for _ in range(2000)]
    for term in WORDS:
        rows, counts = Postings.build(passages).of(term)
        assert np.all(np.diff(rows) > 0)
        assert counts.sum() == sum(text.split().count(term) for _, text in passages)


@pytest.mark.parametrize(("repeats", "count"), [(254, 254), (255, 255), (256, 255), (70_000, 255)])
def test_term_is_counted_up_to_what_a_byte_holds(repeats: int, count: int) -> None:
    assert of(Postings.build([("", "池化 " * repeats)]), "池化") == {0: count}


def test_term_of_heading_and_text_is_counted_in_both() -> None:
    assert of(Postings.build([("gate", "gate gate"), ("gate gate", "")]), "gate") == {0: 4, 1: 4}


@pytest.mark.parametrize("passages", [[], [("", "")], [("", ""), ("gate", "池化")]])
def test_unknown_term_is_in_no_passage(passages: list[tuple[str, str]]) -> None:
    assert of(Postings.build(passages), "never") == {}


def test_types_of_the_arrays_do_not_depend_on_what_is_in_them() -> None:
    none, some = Postings.build([]).arrays(), Postings.build([("a", "b")]).arrays()
    assert {name: array.dtype for name, array in none.items()} == {name: array.dtype for name, array in some.items()}


def test_missing_array_is_told() -> None:
    arrays = Postings.build([("a", "b")]).arrays()
    del arrays["postings_starts"]
    with pytest.raises(KeyError, match="postings_starts"):
        Postings.from_arrays(arrays)
