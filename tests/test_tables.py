"""The tables: what a writer stores and takes away, and those of older schemas."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from fakes_index import (
    CNN,
    ENCODER,
    RNN,
    count,
    finish,
    found,
    mined,
    nearest,
    note,
    rows,
    seen,
    stored,
    write,
    write_pairs,
)

from qa.errors import IndexNotBuilt
from qa.index import DATABASE, Index

SCHEMA_1 = """
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
_COLUMNS_1 = ("path", "title", "sha256", "language", "text")


def test_pairs_go_with_their_note_and_are_replaced_with_it(index: Index) -> None:
    write_pairs(index, {"a.md": [("池化", "pooling")], "b.md": [("卷积", "convolution")]})
    write(index, delete=["a.md"])
    assert mined(index) == [("卷积", "convolution", 1)]
    write_pairs(index, {"b.md": [("步幅", "stride")]})
    assert mined(index) == [("步幅", "stride", 1)]


def test_deleting_all_notes_leaves_nothing_behind(index: Index) -> None:
    write(index, delete=["cnn.md", "rnn.md"])
    for table in ("notes", "passages", "vectors"):
        assert rows(index, f"SELECT count(*) FROM {table}") == [(0,)]
    with index.read() as snapshot:
        assert (len(snapshot), snapshot.notes(), snapshot.outline(), nearest(snapshot, "池化")) == (0, {}, [], [[], []])
    assert found(index, "池化") == []


def test_replaced_note_leaves_nothing_of_the_old_one(index: Index) -> None:
    write(index, note("cnn.md", "# CNN\n\n卷积核。"))
    assert found(index, "池化", "padding") == []
    assert rows(index, "SELECT count(*) FROM vectors") == rows(index, "SELECT count(*) FROM passages") == [(2,)]


def test_index_of_a_newer_schema_is_not_built_and_can_be_written(index: Index) -> None:
    rows(index, "PRAGMA user_version = 99")
    assert index.manifest() == {}
    with pytest.raises(IndexNotBuilt):
        count(index)
    write(index, note("new.md", "# 新\n\n新的笔记。"))
    with index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["new.md"]


@pytest.fixture
def schema_1(tmp_path: Path) -> Index:
    """An index as the first version wrote it."""
    notes = (note("cnn.md", CNN), note("rnn.md", RNN))
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.executescript("PRAGMA journal_mode = WAL;" + SCHEMA_1)
    for each in notes:
        connection.execute("INSERT INTO notes VALUES (?, ?, ?, ?, ?)", [getattr(each, name) for name in _COLUMNS_1])
        for s in stored(each):
            p = s.passage
            cursor = connection.execute(
                "INSERT INTO passages (note_path, headings, start, end, start_line, end_line, language, content_hash)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    p.note_path,
                    json.dumps(p.headings, ensure_ascii=False),
                    p.start,
                    p.end,
                    p.start_line,
                    p.end_line,
                    p.language,
                    s.content_hash,
                ),
            )
            connection.execute(
                "INSERT INTO terms (rowid, headings, body) VALUES (?, ?, ?)",
                (cursor.lastrowid, s.heading_terms, s.text_terms),
            )
            vector = ENCODER.encode_query(s.embedded).astype("<f4").tobytes()
            connection.execute("INSERT INTO vectors VALUES (?, ?, ?)", (ENCODER.fingerprint, s.content_hash, vector))
    manifest = {"encoder": ENCODER.fingerprint, "generation": "7", "id": "f" * 32, "splitter": "s/0"}
    connection.executemany("INSERT INTO manifest VALUES (?, ?)", manifest.items())
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return Index(tmp_path)


def test_index_of_the_first_schema_answers_as_one_written_now(schema_1: Index, index: Index) -> None:
    assert seen(schema_1)[1:] == seen(index)[1:]
    with schema_1.read() as snapshot:
        assert (snapshot.encoder, snapshot.encoder_location) == (ENCODER.fingerprint, "")
        assert snapshot.notes()["cnn.md"].text == CNN
        assert {place.text_hash for place in snapshot.places([1, 2, 3]).values()} == {""}


def test_index_of_the_first_schema_keeps_its_manifest_and_vectors(schema_1: Index) -> None:
    assert schema_1.manifest()["splitter"] == "s/0"
    with schema_1.write() as transaction:
        passages = stored(note("cnn.md", CNN))
        hashes = {s.content_hash for s in passages}
        assert transaction.known_vectors(ENCODER.fingerprint, hashes) == hashes
        finish(transaction)
    assert count(schema_1) == 3


def test_index_of_the_first_schema_can_be_written_at_once(schema_1: Index) -> None:
    write(schema_1, note("new.md", "# 新\n\n新的笔记。"), delete=["cnn.md"])
    with schema_1.read() as snapshot:
        assert sorted(snapshot.notes()) == ["new.md", "rnn.md"]


@pytest.fixture
def schema_2(index: Index) -> Index:
    """An index as the second version wrote it: all that it lacks is the tables of pairs and of question means."""
    rows(index, "DROP TABLE pairs")
    rows(index, "DROP TABLE question_means")
    rows(index, "PRAGMA user_version = 2")
    return Index(index.folder)


def test_index_of_the_second_schema_answers_as_before_and_has_no_pairs(schema_2: Index, tmp_path: Path) -> None:
    now = Index(tmp_path / "now")
    write(now, note("cnn.md", CNN), note("rnn.md", RNN))
    assert seen(schema_2) == seen(now)
    assert (mined(schema_2), schema_2.manifest()["splitter"]) == ([], "s/1")


@pytest.mark.parametrize("older", ["schema_1", "schema_2"])
def test_note_of_an_older_schema_gets_its_pairs_when_it_is_written(older: str, request: pytest.FixtureRequest) -> None:
    index = request.getfixturevalue(older)
    write_pairs(index, {"cnn.md": [("池化", "pooling")]})
    assert mined(index) == [("池化", "pooling", 1)]


def test_empty_build_of_the_first_schema_is_an_index_not_built(schema_1: Index) -> None:
    connection = sqlite3.connect(schema_1.folder / DATABASE)
    connection.execute("DELETE FROM manifest")
    connection.commit()
    connection.close()
    with pytest.raises(IndexNotBuilt):
        count(schema_1)


def test_known_vectors_are_those_of_this_encoder(index: Index) -> None:
    passages = stored(note("rnn.md", RNN))
    hashes = [passages[0].content_hash, "other"]
    with index.write() as transaction:
        assert transaction.known_vectors(ENCODER.fingerprint, hashes) == {passages[0].content_hash}
        assert transaction.known_vectors("words/2", hashes) == set()


def test_stored_passages_are_those_of_all_other_notes(index: Index) -> None:
    with index.write() as transaction:
        kept = dict(transaction.passages_except({"cnn.md"}))
        assert transaction.passage_count() == 3
    assert kept == {s.content_hash: s.passage for s in stored(note("rnn.md", RNN))}
