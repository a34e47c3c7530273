"""Notes read, saved and added on a real disk: what is refused, what is kept, and that nothing is lost."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import filelock
import pytest

from qa import note_files, note_places
from qa.errors import NoteChanged, NoteRefused
from qa.note_files import NewFile, NoteFile, NoteFiles
from qa.notes import MAX_BYTES, find_files, read_note
from qa.types import Note
from qa.words import error_sentence, skip_reason

OLD = "# CNN\n\n池化用来降维。\n"
NEW = "# CNN\n\n池化用来降维，还能保住平移不变性。\n"


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


@pytest.fixture(params=["stepwise", "by path"])
def corpus(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of one note, on a system with and on one without functions relative to an open folder."""
    monkeypatch.setattr(note_places, "_STEPWISE", request.param == "stepwise")
    corpus = tmp_path / "corpus"
    (corpus / "deep").mkdir(parents=True)
    (corpus / "cnn.md").write_bytes(OLD.encode())
    return corpus


@pytest.fixture
def files(corpus: Path, tmp_path: Path) -> NoteFiles:
    return NoteFiles(corpus, tmp_path / "index" / "notes.lock")


def read(files: NoteFiles, corpus: Path, path: str = "cnn.md") -> NoteFile:
    try:
        indexed: Note | None = read_note(corpus / path, path)
    except (OSError, ValueError):
        indexed = Note(path, "", "as indexed\r\n", "0" * 64, "en")
    return files.read(path, indexed)


