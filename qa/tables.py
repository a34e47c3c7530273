"""The tables of the index: their schema and migrations, and the one writer's view of them.

Knows no files, locks or threads; what a question reads is in `qa.snapshot`.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.derived import Source
from qa.types import LANGUAGES, Language, Note, Passage

SCHEMA_VERSION = 3

# What each note itself says to be the (Chinese, English) names of one thing, and what all questions have in common.
_ADDED_IN_3 = """
CREATE TABLE pairs (
    note_path TEXT NOT NULL REFERENCES notes(path) ON DELETE CASCADE,
    zh TEXT NOT NULL, en TEXT NOT NULL, PRIMARY KEY (note_path, zh, en)
) WITHOUT ROWID;
CREATE TABLE question_means (kind TEXT NOT NULL, language TEXT NOT NULL, vector BLOB NOT NULL);
"""
_SCHEMA = """
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE generations (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE notes (
    path TEXT PRIMARY KEY, title TEXT NOT NULL, sha256 TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL,
    names TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    note_path TEXT NOT NULL REFERENCES notes(path) ON DELETE CASCADE,
    headings TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, language TEXT NOT NULL, content_hash TEXT NOT NULL,
    listing INTEGER NOT NULL DEFAULT 0, text_hash TEXT NOT NULL DEFAULT '',
    heading_terms TEXT NOT NULL DEFAULT '', text_terms TEXT NOT NULL DEFAULT ''
);
CREATE INDEX passages_note ON passages (note_path);
CREATE INDEX passages_content ON passages (content_hash);
CREATE INDEX passages_text ON passages (text_hash);
CREATE TABLE vectors (
    encoder TEXT NOT NULL, content_hash TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, content_hash)
);
"""
# From each older version to the next. An older index answers as it is until it is refreshed.
_FROM_1 = """
CREATE TABLE generations (id TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO generations SELECT value FROM manifest WHERE key = 'id';
ALTER TABLE notes ADD COLUMN names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE passages ADD COLUMN listing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE passages ADD COLUMN text_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE passages ADD COLUMN heading_terms TEXT NOT NULL DEFAULT '';
ALTER TABLE passages ADD COLUMN text_terms TEXT NOT NULL DEFAULT '';
UPDATE passages SET (heading_terms, text_terms) = (SELECT headings, body FROM terms WHERE rowid = passages.id);
CREATE INDEX passages_text ON passages (text_hash);
DROP TABLE terms;
ALTER TABLE vectors RENAME TO old_vectors;
CREATE TABLE vectors (
    encoder TEXT NOT NULL, content_hash TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, content_hash)
);
INSERT INTO vectors SELECT encoder, content_hash, vector FROM old_vectors;
DROP TABLE old_vectors;
"""
_MIGRATIONS = {1: _FROM_1, 2: _ADDED_IN_3}
PASSAGE_COLUMNS = (
    "p.id, p.note_path, n.title, p.headings, substr(n.text, p.start + 1, p.end - p.start), p.start, p.end, "
    "p.start_line, p.end_line, p.language, p.listing FROM passages p JOIN notes n ON n.path = p.note_path"
)  # of `passage_of`
_GENERATIONS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage to be stored, with its terms, the text that is encoded for it, and that text's hash."""

    passage: Passage
    embedded: str  # is not stored
    content_hash: str
    heading_terms: str
    text_terms: str


