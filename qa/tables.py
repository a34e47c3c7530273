"""The tables of the index, read and written inside one transaction; knows no files, locks or threads."""

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

from qa.derived import Derived, Source
from qa.lexical import Coverage, Unit
from qa.types import LANGUAGES, Language, Note, Passage

SCHEMA_VERSION = 3

# What each note itself says to be the (Chinese, English) names of one thing.
_PAIRS = """
CREATE TABLE pairs (
    note_path TEXT NOT NULL REFERENCES notes(path) ON DELETE CASCADE,
    zh TEXT NOT NULL, en TEXT NOT NULL, PRIMARY KEY (note_path, zh, en)
) WITHOUT ROWID;
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
_MIGRATIONS = {1: _FROM_1, 2: _PAIRS}
_PASSAGE_COLUMNS = (
    "p.id, p.note_path, n.title, p.headings, substr(n.text, p.start + 1, p.end - p.start), p.start, p.end, "
    "p.start_line, p.end_line, p.language, p.listing FROM passages p JOIN notes n ON n.path = p.note_path"
)
_GENERATIONS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage to be stored, with its terms, the text that is encoded for it, and that text's hash."""

    passage: Passage
    embedded: str  # is not stored
    content_hash: str
    heading_terms: str
    text_terms: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands, for an order that does not depend on when it was indexed, and what it repeats."""

    note_path: str
    start: int
    listing: bool
    text_hash: str


class Snapshot:
    """The index at one generation, for one thread and one question; rows are those of `Derived`."""

    def __init__(self, connection: sqlite3.Connection, derived: Derived, manifest: Mapping[str, str]) -> None:
        self._connection = connection
        self._derived = derived
        self.encoder = manifest["encoder"]  # fingerprint of the encoder of its vectors
        self.encoder_location = manifest.get("encoder_location", "")
        self.generation = int(manifest["generation"])

    def nearest(
        self, query: np.ndarray, language: Language, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """At most k rows of passages in a language with the highest cosines, best first."""
        return self._derived.nearest(query, language, k, allowed)

    def coverage(self, units: Iterable[Unit], allowed: NDArray[np.bool_] | None = None) -> Coverage:
        """How much of the units each row holds."""
        return self._derived.lexical.coverage(units, allowed)

    def background(self, query: np.ndarray, language: Language) -> tuple[float, float]:
        """Mean and standard deviation of the cosines of all passages in a language."""
        return self._derived.background(query, language)

    def mask(self, ids: Iterable[int]) -> NDArray[np.bool_]:
        """(rows,) true for the passages with these ids."""
        return self._derived.mask(np.fromiter(ids, np.int64))

    def ids(self, rows: NDArray[np.int64]) -> list[int]:
        """The passages' ids."""
        return [int(identity) for identity in self._derived.ids[rows]]

    def languages(self, rows: NDArray[np.int64]) -> list[Language]:
        """The passages' languages."""
        return [LANGUAGES[number] for number in self._derived.languages[rows]]

    def cosines(self, query: np.ndarray, ids: Sequence[int]) -> dict[int, float]:
        """The cosine of each of these passages, from the stored vectors."""
        if not len(ids):
            return {}
        vectors = vectors_of(self._connection, self.encoder, np.array(sorted(ids), np.int64))
        # Not `@`: there the last digits of a product depend on its row, and equal texts must get equal cosines.
        products = np.einsum("ij,j->i", vectors, query)
        return dict(zip(sorted(ids), np.round(products, 6).tolist(), strict=True))

    def places(self, ids: Sequence[int]) -> dict[int, Place]:
        """Where these passages stand."""
        sql = (
            "SELECT id, note_path, start, listing, text_hash FROM passages WHERE id IN (SELECT value FROM json_each(?))"
        )
        rows = self._connection.execute(sql, (json.dumps(list(ids)),))
        return {row[0]: Place(row[1], row[2], bool(row[3]), row[4]) for row in rows}

    def copies(self, text_hashes: Iterable[str]) -> dict[str, list[int]]:
        """Ids of all passages with the same text, by its hash."""
        wanted = sorted({text_hash for text_hash in text_hashes if text_hash})
        sql = "SELECT text_hash, id FROM passages WHERE text_hash IN " + _marks(wanted)
        found: dict[str, list[int]] = {}
        for text_hash, identity in self._connection.execute(sql + " ORDER BY note_path, start", wanted):
            found.setdefault(text_hash, []).append(identity)
        return found

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these ids."""
        rows = self._connection.execute(f"SELECT {_PASSAGE_COLUMNS} WHERE p.id IN {_marks(ids)}", ids)
        return {row[0]: _passage(row) for row in rows}

    def outline(self) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...], list[int]]]:
        """(note path, title, its other names, headings, passage ids) in the order of the notes."""
        rows = self._connection.execute(
            "SELECT p.note_path, n.title, n.names, p.headings, group_concat(p.id)"
            " FROM passages p JOIN notes n ON n.path = p.note_path"
            " GROUP BY p.note_path, p.headings ORDER BY p.note_path, min(p.start)"
        )
        return [
            (path, title, tuple(json.loads(names)), tuple(json.loads(headings)), list(map(int, ids.split(","))))
            for path, title, names, headings, ids in rows
        ]

    def mined(self) -> list[tuple[str, str, int]]:
        """(Chinese name, English name, number of notes that pair them), in their order."""
        return self._connection.execute("SELECT zh, en, count(*) FROM pairs GROUP BY zh, en ORDER BY zh, en").fetchall()

    def note(self, path: str) -> Note | None:
        """One note as it was indexed."""
        return next(self._notes("WHERE path = ?", (path,)), None)

    def notes(self) -> dict[str, Note]:
        """All notes as they were indexed, by path."""
        return {note.path: note for note in self._notes("ORDER BY path")}

    def note_hashes(self) -> dict[str, str]:
        """sha256 of each indexed note, by path."""
        return dict(self._connection.execute("SELECT path, sha256 FROM notes"))

    def __len__(self) -> int:
        """Passages."""
        return len(self._derived)

    def counts(self) -> dict[str, int]:
        """Notes, passages, and passages by language."""
        counts = {"notes": self._connection.execute("SELECT count(*) FROM notes").fetchone()[0]}
        counts["passages"] = len(self._derived)
        counts |= dict.fromkeys(LANGUAGES, 0)
        counts |= dict(self._connection.execute("SELECT language, count(*) FROM passages GROUP BY language"))
        return counts

    def _notes(self, where: str, arguments: Sequence[object] = ()) -> Iterator[Note]:
        sql = f"SELECT path, title, text, sha256, language, names FROM notes {where}"
        for path, title, text, sha256, language, names in self._connection.execute(sql, arguments):
            yield Note(path, title, text, sha256, language, tuple(json.loads(names)))


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
        columns = _PASSAGE_COLUMNS.replace(" FROM ", ", p.content_hash FROM ", 1)
        for *row, content_hash in self._connection.execute(f"SELECT {columns}"):
            if row[1] not in note_paths:
                yield content_hash, _passage(tuple(row))

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
        for name in ("terms", "vectors", "passages", "pairs", "notes", "generations", "manifest"):
            connection.execute(f"DROP TABLE IF EXISTS {name}")
        _run(connection, _SCHEMA + _PAIRS)
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


def _marks(values: Sequence[object]) -> str:
    return "(" + ",".join("?" * len(values)) + ")"


def _json(values: Sequence[str]) -> str:
    return json.dumps(values, ensure_ascii=False)


def _row(stored: StoredPassage) -> tuple[object, ...]:
    p = stored.passage
    text_hash = hashlib.sha256(" ".join(p.text.split()).encode("utf-8", "replace")).hexdigest()[:32]
    where = (p.start, p.end, p.start_line, p.end_line)
    terms = (stored.heading_terms, stored.text_terms)
    return (p.note_path, _json(p.headings), *where, p.language, stored.content_hash, p.listing, text_hash, *terms)


def _passage(row: tuple[Any, ...]) -> Passage:
    _, note_path, title, headings, text, start, end, start_line, end_line, language, listing = row
    path = tuple(json.loads(headings))
    return Passage(note_path, title, path, text, start, end, start_line, end_line, language, bool(listing))
