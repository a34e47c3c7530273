"""One state of the index as a question reads it; knows no files, locks or threads, and changes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.derived import Derived
from qa.lexical import Coverage, Unit
from qa.tables import PASSAGE_COLUMNS, passage_of, vectors_of
from qa.types import LANGUAGES, Language, Note, Passage


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
        self.identity = manifest["id"]  # of this state: no other one ever has it, in this index or another

    def nearest(
        self, query: np.ndarray, language: Language, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """At most k rows of passages in a language with the highest cosines, best first."""
        return self._derived.nearest(query, language, k, allowed)

    def coverage(
        self, units: Iterable[Unit], allowed: NDArray[np.bool_] | None = None, graded: bool = True
    ) -> Coverage:
        """How much of the units each row holds."""
        return self._derived.lexical.coverage(units, allowed, graded)

    def most_of(self, terms: Sequence[str]) -> float:
        """The largest share of these terms that a passage holds, 0 to 1."""
        return self._derived.lexical.most_of(terms)

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

    def in_language(self, language: Language) -> NDArray[np.bool_]:
        """(rows,) true for the passages in a language."""
        return np.asarray(self._derived.languages == LANGUAGES.index(language))

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """(n, dim) the stored vectors of these passages, whose ids are ascending."""
        if not len(ids):
            return np.zeros((0, 1), np.float32)
        return vectors_of(self._connection, self.encoder, np.array(ids, np.int64))

    def mean(self, language: Language) -> NDArray[np.float32]:
        """(dim,) the mean vector of the passages in a language."""
        return self._derived.mean(language)

    def share(self, language: Language) -> float:
        """Of the passages, those in a language, 0 to 1."""
        return self._derived.share(language)

    def question_means(self, kind: str) -> dict[Language, NDArray[np.float32]]:
        """See `qa.question_mean`; empty where those of another kind are stored, or none yet."""
        rows = self._connection.execute("SELECT language, vector FROM question_means WHERE kind = ?", (kind,))
        return {language: np.frombuffer(vector, "<f4") for language, vector in rows}

    def terms(self, ids: Sequence[int]) -> dict[int, frozenset[str]]:
        """What each of these passages can be found by, its headings included."""
        sql = f"SELECT id, heading_terms, text_terms FROM passages WHERE id IN {_marks(ids)}"
        return {row[0]: frozenset(f"{row[1]} {row[2]}".split()) for row in self._connection.execute(sql, list(ids))}

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
        rows = self._connection.execute(f"SELECT {PASSAGE_COLUMNS} WHERE p.id IN {_marks(ids)}", ids)
        return {row[0]: passage_of(row) for row in rows}

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

    def listed_notes(self) -> dict[str, tuple[str, Language, dict[Language, int]]]:
        """(title, language, passages by language) of each note, by path."""
        rows = self._connection.execute("SELECT path, title, language FROM notes ORDER BY path")
        listed: dict[str, tuple[str, Language, dict[Language, int]]] = {row[0]: (row[1], row[2], {}) for row in rows}
        for path, language, count in self._connection.execute(
            "SELECT note_path, language, count(*) FROM passages GROUP BY note_path, language"
        ):
            listed[path][2][language] = count
        return listed

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


def _marks(values: Sequence[object]) -> str:
    return "(" + ",".join("?" * len(values)) + ")"
