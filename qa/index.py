"""The stored index: SQLite holds notes, passages and vectors; FAISS is derived from it and can always be made again.

Writers change the database in one transaction that counts its generation up. Readers take a snapshot: one read
transaction and the FAISS index of that very generation, so that a question keeps the index it started with.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import filelock
import numpy as np

from qa.dense import DenseIndex
from qa.errors import IndexLocked, IndexNotBuilt, IndexUnusable
from qa.tables import Snapshot, Transaction, prepare, read_manifest

DATABASE = "notes.db"
LOCK = "write.lock"
LOCK_SECONDS = 60.0


class Index:
    """The index in one folder, for any number of threads and processes."""

    def __init__(self, folder: Path, lock_seconds: float = LOCK_SECONDS) -> None:
        self._folder = folder
        self._lock_seconds = lock_seconds  # how long a second writer waits
        self._dense: DenseIndex | None = None
        self._dense_lock = threading.Lock()

    @property
    def folder(self) -> Path:
        return self._folder

    @contextlib.contextmanager
    def read(self) -> Iterator[Snapshot]:
        """A snapshot for the calling thread. Raises IndexNotBuilt, IndexUnusable."""
        if not (self._folder / DATABASE).is_file():
            raise IndexNotBuilt(f"There is no index in {str(self._folder)!r} yet. Build it with: notes-qa index")
        with self._connect() as connection:
            connection.execute("BEGIN")
            manifest = read_manifest(connection)
            if "generation" not in manifest:
                raise IndexNotBuilt(
                    f"The index in {str(self._folder)!r} is not whole yet. Build it with: notes-qa index"
                )
            yield Snapshot(connection, self._dense_of(connection, manifest), manifest["encoder"])

    def manifest(self) -> dict[str, str]:
        """What the index was built with; empty before the first build."""
        if not (self._folder / DATABASE).is_file():
            return {}
        with self._connect() as connection:
            return read_manifest(connection)

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """The only writer of all processes; undone where the block raises. Raises IndexLocked, IndexUnusable."""
        with self._locked(), self._connect() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                prepare(connection)
                yield Transaction(connection)
            except BaseException:
                if connection.in_transaction:  # SQLite undoes some failures, such as a full disk, by itself
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def save_dense(self) -> None:
        """Write the FAISS index of the newest generation beside the database, so that the next start reads it."""
        with self.read() as snapshot:
            snapshot._dense.save(self._folder)

    def _locked(self) -> contextlib.AbstractContextManager[object]:
        """The lock of the only writer, held; leaving its `with` block gives it back."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return filelock.FileLock(self._folder / LOCK).acquire(timeout=self._lock_seconds)
        except filelock.Timeout:
            raise IndexLocked(
                f"Another process has been writing the index in {str(self._folder)!r} for over "
                f"{self._lock_seconds:.0f} s. Wait for it or end it, then try again."
            ) from None
        except OSError as error:
            raise IndexUnusable(
                f"The index folder {str(self._folder)!r} cannot be written: {error.strerror or error}."
            ) from error

    def _dense_of(self, connection: sqlite3.Connection, manifest: Mapping[str, str]) -> DenseIndex:
        identity, generation = manifest["id"], int(manifest["generation"])
        with self._dense_lock:
            if self._dense is None or self._dense.identity != identity:
                self._dense = DenseIndex.load(self._folder, identity, generation) or _build_dense(connection, manifest)
            return self._dense

    @contextlib.contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self._folder / DATABASE, timeout=LOCK_SECONDS, isolation_level=None)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise IndexUnusable(
                f"The index in {str(self._folder)!r} cannot be used: {error}. "
                "Free space or permissions first; if that is not it, delete the folder's files and run: notes-qa index"
            ) from error


def _build_dense(connection: sqlite3.Connection, manifest: Mapping[str, str]) -> DenseIndex:
    rows = connection.execute(
        "SELECT p.id, v.vector FROM passages p JOIN vectors v ON v.encoder = ? AND v.content_hash = p.content_hash"
        " ORDER BY p.id",
        (manifest["encoder"],),
    ).fetchall()
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4").reshape(len(rows), -1) if rows else None
    return DenseIndex.build(ids, vectors, manifest["id"], int(manifest["generation"]))
