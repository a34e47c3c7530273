"""The note files of a corpus as they are on the disk now: read, saved after an edit, added from elsewhere.

Nothing is ever lost: a file is replaced only where it still is what the editor or the caller saw, whole or not at all.
Only the microseconds between that last look and the replacement are open to a program that knows nothing of the lock.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import filelock

from qa.characters import NotText
from qa.errors import NoteChanged, NoteRefused
from qa.note_bytes import editable, written_like
from qa.note_names import clean_name, note_parts, same_name
from qa.note_places import Folder, Linked, OtherContent
from qa.notes import MAX_BYTES
from qa.types import Note, SkippedFile
from qa.words import word

_LOCK_SECONDS = 20.0
_GONE = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A note's file as an editor takes it."""

    path: str  # posix, relative to the corpus
    text: str  # its line ends are line feeds here, whatever they are in the file
    sha256: str  # of the bytes; `save` wants it back
    encoding: str
    read_only: str = ""  # why it cannot be saved, a key of `qa.words`


@dataclass(frozen=True, slots=True)
class SavedNote:
    """What saving did; a text that says the same as the file leaves it alone."""

    path: str
    sha256: str
    encoding: str
    converted: bool  # to UTF-8, because the text does not go into the former encoding
    changed: bool


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be added; `replaces` is the sha256 of the one that may be overwritten for it, empty for none."""

    name: str
    data: bytes
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class AddedFile:
    """What became of a NewFile: only "added" and "replaced" changed the corpus."""

    name: str  # as it was sent
    path: str  # in the corpus, empty where the name was refused
    outcome: Literal["added", "replaced", "same", "exists", "refused"]
    sha256: str = ""  # of the file of that path now
    reason: SkippedFile | None = None  # of a refusal


class NoteFiles:
    """The files below one corpus; `lock` is the file that all its writers hold, in whatever process."""

    def __init__(self, corpus: Path, lock: Path) -> None:
        self._corpus = corpus
        self._lock = lock

    def read(self, path: str, indexed: Note | None) -> NoteFile:
        """A note that is in the index, as its file is now; behind a link as it was indexed, which cannot be saved.

        Raises NoteChanged where it is gone, and NoteRefused.
        """
        if indexed is None:
            raise _gone(path)
        with _told(path, "skip_unreadable"):
            *folders, name = note_parts(path)
            try:
                with Folder.open(self._corpus, folders) as folder:
                    data = _bytes(folder, name)
                    locked = "refuse_read_only" if folder.is_read_only(name) else ""
            except Linked:
                text = editable(indexed.text.encode()).text
                return NoteFile(path, text, indexed.sha256, "utf-8", "refuse_link")
            found = editable(data)
            return NoteFile(path, found.text, _hash(data), found.encoding, locked if found.exact else "refuse_lossy")

    def save(self, path: str, text: str, sha256: str) -> SavedNote:
        """Write a note's new text over the file with this sha256, in its encoding and with its line ends.

        In UTF-8 where the encoding lacks a character. Raises NoteChanged where the file is another by now or is gone,
        and NoteRefused; the file then is as it was.
        """
        with _told(path):
            *folders, name = note_parts(path)
            with self._writing(path), Folder.open(self._corpus, folders) as folder:
                old = _bytes(folder, name)
                if _hash(old) != sha256:
                    raise OtherContent
                new, encoding = written_like(old, text)
                _check_size(new)
                before = editable(old)
                if not before.exact:
                    raise NotText("refuse_lossy")
                if folder.is_read_only(name):
                    raise NotText("refuse_read_only")
                folder.clear()
                if new != old:
                    folder.replace(name, new, sha256)
                return SavedNote(path, _hash(new), encoding, encoding != before.encoding, new != old)

    def add(self, file: NewFile) -> AddedFile:
        """Put a file into the corpus under a clean name; it overwrites nothing but the file that it names."""
        path = ""
        try:
            path = clean_name(file.name)
            _check_size(file.data)
            editable(file.data)
            with _told(path), self._writing(path), Folder.open(self._corpus, ()) as folder:
                return self._put(folder, path, file)
        except NotText as error:
            return _refusal(file.name, path, error.key, error.detail)
        except NoteRefused as error:
            return _refusal(file.name, path, error.key, error.detail)
        except NoteChanged as error:
            if error.gone:
                return _refusal(file.name, path, "refuse_no_corpus", "")
            return AddedFile(file.name, path, "exists")  # it came to be, or to be another, just now

    def _put(self, folder: Folder, path: str, file: NewFile) -> AddedFile:
        names = folder.names()
        there = path if path in names else next((name for name in names if same_name(name, path)), None)
        folder.clear()
        new = _hash(file.data)
        if there is None:
            folder.create(path, file.data)
            return AddedFile(file.name, path, "added", new)
        old = _hash(folder.read(there, MAX_BYTES))
        if old == new:
            return AddedFile(file.name, there, "same", old)
        if old != file.replaces:
            return AddedFile(file.name, there, "exists", old)
        if folder.is_read_only(there):
            raise NotText("refuse_read_only")
        folder.replace(there, file.data, old)
        return AddedFile(file.name, there, "replaced", new)

    @contextlib.contextmanager
    def _writing(self, path: str) -> Iterator[None]:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self._lock)
        try:
            lock.acquire(timeout=_LOCK_SECONDS)
        except filelock.Timeout:
            raise _refused(path, "refuse_busy") from None
        try:
            yield
        finally:
            lock.release()


@contextlib.contextmanager
def _told(path: str, failed: str = "refuse_disk") -> Iterator[None]:
    """What goes wrong with a file, as the errors that users can do something about; `failed` says what the disk did."""
    try:
        yield
    except NotText as error:
        raise _refused(path, error.key, error.detail) from error
    except _GONE as error:
        raise _gone(path) from error
    except (OtherContent, FileExistsError) as error:
        raise NoteChanged(
            f"{path!r} was changed by another program after it was opened here, so it was not saved. "
            "Load it again, then put your changes in."
        ) from error
    except Linked as error:
        raise _refused(path, "refuse_link") from error
    except OSError as error:
        raise _refused(path, failed, error.strerror or type(error).__name__) from error


def _bytes(folder: Folder, name: str) -> bytes:
    data = folder.read(name, MAX_BYTES)
    _check_size(data)
    return data


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise NotText("skip_too_large", f"{MAX_BYTES // 1_000_000} MB")


def _gone(path: str) -> NoteChanged:
    return NoteChanged(f"There is no note {path!r} any more: it was moved, renamed or deleted.", gone=True)


def _refused(path: str, key: str, detail: str = "") -> NoteRefused:
    return NoteRefused(f"{path!r} {_reason(key, detail)}.", path, key, detail)


def _refusal(name: str, path: str, key: str, detail: str) -> AddedFile:
    return AddedFile(name, path, "refused", "", SkippedFile(name, _reason(key, detail), key))


def _reason(key: str, detail: str) -> str:
    return word(key, "en") + (f": {detail}" if detail else "")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
