"""A drop zone for files: hands over each file's own name and where its bytes lie, and removes them afterwards."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, ListFiles
from gradio.utils import get_upload_folder

from qa.notes import MAX_BYTES

MAX_UPLOAD_BYTES = MAX_BYTES + 5_000_000  # a little more, so that files near the limit get a sentence of ours

_SUM = re.compile(r"[0-9a-f]{32,128}")


@dataclass(frozen=True, slots=True)
class Dropped:
    """One uploaded file."""

    name: str  # as the browser said it: anything
    path: Path

    def data(self) -> bytes:
        """At most one byte more than a note may have. Raises OSError."""
        with self.path.open("rb") as file:
            return file.read(MAX_BYTES + 1)


def note_drop(**properties: Any) -> gr.File:
    """Gradio's file component for several files, which gives `Dropped` ones and takes nothing but uploads.

    No subclass: Gradio would write a stub file beside this one for it, and look for a part of its own in the browser.
    """
    drop = gr.File(file_count="multiple", **properties)
    drop.preprocess = _dropped  # type: ignore[method-assign,assignment]
    drop.move_resource_to_block_cache = _where_it_lies  # type: ignore[method-assign,assignment]
    drop.async_move_resource_to_block_cache = _where_it_lies_async  # type: ignore[method-assign,assignment]
    return drop


def _dropped(payload: ListFiles | None) -> list[Dropped]:
    files: list[FileData] = payload.root if payload else []
    return [Dropped(file.orig_name or Path(file.path).name, _uploaded(file.path)) for file in files]


def _uploaded(path: str | Path | None) -> Path:
    """The path, where it is a file that was uploaded: `folder of uploads/sum of its bytes/name`.

    A browser says where its upload lies, and a program may say anything: other files of this machine would be read, and
    removed afterwards. Gradio's own look at this is left out for a page that is mounted in another application.
    """
    folder = Path(get_upload_folder()).resolve()
    file = Path(path or "")
    inside = file.is_absolute() and ".." not in file.parts and file.parent.parent.resolve() == folder
    if not inside or not _SUM.fullmatch(file.parent.name) or file.resolve() != folder / file.parent.name / file.name:
        raise gr.Error("Only uploaded files are taken.")
    if not file.is_file():
        raise gr.Error("The uploaded file is gone. Upload it again.")
    return file


def _where_it_lies(path: str | Path | None) -> str | None:
    """The file stays where it was uploaded to. An address would be fetched by Gradio: it is refused."""
    return str(_uploaded(path))


async def _where_it_lies_async(path: str | Path | None) -> str | None:
    return _where_it_lies(path)


@contextlib.contextmanager
def taken(files: list[Dropped] | None) -> Iterator[list[Dropped]]:
    """The files that were dropped, while the block runs; gone at its end."""
    try:
        yield files or []
    finally:
        for file in files or []:
            with contextlib.suppress(OSError):
                file.path.unlink()
                file.path.parent.rmdir()  # Gradio makes one for each file
