"""The tables of the file of conversations: their schema, its migrations, and whose file it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import filelock

_APPLICATION = 0x4E514143  # "NQAC": tells this file from another program's
_SCHEMA_1 = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, corpus TEXT NOT NULL, owner TEXT NOT NULL, title TEXT NOT NULL, title_words TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX conversations_of ON conversations (corpus, owner, updated);
CREATE TABLE exchanges (
    conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE, number INTEGER NOT NULL,
    question TEXT NOT NULL, options TEXT NOT NULL, answer TEXT NOT NULL, words TEXT NOT NULL, ended TEXT NOT NULL,
    answered REAL NOT NULL, rating TEXT, PRIMARY KEY (conversation, number)
)
"""
_LOCK_SECONDS = 10.0
_SCHEMAS = (_SCHEMA_1,)  # each leads from the version before it, 0 being an empty file


def prepare(connection: sqlite3.Connection, file: Path) -> None:
    """Set a connection to `file` up, and bring the tables up to date.

    Raises:
        ValueError: the file is not this program's.
        OSError: another process has been bringing them up to date for 10 seconds, or the folder cannot be written.
    """
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what was deleted or replaced leaves nothing in free pages
    connection.execute("PRAGMA synchronous = NORMAL")  # no wait for the disk; a cut of power takes the last change only
    if _version(connection) < len(_SCHEMAS):
        # SQLite itself does not wait where two processes turn the log on at once: one gets "database is locked".
        with filelock.FileLock(f"{file}.lock", timeout=_LOCK_SECONDS, mode=0o600):
            _bring_up_to_date(connection)


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(_SCHEMAS):  # another process was faster
        return
    connection.execute("PRAGMA journal_mode = WAL")  # stays with the file
    connection.execute("BEGIN IMMEDIATE")
    try:
        for schema in _SCHEMAS[_version(connection) :]:
            for statement in schema.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(_SCHEMAS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    """0 for an empty file. Raises ValueError for another program's file, or a newer version's."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != _APPLICATION and (tables or version):
        raise ValueError("it belongs to another program.")
    if version > len(_SCHEMAS):
        raise ValueError("a newer version of notes-qa has written it; update this one.")
    return version
