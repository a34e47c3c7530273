"""Notes that change while they are watched: real files, real events, a real index."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes_cli import SlowEncoder

from qa.assistant import NotesQA
from qa.errors import CorpusNotFound, IndexLocked, NotesQAError
from qa.index import Index
from qa.settings import Settings
from qa.types import IndexChanges, Sources
from qa.watching import QUIET_MS, watch_notes

pytestmark = pytest.mark.slow

SOON = 30.0  # seconds: a deadline, not a wait
BRIEF_MS = 150  # of quiet, where nothing is to be grouped
NOTHING = ((), (), (), 0)
CNN = "# CNN\n\n池化层缩小特征图。\n\n## Padding\n\nPadding keeps the size.\n"


class Watched:
    """A folder of notes that is followed in a thread, and what is reported."""

    def __init__(self, folder: Path, quiet_ms: int) -> None:
        self.corpus = folder / "corpus"
        (self.corpus / "sub").mkdir(parents=True)
        self.encoder = SlowEncoder()
        self.index = Index(folder / "index", lock_seconds=0.05)
        self.write("cnn.md", CNN)
        self.write("sub/rnn.md", "# RNN\n\n门控循环单元有更新门。\n")
        settings = Settings(cache=folder / "cache")
        self.notes = NotesQA(self.corpus, self.index, self.encoder, settings, lambda: (None, "extractive"))
        self.reports: queue.Queue[IndexChanges | Exception] = queue.Queue()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._follow)
        self._quiet_ms = quiet_ms
        self._sentinels = 0

    def _follow(self) -> None:
        for _ in watch_notes(self.corpus, self.stop, self._quiet_ms):
            try:
                self.reports.put(self.notes.rebuild())
            except NotesQAError as error:
                self.reports.put(error)

    def write(self, name: str, text: str) -> None:
        path = self.corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def next(self) -> IndexChanges | Exception:
        return self.reports.get(timeout=SOON)

    def refreshed(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], int]:
        """(added, updated, deleted, embedded) of the next refresh."""
        report = self.next()
        assert isinstance(report, IndexChanges), report
        return report.added, report.updated, report.deleted, report.embedded

    def changes(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], int]:
        """As `refreshed`, of the next refresh that changes something: a slow machine may make two of one."""
        while (found := self.refreshed()) == NOTHING:
            pass
        return found

    def settle(self) -> None:
        """Pass over the refreshes that are still to come."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.reports.get(timeout=3 * self._quiet_ms / 1000)

    def is_quiet(self) -> bool:
        """Whether no refresh follows, and one does after another note."""
        try:
            self.reports.get(timeout=3 * self._quiet_ms / 1000)
        except queue.Empty:
            self._sentinels += 1
            name = f"sentinel-{self._sentinels}.md"
            self.write(name, name)
            return self.changes()[0] == (name,)
        return False


GROUPING = pytest.mark.parametrize("watched", [QUIET_MS], indirect=True)


