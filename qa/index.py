"""The stored index: SQLite holds notes, passages and vectors; the search structures are derived and can be made again.

Writers change the database in one transaction that counts its generation up. Readers take a snapshot: one read
transaction and the derived search of that very generation, so that a question keeps the index it started with.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import filelock

from qa.derived import Derived, Layer
from qa.errors import IndexLocked, IndexNotBuilt, IndexUnusable
from qa.snapshot import Snapshot
from qa.tables import (
    SCHEMA_VERSION,
    Transaction,
    is_own_past,
    prepare,
    read_manifest,
    schema_version,
    source_of,
)

DATABASE = "notes.db"
LOCK = "write.lock"
WRITER = "writer.json"  # who holds the lock
LOCK_SECONDS = 60.0
_READERS_MILLISECONDS = 250  # how long a writer waits for readers of older states when all is stored already
_OLD_FILES = ("dense.faiss", "dense.json")
_SMALL = 5_000  # passages: making a new base without the deleted ones is cheap enough for every edit
_MAPPED_BYTES = 1 << 30  # of the database: a question reads two hundred vectors out of it

Waiting = Callable[[str], None]  # told who holds the lock, once, before waiting


class Index:
    """The index in one folder, for any number of threads and processes."""

    def __init__(self, folder: Path, lock_seconds: float = LOCK_SECONDS) -> None:
        self._folder = folder
        self._lock_seconds = lock_seconds  # how long a second writer waits
        self._derived: Derived | None = None
        self._base_is_unsaved = False
        self._derived_lock = threading.Lock()

    @property
    def folder(self) -> Path:
        return self._folder

    @contextlib.contextmanager
    def read(self) -> Iterator[Snapshot]:
        """A snapshot for the calling thread. Raises IndexNotBuilt, IndexUnusable."""
        if not (self._folder / DATABASE).is_file():
            raise IndexNotBuilt(f"There is no index in {str(self._folder)!r} yet. Build it with: notes-qa index")
        self._bring_up_to_date()
        with self._connect() as connection:
            connection.execute("BEGIN")
            manifest = read_manifest(connection)
            if "generation" not in manifest:
                raise IndexNotBuilt(
                    f"The index in {str(self._folder)!r} is not whole yet. Build it with: notes-qa index"
                )
            yield Snapshot(connection, self._derived_of(connection, manifest), manifest)

    def manifest(self) -> dict[str, str]:
        """What the index was built with; empty before the first build."""
        if not (self._folder / DATABASE).is_file():
            return {}
        self._bring_up_to_date()
        with self._connect() as connection:
            return read_manifest(connection)

    @contextlib.contextmanager
    def write(self, waiting: Waiting | None = None) -> Iterator[Transaction]:
        """The only writer of all processes; undone where the block raises. Raises IndexLocked, IndexUnusable."""
        with self._locked(waiting, self._lock_seconds), self._connect() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA secure_delete = ON")  # a deleted note leaves nothing in free pages
            connection.execute("BEGIN IMMEDIATE")
            try:
                prepare(connection)
                yield Transaction(connection)
            except BaseException:
                if connection.in_transaction:  # SQLite undoes some failures, such as a full disk, by itself
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            self._empty_log(connection)
            self._save_base(connection)

    def heal(self) -> None:
        """Write the derived files again where they were missing, torn or far behind; needs no encoder."""
        with self.read():
            pass
        if self._base_is_unsaved:
            with (
                contextlib.suppress(IndexLocked, IndexUnusable),
                self._locked(None, 0.0),
                self._connect() as connection,
            ):
                self._save_base(connection)

    def _empty_log(self, connection: sqlite3.Connection) -> None:
        """Move what was written into the database; where a reader or a full disk forbids it, a later write does."""
        connection.execute(f"PRAGMA busy_timeout = {_READERS_MILLISECONDS}")
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _save_base(self, connection: sqlite3.Connection) -> None:
        manifest = read_manifest(connection)
        if "generation" in manifest:
            derived = self._derived_of(connection, manifest)
            if derived.gone and len(derived.base.ids) <= _SMALL:
                derived = Derived.of(source_of(connection, manifest), None)
                with self._derived_lock:
                    self._derived = derived
                self._base_is_unsaved = True
            if self._base_is_unsaved:
                derived.base.save(self._folder)
                self._base_is_unsaved = False
            for leftover in (*self._folder.glob("*.tmp"), *map(self._folder.joinpath, _OLD_FILES)):
                with contextlib.suppress(OSError):
                    leftover.unlink()  # of a writer that was killed, or of schema 1

    @contextlib.contextmanager
    def _locked(self, waiting: Waiting | None, seconds: float) -> Iterator[None]:
        """The lock of the only writer, with a note on who holds it."""
        lock = filelock.FileLock(self._folder / LOCK)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                if waiting is not None:
                    waiting(self._writer())
                lock.acquire(timeout=seconds)
        except filelock.Timeout:
            raise IndexLocked(
                f"{self._writer()} has been writing the index in {str(self._folder)!r} for over "
                f"{seconds:.0f} s. Wait for it or end it, then try again."
            ) from None
        except OSError as error:
            raise IndexUnusable(
                f"The index folder {str(self._folder)!r} cannot be written: {error.strerror or error}. "
                "Give this user the right to write there, or choose another folder with --index."
            ) from error
        try:
            holder = {"pid": os.getpid(), "host": socket.gethostname()}
            with contextlib.suppress(OSError):
                (self._folder / WRITER).write_text(json.dumps(holder), encoding="utf-8")
            yield
        finally:
            with contextlib.suppress(OSError):
                (self._folder / WRITER).unlink()
            lock.release()

    def _writer(self) -> str:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            holder = json.loads((self._folder / WRITER).read_text(encoding="utf-8"))
            return f"Process {holder['pid']} on {holder['host']}"
        return "Another process"

    def _bring_up_to_date(self) -> None:
        """Change older tables so that they can be read; what is in them stays until the next refresh."""
        with self._connect() as connection:
            older = 0 < schema_version(connection) < SCHEMA_VERSION
        if older:
            with self.write():
                pass

    def _derived_of(self, connection: sqlite3.Connection, manifest: Mapping[str, str]) -> Derived:
        with self._derived_lock:
            if self._derived is None or self._derived.identity != manifest["id"]:
                base = Layer.load(self._folder) if self._derived is None else self._derived.base
                if base is not None and not is_own_past(connection, base.identity):
                    base = None
                self._derived = Derived.of(source_of(connection, manifest), base)
                self._base_is_unsaved |= self._derived.base is not base
            return self._derived

    @contextlib.contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._open()
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise IndexUnusable(
                f"The index in {str(self._folder)!r} cannot be used: {error}. "
                "Free space or permissions first; if that is not it, delete the folder's files and run: notes-qa index"
            ) from error

    def _open(self) -> sqlite3.Connection:
        path = self._folder / DATABASE
        log = path.with_name(f"{DATABASE}-wal")
        if path.is_file() and not os.access(self._folder, os.W_OK) and not (log.is_file() and log.stat().st_size):
            # SQLite keeps its own files beside the database; where they cannot be made, it is read as it lies there.
            uri = f"file:{quote(str(path.resolve()))}?immutable=1"
            return sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None)
        return sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
