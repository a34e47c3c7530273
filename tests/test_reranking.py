"""The reranker: real engines with a tiny model of random weights, and the order that its scores lead to."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

from qa.errors import ModelFailed, SettingsError
from qa.reranking import LlamaCppReranker, Reordering, Scores, open_reranker, rerank
from qa.types import Hit, Passage

ROOT = Path(__file__).parents[1]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"备份硬盘索引", "disk", "backup", "index", "##s", "note"]
POSITIONS = 48
TEXTS = ["备份硬盘", "backups disk", "the index", "note note 索引 backup disks", "note"]
# Names of the tensors of a BERT in a GGUF file, by what transformers calls them; the order of replacement matters.
GGUF_NAMES = {
    "bert.embeddings.word_embeddings": "token_embd",
    "bert.embeddings.position_embeddings": "position_embd",
    "bert.embeddings.token_type_embeddings": "token_types",
    "bert.embeddings.LayerNorm": "token_embd_norm",
    "bert.encoder.layer.": "blk.",
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
    "bert.pooler.dense": "cls",
    "classifier": "cls.output",
}


def write_cross_encoder(folder: Path, model: type = BertForSequenceClassification, labels: int = 1) -> Path:
    """A BERT with two layers and random weights."""
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=POSITIONS,
        num_labels=labels,
        initializer_range=0.4,
    )
    model(config).save_pretrained(folder)
    BertTokenizerFast(vocab={word: i for i, word in enumerate(VOCABULARY)}).save_pretrained(folder)
    return folder


def write_gguf(path: Path, folder: Path, without: str = "none") -> Path:
    """The same model as a GGUF file in 32 bits, less the tensors whose name starts with `without`."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def entry(key: str, kind: int, value: bytes) -> bytes:
        return text(key) + struct.pack("<I", kind) + value

    numbers = {
        "bert.context_length": POSITIONS,
        "bert.embedding_length": 32,
        "bert.feed_forward_length": 64,
        "bert.block_count": 2,
        "bert.attention.head_count": 2,
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.seperator_token_id": 3,
        "tokenizer.ggml.unknown_token_id": 1,
    }
    words = [word[2:] if word.startswith("##") else word if word[0] == "[" else f"▁{word}" for word in VOCABULARY]
    entries = [
        entry("general.architecture", 8, text("bert")),
        entry("tokenizer.ggml.model", 8, text("bert")),
        entry("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, len(words)) + b"".join(map(text, words))),
        entry("bert.attention.layer_norm_epsilon", 6, struct.pack("<f", 1e-12)),
        entry("bert.attention.causal", 7, b"\0"),
        *(entry(key, 4, struct.pack("<I", number)) for key, number in numbers.items()),
    ]
    infos, data = [], b""
    for name, tensor in BertForSequenceClassification.from_pretrained(folder).state_dict().items():
        for theirs, ours in GGUF_NAMES.items():
            name = name.replace(theirs, ours)
        if not name.startswith(without):
            shape = tuple(reversed(tensor.shape))
            infos.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data)))
            content = tensor.numpy().astype("<f4").tobytes()
            data += content + bytes(-len(content) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(entries)) + b"".join(entries + infos)
    path.write_bytes(head + bytes(-len(head) % 32) + data)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def llamacpp(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppReranker]:
    reranker = open_reranker(f"gguf:{write_gguf(tmp_path_factory.mktemp('gguf') / 'tiny.gguf', folder)}")
    assert isinstance(reranker, LlamaCppReranker)
    yield reranker
    reranker.close()


def plain_scores(folder: Path, question: str, texts: Sequence[str], as_llamacpp: bool = False) -> Scores:
    """Pair by pair through transformers alone; llama.cpp gives a BERT no last mark and no segments."""
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    found = []
    for text in texts:
        pair = tokenizer(question, text, return_tensors="pt", truncation="longest_first", max_length=POSITIONS)
        if as_llamacpp:
            pair = {"input_ids": pair["input_ids"][:, :-1]}
        with torch.inference_mode():
            found.append(float(model(**pair).logits))
    return np.array(found, np.float32)


def hit(rank: int, score: float, text: str = "", listing: bool = False) -> Hit:
    text = text or f"text {rank}"
    passage = Passage(f"{rank}.md", "", (), text, 0, len(text), 1, 1, "en", listing)
    return Hit(passage, rank, score, rank, None, 0.5)


def order(hits: Sequence[Hit]) -> list[str]:
    return [each.passage.note_path.removesuffix(".md") for each in hits]


class LengthReranker:
    """Scores a text by its length; waits where it is told to, and breaks where it is told to."""

    name = "by length"

    def __init__(self, error: Exception | None = None) -> None:
        self.go = threading.Event()
        self.go.set()
        self.asked: list[tuple[str, int]] = []
        self._error = error

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        self.asked.append((question, len(texts)))
        self.go.wait()
        if self._error:
            raise self._error
        return np.array([len(text) for text in texts], np.float32)


