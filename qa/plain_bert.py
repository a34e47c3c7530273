"""Reads a folder whose model is a BERT or XLM-R with averaged token vectors; knows nothing of what computes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[Any]]

_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_FIRST_POSITION = {"bert": 0, "xlm-roberta": 2}  # XLM-R keeps two rows for padding
_EXPECTED = {"hidden_act": "gelu", "position_embedding_type": "absolute", "is_decoder": False}
_DTYPES: dict[str, type[np.floating[Any]]] = {"F16": np.float16, "F32": np.float32}


@dataclass(frozen=True, slots=True)
class PlainBert:
    """The sizes of the network, and the words that the model wants before a text."""

    hidden: int
    layers: int
    heads: int
    epsilon: float
    first_position: int
    max_tokens: int
    query_prompt: str
    passage_prompt: str


def read_plain_bert(folder: Path) -> PlainBert:
    """Raises ValueError, KeyError or OSError where the folder holds anything else."""
    config, limits = _read(folder / "config.json"), _read_if_there(folder / "sentence_bert_config.json")
    odd = {key: config[key] for key, value in _EXPECTED.items() if config.get(key, value) != value}
    first = _FIRST_POSITION[config["model_type"]]
    if odd or "quantization_config" in config or limits.get("do_lower_case"):
        raise ValueError(f"{folder} is not a plain BERT: {odd}")
    _check_modules(_read(folder / "modules.json"))
    _check_pooling(_read(folder / "1_Pooling" / "config.json"))
    longest = limits.get("max_seq_length") or _read(folder / "tokenizer_config.json")["model_max_length"]
    query, passage = _prompts(_read_if_there(folder / "config_sentence_transformers.json"))
    return PlainBert(
        hidden=int(config["hidden_size"]),
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config["layer_norm_eps"]),
        first_position=first,
        max_tokens=int(min(longest, config["max_position_embeddings"] - first)),
        query_prompt=query,
        passage_prompt=passage,
    )


def map_weights(path: Path) -> Weights:
    """The tensors of a safetensors file by their names without the architecture's; pages are read when touched.

    Numbers of another type than float16 and float32 are left out. Raises ValueError where the file is torn.
    """
    raw = np.memmap(path, np.uint8, "c")  # written to by nobody, but OpenVINO takes no read-only arrays
    start = 8 + int.from_bytes(raw[:8].tobytes(), "little")
    if start > raw.size:
        raise ValueError(f"{path} is torn")
    tensors: Weights = {}
    for name, entry in json.loads(raw[8:start].tobytes()).items():
        if name != "__metadata__" and entry["dtype"] in _DTYPES:
            begin, end = (start + offset for offset in entry["data_offsets"])
            tensor = raw[begin:end].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
            tensors[name.removeprefix("bert.").removeprefix("roberta.")] = tensor
    return tensors


def _check_modules(modules: list[Mapping[str, Any]]) -> None:
    packages, _, classes = zip(*(str(module["type"]).rpartition(".") for module in modules), strict=True)
    if list(classes) not in _MODULES or not all(name.startswith("sentence_transformers.") for name in packages):
        raise ValueError(f"modules {classes}")
    if [module["path"] for module in modules[:2]] != ["", "1_Pooling"]:
        raise ValueError("its parts are in other folders")


def _check_pooling(pooling: Mapping[str, Any]) -> None:
    """Flags, as written before sentence-transformers 6, or a name."""
    flags = [key.removeprefix("pooling_mode_") for key, value in pooling.items() if value is True]
    modes = (
        [pooling["pooling_mode"]] if "pooling_mode" in pooling else [key for key in flags if key != "include_prompt"]
    )
    if modes not in (["mean"], ["mean_tokens"]) or pooling.get("include_prompt", True) is not True:
        raise ValueError(f"pooling {modes}")


def _prompts(config: Mapping[str, Any]) -> tuple[str, str]:
    """For queries and for passages, by the rules of `encode_query` and `encode_document`."""
    prompts = config.get("prompts") or {}
    default = prompts.get(config.get("default_prompt_name"), "")
    passage = next((prompts[name] for name in ("document", "passage", "corpus") if name in prompts), default)
    return prompts.get("query", default), passage


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _read_if_there(path: Path) -> Any:
    return _read(path) if path.is_file() else {}
