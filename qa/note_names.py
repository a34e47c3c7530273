"""Names of notes that come from outside: paths inside the corpus, and file names that are safe on every system."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePosixPath

from qa.characters import NotText
from qa.notes import SUFFIXES

MAX_NAME_BYTES = 200  # of UTF-8: some file systems take 255, encrypted ones less
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # on Windows
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])$", re.IGNORECASE)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # with the marks that turn the direction of writing


def note_parts(path: str) -> tuple[str, ...]:
    """The folders and the name of a path inside the corpus. Raises NotText where it is none of a note."""
    parts = tuple(path.split("/"))
    if "\0" in path or any(not part or part.startswith(".") for part in parts):  # hidden ones and `..`
        raise NotText("refuse_path")
    if os.name == "nt" and ("\\" in path or ":" in path):
        raise NotText("refuse_path")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise NotText("skip_name") from None
    if not _has_suffix(path):
        raise NotText("refuse_suffix")
    return parts


def clean_name(name: str) -> str:
    """A file name for a note that was sent under this one; cleaned again it is the same. Raises NotText.

    Folders before it are left out; a path that begins at the root or goes upwards is refused. The name is composed
    (NFC), visible, not hidden, of at most 200 bytes, and one that Windows takes, too.
    """
    path = name.replace("\\", "/")
    *_, last = parts = path.split("/")
    if path.startswith("/") or _DRIVE.match(path) or ".." in parts:
        raise NotText("refuse_path")
    seen = "".join(c for c in last if unicodedata.category(c) not in _UNSEEN or c == "\t")
    tidy = " ".join(_FORBIDDEN.sub("_", unicodedata.normalize("NFC", seen)).split()).lstrip(". ").rstrip(". ")
    stem, dot, suffix = tidy.rpartition(".")
    stem = stem.rstrip(". ")
    if not dot or not _has_suffix(f"x.{suffix}"):
        raise NotText("refuse_suffix" if last.strip() else "refuse_name")
    if not stem:
        raise NotText("refuse_name")
    if _RESERVED.match(stem.partition(".")[0].rstrip()):
        stem = f"_{stem}"
    room = MAX_NAME_BYTES - len(f".{suffix}".encode())
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return f"{stem}.{suffix}"


def same_name(one: str, other: str) -> bool:
    """Whether some file system takes both names for one file: by case, or by how its characters are composed."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _has_suffix(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES
