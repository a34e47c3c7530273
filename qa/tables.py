"""The tables of the index, read and written inside one transaction; knows no files, locks or threads."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa.dense import DenseIndex
from qa.language import search_terms
from qa.types import LANGUAGES, Language, Note, Passage

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE notes (
    path TEXT PRIMARY KEY, title TEXT NOT NULL, sha256 TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    note_path TEXT NOT NULL REFERENCES notes(path) ON DELETE CASCADE,
    headings TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, language TEXT NOT NULL, content_hash TEXT NOT NULL
);
CREATE INDEX passages_note ON passages (note_path);
CREATE INDEX passages_content ON passages (content_hash);
CREATE TABLE vectors (
    encoder TEXT NOT NULL, content_hash TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, content_hash)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE terms USING fts5 (headings, body, tokenize = "unicode61 remove_diacritics 0 tokenchars '-+.''’#'");
"""
_PASSAGE_COLUMNS = (
    "p.id, p.note_path, n.title, p.headings, substr(n.text, p.start + 1, p.end - p.start), p.start, p.end, "
    "p.start_line, p.end_line, p.language FROM passages p JOIN notes n ON n.path = p.note_path"
)
_HEADINGS_WEIGHT = 2.0  # of BM25, against 1.0 of the body


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage to be stored with the hash of the text that is encoded for it."""

    passage: Passage
    content_hash: str


class Snapshot:
    """The index at one generation, for one thread and one question."""

    def __init__(self, connection: sqlite3.Connection, dense: DenseIndex, encoder: str) -> None:
        self._connection = connection
        self._dense = dense
        self.encoder = encoder  # fingerprint of the encoder of its vectors

    @property
    def generation(self) -> int:
        return self._dense.generation

    def dense(self, query: np.ndarray, k: int, ids: np.ndarray | None = None) -> list[tuple[int, float]]:
        """(passage id, cosine) of the nearest passages, best first; among `ids` where given."""
        return self._dense.search(query, k, ids)

    def cosines(self, query: np.ndarray, ids: Sequence[int]) -> dict[int, float]:
        """The cosine of each of these passages."""
        return self._dense.scores(query, ids)

    def background(self, query: np.ndarray, language: Language) -> tuple[float, float]:
        """Mean and standard deviation of the cosines of all passages in a language."""
        return self._dense.background(query, language, lambda: self.ids(language))

    def lexical(self, alternatives: Iterable[tuple[str, ...]]) -> dict[int, float]:
        """BM25 (positive, higher is better) of the passages that hold all terms of one of the alternatives."""
        match = " OR ".join("(" + " AND ".join(map(_quoted, terms)) + ")" for terms in alternatives if terms)
        if not match:
            return {}
        rows = self._connection.execute(
            "SELECT rowid, -bm25(terms, ?, 1.0) FROM terms WHERE terms MATCH ?", (_HEADINGS_WEIGHT, match)
        )
        return dict(rows.fetchall())

    def passages(self, ids: Iterable[int]) -> dict[int, Passage]:
        """The passages with these ids."""
        wanted = list(ids)
        marks = ",".join("?" * len(wanted))
        rows = self._connection.execute(f"SELECT {_PASSAGE_COLUMNS} WHERE p.id IN ({marks})", wanted)
        return {row[0]: _passage(row) for row in rows}

    def ids(self, language: Language) -> np.ndarray:
        """Ids of all passages in a language, int64."""
        return self._ids("SELECT id FROM passages WHERE language = ? ORDER BY id", (language,))

    def outline(self) -> list[tuple[str, str, tuple[str, ...], list[int]]]:
        """(note path, title, headings, passage ids) in the order of the notes."""
        rows = self._connection.execute(
            "SELECT p.note_path, n.title, p.headings, group_concat(p.id)"
            " FROM passages p JOIN notes n ON n.path = p.note_path"
            " GROUP BY p.note_path, p.headings ORDER BY p.note_path, min(p.start)"
        )
        return [
            (path, title, tuple(json.loads(headings)), [int(identity) for identity in ids.split(",")])
            for path, title, headings, ids in rows
        ]

    def notes(self) -> dict[str, Note]:
        """All notes as they were indexed, by path."""
        rows = self._connection.execute("SELECT path, title, text, sha256, language FROM notes ORDER BY path")
        return {row[0]: Note(*row) for row in rows}

    def note_hashes(self) -> dict[str, str]:
        """sha256 of each indexed note, by path."""
        return dict(self._connection.execute("SELECT path, sha256 FROM notes"))

    def __len__(self) -> int:
        """Passages."""
        return len(self._dense)

    def counts(self) -> dict[str, int]:
        """Notes, passages, and passages by language."""
        counts = {"notes": self._connection.execute("SELECT count(*) FROM notes").fetchone()[0]}
        counts["passages"] = len(self._dense)
        counts |= dict.fromkeys(LANGUAGES, 0)
        counts |= dict(self._connection.execute("SELECT language, count(*) FROM passages GROUP BY language"))
        return counts

    def _ids(self, sql: str, arguments: Sequence[object]) -> np.ndarray:
        return np.array([row[0] for row in self._connection.execute(sql, arguments)], dtype=np.int64)


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
        self._connection.execute(
            "DELETE FROM terms WHERE rowid IN (SELECT id FROM passages WHERE note_path = ?)", (path,)
        )
        self._connection.execute("DELETE FROM notes WHERE path = ?", (path,))

    def put_note(self, note: Note, passages: Sequence[StoredPassage]) -> None:
        """Store a note with its passages in place of the note of that path."""
        self.delete_note(note.path)
        self._connection.execute(
            "INSERT INTO notes VALUES (?, ?, ?, ?, ?)", (note.path, note.title, note.sha256, note.language, note.text)
        )
        for stored in passages:
            p = stored.passage
            where = (p.start, p.end, p.start_line, p.end_line)
            cursor = self._connection.execute(
                "INSERT INTO passages (note_path, headings, start, end, start_line, end_line, language, content_hash)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (p.note_path, _headings_json(p.headings), *where, p.language, stored.content_hash),
            )
            names = " ".join((Path(p.note_path).stem, *(p.headings or (p.title,))))
            self._connection.execute(
                "INSERT INTO terms (rowid, headings, body) VALUES (?, ?, ?)",
                (cursor.lastrowid, " ".join(search_terms(names)), " ".join(search_terms(p.text))),
            )

    def finish(self, encoder: str, manifest: Mapping[str, str]) -> None:
        """Replace the manifest, drop vectors that no passage needs, and count the generation up."""
        generation = int(self.manifest().get("generation", "0")) + 1
        self._connection.execute("DELETE FROM manifest")
        self._connection.executemany(
            "INSERT INTO manifest VALUES (?, ?)",
            [*manifest.items(), ("encoder", encoder), ("generation", str(generation)), ("id", uuid.uuid4().hex)],
        )
        self._connection.execute(
            "DELETE FROM vectors WHERE encoder <> ? OR content_hash NOT IN (SELECT content_hash FROM passages)",
            (encoder,),
        )


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables where there are none, or those of another version."""
    if _has_schema(connection):
        return
    for name in ("terms", "vectors", "passages", "notes", "manifest"):  # of another version
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in _SCHEMA.strip().rstrip(";").split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _has_schema(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION)


def read_manifest(connection: sqlite3.Connection) -> dict[str, str]:
    """Empty where the first build stopped before anything was stored, and for another version's tables."""
    if not _has_schema(connection):
        return {}
    return dict(connection.execute("SELECT key, value FROM manifest"))


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _headings_json(headings: tuple[str, ...]) -> str:
    return json.dumps(headings, ensure_ascii=False)


def _passage(row: tuple[int, str, str, str, str, int, int, int, int, Language]) -> Passage:
    _, note_path, title, headings, text, start, end, start_line, end_line, language = row
    path = tuple(json.loads(headings))
    return Passage(note_path, title, path, text, start, end, start_line, end_line, language)
