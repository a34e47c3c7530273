"""Files of what a model made of the beginnings of prompts: read once, they are there at once at the next start.

Each belongs to one model file and one version of the engine, and counts only while its digest is right: the engine
would take up whatever stands there.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from qa.chat.engine import Message
from qa.chat.llamacpp_slots import written

_UNUSED_SECONDS = 60 * 24 * 3600.0  # after which a file is deleted: of an old model, or of prompts that changed


class PromptFiles:
    """The files of one model in a folder."""

    def __init__(self, folder: Path, model: Path, engine: str) -> None:
        """`engine` names what reads and writes the files, and its version.

        Raises OSError where the folder is not there and cannot be made.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        stat = model.stat()
        self._of = f"{model.name}\n{stat.st_size}\n{stat.st_mtime_ns}\n{engine}"

    def name(self, messages: Sequence[Message]) -> str:
        """The file of a prompt, whether it is there or not."""
        return hashlib.sha256(f"{self._of}\n{written(messages)}".encode()).hexdigest()[:24] + ".state"

    def is_whole(self, name: str) -> bool:
        """Whether it is there, as it was written."""
        path = self.folder / name
        try:
            whole = _seal(path).read_text(encoding="ascii") == _digest(path)
        except (OSError, ValueError):
            return False
        with contextlib.suppress(OSError):  # a cache that can only be read
            path.touch()
        return whole

    def size(self, name: str) -> int:
        """Its bytes; 0 where it is not there."""
        try:
            return (self.folder / name).stat().st_size
        except OSError:
            return 0

    def drop(self, name: str) -> None:
        """Say that a file is of no use, though it is as it was written."""
        with contextlib.suppress(OSError):
            _seal(self.folder / name).unlink(missing_ok=True)

    def seal(self, name: str) -> None:
        """Say that a file is written, and delete what nobody used for long."""
        with contextlib.suppress(OSError):  # a full disk: it is written again next time
            path = self.folder / name
            _seal(path).write_text(_digest(path), encoding="ascii")
            for other in self.folder.glob("*.state"):
                if other.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                    _seal(other).unlink(missing_ok=True)
                    other.unlink()


def _seal(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