@pytest.fixture
def watched(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    watched = Watched(tmp_path, getattr(request, "param", BRIEF_MS))
    watched.thread.start()
    try:
        assert watched.changes()[0] == ("cnn.md", "sub/rnn.md")
        yield watched
    finally:
        watched.stop.set()
        watched.thread.join(SOON)
    assert not watched.thread.is_alive()


def within(seconds: float, act: Callable[[], None]) -> bool:
    """Do it, and say whether that took no longer, as it may on a busy machine."""
    started = time.monotonic()
    act()
    return time.monotonic() - started < seconds


def test_edited_created_and_deleted_notes_are_each_refreshed_once(watched: Watched) -> None:
    watched.write("cnn.md", CNN.replace("size", "shape"))
    assert watched.changes() == ((), ("cnn.md",), (), 1)
    watched.write("新.md", "# 新\n\n新的笔记。\n")
    assert watched.changes() == (("新.md",), (), (), 1)
    (watched.corpus / "sub/rnn.md").unlink()
    assert watched.changes() == ((), (), ("sub/rnn.md",), 0)
    assert watched.is_quiet()


def test_renamed_note_and_folder_encode_nothing(watched: Watched) -> None:
    (watched.corpus / "cnn.md").rename(watched.corpus / "卷积.md")
    assert watched.changes() == (("卷积.md",), (), ("cnn.md",), 0)
    (watched.corpus / "sub").rename(watched.corpus / "v1.2")
    assert watched.changes() == (("v1.2/rnn.md",), (), ("sub/rnn.md",), 0)
    assert watched.is_quiet()


def test_folder_with_a_dot_in_its_name_that_is_moved_out_is_noticed(watched: Watched, tmp_path: Path) -> None:
    (watched.corpus / "sub").rename(watched.corpus / "v1.2")
    watched.changes()
    (watched.corpus / "v1.2").rename(tmp_path / "elsewhere")
    assert watched.changes() == ((), (), ("v1.2/rnn.md",), 0)


def test_note_in_a_new_folder_is_noticed_and_its_later_edit_too(watched: Watched) -> None:
    watched.write("a/b/deep.md", "# Deep\n\nfirst\n")
    assert watched.changes()[0] == ("a/b/deep.md",)
    watched.write("a/b/deep.md", "# Deep\n\nsecond\n")
    assert watched.changes()[1] == ("a/b/deep.md",)


@GROUPING
def test_swap_dance_of_an_editor_is_one_refresh_that_encodes_nothing(watched: Watched) -> None:
    """As vim writes: a swap file, a test file, the note moved away, written anew, the old one deleted."""
    note, backup = watched.corpus / "cnn.md", watched.corpus / "cnn.md~"

    def dance() -> None:
        (watched.corpus / ".cnn.md.swp").write_bytes(b"swap")
        (watched.corpus / "4913").write_bytes(b"")
        (watched.corpus / "4913").unlink()
        note.rename(backup)
        note.write_text(CNN, encoding="utf-8")
        backup.unlink()
        (watched.corpus / ".cnn.md.swp").unlink()

    while not within(QUIET_MS / 2000, dance):
        watched.settle()
    assert watched.refreshed() == NOTHING
    assert watched.is_quiet()


@GROUPING
def test_note_replaced_by_a_renamed_one_is_one_refresh(watched: Watched) -> None:
    temporary = watched.corpus / "cnn.md.tmp"

    def replace() -> None:
        temporary.write_text(CNN.replace("size", "shape"), encoding="utf-8")
        os.replace(temporary, watched.corpus / "cnn.md")

    replace()
    assert watched.refreshed() == ((), ("cnn.md",), (), 1)
    assert watched.is_quiet()


@GROUPING
def test_note_deleted_and_made_again_at_once_is_neither_lost_nor_encoded(watched: Watched) -> None:
    note = watched.corpus / "cnn.md"
    pause = threading.Event()

    def make_again() -> None:
        note.unlink()
        pause.wait(0.1)
        note.write_text(CNN, encoding="utf-8")

    while not within(QUIET_MS * 0.8 / 1000, make_again):
        watched.settle()
    assert watched.refreshed() == NOTHING


@GROUPING
def test_note_written_in_several_parts_is_refreshed_once_with_its_last_text(watched: Watched) -> None:
    """Where the machine was too busy for a steady hand, the parts are written once more."""
    pause, attempt, steady = threading.Event(), 0, False
    while not steady:
        attempt += 1
        gaps = []
        with (watched.corpus / f"long-{attempt}.md").open("w", encoding="utf-8") as file:
            for part in range(6):
                started = time.monotonic()
                file.write(f"## {part}\n\n第 {part} 部分，{attempt}。\n\n")
                file.flush()
                pause.wait(0.1)
                gaps.append(time.monotonic() - started)
        steady = max(gaps) < QUIET_MS * 0.8 / 1000
        if not steady:
            watched.settle()
    added, _, _, embedded = watched.refreshed()
    assert (added, embedded) == ((f"long-{attempt}.md",), 6)
    assert watched.is_quiet()


def test_ignore_file_is_followed(watched: Watched) -> None:
    watched.write(".notesignore", "sub/\n")
    assert watched.changes() == ((), (), ("sub/rnn.md",), 0)
    (watched.corpus / ".notesignore").unlink()
    assert watched.changes()[0] == ("sub/rnn.md",)


def test_hidden_files_and_files_of_other_kinds_cause_nothing(watched: Watched) -> None:
    (watched.corpus / ".obsidian").mkdir()
    watched.write(".obsidian/workspace.md", "x")
    watched.write(".hidden.md", "x")
    watched.write("picture.png", "x")
    watched.write("sub/.cnn.md.swp", "x")
    (watched.corpus / "cnn.md").read_text(encoding="utf-8")
    assert watched.is_quiet()


def test_deleted_folder_of_notes_that_comes_back_encodes_its_new_text_only(watched: Watched) -> None:
    shutil.rmtree(watched.corpus / "sub")
    assert watched.changes()[2] == ("sub/rnn.md",)
    watched.write("sub/rnn.md", "# RNN\n\n重置门。\n")
    assert watched.changes() == (("sub/rnn.md",), (), (), 1)
    watched.write("sub/rnn.md", "# RNN\n\n遗忘门。\n")
    assert watched.changes() == ((), ("sub/rnn.md",), (), 1)


def test_corpus_that_goes_away_is_told_once_and_followed_again_when_it_is_back(watched: Watched) -> None:
    away = watched.corpus.with_name("away")
    watched.corpus.rename(away)
    assert isinstance(watched.next(), CorpusNotFound)
    with watched.index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["cnn.md", "sub/rnn.md"]
    away.rename(watched.corpus)
    assert watched.refreshed() == NOTHING
    watched.write("new.md", "# New\n\nnew\n")
    assert watched.changes() == (("new.md",), (), (), 1)


def test_corpus_that_is_not_there_yet_is_followed_once_it_is(tmp_path: Path) -> None:
    stop, corpus, seen = threading.Event(), tmp_path / "later", queue.Queue[bool]()
    thread = threading.Thread(target=lambda: [seen.put(corpus.is_dir()) for _ in watch_notes(corpus, stop, BRIEF_MS)])
    thread.start()
    try:
        assert seen.get(timeout=SOON) is False
        with pytest.raises(queue.Empty):
            seen.get(timeout=2.5)  # once is enough, however often it is looked for
        corpus.mkdir()
        assert seen.get(timeout=SOON) is True
        (corpus / "a.md").write_text("a", encoding="utf-8")
        assert seen.get(timeout=SOON) is True
    finally:
        stop.set()
        thread.join(SOON)


def test_change_during_a_refresh_is_not_missed(tmp_path: Path) -> None:
    """The very first one too: it may take minutes."""
    stop, corpus = threading.Event(), tmp_path
    events = watch_notes(corpus, stop, BRIEF_MS)
    next(events)
    (corpus / "a.md").write_text("a", encoding="utf-8")
    next(events)
    (corpus / "a.md").write_text("b", encoding="utf-8")
    next(events)
    stop.set()
    assert list(events) == []


@pytest.mark.parametrize("through", ["link", "."])
def test_corpus_named_by_a_link_or_relatively_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    (tmp_path / ".real").mkdir()
    (tmp_path / "link").symlink_to(".real")
    monkeypatch.chdir(tmp_path / ".real")
    stop = threading.Event()
    events = watch_notes(tmp_path / "link" if through == "link" else Path(), stop, BRIEF_MS)
    next(events)
    (tmp_path / ".real" / "a.md").write_text("a", encoding="utf-8")
    next(events)
    stop.set()
    assert list(events) == []


def test_files_are_looked_at_where_there_are_no_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    stop = threading.Event()
    events = watch_notes(tmp_path, stop, BRIEF_MS)
    next(events)
    (tmp_path / "a.md").write_text("a", encoding="utf-8")
    next(events)
    stop.set()
    assert list(events) == []


@GROUPING
def test_stop_ends_it_within_two_seconds(watched: Watched) -> None:
    started = time.monotonic()
    watched.stop.set()
    watched.thread.join(SOON)
    assert time.monotonic() - started < 2


def test_stop_ends_it_where_there_is_no_folder(tmp_path: Path) -> None:
    stop = threading.Event()
    events = watch_notes(tmp_path / "nowhere", stop, BRIEF_MS)
    next(events)
    stop.set()
    started = time.monotonic()
    assert list(events) == []
    assert time.monotonic() - started < 2


def test_failed_refresh_is_reported_and_the_next_change_works(watched: Watched) -> None:
    with Index(watched.index.folder).write():
        watched.write("new.md", "# New\n\nnew\n")
        assert isinstance(watched.next(), IndexLocked)
    watched.write("later.md", "# Later\n\nlater\n")
    assert watched.changes()[0] == ("later.md", "new.md")


def test_question_in_flight_keeps_the_index_it_started_with(watched: Watched) -> None:
    stream = watched.notes.stream("What does padding keep?", language="en")
    first = next(stream)
    assert isinstance(first, Sources)
    watched.write("cnn.md", "# CNN\n\n别的内容。\n")
    assert watched.changes()[1] == ("cnn.md",)
    assert any("Padding keeps the size." in hit.passage.text for hit in first.hits)
    list(stream)
    found = [hit.passage.text for hit in watched.notes.search("What does padding keep?")]
    assert not any("Padding" in text for text in found)