# The engines


def test_scores_equal_a_plain_computation(folder: Path) -> None:
    scores = open_reranker(str(folder)).scores("备份 index", TEXTS)
    assert (scores.dtype.name, scores.shape) == ("float32", (5,))
    assert np.allclose(scores, plain_scores(folder, "备份 index", TEXTS), atol=1e-5)
    assert np.ptp(scores) > 0.5


def test_no_texts_have_no_scores(folder: Path, llamacpp: LlamaCppReranker) -> None:
    assert open_reranker(str(folder)).scores("备份", []).shape == (0,)
    assert llamacpp.scores("备份", []).shape == (0,)


def test_a_long_text_counts_by_its_start(folder: Path) -> None:
    texts, reranker = ["备 " * 400, "备 " * 400 + "disk"], open_reranker(str(folder))
    assert np.allclose(reranker.scores("索引", texts), plain_scores(folder, "索引", texts), atol=1e-5)
    assert np.isfinite(reranker.scores("索 " * 400, texts)).all()


def test_threads_share_one_reranker(folder: Path) -> None:
    reranker, questions = open_reranker(str(folder)), ["备份", "disk", "索引 backup", "note", "index"] * 3
    found: dict[int, Scores] = {}

    def ask(i: int) -> None:
        found[i] = reranker.scores(questions[i], TEXTS)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.allclose(found[i], reranker.scores(q, TEXTS), atol=1e-5) for i, q in enumerate(questions))


def test_llamacpp_scores_equal_a_plain_computation(folder: Path, llamacpp: LlamaCppReranker) -> None:
    expected = plain_scores(folder, "备份 index", TEXTS, as_llamacpp=True)
    assert np.allclose(llamacpp.scores("备份 index", TEXTS), expected, atol=0.05)  # its cache has 16 bits
    assert np.ptp(expected) > 0.5


def test_llamacpp_shortens_what_does_not_fit(llamacpp: LlamaCppReranker) -> None:
    assert np.isfinite(llamacpp.scores("索引", ["备 " * 4000, "备"])).all()
    assert np.isfinite(llamacpp.scores("索 " * 4000, ["备", ""])).all()


def test_a_closed_reranker_says_so(folder: Path, tmp_path: Path) -> None:
    reranker = LlamaCppReranker(write_gguf(tmp_path / "tiny.gguf", folder))
    reranker.close()
    reranker.close()
    with pytest.raises(ModelFailed, match="closed"):
        reranker.scores("备份", ["备份"])


def test_hits_follow_the_scores_of_a_real_reranker(folder: Path) -> None:
    hits = [hit(rank, 1.0, text) for rank, text in enumerate(TEXTS, 1)]
    reordering = Reordering(open_reranker(str(folder)), seconds=60)
    expected = np.argsort(-plain_scores(folder, "备份 index", [each.passage.text for each in hits]))
    assert order(reordering.reorder("备份 index", hits)) == [str(i + 1) for i in expected.tolist()]
    reordering.close()


