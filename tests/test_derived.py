"""The search on an earlier base with edits against one made from nothing, and files that must not be believed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qa.derived import Derived, Layer, Source
from qa.lexical import Unit
from qa.types import LANGUAGES

DIMENSION = 6
WORDS = ["池化", "卷积", "gate", "reset", "l2", "c++"]
UNITS = [Unit((("池化",), ("gate", "reset")), 1.5), Unit((("l2",),)), Unit((("never",),))]
QUERY = np.full(DIMENSION, DIMENSION**-0.5, np.float32)
FILES = ["derived.json", "terms.npz", "dense-zh.faiss", "dense-en.faiss"]


@dataclass(frozen=True)
class Passages:
    """Passages whose parts depend on their ids alone, as those of a database do."""

    ids: frozenset[int]
    encoder: str = "words/1"

    def source(self, identity: str = "state") -> Source:
        ids = np.array(sorted(self.ids), np.int64)
        languages = np.array([_rng(int(i)).integers(0, 2) for i in ids], np.uint8)
        return Source(identity, self.encoder, DIMENSION, ids, languages, _terms, _vectors)


def _rng(identity: int) -> np.random.Generator:
    return np.random.default_rng(identity)


def _terms(ids: NDArray[np.int64]) -> Iterable[tuple[str, str]]:
    for identity in ids:
        words = _rng(int(identity)).choice(WORDS, 6)
        yield " ".join(words[:2]), " ".join(words[2:])


def _vectors(ids: NDArray[np.int64]) -> NDArray[np.float32]:
    rows = np.array([_rng(int(i) + 10_000).standard_normal(DIMENSION) for i in ids]).reshape(-1, DIMENSION)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def passages(*ids: int, encoder: str = "words/1") -> Source:
    return Passages(frozenset(ids), encoder).source()


def first(count: int) -> Source:
    return passages(*range(1, count + 1))


def base_of(source: Source) -> Layer:
    return Derived.of(source, None).base


def coverage(derived: Derived, allowed: NDArray[np.bool_] | None = None) -> dict[int, float]:
    shares = derived.lexical.coverage(UNITS, allowed).shares
    return {int(i): round(float(share), 5) for i, share in zip(derived.ids, shares, strict=True) if share}


def nearest(derived: Derived, k: int, wanted: frozenset[int] | None = None) -> list[list[int]]:
    allowed = None if wanted is None else derived.mask(np.array(sorted(wanted), np.int64))
    return [derived.ids[derived.nearest(QUERY, name, k, allowed)].tolist() for name in LANGUAGES]


def assert_equal_search(one: Derived, other: Derived, wanted: frozenset[int]) -> None:
    assert len(one) == len(other)
    for k in (1, 3, 1000):
        assert nearest(one, k) == nearest(other, k)
        assert nearest(one, k, wanted) == nearest(other, k, wanted)
    assert coverage(one) == pytest.approx(coverage(other), abs=2e-5)
    for language in LANGUAGES:
        assert one.background(QUERY, language) == pytest.approx(other.background(QUERY, language), abs=1e-6)


@given(
    st.integers(0, 40),
    st.lists(st.tuples(st.lists(st.integers(0, 100), max_size=4), st.integers(0, 4)), max_size=6),
    st.frozensets(st.integers(1, 60)),
)
@settings(max_examples=60, deadline=None)
def test_search_after_any_edits_is_the_search_made_from_nothing(
    count: int, edits: list[tuple[list[int], int]], wanted: frozenset[int]
) -> None:
    """Each edit deletes some passages and adds some; a base is taken over from state to state as the index does."""
    alive, following = frozenset(range(1, count + 1)), count + 1
    base = None
    for deleted, added in [([], 0), *edits]:
        ordered = sorted(alive)
        alive -= {ordered[place % len(ordered)] for place in deleted if ordered}
        alive |= set(range(following, following + added))
        following += added
        source = Passages(alive).source()
        derived, fresh = Derived.of(source, base), Derived.of(source, None)
        assert_equal_search(derived, fresh, wanted)
        base = derived.base


def test_edits_up_to_a_fifth_keep_the_base() -> None:
    base = base_of(first(20))
    derived = Derived.of(passages(*range(3, 21), 21, 22), base)  # two gone, two new
    assert derived.base is base
    assert derived.ids.tolist() == [*range(1, 23)]
    assert len(derived) == 20


@pytest.mark.parametrize("ids", [range(1, 26), range(6, 21), range(4, 23)])
def test_more_than_a_fifth_gone_or_new_makes_a_new_base(ids: range) -> None:
    base = base_of(first(20))
    derived = Derived.of(passages(*ids), base)
    assert derived.base is not base
    assert derived.ids.tolist() == derived.base.ids.tolist() == [*ids]


def test_another_encoder_makes_a_new_base() -> None:
    base = base_of(first(20))
    assert Derived.of(replace(first(20), encoder="words/2"), base).base.encoder == "words/2"


def test_search_carries_the_identity_of_its_state_and_the_base_that_of_its_own() -> None:
    base = base_of(replace(first(20), identity="one"))
    derived = Derived.of(replace(first(21), identity="two"), base)
    assert (derived.identity, derived.base.identity) == ("two", "one")


def test_deleted_passages_are_nowhere_in_the_search() -> None:
    derived = Derived.of(passages(*range(3, 21)), base_of(first(20)))
    assert derived.mask(np.array([1, 2, 3])).nonzero()[0].tolist() == [2]
    assert not {1, 2} & {*coverage(derived), *(i for ids in nearest(derived, 99) for i in ids)}


def test_only_what_came_since_is_read_from_the_database() -> None:
    base, asked = base_of(first(20)), []

    def vectors(ids: NDArray[np.int64]) -> NDArray[np.float32]:
        asked.extend(ids.tolist())
        return _vectors(ids)

    Derived.of(replace(first(22), vectors=vectors), base)
    assert sorted(asked) == [21, 22]


def test_search_of_no_passages_finds_nothing() -> None:
    derived = Derived.of(replace(passages(), dimension=1), None)
    assert (len(derived), coverage(derived), nearest(derived, 5)) == (0, {}, [[], []])
    assert [derived.background(QUERY, language) for language in LANGUAGES] == [(0.0, 1.0)] * 2


@pytest.mark.parametrize("count", [0, 1, 30])
def test_loaded_base_is_the_saved_one(tmp_path: Path, count: int) -> None:
    source = first(count)
    base_of(source).save(tmp_path)
    loaded = Layer.load(tmp_path)
    assert loaded is not None
    assert (loaded.identity, loaded.encoder, loaded.ids.tolist()) == ("state", "words/1", source.ids.tolist())
    derived = Derived.of(source, loaded)
    assert derived.base is loaded
    assert_equal_search(derived, Derived.of(source, None), frozenset(range(1, 10)))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    base_of(first(12)).save(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def test_saving_again_leaves_four_files_and_nothing_else(folder: Path) -> None:
    base_of(first(13)).save(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_not_loaded(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert Layer.load(folder) is None


@pytest.mark.parametrize("name", FILES)
def test_folder_in_the_place_of_a_file_is_not_loaded(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    assert Layer.load(folder) is None
    base_of(first(12)).save(folder)


@pytest.mark.parametrize("name", FILES)
def test_file_cut_short_at_any_byte_is_not_loaded(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    for size in range(0, len(data), 1 if name == "derived.json" else 37):
        (folder / name).write_bytes(data[:size])
        assert Layer.load(folder) is None


@pytest.mark.parametrize("name", FILES[1:])
@pytest.mark.parametrize("place", [0, 40, 500, -1])
def test_file_with_a_changed_byte_is_not_loaded(folder: Path, name: str, place: int) -> None:
    data = bytearray((folder / name).read_bytes())
    data[place % len(data)] ^= 1
    (folder / name).write_bytes(data)
    assert Layer.load(folder) is None


@pytest.mark.parametrize("name", FILES)
def test_file_of_another_save_is_not_loaded(folder: Path, tmp_path: Path, name: str) -> None:
    base_of(first(30)).save(tmp_path)
    (folder / name).write_bytes((tmp_path / name).read_bytes())
    assert Layer.load(folder) is None


@pytest.mark.parametrize(
    "header",
    [
        b"null",
        b"[]",
        b"3",
        b'"sums"',
        b"{}",
        b'{"sums": {}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"sums": null, "identity": 1}',
    ],
)
def test_foreign_header_is_not_loaded(folder: Path, header: bytes) -> None:
    (folder / "derived.json").write_bytes(header)
    assert Layer.load(folder) is None


@pytest.mark.parametrize("change", [{"identity": ["x"]}, {"identity": None}, {"encoder": 7}, {"identity": {}}])
def test_header_with_values_of_other_types_is_not_loaded(folder: Path, change: dict[str, object]) -> None:
    header = json.loads((folder / "derived.json").read_text())
    (folder / "derived.json").write_text(json.dumps(header | change))
    assert Layer.load(folder) is None


@pytest.mark.parametrize("key", ["identity", "encoder", "sums"])
def test_header_without_one_of_its_keys_is_not_loaded(folder: Path, key: str) -> None:
    header = json.loads((folder / "derived.json").read_text())
    del header[key]
    (folder / "derived.json").write_text(json.dumps(header))
    assert Layer.load(folder) is None


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("terms.npz", lambda data: b"rubbish"),
        ("terms.npz", lambda data: b""),
        ("terms.npz", lambda data: data[:-200]),
        ("terms.npz", lambda data: b"PK\5\6" + bytes(18)),  # an archive of nothing
        ("terms.npz", lambda data: b"\x93NUMPY"),
        ("terms.npz", lambda data: data.replace(b"numpy", b"nvmpy").replace(b"descr", b"desc!")),
        ("dense-zh.faiss", lambda data: b"rubbish"),
        ("dense-zh.faiss", lambda data: b""),
        ("dense-en.faiss", lambda data: data[:-3]),
    ],
)
def test_header_that_vouches_for_rubbish_does_not_make_it_a_layer(
    folder: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    header = json.loads((folder / "derived.json").read_text())
    header["sums"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "derived.json").write_text(json.dumps(header))
    assert Layer.load(folder) is None


def test_folder_that_is_not_there_is_not_loaded_and_not_made(tmp_path: Path) -> None:
    base_of(first(3)).save(tmp_path / "nowhere")
    assert Layer.load(tmp_path / "nowhere") is None
    assert list(tmp_path.iterdir()) == []