class Transaction:
    """The one writer's view inside `Index.write`; nothing of it is seen by others before it ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def manifest(self) -> dict[str, str]:
        return dict(self._connection.execute("SELECT key, value FROM manifest"))

    def note_hashes(self) -> dict[str, str]:
        """sha256 of each stored note, by path."""
        return dict(self._connection.execute("SELECT path, sha256 FROM notes"))

    def passage_count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM passages").fetchone()[0])

    def passages_except(self, note_paths: Collection[str]) -> Iterator[tuple[str, Passage]]:
        """(content hash, passage) of all passages but those of some notes."""
        columns = PASSAGE_COLUMNS.replace(" FROM ", ", p.content_hash FROM ", 1)
        for *row, content_hash in self._connection.execute(f"SELECT {columns}"):
            if row[1] not in note_paths:
                yield content_hash, passage_of(tuple(row))

    def known_vectors(self, encoder: str, hashes: Iterable[str]) -> set[str]:
        """Those of the content hashes whose vector of this encoder is stored."""
        known = "SELECT 1 FROM vectors WHERE encoder = ? AND content_hash = ?"
        return {h for h in set(hashes) if self._connection.execute(known, (encoder, h)).fetchone()}

    def put_vectors(self, encoder: str, vectors: Mapping[str, np.ndarray]) -> None:
        """Store and keep vectors at once: they are true whatever becomes of the rest of the transaction."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
            [(encoder, content_hash, vector.astype("<f4").tobytes()) for content_hash, vector in vectors.items()],
        )
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN IMMEDIATE")

    def delete_note(self, path: str) -> None:
        self._connection.execute("DELETE FROM notes WHERE path = ?", (path,))

    def put_note(self, note: Note, passages: Sequence[StoredPassage], pairs: Iterable[tuple[str, str]] = ()) -> None:
        """Store a note with its passages and its pairs of names in place of the note of that path."""
        self.delete_note(note.path)
        self._connection.execute(
            "INSERT INTO notes (path, title, sha256, language, text, names) VALUES (?, ?, ?, ?, ?, ?)",
            (note.path, note.title, note.sha256, note.language, note.text, _json(note.names)),
        )
        self._connection.executemany(
            "INSERT INTO passages (note_path, headings, start, end, start_line, end_line, language, content_hash,"
            " listing, text_hash, heading_terms, text_terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(stored) for stored in passages],
        )
        self._connection.executemany(
            "INSERT INTO pairs (note_path, zh, en) VALUES (?, ?, ?)", [(note.path, zh, en) for zh, en in pairs]
        )

    def has_question_means(self, kind: str) -> bool:
        return bool(self._connection.execute("SELECT 1 FROM question_means WHERE kind = ?", (kind,)).fetchone())

    def put_question_means(self, kind: str, means: Mapping[Language, np.ndarray]) -> None:
        """Store what all questions have in common, in place of what was stored before."""
        self._connection.execute("DELETE FROM question_means")
        self._connection.executemany(
            "INSERT INTO question_means VALUES (?, ?, ?)",
            [(kind, language, mean.astype("<f4").tobytes()) for language, mean in means.items()],
        )

    def finish(self, encoder: str, encoder_location: str, manifest: Mapping[str, str]) -> None:
        """Replace the manifest, drop vectors that no passage needs, and count the generation up."""
        generation = int(self.manifest().get("generation", "0")) + 1
        identity = f"{generation:012d}-{uuid.uuid4().hex}"
        values = {"encoder": encoder, "encoder_location": encoder_location, "generation": str(generation)}
        self._connection.execute("DELETE FROM manifest")
        self._connection.executemany(
            "INSERT INTO manifest VALUES (?, ?)", (dict(manifest) | values | {"id": identity}).items()
        )
        self._connection.execute("INSERT INTO generations VALUES (?)", (identity,))
        self._connection.execute(
            "DELETE FROM generations WHERE id NOT IN (SELECT id FROM generations ORDER BY id DESC LIMIT ?)",
            (_GENERATIONS_KEPT,),
        )
        self._connection.execute(
            "DELETE FROM vectors WHERE encoder <> ? OR content_hash NOT IN (SELECT content_hash FROM passages)",
            (encoder,),
        )


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables where there are none, bring older ones up to date, and drop what cannot be understood."""
    version = schema_version(connection)
    if version == SCHEMA_VERSION:
        return
    if version in _MIGRATIONS:
        for older in range(version, SCHEMA_VERSION):
            _run(connection, _MIGRATIONS[older])
    else:
        for name in ("terms", "vectors", "passages", "pairs", "question_means", "notes", "generations", "manifest"):
            connection.execute(f"DROP TABLE IF EXISTS {name}")
        _run(connection, _SCHEMA + _ADDED_IN_3)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def schema_version(connection: sqlite3.Connection) -> int:
    """Of the stored tables; 0 where there are none."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def read_manifest(connection: sqlite3.Connection) -> dict[str, str]:
    """Empty where the first build stopped before anything was stored, and for another version's tables."""
    if schema_version(connection) != SCHEMA_VERSION:
        return {}
    return dict(connection.execute("SELECT key, value FROM manifest"))


