"""What a machine could do at best, and what a start's imports take."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from bench.limits import (
    ModelSize,
    decode_limit,
    dense_limit,
    encode_limit,
    encoder_weights,
    gguf_size,
    prefill_limit,
)
from bench.startup import biggest, by_package

MODEL = ModelSize(1_500_000_000, 1_000_000_000)
REPORT = """\
import time: self [us] | cumulative | imported package
import time:       200 |        200 |     numpy.linalg
import time:       300 |        500 |   numpy
import time:       100 |        600 | qa.dense
import time:       600 |        600 | langsmith
something else that a program said
"""


def test_a_token_reads_the_whole_model():
    assert decode_limit(20.0, MODEL) == 20.0


def test_a_token_of_a_prompt_is_two_operations_for_each_weight():
    assert prefill_limit(30.0, MODEL) == 10.0


def test_a_passage_is_as_many_operations_as_it_has_tokens():
    assert encode_limit(42.0, 21_000_000, 100) == 10.0


def test_all_vectors_are_read_once():
    assert dense_limit(10.0, 1_000_000, 250) == 0.1


def test_the_table_of_embeddings_is_no_weight_of_an_encoder(tmp_path: Path):
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "embeddings.word_embeddings.weight": {"shape": [1000, 4]},
            "encoder.layer.0.output.dense.weight": {"shape": [4, 8]},
            "encoder.layer.0.output.dense.bias": {"shape": [4]},
        }
    ).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert encoder_weights(tmp_path) == 36


def test_a_gguf_file_tells_its_weights_and_its_size(tmp_path: Path):
    def string(text: str) -> bytes:
        return struct.pack("<Q", len(text)) + text.encode()

    def tensor(name: str, *shape: int) -> bytes:
        return string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape) + struct.pack("<IQ", 0, 0)

    path = tmp_path / "model.gguf"
    path.write_bytes(
        struct.pack("<4sIQQ", b"GGUF", 3, 3, 1)
        + string("general.architecture")
        + struct.pack("<I", 8)
        + string("qwen2")
        + tensor("token_embd.weight", 100, 10)
        + tensor("blk.0.attn_q.weight", 10, 10)
        + tensor("blk.0.attn_q.bias", 10)
    )
    assert gguf_size(path) == ModelSize(110, path.stat().st_size)


def test_imports_are_summed_by_package():
    assert by_package(REPORT) == pytest.approx({"numpy": 0.0005, "qa": 0.0001, "langsmith": 0.0006})


def test_the_biggest_packages_come_first():
    assert biggest(by_package(REPORT), 2) == ["langsmith", "numpy"]
