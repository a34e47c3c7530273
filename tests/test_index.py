"""The stored index: snapshots, deletion, one writer, older schemas, full disks, and damage."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fakes import WordEncoder

from qa.derived import Layer
from qa.errors import IndexLocked, IndexNotBuilt, IndexUnusable
from qa.index import DATABASE, WRITER, Index
from qa.language import search_terms
from qa.lexical import Unit
from qa.notes import note_title
from qa.passages import split_note
from qa.tables import Place, Snapshot, StoredPassage, Transaction
from qa.types import LANGUAGES, Note, Passage

ENCODER = WordEncoder()
CNN = "# CNN\n\n池化层缩小特征图，没有可学习的参数。\n\n## Padding\n\nPadding keeps the size of the feature map. 😀\n"
RNN = "# 循环神经网络\n\n门控循环单元有更新门和重置门。\n"
DERIVED = ["derived.json", "terms.npz", "dense-zh.faiss", "dense-en.faiss"]
NOBODY = 65534


def note(path: str, text: str) -> Note:
    return Note(path, note_title(text, path), text, hashlib.sha256(text.encode()).hexdigest(), "zh", ("别名",))


def stored(note: Note) -> list[StoredPassage]:
    return [_stored(passage) for passage in split_note(note)]


def _stored(passage: Passage) -> StoredPassage:
    names = " ".join((Path(passage.note_path).stem, *(passage.headings or (passage.title,))))
    content_hash = hashlib.sha256(passage.text.encode()).hexdigest()
    return StoredPassage(passage, passage.text, content_hash, terms(names), terms(passage.text))


def terms(text: str) -> str:
    return " ".join(search_terms(text))


def put(transaction: Transaction, *notes: Note) -> None:
    for each in notes:
        passages = stored(each)
        vectors = {s.content_hash: ENCODER.encode_query(s.embedded) for s in passages}
        transaction.put_vectors(ENCODER.fingerprint, vectors)
        transaction.put_note(each, passages)


def finish(transaction: Transaction) -> None:
    transaction.finish(ENCODER.fingerprint, ENCODER.location, {"splitter": "s/1"})


def write(index: Index, *notes: Note, delete: Sequence[str] = ()) -> None:
    with index.write() as transaction:
        put(transaction, *notes)
        for path in delete:
            transaction.delete_note(path)
        finish(transaction)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    index = Index(tmp_path / "index", lock_seconds=0.05)
    write(index, note("cnn.md", CNN), note("rnn.md", RNN))
    return index


def rows(index: Index, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(index.folder / DATABASE)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def unit(*alternatives: str) -> Unit:
    return Unit(tuple(tuple(search_terms(names)) for names in alternatives))


def texts(snapshot: Snapshot, found: Sequence[int]) -> list[str]:
    passages = snapshot.passages(found)
    return [passages[i].text for i in found]


def found(index: Index, *alternatives: str) -> list[str]:
    """Texts of the passages that hold all terms of one of the alternatives, best first."""
    with index.read() as snapshot:
        shares = snapshot.coverage([unit(*alternatives)]).shares
        best = np.argsort(-shares, kind="stable")[: np.count_nonzero(shares)]
        return texts(snapshot, snapshot.ids(best))


def nearest(snapshot: Snapshot, question: str, k: int = 9) -> list[list[str]]:
    """Texts of the nearest passages in each language, best first."""
    query = ENCODER.encode_query(question)
    return [texts(snapshot, snapshot.ids(snapshot.nearest(query, language, k))) for language in LANGUAGES]


def seen(index: Index) -> tuple[object, ...]:
    """All that a search of the index rests on, without ids."""
    with index.read() as snapshot:
        every = snapshot.ids(np.arange(len(snapshot)))
        question = ENCODER.encode_query("池化 padding")
        return (
            snapshot.notes(),
            sorted(passage.id for passage in snapshot.passages(every).values()),
            nearest(snapshot, "池化 padding"),
            [found(index, term) for term in ("池化", "padding", "更新门")],
            [tuple(np.round(snapshot.background(question, language), 5)) for language in LANGUAGES],
        )


def count(index: Index) -> int:
    with index.read() as snapshot:
        return len(snapshot)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_passages_come_back_as_they_were_put(index: Index) -> None:
    with index.read() as snapshot:
        known = snapshot.passages(snapshot.ids(np.arange(len(snapshot))))
    expected = [*split_note(note("cnn.md", CNN)), *split_note(note("rnn.md", RNN))]
    assert sorted(known.values(), key=lambda p: p.id) == sorted(expected, key=lambda p: p.id)


def test_notes_come_back_as_they_were_put(index: Index) -> None:
    with index.read() as snapshot:
        assert snapshot.notes() == {"cnn.md": note("cnn.md", CNN), "rnn.md": note("rnn.md", RNN)}
        assert snapshot.note_hashes() == {path: n.sha256 for path, n in snapshot.notes().items()}
        assert (snapshot.note("rnn.md"), snapshot.note("no.md")) == (note("rnn.md", RNN), None)


def test_counts_are_of_notes_passages_and_languages(index: Index) -> None:
    with index.read() as snapshot:
        assert snapshot.counts() == {"notes": 2, "passages": 3, "zh": 2, "en": 1}


def test_outline_has_headings_in_the_order_of_the_notes(index: Index) -> None:
    with index.read() as snapshot:
        outline = [(path, title, names, headings, len(ids)) for path, title, names, headings, ids in snapshot.outline()]
    assert outline == [
        ("cnn.md", "CNN", ("别名",), ("CNN",), 1),
        ("cnn.md", "CNN", ("别名",), ("CNN", "Padding"), 1),
        ("rnn.md", "循环神经网络", ("别名",), ("循环神经网络",), 1),
    ]


def write_pairs(index: Index, pairs: dict[str, list[tuple[str, str]]]) -> None:
    with index.write() as transaction:
        for path, of_note in pairs.items():
            transaction.put_note(note(path, CNN), stored(note(path, CNN)), of_note)
        finish(transaction)


def mined(index: Index) -> list[tuple[str, str, int]]:
    with index.read() as snapshot:
        return snapshot.mined()


def test_mined_pairs_come_with_the_number_of_notes(index: Index) -> None:
    write_pairs(index, {"a.md": [("池化", "pooling"), ("卷积", "convolution")], "b.md": [("池化", "pooling")]})
    assert mined(index) == [("卷积", "convolution", 1), ("池化", "pooling", 2)]


def test_pairs_go_with_their_note_and_are_replaced_with_it(index: Index) -> None:
    write_pairs(index, {"a.md": [("池化", "pooling")], "b.md": [("卷积", "convolution")]})
    write(index, delete=["a.md"])
    assert mined(index) == [("卷积", "convolution", 1)]
    write_pairs(index, {"b.md": [("步幅", "stride")]})
    assert mined(index) == [("步幅", "stride", 1)]


def test_places_are_where_the_passages_stand(index: Index) -> None:
    with index.read() as snapshot:
        ids = snapshot.ids(np.arange(len(snapshot)))
        places, passages = snapshot.places(ids), snapshot.passages(ids)
    for i, passage in passages.items():
        assert places[i] == Place(passage.note_path, passage.start, False, places[i].text_hash)
    assert len({place.text_hash for place in places.values()}) == 3


def test_listing_is_stored_with_its_passage(tmp_path: Path) -> None:
    index = Index(tmp_path)
    write(
        index, note("toc.md", "# 目录\n\n- [池化](cnn.md#a)\n- [填充](cnn.md#b)\n- [卷积](cnn.md#c)\n- [门](rnn.md)\n")
    )
    with index.read() as snapshot:
        (i,) = snapshot.ids(np.arange(1))
        assert (snapshot.places([i])[i].listing, snapshot.passages([i])[i].listing) == (True, True)


def test_copies_are_the_passages_with_the_same_words_in_the_order_of_the_notes(index: Index) -> None:
    write(index, note("b.md", "# 甲\n\n门  有\n两个。"), note("c.md", "# 甲\n\n门 有 三个。"))
    write(index, note("a.md", "# 甲\n\n门 有 两个。"))
    with index.read() as snapshot:
        places = snapshot.places(snapshot.ids(np.arange(len(snapshot))))
        copies = snapshot.copies(place.text_hash for place in places.values())
    named = [[places[i].note_path for i in ids] for ids in copies.values()]
    assert sorted(named) == [["a.md", "b.md"], ["c.md"], ["cnn.md"], ["cnn.md"], ["rnn.md"]]


def test_nothing_has_a_copy_where_the_hash_of_its_text_is_not_known(index: Index) -> None:
    connection = sqlite3.connect(index.folder / DATABASE)
    connection.execute("UPDATE passages SET text_hash = ''")
    connection.commit()
    connection.close()
    with index.read() as snapshot:
        assert snapshot.copies(place.text_hash for place in snapshot.places([1, 2, 3]).values()) == {}


def test_dense_search_finds_the_passage_that_shares_words(index: Index) -> None:
    query = ENCODER.encode_query("门控循环单元")
    with index.read() as snapshot:
        (best,) = snapshot.ids(snapshot.nearest(query, "zh", 1))
        assert snapshot.passages([best])[best].note_path == "rnn.md"
        vector = ENCODER.encode_query(snapshot.passages([best])[best].text)
        assert snapshot.cosines(query, [best]) == {best: pytest.approx(float(vector @ query), abs=1e-6)}


def test_cosines_come_in_whatever_order_they_are_asked(index: Index) -> None:
    query = ENCODER.encode_query("门控循环单元")
    with index.read() as snapshot:
        assert snapshot.cosines(query, [3, 1, 2]) == snapshot.cosines(query, [1, 2, 3])
        assert snapshot.cosines(query, []) == {}


def test_mask_and_languages_are_those_of_the_passages(index: Index) -> None:
    with index.read() as snapshot:
        every = np.arange(len(snapshot))
        passages = snapshot.passages(snapshot.ids(every))
        assert snapshot.languages(every) == [passages[i].language for i in snapshot.ids(every)]
        (row,) = np.flatnonzero(snapshot.mask([2, 99]))
        assert snapshot.ids(np.array([row])) == [2]


@pytest.mark.timeout(20)  # a writer that waits for readers to end would take a minute
def test_snapshot_answers_as_before_after_a_write(index: Index) -> None:
    def answers(snapshot: Snapshot) -> tuple[object, ...]:
        shares = snapshot.coverage([unit("池化")]).shares.tolist()
        return snapshot.notes(), snapshot.outline(), nearest(snapshot, "池化"), shares, len(snapshot)

    with index.read() as before:
        expected = answers(before)
        write(index, note("new.md", "# 池化\n\n池化，池化。"), delete=["cnn.md"])
        assert answers(before) == expected
    with index.read() as now:
        assert (sorted(now.notes()), now.generation) == (["new.md", "rnn.md"], before.generation + 1)


def test_snapshot_taken_while_a_writer_works_sees_the_last_finished_state(index: Index) -> None:
    with index.write() as transaction:
        put(transaction, note("new.md", "# 新\n\n新的笔记。"))
        with index.read() as snapshot:
            assert sorted(snapshot.notes()) == ["cnn.md", "rnn.md"]


def test_snapshot_names_the_encoder_and_where_it_was_loaded_from(index: Index) -> None:
    with index.read() as snapshot:
        assert (snapshot.encoder, snapshot.encoder_location) == (ENCODER.fingerprint, ENCODER.location)


def test_raising_undoes_the_notes_of_a_write_and_keeps_its_vectors(index: Index) -> None:
    vectors = rows(index, "SELECT count(*) FROM vectors")[0][0]
    with pytest.raises(RuntimeError, match="stop"):
        _write_and_stop(index, note("new.md", "# 新\n\n新的笔记。"))
    with index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["cnn.md", "rnn.md"]
    assert rows(index, "SELECT count(*) FROM vectors")[0][0] == int(str(vectors)) + 1


def test_os_error_of_the_caller_is_not_blamed_on_the_index(index: Index) -> None:
    with pytest.raises(ConnectionError, match="model"), index.write():
        raise ConnectionError("the model's server is gone")


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


def test_incremental_writes_search_as_one_write_of_the_same_notes(index: Index, tmp_path: Path) -> None:
    many = [note(f"{n}.md", f"# 笔记 {n}\n\n第 {n} 段讲池化。\n\n## Padding\n\npadding {n}") for n in range(20)]
    write(index, *many)
    write(index, many[3], note("cnn.md", "# CNN\n\n卷积核。"), delete=["7.md", "rnn.md"])
    at_once = Index(tmp_path / "at-once")
    write(at_once, *(each for each in many if each.path != "7.md"), note("cnn.md", "# CNN\n\n卷积核。"))
    (_, *of_many), (_, *of_one) = seen(index), seen(at_once)
    assert [of_many[0], of_many[1], of_many[3]] == [of_one[0], of_one[1], of_one[3]]
    assert sorted(map(sorted, of_many[2])) == sorted(map(sorted, of_one[2]))


def test_terms_of_one_alternative_must_all_be_there(index: Index) -> None:
    assert found(index, "池化 更新门") == []
    assert found(index, "池化 特征图") == found(index, "池化") != []


def test_one_alternative_is_enough(index: Index) -> None:
    assert len(found(index, "padding", "更新门", "nothing")) == 2


def test_heading_counts_more_than_text(tmp_path: Path) -> None:
    index = Index(tmp_path)
    write(index, note("a.md", "# Dropout\n\nturns units off"), note("b.md", "# Units\n\ndropout turns off"))
    assert found(index, "dropout") == ["# Dropout\n\nturns units off", "# Units\n\ndropout turns off"]


@pytest.mark.parametrize(
    "keyword", ["池化", "池化层", "特征图", "门控循环单元", "重置门", "循环神经网络", "更新门", "学习"]
)
def test_chinese_keyword_of_a_note_is_found(index: Index, keyword: str) -> None:
    assert found(index, *search_terms(keyword))


@pytest.mark.parametrize(
    "term", ['"', "'", "a OR b", "NEAR(", "*", "c++", "c#", "a-b", "node.js", "’", "^a", "headings:x", "", "l2", "x_y"]
)
def test_any_term_can_be_searched(tmp_path: Path, term: str) -> None:
    index = Index(tmp_path)
    write(index, note("a.md", "# t\n\nC++ C# A-B node.js L2 x_y"))
    with index.read() as snapshot:
        shares = snapshot.coverage([Unit(((term,),))]).shares
    assert shares.any() == (term in {"c++", "c#", "a-b", "node.js", "l2", "x_y"})


def test_file_name_can_be_searched(index: Index) -> None:
    assert found(index, "rnn") == [RNN.strip()]


def test_second_writer_is_told_which_process_holds_the_lock(index: Index) -> None:
    holder = f"Process {os.getpid()} on {socket.gethostname()}"
    with ThreadPoolExecutor(1) as pool, index.write(), pytest.raises(IndexLocked) as error:
        pool.submit(write, Index(index.folder, lock_seconds=0.05)).result()
    assert str(error.value).startswith(f"{holder} has been writing the index in {str(index.folder)!r} for over 0 s.")


@pytest.mark.parametrize("torn", ["", "{", "[]", "null", '{"pid": 3}'])
def test_second_writer_is_refused_where_the_first_left_no_name(index: Index, torn: str) -> None:
    with ThreadPoolExecutor(1) as pool, index.write():
        (index.folder / WRITER).write_text(torn)
        with pytest.raises(IndexLocked, match="Another process has been writing"):
            pool.submit(write, Index(index.folder, lock_seconds=0.05)).result()


def test_name_of_a_writer_that_crashed_locks_nobody_out(index: Index) -> None:
    (index.folder / WRITER).write_text(json.dumps({"pid": 1, "host": "elsewhere"}))
    write(index, delete=["cnn.md"])
    assert not (index.folder / WRITER).exists()


def test_second_writer_waits_for_the_first_and_says_for_whom(index: Index) -> None:
    told: list[str] = []
    waits = threading.Event()

    def waiting(holder: str) -> None:
        told.append(holder)
        waits.set()

    def second() -> None:
        with Index(index.folder, lock_seconds=30).write(waiting) as transaction:
            put(transaction, note("2.md", "# 2\n\n二"))
            finish(transaction)

    thread = threading.Thread(target=second)
    with index.write() as transaction:
        thread.start()
        assert waits.wait(30)
        put(transaction, note("1.md", "# 1\n\n一"))
        finish(transaction)
    thread.join()
    assert told == [f"Process {os.getpid()} on {socket.gethostname()}"]
    with index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["1.md", "2.md", "cnn.md", "rnn.md"]


def test_writer_that_need_not_wait_is_told_of_nobody(index: Index) -> None:
    told: list[str] = []
    with index.write(told.append) as transaction:
        finish(transaction)
    assert told == []


def test_lock_holds_between_processes_and_names_the_other_one(index: Index) -> None:
    with _process() as call, index.write():
        assert f"Process {os.getpid()} on " in call(_refused, index.folder)


def test_missing_index_is_told_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(IndexNotBuilt, match=r"There is no index in .* yet. Build it with: notes-qa index"):
        count(Index(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_build_that_stopped_at_its_start_is_an_index_not_built(tmp_path: Path) -> None:
    index = Index(tmp_path)
    with pytest.raises(RuntimeError, match="stop"), index.write():
        raise RuntimeError("stop")
    assert index.manifest() == {}
    with pytest.raises(IndexNotBuilt, match="Build it with: notes-qa index"):
        count(index)


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
        assert (snapshot.generation, snapshot.encoder, snapshot.encoder_location) == (7, ENCODER.fingerprint, "")
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
        assert (sorted(snapshot.notes()), snapshot.generation) == (["new.md", "rnn.md"], 8)


@pytest.fixture
def schema_2(index: Index) -> Index:
    """An index as the second version wrote it: all that it lacks is the table of pairs."""
    rows(index, "DROP TABLE pairs")
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


@pytest.mark.parametrize("damage", [b"this is no database" * 400, b"SQLite format 3\0" + b"\xff" * 9000])
def test_damaged_database_is_told_with_what_to_do(index: Index, damage: bytes) -> None:
    (index.folder / DATABASE).write_bytes(damage)
    for work in (count, write):
        with pytest.raises(IndexUnusable, match=r"The index in '.*' cannot be used: .* run: notes-qa index"):
            work(index)


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexUnusable, match=r"The index folder '.*index' cannot be written: Not a directory"):
        write(Index(tmp_path / "file" / "index"))


def test_folder_that_cannot_be_written_is_read_and_searched() -> None:
    with _folder_of_another_user() as folder, _process() as call:
        notes, texts, refusal = call(_read_and_write_as_nobody, folder)
    assert (notes, texts) == (["cnn.md", "rnn.md"], [RNN.strip()])
    assert refusal == (
        f"The index folder {str(folder)!r} cannot be written: Permission denied. "
        "Give this user the right to write there, or choose another folder with --index."
    )


def test_folder_that_cannot_be_written_is_read_without_its_derived_files_too() -> None:
    with _folder_of_another_user() as folder, _process() as call:
        for name in DERIVED:
            (folder / name).unlink()
        assert call(_read_and_write_as_nobody, folder)[:2] == (["cnn.md", "rnn.md"], [RNN.strip()])
        assert not (folder / DERIVED[0]).exists()


def test_full_disk_is_told_and_the_old_state_answers(index: Index) -> None:
    before = seen(index)
    with _process() as call:
        error = call(_write_with_little_room, index.folder, 200_000, "很长的笔记。" * 20_000)
    assert error.startswith(f"IndexUnusable: The index in {str(index.folder)!r} cannot be used: ")
    assert seen(index) == seen(Index(index.folder)) == before
    write(index, note("new.md", "# 新\n\n新的笔记。"))
    assert count(Index(index.folder)) == 4


def test_write_that_is_stored_is_no_failure_where_the_disk_is_full_right_after_it(index: Index) -> None:
    write(index, note("long.md", "# 长\n\n" + "很长的笔记。" * 20_000))
    room = (index.folder / DATABASE).stat().st_size + 4096
    with _process() as call:
        assert call(_write_with_little_room, index.folder, room, "# 新\n\n" + "新的笔记。" * 3000) == ""
    with Index(index.folder).read() as snapshot:
        assert sorted(snapshot.notes()) == ["cnn.md", "long.md", "new.md", "rnn.md"]


def test_log_is_empty_after_a_write(index: Index) -> None:
    log = index.folder / f"{DATABASE}-wal"
    keeps_the_log = sqlite3.connect(index.folder / DATABASE)
    keeps_the_log.execute("SELECT count(*) FROM notes").fetchall()
    write(index, note("new.md", "# 新\n\n新的笔记。"))
    assert log.stat().st_size == 0
    keeps_the_log.close()
    write(index, delete=["new.md"])
    assert not log.exists()


@pytest.mark.parametrize("size", [1, 3000])
def test_deleted_text_is_nowhere_in_the_files_of_the_index(index: Index, size: int) -> None:
    secret = note("geheim.md", "# Passwort\n\n" + "瞿塘峡口的密码是 hunter2。\n\n" * size)
    marks = [mark.encode() for mark in ("geheim", "Passwort", "passwort", "瞿塘", "密码", "hunter2", secret.sha256)]
    write(index, secret)
    assert all(mark in bytes_of(index.folder) for mark in marks)
    write(index, note("new.md", "# 新\n\n新的笔记。"))
    write(index, delete=["geheim.md"])
    assert [mark for mark in marks if mark in bytes_of(index.folder)] == []


def test_replaced_text_is_nowhere_in_the_files_of_the_index(index: Index) -> None:
    write(index, note("cnn.md", "# CNN\n\n卷积核。"))
    assert [mark for mark in ("池化", "Padding", "padding", "😀") if mark.encode() in bytes_of(index.folder)] == []


def test_vector_of_deleted_text_is_not_in_the_database(index: Index) -> None:
    (vector,) = (ENCODER.encode_query(s.embedded).tobytes() for s in stored(note("rnn.md", RNN)))
    assert vector in (index.folder / DATABASE).read_bytes()
    write(index, delete=["rnn.md"])
    assert vector not in bytes_of(index.folder)


def test_base_is_saved_for_the_next_start(index: Index) -> None:
    base = Layer.load(index.folder)
    assert base is not None
    assert base.identity == index.manifest()["id"]
    before = bytes_of(index.folder)
    Index(index.folder).heal()
    assert bytes_of(index.folder) == before


def test_new_note_leaves_the_saved_base_as_it_was(index: Index) -> None:
    write(index, *(note(f"{n}.md", f"# {n}\n\n第 {n} 段。") for n in range(20)))
    before = [(index.folder / name).read_bytes() for name in DERIVED]
    write(index, note("20.md", "# 20\n\n另一段。"))
    assert [(index.folder / name).read_bytes() for name in DERIVED] == before
    assert found(Index(index.folder), "另一段") == ["# 20\n\n另一段。"]


def test_words_that_an_edit_removed_are_in_no_saved_file(index: Index) -> None:
    write(index, *(note(f"{n}.md", f"# {n}\n\n第 {n} 段。") for n in range(20)))
    write(index, note("3.md", "# 3\n\n另一段。"))
    base = Layer.load(index.folder)
    assert base is not None
    assert base.identity == index.manifest()["id"]


def test_files_that_a_killed_writer_left_are_removed(index: Index) -> None:
    (index.folder / "terms.npz.123.tmp").write_bytes(b"half")
    write(index, note("3.md", "# 3"))
    assert list(index.folder.glob("*.tmp")) == []


@pytest.mark.parametrize("name", DERIVED)
@pytest.mark.parametrize("damage", [None, b"", b"torn"])
def test_torn_or_deleted_file_is_healed_from_what_is_stored(index: Index, name: str, damage: bytes | None) -> None:
    before = seen(index)
    (index.folder / name).unlink()
    if damage is not None:
        (index.folder / name).write_bytes(damage)
    fresh = Index(index.folder)
    assert seen(fresh) == before
    fresh.heal()
    assert Layer.load(index.folder) is not None
    assert seen(Index(index.folder)) == before


def test_healing_while_another_writes_leaves_it_to_the_other(index: Index) -> None:
    (index.folder / DERIVED[0]).unlink()
    fresh = Index(index.folder)
    with ThreadPoolExecutor(1) as pool, index.write():
        pool.submit(fresh.heal).result()
        assert Layer.load(index.folder) is None
    fresh.heal()
    assert Layer.load(index.folder) is not None


def test_base_of_a_restored_backup_of_a_later_state_is_refused(index: Index, tmp_path: Path) -> None:
    """Both histories give the same ids to other passages, and only the abandoned one's base was saved last."""
    backup = (index.folder / DATABASE).read_bytes()
    write(index, note("later.md", "# 池化\n\n后来的池化。\n\n## Padding\n\nlater padding"))
    abandoned = [(index.folder / name).read_bytes() for name in DERIVED]
    _restore(index.folder, backup)
    write(index, note("other.md", "# 其他\n\n其他的笔记。\n\n## Other\n\nanother text"))
    for name, data in zip(DERIVED, abandoned, strict=True):
        (index.folder / name).write_bytes(data)
    _assert_searched_as_without_derived_files(index, tmp_path / "bare")