def is_own_past(connection: sqlite3.Connection, identity: str) -> bool:
    """Whether a state was an earlier one of this very database (or is the present one)."""
    return connection.execute("SELECT 1 FROM generations WHERE id = ?", (identity,)).fetchone() is not None


def source_of(connection: sqlite3.Connection, manifest: Mapping[str, str]) -> Source:
    """What the derived search is made of; to be used inside the transaction that read the manifest."""
    rows = connection.execute("SELECT id, language FROM passages ORDER BY id").fetchall()
    numbers = {language: number for number, language in enumerate(LANGUAGES)}
    encoder = manifest["encoder"]
    first = connection.execute("SELECT vector FROM vectors WHERE encoder = ? LIMIT 1", (encoder,)).fetchone()
    return Source(
        identity=manifest["id"],
        encoder=encoder,
        dimension=len(first[0]) // 4 if first else 1,
        ids=np.array([row[0] for row in rows], np.int64),
        languages=np.array([numbers[row[1]] for row in rows], np.uint8),
        terms=lambda ids: _terms_of(connection, ids),
        vectors=lambda ids: vectors_of(connection, encoder, ids),
    )


def vectors_of(connection: sqlite3.Connection, encoder: str, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, dim) in the order of the ids, which are ascending."""
    rows = _select(
        connection,
        "SELECT v.vector FROM passages p JOIN vectors v ON v.encoder = :encoder AND v.content_hash = p.content_hash",
        ids,
        {"encoder": encoder},
    )
    return np.frombuffer(b"".join(row[0] for row in rows), "<f4").reshape(len(ids), -1)


def passage_of(row: tuple[Any, ...]) -> Passage:
    """The passage in a row of `PASSAGE_COLUMNS`."""
    _, note_path, title, headings, text, start, end, start_line, end_line, language, listing = row
    path = tuple(json.loads(headings))
    return Passage(note_path, title, path, text, start, end, start_line, end_line, language, bool(listing))


def _terms_of(connection: sqlite3.Connection, ids: NDArray[np.int64]) -> Iterable[tuple[str, str]]:
    yield from _select(connection, "SELECT p.heading_terms, p.text_terms FROM passages p", ids, {})


def _select(
    connection: sqlite3.Connection, select: str, ids: NDArray[np.int64], arguments: Mapping[str, object]
) -> Iterator[tuple[Any, ...]]:
    """Rows for the passages with these ids, in their order; the ids travel as one JSON array, however many they are."""
    sql = f"{select} WHERE p.id IN (SELECT value FROM json_each(:ids)) ORDER BY p.id"
    return connection.execute(sql, {**arguments, "ids": json.dumps(ids.tolist())})


def _run(connection: sqlite3.Connection, script: str) -> None:
    """The statements one by one: `executescript` would end the transaction first."""
    for statement in script.strip().rstrip(";").split(";\n"):
        connection.execute(statement)


def _json(values: Sequence[str]) -> str:
    return json.dumps(values, ensure_ascii=False)


def _row(stored: StoredPassage) -> tuple[object, ...]:
    p = stored.passage
    text_hash = hashlib.sha256(" ".join(p.text.split()).encode("utf-8", "replace")).hexdigest()[:32]
    where = (p.start, p.end, p.start_line, p.end_line)
    terms = (stored.heading_terms, stored.text_terms)
    return (p.note_path, _json(p.headings), *where, p.language, stored.content_hash, p.listing, text_hash, *terms)
