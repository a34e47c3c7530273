"""The stored index: snapshots, deletion, lexical search, one writer, and damage."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fakes import WordEncoder

from qa.errors import IndexLocked, IndexNotBuilt, IndexUnusable
from qa.index import DATABASE, Index
from qa.language import search_terms
from qa.notes import note_title
from qa.passages import split_note
from qa.tables import StoredPassage, Transaction
from qa.types import Note, Passage

ENCODER = WordEncoder()
CNN = "# CNN\n\n池化层缩小特征图，没有可学习的参数。\n\n## Padding\n\nPadding keeps the size of the feature map. 😀\n"
RNN = "# 循环神经网络\n\n门控循环单元有更新门和重置门。\n"


def note(path: str, text: str) -> Note:
    return Note(path, note_title(text, path), text, hashlib.sha256(text.encode()).hexdigest(), "zh")


def stored(passages: Sequence[Passage]) -> list[StoredPassage]:
    return [StoredPassage(p, hashlib.sha256(p.text.encode()).hexdigest()) for p in passages]


def put(transaction: Transaction, *notes: Note) -> None:
    for each in notes:
        passages = stored(split_note(each))
        vectors = {s.content_hash: ENCODER.encode_query(s.passage.text) for s in passages}
        transaction.put_vectors(ENCODER.fingerprint, vectors)
        transaction.put_note(each, passages)


def write(index: Index, *notes: Note, delete: Sequence[str] = ()) -> None:
    with index.write() as transaction:
        put(transaction, *notes)
        for path in delete:
            transaction.delete_note(path)
        transaction.finish(ENCODER.fingerprint, {"splitter": "s/1"})


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


def found(index: Index, *alternatives: str) -> list[str]:
    """Texts of the passages that hold all terms of one of the alternatives, best first."""
    with index.read() as snapshot:
        scores = snapshot.lexical([tuple(search_terms(names)) for names in alternatives])
        passages = snapshot.passages(scores)
        return [passages[i].text for i in sorted(scores, key=lambda i: -scores[i])]


def test_passages_come_back_as_they_were_put(index: Index) -> None:
    with index.read() as snapshot:
        known = snapshot.passages([*snapshot.ids("zh").tolist(), *snapshot.ids("en").tolist()])
    expected = [*split_note(note("cnn.md", CNN)), *split_note(note("rnn.md", RNN))]
    assert sorted(known.values(), key=lambda p: p.id) == sorted(expected, key=lambda p: p.id)


def test_notes_come_back_as_they_were_put(index: Index) -> None:
    with index.read() as snapshot:
        assert snapshot.notes() == {"cnn.md": note("cnn.md", CNN), "rnn.md": note("rnn.md", RNN)}
        assert snapshot.note_hashes() == {path: n.sha256 for path, n in snapshot.notes().items()}


def test_counts_are_of_notes_passages_and_languages(index: Index) -> None:
    with index.read() as snapshot:
        assert snapshot.counts() == {"notes": 2, "passages": 3, "zh": 2, "en": 1}


def test_outline_has_headings_in_the_order_of_the_notes(index: Index) -> None:
    with index.read() as snapshot:
        outline = [(path, headings, len(ids)) for path, _, headings, ids in snapshot.outline()]
    assert outline == [("cnn.md", ("CNN",), 1), ("cnn.md", ("CNN", "Padding"), 1), ("rnn.md", ("循环神经网络",), 1)]


def test_dense_search_finds_the_passage_that_shares_words(index: Index) -> None:
    with index.read() as snapshot:
        ((best, cosine),) = snapshot.dense(ENCODER.encode_query("门控循环单元"), 1)
        assert snapshot.passages([best])[best].note_path == "rnn.md"
        assert snapshot.cosines(ENCODER.encode_query("门控循环单元"), [best])[best] == pytest.approx(cosine, abs=1e-6)


def test_snapshot_answers_as_before_after_a_write(index: Index) -> None:
    query = ENCODER.encode_query("池化")
    with index.read() as before:
        expected = (before.notes(), before.outline(), before.dense(query, 9), before.lexical([("池化",)]), len(before))
        write(index, note("new.md", "# 池化\n\n池化，池化。"), delete=["cnn.md"])
        after = (before.notes(), before.outline(), before.dense(query, 9), before.lexical([("池化",)]), len(before))
    assert after == expected
    with index.read() as now:
        assert (sorted(now.notes()), now.generation) == (["new.md", "rnn.md"], before.generation + 1)


def test_snapshot_taken_while_a_writer_works_sees_the_last_finished_state(index: Index) -> None:
    with index.write() as transaction:
        put(transaction, note("new.md", "# 新\n\n新的笔记。"))
        with index.read() as snapshot:
            assert sorted(snapshot.notes()) == ["cnn.md", "rnn.md"]


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
    for table in ("notes", "passages", "vectors", "terms", "terms_docsize"):
        assert rows(index, f"SELECT count(*) FROM {table}") == [(0,)]
    with index.read() as snapshot:
        assert (len(snapshot), snapshot.notes(), snapshot.outline(), snapshot.lexical([("池化",)])) == (0, {}, [], {})
        assert snapshot.dense(ENCODER.encode_query("池化"), 5) == []


def test_replaced_note_leaves_nothing_of_the_old_one(index: Index) -> None:
    write(index, note("cnn.md", "# CNN\n\n卷积核。"))
    assert found(index, "池化", "padding") == []
    assert rows(index, "SELECT count(*) FROM vectors") == rows(index, "SELECT count(*) FROM passages") == [(2,)]


def test_terms_of_one_alternative_must_all_be_there(index: Index) -> None:
    assert found(index, "池化 更新门") == []
    assert found(index, "池化 特征图") == found(index, "池化") != []


def test_one_alternative_is_enough(index: Index) -> None:
    assert len(found(index, "padding", "更新门", "nothing")) == 2


def test_no_alternative_finds_nothing(index: Index) -> None:
    with index.read() as snapshot:
        assert snapshot.lexical([]) == snapshot.lexical([()]) == {}


def test_scores_are_positive_and_a_heading_counts_more(tmp_path: Path) -> None:
    index = Index(tmp_path)
    write(index, note("a.md", "# Dropout\n\nturns units off"), note("b.md", "# Units\n\ndropout turns off"))
    assert found(index, "dropout") == ["# Dropout\n\nturns units off", "# Units\n\ndropout turns off"]
    with index.read() as snapshot:
        assert all(score > 0 for score in snapshot.lexical([("dropout",)]).values())


@pytest.mark.parametrize(
    "keyword", ["池化", "池化层", "特征图", "门控循环单元", "重置门", "循环神经网络", "更新门", "学习"]
)
def test_chinese_keyword_of_a_note_is_found(index: Index, keyword: str) -> None:
    with index.read() as snapshot:
        assert snapshot.lexical([(term,) for term in search_terms(keyword)])


@pytest.mark.parametrize(
    "term", ['"', "'", "a OR b", "NEAR(", "*", "c++", "c#", "a-b", "node.js", "’", "^a", "headings:x", "", "l2", "x_y"]
)
def test_any_term_can_be_searched(tmp_path: Path, term: str) -> None:
    index = Index(tmp_path)
    write(index, note("a.md", "# t\n\nC++ C# A-B node.js L2 x_y"))
    with index.read() as snapshot:
        assert bool(snapshot.lexical([(term,)])) == (term in {"c++", "c#", "a-b", "node.js", "l2", "x_y"})


def test_file_name_can_be_searched(index: Index) -> None:
    assert found(index, "rnn") == [RNN.strip()]


def test_second_writer_is_refused_in_a_sentence(index: Index) -> None:
    message = r"Another process has been writing the index in '.*index'"
    with ThreadPoolExecutor(1) as pool, index.write(), pytest.raises(IndexLocked, match=message):
        pool.submit(write, Index(index.folder, lock_seconds=0.05)).result()


def test_second_writer_waits_for_the_first(index: Index) -> None:
    second = threading.Thread(target=write, args=(Index(index.folder, lock_seconds=30), note("2.md", "# 2\n\n二")))
    with index.write() as transaction:
        second.start()
        put(transaction, note("1.md", "# 1\n\n一"))
        transaction.finish(ENCODER.fingerprint, {})
    second.join()
    with index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["1.md", "2.md", "cnn.md", "rnn.md"]


def test_lock_holds_between_processes(index: Index) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool, index.write():
        assert pool.apply(_refused, (index.folder,))


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


def test_index_of_another_schema_is_not_built_and_can_be_written(index: Index) -> None:
    rows(index, "PRAGMA user_version = 99")
    assert index.manifest() == {}
    with pytest.raises(IndexNotBuilt):
        count(index)
    write(index, note("new.md", "# 新\n\n新的笔记。"))
    with index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["new.md"]


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


def test_dense_index_is_saved_for_the_next_start(index: Index) -> None:
    index.save_dense()
    identity = json.loads((index.folder / "dense.json").read_text())["identity"]
    assert identity == index.manifest()["id"]


def test_torn_dense_index_is_made_again_from_what_is_stored(index: Index) -> None:
    query = ENCODER.encode_query("池化")
    index.save_dense()
    (index.folder / "dense.faiss").write_bytes(b"torn")
    with index.read() as snapshot, Index(index.folder).read() as fresh:
        assert fresh.dense(query, 9) == snapshot.dense(query, 9)
        assert len(fresh) == 3


def test_vectors_are_stored_without_loss(index: Index) -> None:
    passage = split_note(note("rnn.md", RNN))[0]
    with index.read() as snapshot:
        ((_, cosine),) = snapshot.dense(ENCODER.encode_query(passage.text), 1)
    assert cosine == pytest.approx(1.0, abs=1e-6)


def test_known_vectors_are_those_of_this_encoder(index: Index) -> None:
    passages = stored(split_note(note("rnn.md", RNN)))
    hashes = [passages[0].content_hash, "other"]
    with index.write() as transaction:
        assert transaction.known_vectors(ENCODER.fingerprint, hashes) == {passages[0].content_hash}
        assert transaction.known_vectors("words/2", hashes) == set()


def test_background_is_of_the_passages_in_one_language(index: Index) -> None:
    query = ENCODER.encode_query("padding keeps the size")
    with index.read() as snapshot:
        assert snapshot.background(query, "en")[0] > snapshot.background(query, "zh")[0]
        assert snapshot.ids("en").dtype == np.int64


def test_many_threads_read_while_one_writes(index: Index) -> None:
    def read_often() -> None:
        for _ in range(15):
            with index.read() as snapshot:
                ids = [i for i, _ in snapshot.dense(ENCODER.encode_query("池化"), 50)]
                assert len(snapshot.passages(ids)) == len(snapshot) == snapshot.counts()["passages"]

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read_often) for _ in range(3)]
        for number in range(8):
            write(index, note(f"{number % 3}.md", f"# {number}\n\n池化 {number}"))
        for reader in readers:
            reader.result()


def count(index: Index) -> int:
    with index.read() as snapshot:
        return len(snapshot)


def _write_and_stop(index: Index, *notes: Note) -> None:
    with index.write() as transaction:
        put(transaction, *notes)
        raise RuntimeError("stop")


def _refused(folder: Path) -> bool:
    try:
        write(Index(folder, lock_seconds=0.05))
    except IndexLocked:
        return True
    return False
