"""Which folders are plain BERTs, and what is read from them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from e5_oracle import write_tiny_e5
from safetensors.numpy import load_file, save_file

from qa.encoder_folder import readable_name
from qa.plain_bert import map_weights, read_plain_bert
from qa.weights import unpack_encoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = write_tiny_e5(tmp_path / "tiny.bin")
    unpacked = unpack_encoder(tmp_path, source=source, sha256=hashlib.sha256(source.read_bytes()).hexdigest())
    return shutil.copytree(unpacked, tmp_path / "folder")


def change(path: Path, edit: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_the_packaged_folder_is_plain_and_has_its_prompts(folder: Path) -> None:
    sizes = read_plain_bert(folder)
    assert (sizes.hidden, sizes.first_position) == (32, 0)
    assert (sizes.query_prompt, sizes.passage_prompt) == ("query: ", "passage: ")


def test_xlm_r_counts_positions_from_two(folder: Path) -> None:
    before = read_plain_bert(folder)
    change(folder / "config.json", lambda config: config.update(model_type="xlm-roberta"))
    longest = before.max_tokens - 2  # two rows of its table are no positions
    assert read_plain_bert(folder) == replace(before, first_position=2, max_tokens=longest)


def test_pooling_may_be_named_as_in_newer_folders(folder: Path) -> None:
    before = read_plain_bert(folder)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean", "include_prompt": true}')
    assert read_plain_bert(folder) == before


def test_without_prompts_nothing_stands_before_a_text(folder: Path) -> None:
    (folder / "config_sentence_transformers.json").unlink()
    assert (read_plain_bert(folder).query_prompt, read_plain_bert(folder).passage_prompt) == ("", "")


def test_a_default_prompt_serves_where_no_other_does(folder: Path) -> None:
    prompts = {"prompts": {"passage": "p: ", "all": "x: "}, "default_prompt_name": "all"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    assert (read_plain_bert(folder).query_prompt, read_plain_bert(folder).passage_prompt) == ("x: ", "p: ")


@pytest.mark.parametrize(
    ("file", "edit"),
    [
        ("config.json", lambda config: config.update(model_type="mpnet")),
        ("config.json", lambda config: config.update(hidden_act="relu")),
        ("config.json", lambda config: config.update(position_embedding_type="relative_key")),
        ("config.json", lambda config: config.update(is_decoder=True)),
        ("config.json", lambda config: config.update(quantization_config={})),
        ("modules.json", lambda modules: modules[2].update(type="evil.Normalize")),
        ("modules.json", lambda modules: modules[2].update(type="sentence_transformers.models.Dense")),
        ("modules.json", lambda modules: modules[0].update(path="0_Transformer")),
        ("modules.json", lambda modules: modules.pop(1)),
        ("1_Pooling/config.json", lambda pooling: pooling.update(pooling_mode_cls_token=True)),
        ("1_Pooling/config.json", lambda pooling: pooling.update(pooling_mode_mean_tokens=False)),
        ("1_Pooling/config.json", lambda pooling: pooling.update(pooling_mode=["mean", "max"])),
        ("1_Pooling/config.json", lambda pooling: pooling.update(include_prompt=False)),
        ("sentence_bert_config.json", lambda config: config.update(do_lower_case=True)),
    ],
)
def test_anything_else_is_refused(folder: Path, file: str, edit: Callable[[Any], object]) -> None:
    change(folder / file, edit)
    with pytest.raises((ValueError, KeyError)):
        read_plain_bert(folder)


def test_mapped_weights_equal_those_of_the_library(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    mapped = map_weights(folder / "model.safetensors")
    assert mapped.keys() == tensors.keys()
    assert all(np.array_equal(mapped[name], tensor) for name, tensor in tensors.items())


def test_an_architecture_before_the_names_is_dropped(tmp_path: Path) -> None:
    save_file({"roberta.a.weight": np.ones(3, np.float32), "b": np.ones(2, np.int64)}, tmp_path / "x.safetensors")
    assert list(map_weights(tmp_path / "x.safetensors")) == ["a.weight"]


@pytest.mark.parametrize("content", [b"", b"torn", b"\xff" * 100])
def test_a_torn_file_is_a_value_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        map_weights(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/c/encoders/multilingual-e5-small-1571fc982750-v1", "multilingual-e5-small"),
        ("/hub/models--intfloat--multilingual-e5-base/snapshots/0123abc", "intfloat/multilingual-e5-base"),
        ("/models/my-encoder", "my-encoder"),
    ],
)
def test_a_folder_is_called_what_people_call_its_model(path: str, name: str) -> None:
    assert readable_name(Path(path)) == name
