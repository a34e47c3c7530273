"""Files of one folder below the corpus: reached without following a link, and written whole or not at all.

Where the system has it, each step goes through the open folder before it, so that a folder that is swapped for a link
in between leads nowhere. Knows nothing about text.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

_STAGED = ".notes-qa-"  # hidden: neither read as a note nor watched
_STEPWISE = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_COMPARED = 1 << 26  # bytes, more than a note may have
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for its other end


class Linked(OSError):
    """A link stands on the way."""


class OtherContent(OSError):
    """The file holds other bytes than expected."""


class Folder:
    """An open folder; names in it are single parts of a path."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    @contextlib.contextmanager
    def open(cls, corpus: Path, parts: Sequence[str]) -> Iterator[Folder]:
        """The folder with these parts below the corpus, which itself may be a link. Raises Linked and OSError."""
        path = corpus.joinpath(*parts)
        if not _STEPWISE:
            _refuse_links(corpus, parts)
            yield cls(path, None)
            return
        descriptor = os.open(corpus, _FOLDER)
        try:
            for part in parts:
                outer = cls(path, descriptor)
                outer._refuse_link(part)
                inner = os.open(part, _FOLDER | _NO_LINK, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield cls(path, descriptor)
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """What is in the folder."""
        return os.listdir(self._path if self._descriptor is None else self._descriptor)

    def read(self, name: str, max_bytes: int) -> bytes:
        """The file's bytes, at most one more than `max_bytes`. Raises Linked and OSError."""
        self._refuse_link(name)
        descriptor = os.open(self._at(name), os.O_RDONLY | _NO_LINK | _NO_WAIT | _BINARY, dir_fd=self._descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "It is no file")
        with os.fdopen(descriptor, "rb") as file:
            return file.read(max_bytes + 1)

    def is_read_only(self, name: str) -> bool:
        """Whether nobody may write the file, or this process may not."""
        mode = os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False).st_mode
        return not mode & 0o222 or not os.access(self._at(name), os.W_OK, dir_fd=self._descriptor)

    def create(self, name: str, data: bytes) -> None:
        """A new file with these bytes. Raises FileExistsError where there is anything of that name, and OSError."""
        with self._staged(data, None) as staged:
            try:
                os.link(self._at(staged), self._at(name), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links: the name is taken first, and then filled
                taken = os.open(self._at(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, dir_fd=self._descriptor)
                os.close(taken)
                self._rename(staged, name)
        self._sync()

    def replace(self, name: str, data: bytes, sha256: str) -> None:
        """Other bytes for a file that has these now; mode and owner stay. Raises OtherContent, Linked and OSError.

        The comparison is made once the new bytes are on the disk, directly before one takes the place of the other.
        """
        with self._staged(data, os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)) as staged:
            if hashlib.sha256(self.read(name, _COMPARED)).hexdigest() != sha256:
                raise OtherContent(errno.EBUSY, "is another file by now")
            self._rename(staged, name)
        self._sync()

    def clear(self) -> None:
        """Remove what a writer that was killed has left; only for the holder of the lock of all writers."""
        for name in self.names():
            if name.startswith(_STAGED):
                with contextlib.suppress(OSError):
                    os.unlink(self._at(name), dir_fd=self._descriptor)

    @contextlib.contextmanager
    def _staged(self, data: bytes, like: os.stat_result | None) -> Iterator[str]:
        """The name of a hidden file with these bytes, on the disk; gone at the end unless it was renamed."""
        name = f"{_STAGED}{secrets.token_hex(8)}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY
        descriptor = os.open(self._at(name), flags, 0o666 if like is None else 0o600, dir_fd=self._descriptor)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if like is not None:
                    _make_alike(descriptor, like)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            yield name
        finally:
            with contextlib.suppress(OSError):
                os.unlink(self._at(name), dir_fd=self._descriptor)

    def _rename(self, old: str, new: str) -> None:
        os.replace(self._at(old), self._at(new), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def _sync(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # the file is in its place; some file systems know no more to do
                os.fsync(self._descriptor)

    def _refuse_link(self, name: str) -> None:
        """Here for a clear error; `O_NOFOLLOW` is what keeps a link from being followed."""
        if stat.S_ISLNK(os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False).st_mode):
            raise Linked(errno.ELOOP, "is a link")

    def _at(self, name: str) -> str:
        return str(self._path / name) if self._descriptor is None else name


def _refuse_links(corpus: Path, parts: Sequence[str]) -> None:
    """Also the other kinds of links that Windows has."""
    real = os.path.realpath(corpus, strict=True)
    wanted = os.path.join(real, *parts)
    if os.path.normcase(os.path.realpath(wanted, strict=True)) != os.path.normcase(wanted):
        raise Linked(errno.ELOOP, "is a link")


def _make_alike(descriptor: int, like: os.stat_result) -> None:
    if hasattr(os, "fchown") and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(OSError):  # only the administrator may give files away
            os.fchown(descriptor, like.st_uid, like.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
