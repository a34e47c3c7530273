"""The FAISS index against numpy, and files that must not be believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qa.dense import DenseIndex

DIMENSION = 8
EMPTY = DenseIndex.build(np.array([], np.int64), None, "empty", 1)


def unit(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def some_ids(count: int, seed: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng(seed).choice(10_000, count, replace=False)).astype(np.int64)


def built(count: int = 40, seed: int = 0, identity: str = "state-1") -> DenseIndex:
    return DenseIndex.build(some_ids(count, seed), unit(count, seed), identity, 1)


def best_by_numpy(
    ids: NDArray[np.int64], vectors: NDArray[np.float32], query: NDArray[np.float32], k: int
) -> list[int]:
    return [int(i) for i in ids[np.argsort(-(vectors @ query), kind="stable")[:k]]]


@given(st.integers(1, 60), st.integers(1, 80), st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_search_finds_what_numpy_finds(count: int, k: int, seed: int) -> None:
    query = unit(1, seed + 1)[0]
    found = built(count, seed).search(query, k)
    assert [i for i, _ in found] == best_by_numpy(some_ids(count, seed), unit(count, seed), query, k)
    np.testing.assert_allclose([s for _, s in found], sorted(unit(count, seed) @ query)[::-1][:k], atol=1e-6)


@given(st.integers(1, 60), st.integers(1, 80), st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_search_among_some_ids_finds_what_numpy_finds_among_them(count: int, k: int, seed: int) -> None:
    query, kept = unit(1, seed + 1)[0], np.random.default_rng(seed).random(count) < 0.4
    ids, vectors = some_ids(count, seed)[kept], unit(count, seed)[kept]
    found = built(count, seed).search(query, k, ids)
    assert [i for i, _ in found] == best_by_numpy(ids, vectors, query, k)


def test_equal_scores_come_by_id() -> None:
    vector = unit(1, 0)
    index = DenseIndex.build(np.array([9, 2, 5], np.int64), np.repeat(vector, 3, axis=0), "x", 1)
    assert [i for i, _ in index.search(vector[0], 3)] == [2, 5, 9]


def test_scores_are_the_inner_products_of_the_asked_ids() -> None:
    ids, vectors, query = some_ids(40, 0), unit(40, 0), unit(1, 1)[0]
    asked = [int(ids[i]) for i in (7, 3, 31)]
    scores = built().scores(query, asked)
    assert list(scores) == asked
    np.testing.assert_allclose(list(scores.values()), vectors[[7, 3, 31]] @ query, atol=1e-6)


def test_background_of_a_group_is_numpys_mean_and_deviation() -> None:
    """Oracle: the group's moments and the whole's, mixed as if twenty average passages were in the group."""
    ids, vectors, query = some_ids(40, 0), unit(40, 0), unit(1, 1)[0]
    whole, group = vectors @ query, vectors[:10] @ query
    mean, deviation = built().background(query, "zh", lambda: ids[:10])
    assert mean == pytest.approx(group.mean() * 10 / 30 + whole.mean() * 20 / 30, abs=1e-6)
    assert deviation == pytest.approx(np.sqrt(group.var() * 10 / 30 + whole.var() * 20 / 30), abs=1e-6)


def test_background_of_everything_is_numpys_mean_and_deviation() -> None:
    scores = unit(40, 0) @ unit(1, 1)[0]
    background = built().background(unit(1, 1)[0], "all", lambda: some_ids(40, 0))
    assert background == pytest.approx((scores.mean(), scores.std()), abs=1e-6)


def test_background_of_no_passages_is_that_of_the_whole() -> None:
    scores = unit(40, 0) @ unit(1, 1)[0]
    background = built().background(unit(1, 1)[0], "en", lambda: np.array([], np.int64))
    assert background == pytest.approx((scores.mean(), scores.std()), abs=1e-6)


def test_background_of_one_passage_is_its_score_and_no_zero_deviation() -> None:
    query = unit(1, 1)[0]
    mean, deviation = built(1).background(query, "zh", lambda: some_ids(1, 0))
    assert mean == pytest.approx(float(unit(1, 0)[0] @ query), abs=1e-6)
    assert deviation == pytest.approx(1e-4)


def test_empty_index_answers_with_nothing() -> None:
    query = unit(1, 0)[0]
    assert (len(EMPTY), EMPTY.search(query, 5), EMPTY.scores(query, [])) == (0, [], {})
    assert EMPTY.background(query, "zh", lambda: np.array([], np.int64)) == (0.0, 1.0)


def test_search_among_no_ids_finds_nothing() -> None:
    assert built().search(unit(1, 0)[0], 5, np.array([], np.int64)) == []


def test_loaded_index_answers_as_the_saved_one(tmp_path: Path) -> None:
    built().save(tmp_path)
    loaded = DenseIndex.load(tmp_path, "state-1", 1)
    query = unit(1, 1)[0]
    assert loaded is not None
    assert (len(loaded), loaded.search(query, 40)) == (40, built().search(query, 40))
    assert loaded.background(query, "zh", lambda: some_ids(40, 0)) == built().background(
        query, "zh", lambda: some_ids(40, 0)
    )


def test_missing_files_are_not_loaded(tmp_path: Path) -> None:
    assert DenseIndex.load(tmp_path, "state-1", 1) is None


@pytest.mark.parametrize("name", ["dense.faiss", "dense.json"])
@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-7], lambda data: b"x" + data[1:], lambda data: b"[]"]
)
def test_torn_or_foreign_files_are_not_loaded(tmp_path: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    built().save(tmp_path)
    (tmp_path / name).write_bytes(damage((tmp_path / name).read_bytes()))
    assert DenseIndex.load(tmp_path, "state-1", 1) is None


def test_index_of_another_state_is_not_loaded(tmp_path: Path) -> None:
    built(identity="state-0").save(tmp_path)
    assert DenseIndex.load(tmp_path, "state-1", 1) is None


def test_header_that_vouches_for_rubbish_does_not_make_it_an_index(tmp_path: Path) -> None:
    (tmp_path / "dense.faiss").write_bytes(b"rubbish")
    header = {"identity": "state-1", "sha256": hashlib.sha256(b"rubbish").hexdigest()}
    (tmp_path / "dense.json").write_text(json.dumps(header))
    assert DenseIndex.load(tmp_path, "state-1", 1) is None


def test_saving_leaves_two_files_and_nothing_else(tmp_path: Path) -> None:
    built().save(tmp_path)
    built(identity="state-2").save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dense.faiss", "dense.json"]


def test_folder_that_cannot_be_written_does_not_stop_the_work(tmp_path: Path) -> None:
    built().save(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
