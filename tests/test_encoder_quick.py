"""The quick engine for questions: the same vectors as the real one, or none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_encoder import TEXTS, TRAPS

from qa.encoder import SentenceEncoder, load_engine, load_quick
from qa.encoder_quick import QuickQueries, can_be_quick
from qa.weights import encoder_source, packaged_encoder_installed, unpack_encoder, unpacked_from

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(
        not (packaged_encoder_installed() and can_be_quick()), reason="the packaged encoder cannot run by itself here"
    ),
]
JOINED = [
    "cafe\u0301 e\u0301cole",
    "ｶﾞｲﾄﾞ",
    "Å ngstro\u0308m",
    "ﬁne‑tuning ～ ＬｏＲＡ",
    "  批归一化  怎么做？ ",
    "①②③ ½",
]


@pytest.fixture(scope="module")
def quick() -> QuickQueries:
    source = encoder_source()
    assert source is not None
    return QuickQueries(source)


@pytest.fixture(scope="module")
def folder(models_cache: Path) -> Path:
    return unpack_encoder(models_cache)


def test_a_question_has_the_vector_that_the_engine_gives_it(quick: QuickQueries, folder: Path) -> None:
    engine = load_engine(folder)
    seen = 0
    for text in [*TEXTS, *JOINED]:
        vector = quick.encode_query(text)
        if vector is not None:
            seen += 1
            exact = engine.encode_query(text)
            assert vector @ exact / np.linalg.norm(exact) >= 0.999, text
    assert seen > 80


@pytest.mark.parametrize("text", ["", " ", "a\nb", "\u200bzero", "<s> </s>", "好" * 301, "\U0010ffff"])
def test_what_it_may_cut_otherwise_it_leaves_to_the_engine(quick: QuickQueries, text: str) -> None:
    assert quick.encode_query(text) is None


def test_a_search_by_meaning_loads_no_graph_and_no_tokeniser(models_cache: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from qa.encoder import SentenceEncoder
encoder = SentenceEncoder.open("packaged", Path({str(models_cache)!r}))
assert encoder.encode_query("池化").shape == (384,)
assert not {{"openvino", "torch"}} & set(sys.modules), "loaded"
assert encoder.encode_query("a\\nb").shape == (384,)
assert "openvino" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_once_the_engine_is_there_questions_go_to_it(models_cache: Path) -> None:
    encoder = SentenceEncoder.open("packaged", models_cache)
    before, passage = encoder.encode_query("池化"), encoder.encode_passages(["池化"])
    after = encoder.encode_query("池化")
    assert not np.array_equal(before, after)
    assert before @ after >= 0.999
    assert passage.shape == (1, 384)


def test_a_folder_with_other_weights_has_no_quick_engine(folder: Path, models_cache: Path, tmp_path: Path) -> None:
    assert load_quick(folder, models_cache) is not None
    assert load_quick(tmp_path, models_cache) is None
    assert load_quick(folder, tmp_path) is None


def test_another_file_than_the_unpacked_one_is_not_taken(folder: Path, models_cache: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"E5S1 of a later version")
    assert unpacked_from(folder, models_cache, source=other) is None


def test_every_trap_is_answered_or_left(quick: QuickQueries) -> None:
    for text in TRAPS:
        vector = quick.encode_query(text)
        assert vector is None or np.isclose(np.linalg.norm(vector), 1, atol=1e-5)
