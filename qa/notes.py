"""Reads a folder of notes into values; knows nothing about passages or the index."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import charset_normalizer

from qa.errors import CorpusNotFound
from qa.language import detect_language
from qa.types import Note, SkippedFile

SUFFIXES = frozenset({".md", ".markdown", ".mdx", ".txt"})
MAX_BYTES = 20_000_000
_LEFT_OUT = frozenset({"node_modules", "__pycache__"})
_LINE_END = re.compile(r"\r\n|\r|\n")
_FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`\n]*$)|~{3,}).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"^ {0,3}#[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOT_TEXT = "has NUL characters, so it is not text"


def read_notes(corpus: Path) -> tuple[list[Note], list[SkippedFile]]:
    """All notes below a folder, by path, and the files that could not be read as notes.

    Hidden files and folders are not looked at. Raises CorpusNotFound.
    """
    if not corpus.is_dir():
        raise CorpusNotFound(
            f"There is no notes folder {str(corpus)!r}. Create it and put Markdown files into it, "
            "or name another with --corpus or NOTES_QA_CORPUS."
        )
    notes: list[Note] = []
    skipped: list[SkippedFile] = []
    for path in sorted(_note_files(corpus)):
        name = path.relative_to(corpus).as_posix()
        try:
            name.encode()
            notes.append(read_note(path, name))
        except UnicodeEncodeError:  # a name in another encoding than the system's can neither be stored nor shown
            shown = name.encode(errors="backslashreplace").decode()
            skipped.append(SkippedFile(shown, "has a name that is not UTF-8; rename it"))
        except (OSError, ValueError) as error:
            skipped.append(SkippedFile(name, str(error)))
    return notes, skipped


def read_note(path: Path, name: str) -> Note:
    """One file as a note called `name`. Raises OSError, or ValueError with the reason why it is not text."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES // 1_000_000} MB")
    data = path.read_bytes()
    text = decode(data)
    return Note(name, note_title(text, name), text, hashlib.sha256(data).hexdigest(), detect_language(text[:20_000]))


def decode(data: bytes) -> str:
    """The text of a file, without a byte order mark and with its own line ends. Raises ValueError: not text."""
    if not data.startswith(_BYTE_ORDER_MARKS):
        if b"\0" in data:
            raise ValueError(_NOT_TEXT)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    best = charset_normalizer.from_bytes(data, cp_isolation=["utf_16", "gb18030", "big5", "cp1252"]).best()
    if best is None:
        raise ValueError("is in no encoding that could be recognised; save it as UTF-8")
    text = data.decode(best.encoding).removeprefix("\ufeff")
    if "\0" in text:
        raise ValueError(_NOT_TEXT)
    return text


def note_title(text: str, name: str) -> str:
    """The first level-one heading, otherwise the file name without its suffix."""
    match = _TITLE.search(_FENCE.sub("", _LINE_END.sub("\n", text)))
    return match.group(1) if match else Path(name).stem


def line_starts(text: str) -> list[int]:
    """Offsets at which the lines of a text start, as an editor counts them: CRLF, CR and LF end a line."""
    return [0, *(match.end() for match in _LINE_END.finditer(text))]


def _note_files(corpus: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(corpus):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _LEFT_OUT]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(folder, name)