def test_backup_restored_under_an_open_index_is_searched_as_it_is(index: Index, tmp_path: Path) -> None:
    backup = (index.folder / DATABASE).read_bytes()
    write(index, note("later.md", "# 池化\n\n后来的池化。"), delete=["cnn.md"])
    assert found(index, "后来") == ["# 池化\n\n后来的池化。"]
    _restore(index.folder, backup)
    assert found(index, "后来") == []
    _assert_searched_as_without_derived_files(index, tmp_path / "bare")


def test_base_of_another_index_is_refused(index: Index, tmp_path: Path) -> None:
    other = Index(tmp_path / "other")
    write(other, note("cnn.md", "# 池化\n\n别的池化。\n\n## Padding\n\nother"), note("rnn.md", "# 门\n\n池化的门。"))
    assert count(other) == count(index)
    for name in DERIVED:
        shutil.copy(other.folder / name, index.folder / name)
    _assert_searched_as_without_derived_files(Index(index.folder), tmp_path / "bare")


def test_vectors_are_stored_without_loss(index: Index) -> None:
    passage = split_note(note("rnn.md", RNN))[0]
    query = ENCODER.encode_query(passage.text)
    with index.read() as snapshot:
        (best,) = snapshot.ids(snapshot.nearest(query, "zh", 1))
        assert snapshot.cosines(query, [best])[best] == pytest.approx(1.0, abs=1e-6)


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


