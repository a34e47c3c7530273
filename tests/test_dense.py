"""FAISS over rows against numpy, by language, and bytes that must not be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qa.dense import FLAT_UP_TO, DenseRows, Moments, background, in_batches, total
from qa.types import LANGUAGES, Language

DIMENSION = 8
Array = NDArray[np.float32]
Languages = NDArray[np.uint8]

SIZES = st.integers(0, 60)
SEEDS = st.integers(0, 2**32)


def unit(count: int, seed: int, dimension: int = DIMENSION) -> Array:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def some_languages(count: int, seed: int) -> Languages:
    return np.random.default_rng(seed).integers(0, 2, count).astype(np.uint8)


def built(vectors: Array, languages: Languages, at_once: int = 7) -> DenseRows:
    def batches(rows: NDArray[np.int64]) -> Iterable[Array]:
        return (vectors[rows[start : start + at_once]] for start in range(0, len(rows), at_once))

    return DenseRows.build(languages, vectors.shape[1], batches)


def nearest(
    dense: DenseRows, query: Array, language: Language, k: int, allowed: NDArray[np.bool_] | None = None
) -> list[int]:
    rows, products = dense.nearest(query, language, k, allowed)
    assert len(rows) == len(products)
    return [int(row) for row in rows]


def best_by_numpy(vectors: Array, rows: NDArray[np.int64], query: Array, k: int) -> list[int]:
    return [int(row) for row in rows[np.argsort(-(vectors[rows] @ query), kind="stable")[:k]]]


def assert_moments(moments: Moments, vectors: Array, atol: float = 1e-9) -> None:
    exact = vectors.astype(np.float64)
    assert moments.count == len(vectors)
    np.testing.assert_allclose(moments.sum, exact.sum(axis=0), atol=atol)
    np.testing.assert_allclose(moments.products, exact.T @ exact, atol=atol)


@given(SIZES, st.integers(1, 80), SEEDS)
@settings(max_examples=50, deadline=None)
def test_nearest_are_those_of_numpy_in_each_language(count: int, k: int, seed: int) -> None:
    vectors, languages, query = unit(count, seed), some_languages(count, seed), unit(1, seed + 1)[0]
    dense = built(vectors, languages)
    for number, language in enumerate(LANGUAGES):
        rows = np.flatnonzero(languages == number)
        assert nearest(dense, query, language, k) == best_by_numpy(vectors, rows, query, k)


@given(SIZES, st.integers(1, 80), SEEDS, st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_nearest_of_those_allowed_are_those_of_numpy(count: int, k: int, seed: int, share: float) -> None:
    vectors, languages, query = unit(count, seed), some_languages(count, seed), unit(1, seed + 1)[0]
    allowed = np.random.default_rng(seed).random(count) < share
    dense = built(vectors, languages)
    for number, language in enumerate(LANGUAGES):
        rows = np.flatnonzero((languages == number) & allowed)
        assert nearest(dense, query, language, k, allowed) == best_by_numpy(vectors, rows, query, k)


def test_equal_vectors_are_all_found() -> None:
    dense = built(np.repeat(unit(1, 0), 5, axis=0), np.zeros(5, np.uint8))
    assert sorted(nearest(dense, unit(1, 0)[0], "zh", 9)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("allowed", [None, np.zeros(6, np.bool_)])
def test_language_without_passages_finds_nothing(allowed: NDArray[np.bool_] | None) -> None:
    rows, products = built(unit(6, 0), np.zeros(6, np.uint8)).nearest(unit(1, 1)[0], "en", 3, allowed)
    assert (rows.tolist(), rows.dtype, products.tolist()) == ([], np.int64, [])


def test_products_are_those_of_the_rows() -> None:
    vectors, query = unit(30, 0), unit(1, 1)[0]
    rows, products = built(vectors, np.zeros(30, np.uint8)).nearest(query, "zh", 9, None)
    np.testing.assert_allclose(products, vectors[rows] @ query, atol=1e-6)


@given(SIZES, SEEDS)
@settings(max_examples=50, deadline=None)
def test_moments_are_those_of_numpy_in_each_language(count: int, seed: int) -> None:
    vectors, languages = unit(count, seed), some_languages(count, seed)
    for number, language in enumerate(LANGUAGES):
        assert_moments(built(vectors, languages).moments[language], vectors[languages == number])


@given(SIZES, SEEDS, st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_moments_without_those_of_some_rows_are_those_of_the_others(count: int, seed: int, share: float) -> None:
    vectors, languages = unit(count, seed), some_languages(count, seed)
    gone = np.random.default_rng(seed).random(count) < share
    dense = built(vectors, languages)
    taken = dense.moments_of(np.flatnonzero(gone))
    for number, language in enumerate(LANGUAGES):
        here = languages == number
        assert_moments(taken[language], vectors[here & gone])
        assert_moments(dense.moments[language].plus(taken[language], -1.0), vectors[here & ~gone])


def test_moments_standardise_the_inner_products_with_a_query() -> None:
    vectors, query = unit(40, 0), unit(1, 1)[0]
    products = vectors.astype(np.float64) @ query
    assert Moments.of(vectors).standard(query) == pytest.approx((products.mean(), products.var()), abs=1e-9)


def test_background_of_a_group_leans_on_the_whole() -> None:
    """Oracle: mean and variance mixed as if twenty average passages were in a group of ten."""
    vectors, query = unit(40, 0), unit(1, 1)[0]
    whole, group = vectors @ query, vectors[:10] @ query
    mean, deviation = background(query, Moments.of(vectors[:10]), Moments.of(vectors), 20.0)
    assert mean == pytest.approx(group.mean() / 3 + whole.mean() * 2 / 3, abs=1e-6)
    assert deviation == pytest.approx(np.sqrt(group.var() / 3 + whole.var() * 2 / 3), abs=1e-6)


def test_background_of_no_passages_is_that_of_the_whole() -> None:
    vectors, query = unit(40, 0), unit(1, 1)[0]
    products = vectors @ query
    found = background(query, Moments.of(vectors[:0]), Moments.of(vectors), 20.0)
    assert found == pytest.approx((products.mean(), products.std()), abs=1e-6)


def test_background_of_one_passage_has_no_zero_deviation() -> None:
    one = Moments.of(unit(1, 0))
    assert background(unit(1, 0)[0], one, one, 20.0) == pytest.approx((1.0, 1e-4), abs=1e-6)


def test_background_where_there_is_no_passage_changes_nothing() -> None:
    none = Moments.of(unit(0, 0))
    assert background(unit(1, 0)[0], none, none, 20.0) == (0.0, 1.0)


def test_total_is_the_moments_of_all_groups() -> None:
    vectors = unit(30, 0)
    assert_moments(total(map(Moments.of, (vectors[:3], vectors[3:3], vectors[3:]))), vectors)


def test_batches_are_all_rows_in_order() -> None:
    rows = np.arange(150_000)
    assert [len(part) for part in in_batches(rows)] == [65_536, 65_536, 18_928]
    assert np.concatenate(in_batches(rows)).tolist() == rows.tolist()
    assert in_batches(rows[:0]) == []


@pytest.fixture(scope="module")
def many() -> tuple[Array, DenseRows]:
    """More vectors of one language than are kept in full."""
    vectors = unit(FLAT_UP_TO + 1, 0, 64)
    return vectors, built(vectors, np.ones(len(vectors), np.uint8), at_once=8192)


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_eight_bits_a_component_find_nearly_all_that_numpy_finds(many: tuple[Array, DenseRows], share: float) -> None:
    vectors, dense = many
    allowed = np.random.default_rng(1).random(len(vectors)) < share
    mask, rows = (None if share == 1.0 else allowed), np.flatnonzero(allowed)
    recalled = [
        len({*nearest(dense, query, "en", 60, mask)} & {*best_by_numpy(vectors, rows, query, 60)})
        for query in unit(20, 2, 64)
    ]
    assert sum(recalled) / (20 * 60) >= 0.95


def test_eight_bits_a_component_take_a_quarter_of_the_room(many: tuple[Array, DenseRows]) -> None:
    vectors, dense = many
    assert len(dense.parts()["en"]) < vectors.nbytes / 3.9


def test_moments_of_eight_bits_a_component_are_near_those_of_the_vectors(many: tuple[Array, DenseRows]) -> None:
    vectors, dense = many
    assert_moments(dense.moments["en"], vectors, atol=1e-6)
    assert_moments(dense.moments_of(np.arange(500))["en"], vectors[:500], atol=0.2)


@given(SIZES, SEEDS)
@settings(max_examples=30, deadline=None)
def test_parts_and_arrays_round_trip(count: int, seed: int) -> None:
    vectors, languages, query = unit(count, seed), some_languages(count, seed), unit(1, seed + 1)[0]
    dense = built(vectors, languages)
    read = DenseRows.from_parts(dense.parts(), dense.arrays())
    for language in LANGUAGES:
        assert nearest(read, query, language, 99) == nearest(dense, query, language, 99)
        assert read.moments[language].count == dense.moments[language].count
        np.testing.assert_array_equal(read.moments[language].products, dense.moments[language].products)
    assert read.parts() == dense.parts()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-1], lambda data: data[:9], lambda data: b"x" * 99]
)
def test_torn_bytes_are_told(language: Language, damage: Callable[[bytes], bytes]) -> None:
    dense = built(unit(20, 0), some_languages(20, 0))
    parts = dense.parts()
    with pytest.raises(RuntimeError):
        DenseRows.from_parts(parts | {language: damage(parts[language])}, dense.arrays())


def test_parts_of_another_index_are_told() -> None:
    dense, other = built(unit(20, 0), np.zeros(20, np.uint8)), built(unit(21, 0), np.zeros(21, np.uint8))
    with pytest.raises(RuntimeError, match="another number of vectors"):
        DenseRows.from_parts(other.parts(), dense.arrays())


@pytest.mark.parametrize("name", ["rows_zh", "sum_en", "products_zh"])
def test_missing_array_is_told(name: str) -> None:
    dense = built(unit(4, 0), some_languages(4, 0))
    arrays = dense.arrays()
    del arrays[name]
    with pytest.raises(KeyError, match=name):
        DenseRows.from_parts(dense.parts(), arrays)
