"""Files of what the model made of prompts: whose they are, and that a broken one counts for nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from qa.chat import Message
from qa.chat.prompt_files import PromptFiles

PROMPT = [Message("user", "?")]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def files(tmp_path: Path, model: Path) -> PromptFiles:
    return PromptFiles(tmp_path / "cache" / "prompts", model, "engine 1")


def write(files: PromptFiles, name: str, content: bytes = b"state") -> Path:
    path = files.folder / name
    path.write_bytes(content)
    files.seal(name)
    return path


def test_a_sealed_file_counts_until_it_is_another(files: PromptFiles) -> None:
    name = files.name(PROMPT)
    assert files.is_whole(name) is False
    path = write(files, name)
    assert files.is_whole(name) is True
    path.write_bytes(b"stat")
    assert files.is_whole(name) is False


@pytest.mark.parametrize("seal", [b"", b"\xff", None])
def test_a_file_without_its_seal_does_not_count(files: PromptFiles, seal: bytes | None) -> None:
    path = write(files, files.name(PROMPT)).with_suffix(".sha256")
    path.unlink() if seal is None else path.write_bytes(seal)
    assert files.is_whole(files.name(PROMPT)) is False


def test_a_dropped_file_does_not_count(files: PromptFiles) -> None:
    name = files.name(PROMPT)
    assert files.size(name) == 0
    write(files, name)
    assert files.size(name) == len(b"state")
    files.drop(name)
    files.drop(name)
    assert files.is_whole(name) is False


def test_another_prompt_model_or_version_has_another_file(files: PromptFiles, model: Path) -> None:
    names = {files.name(PROMPT), files.name([Message("system", "?")]), files.name([*PROMPT, *PROMPT])}
    names.add(PromptFiles(files.folder, model, "engine 2").name(PROMPT))
    model.write_bytes(b"other weights")
    names.add(PromptFiles(files.folder, model, "engine 1").name(PROMPT))
    assert len(names) == 5


def test_what_nobody_used_for_months_is_deleted(files: PromptFiles) -> None:
    old, used = write(files, "old.state"), write(files, "used.state")
    for path in (old, used):
        os.utime(path, (time.time() - 100 * 24 * 3600,) * 2)
    assert files.is_whole("used.state")
    write(files, "new.state")
    assert sorted(path.name for path in files.folder.iterdir()) == sorted(
        f"{name}.{suffix}" for name in ("new", "used") for suffix in ("state", "sha256")
    )


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path, model: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        PromptFiles(tmp_path / "file" / "prompts", model, "engine 1")