def test_importing_loads_no_heavy_library() -> None:
    script = (
        "import sys, qa.reranking\n"
        "assert not {'torch', 'transformers', 'sentence_transformers', 'xllamacpp'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


# What is no reranker


@pytest.mark.parametrize("spec", ["nowhere/typo", "./typo", "", "a b", "gguf:typo.gguf", "gguf:", "模型"])
def test_a_name_without_a_reranker_says_what_to_set(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"Set NOTES_QA_RERANKER to .* or leave it empty\.$"):
        open_reranker(spec)


@pytest.mark.parametrize(
    ("model", "labels", "what"), [(BertModel, 1, "BertModel"), (BertForSequenceClassification, 3, "with 3 scores")]
)
def test_another_kind_of_model_is_refused(model: type, labels: int, what: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=rf"is no reranker: .*{what}"):
        open_reranker(str(write_cross_encoder(tmp_path / "other", model, labels)))


def test_a_damaged_folder_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(SettingsError, match=r"damaged cannot be loaded: .*NOTES_QA_RERANKER"):
        open_reranker(str(damaged))


def test_code_in_a_model_folder_is_not_run(folder: Path, tmp_path: Path) -> None:
    hostile = shutil.copytree(folder, tmp_path / "hostile")
    (hostile / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    config = json.loads((hostile / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config"}}
    (hostile / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(SettingsError):
        open_reranker(str(hostile))
    assert not (tmp_path / "ran").exists()


def test_a_gguf_without_a_head_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no head for scores"):
        open_reranker(f"gguf:{write_gguf(tmp_path / 'chat.gguf', folder, without='cls')}")


@pytest.mark.parametrize(("without", "size"), [("blk", None), ("none", 4000)])
def test_a_gguf_that_llamacpp_cannot_load_is_one_sentence(
    without: str, size: int | None, folder: Path, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "torn.gguf", folder, without)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SettingsError, match="NOTES_QA_RERANKER"):
        open_reranker(f"gguf:{path}")


# The order


@pytest.mark.parametrize(("weight", "expected"), [(0.0, "1234"), (0.1, "1243"), (0.5, "1423"), (3.0, "4132")])
def test_the_weight_is_the_reranker_against_the_search(weight: float, expected: str) -> None:
    hits = [hit(1, 8.0), hit(2, 6.0), hit(3, 4.0), hit(4, 3.9)]
    assert "".join(order(rerank(hits, np.array([0, -20, -10, 10], np.float32), weight))) == expected


def test_scores_meet_in_standard_deviations() -> None:
    hits = [hit(1, 7.0), hit(2, 3.0), hit(3, 5.0)]
    scores = np.array([100, 300, 200], np.float32)
    found = rerank(hits, scores, 2.0)
    assert order(found) == ["2", "3", "1"]
    assert [each.score for each in found] == [7.0, 5.0, 3.0]  # both have the same spread after scaling: 2 to -2
    assert [each.rank for each in found] == [1, 2, 3]
    assert rerank(hits, 1000 * scores - 5, 2.0) == found


def test_all_else_of_a_hit_stays() -> None:
    (found,) = rerank([hit(1, 2.5)], np.array([9.0], np.float32), 1.0)
    assert found == hit(1, 2.5)


def test_equal_hits_keep_their_order() -> None:
    hits = [hit(rank, 1.0) for rank in range(1, 6)]
    assert rerank(hits, np.full(5, 3.0, np.float32), 1.0) == hits
    assert order(rerank(hits, np.array([0, 1, 0, 1, 0], np.float32), 1.0)) == ["2", "4", "1", "3", "5"]


def test_listings_stay_behind_all_others() -> None:
    hits = [hit(1, 2.0), hit(2, 1.0), hit(3, 9.0, listing=True), hit(4, 8.0, listing=True)]
    assert order(rerank(hits, np.array([0, 50, 51, 90], np.float32), 2.0)) == ["2", "1", "4", "3"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_an_error(value: float) -> None:
    with pytest.raises(ModelFailed):
        rerank([hit(1, 2.0), hit(2, 1.0)], np.array([1.0, value], np.float32), 1.0)


# Time and failure


def test_passages_are_read_in_small_batches_and_put_together_in_order() -> None:
    reranker, hits = LengthReranker(), [hit(rank, 1.0, "x" * (rank * 7 % 10 + 1)) for rank in range(1, 10)]
    reordering = Reordering(reranker, seconds=60)
    assert order(reordering.reorder("q", hits)) == ["7", "4", "1", "8", "5", "2", "9", "6", "3"]
    assert reranker.asked == [("q", 4), ("q", 4), ("q", 1)]
    reordering.close()


def test_a_late_reranker_leaves_the_order_and_stops_reading(caplog: pytest.LogCaptureFixture) -> None:
    reranker, hits = LengthReranker(), [hit(rank, 1.0, "x" * rank) for rank in range(1, 10)]
    reordering = Reordering(reranker, seconds=0.2)
    reranker.go.clear()
    assert reordering.reorder("late", hits) == hits
    assert reordering.reorder("behind it", hits) == hits
    reranker.go.set()
    reordering.close()
    assert reranker.asked == [("late", 4)]
    assert "took more than 0.2 seconds" in caplog.text


def test_after_a_late_one_the_next_question_is_reranked() -> None:
    reranker, hits = LengthReranker(), [hit(1, 1.0, "x"), hit(2, 1.0, "xx")]
    reordering = Reordering(reranker, seconds=5)
    late = Reordering(reranker, seconds=0.01)
    reranker.go.clear()
    assert order(late.reorder("late", hits)) == ["1", "2"]
    reranker.go.set()
    late.close()
    assert order(reordering.reorder("next", hits)) == ["2", "1"]
    reordering.close()


@pytest.mark.parametrize(
    "error", [RuntimeError("out of memory"), ModelFailed("it is closed"), MemoryError("none left")]
)
def test_a_broken_reranker_leaves_the_order_and_says_why(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    hits, reordering = [hit(1, 1.0, "x"), hit(2, 1.0, "xx")], Reordering(LengthReranker(error), seconds=60)
    assert reordering.reorder("q", hits) == hits
    assert f"Not reranked: by length failed ({error})" in caplog.text
    reordering.close()


def test_no_hits_ask_nobody() -> None:
    reranker = LengthReranker()
    assert Reordering(reranker).reorder("q", []) == []
    assert reranker.asked == []