def test_background_is_of_the_passages_in_one_language(index: Index) -> None:
    query = ENCODER.encode_query("padding keeps the size")
    with index.read() as snapshot:
        assert snapshot.background(query, "en")[0] > snapshot.background(query, "zh")[0]


def test_many_threads_read_while_one_writes(index: Index) -> None:
    def read_often() -> None:
        for _ in range(15):
            with index.read() as snapshot:
                assert sum(map(len, nearest(snapshot, "池化", 50))) == len(snapshot) == snapshot.counts()["passages"]

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read_often) for _ in range(3)]
        for number in range(8):
            write(index, note(f"{number % 3}.md", f"# {number}\n\n池化 {number}"))
        for reader in readers:
            reader.result()


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


def _assert_searched_as_without_derived_files(index: Index, bare: Path) -> None:
    bare.mkdir()
    shutil.copy(index.folder / DATABASE, bare / DATABASE)
    assert seen(index) == seen(Index(index.folder)) == seen(Index(bare))


def _restore(folder: Path, database: bytes) -> None:
    (folder / DATABASE).write_bytes(database)
    for suffix in ("-wal", "-shm"):
        (folder / f"{DATABASE}{suffix}").unlink(missing_ok=True)


@contextlib.contextmanager
def _process() -> Iterator[Callable[..., object]]:
    """Calls functions in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        yield lambda function, *arguments: pool.apply(function, arguments)


@contextlib.contextmanager
def _folder_of_another_user() -> Iterator[Path]:
    """An index that others may read and not write; not below pytest's folder, which is closed to other users."""
    with tempfile.TemporaryDirectory(prefix="notes-qa-") as name:
        folder = Path(name)
        write(Index(folder), note("cnn.md", CNN), note("rnn.md", RNN))
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def _read_and_write_as_nobody(folder: Path) -> tuple[list[str], list[str], str]:
    import faiss  # noqa: F401  # while it can be read

    if os.geteuid() == 0:  # the administrator may write everywhere
        os.setuid(NOBODY)
    index = Index(folder)
    with index.read() as snapshot:
        notes = sorted(snapshot.notes())
    index.heal()
    try:
        write(index, delete=["cnn.md"])
    except IndexUnusable as error:
        return notes, found(index, "更新门"), str(error)
    return notes, found(index, "更新门"), ""


def _write_with_little_room(folder: Path, room: int, text: str) -> str:
    """The error of a write where no file may grow beyond `room` bytes, which SQLite takes for a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        write(Index(folder), note("new.md", text))
    except IndexUnusable as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _write_and_stop(index: Index, *notes: Note) -> None:
    with index.write() as transaction:
        put(transaction, *notes)
        raise RuntimeError("stop")


def _refused(folder: Path) -> str:
    try:
        write(Index(folder, lock_seconds=0.05))
    except IndexLocked as error:
        return str(error)
    return ""