def everything(folder: Path) -> dict[str, bytes]:
    """All files below, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_note_is_read_with_what_saving_needs(files: NoteFiles, corpus: Path) -> None:
    (corpus / "cnn.md").write_bytes(OLD.replace("\n", "\r\n").encode("gb18030"))
    sha = sha256((corpus / "cnn.md").read_bytes())
    assert read(files, corpus) == NoteFile("cnn.md", OLD, sha, "gb18030")


def test_saved_note_is_what_is_on_the_disk_and_nothing_else_is(files: NoteFiles, corpus: Path) -> None:
    saved = files.save("cnn.md", NEW, sha256(OLD))
    assert everything(corpus) == {"cnn.md": NEW.encode()}
    assert (saved.sha256, saved.encoding, saved.converted, saved.changed) == (sha256(NEW), "utf-8", False, True)
    assert files.save("cnn.md", OLD, saved.sha256).sha256 == sha256(OLD)


def test_note_in_a_folder_is_saved(files: NoteFiles, corpus: Path) -> None:
    (corpus / "deep" / "rnn.md").write_bytes(b"a\n")
    files.save("deep/rnn.md", "b\n", sha256("a\n"))
    assert (corpus / "deep" / "rnn.md").read_bytes() == b"b\n"


def test_saving_keeps_mode_encoding_and_line_ends(files: NoteFiles, corpus: Path) -> None:
    note = corpus / "cnn.md"
    note.write_bytes(OLD.replace("\n", "\r\n").encode("gb18030"))
    note.chmod(0o640)
    saved = files.save("cnn.md", NEW, sha256(note.read_bytes()))
    assert note.read_bytes() == NEW.replace("\n", "\r\n").encode("gb18030")
    assert stat.S_IMODE(note.stat().st_mode) == 0o640
    assert (saved.encoding, saved.converted) == ("gb18030", False)


def test_text_that_the_encoding_lacks_is_saved_in_utf_8_and_said(files: NoteFiles, corpus: Path) -> None:
    old = OLD.encode("gb18030")
    (corpus / "cnn.md").write_bytes("池化層縮小特徵圖，沒有可學習的參數。".encode("big5hkscs"))
    old = (corpus / "cnn.md").read_bytes()
    saved = files.save("cnn.md", "简体字：卷积层的权值共享 😀", sha256(old))
    assert (saved.encoding, saved.converted) == ("utf-8", True)
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == "简体字：卷积层的权值共享 😀"


def test_same_text_leaves_the_file_alone(files: NoteFiles, corpus: Path) -> None:
    before = (corpus / "cnn.md").stat()
    assert not files.save("cnn.md", OLD, sha256(OLD)).changed
    assert ((corpus / "cnn.md").stat().st_ino, (corpus / "cnn.md").stat().st_mtime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
    )


def test_file_that_changed_underneath_is_kept(files: NoteFiles, corpus: Path) -> None:
    (corpus / "cnn.md").write_bytes(b"of another editor\n")
    with pytest.raises(NoteChanged, match="changed by another program") as caught:
        files.save("cnn.md", NEW, sha256(OLD))
    assert not caught.value.gone
    assert everything(corpus) == {"cnn.md": b"of another editor\n"}


@pytest.mark.parametrize("path", ["gone.md", "deep/gone.md", "no-folder/gone.md", "cnn.md/gone.md"])
def test_file_that_vanished_is_not_made_again(files: NoteFiles, corpus: Path, path: str) -> None:
    with pytest.raises(NoteChanged, match="moved, renamed or deleted") as caught:
        files.save(path, NEW, sha256(OLD))
    assert caught.value.gone
    assert everything(corpus) == {"cnn.md": OLD.encode()}


def test_note_that_no_index_has_is_not_read(files: NoteFiles, corpus: Path) -> None:
    with pytest.raises(NoteChanged, match=r"There is no note 'cnn\.md' any more"):
        files.read("cnn.md", None)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("../out.md", "refuse_path"),
        ("deep/../../out.md", "refuse_path"),
        ("/etc/out.md", "refuse_path"),
        ("cnn.md\0", "refuse_path"),
        (".hidden.md", "refuse_path"),
        ("cnn.exe", "refuse_suffix"),
        ("\ud800.md", "skip_name"),
    ],
)
def test_path_that_is_no_notes_is_refused(files: NoteFiles, corpus: Path, path: str, key: str) -> None:
    (corpus.parent / "out.md").write_bytes(OLD.encode())
    for refused in (lambda: files.save(path, NEW, sha256(OLD)), lambda: read(files, corpus, path)):
        with pytest.raises(NoteRefused) as caught:
            refused()
        assert caught.value.key == key
    assert (corpus.parent / "out.md").read_bytes() == OLD.encode()


def linked_file(corpus: Path, outside: Path) -> str:
    (corpus / "link.md").symlink_to(outside / "note.md")
    return "link.md"


def linked_folder(corpus: Path, outside: Path) -> str:
    (corpus / "link").symlink_to(outside, target_is_directory=True)
    return "link/note.md"


def link_inside(corpus: Path, outside: Path) -> str:
    (corpus / "link.md").symlink_to(corpus / "cnn.md")
    return "link.md"


@pytest.mark.parametrize("make", [linked_file, linked_folder, link_inside])
def test_link_is_shown_as_indexed_and_never_written_through(
    files: NoteFiles, corpus: Path, tmp_path: Path, make: Callable[[Path, Path], str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "note.md").write_bytes(OLD.encode())
    path = make(corpus, outside)
    shown = files.read(path, Note(path, "", "as indexed\r\n", "0" * 64, "en"))
    assert (shown.text, shown.read_only) == ("as indexed\n", "refuse_link")
    with pytest.raises(NoteRefused) as caught:
        files.save(path, NEW, sha256(OLD))
    assert caught.value.key == "refuse_link"
    assert (outside / "note.md").read_bytes() == (corpus / "cnn.md").read_bytes() == OLD.encode()


def test_corpus_may_itself_be_a_link(files: NoteFiles, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(corpus, target_is_directory=True)
    NoteFiles(tmp_path / "here", tmp_path / "lock").save("cnn.md", NEW, sha256(OLD))
    assert (corpus / "cnn.md").read_bytes() == NEW.encode()


def test_pipe_is_no_note_and_is_not_waited_for(files: NoteFiles, corpus: Path) -> None:
    os.mkfifo(corpus / "pipe.md")
    with pytest.raises(NoteRefused, match="is no file"):
        files.save("pipe.md", NEW, sha256(OLD))


def test_read_only_note_stays_as_it_is(files: NoteFiles, corpus: Path) -> None:
    (corpus / "cnn.md").chmod(0o444)
    assert read(files, corpus).read_only == "refuse_read_only"
    with pytest.raises(NoteRefused, match="make the file writable first"):
        files.save("cnn.md", NEW, sha256(OLD))
    assert (corpus / "cnn.md").read_bytes() == OLD.encode()


def test_note_with_broken_bytes_is_shown_and_not_saved(files: NoteFiles, corpus: Path) -> None:
    broken = OLD.encode() + b"\xff\n"
    (corpus / "cnn.md").write_bytes(broken)
    assert read(files, corpus).read_only == "refuse_lossy"
    with pytest.raises(NoteRefused) as caught:
        files.save("cnn.md", NEW, sha256(broken))
    assert caught.value.key == "refuse_lossy"
    assert (corpus / "cnn.md").read_bytes() == broken


def test_file_that_became_no_text_or_too_large_is_told(files: NoteFiles, corpus: Path) -> None:
    (corpus / "cnn.md").write_bytes(b"\0\1\2\3")
    with pytest.raises(NoteRefused) as caught:
        files.read("cnn.md", Note("cnn.md", "", "", "", "en"))
    assert caught.value.key == "skip_binary"
    (corpus / "cnn.md").write_bytes(b"a" * (MAX_BYTES + 1))
    with pytest.raises(NoteRefused, match="larger than the limit: 20 MB"):
        files.read("cnn.md", Note("cnn.md", "", "", "", "en"))


def test_text_beyond_the_limit_is_refused(files: NoteFiles, corpus: Path) -> None:
    with pytest.raises(NoteRefused, match="larger than the limit: 20 MB"):
        files.save("cnn.md", "池" * (MAX_BYTES // 3 + 1), sha256(OLD))
    assert everything(corpus) == {"cnn.md": OLD.encode()}


@pytest.mark.parametrize("text", ["a\0", "\ud800"])
def test_text_that_no_file_can_hold_is_refused(files: NoteFiles, corpus: Path, text: str) -> None:
    with pytest.raises(NoteRefused, match="remove them and save again"):
        files.save("cnn.md", text, sha256(OLD))
    assert everything(corpus) == {"cnn.md": OLD.encode()}


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_disk_that_fails_half_way_leaves_the_old_note_and_nothing_else(
    files: NoteFiles, corpus: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(NoteRefused, match="cannot be written, and the file is as it was: No space left on device"):
        files.save("cnn.md", NEW, sha256(OLD))
    monkeypatch.undo()
    assert everything(corpus) == {"cnn.md": OLD.encode()}


def test_change_at_the_last_moment_is_seen(files: NoteFiles, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fsync

    def change_meanwhile(descriptor: int) -> None:
        sync(descriptor)
        (corpus / "cnn.md").write_bytes(b"just now\n")

    monkeypatch.setattr(os, "fsync", change_meanwhile)
    with pytest.raises(NoteChanged):
        files.save("cnn.md", NEW, sha256(OLD))
    assert everything(corpus) == {"cnn.md": b"just now\n"}


def test_of_two_editors_that_began_with_the_same_text_one_wins_and_one_is_told(files: NoteFiles, corpus: Path) -> None:
    start = threading.Barrier(8)

    def save(number: int) -> int | None:
        start.wait(10)
        try:
            files.save("cnn.md", f"{number}\n", sha256(OLD))
        except NoteChanged:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        (winner,) = (number for number in pool.map(save, range(8)) if number is not None)
    assert everything(corpus) == {"cnn.md": f"{winner}\n".encode()}


def test_another_process_that_writes_notes_is_waited_for_and_then_told(
    files: NoteFiles, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(note_files, "_LOCK_SECONDS", 0.01)
    (tmp_path / "index").mkdir()
    with filelock.FileLock(tmp_path / "index" / "notes.lock"), pytest.raises(NoteRefused, match="try again soon"):
        files.save("cnn.md", NEW, sha256(OLD))
    files.save("cnn.md", NEW, sha256(OLD))


def test_what_a_killed_writer_left_is_no_note_and_goes_with_the_next_save(files: NoteFiles, corpus: Path) -> None:
    (corpus / ".notes-qa-0123.tmp").write_bytes(b"half")
    assert [file.name for file in find_files(corpus)[0]] == ["cnn.md"]
    files.save("cnn.md", NEW, sha256(OLD))
    assert everything(corpus) == {"cnn.md": NEW.encode()}


def test_refusal_is_a_sentence_in_chinese_too(files: NoteFiles) -> None:
    with pytest.raises(NoteRefused) as caught:
        files.save("a.exe", "", "")
    assert error_sentence(caught.value, "zh") == (
        "a.exe：不是笔记；可以添加 .md、.markdown、.mdx 和 .txt 文件。",
        "",
    )


def test_file_is_added_with_its_own_bytes(files: NoteFiles, corpus: Path) -> None:
    data = "# GRU\r\n\r\n重置门。".encode("gb18030") * 3
    added = files.add(NewFile("week 1/GRU 笔记.md", data))
    assert (added.outcome, added.path, added.sha256) == ("added", "GRU 笔记.md", sha256(data))
    assert everything(corpus) == {"cnn.md": OLD.encode(), "GRU 笔记.md": data}


def test_added_file_has_the_usual_mode(files: NoteFiles, corpus: Path) -> None:
    mask = os.umask(0o027)
    try:
        files.add(NewFile("a.md", b"a"))
    finally:
        os.umask(mask)
    assert stat.S_IMODE((corpus / "a.md").stat().st_mode) == 0o640


def test_same_file_again_is_no_news(files: NoteFiles, corpus: Path) -> None:
    assert files.add(NewFile("cnn.md", OLD.encode())).outcome == "same"


@pytest.mark.parametrize("name", ["cnn.md", "CNN.md", "cnn.MD", "x/cnn.md"])
def test_other_file_of_that_name_is_overwritten_only_when_it_is_named(
    files: NoteFiles, corpus: Path, name: str
) -> None:
    asked = files.add(NewFile(name, NEW.encode()))
    assert (asked.outcome, asked.path, asked.sha256) == ("exists", "cnn.md", sha256(OLD))
    assert files.add(NewFile(name, NEW.encode(), replaces="0" * 64)).outcome == "exists"
    assert everything(corpus) == {"cnn.md": OLD.encode()}
    done = files.add(NewFile(name, NEW.encode(), replaces=asked.sha256))
    assert (done.outcome, done.path, done.sha256) == ("replaced", "cnn.md", sha256(NEW))
    assert everything(corpus) == {"cnn.md": NEW.encode()}


@pytest.mark.parametrize(
    ("name", "data", "key"),
    [
        ("../../x.md", b"a", "refuse_path"),
        ("/tmp/x.md", b"a", "refuse_path"),
        ("x.exe", b"a", "refuse_suffix"),
        ("x.md", b"\x7fELF\0\1\2", "skip_binary"),
        ("x.md", b"\x81\x8d\x8f\x90\x9d" * 3, "skip_encoding"),
        ("x.md", b"a" * (MAX_BYTES + 1), "skip_too_large"),
    ],
)
def test_file_that_is_no_note_is_refused_with_its_reason(
    files: NoteFiles, corpus: Path, name: str, data: bytes, key: str
) -> None:
    added = files.add(NewFile(name, data))
    assert added.outcome == "refused"
    assert added.reason
    assert (added.reason.path, added.reason.key) == (name, key)
    assert skip_reason(added.reason, "zh") != added.reason.reason
    assert everything(corpus.parent) == {"corpus/cnn.md": OLD.encode()}


def test_link_in_the_place_of_an_added_file_is_not_followed(files: NoteFiles, corpus: Path, tmp_path: Path) -> None:
    (corpus / "link.md").symlink_to(tmp_path / "out.md")
    for replaces in ("", sha256(b"")):
        added = files.add(NewFile("link.md", b"a", replaces))
        assert added.reason
        assert added.reason.key == "refuse_link"
    assert not (tmp_path / "out.md").exists()


def test_folder_of_that_name_is_not_replaced(files: NoteFiles, corpus: Path) -> None:
    (corpus / "x.md").mkdir()
    assert files.add(NewFile("x.md", b"a")).outcome == "refused"
    assert (corpus / "x.md").is_dir()


def test_adding_without_a_corpus_is_told(tmp_path: Path) -> None:
    added = NoteFiles(tmp_path / "none", tmp_path / "lock").add(NewFile("x.md", b"a"))
    assert added.reason
    assert added.reason.key == "refuse_no_corpus"


def test_file_that_comes_to_be_in_between_is_kept(
    files: NoteFiles, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def come_to_be(descriptor: int) -> None:
        sync(descriptor)
        (corpus / "new.md").write_bytes(b"first\n")

    monkeypatch.setattr(os, "fsync", come_to_be)
    assert files.add(NewFile("new.md", b"second\n")).outcome == "exists"
    assert (corpus / "new.md").read_bytes() == b"first\n"


def no_links(*_: Any, **__: Any) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_file_system_without_hard_links_takes_files_too(
    files: NoteFiles, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    assert files.add(NewFile("new.md", b"a\n")).outcome == "added"
    assert files.add(NewFile("new.md", b"b\n")).outcome == "exists"
    assert everything(corpus) == {"cnn.md": OLD.encode(), "new.md": b"a\n"}


def test_many_that_add_the_same_name_at_once_make_one_file(files: NoteFiles, corpus: Path) -> None:
    start = threading.Barrier(6)

    def add(number: int) -> str:
        start.wait(10)
        return files.add(NewFile("New.md" if number % 2 else "new.md", str(number).encode())).outcome

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(add, range(6)))
    assert outcomes == ["added"] + ["exists"] * 5
    assert len(everything(corpus)) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system which files a process has open")
def test_no_file_stays_open(files: NoteFiles, corpus: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    files.save("cnn.md", NEW, sha256(OLD))
    files.add(NewFile("new.md", b"a"))
    (corpus / "dir.md").mkdir()
    for path in ("gone.md", "dir.md", "no/gone.md", "../x.md", "cnn.md"):
        with pytest.raises((NoteChanged, NoteRefused)):
            files.save(path, NEW, sha256(OLD))
    assert len(os.listdir("/proc/self/fd")) == before
