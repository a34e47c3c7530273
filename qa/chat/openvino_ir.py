"""Turns a GGUF file into OpenVINO's own format once; what is in the cache folder is whole or not there.

Converting takes half a minute and 3 GB of memory, so it runs in a process of its own: `python -m qa.chat.openvino_ir`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from qa.chat.apart import run_apart
from qa.chat.gguf import GGUFHeader, fingerprint
from qa.errors import ModelFailed
from qa.types import Progress

_ARCHITECTURES = {"llama", "qwen2", "qwen3"}
_TENSOR_TYPES = {"F32", "F16", "Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K"}
_FILES = "sizes.json"  # written last; names every other file with its size
_SECONDS = 1800.0  # for a conversion
_LEAST_FREE = 512 * 2**20  # bytes beside the converted model, which is about as large as the GGUF


def unreadable_part(header: GGUFHeader) -> str | None:
    """What in this file OpenVINO cannot read, `None` where it can read everything."""
    if header.architecture not in _ARCHITECTURES:
        return f"architecture {header.architecture or 'unknown'}"
    others = sorted(header.tensor_types - _TENSOR_TYPES)
    return f"tensors of type {', '.join(others)}" if others else None


def converted(gguf: Path, cache: Path, progress: Callable[[Progress], None] | None = None) -> Path:
    """The folder of the converted model, converting at the first use. Raises ModelFailed where that does not work."""
    root = cache / "openvino"
    key = fingerprint(gguf)[:16]
    target = root / f"{key}-{version('openvino-genai')}"
    if is_whole(target):
        return target
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f"{key}.lock"):
        if is_whole(target):  # another process was faster
            return target
        for left in root.glob(f"{key}-*"):  # of a killed process or another version
            shutil.rmtree(left, ignore_errors=True)
        needed = 5 * gguf.stat().st_size // 4 + _LEAST_FREE
        if (free := shutil.disk_usage(root).free) < needed:
            raise ModelFailed(
                f"Converting the chat model needs {needed >> 20} MB in '{root}', where {free >> 20} MB are free. "
                "Free some space or move the folder with NOTES_QA_CACHE."
            )
        if progress:
            progress(Progress("chat_convert", 0, 1))
        temporary = target.with_name(target.name + ".tmp")
        try:
            _convert_apart(gguf, temporary)
            seal(temporary)
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        if progress:
            progress(Progress("chat_convert", 1, 1))
    return target


def is_whole(folder: Path) -> bool:
    """Every file of the list is there with its size."""
    try:
        sizes = json.loads((folder / _FILES).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def seal(folder: Path) -> None:
    """Put everything on the disk, then write the list that says so."""
    sizes = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        sizes[path.name] = path.stat().st_size
    with (folder / _FILES).open("w", encoding="utf-8") as file:
        json.dump(sizes, file)
        file.flush()
        os.fsync(file.fileno())


def _convert_apart(gguf: Path, folder: Path) -> None:
    try:
        run_apart("qa.chat.openvino_ir", str(gguf.resolve()), str(folder), seconds=_SECONDS)
    except RuntimeError as error:
        raise ModelFailed(
            f"OpenVINO cannot convert the model file '{gguf}': {error}. Set NOTES_QA_ENGINE=llamacpp."
        ) from error


def _convert(gguf: Path, folder: Path) -> None:
    import openvino_genai as ov

    folder.mkdir(parents=True)
    link = folder / "model.gguf"  # the converted files are written beside the file that is opened
    try:
        link.symlink_to(gguf)
    except OSError:  # Windows without the right to make links
        try:
            link.hardlink_to(gguf)
        except OSError:
            shutil.copyfile(gguf, link)
    tokenizer = ov.Tokenizer(link, enable_save_ov_model=True)
    scheduler = ov.SchedulerConfig()
    scheduler.num_kv_blocks = 1  # nothing is decoded here
    ov.ContinuousBatchingPipeline(link, tokenizer, scheduler, "CPU", enable_save_ov_model=True)
    link.unlink()


if __name__ == "__main__":
    _convert(Path(sys.argv[1]), Path(sys.argv[2]))
