"""Finds a sentence-transformers folder, names it and takes its fingerprint; loads no model."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from pathlib import Path

from qa.errors import EncoderError

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
_HUB_FOLDER = re.compile(r"models--(.+)")
_UNPACKED = re.compile(r"(.+)-[0-9a-f]{12}-v\d+")
_LOADED_SUFFIXES = {".json", ".txt", ".model", ".safetensors"}


def find_folder(name: str) -> Path:
    """A folder, or what the hub's client has downloaded under that name. Raises EncoderError where it is neither."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        downloaded = _find_downloaded(name)
        if downloaded is None:
            raise EncoderError(
                f"There is no encoder {name!r}: no such folder, and no model of that name has been downloaded. "
                "Set NOTES_QA_ENCODER to 'packaged' or to a sentence-transformers folder."
            )
        folder = downloaded
    if not holds_encoder(folder):
        raise EncoderError(f"The folder {folder} holds no encoder: it has neither modules.json nor config.json.")
    return folder


def holds_encoder(folder: Path) -> bool:
    """Looks at names only."""
    return (folder / "config.json").is_file() or (folder / "modules.json").is_file()


def readable_name(folder: Path) -> str:
    """The folder's name without what the hub's cache and our own add to it."""
    folder = folder.absolute()  # not resolved: what the user called it
    if folder.parent.name == "snapshots" and (found := _HUB_FOLDER.fullmatch(folder.parents[1].name)):
        return found[1].replace("--", "/")
    unpacked = _UNPACKED.fullmatch(folder.name)
    return unpacked[1] if unpacked else folder.name


def fingerprint_of(folder: Path, memory: Path) -> str:
    """Hash of all that the model is loaded from, kept by sizes and times, so that weights are read once only."""
    files = sorted(path for path in (*folder.glob("*"), *folder.glob("*/*")) if path.suffix in _LOADED_SUFFIXES)
    names = [path.relative_to(folder).as_posix() for path in files]
    listing = [[name, path.stat().st_size, path.stat().st_mtime_ns] for name, path in zip(names, files, strict=True)]
    kept = memory / f"{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # not there yet, or torn
        stored = json.loads(kept.read_text(encoding="utf-8"))
        if stored["files"] == listing:
            return str(stored["fingerprint"])
    digest = hashlib.sha256()
    for name, path in zip(names, files, strict=True):
        with path.open("rb") as file:
            digest.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\0".encode())
    fingerprint = f"sha256:{digest.hexdigest()[:24]}"
    with contextlib.suppress(OSError):  # a cache that cannot be written: computed again next time
        memory.mkdir(parents=True, exist_ok=True)
        remembered = {"files": listing, "fingerprint": fingerprint}
        kept.write_text(json.dumps(remembered, ensure_ascii=False), encoding="utf-8")
    return fingerprint


def _find_downloaded(name: str) -> Path | None:
    """Look in the hub's cache on this disk; sentence-transformers' own models may go without their owner's name."""
    if not _HUB_NAME.fullmatch(name):
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for candidate in [name] if "/" in name else [f"sentence-transformers/{name}", name]:
        with contextlib.suppress(LocalEntryNotFoundError, HFValidationError):
            return Path(snapshot_download(candidate, local_files_only=True))
    return None
