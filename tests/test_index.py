"""The stored index: deletion, one writer, full disks, damage, and the derived files."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import resource
import shutil
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakes_index import (
    CNN,
    ENCODER,
    RNN,
    count,
    finish,
    found,
    nearest,
    note,
    put,
    rows,
    seen,
    stored,
    write,
)

from qa.derived import Layer
from qa.errors import IndexLocked, IndexNotBuilt, IndexUnusable
from qa.index import DATABASE, WRITER, Index
from qa.types import Note

DERIVED = ["derived.json", "terms.npz", "dense-zh.faiss", "dense-en.faiss"]
NOBODY = 65534


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


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


def test_incremental_writes_search_as_one_write_of_the_same_notes(index: Index, tmp_path: Path) -> None:
    many = [note(f"{n}.md", f"# 笔记 {n}\n\n第 {n} 段讲池化。\n\n## Padding\n\npadding {n}") for n in range(20)]
    write(index, *many)
    write(index, many[3], note("cnn.md", "# CNN\n\n卷积核。"), delete=["7.md", "rnn.md"])
    at_once = Index(tmp_path / "at-once")
    write(at_once, *(each for each in many if each.path != "7.md"), note("cnn.md", "# CNN\n\n卷积核。"))
    (_, *of_many), (_, *of_one) = seen(index), seen(at_once)
    assert [of_many[0], of_many[1], of_many[3]] == [of_one[0], of_one[1], of_one[3]]
    assert sorted(map(sorted, of_many[2])) == sorted(map(sorted, of_one[2]))


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
